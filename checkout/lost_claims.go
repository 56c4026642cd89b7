package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
)

const lostEvery = time.Minute // of real time

// GiveUpLost releases the courses that are held for nothing: a claim is made before its order, and
// its process may have died in between, or before releasing it.
func (c *Checkout) GiveUpLost(ctx context.Context) error {
	claims, err := c.Store.Claims.All(ctx)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if c.Now().Sub(claim.At).Abs() < claimFresh {
			continue
		}
		if err := c.giveUpClaim(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

// giveUpClaim takes the id of an order that was never written, so that it cannot be written any
// more, and releases a claim if its order holds nothing.
func (c *Checkout) giveUpClaim(ctx context.Context, claim store.Claim) error {
	o, err := c.Store.Orders.Get(ctx, claim.OrderID)
	if errors.Is(err, shop.ErrOrderNotFound) {
		o = shop.Abandoned(claim.OrderID, c.Now())
		fresh, err := c.Store.Orders.Insert(ctx, o)
		if err != nil || !fresh {
			return err // it came after all
		}
	} else if err != nil {
		return err
	}
	if o.Opens() {
		return nil
	}
	if _, err := c.Store.Wakeups.Get(ctx, o.ID); !errors.Is(err, store.ErrNotFound) {
		return err // its next wakeup releases it
	}
	c.Log.InfoContext(ctx, "a course was held for nothing", "order", o.ID, "claim", claim.ID)
	return c.Store.Claims.Remove(ctx, claim)
}

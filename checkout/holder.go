package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
)

// holders deals with the orders that hold a course which another request wants.
type holders struct {
	basics
	orders *store.Orders
	claims *Claims
	driver *Driver
}

// makeRoom deals with the order that holds a course which another request wants: the same
// lines again are answered by that order; another order is superseded, closed at WeChat
// first; one that was never finished is given up. nil, nil means: try again.
func (c *holders) makeRoom(ctx context.Context, holder string, req PlaceRequest) (reused *shop.Order, err error) {
	o, err := c.holding(ctx, holder, req)
	if o == nil || err != nil {
		return nil, err
	}
	payable := o.State == shop.OrderPending && c.now().Before(o.ExpiresAt)
	switch {
	case payable && o.SameLines(req.Lines):
		return o, nil
	case !o.Opens():
		// It ended, or was given up, before it could let go.
		return nil, c.claims.releaseOrder(ctx, o)
	case o.State == shop.OrderPaid:
		return nil, c.finish(ctx, o)
	default:
		return nil, c.supersede(ctx, o)
	}
}

// holding reads the order that holds a claim. Claims come before orders, so the order may
// still be on its way; one that does not come is given up by taking its id. nil, nil means
// that it was refused and has let go: try again.
func (c *holders) holding(ctx context.Context, id string, req PlaceRequest) (*shop.Order, error) {
	deadline := time.Now().Add(2 * time.Second)
	for {
		o, err := c.orders.Get(ctx, id)
		if !errors.Is(err, shop.ErrOrderNotFound) {
			return o, err
		}
		if held, err := c.claims.holdsOne(ctx, id, req); err != nil || !held {
			return nil, err
		}
		if time.Now().After(deadline) {
			if _, err := c.claims.abandon(ctx, id); err != nil {
				return nil, err
			}
			return c.orders.Get(ctx, id)
		}
		select {
		case <-time.After(twinPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// finish drives a paid order to its end, so that what it brings counts for the next.
func (c *holders) finish(ctx context.Context, o *shop.Order) error {
	if err := c.driver.drive(ctx, o.ID); err != nil {
		return err
	}
	o, err := c.orders.Get(ctx, o.ID)
	if err == nil && o.State == shop.OrderPaid {
		return shop.ErrOrderInProgress
	}
	return err
}

// supersede ends an open order that stands in the way of a new one. WeChat closes it
// first: until then it could still be paid.
func (c *holders) supersede(ctx context.Context, o *shop.Order) error {
	o, err := c.orders.Change(ctx, o.ID, func(o *shop.Order) error {
		if !o.Hurry(c.now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.driver.drive(ctx, o.ID); err != nil {
		return err
	}
	o, err = c.orders.Get(ctx, o.ID)
	if err != nil {
		return err
	}
	if o.State == shop.OrderClosing {
		return shop.ErrPayChannelBusy
	}
	return nil
}

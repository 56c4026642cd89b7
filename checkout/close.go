package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Cancel begins the end of its owner's pending order. It is shown as closing at once;
// WeChat closes its trades some minutes after the prepay, and money that comes until then counts.
// key is the request's idempotency key, "" for none: a repeat is answered however far the end has
// come.
func (c *Checkout) Cancel(ctx context.Context, userID, orderID, key string) (*shop.Order, error) {
	if _, err := c.OrderOf(ctx, userID, orderID); err != nil {
		return nil, err
	}
	o, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		if o.State == shop.OrderClosing && o.CloseReason == shop.CloseUser {
			return store.Unchanged() // clicked twice
		}
		moved, err := o.Under(key, func() error { return o.Close(shop.CloseUser, c.Now(), userID) })
		if err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.announceQuietly(ctx, o)
	c.behind(ctx, o.ID)
	return o, nil
}

// TakeDown ends every unpaid order for a course that may not be sold any more; its holders keep
// it. A repeat ends what an earlier call that failed has left.
func (c *Checkout) TakeDown(ctx context.Context, courseID, by string) error {
	ids, err := c.Store.Orders.OpenFor(ctx, courseID)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := c.takeDown(ctx, id, by); err != nil {
			return err
		}
	}
	return nil
}

func (c *Checkout) takeDown(ctx context.Context, id, by string) error {
	o, err := c.Store.Orders.Change(ctx, id, func(o *shop.Order) error {
		if !o.TakeDown(c.Now(), by) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.announceQuietly(ctx, o)
	c.behind(ctx, o.ID)
	return nil
}

// expire begins the end of an order after its time.
func (c *Checkout) expire(ctx context.Context, id string) error {
	_, err := c.Store.Orders.Change(ctx, id, func(o *shop.Order) error {
		if o.State != shop.OrderPending || c.Now().Before(o.ExpiresAt) {
			return store.Unchanged()
		}
		return o.Close(shop.CloseTimeout, c.Now(), "sweeper")
	})
	return err
}

// closed ends a closing order, once WeChat has closed all of its attempts.
func (c *Checkout) closed(ctx context.Context, id string) error {
	o, err := c.Store.Orders.Change(ctx, id, func(o *shop.Order) error {
		if !o.Closed(c.Now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.releaseOrder(ctx, o)
}

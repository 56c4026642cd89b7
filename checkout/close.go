package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// Closing ends orders that are not paid.
type Closing struct {
	basics
	teller   Teller
	orders   *store.Orders
	claims   *Claims
	buyers   *buyers
	attempts *attempts
	news     *News
	driver   *Driver
}

// Cancel begins the end of its owner's pending order. It is shown as closing at once;
// WeChat closes its trades some minutes after the prepay, and money that comes until then counts.
// key is the request's idempotency key, "" for none: a repeat is answered however far the end has
// come.
func (c *Closing) Cancel(ctx context.Context, userID, orderID, key string) (*shop.Order, error) {
	if _, err := ownOrder(ctx, c.orders, userID, orderID); err != nil {
		return nil, err
	}
	o, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		if o.State == shop.OrderClosing && o.CloseReason == shop.CloseUser {
			return store.Unchanged() // clicked twice
		}
		moved, err := o.Under(key, func() error { return o.Close(shop.CloseUser, c.now(), userID) })
		if err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	c.news.announceQuietly(ctx, o)
	c.driver.behind(ctx, o.ID)
	return o, nil
}

// TakeDown ends every unpaid order for a course that may not be sold any more; its holders keep
// it. A repeat ends what an earlier call that failed has left.
func (c *Closing) TakeDown(ctx context.Context, courseID, by string) error {
	ids, err := c.orders.OpenFor(ctx, courseID)
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

func (c *Closing) takeDown(ctx context.Context, id, by string) error {
	o, err := c.orders.Change(ctx, id, func(o *shop.Order) error {
		if !o.TakeDown(c.now(), by) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	c.news.announceQuietly(ctx, o)
	c.driver.behind(ctx, o.ID)
	return nil
}

// expire begins the end of an order after its time.
func (c *Closing) expire(ctx context.Context, id string) error {
	_, err := c.orders.Change(ctx, id, func(o *shop.Order) error {
		if o.State != shop.OrderPending || c.now().Before(o.ExpiresAt) {
			return store.Unchanged()
		}
		return o.Close(shop.CloseTimeout, c.now(), "sweeper")
	})
	return err
}

// closed ends a closing order, once WeChat has closed all of its attempts.
func (c *Closing) closed(ctx context.Context, id string) error {
	o, err := c.orders.Change(ctx, id, func(o *shop.Order) error {
		if !o.Closed(c.now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.claims.releaseOrder(ctx, o)
}

// remindClosing reminds the buyer of an order that is about to close, unless there is nothing to
// remind of by now. WeChat is asked first: the callback may have been lost, and a buyer that has
// paid must not be asked to pay.
func (c *Closing) remindClosing(ctx context.Context, o *shop.Order) error {
	if a := o.OpenAttempt(); a != nil && o.Reminds(c.now()) {
		if _, err := c.attempts.ask(ctx, o, a); calmly(err) != nil {
			return err
		}
	}
	o, err := c.orders.Get(ctx, o.ID)
	if err != nil || !o.Reminds(c.now()) {
		return err
	}
	if gone, err := c.buyers.gone(ctx, o.UserID); err != nil || gone {
		return err
	}
	return c.teller.OrderClosing(ctx, o)
}

// openMost is more than a user has of open orders: one closes by itself after half an hour, so they are among the newest.
const openMost = 100

// CancelOpen cancels what a user has not paid yet.
func (c *Closing) CancelOpen(ctx context.Context, userID string) error {
	orders, _, err := c.orders.Of(ctx, userID, openMost, "")
	if err != nil {
		return err
	}
	for _, o := range orders {
		if o.State != shop.OrderPending {
			continue
		}
		if _, err := c.Cancel(ctx, userID, o.ID, ""); err != nil && !errors.Is(err, shop.ErrOrderNotCancellable) {
			return err
		}
	}
	return nil
}

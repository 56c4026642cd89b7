package checkout

import (
	"context"
	"sync"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
)

// Driver takes orders as far as they can go: behind requests, and when a wakeup is due.
type Driver struct {
	basics
	locks   *keyedLocks
	busy    *sync.WaitGroup // orders driven behind an answered request
	orders  *store.Orders
	wakeups *store.OrderWakeups
	audit   *store.Audit
	figures *store.Figures
	claims  *Claims
	buyers  *buyers
	news    *News
	grants  *grants

	attempts      *attempts
	closing       *Closing
	refunds       *Refunds
	weChatRefunds *WeChatRefunds
}

const driveTime = 30 * time.Second // for one order behind a request

// behind drives an order after its request was answered.
func (c *Driver) behind(ctx context.Context, orderID string) {
	c.goBehind(ctx, orderID, func(ctx context.Context) error { return c.drive(ctx, orderID) })
}

// goBehind does what drives an order after its request was answered.
func (c *Driver) goBehind(ctx context.Context, orderID string, drive func(context.Context) error) {
	ctx = store.WithRedisBudget(store.Background(context.WithoutCancel(ctx), store.Settlement)) // the request's own may be spent
	c.busy.Go(func() {
		ctx, cancel := context.WithTimeout(ctx, driveTime)
		defer cancel()
		c.logWaiting(ctx, orderID, drive(ctx))
	})
}

// drive takes an order as far as it can go now, and notes when to look again.
func (c *Driver) drive(ctx context.Context, orderID string) error {
	unlock, _, err := c.locks.lock(ctx, orderID)
	if err != nil {
		return err
	}
	defer unlock()
	return (&look{Driver: c}).run(ctx, orderID)
}

// Wakeups handle the wakeups of orders.
func (c *Driver) Wakeups() runner.Handler {
	return runner.Handler{Kind: shop.WakeOrder, Places: sweepers, Look: c.wake}
}

// wake is drive for an order whose wakeup this instance has taken. One that waits for a slow WeChat does not hold up
// one that waits to be opened: each has a place of its own.
func (c *Driver) wake(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	id := w.Key()
	ctx = store.WithRedisBudget(store.Background(ctx, store.Settlement))
	unlock, waited, err := c.locks.lock(ctx, id)
	if err == nil {
		defer unlock()
		l := look{Driver: c, by: w.By}
		if !waited {
			l.taken = &w
		}
		err = l.run(ctx, id)
		settled = l.settled
	}
	c.logWaiting(ctx, id, err)
	return settled, err
}

// logWaiting logs why an order waits for its next look, if err says so.
func (c *Driver) logWaiting(ctx context.Context, orderID string, err error) {
	if err != nil && ctx.Err() == nil {
		c.log.WarnContext(ctx, "order waits for its next look", "order", orderID, "err", err)
	}
}

// driveOn is drive for an order that the caller has read or written already.
func (c *Driver) driveOn(ctx context.Context, l look) error {
	id := l.order.ID
	unlock, waited, err := c.locks.lock(ctx, id)
	if err != nil {
		return err
	}
	defer unlock()
	if waited {
		l.forget() // the order has gone on
	}
	return l.run(ctx, id)
}

// giveUp ends an order that was announced and never written. Taking its id makes sure that
// it cannot be written any more; then what was held for it is free.
func (c *Driver) giveUp(ctx context.Context, w *shop.Wakeup) (settled bool, err error) {
	if w == nil {
		return false, nil
	}
	o := shop.Abandoned(w.Key(), c.now())
	fresh, err := c.orders.Insert(ctx, o)
	if err != nil || !fresh {
		return false, err // it came after all, and needs its row
	}
	if err := c.claims.releaseOrder(ctx, o); err != nil {
		return false, err
	}
	return c.wakeups.Done(ctx, o, *w)
}

// lookSoon is when the sweeper looks at an order that no request drives on.
const lookSoon = 5 * time.Second

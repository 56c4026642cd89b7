package checkout

import (
	"context"
	"sync"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Driver takes orders as far as they can go: behind requests, and when a wakeup is due.
type Driver struct {
	basics
	locks   *keyedLocks
	busy    *sync.WaitGroup // orders driven behind an answered request
	orders  *store.Orders
	wakeups *store.Wakeups
	audit   *store.Audit
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
func (c *Driver) giveUp(ctx context.Context, due *store.Wakeup) error {
	if due == nil {
		return nil
	}
	o := shop.Abandoned(due.OrderID, c.now())
	fresh, err := c.orders.Insert(ctx, o)
	if err != nil || !fresh {
		return err // it came after all, and needs its row
	}
	if err := c.claims.releaseOrder(ctx, o); err != nil {
		return err
	}
	return c.wakeups.Done(ctx, o, *due)
}

// lookSoon is when the sweeper looks at an order that no request drives on.
const lookSoon = 5 * time.Second

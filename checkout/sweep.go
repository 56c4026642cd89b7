package checkout

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

	"mstm/shop"
	"mstm/store"
)

const (
	sweepEvery = time.Second      // of real time; what is due is read off the shop's clock
	sweepMost  = 50               // orders in one sweep
	sweepers   = 8                // of them at a time
	leaseFor   = 15 * time.Second // other instances leave an order alone that is being looked at
	stepsMost  = 64               // steps of one order in one look
)

// Run looks after every order that something must happen to, until ctx ends: duties that
// were left, attempts to ask WeChat about, time that is over, refunds on their way. Beside
// it learners are reminded of what ends, each day's bill is compared, claims of orders
// that never came are given up, old idempotency keys forgotten, and pages are shown what Redis did not take. It may run on every instance.
func (c *Checkout) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return c.runSweeping(ctx) })
	g.Go(func() error { return c.runTurning(ctx) })
	g.Go(func() error { return c.runReconciling(ctx) })
	g.Go(func() error { return c.runLost(ctx) })
	g.Go(func() error { return c.runTelling(ctx) })
	g.Go(func() error { return c.runKeys(ctx) })
	return g.Wait()
}

func (c *Checkout) runSweeping(ctx context.Context) error {
	ctx = store.Background(ctx, store.Settlement)
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		if err := c.Sweep(ctx); err != nil && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "sweep failed", "err", err)
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// Sweep looks at every order that is due now, several at a time: one that waits for a slow
// WeChat must not hold up one that waits to be opened.
func (c *Checkout) Sweep(ctx context.Context) error {
	due, err := c.Store.Wakeups.Due(ctx, c.Now(), sweepMost)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(sweepers)
	for _, d := range due {
		g.Go(func() error {
			mine, err := c.Store.Wakeups.Lease(ctx, &d, c.Now().Add(leaseFor))
			if mine {
				c.driveLogged(store.WithRedisBudget(ctx), d.OrderID)
			}
			return err
		})
	}
	return g.Wait()
}

func (c *Checkout) driveLogged(ctx context.Context, orderID string) {
	if err := c.drive(ctx, orderID); err != nil && ctx.Err() == nil {
		c.Log.WarnContext(ctx, "order waits for its next look", "order", orderID, "err", err)
	}
}

// drive takes an order as far as it can go now, and notes when to look again.
func (c *Checkout) drive(ctx context.Context, orderID string) error {
	unlock, err := c.locks.lock(ctx, orderID)
	if err != nil {
		return err
	}
	defer unlock()
	for range stepsMost {
		// The row before the order: if the order changes after it is read here, whoever
		// changed it has touched the row, and it will not be put away below.
		due, err := c.Store.Wakeups.Get(ctx, orderID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		o, err := c.Store.Orders.Get(ctx, orderID)
		if errors.Is(err, shop.ErrOrderNotFound) {
			return c.giveUp(ctx, due)
		}
		if err != nil {
			return err
		}
		stepped, err := c.step(ctx, o)
		if err != nil {
			return err
		}
		if !stepped {
			return c.putAway(ctx, o, due)
		}
	}
	return nil
}

// giveUp ends an order that was announced and never written. Taking its id makes sure that
// it cannot be written any more; then what was held for it is free.
func (c *Checkout) giveUp(ctx context.Context, due *store.Wakeup) error {
	if due == nil {
		return nil
	}
	o := shop.Abandoned(due.OrderID, c.Now())
	fresh, err := c.Store.Orders.Insert(ctx, o)
	if err != nil || !fresh {
		return err // it came after all, and needs its row
	}
	if err := c.releaseOrder(ctx, o); err != nil {
		return err
	}
	return c.Store.Wakeups.Done(ctx, o, *due)
}

// putAway notes when the order is looked at next, or lets it rest.
func (c *Checkout) putAway(ctx context.Context, o *shop.Order, due *store.Wakeup) error {
	at, more := o.NextLook()
	switch {
	case more && due != nil:
		return c.Store.Wakeups.Reschedule(ctx, *due, at)
	case more:
		return c.Store.Wakeups.Schedule(ctx, o.ID, at)
	case due == nil:
		return nil
	}
	if err := c.releaseOrder(ctx, o); err != nil {
		return err
	}
	if err := c.Store.Audit.AddOrder(ctx, o); err != nil {
		return err
	}
	return c.Store.Wakeups.Done(ctx, o, *due)
}

// step does the first thing that is due for the order and reports whether there was one.
// Every step either moves the order or puts off the next try, so steps come to an end.
func (c *Checkout) step(ctx context.Context, o *shop.Order) (bool, error) {
	now := c.Now()
	if duty, ok := o.NextDuty(now); ok {
		return true, c.perform(ctx, o, duty)
	}
	if r := o.RefundDue(now); r != nil {
		return true, c.driveRefund(ctx, o, r)
	}
	if o.State == shop.OrderPending && !now.Before(o.ExpiresAt) {
		return true, c.expire(ctx, o.ID)
	}
	if o.State == shop.OrderClosing && o.OpenAttempt() == nil {
		return true, c.closed(ctx, o.ID)
	}
	if a := o.CloseDue(now); a != nil {
		return true, calmly(c.closeAttempt(ctx, o, a))
	}
	if a := o.AskDue(now); a != nil {
		_, err := c.ask(ctx, o, a)
		return true, calmly(err)
	}
	return false, nil
}

// calmly takes WeChat's being busy for what it is: the attempt has noted that it was asked.
func calmly(err error) error {
	if errors.Is(err, shop.ErrPayChannelBusy) && !errors.Is(err, shop.ErrUnavailable) {
		return nil
	}
	return err
}

// perform does a duty and notes how it went.
func (c *Checkout) perform(ctx context.Context, o *shop.Order, duty shop.DutyName) error {
	owed := o.Duties[duty].Owed
	err := c.do(ctx, o, duty)
	if err != nil {
		c.Log.WarnContext(ctx, "duty not done", "order", o.ID, "duty", duty, "err", err)
	}
	_, saved := c.Store.Orders.Change(ctx, o.ID, func(o *shop.Order) error {
		d := o.Duties[duty]
		if d == nil || d.Done {
			return store.Unchanged()
		}
		if err == nil {
			if o.DutyDone(duty, owed); !d.Done {
				return store.Unchanged()
			}
			return nil
		}
		o.DutyFailed(duty, cause(err), c.Now())
		if d.Tries == shop.AlarmAfterTries && !errors.Is(err, shop.ErrUnavailable) { // an outage heals by itself
			c.alarm(ctx, "a duty keeps failing", "order", o.ID, "duty", duty, "err", err)
		}
		return nil
	})
	return saved
}

// cause is an error as an order may keep it: its code, or that it has none.
func cause(err error) string {
	if code := shop.CodeOf(err); code != "" {
		return code
	}
	return "INTERNAL"
}

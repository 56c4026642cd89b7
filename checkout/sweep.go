package checkout

import (
	"context"
	"time"

	"golang.org/x/sync/errgroup"

	"mstm/runner"
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

// Work is what a Checkout does by itself, on every instance. It looks after every order that
// something must happen to: duties that were left, attempts to ask WeChat about, time that is
// over, refunds on their way. Beside it learners are reminded of what ends, each day's bill is
// compared, claims of orders that never came are given up, old idempotency keys forgotten, and
// pages are shown what Redis did not take. None of these waits for another.
func (c *Checkout) Work() []runner.Work {
	unsent := runner.Simple("unsent news", sweepEvery, c.News.TellUnsent)
	unsent.Calm = true // the store warns of Redis
	return []runner.Work{
		runner.Simple("orders", sweepEvery, func(ctx context.Context) error { return c.Driver.Sweep(store.Background(ctx, store.Settlement)) }),
		runner.Simple("access ends", sweepEvery, c.AccessEnds.Turn),
		runner.Simple("reconciliation", reconcileEvery, (&reconciling{Reconciliations: c.Reconciliations, compared: map[shop.Date]bool{}}).look),
		runner.Simple("lost claims", lostEvery, c.Claims.GiveUpLost),
		unsent,
		runner.Simple("old idempotency keys", keysEvery, func(ctx context.Context) error { return c.Placing.ForgetKeys(store.Background(ctx, store.Lists)) }),
	}
}

// Sweep looks at every order that is due now, several at a time: one that waits for a slow
// WeChat must not hold up one that waits to be opened.
func (c *Driver) Sweep(ctx context.Context) error {
	due, err := c.wakeups.Due(ctx, c.now(), sweepMost)
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(sweepers)
	for _, d := range due {
		g.Go(func() error {
			mine, err := c.wakeups.Lease(ctx, &d, c.now().Add(leaseFor))
			if mine {
				ctx := store.WithRedisBudget(ctx)
				c.logWaiting(ctx, d.OrderID, c.drive(ctx, d.OrderID))
			}
			return err
		})
	}
	return g.Wait()
}

// logWaiting logs why an order waits for its next look, if err says so.
func (c *Driver) logWaiting(ctx context.Context, orderID string, err error) {
	if err != nil && ctx.Err() == nil {
		c.log.WarnContext(ctx, "order waits for its next look", "order", orderID, "err", err)
	}
}

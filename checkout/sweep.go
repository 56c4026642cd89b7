package checkout

import (
	"context"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
)

const (
	sweepEvery = time.Second // of real time
	sweepers   = 8           // orders, ends of access or late news at a time
	stepsMost  = 64          // steps of one order in one look
)

// Wakeups handle what something must happen to, on every instance: orders (duties that were left, attempts to
// ask WeChat about, time that is over, refunds on their way) and accesses that end.
func (c *Checkout) Wakeups() []runner.Handler {
	return []runner.Handler{c.Driver.Wakeups(), c.AccessEnds.Wakeups()}
}

// Work is what a Checkout does by itself beside its wakeups, on every instance: each day's bill is compared, all data is checked
// once a night, claims of orders that never came are given up, old idempotency keys forgotten, and pages are shown what Redis did
// not take. None of these waits for another.
func (c *Checkout) Work() []runner.Work {
	unsent := runner.Simple("unsent news", sweepEvery, c.News.TellUnsent)
	unsent.Calm = true // the store warns of Redis
	return []runner.Work{
		runner.Simple("reconciliation", reconcileEvery, (&reconciling{Reconciliations: c.Reconciliations, compared: map[shop.Date]bool{}}).look),
		runner.Simple("decided payments", carryOutEvery, c.Exceptions.CarryOut),
		runner.Simple("lost claims", lostEvery, c.Claims.GiveUpLost),
		unsent,
		runner.Simple("nightly check", nightlyEvery, func(ctx context.Context) error { return c.Invariants.checkIfDue(store.Background(ctx, store.Lists)) }),
		runner.Simple("old idempotency keys", keysEvery, func(ctx context.Context) error { return c.Placing.ForgetKeys(store.Background(ctx, store.Lists)) }),
	}
}

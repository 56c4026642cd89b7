package checkout

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Reconciliations compare the shop's books with WeChat's bills.
type Reconciliations struct {
	basics
	busy            *sync.WaitGroup // runs behind an answered request
	pay             *wechat.Pay
	reconciliations *store.Reconciliations
	orders          *store.Orders
	wakeups         *store.OrderWakeups
	audit           *store.Audit
	settings        *store.Settings
	settlements     *Settlements
	weChatRefunds   *WeChatRefunds
	driver          *Driver
}

const (
	reconcileEvery = 2 * time.Second // of real time; which day is due is read off the shop's clock
	reconcileTime  = 8 * time.Minute // for one run: less than after which it is taken for dead
	sinceKey       = "reconcile_since"
)

// reconciling compares each day's bill once, when it is time for it.
type reconciling struct {
	*Reconciliations
	opened   shop.Date          // "" until it is read
	compared map[shop.Date]bool // days that are known to need nothing more
}

func (r *reconciling) look(ctx context.Context) (err error) {
	if r.opened == "" {
		r.opened, err = r.since(ctx)
	}
	if err != nil {
		return err
	}
	return r.reconcileDue(ctx, r.opened, r.compared)
}

// since is the day on which the shop opened; there is no bill to compare before it.
func (c *Reconciliations) since(ctx context.Context) (shop.Date, error) {
	var day shop.Date
	err := c.settings.Get(ctx, sinceKey, &day)
	if !errors.Is(err, store.ErrNotFound) {
		return day, err
	}
	day = shop.DateOf(c.now())
	return day, c.settings.Put(ctx, sinceKey, day)
}

func (c *Reconciliations) reconcileDue(ctx context.Context, since shop.Date, compared map[shop.Date]bool) error {
	for _, day := range shop.ReconcileDue(c.now(), since) {
		if compared[day] {
			continue
		}
		r, mine, err := c.reconciliations.Begin(ctx, day, shop.ByShop, false, c.now())
		if err == nil && mine {
			r, err = c.reconcile(ctx, r)
		}
		if err != nil {
			return err
		}
		compared[day] = r.Compared()
	}
	return nil
}

// Reconcile compares a day's bill now, because a person asks for it. The run goes on behind
// the answer where it takes longer than ctx lasts; the answer is then one that is running.
// A day that has not ended, or is older than the three months for which WeChat keeps bills,
// is shop.ErrInvalidField; a day with a run under way shop.ErrReconciliationRunning.
func (c *Reconciliations) Reconcile(ctx context.Context, day shop.Date, by string) (*shop.Reconciliation, error) {
	if now := c.now(); day >= shop.DateOf(now) || day < shop.DateOf(now.AddDate(0, -3, 0)) {
		return nil, shop.ErrInvalidField.At("day").Because("只能对最近三个月内、已经过完的一天对账", "Only a day that is over, of the last three months, can be reconciled.")
	}
	begun, mine, err := c.reconciliations.Begin(ctx, day, by, true, c.now())
	if err != nil {
		return nil, err
	}
	if !mine {
		return nil, shop.ErrReconciliationRunning
	}
	answer := *begun // the run works on its own copy
	type outcome struct {
		r   *shop.Reconciliation
		err error
	}
	ended := make(chan outcome, 1)
	c.busy.Go(func() {
		r, err := c.reconcile(context.WithoutCancel(ctx), begun)
		if err != nil {
			c.log.WarnContext(ctx, "reconciliation waits", "day", day, "err", err)
		}
		ended <- outcome{r, err}
	})
	select {
	case o := <-ended:
		return o.r, o.err
	case <-ctx.Done():
		return &answer, nil
	}
}

// reconcile does a run that this process has begun, and keeps what it came to.
func (c *Reconciliations) reconcile(ctx context.Context, r *shop.Reconciliation) (*shop.Reconciliation, error) {
	ctx, cancel := context.WithTimeout(ctx, reconcileTime)
	defer cancel()
	earlier := r.Differences
	if err := c.compare(ctx, r); err != nil {
		if ctx.Err() != nil {
			return r, err // cut off: the next run takes it over
		}
		c.wait(r, err)
	} else {
		now := c.now().UTC()
		r.FinishedAt = &now
		if err := c.openCases(ctx, r, earlier); err != nil {
			return r, err
		}
	}
	won, err := c.reconciliations.End(ctx, r)
	if err == nil && !won {
		err = fmt.Errorf("%w: another run took over", shop.ErrReconciliationRunning)
	}
	c.log.InfoContext(ctx, "bill compared", "day", r.Day, "state", r.State, "open", shop.Open(r.Differences), "by", r.By)
	return r, err
}

// wait puts the day off. A bill that is not ready is nothing to worry about.
func (c *Reconciliations) wait(r *shop.Reconciliation, err error) {
	next := c.now().Add(shop.ReconcileAgain).UTC()
	r.State, r.NextAt, r.Cause = shop.ReconciliationWaiting, &next, cause(err)
	if errors.Is(err, wechat.ErrBillNotReady) {
		r.Cause = "BILL_NOT_READY"
		return
	}
	c.alarm(context.Background(), "a bill cannot be compared", "day", r.Day, "err", err)
}

// compare finds the differences of a day, repairs what it can, and looks again at what is
// left then.
func (c *Reconciliations) compare(ctx context.Context, r *shop.Reconciliation) error {
	rows, sums, err := c.pay.TradeBill(ctx, r.Day.Start(), wechat.BillAll)
	noBill := errors.Is(err, wechat.ErrNoBill)
	if err != nil && !noBill {
		return err
	}
	bill := billEntries(rows)
	books, err := c.books(ctx, r.Day, bill)
	if err != nil {
		return err
	}
	found := shop.Reconcile(r.Day, bill, books)
	left := found
	if len(found) > 0 {
		for i := range found {
			c.repair(ctx, &found[i])
		}
		if books, err = c.books(ctx, r.Day, bill); err != nil {
			return err
		}
		left = withDetails(shop.Reconcile(r.Day, bill, books), found)
	}
	r.Theirs = shop.BillSums{Count: sums.Count, Total: sums.Total, Refund: sums.RefundAsked, Fee: sums.Fee}
	r.Ours = books.Sums(r.Day)
	r.Differences = shop.Repaired(r.Differences, found, left)
	switch {
	case shop.Open(r.Differences) > 0:
		r.State = shop.ReconciliationDifferences
	case noBill:
		r.State = shop.ReconciliationNoBill
	default:
		r.State = shop.ReconciliationOK
	}
	return nil
}

// books are the orders that a day's bill is compared with: those with money that moved on that
// day, and, by their numbers, the others that the bill names.
func (c *Reconciliations) books(ctx context.Context, day shop.Date, bill []shop.BillEntry) (*shop.Books, error) {
	books := shop.NewBooks()
	err := c.orders.EachWithCash(ctx, day.Start(), day.End(), func(o *shop.Order) error {
		books.Add(o)
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, e := range bill {
		id, ok := orderOfEntry(e)
		if !ok || books.Knows(e) {
			continue
		}
		o, err := c.orders.Get(ctx, id)
		if errors.Is(err, shop.ErrOrderNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		books.Add(o)
	}
	return books, nil
}

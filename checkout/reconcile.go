package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

const (
	reconcileEvery = 2 * time.Second // of real time; which day is due is read off the shop's clock
	reconcileTime  = 8 * time.Minute // for one run: less than after which it is taken for dead
	sinceKey       = "reconcile_since"
)

// reconciling compares each day's bill once, when it is time for it.
type reconciling struct {
	*Checkout
	opened  shop.Date          // "" until it is read
	settled map[shop.Date]bool // days that are known to need nothing more
}

func (r *reconciling) look(ctx context.Context) (err error) {
	if r.opened == "" {
		r.opened, err = r.since(ctx)
	}
	if err != nil {
		return err
	}
	return r.reconcileDue(ctx, r.opened, r.settled)
}

// since is the day on which the shop opened; there is no bill to compare before it.
func (c *Checkout) since(ctx context.Context) (shop.Date, error) {
	var day shop.Date
	err := c.Store.Settings.Get(ctx, sinceKey, &day)
	if !errors.Is(err, store.ErrNotFound) {
		return day, err
	}
	day = shop.DateOf(c.Now())
	return day, c.Store.Settings.Put(ctx, sinceKey, day)
}

func (c *Checkout) reconcileDue(ctx context.Context, since shop.Date, settled map[shop.Date]bool) error {
	for _, day := range shop.ReconcileDue(c.Now(), since) {
		if settled[day] {
			continue
		}
		r, mine, err := c.Store.Reconciliations.Begin(ctx, day, shop.ByShop, false, c.Now())
		if err == nil && mine {
			r, err = c.reconcile(ctx, r)
		}
		if err != nil {
			return err
		}
		settled[day] = r.Settled()
	}
	return nil
}

// Reconcile compares a day's bill now, because a person asks for it. The run goes on behind
// the answer where it takes longer than ctx lasts; the answer is then one that is running.
// A day that has not ended, or is older than the three months for which WeChat keeps bills,
// is shop.ErrInvalidField; a day with a run under way shop.ErrReconciliationRunning.
func (c *Checkout) Reconcile(ctx context.Context, day shop.Date, by string) (*shop.Reconciliation, error) {
	if now := c.Now(); day >= shop.DateOf(now) || day < shop.DateOf(now.AddDate(0, -3, 0)) {
		return nil, shop.ErrInvalidField.At("day")
	}
	begun, mine, err := c.Store.Reconciliations.Begin(ctx, day, by, true, c.Now())
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
			c.Log.WarnContext(ctx, "reconciliation waits", "day", day, "err", err)
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
func (c *Checkout) reconcile(ctx context.Context, r *shop.Reconciliation) (*shop.Reconciliation, error) {
	ctx, cancel := context.WithTimeout(ctx, reconcileTime)
	defer cancel()
	earlier := r.Differences
	if err := c.compare(ctx, r); err != nil {
		if ctx.Err() != nil {
			return r, err // cut off: the next run takes it over
		}
		c.wait(r, err)
	} else {
		now := c.Now().UTC()
		r.FinishedAt = &now
		if err := c.openCases(ctx, r, earlier); err != nil {
			return r, err
		}
	}
	won, err := c.Store.Reconciliations.End(ctx, r)
	if err == nil && !won {
		err = fmt.Errorf("%w: another run took over", shop.ErrReconciliationRunning)
	}
	c.Log.InfoContext(ctx, "bill compared", "day", r.Day, "state", r.State, "open", shop.Open(r.Differences), "by", r.By)
	return r, err
}

// wait puts the day off. A bill that is not ready is nothing to worry about.
func (c *Checkout) wait(r *shop.Reconciliation, err error) {
	next := c.Now().Add(shop.ReconcileAgain).UTC()
	r.State, r.NextAt, r.Cause = shop.ReconciliationWaiting, &next, cause(err)
	if errors.Is(err, wechat.ErrBillNotReady) {
		r.Cause = "BILL_NOT_READY"
		return
	}
	c.alarm(context.Background(), "a bill cannot be compared", "day", r.Day, "err", err)
}

// compare finds the differences of a day, repairs what it can, and looks again at what is
// left then.
func (c *Checkout) compare(ctx context.Context, r *shop.Reconciliation) error {
	rows, sums, err := c.Config.Pay.TradeBill(ctx, r.Day.Start(), wechat.BillAll)
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
func (c *Checkout) books(ctx context.Context, day shop.Date, bill []shop.BillEntry) (*shop.Books, error) {
	books := shop.NewBooks()
	err := c.Store.Orders.EachWithCash(ctx, day.Start(), day.End(), func(o *shop.Order) error {
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
		o, err := c.Store.Orders.Get(ctx, id)
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

func orderOfEntry(e shop.BillEntry) (string, bool) {
	if e.OutRefundNo != "" {
		return shop.OrderOfRefund(e.OutRefundNo)
	}
	return shop.OrderOfTrade(e.OutTradeNo)
}

// repair asks WeChat what is behind a difference and applies the proven answer, by the same
// moves as a callback would. What amounts differ in is for people.
func (c *Checkout) repair(ctx context.Context, d *shop.Difference) {
	var said string
	var err error
	switch d.Kind {
	case shop.PaidThereNotHere, shop.PaidHereNotThere:
		said, err = c.askTrade(ctx, d)
	case shop.UnknownNumber:
		if d.OutRefundNo == "" {
			said, err = c.askTrade(ctx, d)
		}
	case shop.RefundThereNotHere, shop.RefundHereNotThere, shop.RefundStateDiffers, shop.OtherDay:
		if d.OutRefundNo != "" {
			said, err = c.askRefund(ctx, d)
		}
	}
	if err != nil {
		said = "repair failed: " + cause(err)
		c.Log.WarnContext(ctx, "difference not repaired", "difference", d.Key(), "err", err)
	}
	if said != "" {
		d.Detail += "; " + said
	}
}

// askTrade settles a payment that WeChat confirms (M4, M9, M10), as its callback would have.
func (c *Checkout) askTrade(ctx context.Context, d *shop.Difference) (said string, err error) {
	tx, err := c.Config.Pay.Query(ctx, d.OutTradeNo)
	if errors.Is(err, wechat.ErrTradeUnknown) {
		return "WeChat knows no such trade", nil
	}
	if err != nil {
		return "", err
	}
	if d.Kind == shop.PaidHereNotThere || !tx.Paid() {
		return "WeChat says " + tx.State, nil
	}
	did, err := c.Settle(ctx, PaymentOf(tx), "reconciliation")
	if errors.Is(err, shop.ErrUnknownTrade) {
		return "kept in quarantine", nil
	}
	return "settled: " + string(did), err
}

// askRefund applies what WeChat says about a refund, as its callback would have.
func (c *Checkout) askRefund(ctx context.Context, d *shop.Difference) (said string, err error) {
	answer, err := c.Config.Pay.QueryRefund(ctx, d.OutRefundNo)
	if errors.Is(err, wechat.ErrRefundUnknown) {
		return "WeChat knows no such refund", nil
	}
	if err != nil {
		return "", err
	}
	if err := c.Store.Wakeups.Schedule(ctx, d.OrderID, c.Now().Add(lookSoon)); err != nil {
		return "", err
	}
	o, err := c.Store.Orders.Get(ctx, d.OrderID)
	if err != nil {
		return "", err
	}
	if r := o.Refund(d.OutRefundNo); r != nil {
		err = c.refundAnswer(ctx, o, r, answer, nil)
	}
	c.behind(ctx, d.OrderID)
	return "WeChat says " + answer.Status, err
}

// withDetails gives what is left the words of its repair.
func withDetails(left, found []shop.Difference) []shop.Difference {
	for i := range left {
		for _, d := range found {
			if d.Key() == left[i].Key() {
				left[i].Detail = d.Detail
			}
		}
	}
	return left
}

// openCases calls people to every difference that this run has found, and writes it into
// the audit, once for each time that it comes to be known in this state.
func (c *Checkout) openCases(ctx context.Context, r *shop.Reconciliation, earlier []shop.Difference) error {
	known := map[string]shop.DifferenceState{}
	for _, d := range earlier {
		known[d.Key()] = d.State
	}
	for _, d := range r.Differences {
		if known[d.Key()] == d.State {
			continue
		}
		c.alarm(ctx, "the bill and our orders differ", "day", r.Day, "kind", d.Kind, "order", d.OrderID, "out_trade_no", d.OutTradeNo,
			"out_refund_no", d.OutRefundNo, "theirs_fen", d.Theirs, "ours_fen", d.Ours, "detail", d.Detail, "state", d.State)
		err := c.Store.Audit.Add(ctx, store.AuditRow{
			Object: "reconciliation:" + string(r.Day), Act: "difference " + string(d.State), By: r.By, At: c.Now().UTC(),
			Data: map[string]string{
				"kind": string(d.Kind), "order": d.OrderID, "out_trade_no": d.OutTradeNo, "out_refund_no": d.OutRefundNo,
				"theirs": d.Theirs.Yuan(), "ours": d.Ours.Yuan(), "detail": d.Detail,
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// billEntries are the rows of a bill in the words of the shop.
func billEntries(rows []wechat.BillRow) []shop.BillEntry {
	entries := make([]shop.BillEntry, 0, len(rows))
	for _, r := range rows {
		e := shop.BillEntry{At: r.At, OutTradeNo: r.OutTradeNo, TransactionID: r.TransactionID, Amount: r.Total}
		switch {
		case r.IsRefund():
			e.OutRefundNo, e.Amount, e.State = r.OutRefundNo, r.RefundAsked, billRefundStates[r.RefundState]
		case r.State != "SUCCESS":
			e.OtherState = r.State
		}
		entries = append(entries, e)
	}
	return entries
}

// billRefundStates are the bill's words for what became of a refund; they are not the API's.
var billRefundStates = map[string]shop.RefundState{
	"SUCCESS": shop.RefundSucceeded, "PROCESSING": shop.RefundProcessing, "FAIL": shop.RefundClosed, "CHANGE": shop.RefundAbnormal,
}

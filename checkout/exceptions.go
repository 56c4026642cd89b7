package checkout

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Exceptions are what waits for a person: orders whose payment did not fit, and payments that fit no order.
type Exceptions struct {
	basics
	pay       *wechat.Pay
	orders    *store.Orders
	wakeups   *store.OrderWakeups
	unmatched *store.UnmatchedPayments
	claims    *Claims
	audit     *store.Audit
	driver    *Driver
}

// Resolve ends an order's exception as a person has decided: its money is taken as it is (M14), or goes back (M15). WeChat
// is asked first what money there is. key is the request's idempotency key: one key makes one move.
//
// Errors: shop.ErrNotException, shop.ErrNothingPaid, shop.ErrOrderInProgress where another order holds a course of it,
// shop.ErrPayChannelBusy.
func (c *Exceptions) Resolve(ctx context.Context, by, key, orderID string, how shop.Resolution, reason string) (*shop.Order, error) {
	why, err := cleanReason(reason)
	if err != nil {
		return nil, err
	}
	o, err := c.orders.Get(ctx, orderID)
	if err != nil {
		return nil, err
	}
	if !o.MovedUnder(key) {
		if o, err = c.resolve(ctx, by, key, o, how, why); err != nil {
			return nil, err
		}
	}
	c.driver.behind(ctx, orderID)
	return o, nil
}

func (c *Exceptions) resolve(ctx context.Context, by, key string, o *shop.Order, how shop.Resolution, reason string) (*shop.Order, error) {
	if o.State != shop.OrderException {
		return nil, shop.ErrNotException
	}
	paid, err := c.money(ctx, o)
	switch {
	case err != nil:
		return nil, err
	case how == shop.ResolveRefund:
		err = c.wakeups.Schedule(ctx, o.ID, c.now().Add(lookSoon))
	case len(paid) == 0:
		return nil, shop.ErrNothingPaid
	default:
		err = c.hold(ctx, o)
	}
	if err != nil {
		return nil, err
	}
	o, err = c.orders.Change(ctx, o.ID, func(o *shop.Order) error {
		moved, err := o.Under(key, func() error {
			switch {
			case o.State != shop.OrderException:
				return shop.ErrNotException
			case how == shop.ResolveGrant:
				return shop.MisfitOf(o).Take(paid, reason, by, c.now())
			}
			return shop.MisfitOf(o).Return(paid, reason, by, c.now())
		})
		if err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	if err == nil {
		c.log.InfoContext(ctx, "an exception is resolved", "order", o.ID, "how", how, "by", by)
	}
	return o, err
}

// money is what WeChat has got for an order, what fits its price first, then what came first. A payment of which
// something went back already, by hand in WeChat's console, is none.
func (c *Exceptions) money(ctx context.Context, o *shop.Order) (paid []shop.Payment, err error) {
	for i := range o.Attempts {
		p, err := c.ask(ctx, o.Attempts[i].OutTradeNo)
		if errors.Is(err, shop.ErrNothingPaid) {
			continue
		}
		if err != nil {
			return nil, err
		}
		paid = append(paid, p)
	}
	slices.SortStableFunc(paid, func(a, b shop.Payment) int {
		if fits := a.Total == o.Total; fits != (b.Total == o.Total) {
			return map[bool]int{true: -1, false: 1}[fits]
		}
		return cmp.Or(a.PaidAt.Compare(b.PaidAt), cmp.Compare(a.OutTradeNo, b.OutTradeNo))
	})
	return paid, nil
}

// ask asks WeChat for the money of a number.
func (c *Exceptions) ask(ctx context.Context, outTradeNo string) (p shop.Payment, err error) {
	tx, err := c.pay.Query(ctx, outTradeNo)
	switch {
	case errors.Is(err, wechat.ErrTradeUnknown), err == nil && tx.State != "SUCCESS":
		return p, shop.ErrNothingPaid
	case err != nil:
		c.log.WarnContext(ctx, "WeChat does not say what became of a payment", "out_trade_no", outTradeNo, "err", err)
		return p, shop.ErrPayChannelBusy
	}
	return PaymentOf(tx), nil
}

// hold takes the courses of an order that is to open them. The wakeup comes first: it releases them, should this end here.
func (c *Exceptions) hold(ctx context.Context, o *shop.Order) error {
	if err := c.wakeups.Schedule(ctx, o.ID, c.now().Add(lookSoon)); err != nil {
		return err
	}
	courses := make([]string, 0, len(o.Lines))
	for _, l := range o.Lines {
		courses = append(courses, l.CourseID)
	}
	slices.Sort(courses)
	holder, err := c.claims.take(ctx, o.UserID, o.ID, courses)
	if err == nil && holder != "" {
		return shop.ErrOrderInProgress.With("order_id", holder)
	}
	return err
}

// Ruling is what a person says about an unmatched payment. OrderID is that of a match.
type Ruling struct {
	How     shop.Resolution
	OrderID string
	Reason  string
}

// Rule decides about an unmatched payment, once, and carries that out. The decision is written to the payment before
// anything is done, so that of several one counts; what a process leaves undone that dies is done by CarryOut.
//
// Errors: shop.ErrUnmatchedNotFound, shop.ErrUnmatchedResolved, shop.ErrUnmatchedOfOrder, shop.ErrUnmatchedCounted,
// shop.ErrNothingPaid, shop.ErrOrderNotFound, shop.ErrOrderSettled, shop.ErrOrderInProgress, shop.ErrPayChannelBusy.
func (c *Exceptions) Rule(ctx context.Context, by, key, id string, r Ruling) (*store.UnmatchedPayment, error) {
	why, err := cleanReason(r.Reason)
	if err != nil {
		return nil, err
	}
	x, err := c.unmatched.Get(ctx, id)
	if err != nil {
		return nil, err
	}
	if x.Decision == nil {
		d, err := c.decide(ctx, x, r)
		if err != nil {
			return nil, err
		}
		d.By, d.Reason, d.At = by, why, c.now().UTC()
		if _, err := c.unmatched.Decide(ctx, id, key, d); err != nil {
			return nil, err
		}
		if x, err = c.unmatched.Get(ctx, id); err != nil {
			return nil, err
		}
	}
	if x.Decision == nil || x.DecidedUnder != key {
		return nil, shop.ErrUnmatchedResolved
	}
	if err := c.carryOut(ctx, x); err != nil {
		return nil, err
	}
	return c.unmatched.Get(ctx, id)
}

// decide is what a ruling comes to, or why it may not be made.
func (c *Exceptions) decide(ctx context.Context, x *store.UnmatchedPayment, r Ruling) (d store.Decision, err error) {
	own, err := c.orderOf(ctx, x)
	switch d.How = r.How; {
	case err != nil:
		return d, err
	case standingOf(x, own) == UnmatchedResolved:
		return d, shop.ErrUnmatchedResolved
	case own != nil && own.State == shop.OrderException, own != nil && r.How == shop.ResolveMatch:
		return d, shop.ErrUnmatchedOfOrder.With("order_id", own.ID)
	case r.How == shop.ResolveDismiss:
		return d, nil
	}
	if own != nil {
		d.OrderID = own.ID
		if a := own.Attempt(x.OutTradeNo); a.Succeeded() {
			return d, shop.ErrUnmatchedCounted
		}
	}
	if d.Payment, err = c.ask(ctx, x.OutTradeNo); err != nil {
		return d, err
	}
	switch {
	case r.How == shop.ResolveMatch:
		d.OrderID = r.OrderID
		return d, c.mayMatch(ctx, r.OrderID)
	case own == nil:
		d.OrderID = store.NewID() // of the order that is made for the refund
	}
	return d, nil
}

// mayMatch is why a payment cannot be matched to an order.
func (c *Exceptions) mayMatch(ctx context.Context, orderID string) error {
	o, err := c.orders.Get(ctx, orderID)
	switch {
	case err != nil:
		return err
	case o.UserID == "":
		return shop.ErrOrderNotFound
	case !shop.MisfitOf(o).Takeable():
		return shop.ErrOrderSettled
	}
	return c.hold(ctx, o)
}

// orderOf is the order that a payment's number belongs to; nil where it belongs to none.
func (c *Exceptions) orderOf(ctx context.Context, x *store.UnmatchedPayment) (*shop.Order, error) {
	id, ok := shop.OrderOfTrade(x.OutTradeNo)
	if !ok {
		return nil, nil
	}
	o, err := c.orders.Get(ctx, id)
	if errors.Is(err, shop.ErrOrderNotFound) || err == nil && o.Attempt(x.OutTradeNo) == nil {
		return nil, nil
	}
	return o, err
}

// carryOut does what was decided about a payment. Done twice it is done once: the order knows the payment by its number.
func (c *Exceptions) carryOut(ctx context.Context, x *store.UnmatchedPayment) error {
	if x.ResolvedAt != nil {
		return nil
	}
	d := x.Decision
	var err error
	switch own, failed := c.orderOf(ctx, x); {
	case failed != nil:
		return failed
	case d.How == shop.ResolveMatch:
		err = c.match(ctx, x)
	case d.How == shop.ResolveRefund && own != nil:
		err = c.returnSurplus(ctx, d)
	case d.How == shop.ResolveRefund:
		err = c.returnStray(ctx, d)
	}
	if errors.Is(err, shop.ErrOrderSettled) || errors.Is(err, shop.ErrOrderNotFound) { // for good: no order becomes unpaid again
		return errors.Join(err, c.unmatched.Undecide(ctx, x))
	}
	if err != nil {
		return err
	}
	_, err = c.audit.AddOnce(ctx, store.AuditRow{
		ID: "unmatched:" + x.ID, Object: "unmatched:" + x.ID, Act: "unmatched_" + string(d.How), By: d.By, At: d.At,
		Data: map[string]string{"order": d.OrderID, "amount": x.Payment.Total.Yuan(), "reason": d.Reason},
	})
	if err != nil {
		return err
	}
	if err := c.unmatched.Resolve(ctx, x, c.now()); err != nil {
		return err
	}
	c.log.InfoContext(ctx, "an unmatched payment is resolved", "unmatched", x.ID, "how", d.How, "order", d.OrderID, "by", d.By)
	if d.OrderID != "" {
		c.driver.behind(ctx, d.OrderID)
	}
	return nil
}

// match pays an order with the payment (M14).
func (c *Exceptions) match(ctx context.Context, x *store.UnmatchedPayment) error {
	d := x.Decision
	o, err := c.orders.Get(ctx, d.OrderID)
	if err != nil || shop.MisfitOf(o).Took(d.Payment) {
		return err
	}
	if !shop.MisfitOf(o).Takeable() {
		return shop.ErrOrderSettled
	}
	paid := []shop.Payment{d.Payment}
	if o.State == shop.OrderException { // its own money goes back
		more, err := c.money(ctx, o)
		if err != nil {
			return err
		}
		paid = append(paid, more...)
	}
	if err := c.hold(ctx, o); err != nil {
		return err
	}
	_, err = c.orders.Change(ctx, o.ID, func(o *shop.Order) error {
		if shop.MisfitOf(o).Took(d.Payment) {
			return store.Unchanged()
		}
		return shop.MisfitOf(o).Take(paid, d.Reason, d.By, c.now())
	})
	return err
}

// returnSurplus gives back what came under a number of an order that was paid otherwise.
func (c *Exceptions) returnSurplus(ctx context.Context, d *store.Decision) error {
	if err := c.wakeups.Schedule(ctx, d.OrderID, c.now().Add(lookSoon)); err != nil {
		return err
	}
	_, err := c.orders.Change(ctx, d.OrderID, func(o *shop.Order) error {
		begun, err := shop.MisfitOf(o).ReturnSurplus(d.Payment, d.Reason, d.By, c.now())
		if err == nil && !begun {
			return store.Unchanged()
		}
		return err
	})
	return err
}

// returnStray gives back what belongs to no order, by one that is made for it.
func (c *Exceptions) returnStray(ctx context.Context, d *store.Decision) error {
	if err := c.wakeups.Schedule(ctx, d.OrderID, c.now().Add(lookSoon)); err != nil {
		return err
	}
	_, err := c.orders.Insert(ctx, shop.ReturnStray(d.OrderID, d.Payment, d.Reason, d.By, d.At))
	return err
}

const carryOutEvery = 10 * time.Second // of real time

// CarryOut does what was decided and is not done: its process died, or something was in the way.
func (c *Exceptions) CarryOut(ctx context.Context) error {
	all, err := c.unmatched.Undone(ctx)
	if err != nil {
		return err
	}
	for i := range all {
		if err := c.carryOut(ctx, &all[i]); err != nil {
			c.log.WarnContext(ctx, "a decision waits", "unmatched", all[i].ID, "err", err)
		}
	}
	return nil
}

// UnmatchedState is how an unmatched payment stands.
type UnmatchedState string

// The states of an unmatched payment.
const (
	UnmatchedOpen     UnmatchedState = "open"    // waits for a person
	UnmatchedOfOrder  UnmatchedState = "order"   // waits with its order, which is an exception
	UnmatchedReturns  UnmatchedState = "returns" // goes back by itself
	UnmatchedDecided  UnmatchedState = "decided" // what was decided is being done
	UnmatchedResolved UnmatchedState = "resolved"
)

// Unmatched is a payment that fits no order, as the console shows it.
type Unmatched struct {
	store.UnmatchedPayment
	OrderID string // whose number it came under, "" for none
	State   UnmatchedState
}

// standingOf is how a payment stands; own is the order of its number.
func standingOf(x *store.UnmatchedPayment, own *shop.Order) UnmatchedState {
	switch {
	case x.ResolvedAt != nil, own != nil && !shop.MisfitOf(own).DecidedAt().Before(x.FirstSeen):
		return UnmatchedResolved
	case x.Decision != nil:
		return UnmatchedDecided
	case x.Returns():
		return UnmatchedReturns
	case own != nil && own.State == shop.OrderException:
		return UnmatchedOfOrder
	}
	return UnmatchedOpen
}

// List shows all unmatched payments, newest first.
func (c *Exceptions) List(ctx context.Context) ([]Unmatched, error) {
	rows, err := c.unmatched.All(ctx)
	if err != nil {
		return nil, err
	}
	slices.SortStableFunc(rows, func(a, b store.UnmatchedPayment) int { return b.FirstSeen.Compare(a.FirstSeen) })
	all := make([]Unmatched, 0, len(rows))
	for _, x := range rows {
		one, err := c.Show(ctx, x)
		if err != nil {
			return nil, err
		}
		all = append(all, one)
	}
	return all, nil
}

// countOpen counts the unmatched payments that wait for a person, in two reads.
func (c *Exceptions) countOpen(ctx context.Context) (n int64, err error) {
	rows, err := c.unmatched.Undecided(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	var ids []string
	for _, x := range rows {
		if id, ok := shop.OrderOfTrade(x.OutTradeNo); ok {
			ids = append(ids, id)
		}
	}
	orders, err := c.orders.ByID(ctx, ids)
	if err != nil {
		return 0, err
	}
	for i := range rows {
		id, _ := shop.OrderOfTrade(rows[i].OutTradeNo)
		own := orders[id]
		if own != nil && own.Attempt(rows[i].OutTradeNo) == nil {
			own = nil
		}
		if standingOf(&rows[i], own) == UnmatchedOpen {
			n++
		}
	}
	return n, nil
}

// Show is one as the list has it.
func (c *Exceptions) Show(ctx context.Context, x store.UnmatchedPayment) (Unmatched, error) {
	own, err := c.orderOf(ctx, &x)
	one := Unmatched{UnmatchedPayment: x, State: standingOf(&x, own)}
	if own != nil {
		one.OrderID = own.ID
	}
	return one, err
}

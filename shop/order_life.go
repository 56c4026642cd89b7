package shop

import (
	"fmt"
	"slices"
	"time"
)

// PayWithin is how long an order keeps its prices and can be paid.
const PayWithin = 30 * time.Minute

// closeAfter is how long after its prepay a trade is closed at WeChat, where no other order waits
// for it.
const closeAfter = 5 * time.Minute

// NewOrder is an order as it is placed: pending, or paid at once where there is nothing
// to pay (M1, M2).
func NewOrder(id, userID string, lines []OrderLine, now time.Time) *Order {
	o := &Order{
		ID: id, UserID: userID, Lines: lines, CreatedAt: now.UTC(), ExpiresAt: now.UTC().Add(PayWithin),
		Attempts: []Attempt{}, Refunds: []Refund{}, Duties: map[DutyName]*Duty{},
	}
	for _, l := range lines {
		o.Total += l.Price
	}
	if o.Total > 0 {
		o.move(MovePlaced, OrderPending, now, userID, nil)
		return o
	}
	o.move(MoveFree, OrderPaid, now, userID, nil)
	owePaid(o, now)
	return o
}

// GivenOrder is access to one course that a member of staff gives by hand: an order of nothing to pay, so that it is
// granted, announced, audited and taken back as any other (M17). Until is the first instant too late, nil for ever.
func GivenOrder(id, userID string, c *Course, until *time.Time, g Given, now time.Time) *Order {
	line := OrderLine{
		CourseID: c.ID, Title: c.Title, PolicyID: PolicyByHand, PolicyName: "人工开通", Version: c.Current().Version,
		Kind: KindLifetime, Lessons: c.LessonIDs(),
	}
	data := map[string]string{"course": c.ID, "reason": g.Reason}
	if until != nil {
		at := until.UTC()
		line.Kind, line.Until, data["until"] = KindPeriod, &at, at.Format(time.RFC3339)
	}
	o := &Order{
		ID: id, UserID: userID, Lines: []OrderLine{line}, CreatedAt: now.UTC(), ExpiresAt: now.UTC(), Given: &g,
		Attempts: []Attempt{}, Refunds: []Refund{}, Duties: map[DutyName]*Duty{},
	}
	o.move(MoveGiven, OrderPaid, now, g.By, data)
	owePaid(o, now)
	return o
}

// PolicyByHand stands where a purchase has its price policy. No course sells it.
const PolicyByHand = "byhand"

// RemindBefore makes the shop remind the buyer that the order is unpaid, so long before it
// closes. 0, and an order that is not pending, change nothing.
func (o *Order) RemindBefore(before time.Duration) {
	if o.State == OrderPending && before > 0 {
		o.owe(o.ExpiresAt.Add(-before), DutyTellClosing)
	}
}

// Reminds reports whether the buyer is still to be reminded that the order closes: not after
// paying or cancelling, and not when it is too late.
func (o *Order) Reminds(now time.Time) bool {
	return o.State == OrderPending && now.Before(o.ExpiresAt)
}

// Abandoned is an order whose placing never finished. It takes the id, so that the interrupted
// request cannot finish it any more.
func Abandoned(id string, now time.Time) *Order {
	return &Order{
		ID: id, State: OrderClosed, CloseReason: CloseAbandoned, CreatedAt: now.UTC(), ExpiresAt: now.UTC(),
		Lines: []OrderLine{}, Attempts: []Attempt{}, Refunds: []Refund{}, History: []Record{}, Duties: map[DutyName]*Duty{},
	}
}

// Opens reports whether the order still holds its courses, so that no other order for them may be
// placed.
func (o *Order) Opens() bool {
	return o.State == OrderPending || o.State == OrderClosing || o.State == OrderPaid
}

// Unsettled reports whether the order was never paid and may yet be.
func (o *Order) Unsettled() bool {
	return o.State == OrderPending || o.State == OrderClosing || o.State == OrderClosed
}

// SameLines reports whether the order is for exactly these courses under these policies.
func (o *Order) SameLines(lines []LineRequest) bool {
	if len(lines) != len(o.Lines) {
		return false
	}
	for _, l := range o.Lines {
		if !slices.Contains(lines, LineRequest{CourseID: l.CourseID, PolicyID: l.PolicyID}) {
			return false
		}
	}
	return true
}

// Attempt finds a payment attempt by its number, nil where there is none.
func (o *Order) Attempt(outTradeNo string) *Attempt {
	for i := range o.Attempts {
		if o.Attempts[i].OutTradeNo == outTradeNo {
			return &o.Attempts[i]
		}
	}
	return nil
}

// OpenAttempt is the attempt by which the order can be paid now, nil where there is none.
func (o *Order) OpenAttempt() *Attempt {
	for i := range o.Attempts {
		if o.Attempts[i].Open() {
			return &o.Attempts[i]
		}
	}
	return nil
}

// tradeDigits is how many digits at the end of an out_trade_no count the attempts; what
// stands before them is the order's id, so that a callback finds its order by key.
const tradeDigits = 2

// OrderOfTrade is the id of the order that an out_trade_no of ours belongs to.
func OrderOfTrade(outTradeNo string) (id string, ok bool) {
	n := len(outTradeNo) - tradeDigits
	if n <= 0 || !ValidID(outTradeNo) {
		return "", false
	}
	return outTradeNo[:n], true
}

// Payer is what a channel needs to know of the payer: JSAPI the openid, H5 the address.
type Payer struct{ Openid, IP string }

// maxAttempts is how many attempts an order has at most: as many as tradeDigits count.
const maxAttempts = 99

// AddAttempt writes down a new payment attempt before WeChat hears of it. An order has maxAttempts at most.
func (o *Order) AddAttempt(ch Channel, by Payer, now time.Time) (*Attempt, error) {
	if o.State != OrderPending || !now.Before(o.ExpiresAt) || len(o.Attempts) >= maxAttempts {
		return nil, ErrOrderNotPayable
	}
	o.Attempts = append(o.Attempts, Attempt{
		OutTradeNo: fmt.Sprintf("%s%0*d", o.ID, tradeDigits, len(o.Attempts)+1),
		Channel:    ch, State: AttemptNew, Amount: o.Total, Openid: by.Openid, PayerIP: by.IP, CreatedAt: now.UTC(),
	})
	return &o.Attempts[len(o.Attempts)-1], nil
}

// Settlement is what a payment did to an order.
type Settlement string

// What a payment can do.
const (
	SettledPaid      Settlement = "paid"      // M4, M9 or M10: the duties begin
	SettledRepeat    Settlement = "repeat"    // known already, nothing to do
	SettledDuplicate Settlement = "duplicate" // a second payment; it goes back by itself
	SettledLate      Settlement = "late"      // for a closed order that cannot be revived; it goes back by itself
	SettledGone      Settlement = "gone"      // for a deleted account; it goes back by itself
	SettledMismatch  Settlement = "odd"       // amount, currency or parties differ; M13 where nothing was settled yet
	SettledHeld      Settlement = "held"      // the order waits for people
	SettledUnknown   Settlement = "unknown"   // no such attempt
)

// Settle applies a verified payment. wanted says whether a closed order may be revived
// (its courses are still free for the learner and on sale); by is the source: callback, query or
// reconciliation.
func (o *Order) Settle(p Payment, m Merchant, wanted bool, now time.Time, by string) Settlement {
	a := o.Attempt(p.OutTradeNo)
	if a == nil {
		return SettledUnknown
	}
	mismatch := p.mismatch(a, m)
	switch {
	case a.Succeeded() && mismatch == "" && a.TransactionID == p.TransactionID:
		return SettledRepeat
	case mismatch != "" && o.State == OrderException:
		return SettledRepeat
	case a.Succeeded(), mismatch != "" && o.PaidAt != nil:
		return SettledMismatch // settled money stays settled; the second story is for people to read
	case mismatch != "":
		o.Exception = mismatch
		o.move(MoveException, OrderException, now, by, map[string]string{"out_trade_no": p.OutTradeNo, "odd": mismatch})
		o.owe(now, DutyAnnounceException)
		return SettledMismatch
	}
	return o.settle(a, p, wanted, now, by)
}

// Mismatch says what does not fit between a payment and the attempt that it claims to pay, or "".
func (o *Order) Mismatch(p Payment, m Merchant) string {
	if a := o.Attempt(p.OutTradeNo); a != nil {
		return p.mismatch(a, m)
	}
	return "no such attempt"
}

// SettledBy reports whether the payment is one that the order has settled already.
func (o *Order) SettledBy(p Payment) bool {
	a := o.Attempt(p.OutTradeNo)
	return a != nil && a.Succeeded() && a.TransactionID == p.TransactionID && a.Amount == p.Total
}

// SettledAs says how a payment that comes once more was settled before, where people must know of
// it: as one that does not fit, that is held, or that goes back to a deleted account. Else it is
// SettledRepeat. A process may have died between the order's write and their being called.
func (o *Order) SettledAs(p Payment, m Merchant) Settlement {
	a := o.Attempt(p.OutTradeNo)
	switch {
	case a == nil:
		return SettledUnknown
	case p.mismatch(a, m) != "":
		return SettledMismatch
	case a.State == AttemptSucceeded && o.Transaction != a.TransactionID:
		return SettledHeld
	case slices.ContainsFunc(o.Refunds, func(r Refund) bool {
		return r.Duplicate && r.OutTradeNo == a.OutTradeNo && r.Reason == ReasonAccountDeleted
	}):
		return SettledGone
	}
	return SettledRepeat
}

func (o *Order) settle(a *Attempt, p Payment, wanted bool, now time.Time, by string) Settlement {
	paidAt := p.PaidAt.UTC()
	a.TransactionID, a.PaidAt, a.Openid = p.TransactionID, &paidAt, p.Openid
	if o.BuyerGone && o.Unsettled() {
		o.RefundBook().payBack(a, ReasonAccountDeleted, now)
		_ = o.Close(CloseUser, now, ByShop) // where it was pending; else it is on its way or closed
		return SettledGone
	}
	move := MovePaid
	switch o.State {
	case OrderPending:
	case OrderClosing:
		if o.CloseReason == CloseOffSale {
			o.RefundBook().payBack(a, "COURSE_TAKEN_DOWN", now)
			return SettledLate
		}
		move = MovePaidAfter
	case OrderClosed:
		if !wanted {
			o.RefundBook().payBack(a, "LATE_PAYMENT", now)
			return SettledLate
		}
		move = MoveRevived
	case OrderException:
		a.State = AttemptSucceeded
		return SettledHeld
	default:
		o.RefundBook().payBack(a, "DUPLICATE_PAYMENT", now)
		return SettledDuplicate
	}
	a.State = AttemptSucceeded
	o.Paid, o.PaidAt, o.Transaction = p.Total, &paidAt, p.TransactionID
	o.CloseReason, o.ClosedAt, o.ClosingAt = "", nil, nil
	o.move(move, OrderPaid, now, by, map[string]string{"out_trade_no": a.OutTradeNo, "transaction_id": p.TransactionID})
	owePaid(o, now)
	return SettledPaid
}

// Close begins the end of a pending order (M7): the shop offers no payment any more, but money may
// still come until WeChat has closed the order's trades.
func (o *Order) Close(reason CloseReason, now time.Time, by string) error {
	if o.State != OrderPending {
		return ErrOrderNotCancellable
	}
	at := now.UTC()
	o.CloseReason, o.ClosingAt = reason, &at
	o.move(MoveClosing, OrderClosing, now, by, map[string]string{"reason": string(reason)})
	return nil
}

// CloseAt is when to close an attempt at WeChat; ok is false for an attempt that stays open. The
// attempts of a closing order are closed at once where another order waits, else not before five
// minutes after the prepay. An attempt that another payment of the order has left behind is closed
// as well.
func (o *Order) CloseAt(a *Attempt) (at time.Time, ok bool) {
	switch {
	case !a.Open() || o.State == OrderPending || o.State == OrderException:
		return time.Time{}, false
	case o.State == OrderClosing && (o.CloseReason == CloseSuperseded || o.CloseReason == CloseOffSale):
		at = *o.ClosingAt // that WeChat was asked before then, as it is time and again, was no try
	case o.State == OrderClosing:
		at = a.CreatedAt.Add(closeAfter)
	default:
		at = a.CreatedAt
	}
	if a.AskedAt != nil && !a.AskedAt.Before(at) {
		at = a.AskAt() // it was tried, and WeChat was busy
	}
	return at, true
}

// CloseDue is the first attempt that is due to be closed at WeChat by now.
func (o *Order) CloseDue(now time.Time) *Attempt {
	for i := range o.Attempts {
		if at, ok := o.CloseAt(&o.Attempts[i]); ok && !at.After(now) {
			return &o.Attempts[i]
		}
	}
	return nil
}

// AskDue is the first attempt that WeChat is to be asked about by now.
func (o *Order) AskDue(now time.Time) *Attempt {
	for i := range o.Attempts {
		if a := &o.Attempts[i]; a.Open() && o.State != OrderException && !a.AskAt().After(now) {
			return a
		}
	}
	return nil
}

// AttemptReady keeps what WeChat answered to a prepay (M3) and reports whether it still
// mattered.
func (o *Order) AttemptReady(outTradeNo, codeURL, h5URL string, jsapi map[string]string, now time.Time) bool {
	a := o.Attempt(outTradeNo)
	if a == nil || a.State != AttemptNew && a.State != AttemptUnknown {
		return false
	}
	at := now.UTC()
	a.State, a.CodeURL, a.H5URL, a.JSAPI, a.ReadyAt = AttemptReady, codeURL, h5URL, jsapi, &at
	return true
}

// Closed ends a closing order once no attempt is open at WeChat any more (M8).
func (o *Order) Closed(now time.Time) bool {
	if o.State != OrderClosing || o.OpenAttempt() != nil {
		return false
	}
	at := now.UTC()
	o.ClosedAt = &at
	o.move(MoveClosed, OrderClosed, now, "wechat", map[string]string{"reason": string(o.CloseReason)})
	o.owe(now, DutyAnnounceClosed)
	return true
}

// Fulfil ends the granting: every line is granted or refused (M5).
func (o *Order) Fulfil(now time.Time) bool {
	if o.State != OrderPaid || slices.ContainsFunc(o.Lines, func(l OrderLine) bool { return l.Result == "" }) {
		return false
	}
	at := now.UTC()
	o.FulfilledAt = &at
	o.move(MoveFulfilled, OrderFulfilled, now, "shop", nil)
	o.done(DutyEnrol)
	if o.BuyerGone {
		o.owe(now, DutyCount)
	} else {
		o.owe(now, DutyBuyer, DutyCart, DutyCount, DutyTell)
	}
	if _, any := o.RefundBook().RefusedRefund(); any {
		o.owe(now, DutyRefundRefused)
	}
	if len(o.Needless()) > 0 {
		o.owe(now, DutyRefundNeedless)
	}
	return true
}

// NeedlessStage is a stage that a full price has made needless: its order, and its course.
type NeedlessStage struct{ OrderID, CourseID string }

// Needless are the stages that the granted full prices of the order have made needless. One order
// of stages may be there with several courses.
func (o *Order) Needless() (all []NeedlessStage) {
	for _, l := range o.RefundBook().granted() {
		for _, id := range l.Needless {
			all = append(all, NeedlessStage{id, l.CourseID})
		}
	}
	return all
}

// TakeDown ends an unpaid order of a course that may not be sold any more by law: it is closed at
// WeChat at once, and money that still comes goes back. It reports whether anything changed.
func (o *Order) TakeDown(now time.Time, by string) bool {
	switch {
	case o.State == OrderPending:
		return o.Close(CloseOffSale, now, by) == nil
	case o.State == OrderClosing && o.CloseReason != CloseOffSale:
		at := now.UTC()
		o.CloseReason, o.ClosingAt = CloseOffSale, &at
		return true
	}
	return false
}

// Hurry makes the order give way to another one (M7): a pending one begins to close, one
// that is closing may be closed at WeChat at once, also where that was tried before: a
// buyer waits. It reports whether anything changed.
func (o *Order) Hurry(now time.Time) bool {
	switch {
	case o.State == OrderPending:
		return o.Close(CloseSuperseded, now, o.UserID) == nil
	case o.State == OrderClosing:
		at := now.UTC()
		o.CloseReason, o.ClosingAt = CloseSuperseded, &at
		return true
	}
	return false
}

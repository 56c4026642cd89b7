package shop

import (
	"slices"
	"time"
)

// The shop's refund rule and what WeChat allows.
const (
	refundWithin   = 7 * 24 * time.Hour   // in full, while at most 20 % of the lessons were opened
	refundMaxAge   = 365 * 24 * time.Hour // WeChat pays nothing back after that
	refundInterval = time.Minute          // between two refunds of one payment
	refundMaxParts = 50
)

// RefundRule says by which rule an amount was found.
type RefundRule string

// The rules by which money goes back.
const (
	RefundFree     RefundRule = "free"               // nothing was paid, only the access ends
	RefundFull     RefundRule = "full_within_7_days" // early, and hardly used
	RefundProRata  RefundRule = "pro_rata"           // the unused whole days of a period
	RefundNeedless RefundRule = "needless"           // a stage not begun, overtaken by the full price
	RefundRefused  RefundRule = "refused"            // a line that could not be granted
	RefundGone     RefundRule = "gone"               // the account was deleted before the grants stood
	RefundFinance  RefundRule = "finance"            // what a person with the finance role decided
)

// RefundQuote is what refunding one line of an order gives back, in fen. Full is true
// where that is all of its cash. UnusedDays of TotalDays explain a pro rata amount.
// EndsAccess says that the line's grant is revoked. A line that cannot be refunded has
// the code in Problem.
type RefundQuote struct {
	CourseID   string     `json:"course_id"`
	Amount     Fen        `json:"amount_fen"`
	Full       bool       `json:"full"`
	Rule       RefundRule `json:"rule,omitempty"`
	UnusedDays int64      `json:"unused_days,omitempty"`
	TotalDays  int64      `json:"total_days,omitempty"`
	EndsAccess bool       `json:"ends_access"`
	Problem    string     `json:"problem,omitempty"`
}

// OrderRefund is what refunding an order gives back: the sum of its lines, in fen. Full
// is true where nothing of the order's cash is left after it.
type OrderRefund struct {
	Lines  []RefundQuote `json:"lines"`
	Amount Fen           `json:"amount_fen"`
	Full   bool          `json:"full"`
}

// Learning is a learner's past in one course, as far as a refund looks at it: the
// enrolment, and how many of how many lessons were opened (OrderLine.Usage).
type Learning struct {
	Enrolment       *Enrolment
	Opened, Lessons int
}

// RefundAmount is what the shop's rule gives a learner back for one line of an order:
// everything within 7 days of paying while at most 20 % of the lessons were opened, later
// the unused whole days of the period, rounded down to the fen. A lifetime has no days
// to count: after the 7 days only finance can refund it.
//
// Errors: ErrNotRefundable, ErrRefundUnderWay, ErrCreditConsumed, ErrRefundLaterStage,
// ErrRefundWindow, ErrRefundTooMany, ErrRefundTooSoon.
func RefundAmount(o *Order, courseID string, e *Enrolment, opened, lessons int, now time.Time) (RefundQuote, error) {
	line, g, err := o.RefundBook().refundableLine(courseID, e)
	if err != nil {
		return RefundQuote{}, err
	}
	if err := e.lastIn(g); err != nil {
		return RefundQuote{}, err
	}
	q, ok := byRule(o, line, g, opened*5 <= lessons, now)
	if !ok {
		return RefundQuote{}, ErrNotRefundable
	}
	return q, o.RefundBook().checkParts(q.Amount, now)
}

// byRule applies the shop's rule to a line; ok is false where nothing is left to give back.
func byRule(o *Order, line OrderLine, g Grant, hardlyUsed bool, now time.Time) (q RefundQuote, ok bool) {
	left := o.RefundBook().heldFor(line.CourseID)
	q = RefundQuote{CourseID: line.CourseID, EndsAccess: true}
	switch {
	case line.Price == 0 && line.Credit == 0:
		q.Rule, q.Full = RefundFree, true
		return q, g.StateAt(now) != GrantExpired
	case !now.After(o.RefundBook().paidAt().Add(refundWithin)) && hardlyUsed:
		q.Rule, q.Full, q.Amount = RefundFull, true, left
		return q, left > 0 || line.Price == 0
	case g.Until == nil:
		return q, false
	}
	from := g.From
	if now.After(from) {
		from = now
	}
	q.Rule, q.UnusedDays, q.TotalDays = RefundProRata, wholeDays(from, *g.Until), wholeDays(g.From, *g.Until)
	q.Amount = min(line.Price*Fen(q.UnusedDays)/Fen(max(1, q.TotalDays)), left)
	q.Full = q.Amount == left
	return q, q.Amount > 0
}

// RefundOrder is what the shop's rule gives back for all lines of an order that were
// granted and not refunded yet. Lines that cannot be refunded say why; where none can, the
// first reason is the error.
func RefundOrder(o *Order, past func(courseID string) Learning, now time.Time) (OrderRefund, error) {
	if err := o.RefundBook().refundable(); err != nil {
		return OrderRefund{}, err
	}
	sum := OrderRefund{Lines: []RefundQuote{}}
	var refusal error = ErrNotRefundable
	can := 0
	for _, line := range o.RefundBook().granted() {
		l := past(line.CourseID)
		if g, ok := l.Enrolment.Grant(o.ID); ok && g.State == GrantRevoked {
			continue
		}
		q, err := RefundAmount(o, line.CourseID, l.Enrolment, l.Opened, l.Lessons, now)
		if err != nil {
			if len(sum.Lines) == 0 {
				refusal = err
			}
			q = RefundQuote{CourseID: line.CourseID, Problem: CodeOf(err)}
		} else {
			can++
		}
		sum.Amount += q.Amount
		sum.Lines = append(sum.Lines, q)
	}
	if can == 0 {
		return OrderRefund{}, refusal
	}
	sum.Full = sum.Amount == o.Paid-o.Refunded && can == len(sum.Lines)
	return sum, nil
}

// NeedlessRefund is what goes back by itself for a stage that had not begun when the full
// price was bought without credit: all that is left of its cash. That the full price came
// later is the reason for it, so last in, first out is not asked.
func NeedlessRefund(o *Order, courseID string, e *Enrolment, now time.Time) (RefundQuote, error) {
	if _, _, err := o.RefundBook().refundableLine(courseID, e); err != nil {
		return RefundQuote{}, err
	}
	if e.usedAsCredit(o.ID) {
		return RefundQuote{}, ErrCreditConsumed
	}
	left := o.RefundBook().heldFor(courseID)
	if left <= 0 {
		return RefundQuote{}, ErrNotRefundable
	}
	q := RefundQuote{CourseID: courseID, Amount: left, Full: true, Rule: RefundNeedless, EndsAccess: true}
	return q, o.RefundBook().checkParts(left, now)
}

// refundable is why nothing of the order can go back now, nil where something can.
func (book RefundBook) refundable() error {
	if slices.ContainsFunc(book.o.Refunds, underWay) {
		return ErrRefundUnderWay
	}
	switch book.o.State {
	case OrderFulfilled, OrderPartiallyRefunded, OrderRefunding:
		return nil // refunding with none under way: WeChat gave it up, and it is tried again under a new number
	}
	return ErrNotRefundable
}

// underWay reports whether a refund of the order's own cash may still go through.
func underWay(r Refund) bool {
	switch r.State {
	case RefundRejected, RefundClosed, RefundSucceeded:
		return false
	}
	return !r.Duplicate
}

// refundableLine finds a line that was granted, and its grant, where both may be undone.
func (book RefundBook) refundableLine(courseID string, e *Enrolment) (OrderLine, Grant, error) {
	if err := book.refundable(); err != nil {
		return OrderLine{}, Grant{}, err
	}
	lines := book.granted()
	i := slices.IndexFunc(lines, func(l OrderLine) bool { return l.CourseID == courseID })
	g, ok := e.Grant(book.o.ID)
	switch {
	case i < 0 || !ok || g.State == GrantRevoked:
		return OrderLine{}, Grant{}, ErrNotRefundable
	case g.State == GrantFrozen:
		return OrderLine{}, Grant{}, ErrRefundUnderWay
	}
	return lines[i], g, nil
}

// granted are the lines that opened their course.
func (book RefundBook) granted() (lines []OrderLine) {
	for _, l := range book.o.Lines {
		if l.Result == LineGranted {
			lines = append(lines, l)
		}
	}
	return lines
}

// checkParts is why WeChat would not pay the amount back; nothing is no matter for WeChat.
func (book RefundBook) checkParts(amount Fen, now time.Time) error {
	if amount == 0 {
		return nil
	}
	if now.After(book.paidAt().Add(refundMaxAge)) {
		return ErrRefundWindow
	}
	parts := 0
	for _, r := range book.o.Refunds {
		if r.Duplicate || r.State == RefundRejected {
			continue
		}
		if now.Before(r.CreatedAt.Add(refundInterval)) {
			return ErrRefundTooSoon
		}
		parts++
	}
	if parts >= refundMaxParts {
		return ErrRefundTooMany
	}
	return nil
}

// paidAt is when the order was paid, or placed where there was nothing to pay.
func (book RefundBook) paidAt() time.Time {
	if book.o.PaidAt != nil {
		return *book.o.PaidAt
	}
	return book.o.CreatedAt
}

// lastIn is nil for the newest grant of the enrolment that was not revoked. Money that
// became credit for the full price, and whatever something later builds on, must wait.
func (e *Enrolment) lastIn(g Grant) error {
	if e.usedAsCredit(g.OrderID) {
		return ErrCreditConsumed
	}
	if live := e.Live(); live[len(live)-1].OrderID != g.OrderID {
		return ErrRefundLaterStage
	}
	return nil
}

// usedAsCredit reports whether the order's money is part of a full price still held.
func (e *Enrolment) usedAsCredit(orderID string) bool {
	return e.any(func(g Grant) bool { return g.State != GrantRevoked && slices.Contains(g.CreditOrders, orderID) })
}

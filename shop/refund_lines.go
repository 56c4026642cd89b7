package shop

import (
	"cmp"
	"fmt"
	"math/bits"
	"slices"
	"time"
)

// RefundRequest is what a person with the finance role wants to give back. Lines name what
// it is for; without them (nil) the amount is spread over all lines. Amount is in fen, nil
// for all that is left; beside lines it must be their sum.
type RefundRequest struct {
	Lines  []RefundRequestLine
	Amount *Fen
}

// RefundRequestLine names one line of the order by its course. Amount is in fen, nil for
// all that the line still holds.
type RefundRequestLine struct {
	CourseID string `json:"course_id"`
	Amount   *Fen   `json:"amount_fen"`
}

// Names reports whether the request is about a course of the order.
func (r RefundRequest) Names(courseID string) bool {
	return r.Lines == nil || slices.ContainsFunc(r.Lines, func(l RefundRequestLine) bool { return l.CourseID == courseID })
}

// FinanceRefund checks what a person with the finance role wants to give back. Last in,
// first out holds for each line that gives something, and so do WeChat's limits; only the
// shop's own rule is set aside.
//
// A line holds what was paid for it and neither went back nor is on its way. A line that is
// named ends its grant when nothing is held for it afterwards, and keeps it otherwise.
// Without names the amount is spread (see spread), and the grants end when nothing is left
// of the whole order; less leaves the access to every course as it is.
//
// Errors: those of Order.refundable, ErrInvalidField, ErrDuplicateLine, ErrRefundLine,
// ErrRefundSum and ErrRefundTooMuch with the field, ErrRefundWindow, ErrRefundTooSoon,
// ErrRefundTooMany, ErrRefundLaterStage, ErrCreditConsumed, ErrNotRefundable.
func FinanceRefund(o *Order, ask RefundRequest, enrolment func(courseID string) *Enrolment, now time.Time) (OrderRefund, error) {
	if err := o.RefundBook().refundable(); err != nil {
		return OrderRefund{}, err
	}
	held := o.RefundBook().held()
	wanted, err := o.RefundBook().wanted(ask, held)
	if err != nil {
		return OrderRefund{}, err
	}
	sum := OrderRefund{Lines: []RefundQuote{}}
	for _, w := range wanted {
		sum.Amount += w.Amount
	}
	sum.Full = sum.Amount == total(held)
	if err := o.RefundBook().checkParts(sum.Amount, now); err != nil {
		return OrderRefund{}, err
	}
	for _, w := range wanted {
		q, some, err := o.RefundBook().endsGrant(w, enrolment(w.CourseID))
		if err != nil {
			return OrderRefund{}, err
		}
		if some {
			sum.Lines = append(sum.Lines, q)
		}
	}
	if len(sum.Lines) == 0 {
		return OrderRefund{}, ErrNotRefundable
	}
	return sum, nil
}

var errNoAmount = ErrInvalidField.Because("退款金额须大于 0", "The amount must be more than 0.")

// wanted is what a request asks of each line, before the grants are looked at.
func (book RefundBook) wanted(ask RefundRequest, held []Fen) ([]RefundQuote, error) {
	if ask.Lines != nil {
		return book.wantedLines(ask, held)
	}
	left := total(held)
	amount := left
	if ask.Amount != nil {
		amount = *ask.Amount
	}
	switch {
	case amount < 0 || amount == 0 && left > 0:
		return nil, errNoAmount.At("amount_fen")
	case amount > left:
		return nil, ErrRefundTooMuch
	}
	var quotes []RefundQuote
	for i, share := range book.spread(amount, held) {
		if share > 0 || amount == left {
			quotes = append(quotes, RefundQuote{
				CourseID: book.o.Lines[i].CourseID, Amount: share, Full: share == held[i], Rule: RefundFinance, EndsAccess: amount == left,
			})
		}
	}
	return quotes, nil
}

// wantedLines is wanted for a request that names its lines.
func (book RefundBook) wantedLines(ask RefundRequest, held []Fen) ([]RefundQuote, error) {
	if len(ask.Lines) == 0 {
		return nil, ErrInvalidField.At("lines")
	}
	var quotes []RefundQuote
	var sum Fen // of amounts that are held, so it cannot overflow
	for n, l := range ask.Lines {
		field := fmt.Sprintf("lines[%d]", n)
		i := book.lineOf(l.CourseID)
		switch {
		case i < 0:
			return nil, ErrRefundLine.At(field + ".course_id")
		case slices.ContainsFunc(quotes, func(q RefundQuote) bool { return q.CourseID == l.CourseID }):
			return nil, ErrDuplicateLine.At(field + ".course_id")
		case l.Amount != nil && *l.Amount <= 0:
			return nil, errNoAmount.At(field + ".amount_fen")
		case l.Amount != nil && *l.Amount > held[i]:
			return nil, ErrRefundTooMuch.At(field + ".amount_fen")
		}
		amount := held[i]
		if l.Amount != nil {
			amount = *l.Amount
		}
		sum += amount
		full := amount == held[i]
		quotes = append(quotes, RefundQuote{CourseID: l.CourseID, Amount: amount, Full: full, Rule: RefundFinance, EndsAccess: full})
	}
	if ask.Amount != nil && *ask.Amount != sum {
		return nil, ErrRefundSum.At("amount_fen")
	}
	return quotes, nil
}

// endsGrant says what a line's refund makes of its grant, and why it may not. some is false
// for a line without money and without a grant to end.
func (book RefundBook) endsGrant(q RefundQuote, e *Enrolment) (_ RefundQuote, some bool, err error) {
	g, ok := e.Grant(book.o.ID)
	if !ok || g.State == GrantRevoked || book.o.Lines[book.lineOf(q.CourseID)].Result != LineGranted {
		if q.EndsAccess = false; q.Amount > 0 && e.usedAsCredit(book.o.ID) {
			return q, false, ErrCreditConsumed
		}
		return q, q.Amount > 0, nil
	}
	if g.State == GrantFrozen {
		return q, false, ErrRefundUnderWay
	}
	return q, true, e.lastIn(g)
}

// spread divides an amount of at most their sum over what the lines hold, in proportion to
// it: each share is rounded down to the fen, and the remainder goes to the last line, which
// is the one that holds most (where several do, the one whose course id comes last). What is
// more than that line holds goes to the one before it. The order of the lines plays no part,
// so a line's rest does not depend on it either.
func (book RefundBook) spread(amount Fen, held []Fen) []Fen {
	shares := make([]Fen, len(held))
	all := total(held)
	if amount <= 0 || all <= 0 {
		return shares
	}
	rest := min(amount, all)
	for i, h := range held {
		hi, lo := bits.Mul64(uint64(min(amount, all)), uint64(h))
		share, _ := bits.Div64(hi, lo, uint64(all))
		shares[i] = Fen(share)
		rest -= shares[i]
	}
	order := make([]int, len(held))
	for i := range order {
		order[i] = i
	}
	slices.SortFunc(order, func(a, b int) int {
		return cmp.Or(cmp.Compare(held[b], held[a]), cmp.Compare(book.o.Lines[b].CourseID, book.o.Lines[a].CourseID))
	})
	for _, i := range order {
		more := min(rest, held[i]-shares[i])
		shares[i] += more
		rest -= more
	}
	return shares
}

// held is what was paid for each line and neither went back nor is on its way, in fen, in
// the order of the lines.
func (book RefundBook) held() []Fen {
	back := book.refundedByLine()
	for i := range book.o.Refunds {
		if r := &book.o.Refunds[i]; underWay(*r) {
			book.attribute(r, back)
		}
	}
	return book.heldAfter(back)
}

// heldFor is what is held for one line, 0 for a course that the order does not have.
func (book RefundBook) heldFor(courseID string) Fen {
	if i := book.lineOf(courseID); i >= 0 {
		return book.held()[i]
	}
	return 0
}

func (book RefundBook) heldAfter(back []Fen) []Fen {
	held := make([]Fen, len(book.o.Lines))
	if book.o.Paid == 0 {
		return held
	}
	for i, l := range book.o.Lines {
		held[i] = max(0, l.Price-back[i])
	}
	return held
}

// refundedByLine is what has gone back for each line, in fen, in the order of the lines. An
// order from before lines kept their sums has them from its refunds.
func (book RefundBook) refundedByLine() []Fen {
	back := make([]Fen, len(book.o.Lines))
	for i, l := range book.o.Lines {
		back[i] = l.Refunded
	}
	if total(back) == book.o.Refunded {
		return back
	}
	return book.refundedByRefunds()
}

// refundedByRefunds adds up the refunds that went through, line by line.
func (book RefundBook) refundedByRefunds() []Fen {
	back := make([]Fen, len(book.o.Lines))
	for i := range book.o.Refunds {
		if r := &book.o.Refunds[i]; r.State == RefundSucceeded && !r.Duplicate {
			book.attribute(r, back)
		}
	}
	book.add(back, book.spread(book.o.Refunded-total(back), book.heldAfter(back)))
	return back
}

// attribute adds a refund to what goes back for each line: its parts, and what they do not
// explain in proportion to what the lines hold by then.
func (book RefundBook) attribute(r *Refund, back []Fen) {
	rest := r.Amount
	for _, part := range r.Lines {
		if i := book.lineOf(part.CourseID); i >= 0 {
			amount := max(0, min(part.Amount, rest, book.o.Lines[i].Price-back[i]))
			back[i] += amount
			rest -= amount
		}
	}
	book.add(back, book.spread(rest, book.heldAfter(back)))
}

func (book RefundBook) add(sums, more []Fen) {
	for i := range sums {
		sums[i] += more[i]
	}
}

// lineOf is the index of a course's line, -1 where the order has none.
func (book RefundBook) lineOf(courseID string) int {
	return slices.IndexFunc(book.o.Lines, func(l OrderLine) bool { return l.CourseID == courseID })
}

func total(sums []Fen) (all Fen) {
	for _, f := range sums {
		all += f
	}
	return all
}

// AtMost is the most that the request can come to.
func (r RefundRequest) AtMost(o *Order) Fen {
	if r.Amount != nil {
		return *r.Amount
	}
	var sum Fen
	for _, l := range r.Lines {
		if l.Amount == nil {
			return o.Paid - o.Refunded
		}
		sum += *l.Amount
	}
	if len(r.Lines) == 0 {
		return o.Paid - o.Refunded
	}
	return sum
}

// RefundPreview is what a refund would give back and take away, before it is begun.
type RefundPreview struct {
	OrderRefund
	Access []AccessAfter `json:"access"` // to the courses of its lines, once it went through
	Later  []LaterRefund `json:"later"`  // what goes back before it, newest order first
}

// AccessAfter is the access that is left of a course.
type AccessAfter struct {
	CourseID string `json:"course_id"`
	CourseAccess
}

// LaterRefund is what goes back for one course of an order that stands on top of the refunded one.
type LaterRefund struct {
	OrderID  string `json:"order_id"`
	CourseID string `json:"course_id"`
	Amount   Fen    `json:"amount_fen"`
}

// Leaves notes what access the refund of an order, and of those before it, leaves to a course.
func (p *RefundPreview) Leaves(o *Order, q RefundQuote, e *Enrolment, now time.Time) {
	left := *e
	left.Grants = slices.Clone(e.Grants)
	for _, later := range p.Later {
		if later.CourseID == q.CourseID {
			left.Revoke(later.OrderID)
		}
	}
	if q.EndsAccess {
		left.Revoke(o.ID)
	}
	p.Access = append(p.Access, AccessAfter{q.CourseID, left.AccessAt(now)})
}

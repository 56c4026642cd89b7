package shop

import (
	"fmt"
	"slices"
	"time"
)

// RefundBook is the refunds of an order: what may go back, what was asked of WeChat, what became of it.
type RefundBook struct{ o *Order }

// RefundBook is that of the order. What it changes is changed in the order.
func (o *Order) RefundBook() RefundBook { return RefundBook{o} }

// refundPause is how often WeChat is asked about a refund it has accepted.
const refundPause = 5 * time.Minute

// Open reports whether the refund is still on its way.
func (r *Refund) Open() bool {
	switch r.State {
	case RefundApproved, RefundSubmitted, RefundProcessing:
		return true
	}
	return false
}

// AskAt is when the refund is to be handed to WeChat, or asked about, next.
func (r *Refund) AskAt() time.Time {
	if r.AskedAt == nil {
		return r.CreatedAt
	}
	return r.AskedAt.Add(refundPause)
}

// Asked notes that WeChat was asked about the refund and had nothing new to say.
func (r *Refund) Asked(now time.Time) {
	at := now.UTC()
	r.Asks++
	r.AskedAt = &at
}

// NotAsked notes that WeChat was not asked after all: it is to be at the next look.
func (r *Refund) NotAsked() { r.AskedAt = nil }

// Accept notes when WeChat accepted the refund and reports whether that is news. The first time
// stays: a refund is on the bill of one day only.
func (r *Refund) Accept(at time.Time) bool {
	if r.AcceptedAt != nil || at.IsZero() {
		return false
	}
	at = at.UTC()
	r.AcceptedAt = &at
	return true
}

// Due is the first refund that is to be handed to WeChat, or asked about, by now.
func (book RefundBook) Due(now time.Time) *Refund {
	for i := range book.o.Refunds {
		if r := &book.o.Refunds[i]; r.Open() && !r.AskAt().After(now) {
			return r
		}
	}
	return nil
}

// Get finds a refund by its number, nil where there is none.
func (book RefundBook) Get(outRefundNo string) *Refund {
	for i := range book.o.Refunds {
		if book.o.Refunds[i].OutRefundNo == outRefundNo {
			return &book.o.Refunds[i]
		}
	}
	return nil
}

// OrderOfRefund is the id of the order that an out_refund_no of ours belongs to.
func OrderOfRefund(outRefundNo string) (id string, ok bool) {
	n := len(outRefundNo) - len("r00")
	if n <= 0 || !ValidID(outRefundNo) {
		return "", false
	}
	return outRefundNo[:n], true
}

func (book RefundBook) nextRefundNo() string {
	return fmt.Sprintf("%sr%02d", book.o.ID, len(book.o.Refunds)+1)
}

// payBack begins the refund of money that pays for nothing: a second payment of the order, or a
// payment of an order that cannot be revived.
func (book RefundBook) payBack(a *Attempt, reason string, now time.Time) {
	book.payBackBy(a, reason, ByShop, now)
}

// payBackBy is payBack as a person has decided it.
func (book RefundBook) payBackBy(a *Attempt, reason, by string, now time.Time) {
	a.State = AttemptDupRefunding
	book.o.Refunds = append(book.o.Refunds, Refund{
		OutRefundNo: book.nextRefundNo(), OutTradeNo: a.OutTradeNo, State: RefundApproved, Amount: a.Amount,
		Reason: reason, By: by, Duplicate: true, CreatedAt: now.UTC(),
	})
}

// ByShop is the author of what no person asked for.
const ByShop = "shop"

// Reasons of refunds that no person asked for.
const (
	ReasonLineRefused    = "LINE_REFUSED"    // a paid line could not be granted; the line says why
	ReasonNeedlessStage  = "NEEDLESS_STAGE"  // the full price overtook a stage that had not begun
	ReasonAccountDeleted = "ACCOUNT_DELETED" // there is no buyer any more
)

// Begin writes a refund down before it is asked of WeChat (M11). Its grants are frozen until
// the end of the refund. A refund that pays nothing back is done at once (M12).
func (book RefundBook) Begin(q OrderRefund, reason, by string, now time.Time) *Refund {
	r := Refund{
		OutRefundNo: book.nextRefundNo(), State: RefundApproved, Amount: q.Amount, Reason: reason, By: by, CreatedAt: now.UTC(),
	}
	if a := book.paidAttempt(); a != nil {
		r.OutTradeNo = a.OutTradeNo
	}
	for _, l := range q.Lines {
		if l.Problem == "" {
			r.Rule = l.Rule
			r.Lines = append(r.Lines, RefundPart{CourseID: l.CourseID, Amount: l.Amount, Revokes: l.EndsAccess})
		}
	}
	book.o.Refunds, book.o.FreezeBy = append(book.o.Refunds, r), ""
	book.o.move(MoveRefunding, OrderRefunding, now, by, map[string]string{
		"out_refund_no": r.OutRefundNo, "amount": r.Amount.Yuan(), "reason": reason, "rule": string(r.Rule),
	})
	book.o.owe(now, DutyFreeze)
	if q.Amount == 0 {
		book.Answered(r.OutRefundNo, RefundSucceeded, now)
	}
	return &book.o.Refunds[len(book.o.Refunds)-1]
}

// OweGrants makes the order look after its grants again, from at on: they follow what its
// refunds say.
func (book RefundBook) OweGrants(at time.Time) { book.o.owe(at, DutyFreeze) }

// Freezing names the one call that may write a refund down now: the last to have begun
// freezing grants for it. Another that began before, dead or slow, decides again.
func (book RefundBook) Freezing(call string, until time.Time) {
	book.o.FreezeBy = call
	book.OweGrants(until)
}

// HasFor reports whether there is a refund for this reason.
func (book RefundBook) HasFor(reason string) bool {
	return slices.ContainsFunc(book.o.Refunds, func(r Refund) bool { return r.Reason == reason })
}

// RefundsNeedless reports whether there is a refund of a course because its stage was needless.
func (book RefundBook) RefundsNeedless(courseID string) bool {
	return slices.ContainsFunc(book.o.Refunds, func(r Refund) bool {
		return r.Reason == ReasonNeedlessStage && slices.ContainsFunc(r.Lines, func(p RefundPart) bool { return p.CourseID == courseID })
	})
}

// RefusedRefund is what goes back for the lines that could not be granted; ok is false
// where nothing does, or it is under way already.
func (book RefundBook) RefusedRefund() (q OrderRefund, ok bool) {
	if book.HasFor(book.refusedReason()) {
		return OrderRefund{}, false
	}
	held := book.held()
	for i, l := range book.o.Lines {
		if back := held[i]; l.Result == LineRefused && back > 0 {
			q.Lines = append(q.Lines, RefundQuote{CourseID: l.CourseID, Amount: back, Full: back == l.Price, Rule: RefundRefused})
			q.Amount += back
		}
	}
	q.Full = q.Amount == total(held)
	return q, q.Amount > 0
}

// refusedReason is why the refused lines of the order go back.
func (book RefundBook) refusedReason() string {
	if book.o.BuyerGone {
		return ReasonAccountDeleted
	}
	return ReasonLineRefused
}

// RefundRefused begins the refund of the lines that could not be granted and reports whether
// there was one to begin.
func (book RefundBook) RefundRefused(now time.Time) bool {
	q, some := book.RefusedRefund()
	if some {
		book.Begin(q, book.refusedReason(), ByShop, now)
	}
	return some
}

// LoseBuyer begins the refund of all that is left of an order after its buyer's account was
// deleted before the grants stood; the grants end with the account. It reports whether there was
// anything to begin; done again it is not.
func (book RefundBook) LoseBuyer(now time.Time) bool {
	if book.o.BuyerGone || !CanMove(MoveRefunding, book.o.State, OrderRefunding) {
		return false
	}
	held := book.held()
	q := OrderRefund{Amount: total(held), Full: true}
	for i, l := range book.o.Lines {
		live := l.Result == LineGranted && book.Grants(l.CourseID) == GrantLive
		if live || held[i] > 0 {
			q.Lines = append(q.Lines, RefundQuote{CourseID: l.CourseID, Amount: held[i], Full: true, Rule: RefundGone, EndsAccess: live})
		}
	}
	if len(q.Lines) == 0 {
		return false // what was refused goes back for that reason
	}
	book.o.BuyerGone = true
	book.Begin(q, ReasonAccountDeleted, ByShop, now)
	return true
}

// left is the order's cash that is neither paid back nor on its way back, in fen.
func (book RefundBook) left() Fen {
	left := book.o.Paid - book.o.Refunded
	for _, r := range book.o.Refunds {
		if underWay(r) {
			left -= r.Amount
		}
	}
	return left
}

// paidAttempt is the attempt that paid the order, nil where the order cost nothing.
func (book RefundBook) paidAttempt() *Attempt {
	for i := range book.o.Attempts {
		if book.o.Attempts[i].State == AttemptSucceeded {
			return &book.o.Attempts[i]
		}
	}
	return nil
}

// refundRank orders the states of a refund: it only moves forward. What WeChat calls
// abnormal or closed may still succeed, by hand in its console.
var refundRank = map[RefundState]int{
	RefundRequested: 1, RefundApproved: 2, RefundSubmitted: 3, RefundProcessing: 4,
	RefundAbnormal: 5, RefundClosed: 5, RefundSucceeded: 6, RefundRejected: 6,
}

// Answered notes what WeChat says about a refund; news that is known already, or
// older than what is known, changes nothing and reports false.
func (book RefundBook) Answered(outRefundNo string, state RefundState, now time.Time) bool {
	r := book.Get(outRefundNo)
	if r == nil || refundRank[state] <= refundRank[r.State] {
		return false
	}
	at := now.UTC()
	r.State, r.AskedAt = state, &at
	if state == RefundClosed {
		book.o.owe(now, DutyFreeze) // nothing goes back by it, so what it had frozen thaws
	}
	if state != RefundSucceeded {
		return true
	}
	r.DoneAt = &at
	if r.Duplicate {
		if a := book.o.Attempt(r.OutTradeNo); a != nil {
			a.State = AttemptDupRefunded
		}
		if book.o.UserID != "" { // else it was no learner's
			book.o.owe(now, DutyTellPaidBack)
		}
		return true
	}
	book.refunded(r, now)
	return true
}

// refunded ends a refund that went through (M12).
func (book RefundBook) refunded(r *Refund, now time.Time) {
	book.o.Refunded += r.Amount
	for i, back := range book.refundedByRefunds() {
		book.o.Lines[i].Refunded = back
	}
	to := OrderPartiallyRefunded
	switch {
	case slices.ContainsFunc(book.o.Refunds, underWay):
		to = OrderRefunding
	case book.o.Refunded >= book.o.Paid && !book.holdsMore():
		to = OrderRefunded
	}
	book.o.move(MoveRefunded, to, now, "wechat", map[string]string{"out_refund_no": r.OutRefundNo, "amount": r.Amount.Yuan()})
	book.o.owe(now, DutyRevoke, DutyTellRefunded, DutyCount)
}

// holdsMore reports whether a line is still granted that no refund has revoked.
func (book RefundBook) holdsMore() bool {
	for _, l := range book.granted() {
		if !book.revokes(l.CourseID) {
			return true
		}
	}
	return false
}

// revokes reports whether a refund that went through ends the order's grant of a course.
func (book RefundBook) revokes(courseID string) bool {
	for _, r := range book.o.Refunds {
		for _, part := range r.Lines {
			if r.State == RefundSucceeded && part.Revokes && part.CourseID == courseID {
				return true
			}
		}
	}
	return false
}

// RefundedOf is what has gone back for one course of the order, in fen.
func (book RefundBook) RefundedOf(courseID string) Fen {
	if i := book.lineOf(courseID); i >= 0 {
		return book.refundedByLine()[i]
	}
	return 0
}

// Grants says what the refunds of the order make of its grant of a course: frozen while one
// that revokes it is under way, revoked once it went through, else live.
func (book RefundBook) Grants(courseID string) GrantState {
	if book.revokes(courseID) {
		return GrantRevoked
	}
	for i := range book.o.Refunds {
		r := &book.o.Refunds[i]
		for _, part := range r.Lines {
			if underWay(*r) && part.Revokes && part.CourseID == courseID {
				return GrantFrozen
			}
		}
	}
	return GrantLive
}

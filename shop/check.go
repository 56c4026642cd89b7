package shop

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Violation is one thing that must never be, and is. Object names what it is about:
// order:ID, enrolment:USER:COURSE, claim:USER:COURSE, key:ID, notice:ID.
type Violation struct {
	Invariant string `json:"invariant"` // I1 … I8
	Object    string `json:"object"`
	Detail    string `json:"detail"`
}

// String is the violation on one line.
func (v Violation) String() string { return v.Invariant + " " + v.Object + " " + v.Detail }

// How long things may take before they count as stuck.
const (
	enrolWithin   = 90 * time.Second // from paid to granted
	closeWithin   = 5 * time.Minute  // from the end of an order's time to closing
	stuckAfter    = 10 * time.Minute // a duty, a close at WeChat, a question that is due
	acceptWithin  = 24 * time.Hour   // until WeChat has taken a refund on
	refundsWithin = 30 * 24 * time.Hour
)

// Around is what the other collections hold about an order, by course where it is about a
// line.
type Around struct {
	Enrolments map[string]*Enrolment
	Claims     map[string]string // which order holds the course for the learner
	Trials     map[string]string // which order used the learner's free stage up
	Told       map[string]bool   // notices in the inbox, by their ids
	Due        bool              // a wakeup will look at the order again
	Audited    int               // rows of the audit
}

// findings collects the violations of one object.
type findings struct {
	object string
	all    []Violation
}

func (f *findings) add(invariant, format string, args ...any) {
	f.all = append(f.all, Violation{invariant, f.object, fmt.Sprintf(format, args...)})
}

// CheckOrder holds an order, with what is around it, against the invariants: I1 (paid means
// granted or on its way back), I5 (refunds), I6 (amounts), I7 (what follows was done, once)
// and I8 (nothing sits for too long, and the audit has every move). An order in exception
// waits for people; its money is left out.
func CheckOrder(o *Order, a Around, now time.Time) []Violation {
	f := &findings{object: "order:" + o.ID}
	if o.State != OrderException {
		checkGranted(o, f, a, now)
		checkPaid(o, f)
	}
	checkAmounts(o, f)
	checkRefunds(o, f)
	checkEffects(o, f, a)
	checkHistory(o, f, a)
	checkHeld(o, f, a)
	checkLimits(o, f, now)
	return f.all
}

// everPaid reports whether the order has been settled, now or before its refunds.
func everPaid(o *Order) bool {
	switch o.State {
	case OrderPaid, OrderFulfilled, OrderRefunding, OrderPartiallyRefunded, OrderRefunded:
		return true
	}
	return false
}

// checkGranted is I1.
func checkGranted(o *Order, f *findings, a Around, now time.Time) {
	if o.State == OrderPaid {
		if age := now.Sub(movedAt(o)); age > enrolWithin {
			f.add("I1", "paid for %s and not granted", age.Round(time.Second))
		}
		return
	}
	if everPaid(o) {
		for _, l := range o.Lines {
			checkLine(o, f, l, a)
		}
	}
	for i := range o.Attempts {
		at := &o.Attempts[i]
		paidBack := slices.ContainsFunc(o.Refunds, func(r Refund) bool { return r.Duplicate && r.OutTradeNo == at.OutTradeNo })
		switch {
		case at.State == AttemptSucceeded && !everPaid(o):
			f.add("I1", "attempt %s has succeeded and the order is %s", at.OutTradeNo, o.State)
		case (at.State == AttemptDupRefunding || at.State == AttemptDupRefunded) && !paidBack:
			f.add("I1", "attempt %s paid for nothing and nothing goes back", at.OutTradeNo)
		}
	}
}

func checkLine(o *Order, f *findings, l OrderLine, a Around) {
	switch l.Result {
	case LineGranted:
		if _, ok := a.Enrolments[l.CourseID].Grant(o.ID); !ok {
			f.add("I1", "course %s is granted and the enrolment does not have it", l.CourseID)
		}
	case LineRefused:
		d := o.Duties[DutyRefundRefused]
		if l.Price > 0 && !o.RefundBook().HasFor(o.RefundBook().refusedReason()) && o.RefundBook().left() > 0 && (d == nil || d.Done) {
			f.add("I1", "course %s was refused and is not paid back", l.CourseID)
		}
	default:
		f.add("I1", "course %s is neither granted nor refused", l.CourseID)
	}
}

// movedAt is when the order came to its state.
func movedAt(o *Order) time.Time {
	if n := len(o.History); n > 0 {
		return o.History[n-1].At
	}
	return o.CreatedAt
}

// checkPaid is the part of I6 that compares with what was charged.
func checkPaid(o *Order, f *findings) {
	var charged Fen
	n := 0
	for _, at := range o.Attempts {
		if at.State == AttemptSucceeded {
			charged += at.Amount
			n++
		}
	}
	switch {
	case !everPaid(o) && o.Paid != 0:
		f.add("I6", "%s yuan are paid and the order is %s", o.Paid.Yuan(), o.State)
	case everPaid(o) && o.Paid != o.Total:
		f.add("I6", "%s yuan are paid of %s", o.Paid.Yuan(), o.Total.Yuan())
	case everPaid(o) && charged != o.Total:
		f.add("I6", "%s yuan were charged by %d attempts, the order costs %s", charged.Yuan(), n, o.Total.Yuan())
	}
}

// checkAmounts is the part of I6 that holds from the placing on.
func checkAmounts(o *Order, f *findings) {
	var sum Fen
	for _, l := range o.Lines {
		sum += l.Price
		if l.Price < 0 || l.Credit < 0 {
			f.add("I6", "course %s costs %d fen after %d of credit", l.CourseID, l.Price, l.Credit)
		}
	}
	if sum != o.Total {
		f.add("I6", "the lines cost %s yuan, the order %s", sum.Yuan(), o.Total.Yuan())
	}
	for _, at := range o.Attempts {
		if at.Channel != ChannelOther && at.agreed() != MisfitOf(o).agreedTotal() {
			f.add("I6", "attempt %s is for %s yuan, the order costs %s", at.OutTradeNo, at.agreed().Yuan(), MisfitOf(o).agreedTotal().Yuan())
		}
	}
}

// checkRefunds is I5: never more goes back than came in, whatever is still under way.
func checkRefunds(o *Order, f *findings) {
	var done, claimed Fen
	numbers := map[string]bool{}
	back := map[string]Fen{}
	for i := range o.Refunds {
		r := &o.Refunds[i]
		if id, _ := OrderOfRefund(r.OutRefundNo); id != o.ID || numbers[r.OutRefundNo] {
			f.add("I5", "refund number %s is not the order's own, or there twice", r.OutRefundNo)
		}
		numbers[r.OutRefundNo] = true
		if r.State == RefundRejected || r.State == RefundClosed {
			continue
		}
		back[r.OutTradeNo] += r.Amount
		switch {
		case r.Duplicate:
		case r.State == RefundSucceeded:
			done += r.Amount
			claimed += r.Amount
		default:
			claimed += r.Amount
		}
	}
	if claimed > o.Paid {
		f.add("I5", "%s yuan go back of %s paid", claimed.Yuan(), o.Paid.Yuan())
	}
	if done != o.Refunded {
		f.add("I5", "%s yuan went back, the order says %s", done.Yuan(), o.Refunded.Yuan())
	}
	checkRefundedLines(o, f)
	for no, sum := range back {
		if a := o.Attempt(no); sum > 0 && (a == nil || !a.Succeeded() || sum > a.Amount) {
			f.add("I5", "%s yuan go back of attempt %s", sum.Yuan(), no)
		}
	}
}

// checkRefundedLines is the part of I5 about lines: what went back for them adds up to what
// went back for the order, and is what the refunds say. An order from before lines kept
// their sums has none of them.
func checkRefundedLines(o *Order, f *findings) {
	byRefunds, kept := o.RefundBook().refundedByRefunds(), false
	for _, l := range o.Lines {
		kept = kept || l.Refunded != 0
	}
	if sum := total(byRefunds); sum != o.Refunded {
		f.add("I5", "%s yuan went back for the lines, the order says %s", sum.Yuan(), o.Refunded.Yuan())
	}
	for i, l := range o.Lines {
		if kept && l.Refunded != byRefunds[i] {
			f.add("I5", "course %s says that %s yuan went back for it, the refunds say %s", l.CourseID, l.Refunded.Yuan(), byRefunds[i].Yuan())
		}
	}
	for _, r := range o.Refunds {
		var parts Fen
		for _, p := range r.Lines {
			if parts += p.Amount; o.RefundBook().lineOf(p.CourseID) < 0 || p.Amount < 0 {
				f.add("I5", "refund %s gives %s yuan for course %s", r.OutRefundNo, p.Amount.Yuan(), p.CourseID)
			}
		}
		if parts > r.Amount {
			f.add("I5", "refund %s is of %s yuan, its lines of %s", r.OutRefundNo, r.Amount.Yuan(), parts.Yuan())
		}
	}
}

// checkEffects is I7: a duty that is done has left what it is for.
func checkEffects(o *Order, f *findings, a Around) {
	for _, id := range o.NoticesDue() {
		if !a.Told[id] {
			f.add("I7", "the buyer's notice %s is missing", id)
		}
	}
	for _, l := range o.RefundBook().granted() {
		if l.FreeStage() && a.Trials[l.CourseID] != o.ID {
			f.add("I7", "the free stage of %s is granted, and the trial is not this order's", l.CourseID)
		}
	}
}

// NoticesDue are the ids of the notices that must be in the buyer's inbox by now.
func (o *Order) NoticesDue() (ids []string) {
	done := func(n DutyName) bool { d := o.Duties[n]; return d != nil && d.Done }
	if done(DutyTell) {
		ids = append(ids, NoticeID(o.UserID, NoticeOrderFulfilled, o.ID))
	}
	for _, r := range o.Refunds {
		switch {
		case r.State != RefundSucceeded:
		case r.Duplicate && done(DutyTellPaidBack):
			ids = append(ids, NoticeID(o.UserID, NoticePaidBack, r.OutRefundNo))
		case !r.Duplicate && done(DutyTellRefunded):
			ids = append(ids, NoticeID(o.UserID, NoticeOrderRefunded, r.OutRefundNo))
		}
	}
	return ids
}

// checkHistory is the part of I8 about the audit: every state was come to by a move of the
// table, and every move has its row. While the order is due to be looked at, a row may still be on
// its way.
func checkHistory(o *Order, f *findings, a Around) {
	state := OrderState("")
	for i, r := range o.History {
		if r.V != int64(i+1) || r.From != state || !CanMove(r.Move, r.From, r.To) {
			f.add("I8", "move %d of its history is %s from %q to %q, after %q", i+1, r.Move, r.From, r.To, state)
		}
		state = r.To
	}
	if state != o.State && o.CloseReason != CloseAbandoned {
		f.add("I8", "it is %s, and its history ends at %q", o.State, state)
	}
	if a.Audited > len(o.History) || a.Audited < len(o.History) && !a.Due {
		f.add("I8", "%d moves and %d rows in the audit", len(o.History), a.Audited)
	}
}

// checkHeld is the part of I8 about being remembered.
func checkHeld(o *Order, f *findings, a Around) {
	if _, more := o.NextLook(); more && !a.Due {
		f.add("I8", "something is still to be done and no wakeup is there")
	}
	if !o.Opens() {
		return
	}
	for _, l := range o.Lines {
		if holder := a.Claims[l.CourseID]; holder != o.ID {
			f.add("I8", "it is open and does not hold course %s (holder %q)", l.CourseID, holder)
		}
	}
}

// checkLimits is the part of I8 about time.
func checkLimits(o *Order, f *findings, now time.Time) {
	switch {
	case o.State == OrderPending && now.Sub(o.ExpiresAt) > closeWithin:
		f.add("I8", "pending %s beyond its time", now.Sub(o.ExpiresAt).Round(time.Second))
	case o.State == OrderClosing && now.Sub(closeableAt(o)) > stuckAfter:
		f.add("I8", "closing for %s longer than it had to", now.Sub(closeableAt(o)).Round(time.Second))
	}
	for name, d := range o.Duties {
		if age := now.Sub(d.since()); !d.Done && age > stuckAfter {
			f.add("I8", "duty %s undone for %s after %d tries (%s)", name, age.Round(time.Second), d.Tries, d.Error)
		}
	}
	for i := range o.Refunds {
		o.Refunds[i].checkLimits(f, now)
	}
}

// closeableAt is the earliest time at which WeChat closes the last attempt of a closing order.
func closeableAt(o *Order) (at time.Time) {
	if o.ClosingAt != nil {
		at = *o.ClosingAt
	}
	for _, a := range o.Attempts {
		if t := a.CreatedAt.Add(closeAfter); a.Open() && t.After(at) {
			at = t
		}
	}
	return at
}

func (r *Refund) checkLimits(f *findings, now time.Time) {
	age := now.Sub(r.CreatedAt).Round(time.Second)
	switch {
	case !r.Open():
	case now.Sub(r.AskAt()) > stuckAfter:
		f.add("I8", "WeChat was to be asked about refund %s at %s", r.OutRefundNo, r.AskAt().UTC().Format(time.RFC3339))
	case !r.Accepted() && age > acceptWithin, age > refundsWithin:
		f.add("I8", "refund %s is %s for %s", r.OutRefundNo, r.State, age)
	}
}

// CheckEnrolment holds an enrolment against the orders of its grants: I2 (no access without
// its paid, unrefunded order) and I3 (one enrolment per learner and course, and in it no two
// grants for the same). order finds an order by its id, nil where there is none.
func CheckEnrolment(e *Enrolment, order func(id string) *Order) []Violation {
	f := &findings{object: "enrolment:" + e.ID}
	if e.ID != EnrolmentID(e.UserID, e.CourseID) {
		f.add("I3", "it is of learner %s and course %s", e.UserID, e.CourseID)
	}
	orders := map[string]bool{}
	for i, g := range e.Grants {
		if orders[g.OrderID] {
			f.add("I3", "order %s has two grants", g.OrderID)
		}
		orders[g.OrderID] = true
		e.checkGrant(f, g, order(g.OrderID))
		for _, h := range e.Grants[:i] {
			if clash := g.clashes(h); clash != "" {
				f.add("I3", "orders %s and %s both hold %s", h.OrderID, g.OrderID, clash)
			}
		}
	}
	return f.all
}

// checkGrant is I2. A grant that differs from what its order's refunds make of it is still
// fine while the duty that will put it right is to be done.
func (e *Enrolment) checkGrant(f *findings, g Grant, o *Order) {
	if g.State == GrantRevoked {
		return
	}
	if o == nil || o.UserID != e.UserID || !everPaid(o) && o.State != OrderException {
		f.add("I2", "the grant of order %s has no paid order of this learner", g.OrderID)
		return
	}
	i := slices.IndexFunc(o.Lines, func(l OrderLine) bool { return l.CourseID == e.CourseID })
	if i < 0 || o.Lines[i].Result == LineRefused || o.Lines[i].Result == "" && o.State != OrderPaid {
		f.add("I2", "order %s was not for this course, or the line was refused", g.OrderID)
		return
	}
	if !owesDuty(o, DutyFreeze) && !owesDuty(o, DutyRevoke) && o.RefundBook().Grants(e.CourseID) != g.State {
		f.add("I2", "the grant of order %s is %s, by its refunds it is %s", g.OrderID, g.State, o.RefundBook().Grants(e.CourseID))
	}
}

func owesDuty(o *Order, name DutyName) bool {
	d := o.Duties[name]
	return d != nil && !d.Done
}

// clashes says what two grants both give that one may give only once, "" for nothing. A full
// price may begin while a stage still runs.
func (g Grant) clashes(h Grant) string {
	switch {
	case g.State == GrantRevoked || h.State == GrantRevoked:
		return ""
	case g.Kind == KindLifetime && h.Kind == KindLifetime:
		return "the full price"
	case g.Kind == KindStage && h.Kind == KindStage && g.Stage == h.Stage:
		return fmt.Sprintf("stage %d", g.Stage)
	case g.Until != nil && h.Until != nil && g.From.Before(*h.Until) && h.From.Before(*g.Until):
		return "the same days"
	}
	return ""
}

// CheckNotice is I7 for what a reader sees: a notice stands under its own key, so that there
// are no two for one thing.
func CheckNotice(n *Notice) []Violation {
	if strings.HasPrefix(n.ID, n.UserID+":"+n.Kind+":") {
		return nil
	}
	return []Violation{{"I7", "notice:" + n.ID, "it is not under its own key, so the reader may have two"}}
}

// CheckClaim is the other half of I8 about claims: a claim belongs to an open order, or to an
// order that is due to be looked at. o is nil where there is no such order; fresh says that it may
// still be written.
func CheckClaim(id, orderID string, o *Order, due, fresh bool) []Violation {
	f := &findings{object: "claim:" + id}
	switch {
	case due || o != nil && o.Opens():
	case o == nil && !fresh:
		f.add("I8", "order %s, which holds the course, does not exist", orderID)
	case o != nil:
		f.add("I8", "order %s, which holds the course, is %s", orderID, o.State)
	}
	return f.all
}

package modeltest

import (
	"fmt"
	"slices"

	"mstm/shop"
)

// What must hold of orders and enrolments at any moment, whatever was killed, and what the
// model makes of them.

// legal says where an order may go from where.
var legal = map[shop.OrderState][]shop.OrderState{
	"":                          {"pending", "paid"},
	shop.OrderPending:           {"paid", "closing", "exception"},
	shop.OrderClosing:           {"closed", "paid", "exception"},
	shop.OrderClosed:            {"paid", "exception"},
	shop.OrderPaid:              {"fulfilled", "exception"},
	shop.OrderFulfilled:         {"refunding", "exception"},
	shop.OrderRefunding:         {"refunding", "partially_refunded", "refunded", "exception"},
	shop.OrderPartiallyRefunded: {"refunding", "exception"},
	shop.OrderRefunded:          {"exception"},
	shop.OrderException:         {},
}

// checkOrder looks at an order's moves since the last time, and at its money.
func (h *history) checkOrder(o *shop.Order) {
	if len(o.History) < h.moves[o.ID] {
		h.fail("%s has lost moves", h.name(o.ID))
	}
	state := shop.OrderState("")
	for _, r := range o.History {
		if r.From != state || !slices.Contains(legal[state], r.To) {
			h.fail("%s went from %q to %q", h.name(o.ID), r.From, r.To)
		}
		state = r.To
	}
	if state != o.State {
		h.fail("%s is %s, but moved to %s last", h.name(o.ID), o.State, state)
	}
	h.moves[o.ID] = len(o.History)
	h.checkLines(o)
	h.checkMoney(o)
}

// checkLines wants the lines as they were frozen, and their prices to make up the total.
func (h *history) checkLines(o *shop.Order) {
	var total shop.Fen
	text := ""
	for _, l := range o.Lines {
		total += l.Price
		text += fmt.Sprint(l.CourseID, l.PolicyID, l.Version, l.List, l.Credit, l.Price, ";")
	}
	if total != o.Total {
		h.fail("%s costs %d, its lines %d", h.name(o.ID), o.Total, total)
	}
	if was, seen := h.lines[o.ID]; seen && was != text {
		h.fail("the lines of %s changed from %s to %s", h.name(o.ID), was, text)
	}
	h.lines[o.ID] = text
}

// checkMoney wants no more paid than WeChat took, and no more back than was paid.
func (h *history) checkMoney(o *shop.Order) {
	var settled int
	for _, a := range o.Attempts {
		if !a.Succeeded() {
			continue
		}
		if c := h.charges[a.OutTradeNo]; c == nil || c.amount != a.Amount {
			h.fail("attempt %s of %s is %s, and WeChat took %+v", a.OutTradeNo, h.name(o.ID), a.State, c)
		}
		if a.State == shop.AttemptSucceeded && o.State != shop.OrderException {
			settled++
		}
	}
	want := map[bool]int{true: 1}[o.Paid > 0]
	if o.State != shop.OrderException && settled != want {
		h.fail("%s has paid %d by %d attempts", h.name(o.ID), o.Paid, settled)
	}
	if o.Paid != 0 && o.Paid != o.Total {
		h.fail("%s costs %d and counts as paid with %d", h.name(o.ID), o.Total, o.Paid)
	}
	if o.Refunded < 0 || o.Refunded > o.Paid {
		h.fail("%s has %d of %d refunded", h.name(o.ID), o.Refunded, o.Paid)
	}
}

// checkOpen wants no more than one open order per course.
func (h *history) checkOpen() {
	open := map[string]string{}
	for _, o := range h.orders {
		if !o.Opens() {
			continue
		}
		for _, l := range o.Lines {
			if other := open[l.CourseID]; other != "" {
				h.fail("%s and %s are both open for course %s", h.name(other), h.name(o.ID), l.CourseID)
			}
			open[l.CourseID] = o.ID
		}
	}
}

// pastOf is what the learner had of a course by the model's own rules, checked against the
// enrolment. The grants of one order may be left out.
func (h *history) pastOf(c *course, without string) (p past) {
	e, err := h.enrolment(c.id)
	h.must(err)
	if e == nil {
		h.checkGranted(c, nil)
		return nil
	}
	for _, g := range e.Grants {
		if g.OrderID == without {
			continue
		}
		p = h.believe(c, p, g)
	}
	if without == "" {
		h.checkGranted(c, e)
	}
	return p
}

// believe adds one grant to a past, if there is a paid line for it.
func (h *history) believe(c *course, p past, g shop.Grant) past {
	o := h.order(g.OrderID)
	if o == nil {
		h.fail("course %s was granted for %s, which there is not", c.id, g.OrderID)
	}
	i := slices.IndexFunc(o.Lines, func(l shop.OrderLine) bool { return l.CourseID == c.id })
	if i < 0 || o.PaidAt == nil && o.Total > 0 {
		h.fail("course %s was granted for %s, which has not paid for it", c.id, h.name(o.ID))
	}
	if p.any(func(x had) bool { return x.order == o.ID }) {
		h.fail("course %s was granted twice for %s", c.id, h.name(o.ID))
	}
	l := o.Lines[i]
	x := had{
		order: o.ID, policy: l.PolicyID, free: l.List == 0, paid: l.Price, version: c.versionAt(g.At), at: g.At, creditFrom: l.CreditOrders,
	}
	x.refunds(o, c.id)
	if x.stage() > 0 && p.any(func(y had) bool { return y.policy == x.policy && !y.revoked && !x.revoked }) {
		h.fail("stage %d of course %s is held twice", x.stage(), c.id)
	}
	undone := func(y had) bool { return y.revoked && !y.revokedAt.After(x.at) }
	q := p.grant(x, undone)
	if last := q[len(q)-1]; h.killed() > 0 && !last.from.Equal(g.From) {
		// Its refund had gone through, but the process that should have revoked it was killed.
		q = p.grant(x, func(had) bool { return false })
	}
	h.checkGrant(c, o, q[len(q)-1], g)
	return q
}

// refunds notes what the refunds of an order make of its grant.
func (x *had) refunds(o *shop.Order, courseID string) {
	for _, r := range o.Refunds {
		for _, part := range r.Lines {
			if part.CourseID != courseID {
				continue
			}
			switch r.State {
			case shop.RefundSucceeded:
				x.back += part.Amount
				if part.Revokes {
					x.revoked, x.revokedAt = true, *r.DoneAt
				}
			case shop.RefundClosed, shop.RefundRejected:
			default:
				x.frozen = x.frozen || part.Revokes
			}
		}
	}
	if x.revoked {
		x.frozen = false
	}
}

// checkGrant compares a grant with what it must be.
func (h *history) checkGrant(c *course, o *shop.Order, x had, g shop.Grant) {
	same := g.PolicyID == x.policy && g.From.Equal(x.from) && g.Version == x.version && g.Paid == x.paid && g.Free == x.free
	if x.lifetime() {
		same = same && g.Until == nil
	} else {
		same = same && g.Until != nil && g.Until.Equal(x.until)
	}
	if !same {
		h.fail("course %s was granted for %s as\n%+v (until %v), but is\n%+v", c.id, h.name(o.ID), g, g.Until, x)
	}
	if !h.exact || h.loose {
		return
	}
	state := shop.GrantLive
	switch {
	case x.revoked:
		state = shop.GrantRevoked
	case x.frozen:
		state = shop.GrantFrozen
	}
	if g.State != state || g.Refunded != x.back {
		h.fail("the grant of course %s for %s is %s with %d refunded, not %s with %d", c.id, h.name(o.ID), g.State, g.Refunded, state, x.back)
	}
}

// checkGranted wants each line that says so to be granted.
func (h *history) checkGranted(c *course, e *shop.Enrolment) {
	for _, o := range h.orders {
		for _, l := range o.Lines {
			if l.CourseID != c.id || l.Result != shop.LineGranted {
				continue
			}
			if _, ok := e.Grant(o.ID); !ok {
				h.fail("%s says that course %s is granted, and it is not", h.name(o.ID), c.id)
			}
		}
	}
}

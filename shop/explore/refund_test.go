package explore

import (
	"fmt"

	"mstm/shop"
)

// refundAsked are the refunds that the buyer or finance may ask for: a process reads the
// order and its enrolments and decides.
func (o *order) refundAsked(w *world, i int) (all []act) {
	asked := 0
	for _, r := range o.doc.Refunds {
		if !r.Duplicate && r.Reason == "asked" {
			asked++
		}
	}
	if o.asking != nil || asked >= w.refunds {
		return nil
	}
	for _, finance := range []bool{false, true} {
		if w.gone && !finance {
			continue
		}
		a := &asking{finance: finance, seen: map[string]*shop.Enrolment{}}
		for _, l := range o.doc.Lines {
			a.seen[l.CourseID] = w.enrolments[l.CourseID]
		}
		if _, err := a.quote(w, o.doc); err != nil {
			continue
		}
		by := map[bool]string{true: "finance decides on a refund of half", false: "buyer asks for a refund"}[finance]
		all = append(all, named(i, by, func(_ *world, o *order) { o.asking = a }))
	}
	return all
}

// quote is what the process gives back, by the enrolments that it has read.
func (a *asking) quote(w *world, d *shop.Order) (shop.OrderRefund, error) {
	if a.finance {
		half := max(1, (d.Paid-d.Refunded)/2)
		return shop.FinanceRefund(d, shop.RefundRequest{Amount: &half}, func(course string) *shop.Enrolment { return a.seen[course] }, w.now())
	}
	return shop.RefundOrder(d, func(course string) shop.Learning { return shop.Learning{Enrolment: a.seen[course], Lessons: 10} }, w.now())
}

// askActs take the process on: the order owes its grants a look, the grants are frozen if
// they are still those that were read, the refund is written down.
func (o *order) askActs(i int) []act {
	if o.asking == nil {
		return nil
	}
	name := [...]string{"the order owes its grants a look", "the grants are frozen for the refund", "the refund is written down"}[o.asking.step]
	return []act{
		named(i, name, func(w *world, o *order) { o.askNext(w) }),
		named(i, "the process that asked dies", func(_ *world, o *order) { o.asking = nil }),
	}
}

func (o *order) askNext(w *world) {
	a := *o.asking
	o.asking = &a
	q, err := a.quote(w, o.doc)
	if err != nil {
		o.asking = nil
		return
	}
	switch a.step {
	case 0:
		o.doc.RefundBook().OweGrants(w.now())
	case 1:
		if !w.freeze(o.doc.ID, q, &a) {
			o.asking = nil
			return
		}
	case 2:
		o.doc.RefundBook().Begin(q, "asked", learner, w.now())
		if w.fault == "a refund gives back more than was paid" {
			o.doc.Refunds[len(o.doc.Refunds)-1].Amount += o.doc.Paid
		}
		o.addRefunds()
		o.asking = nil
	}
	a.step++
}

// freeze stops the grants that a refund ends, if they are as they were read.
func (w *world) freeze(id string, q shop.OrderRefund, a *asking) bool {
	for _, l := range q.Lines {
		if l.Problem != "" || !l.EndsAccess {
			continue
		}
		if w.enrolments[l.CourseID].V != a.seen[l.CourseID].V {
			return false
		}
		w.change(l.CourseID, func(e *shop.Enrolment) bool { return e.Freeze(id) })
	}
	return true
}

// submitActs hand a refund to WeChat, and ask about it.
func (o *order) submitActs(i int) (all []act) {
	for r, at := range o.refunds {
		refund := &o.doc.Refunds[r]
		if !refund.Open() {
			continue
		}
		name := func(what string) string { return fmt.Sprintf("%s refund %d", what, r+1) }
		switch {
		case refund.State == shop.RefundApproved:
			all = append(all, named(i, name("the shop submits"), func(w *world, o *order) {
				o.doc.RefundBook().Answered(o.doc.Refunds[r].OutRefundNo, shop.RefundSubmitted, w.now())
				o.refunds[r].call = true
			}))
		case at.state == "" && !at.call:
			all = append(all, named(i, name("the shop submits again"), func(_ *world, o *order) { o.refunds[r].call = true }))
		}
	}
	return all
}

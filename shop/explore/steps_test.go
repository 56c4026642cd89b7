package explore

import (
	"fmt"
	"iter"
	"slices"

	"mstm/shop"
)

// act is one step that can be taken now: it changes the world that it is given.
type act struct {
	name string
	do   func(*world)
}

// steps yields each step with the world after it.
func (w *world) steps() iter.Seq2[string, *world] {
	return func(yield func(string, *world) bool) {
		for _, a := range w.acts() {
			next := w.clone()
			a.do(next)
			if !yield(a.name, next) {
				return
			}
		}
	}
}

func (w *world) acts() []act {
	all := w.buyerActs()
	for i, o := range w.orders {
		all = append(all, o.weChatActs(i)...)
		all = append(all, o.shopActs(w, i)...)
	}
	if w.moment < w.until && !w.busy() {
		all = append(all, act{"time passes", (*world).pass})
	}
	return all
}

// busy reports whether the shop still has something to do at once: no half hour passes before.
func (w *world) busy() bool {
	return slices.ContainsFunc(w.orders, func(o *order) bool {
		_, due := o.doc.NextDuty(w.now())
		r := o.doc.RefundBook().Due(w.now())
		return due || r != nil && r.State == shop.RefundApproved
	})
}

// pass goes on to the next moment. WeChat was asked about its refunds, and had no news.
func (w *world) pass() {
	w.moment++
	for _, o := range w.orders {
		for r := range o.doc.Refunds {
			if o.doc.Refunds[r].Open() {
				o.doc.Refunds[r].Asked(w.now())
			}
		}
	}
}

// named makes an act about one order.
func named(i int, name string, do func(w *world, o *order)) act {
	return act{fmt.Sprintf("order %d: %s", i+1, name), func(w *world) { do(w, w.orders[i]) }}
}

// buyerActs are what the buyer may do next.
func (w *world) buyerActs() (all []act) {
	if w.deletes && !w.gone {
		all = append(all, act{"buyer deletes the account", func(w *world) { w.gone = true }})
	}
	if n := len(w.orders); n < len(w.scenario.orders) && !w.gone {
		all = append(all, w.placing(n)...)
	}
	for i, o := range w.orders {
		all = append(all, o.buyerActs(w, i)...)
	}
	return all
}

// placing places the next order, or makes room for it.
func (w *world) placing(n int) []act {
	lines := w.scenario.orders[n]
	for _, l := range lines {
		holder, held := w.claims[l.CourseID]
		if !held {
			continue
		}
		i := slices.IndexFunc(w.orders, func(o *order) bool { return o.doc.ID == holder })
		if d := w.orders[i].doc; d.State == shop.OrderPending || d.State == shop.OrderClosing && d.CloseReason != shop.CloseSuperseded {
			return []act{named(i, "gives way to the next", func(w *world, o *order) { o.doc.Hurry(w.now()) })}
		}
		return nil
	}
	if !w.mayBuy(lines) {
		return nil
	}
	return []act{{fmt.Sprintf("buyer places order %d", n+1), func(w *world) {
		doc := shop.NewOrder(fmt.Sprintf("o%d", n+1), learner, slices.Clone(lines), w.now())
		for _, l := range lines {
			w.claims[l.CourseID] = doc.ID
		}
		w.orders = append(w.orders, &order{doc: doc})
	}}}
}

// mayBuy reports whether the lines can be granted to the learner as things stand.
func (w *world) mayBuy(lines []shop.OrderLine) bool {
	for _, l := range lines {
		if l.FreeStage() && w.trials[l.CourseID] != "" {
			return false
		}
		if _, err := cloneEnrolment(w.enrolment(l.CourseID)).Add("probe", l, 1, l.Price, l.List == 0, w.now()); err != nil {
			return false
		}
	}
	return true
}

// enrolment is the learner's in a course, an empty one where there is none.
func (w *world) enrolment(course string) *shop.Enrolment {
	if e := w.enrolments[course]; e != nil {
		return e
	}
	return shop.NewEnrolment(learner, course, w.now())
}

// change writes an enrolment, as the store does: with its version.
func (w *world) change(course string, do func(*shop.Enrolment) bool) {
	e := cloneEnrolment(w.enrolment(course))
	if do(e) {
		e.V++
		w.enrolments[course] = e
	}
}

func (o *order) buyerActs(w *world, i int) (all []act) {
	d := o.doc
	payable := !w.gone && d.State == shop.OrderPending && w.now().Before(d.ExpiresAt)
	open := d.OpenAttempt()
	if payable && open == nil && len(d.Attempts) < w.attempts {
		all = append(all, named(i, "buyer asks for a way to pay", func(w *world, o *order) {
			if _, err := o.doc.AddAttempt(shop.ChannelNative, shop.Payer{}, w.now()); err == nil {
				o.trades = append(o.trades, trade{prepaying: true})
			}
		}))
	}
	if payable && open != nil && open.State == shop.AttemptReady && len(d.Attempts) < w.attempts {
		all = append(all, named(i, "buyer asks for another way to pay", func(_ *world, o *order) {
			o.doc.OpenAttempt().State = shop.AttemptUnknown
		}))
	}
	if d.State == shop.OrderPending && !w.gone {
		all = append(all, named(i, "buyer cancels", func(w *world, o *order) { _ = o.doc.Close(shop.CloseUser, w.now(), learner) }))
	}
	if d.State == shop.OrderPending && w.takeDown {
		all = append(all, named(i, "its course is taken down", func(w *world, o *order) { o.doc.TakeDown(w.now(), "editor") }))
	}
	for t := range o.trades {
		if o.trades[t].state == tradeOpen && w.now().Before(d.ExpiresAt) {
			all = append(all, named(i, fmt.Sprintf("buyer pays trade %d", t+1), func(_ *world, o *order) { o.trades[t].state = tradePaid }))
		}
	}
	return append(all, o.refundAsked(w, i)...)
}

// weChatActs are messages that arrive, and what WeChat decides by itself. One that never
// arrives is lost; all but the calls of the shop may arrive again.
func (o *order) weChatActs(i int) (all []act) {
	for t, tr := range o.trades {
		name := func(what string) string { return fmt.Sprintf("%s of trade %d", what, t+1) }
		if tr.prepaying {
			all = append(all, named(i, name("WeChat hears the prepay"), func(w *world, o *order) { o.prepaid(w, t) }))
		}
		if tr.answering {
			all = append(all, named(i, name("the shop hears the answer to the prepay"), func(w *world, o *order) {
				o.trades[t].answering = false
				o.doc.AttemptReady(o.doc.Attempts[t].OutTradeNo, "weixin://", "", nil, w.now())
			}))
		}
		if tr.unknown {
			all = append(all, named(i, name("the shop hears that WeChat does not know the number"), func(_ *world, o *order) {
				o.trades[t].unknown = false
				o.closeAttempt(t)
			}))
		}
		if tr.state == tradePaid {
			all = append(all, named(i, name("callback"), func(w *world, o *order) { o.settle(w, t, "wechat", w.gone) }))
			all = append(all, named(i, name("callback, by a process that read the account before,"), func(w *world, o *order) { o.settle(w, t, "wechat", false) }))
		}
	}
	return append(all, o.refundNews(i)...)
}

func (o *order) prepaid(w *world, t int) {
	tr := &o.trades[t]
	tr.prepaying = false
	if tr.state == tradeNone && w.now().Before(o.doc.ExpiresAt) {
		tr.state = tradeOpen
	}
	tr.answering = tr.state == tradeOpen
}

func (o *order) closeAttempt(t int) {
	if a := &o.doc.Attempts[t]; a.Open() {
		a.State = shop.AttemptClosed
	}
}

// refundNews: a call of the shop arrives, WeChat decides, and reports its decision.
func (o *order) refundNews(i int) (all []act) {
	for r, at := range o.refunds {
		name := func(what string) string { return fmt.Sprintf("%s refund %d", what, r+1) }
		decide := func(what string, state shop.RefundState) act {
			return named(i, name(what), func(_ *world, o *order) { o.refunds[r].state = state })
		}
		if at.call {
			all = append(all, named(i, name("WeChat hears of"), func(_ *world, o *order) {
				o.refunds[r].call = false
				if o.refunds[r].state == "" {
					o.refunds[r].state = shop.RefundProcessing
				}
			}))
		}
		if at.state == shop.RefundProcessing {
			all = append(all, decide("WeChat pays out", shop.RefundSucceeded), decide("WeChat gives up", shop.RefundClosed))
		}
		if at.state != "" {
			all = append(all, named(i, name("callback of"), func(w *world, o *order) { o.refundAnswered(w, r) }))
		}
	}
	return all
}

// refundAnswered: what WeChat says of a refund reaches the order.
func (o *order) refundAnswered(w *world, r int) {
	d := o.doc
	d.RefundBook().Answered(d.Refunds[r].OutRefundNo, o.refunds[r].state, w.now())
	if w.fault == "a refund that went through revokes nothing" {
		delete(d.Duties, shop.DutyRevoke)
	}
}

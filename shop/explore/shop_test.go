package explore

import (
	"fmt"
	"slices"

	"mstm/shop"
)

// shopActs are the steps of the shop's processes: each at most one write. A process that
// never takes its next step has died.
func (o *order) shopActs(w *world, i int) (all []act) {
	d := o.doc
	for t := range o.trades {
		all = append(all, o.attemptActs(i, t)...)
	}
	switch {
	case d.State == shop.OrderPending && !w.now().Before(d.ExpiresAt):
		all = append(all, named(i, "its time is over", func(w *world, o *order) { _ = o.doc.Close(shop.CloseTimeout, w.now(), "sweeper") }))
	case d.State == shop.OrderClosing && d.OpenAttempt() == nil:
		all = append(all, named(i, "closed", func(w *world, o *order) { o.doc.Closed(w.now()) }))
	}
	if !d.Opens() && w.holds(d) {
		all = append(all, named(i, "lets its courses go", func(w *world, o *order) { w.release(o.doc) }))
	}
	all = append(all, o.dutyActs(i)...)
	all = append(all, o.grantActs(w, i)...)
	all = append(all, o.followActs(i)...)
	all = append(all, o.askActs(i)...)
	return append(all, o.submitActs(i)...)
}

func (w *world) holds(d *shop.Order) bool {
	return slices.ContainsFunc(d.Lines, func(l shop.OrderLine) bool { return w.claims[l.CourseID] == d.ID })
}

func (w *world) release(d *shop.Order) {
	for _, l := range d.Lines {
		if w.claims[l.CourseID] == d.ID {
			delete(w.claims, l.CourseID)
		}
	}
}

// attemptActs ask WeChat about a trade, try its prepay again, and close it.
func (o *order) attemptActs(i, t int) (all []act) {
	d, a, tr := o.doc, &o.doc.Attempts[t], o.trades[t]
	if !a.Open() || d.State == shop.OrderException {
		return nil
	}
	name := func(what string) string { return fmt.Sprintf("%s trade %d", what, t+1) }
	switch {
	case tr.state == tradePaid:
		all = append(all, named(i, name("query says paid:"), func(w *world, o *order) { o.settle(w, t, "query", w.gone) }))
	case tr.state == tradeClosed:
		all = append(all, named(i, name("query says closed:"), func(_ *world, o *order) { o.closeAttempt(t) }))
	}
	if a.State == shop.AttemptNew {
		all = append(all, named(i, name("no answer to the prepay of"), func(_ *world, o *order) { o.doc.Attempts[t].State = shop.AttemptUnknown }))
	}
	if a.State == shop.AttemptUnknown && d.State == shop.OrderPending && !tr.prepaying {
		all = append(all, named(i, name("prepay again for"), func(_ *world, o *order) { o.trades[t].prepaying = true }))
	}
	if (d.State != shop.OrderPending || a.State == shop.AttemptUnknown) && (tr.state == tradeOpen || tr.state == tradeNone && !tr.unknown) {
		all = append(all, named(i, name("the shop closes it at WeChat"), func(_ *world, o *order) {
			if o.trades[t].state == tradeOpen {
				o.trades[t].state = tradeClosed
			} else {
				o.trades[t].unknown = true
			}
		}))
	}
	return all
}

// settle applies a payment. Whether a closed order is still wanted is looked up, and its
// courses claimed, before the write. So is whether the account is gone.
func (o *order) settle(w *world, t int, by string, gone bool) {
	d := o.doc
	p := shop.Payment{
		OutTradeNo: d.Attempts[t].OutTradeNo, TransactionID: fmt.Sprintf("%st%d", d.ID, t), AppID: merchant.AppID, MchID: merchant.MchID,
		Currency: "CNY", Total: d.Total, Paid: true, PaidAt: w.now(), Openid: "openid",
	}
	if d.SettledBy(p) {
		return
	}
	wanted := w.fault == "a late payment always revives its order" || d.State == shop.OrderClosed && w.claim(d) && w.mayBuy(d.Lines)
	before := d.State
	d.BuyerGone = d.BuyerGone || gone && d.Unsettled()
	did := d.Settle(p, merchant, wanted, w.now(), by)
	o.addRefunds()
	switch {
	case w.fault == "a paid order forgets to grant" && did == shop.SettledPaid:
		delete(d.Duties, shop.DutyEnrol)
	case w.fault == "a second payment is kept" && did == shop.SettledDuplicate:
		d.Refunds, o.refunds = d.Refunds[:len(d.Refunds)-1], o.refunds[:len(o.refunds)-1]
	case w.fault == "a payment while closing counts twice" && before == shop.OrderClosing:
		d.Paid *= 2
	}
}

// claim takes the order's courses for it again, all or none.
func (w *world) claim(d *shop.Order) bool {
	for _, l := range d.Lines {
		if holder := w.claims[l.CourseID]; holder != "" && holder != d.ID {
			return false
		}
	}
	for _, l := range d.Lines {
		w.claims[l.CourseID] = d.ID
	}
	return true
}

// addRefunds makes room for WeChat's side of refunds that the order has begun.
func (o *order) addRefunds() {
	for len(o.refunds) < len(o.doc.Refunds) {
		r := o.doc.Refunds[len(o.refunds)]
		o.refunds = append(o.refunds, atWeChat{state: map[bool]shop.RefundState{true: shop.RefundSucceeded}[r.State == shop.RefundSucceeded]})
	}
}

// small are the duties that nothing else depends on. A process does those that are due and notes
// all of them in one write later, which may be another one's: of that only the delay is new here.
var small = []shop.DutyName{
	shop.DutyAnnouncePaid, shop.DutyCart, shop.DutyCount, shop.DutyTell, shop.DutyTellRefunded, shop.DutyTellPaidBack, shop.DutyAnnounceClosed,
}

// dutyActs are the order's duties but for those that are processes of their own.
func (o *order) dutyActs(i int) (all []act) {
	switch {
	case o.noting != nil:
		all = append(all, named(i, "small duties are noted", func(_ *world, o *order) { o.noteSmall() }),
			named(i, "the process that did small duties dies", func(_ *world, o *order) { o.noting = nil }))
	case slices.ContainsFunc(small, o.owes):
		all = append(all, named(i, "small duties are done", func(w *world, o *order) { o.doSmall(w) }))
	}
	if o.owes(shop.DutyRefundRefused) {
		all = append(all, named(i, "refused lines are paid back", func(w *world, o *order) {
			if w.fault != "the money of a refused line stays with the shop" && o.doc.RefundBook().RefundRefused(w.now()) {
				o.addRefunds()
				return // the duty is noted as done by another write
			}
			o.done(shop.DutyRefundRefused)
		}))
	}
	if o.owes(shop.DutyBuyer) {
		all = append(all, named(i, "the account is looked at again", func(w *world, o *order) {
			if w.gone && w.fault != "the account is not looked at again" && o.doc.RefundBook().LoseBuyer(w.now()) {
				o.addRefunds()
				return // the duty is noted as done by another write
			}
			o.done(shop.DutyBuyer)
		}))
	}
	return all
}

func (o *order) owes(name shop.DutyName) bool {
	d := o.doc.Duties[name]
	return d != nil && !d.Done
}

func (o *order) done(name shop.DutyName) { o.doc.DutyDone(name, o.doc.Duties[name].Owed) }

func (o *order) doSmall(w *world) {
	o.noting = map[shop.DutyName]int{}
	after := o.doc.Clone()
	for _, name := range small {
		if o.owes(name) {
			o.noting[name] = o.doc.Duties[name].Owed
			after.DutyDone(name, o.noting[name])
		}
	}
	if w.fault == "the buyer gets no notice" {
		return
	}
	for _, id := range after.NoticesDue() {
		w.told[id] = true
	}
}

func (o *order) noteSmall() {
	for name, owed := range o.noting {
		o.doc.DutyDone(name, owed)
	}
	o.noting = nil
}

// grantActs are up to two processes that grant the same order: each line is a write of its
// enrolment, the last write moves the order on. A third begins where one has died.
func (o *order) grantActs(w *world, i int) (all []act) {
	if o.owes(shop.DutyEnrol) && o.doc.State == shop.OrderPaid && len(o.granted) < 2 {
		all = append(all, named(i, "a process begins to grant", func(w *world, o *order) { o.granted = append(o.granted, granting{gone: w.gone}) }))
	}
	for g := range o.granted {
		if len(o.granted[g].results) < len(o.doc.Lines) {
			all = append(all, named(i, fmt.Sprintf("process %d grants a line", g+1), func(w *world, o *order) { o.grantNext(w, g) }))
			continue
		}
		all = append(all, named(i, fmt.Sprintf("process %d moves the order on", g+1), func(w *world, o *order) { o.fulfil(w, g) }))
	}
	return all
}

func (o *order) grantNext(w *world, g int) {
	p := &o.granted[g]
	l := o.doc.Lines[len(p.results)]
	if p.gone {
		w.change(l.CourseID, func(e *shop.Enrolment) bool { return e.Withhold(o.doc.ID, l, w.now()) })
		p.results = append(p.results, shop.LineRefused)
		return
	}
	p.results = append(p.results, w.grant(o.doc.ID, l))
}

// grant is one line's: the trial before the grant, for the free stage.
func (w *world) grant(id string, l shop.OrderLine) shop.LineResult {
	if l.FreeStage() && w.fault != "the free stage is granted without its trial" {
		if holder := w.trials[l.CourseID]; holder != "" && holder != id {
			return shop.LineRefused
		}
		w.trials[l.CourseID] = id
	}
	result := shop.LineGranted
	w.change(l.CourseID, func(e *shop.Enrolment) bool {
		if g, there := e.Grant(id); there {
			if g.State == shop.GrantRevoked {
				result = shop.LineRefused
			}
			return false
		}
		if _, err := e.Add(id, l, 1, l.Price, l.List == 0, w.now()); err != nil {
			result = shop.LineRefused
			return false
		}
		return w.fault != "an order is fulfilled without its grant"
	})
	return result
}

func (o *order) fulfil(w *world, g int) {
	results, gone := o.granted[g].results, o.granted[g].gone
	o.granted = slices.Delete(o.granted, g, g+1)
	if o.doc.State != shop.OrderPaid {
		return
	}
	for i := range o.doc.Lines {
		o.doc.Lines[i].Result = results[i]
	}
	o.doc.BuyerGone = o.doc.BuyerGone || gone
	o.lost = w.gone
	o.doc.Fulfil(w.now())
	if w.fault == "a refused line is not paid back" {
		delete(o.doc.Duties, shop.DutyRefundRefused)
	}
}

// followActs bring the grants to what the order said when it was read: one enrolment a
// write, then the duty is noted, unless it has come to be owed again.
func (o *order) followActs(i int) (all []act) {
	for _, name := range []shop.DutyName{shop.DutyFreeze, shop.DutyRevoke} {
		if o.owes(name) && o.follow == nil {
			all = append(all, named(i, "a process reads the order for "+string(name), func(_ *world, o *order) {
				o.follow = &following{read: o.doc.Clone(), duty: name}
			}))
		}
	}
	if o.follow == nil {
		return all
	}
	if o.follow.next < len(o.doc.Lines) {
		all = append(all, named(i, "a grant follows", func(w *world, o *order) { o.followNext(w) }))
	} else {
		all = append(all, named(i, "the duty is noted", func(_ *world, o *order) {
			f := o.follow
			o.follow = nil
			o.doc.DutyDone(f.duty, f.read.Duties[f.duty].Owed)
		}))
	}
	return append(all, named(i, "the process that follows dies", func(_ *world, o *order) { o.follow = nil }))
}

func (o *order) followNext(w *world) {
	f := *o.follow
	l := f.read.Lines[f.next]
	f.next++
	o.follow = &f
	if l.Result != shop.LineGranted {
		return
	}
	w.change(l.CourseID, func(e *shop.Enrolment) bool {
		changed := e.SetRefunded(o.doc.ID, f.read.RefundBook().RefundedOf(l.CourseID))
		switch state := f.read.RefundBook().Grants(l.CourseID); {
		case state == shop.GrantRevoked && w.fault != "a refunded course stays open":
			return e.Revoke(o.doc.ID) || changed
		case state == shop.GrantFrozen:
			return e.Freeze(o.doc.ID) || changed
		}
		// A look for the freeze always leaves a new version, so that a step that read the grants earlier cannot
		// freeze them.
		return e.Unfreeze(o.doc.ID) || changed || f.duty == shop.DutyFreeze && w.fault != "a look at the grants leaves no trace"
	})
}

package explore

import (
	"fmt"
	"slices"
	"strings"

	"mstm/shop"
)

// endings are states that are known to end well when they are left alone.
type endings map[digest]bool

// left lets a state come to its end: every process has died, messages under way are lost,
// and the shop does what is due until nothing is. "" where that ends well.
func (known endings) left(w *world) string {
	w = w.clone()
	for _, o := range w.orders {
		o.granted, o.noting, o.follow, o.asking = nil, nil, nil, nil
		for t := range o.trades {
			o.trades[t].prepaying, o.trades[t].answering, o.trades[t].unknown = false, false, false
		}
	}
	var way []digest
	for range 200 {
		key := w.key()
		if known[key] {
			break
		}
		way = append(way, key)
		if next := w.tidy(key); next != nil {
			w = next
			continue
		}
		if bad := w.endsWell(); bad != "" {
			return bad
		}
		known[key] = true
	}
	if !known[w.key()] {
		return "it never comes to an end"
	}
	for _, key := range way {
		known[key] = true
	}
	return ""
}

// tidy takes the first step of the shop, or of WeChat, that changes anything; nil where there is none.
func (w *world) tidy(key digest) *world {
	for i, o := range w.orders {
		for _, a := range append(o.shopActs(w, i), o.weChatActs(i)...) {
			if idle(a.name) {
				continue
			}
			next := w.clone()
			if a.do(next); next.key() != key {
				return next
			}
		}
	}
	next := w.clone()
	if w.moment < len(times)-1 && slices.ContainsFunc(w.orders, func(o *order) bool { return o.doc.Opens() }) {
		next.pass()
		return next
	}
	if next.readBill() {
		return next
	}
	return nil
}

// idle names steps that a state which is left alone does not take: they do not come by themselves.
func idle(name string) bool {
	return slices.ContainsFunc([]string{"no answer", "prepay again", "dies", "gives up", "callback of trade", "callback, by", "deletes"},
		func(part string) bool { return strings.Contains(name, part) })
}

// readBill settles a payment that lost every callback and is not asked about any more: the bill of
// its day names it.
func (w *world) readBill() bool {
	for _, o := range w.orders {
		for t := range o.trades {
			if o.trades[t].state == tradePaid && !o.doc.Attempts[t].Succeeded() {
				o.settle(w, t, "bill", w.gone)
				return true
			}
		}
	}
	return false
}

// endsWell: nothing is owed, nothing is held, and each payment opened its courses or went back.
func (w *world) endsWell() string {
	if bad := w.broken(); bad != "" {
		return bad
	}
	for _, o := range w.orders {
		if bad := o.endsWell(w); bad != "" {
			return fmt.Sprintf("%s (%s): %s", o.doc.ID, o.doc.State, bad)
		}
	}
	return ""
}

func (o *order) endsWell(w *world) string {
	d := o.doc
	for _, name := range courses(d.Duties) {
		if !d.Duties[name].Done {
			return "it still owes " + string(name)
		}
	}
	if w.holds(d) || d.Opens() {
		return "it still holds its courses"
	}
	for t, a := range d.Attempts {
		switch paid := o.trades[t].state == tradePaid; {
		case paid && !a.Succeeded():
			return fmt.Sprintf("trade %d is paid and the shop does not know", t+1)
		case paid && a.State == shop.AttemptDupRefunding && !o.gaveUp(a.OutTradeNo):
			return fmt.Sprintf("trade %d was paid for nothing and did not go back", t+1)
		case !paid && a.Succeeded():
			return fmt.Sprintf("trade %d was never paid and counts", t+1)
		}
	}
	return o.deserved(w)
}

// gaveUp reports whether WeChat gave the refund of a trade up: then people see to it.
func (o *order) gaveUp(outTradeNo string) bool {
	for _, r := range o.doc.Refunds {
		if r.OutTradeNo == outTradeNo && r.State == shop.RefundClosed {
			return true
		}
	}
	return false
}

// deserved: what was paid and not paid back is open, and nothing else is. Nothing is kept of
// an account that was deleted before it had its courses.
func (o *order) deserved(w *world) string {
	if left := o.doc.Paid - o.doc.Refunded; o.lost && left > 0 && !o.gaveUpAny() {
		return fmt.Sprintf("%d fen of a deleted account are kept", left)
	}
	for _, l := range o.doc.Lines {
		g, there := w.enrolment(l.CourseID).Grant(o.doc.ID)
		open := there && g.State == shop.GrantLive
		kept := l.Price - o.doc.RefundBook().RefundedOf(l.CourseID)
		switch {
		case open && l.Price > 0 && o.doc.Paid == 0:
			return "course " + l.CourseID + " is open and was not paid"
		case o.doc.Paid > 0 && !open && kept > 0 && l.Result == shop.LineGranted && !o.gaveUpAny():
			return fmt.Sprintf("course %s is shut and %d fen of it are kept", l.CourseID, kept)
		}
	}
	return ""
}

func (o *order) gaveUpAny() bool {
	for _, r := range o.doc.Refunds {
		if r.State == shop.RefundClosed {
			return true
		}
	}
	return false
}

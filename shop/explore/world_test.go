package explore

import (
	"crypto/sha256"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"mstm/shop"
)

const learner = "u"

var merchant = shop.Merchant{AppID: "app", MchID: "mch"}

// times are the moments at which things happen, in the order in which they come: the order
// is placed, its time is over, a day and eight days later. Within one no time passes.
var times = func() []time.Time {
	start := time.Date(2026, 3, 1, 4, 0, 0, 0, time.UTC)
	return []time.Time{start, start.Add(31 * time.Minute), start.AddDate(0, 0, 1), start.AddDate(0, 0, 8)}
}()

// scenario is what can happen in a world: which orders may be placed, of which lines, and
// how often the costly steps may be taken.
type scenario struct {
	name     string
	orders   [][]shop.OrderLine
	attempts int  // payment attempts of one order
	refunds  int  // refunds of one order that are asked for
	until    int  // the last of times
	takeDown bool // courses may be taken off sale by law
	deletes  bool // the buyer may delete the account
	fault    string
}

// world is one state of shop, buyer and WeChat together.
type world struct {
	*scenario
	moment     int
	gone       bool // the account is deleted
	orders     []*order
	enrolments map[string]*shop.Enrolment // by course
	claims     map[string]string          // by course, the order that holds it
	trials     map[string]string          // by course, the order that used the free stage
	told       map[string]bool            // notices in the inbox
}

// order is an order with what is under way about it, at WeChat and in the memory of
// processes of the shop.
type order struct {
	doc     *shop.Order
	trades  []trade
	refunds []atWeChat
	granted []granting
	noting  map[shop.DutyName]int // small duties done by a process that has not noted them, with how often each was owed
	follow  *following
	asking  *asking
	lost    bool // the account was gone when the order was fulfilled
}

// trade is one out_trade_no: what WeChat knows, and which messages about it are under way.
type trade struct {
	state     byte // one of trade…
	prepaying bool // a prepay is on its way to WeChat
	answering bool // WeChat's answer to it is on its way back
	unknown   bool // WeChat's answer that it does not know the number is on its way back
}

const (
	tradeNone byte = iota
	tradeOpen
	tradePaid
	tradeClosed
)

// atWeChat is one out_refund_no: what WeChat made of it, and whether the call is under way.
type atWeChat struct {
	state shop.RefundState // "" while WeChat has not heard of it
	call  bool
}

// granting is a process that grants the lines of an order: the results that it holds in memory,
// and whether the account was gone when it looked.
type granting struct {
	results []shop.LineResult
	gone    bool
}

// following is a process that has read an order and brings a grant to what it read.
type following struct {
	read *shop.Order
	duty shop.DutyName
	next int // line
}

// asking is a process that begins a refund, with the enrolments that it decides by.
type asking struct {
	finance bool
	step    int
	seen    map[string]*shop.Enrolment // as they were read, by course
}

func newWorld(s scenario) *world {
	return &world{
		scenario: &s, enrolments: map[string]*shop.Enrolment{}, claims: map[string]string{}, trials: map[string]string{}, told: map[string]bool{},
	}
}

func (w *world) now() time.Time { return times[w.moment] }

// clone is a copy that shares nothing that a step may change.
func (w *world) clone() *world {
	c := *w
	c.orders = make([]*order, len(w.orders))
	for i, o := range w.orders {
		c.orders[i] = o.clone()
	}
	c.enrolments = make(map[string]*shop.Enrolment, len(w.enrolments))
	for course, e := range w.enrolments {
		c.enrolments[course] = cloneEnrolment(e)
	}
	c.claims, c.trials, c.told = maps.Clone(w.claims), maps.Clone(w.trials), maps.Clone(w.told)
	return &c
}

func (o *order) clone() *order {
	c := *o
	c.doc = o.doc.Clone()
	c.trades, c.refunds = slices.Clone(o.trades), slices.Clone(o.refunds)
	c.granted = slices.Clone(o.granted)
	for i := range c.granted {
		c.granted[i].results = slices.Clone(o.granted[i].results)
	}
	return &c
}

func cloneEnrolment(e *shop.Enrolment) *shop.Enrolment {
	c := *e
	c.Grants = slices.Clone(e.Grants)
	return &c
}

// digest stands for a state: 128 bits of its SHA-256.
type digest [16]byte

// key names the state. What only counts or dates what happened (versions, history, times of
// writes) is left out: states that differ in nothing else behave alike.
func (w *world) key() digest {
	var b strings.Builder
	fmt.Fprint(&b, w.moment, w.gone)
	for _, o := range w.orders {
		o.writeKey(&b)
	}
	for _, course := range courses(w.enrolments) {
		fmt.Fprint(&b, "|", course)
		for _, g := range w.enrolments[course].Grants {
			fmt.Fprint(&b, ";", g.OrderID, g.State, g.Refunded, g.From.Unix())
		}
	}
	for _, o := range w.orders {
		w.writeAsking(&b, o)
	}
	for _, course := range courses(w.claims) {
		fmt.Fprint(&b, "|", course, w.claims[course])
	}
	sum := sha256.Sum256([]byte(b.String()))
	return digest(sum[:16])
}

func (o *order) writeKey(b *strings.Builder) {
	d := o.doc
	fmt.Fprint(b, "\n", d.ID, d.State, d.CloseReason, d.Paid, d.Refunded, d.Exception, d.BuyerGone, o.lost)
	for _, l := range d.Lines {
		fmt.Fprint(b, ",", l.Result, l.Refunded)
	}
	for i, a := range d.Attempts {
		fmt.Fprint(b, ";", a.State, o.trades[i])
	}
	for i, r := range d.Refunds {
		fmt.Fprint(b, ";", r.State, r.Amount, r.Reason, r.CreatedAt.Unix(), o.refunds[i])
	}
	for _, name := range courses(d.Duties) {
		if duty := d.Duties[name]; !duty.Done {
			fmt.Fprint(b, ";", name)
		}
	}
	fmt.Fprint(b, o.granted)
	for _, name := range courses(o.noting) {
		fmt.Fprint(b, "n", name, o.noting[name] == d.Duties[name].Owed && !d.Duties[name].Done)
	}
	if f := o.follow; f != nil {
		fmt.Fprint(b, "f", f.duty, f.next, f.read.Duties[f.duty].Owed == d.Duties[f.duty].Owed)
		for _, l := range f.read.Lines {
			fmt.Fprint(b, f.read.RefundBook().Grants(l.CourseID), f.read.RefundBook().RefundedOf(l.CourseID), l.Result)
		}
	}
}

// writeAsking adds what a process that begins a refund will do: which grants are as it has read them.
func (w *world) writeAsking(b *strings.Builder, o *order) {
	if o.asking == nil {
		return
	}
	fmt.Fprint(b, "a", o.asking.finance, o.asking.step)
	for _, course := range courses(o.asking.seen) {
		seen := o.asking.seen[course]
		fmt.Fprint(b, course, seen.V == w.enrolment(course).V)
		for _, g := range seen.Grants {
			fmt.Fprint(b, g.State, g.Refunded)
		}
	}
}

// courses are the keys of a map in order.
func courses[K ~string, V any](m map[K]V) []K { return slices.Sorted(maps.Keys(m)) }

func (w *world) order(id string) *shop.Order {
	for _, o := range w.orders {
		if o.doc.ID == id {
			return o.doc
		}
	}
	return nil
}

// broken is the first invariant that the state breaks, "" where all hold.
func (w *world) broken() string {
	for _, o := range w.orders {
		at := o.doc.History[len(o.doc.History)-1].At
		around := shop.Around{
			Enrolments: w.enrolments, Claims: w.claims, Trials: w.trials, Told: w.told, Due: true, Audited: len(o.doc.History),
		}
		if found := shop.CheckOrder(o.doc, around, at); len(found) > 0 {
			return found[0].String()
		}
		if bad := o.overdrawn(); bad != "" {
			return bad
		}
	}
	for _, course := range courses(w.enrolments) {
		if found := shop.CheckEnrolment(w.enrolments[course], w.order); len(found) > 0 {
			return found[0].String()
		}
	}
	return ""
}

// overdrawn looks at WeChat's own books: no trade pays back more than came in.
func (o *order) overdrawn() string {
	for i, a := range o.doc.Attempts {
		var back shop.Fen
		for j, r := range o.doc.Refunds {
			if r.OutTradeNo == a.OutTradeNo && (o.refunds[j].state == shop.RefundProcessing || o.refunds[j].state == shop.RefundSucceeded) {
				back += r.Amount
			}
		}
		if back > 0 && (o.trades[i].state != tradePaid || back > a.Amount) {
			return fmt.Sprintf("WeChat pays %d fen back of trade %s", back, a.OutTradeNo)
		}
	}
	return ""
}

package modeltest

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/checkout"
	"mstm/shop"
)

type ctx = context.Context

// actions are what may happen, each as often as its weight says.
var actions = []struct {
	weight int
	do     action
}{
	{12, order}, {5, orderStale}, {6, orderAgain}, {2, orderOther}, {7, orderTwice}, {24, buy},
	{16, payCode}, {8, letterLater}, {5, payElsewhere}, {3, payTwice}, {3, payLate}, {4, cancel}, {2, nonsense},
	{10, wait}, {4, overdue}, {8, sweep},
	{14, refundByRule}, {12, refundByFinance},
	{6, publish}, {3, onOffSale}, {6, trouble},
}

func (h *history) drawAction() action {
	sum := 0
	for _, a := range actions {
		sum += a.weight
	}
	n := h.rng.IntN(sum)
	for _, a := range actions {
		if n -= a.weight; n < 0 {
			return a.do
		}
	}
	return wait
}

// wait lets time pass: minutes, days, or months.
func wait(h *history) func(bool) {
	by := choose(h, []time.Duration{
		time.Minute, 6 * time.Minute, time.Hour, 24 * time.Hour, 5 * 24 * time.Hour, 20 * 24 * time.Hour, 40 * 24 * time.Hour, 62 * 24 * time.Hour,
	})
	by += time.Duration(h.rng.Int64N(int64(by)))
	h.w.clock.forward(by)
	h.tell("%s go by", by.Round(time.Second))
	return nil
}

// overdue lets unpaid orders run out of time.
func overdue(h *history) func(bool) {
	h.w.clock.forward(31 * time.Minute)
	h.tell("31 minutes go by")
	return sweep(h)
}

// sweep has one instance, or both at once, look at what is due.
func sweep(h *history) func(bool) {
	n := 1 + h.rng.IntN(2)
	var all sync.WaitGroup
	names := ""
	for range n {
		i := h.w.next()
		if i == nil {
			break
		}
		names += i.name
		all.Go(func() {
			err := i.call(h.ctx, func(ctx ctx) error {
				return errors.Join(i.wakeups.LookOnce(ctx), i.checkout.Claims.GiveUpLost(ctx))
			})
			if err != nil && !errors.Is(err, errKilled) {
				h.w.logger().Error("sweep", "err", err)
			}
		})
	}
	all.Wait()
	h.tell("%s look at what is due", names)
	return nil
}

// publish publishes the next version of a course's prices.
func publish(h *history) func(bool) {
	c, i := choose(h, h.courses), h.anybody()
	h.awaitInstances() // a grant that is under way would be of either version
	next := h.newList()
	if h.chance(60) { // the same policies, other prices
		next.prices = maps.Clone(c.now().prices)
		for id, p := range next.prices {
			if p > 0 && h.chance(50) {
				next.prices[id] = p*shop.Fen(50+h.rng.IntN(100))/100 + 1
			}
		}
	}
	for id := range next.prices {
		if !c.knows(id) {
			delete(next.prices, id) // a new policy would get an id of its own
		}
	}
	if _, ok := next.prices[stage2]; !ok {
		delete(next.prices, stage3)
	}
	err := i.call(h.ctx, func(ctx ctx) error {
		_, err := i.store.Courses.Change(ctx, c.id, func(sc *shop.Course) error {
			return sc.Publish(next.policies(), next.ladder(), func() string { return "" }, h.w.clock.now())
		})
		return err
	})
	h.tell("%s publishes for %s: %s: %s", i.name, c.id, next, outcome(err))
	h.coded("publishing", err)
	h.courseNow(c, next)
	return nil
}

// knows reports whether a course ever had a policy.
func (c *course) knows(id string) bool {
	for _, l := range c.lists {
		if _, ok := l.prices[id]; ok {
			return true
		}
	}
	return false
}

// awaitInstances waits until all work is done.
func (h *history) awaitInstances() {
	for _, i := range h.w.instances {
		i.rest()
	}
}

// courseNow brings the model's course up to date: the publishing instance may be killed before or
// after the write.
func (h *history) courseNow(c *course, next priceList) {
	all, err := rows[shop.Course](h.ctx, h.w, "courses", bson.M{"_id": c.id}, bson.D{})
	h.must(err)
	sc := all[0]
	c.onSale = sc.State == shop.CourseOnSale
	if len(sc.Versions) == len(c.lists)+1 {
		next.at = sc.Current().PublishedAt
		c.lists = append(c.lists, next)
	}
	if len(sc.Versions) != len(c.lists) {
		h.fail("course %s has %d versions, not %d", c.id, len(sc.Versions), len(c.lists))
	}
}

// onOffSale takes a course off sale, or puts it back.
func onOffSale(h *history) func(bool) {
	c, i := choose(h, h.courses), h.anybody()
	h.awaitInstances()
	to := shop.CourseOffSale
	if !c.onSale {
		to = shop.CourseOnSale
	}
	err := i.call(h.ctx, func(ctx ctx) error {
		_, err := i.store.Courses.Change(ctx, c.id, func(sc *shop.Course) error { sc.State = to; return nil })
		return err
	})
	h.tell("%s is %s now: %s", c.id, to, outcome(err))
	h.coded("taking off sale", err)
	h.courseNow(c, priceList{})
	return nil
}

// trouble has WeChat misbehave for a while.
func trouble(h *history) func(bool) {
	fault := choose(h, []string{
		`{"api":[{"api":"native","drop":true,"times":1}]}`,
		`{"api":[{"api":"native","drop_before":true,"times":1}]}`,
		`{"api":[{"api":"native","status":500,"times":2}]}`,
		`{"api":[{"api":"native","status":400,"after":true,"times":1}]}`,
		`{"api":[{"api":"h5","drop":true,"times":1}]}`,
		`{"api":[{"api":"query","status":429,"times":2}]}`,
		`{"api":[{"api":"query","drop":true,"times":1}]}`,
		`{"api":[{"api":"close","status":404,"code":"ORDER_NOT_EXIST","times":1}]}`,
		`{"api":[{"api":"close","drop":true,"times":1}]}`,
		`{"api":[{"api":"refund","drop":true,"times":1}]}`,
		`{"api":[{"api":"refund","drop_before":true,"times":1}]}`,
		`{"api":[{"api":"refund","status":500,"times":1}]}`,
		`{"api":[{"api":"refund_query","status":500,"times":1}]}`,
		`{"api":[{"api":"*","status":502,"html":true,"times":3}]}`,
		`{"callback":[{"event":"payment","early":true,"times":1}]}`,
		`{"refund":{"settle":"SUCCESS","after_s":900}}`,
	})
	h.setFaults(fault)
	h.faulty = true
	h.tell("WeChat misbehaves: %s", fault)
	return nil
}

func (h *history) healWeChat() {
	h.setFaults("{}")
	h.faulty = false
	h.tell("WeChat behaves again")
}

func (h *history) setFaults(set string) { h.must(h.w.ask("PUT", "/sandbox/faults", rawJSON(set), nil)) }

// rawJSON is sent as it stands.
type rawJSON string

func (r rawJSON) MarshalJSON() ([]byte, error) { return []byte(r), nil }

// refundByRule asks for a refund as a learner does, after seeing the amount.
func refundByRule(h *history) func(bool) {
	if len(h.orders) == 0 {
		return order(h)
	}
	o, i := choose(h, h.orders), h.anybody()
	want, code := h.ruleFor(o)
	refunds := len(o.Refunds)
	var seen shop.OrderRefund
	err := i.call(h.ctx, func(ctx ctx) (err error) {
		if seen, err = i.checkout.Refunds.Quote(ctx, h.user, o.ID); err != nil {
			return err
		}
		_, err = i.checkout.Refunds.Refund(ctx, h.user, "", o.ID, "changed my mind", &seen.Amount)
		return err
	})
	h.tell("refund %s at %s: %s, %d", h.name(o.ID), i.name, outcome(err), seen.Amount)
	h.coded("refunding", err)
	return func(sure bool) {
		if !sure || errors.Is(err, errKilled) {
			return
		}
		if got := shop.CodeOf(err); got != code || err == nil && seen.Amount != want {
			h.fail("the refund of %s: %q, %d fen; the model says %q, %d", h.name(o.ID), got, seen.Amount, code, want)
		}
		h.judgeRefund(o.ID, refunds, err, want)
	}
}

// ruleFor is what the shop's rule gives back for an order now.
func (h *history) ruleFor(o *shop.Order) (sum shop.Fen, code string) {
	if code := blocked(o); code != "" {
		return 0, code
	}
	first, can := "NOT_REFUNDABLE", 0
	tried := 0
	for _, l := range o.Lines {
		p := h.pasts[l.CourseID]
		if l.Result != shop.LineGranted || !p.standing().any(func(x had) bool { return x.order == o.ID }) {
			continue
		}
		amount, code := refundOf(o, l, p, h.w.clock.read())
		if code == "" {
			can++
			sum += min(amount, o.Paid-o.Refunded-sum)
		} else if tried == 0 {
			first = code
		}
		tried++
	}
	if can == 0 {
		return 0, first
	}
	return sum, ""
}

// blocked is why nothing of an order can go back now, whatever the amount.
func blocked(o *shop.Order) string {
	switch o.State {
	case shop.OrderFulfilled, shop.OrderPartiallyRefunded:
		return ""
	case shop.OrderRefunding:
		return "REFUND_UNDER_WAY"
	}
	return "NOT_REFUNDABLE"
}

// refundByFinance gives back what finance decided, or all.
func refundByFinance(h *history) func(bool) {
	if len(h.orders) == 0 {
		return order(h)
	}
	o, i := choose(h, h.orders), h.anybody()
	var amount *shop.Fen
	left := o.Paid - o.Refunded
	said := "all"
	if h.chance(50) {
		some := choose(h, []shop.Fen{1, left / 3, left, left + 1})
		amount, said = &some, fmt.Sprint(some)
	}
	later := h.chance(20)
	refunds := len(o.Refunds)
	err := i.call(h.ctx, func(ctx ctx) error {
		_, err := i.checkout.Refunds.FinanceRefund(ctx, checkout.FinanceRefund{
			By: "finance", OrderID: o.ID, RefundRequest: shop.RefundRequest{Amount: amount}, Reason: "kindness", Later: later,
		})
		return err
	})
	h.tell("finance refunds %s of %s at %s (later ones too: %t): %s", said, h.name(o.ID), i.name, later, outcome(err))
	h.coded("refunding by finance", err)
	return func(sure bool) {
		if !sure || errors.Is(err, errKilled) {
			return
		}
		want := left
		if amount != nil {
			want = *amount
		}
		if err == nil && (want > left || blocked(o) != "") {
			h.fail("finance refunded %d of %s, which was %s with %d left", want, h.name(o.ID), o.State, left)
		}
		h.judgeRefund(o.ID, refunds, err, want)
	}
}

// judgeRefund wants a refund of this amount to have begun, or none.
func (h *history) judgeRefund(id string, before int, err error, want shop.Fen) {
	var begun []shop.Refund
	for _, r := range h.order(id).Refunds[before:] {
		if !r.Duplicate && r.By != shop.ByShop {
			begun = append(begun, r)
		}
	}
	switch {
	case err != nil && len(begun) > 0, err == nil && (len(begun) != 1 || begun[0].Amount != want):
		h.fail("the refund of %s (%v) began %v instead of %d", h.name(id), err, begun, want)
	case err == nil:
		h.tally.Refunds++
	}
}

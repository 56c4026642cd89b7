package modeltest

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// end brings a history to rest, faults off and everybody alive, and checks that everything
// is as it must be then.
func (h *history) end() {
	h.healWeChat()
	h.awaitInstances()
	h.revive()
	for _, i := range h.w.instances {
		i.gate.arm(0, false)
	}
	h.awaitRest()
	h.lastLetters()
	h.untilRest()
	h.giveUpLost()
	h.untilRest()
	h.awaitRest()
	h.showUnsent()
	if !h.exact {
		h.fail("something is left undone")
	}
	h.wantSettled()
	h.checkFen()
	for _, o := range h.orders {
		h.checkEnded(o)
	}
	h.checkLeft()
	h.checkAccess()
	h.checkEvents()
	h.checkWhole()
}

// showUnsent has an instance show what open pages have not been shown, again and again as its runner does: on a busy
// machine Redis may not take a publish within its time, and the news is a note in the store until then.
func (h *history) showUnsent() {
	news := h.w.instances[0].checkout.News
	err := news.TellUnsent(h.ctx)
	for end := time.Now().Add(time.Minute); err != nil && time.Now().Before(end); err = news.TellUnsent(h.ctx) {
		time.Sleep(100 * time.Millisecond)
	}
	if err != nil {
		h.fail("the unsent news: %v", err)
	}
	left, err := rows[store.Unsent](h.ctx, h.w, "unsent", bson.M{}, bson.D{})
	h.must(err)
	if len(left) > 0 {
		h.fail("news is left unsent: %v", left)
	}
}

// lastLetters delivers what callbacks are left, or leaves it to the shop to ask. It does not
// ask about a number that WeChat has denied or refused; WeChat repeats itself for a day then.
func (h *history) lastLetters() {
	for _, a := range h.attempts(func(a attempt) bool { return !h.unpaid(a) }) {
		if denied := !a.Open() && !a.Succeeded(); !h.charges[a.OutTradeNo].told && (denied || h.chance(50)) {
			h.deliver(a.OutTradeNo, 1, false)
		}
	}
	h.awaitInstances()
}

// untilRest moves the clock from one due look to the next, both instances sweeping, until
// nothing is due any more.
func (h *history) untilRest() {
	for range 300 {
		due, err := rows[shop.Wakeup](h.ctx, h.w, "wakeups", bson.M{"kind": shop.WakeOrder}, bson.D{{Key: "at", Value: 1}})
		h.must(err)
		if len(due) == 0 {
			return
		}
		at := due[0].At.Add(time.Second)
		if due[0].Until.After(at) {
			at = due[0].Until // of an instance that was killed
		}
		if at.After(h.w.clock.read()) {
			h.w.clock.set(at)
		}
		var all sync.WaitGroup
		for _, i := range h.w.instances {
			all.Go(func() {
				if err := i.wakeups.LookOnce(h.ctx); err != nil {
					h.w.logger().Error("the last sweeps", "err", err)
				}
			})
		}
		all.Wait()
	}
	h.awaitRest()
	h.fail("the shop does not come to rest")
}

// giveUpLost has the shop give up what orders hold that were killed before they were
// written; those of a minute ago might still come.
func (h *history) giveUpLost() {
	h.w.clock.forward(11 * time.Minute)
	h.must(h.anybody().checkout.Claims.GiveUpLost(h.ctx))
}

// checkWhole wants the shop's own checker to find nothing.
func (h *history) checkWhole() {
	broken, err := h.anybody().checkout.Invariants.Check(h.ctx)
	h.must(err)
	if len(broken) > 0 {
		h.fail("the shop's own checker finds %v", broken)
	}
}

// trade and moneyBack are what WeChat has on its books.
type trade struct {
	OutTradeNo string   `json:"out_trade_no"`
	State      string   `json:"state"`
	Total      shop.Fen `json:"total_fen"`
}

type moneyBack struct {
	OutRefundNo string   `json:"out_refund_no"`
	OutTradeNo  string   `json:"out_trade_no"`
	Status      string   `json:"status"`
	Refund      shop.Fen `json:"refund_fen"`
}

// checkFen wants WeChat's books and the shop's to agree to the fen.
func (h *history) checkFen() {
	var trades struct{ Items []trade }
	var backs struct{ Items []moneyBack }
	h.must(h.w.ask("GET", "/sandbox/trades", nil, &trades))
	h.must(h.w.ask("GET", "/sandbox/refunds", nil, &backs))
	var theirs, ours, held shop.Fen
	for _, t := range trades.Items {
		id, _ := shop.OrderOfTrade(t.OutTradeNo)
		if h.order(id) == nil || t.State != "SUCCESS" && t.State != "REFUND" {
			continue // of an earlier history, or not paid
		}
		if c := h.charges[t.OutTradeNo]; c == nil || c.amount != t.Total {
			h.fail("WeChat took %d for %s; the model knows of %+v", t.Total, t.OutTradeNo, c)
		}
		theirs += t.Total
	}
	for _, r := range backs.Items {
		id, _ := shop.OrderOfRefund(r.OutRefundNo)
		o := h.order(id)
		if o == nil {
			continue
		}
		f := o.RefundBook().Get(r.OutRefundNo)
		if f == nil || f.Amount != r.Refund || f.OutTradeNo != r.OutTradeNo || r.Status != "SUCCESS" || f.State != shop.RefundSucceeded {
			h.fail("WeChat has refund %+v, the shop %+v", r, f)
		}
		theirs -= r.Refund
	}
	for _, o := range h.orders {
		if o.State == shop.OrderException {
			held += h.heldBy(o)
			continue
		}
		ours += o.Paid - o.Refunded
	}
	if theirs != ours+held {
		h.fail("WeChat has %d fen of this learner; the orders have %d and %d wait for people", theirs, ours, held)
	}
}

// heldBy is what an order in the exception queue holds: all that came and did not go back.
func (h *history) heldBy(o *shop.Order) (sum shop.Fen) {
	if !h.forged[o.ID] {
		h.fail("%s is an exception (%s) without a reason", h.name(o.ID), o.Exception)
	}
	for _, a := range o.Attempts {
		if h.charges[a.OutTradeNo] != nil {
			sum += a.Amount
		}
	}
	for _, r := range o.Refunds {
		if r.State == shop.RefundSucceeded {
			sum -= r.Amount
		}
	}
	return sum
}

// checkEnded wants an order to be at an end, each of its lines granted once or paid back,
// and every payment for nothing refunded.
func (h *history) checkEnded(o *shop.Order) {
	switch o.State {
	case shop.OrderException:
		h.tally.Exceptions++
		return
	case shop.OrderClosed, shop.OrderFulfilled, shop.OrderPartiallyRefunded, shop.OrderRefunded:
	default:
		h.fail("%s is still %s", h.name(o.ID), o.State)
	}
	h.tally.Placed++
	if o.Total == 0 {
		h.tally.Free++
	}
	for _, a := range o.Attempts {
		if a.Open() || (h.charges[a.OutTradeNo] != nil) != a.Succeeded() {
			h.fail("attempt %s of %s is %s; WeChat took %+v", a.OutTradeNo, h.name(o.ID), a.State, h.charges[a.OutTradeNo])
		}
		if a.State == shop.AttemptDupRefunding {
			h.fail("the payment %s for nothing did not go back", a.OutTradeNo)
		}
		if a.State == shop.AttemptDupRefunded {
			h.tally.Duplicates++
		}
	}
	for _, l := range o.Lines {
		h.checkLine(o, l)
	}
}

func (h *history) checkLine(o *shop.Order, l shop.OrderLine) {
	granted := h.pasts[l.CourseID].any(func(x had) bool { return x.order == o.ID })
	var back shop.Fen
	for _, r := range o.Refunds {
		for _, part := range r.Lines {
			if part.CourseID == l.CourseID && r.State == shop.RefundSucceeded {
				back += part.Amount
			}
		}
	}
	switch {
	case o.State == shop.OrderClosed && !granted && l.Result == "":
	case l.Result == shop.LineGranted && granted:
	case l.Result == shop.LineRefused && !granted && back == l.Price:
	default:
		h.fail("%s is %s; its line for course %s came to %q, granted %t, %d of %d paid back", h.name(o.ID), o.State, l.CourseID, l.Result, granted, back, l.Price)
	}
	if back > l.Price {
		h.fail("%s paid %d back for a line of %d", h.name(o.ID), back, l.Price)
	}
}

// checkLeft wants no claim left, no more than one trial per course, one notice about each
// thing, and an audit row for each move.
func (h *history) checkLeft() {
	claims, err := rows[bson.M](h.ctx, h.w, "claims", bson.M{}, bson.D{})
	h.must(err)
	if len(claims) > 0 {
		h.fail("claims are left: %v", claims)
	}
	h.checkTrials()
	told := map[string]int{}
	notices, err := rows[shop.Notice](h.ctx, h.w, "notices", bson.M{}, bson.D{})
	h.must(err)
	for _, n := range notices {
		told[n.Kind+" "+n.Link]++
	}
	audits, err := rows[struct {
		Object string `bson:"object"`
	}](h.ctx, h.w, "audit", bson.M{}, bson.D{})
	h.must(err)
	for _, a := range audits {
		told[a.Object]++
	}
	for _, o := range h.orders {
		fulfilled := map[bool]int{true: 1}[o.FulfilledAt != nil]
		back, own := 0, 0
		for _, r := range o.Refunds {
			if r.Duplicate {
				back++
			} else {
				own++
			}
		}
		link := " /orders/" + o.ID
		if told["order_fulfilled"+link] != fulfilled || told["order_refunded"+link] != own || told["paid_back"+link] != back || told["order:"+o.ID] != len(o.History) {
			h.fail("about %s the learner got %v", h.name(o.ID), told)
		}
	}
}

// checkTrials wants one trial for each granted free stage, and no other.
func (h *history) checkTrials() {
	trials, err := rows[struct {
		CourseID string `bson:"course_id"`
	}](h.ctx, h.w, "trials", bson.M{}, bson.D{})
	h.must(err)
	count := map[string]int{}
	for _, t := range trials {
		count[t.CourseID]++
	}
	for _, c := range h.courses {
		free := 0
		for _, x := range h.pasts[c.id] {
			if x.free && x.policy == stage1 {
				free++
			}
		}
		if free > 1 || count[c.id] != free {
			h.fail("course %s: %d free stages granted, %d trials used", c.id, free, count[c.id])
		}
	}
}

// checkAccess wants lessons to be open when the model says so, now and over the months to
// come, and no offer at another price than the model's.
func (h *history) checkAccess() {
	for _, c := range h.courses {
		e, err := h.enrolment(c.id)
		h.must(err)
		for _, t := range []time.Time{h.w.clock.read(), h.w.clock.read().AddDate(0, 0, 15), h.w.clock.read().AddDate(0, 2, 0), h.w.clock.read().AddDate(1, 0, 0)} {
			if open, _ := e.Access(t); open != h.pasts[c.id].open(t) {
				h.fail("course %s at %s: open %t", c.id, t, open)
			}
		}
		h.checkOffers(c)
	}
}

func (h *history) checkOffers(c *course) {
	for id := range c.lists[0].prices {
		r := &request{lines: []shop.LineRequest{{CourseID: c.id, PolicyID: id}}, seen: shop.MaxPrice}
		code, total := h.expect(r, "")
		q, err := h.anybody().checkout.Quotes.Quote(h.ctx, h.user, r.lines)
		h.must(err)
		got := ""
		if len(q.Problems) > 0 {
			got = q.Problems[0].Code
		}
		if got != code || code == "" && q.Total != total {
			h.fail("course %s, %s costs %d (%s); the model says %d (%s)", c.id, id, q.Total, got, total, code)
		}
		h.tally.Prices++
	}
}

// checkEvents reads the learner's events: of each order its states in the order in which it had
// them, none twice, and the last one for certain.
func (h *history) checkEvents() {
	states := map[string][]shop.OrderState{}
	for _, body := range h.events() {
		var e struct {
			Type string `json:"type"`
			Data struct {
				ID    string          `json:"id"`
				State shop.OrderState `json:"state"`
			} `json:"data"`
		}
		h.must(json.Unmarshal([]byte("{"+body+"}"), &e))
		if e.Type == "order.changed" {
			states[e.Data.ID] = append(states[e.Data.ID], e.Data.State)
		}
	}
	for _, o := range h.orders {
		heard := states[o.ID]
		at := 0
		for _, r := range o.History {
			if at < len(heard) && heard[at] == r.To {
				at++
			}
		}
		last := o.State == shop.OrderException || len(heard) > 0 && heard[len(heard)-1] == o.State
		if at < len(heard) || !last {
			h.fail("of %s the pages heard %v", h.name(o.ID), heard)
		}
	}
}

// events are the bodies on the learner's topic, oldest first. This Redis has no other user.
func (h *history) events() (bodies []string) {
	keys, err := h.w.look.Keys(h.ctx, "*:log").Result()
	h.must(err)
	for _, key := range keys {
		all, err := h.w.look.XRange(h.ctx, key, "-", "+").Result()
		h.must(err)
		for _, m := range all {
			if m.Values["t"] == hub.UserTopic(h.user) {
				bodies = append(bodies, fmt.Sprint(m.Values["b"]))
			}
		}
	}
	return bodies
}

// enrolment is the learner's enrolment in a course, nil without one.
func (h *history) enrolment(course string) (*shop.Enrolment, error) {
	all, err := rows[shop.Enrolment](h.ctx, h.w, "enrolments", bson.M{"course_id": course}, bson.D{})
	if err != nil || len(all) == 0 {
		return nil, err
	}
	if i := slices.IndexFunc(all, func(e shop.Enrolment) bool { return !strings.HasPrefix(e.ID, h.user) }); len(all) > 1 || i >= 0 {
		return nil, fmt.Errorf("enrolments %v in course %s", all, course)
	}
	return &all[0], nil
}

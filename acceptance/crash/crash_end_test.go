package crash

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/shop"
)

// wantWhole wants all to have come to the end that the life has: the invariants hold, every
// order's history is one that it may have, WeChat's books are the shop's, the courses are open and
// each of these things has its notices.
func wantWhole(p *plot) {
	p.T.Helper()
	for !p.alive() {
	}
	wantInvariants(p)
	orders := p.ordersOf()
	for id := range p.ends {
		p.orderOf(id)
	}
	for _, o := range orders {
		wantHistory(p, o)
		wantBooks(p, o)
	}
	wantGrants(p, orders)
	wantNotices(p, orders)
	wantNothingHeld(p)
	wantCart(p, orders)
	wantHeard(p, orders)
}

// wantInvariants wants `mstm check` to find nothing within 30 seconds, in which the shop may be
// killed once more.
func wantInvariants(p *plot) {
	p.T.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		a, err := p.finance.Try("GET", "/api/admin/invariants", nil)
		if err != nil {
			p.died()
			deadline = time.Now().Add(30 * time.Second)
			continue
		}
		if a.Status == 401 {
			financeAgain(p)
			continue
		}
		var out struct {
			Whole      bool             `json:"whole"`
			Violations []shop.Violation `json:"violations"`
		}
		if a.Into(&out); a.Status == 200 && out.Whole {
			return
		}
		if time.Now().After(deadline) {
			p.T.Fatalf("the invariants: %d %s\n%s", a.Status, a.Body, p.stands())
		}
	}
}

// wantHistory wants one of the histories that the order may have, a row in the audit for each move
// of it, and no wakeup left.
func wantHistory(p *plot, o *shop.Order) {
	p.T.Helper()
	may := p.ends[o.ID]
	if may == nil {
		may = []string{"M1 M4 M5", "M2 M5"} // bought before the story
	}
	moves := movesOf(o)
	if !slices.Contains(may, moves) {
		p.T.Errorf("order %s has the history %s, not one of %q\n%s", o.ID, moves, may, p.stands())
	}
	audited := []string{}
	for _, row := range p.find("audit", bson.M{"object": "order:" + o.ID, "act": bson.M{"$ne": "staff_call"}}) {
		audited = append(audited, row["act"].(string))
	}
	if strings.Join(audited, " ") != moves {
		p.T.Errorf("order %s has the history %s and the audit %v", o.ID, moves, audited)
	}
}

func (p *plot) find(collection string, filter bson.M) (all []bson.M) {
	p.T.Helper()
	shoptest.Eventually(p.T, time.Minute, func() (err error) {
		all, err = shoptest.Rows(p.Database(), collection, filter)
		return err
	})
	return all
}

// wantBooks wants WeChat to have taken and given back for an order what the shop says, and to take
// no more for an order that cannot be paid. Money that does not fit is people's.
func wantBooks(p *plot, o *shop.Order) {
	p.T.Helper()
	var in, out, came, went int64
	for _, a := range o.Attempts {
		tr, there := tradeOf(p, a.OutTradeNo)
		switch {
		case there && (tr.State == "SUCCESS" || tr.State == "REFUND"):
			in += tr.Total
		case there && tr.State == "NOTPAY" && !slices.Contains([]shop.AttemptState{shop.AttemptClosed}, a.State):
			p.T.Errorf("order %s is %s and can be paid by %s, which is %s", o.ID, o.State, a.OutTradeNo, a.State)
		}
		if a.State == shop.AttemptDupRefunding || a.State == shop.AttemptDupRefunded {
			came += int64(a.Amount)
		}
	}
	for _, r := range o.Refunds {
		if r.State != shop.RefundSucceeded {
			p.T.Errorf("order %s has a refund that is %s", o.ID, r.State)
		}
		if r.Duplicate {
			went += int64(r.Amount)
		}
	}
	came, went = came+int64(o.Paid), went+int64(o.Refunded)
	for _, line := range p.wechat.Refunds(o.ID) {
		var amount int64
		var state string
		if _, err := fmt.Sscan(line, &amount, &state); err != nil || state != "SUCCESS" {
			p.T.Errorf("WeChat has a refund of order %s: %s", o.ID, line)
		}
		out += amount
	}
	if o.State == shop.OrderException {
		came = in
	}
	if in != came || out != went {
		p.T.Errorf("order %s: WeChat took %d and gave %d back, the shop says %d and %d\n%s", o.ID, in, out, came, went, p.stands())
	}
}

// tradeOf is a trade at WeChat, if it has heard of it.
func tradeOf(p *plot, outTradeNo string) (tr shoptest.Trade, there bool) {
	p.T.Helper()
	a := p.wechat.Phone().Get("/sandbox/trades/" + outTradeNo)
	if a.Status == 404 {
		return tr, false
	}
	a.Want(200).Into(&tr)
	return tr, true
}

// wantGrants wants one grant for each granted line, in the state that its refunds make of it,
// and none besides.
func wantGrants(p *plot, orders []*shop.Order) {
	p.T.Helper()
	want := map[string]shop.GrantState{}
	for _, o := range orders {
		for _, l := range o.Lines {
			if l.Result != shop.LineGranted {
				continue
			}
			state := shop.GrantLive
			switch o.State {
			case shop.OrderRefunded:
				state = shop.GrantRevoked
			case shop.OrderPartiallyRefunded:
				state = o.RefundBook().Grants(l.CourseID)
			}
			want[o.ID+" "+l.CourseID] = state
		}
	}
	var all []*shop.Enrolment
	if err := shoptest.Find(p.Database(), "enrolments", bson.M{"user_id": p.user}, &all); err != nil {
		p.T.Fatal(err)
	}
	for _, e := range all {
		for _, g := range e.Grants {
			key := g.OrderID + " " + e.CourseID
			if state, ok := want[key]; !ok || state != g.State {
				p.T.Errorf("the grant of order and course %s is %s, not %q (once)\n%s", key, g.State, state, p.stands())
			}
			delete(want, key)
		}
	}
	for key, state := range want {
		p.T.Errorf("order and course %s has no grant that is %s", key, state)
	}
}

// wantNotices wants one notice for each message to a learner.
func wantNotices(p *plot, orders []*shop.Order) {
	p.T.Helper()
	want, got := map[string]int{}, map[string]int{}
	for _, o := range orders {
		if o.FulfilledAt != nil {
			want[shop.NoticeOrderFulfilled]++
		}
		for _, r := range o.Refunds {
			if r.Duplicate {
				want[shop.NoticePaidBack]++
			} else {
				want[shop.NoticeOrderRefunded]++
			}
		}
	}
	for _, n := range p.find("notices", bson.M{"user_id": p.user}) {
		got[n["kind"].(string)]++
	}
	for _, kind := range []string{shop.NoticeOrderFulfilled, shop.NoticePaidBack, shop.NoticeOrderRefunded} {
		if got[kind] != want[kind] {
			p.T.Errorf("%d notices of kind %s, not %d", got[kind], kind, want[kind])
		}
	}
}

// wantNothingHeld wants no course to be held any more.
func wantNothingHeld(p *plot) {
	p.T.Helper()
	for _, claim := range p.find("claims", nil) {
		p.T.Errorf("the claim %v is left", claim)
	}
}

// wantCart wants what was bought to be out of the cart, and nothing else.
func wantCart(p *plot, orders []*shop.Order) {
	p.T.Helper()
	in := map[shoptest.Wish]bool{}
	for _, l := range p.learner.Cart().Lines {
		in[shoptest.Wish{CourseID: l.CourseID, PolicyID: l.PolicyID}] = true
	}
	if p.kept != (shoptest.Wish{}) && !in[p.kept] {
		p.T.Errorf("%s was not bought and is gone from the cart", p.kept.CourseID)
	}
	for _, o := range orders {
		for _, l := range o.Lines {
			if o.FulfilledAt != nil && in[shoptest.Wish{CourseID: l.CourseID, PolicyID: l.PolicyID}] {
				p.T.Errorf("%s was bought and is still in the cart", l.CourseID)
			}
		}
	}
}

// wantHeard opens a page that was closed before all this, and wants each state of each order to
// reach it once, in order, as far as the shop owes it the event, and then the final state of the
// courses.
func wantHeard(p *plot, orders []*shop.Order) {
	p.T.Helper()
	heard, courses := map[string][]string{}, map[string]string{}
	for _, f := range missedEvents(p) {
		switch f.Type {
		case "order.changed":
			var o shoptest.Order
			f.Into(p.T, &o)
			heard[o.ID] = append(heard[o.ID], o.State)
		case "enrolment.changed":
			var e shoptest.Enrolment
			f.Into(p.T, &e)
			courses[e.CourseID] = e.State
		}
	}
	for _, o := range orders {
		if err := heardRight(heard[o.ID], o); err != nil {
			p.T.Errorf("of order %s the page heard %q: %v", o.ID, heard[o.ID], err)
		}
	}
	var all []*shop.Enrolment
	if err := shoptest.Find(p.Database(), "enrolments", bson.M{"user_id": p.user}, &all); err != nil {
		p.T.Fatal(err)
	}
	for _, e := range all {
		if last := courses[e.CourseID]; last != string(e.StateAt(p.wechat.now())) {
			p.T.Errorf("of course %s the page heard last that it is %q, and it is %s", e.CourseID, last, e.StateAt(p.wechat.now()))
		}
	}
}

// missedEvents is what a page hears that was away.
func missedEvents(p *plot) []hubtest.Frame {
	p.T.Helper()
	var page *hubtest.Client
	shoptest.Eventually(p.T, time.Minute, func() error {
		page = hubtest.Resume(p.T, p.Url+"/ws", p.learner.Token, map[string]string{"user": p.since})
		if !page.Ready().Topics["user"].Resumed {
			page.Close()
			return fmt.Errorf("the learner's stream could not be resumed")
		}
		return nil
	})
	defer page.Close()
	page.Send(obj{"op": "ping"})
	page.Wait("pong", time.Minute)
	return page.All()
}

// quiet are the states without an owed event: the page has just asked for them, or they passed
// before they were published.
var quiet = []shop.OrderState{shop.OrderPending, shop.OrderClosing, shop.OrderRefunding, shop.OrderException}

func heardRight(heard []string, o *shop.Order) error {
	left := slices.Clone(heard)
	for _, r := range o.History {
		switch {
		case len(left) > 0 && left[0] == string(r.To):
			left = left[1:]
		case !slices.Contains(quiet, r.To):
			return fmt.Errorf("not %s, by move %d (%s)", r.To, r.V, r.Move)
		}
	}
	if len(left) > 0 {
		return fmt.Errorf("%q is too much", left)
	}
	return nil
}

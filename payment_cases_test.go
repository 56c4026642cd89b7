package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

// TestPaymentCases are the cases of money on its way: callbacks that come twice, late, wrong
// or not at all, WeChat that does not answer, and payments that nobody can use.
func TestPaymentCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"C04 the callback comes twice and counts once", callbackTwice},
		{"C05 twenty callbacks and the server's own query at once count once", callbackStorm},
		{"C07 a prepay whose answer is lost goes on under the same number", prepayAnswerLost},
		{"C07 a prepay that never arrived goes on under the same number", prepayNeverArrived},
		{"C08 a lost callback is made up for by asking, and the page hears of it", callbackLost},
		{"C09 a callback twenty hours late changes nothing", callbackLate},
		{"C12 an amount that is wrong by one fen grants nothing", wrongAmount},
		{"C13 money of another merchant, app or currency grants nothing", wrongParties},
		{"C15 a callback that proves nothing is refused and leaves no trace", unprovenCallback},
		{"C22 another channel gets another number, the old one being closed first", otherChannel},
		{"C22 the old code was paid before the channel changed, and it counts", oldChannelPaid},
		{"C22 a code that WeChat does not close for five minutes is good until then, and alone", closedTooEarly},
		{"WeChat's page of a phone's browser dies after five minutes, and asking again gives one that lives", deadPage},
		{"C35 WeChat is busy: the order waits, the breaker opens", weChatBusy},
		{"C41 a token that ends while paying changes nothing", tokenEndsWhilePaying},
		{"a payment for an unknown number is asked for again, then kept", unknownNumber},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// wantOnce wants one purchase's story on a page, each chapter of it once, and one grant and
// one notice behind it.
func wantOnce(t *testing.T, learner *person, page *hubtest.Client, course string) {
	t.Helper()
	page.Wait("notice.posted", 20*time.Second)
	seen := map[string]int{}
	for _, f := range page.All() {
		name := f.Type
		if name == "order.changed" {
			var o orderJSON
			f.Into(t, &o)
			name += " " + o.State
		}
		seen[name]++
	}
	for _, name := range []string{"order.changed paid", "order.changed fulfilled", "enrolment.changed", "notice.posted"} {
		if seen[name] != 1 {
			t.Errorf("the page heard %s %d times: %v", name, seen[name], seen)
		}
	}
	learner.wantGrants(course, 1)
	learner.wantNotices("order_fulfilled", 1)
}

// resend sends the callback of a trade again and answers what the shop said to each copy.
func (s *testShop) resend(outTradeNo string, how obj) (statuses []int) {
	s.t.Helper()
	return s.sent("/sandbox/callbacks/"+outTradeNo, how)
}

// forge sends a callback of invented content, genuinely signed unless told otherwise.
func (s *testShop) forge(content obj) (statuses []int) {
	s.t.Helper()
	return s.sent("/sandbox/forge", content)
}

func (s *testShop) sent(path string, body obj) (statuses []int) {
	s.t.Helper()
	var out struct {
		Deliveries []deliveryJSON `json:"deliveries"`
	}
	s.phone().post(path, body).want(200).into(&out)
	for _, d := range out.Deliveries {
		if d.Error != "" {
			s.t.Fatalf("a callback was not answered: %s", d.Error)
		}
		statuses = append(statuses, d.Status)
	}
	return statuses
}

// delivered waits until WeChat has got the callbacks of a trade rid, and answers what the
// shop said to each copy.
func (s *testShop) delivered(outTradeNo string) (statuses []int) {
	s.t.Helper()
	eventually(s.t, time.Minute, func() error {
		statuses = nil
		for _, e := range s.trade(outTradeNo).Callbacks {
			if e.State != "delivered" {
				return fmt.Errorf("a callback is %s", e.State)
			}
			for _, d := range e.Deliveries {
				statuses = append(statuses, d.Status)
			}
		}
		if len(statuses) == 0 {
			return fmt.Errorf("no callback yet")
		}
		return nil
	})
	return statuses
}

// wantAll wants n answers, each with this status.
func wantAll(t *testing.T, what string, statuses []int, n, status int) {
	t.Helper()
	if len(statuses) != n {
		t.Fatalf("%s: %d answers, not %d", what, len(statuses), n)
	}
	for _, got := range statuses {
		if got != status {
			t.Fatalf("%s: answered %v, not %d", what, statuses, status)
		}
	}
}

func callbackTwice(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	page := learner.socket()
	got := learner.placed(99900, c.full)
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	wantAll(t, "the first callback", s.delivered(got.Payment.OutTradeNo), 1, 200)
	wantAll(t, "its repeats", s.resend(got.Payment.OutTradeNo, obj{"count": 2}), 2, 200)
	wantOnce(t, learner, page, c.id)
}

func callbackStorm(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	page := learner.socket()
	got := learner.placed(99900, c.full)
	s.faults(obj{"callback": []obj{{"event": "payment", "repeat": 20, "parallel": true}}})
	s.scan(got.Payment)
	s.pass(6 * time.Second) // the sweeper asks as well now
	learner.await(got.Order.ID, "fulfilled")
	wantAll(t, "the callbacks", s.delivered(got.Payment.OutTradeNo), 20, 200)
	wantOnce(t, learner, page, c.id)
}

func prepayAnswerLost(t *testing.T, s *testShop) {
	wantSameNumber(t, s, obj{"api": "native", "drop": true, "times": 1})
}

func prepayNeverArrived(t *testing.T, s *testShop) {
	wantSameNumber(t, s, obj{"api": "native", "drop_before": true, "times": 1})
}

// wantSameNumber spoils a prepay and wants the buyer's second click to bring the code for
// the same order under the same number.
func wantSameNumber(t *testing.T, s *testShop, fault obj) {
	t.Helper()
	c, learner := s.sell(usual()), s.newLearner()
	s.faults(obj{"api": []obj{fault}})
	keyed := learner.with("Idempotency-Key", "pay-me")
	keyed.post("/api/orders", orderFor(99900, c.full)).wantCode(503, "PAY_CHANNEL_BUSY")
	pending := learner.orders()
	if len(pending) != 1 || pending[0].State != "pending" {
		t.Fatalf("the orders are %+v", pending)
	}
	var got placedJSON
	keyed.post("/api/orders", orderFor(99900, c.full)).want(201).into(&got)
	if got.Order.ID != pending[0].ID || got.Payment == nil || got.Payment.OutTradeNo != got.Order.ID+"01" {
		t.Fatalf("the second click brought %+v", got)
	}
	wantSame(t, "trades", s.trades(got.Order.ID), "01 NOTPAY")
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	learner.wantGrants(c.id, 1)
}

func callbackLost(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	page := learner.socket()
	got := learner.placed(99900, c.full)
	s.faults(obj{"callback": []obj{{"lose": true}}})
	s.scan(got.Payment)
	s.pass(61 * time.Second)
	wantOnce(t, learner, page, c.id) // the page is told without asking
	if o := learner.order(got.Order.ID); o.State != "fulfilled" {
		t.Fatalf("the order is %s", o.State)
	}
	if events := s.trade(got.Payment.OutTradeNo).Callbacks; len(events) != 1 || len(events[0].Deliveries) != 0 {
		t.Fatalf("the callback was not lost: %+v", events)
	}
}

func callbackLate(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	page := learner.socket()
	got := learner.placed(99900, c.full)
	s.faults(obj{"callback": []obj{{"delay_s": 20 * 60 * 60}}})
	s.scan(got.Payment)
	s.pass(6 * time.Second)
	learner.await(got.Order.ID, "fulfilled")
	before := learner.order(got.Order.ID)
	s.pass(20*time.Hour + time.Minute)
	wantAll(t, "the late callback", s.delivered(got.Payment.OutTradeNo), 1, 200)
	if after := learner.order(got.Order.ID); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Fatalf("the order became %+v", after)
	}
	wantOnce(t, learner, page, c.id)
	wantSame(t, "refunds", s.refunds(got.Order.ID))
}

func wrongAmount(t *testing.T, s *testShop) {
	for _, delta := range []int{1, -1} {
		wantException(t, s, obj{"amount_delta": delta})
	}
}

func wrongParties(t *testing.T, s *testShop) {
	for _, fault := range []obj{{"mchid": "1900000109"}, {"appid": "wx0000000000000000"}, {"currency": "USD"}} {
		wantException(t, s, fault)
	}
}

// wantException pays with a callback that is genuine and does not fit: the order waits for
// people, an alarm is raised, WeChat is answered, and nothing is granted, ever.
func wantException(t *testing.T, s *testShop, fault obj) {
	t.Helper()
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.faults(obj{"callback": []obj{fault}})
	s.scan(got.Payment)
	learner.await(got.Order.ID, "exception")
	wantAll(t, fmt.Sprint(fault), s.delivered(got.Payment.OutTradeNo), 1, 200)
	s.pass(2 * time.Minute) // nor does asking open it by itself
	wantAll(t, "its repeat", s.resend(got.Payment.OutTradeNo, obj{"fault": fault}), 1, 200)
	if o := learner.order(got.Order.ID); o.State != "exception" || o.Paid != 0 {
		t.Fatalf("%v: the order became %+v", fault, o)
	}
	if e, there := learner.enrolment(c.id); there {
		t.Fatalf("%v enrolled: %+v", fault, e)
	}
	learner.wantNotices("order_fulfilled", 0)
	if !s.alarmed("a payment does not fit its order", got.Order.ID) {
		t.Fatalf("%v raised no alarm", fault)
	}
}

// alarmed looks for an alarm about something in the log.
func (s *testShop) alarmed(what, about string) bool {
	for line := range strings.Lines(s.log.String()) {
		if strings.Contains(line, what) && strings.Contains(line, about) && strings.Contains(line, `"alarm":true`) {
			return true
		}
	}
	return false
}

// unprovenCallback forges callbacks for an order that nobody has paid, so that only a
// callback that is believed could move it.
func unprovenCallback(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	faults := map[string]obj{
		"a wrong signature": {"bad_signature": true}, "an altered body": {"altered_body": true},
		"six minutes old": {"stale": true}, "an unknown key": {"unknown_serial": true}, "WeChat's own probe": {"signtest": true},
	}
	for name, fault := range faults {
		wantAll(t, name, s.forge(obj{"out_trade_no": got.Payment.OutTradeNo, "amount_fen": 99900, "fault": fault}), 1, 401)
	}
	unsigned := s.visitor()
	if a := unsigned.post("/api/wechat/pay-notify", obj{"id": "EV-1", "event_type": "TRANSACTION.SUCCESS"}); a.status != 401 {
		t.Fatalf("a callback without a signature was answered %d: %s", a.status, a.body)
	}
	if o := learner.order(got.Order.ID); o.State != "pending" || o.Paid != 0 {
		t.Fatalf("the order became %+v", o)
	}
	s.scan(got.Payment) // and a true one is still believed
	learner.await(got.Order.ID, "fulfilled")
}

func otherChannel(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	pay := "/api/orders/" + got.Order.ID + "/pay"
	learner.post(pay, obj{"channel": "jsapi"}).wantCode(428, "OPENID_REQUIRED")
	wantSame(t, "trades before", s.trades(got.Order.ID), "01 NOTPAY")

	var h5 struct {
		Payment struct {
			Channel    string `json:"channel"`
			OutTradeNo string `json:"out_trade_no"`
			H5URL      string `json:"h5_url"`
		} `json:"payment"`
	}
	learner.post(pay, obj{"channel": "h5"}).want(200).into(&h5)
	if h5.Payment.Channel != "h5" || h5.Payment.OutTradeNo == got.Payment.OutTradeNo || h5.Payment.H5URL == "" {
		t.Fatalf("the phone got %+v", h5)
	}
	wantSame(t, "trades after", s.trades(got.Order.ID), "01 CLOSED", "02 NOTPAY")
	s.phone().post("/sandbox/pay", obj{"code_url": got.Payment.CodeURL}).wantCode(409, "TRADE_CLOSED")
	s.phone().post("/sandbox/pay", obj{"h5_url": h5.Payment.H5URL}).want(200)
	learner.await(got.Order.ID, "fulfilled")
	learner.wantGrants(c.id, 1)
}

func deadPage(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	ask := func() (url string) {
		var now struct {
			Payment struct {
				H5URL string `json:"h5_url"`
			} `json:"payment"`
		}
		learner.post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "h5"}).want(200).into(&now)
		return now.Payment.H5URL
	}
	first := ask()
	if again := ask(); again != first {
		t.Errorf("a page that lives was replaced: %s, %s", first, again)
	}
	s.pass(6 * time.Minute)
	s.phone().post("/sandbox/pay", obj{"h5_url": first}).wantCode(409, "CODE_EXPIRED")
	s.phone().post("/sandbox/pay", obj{"h5_url": ask()}).want(200)
	learner.await(got.Order.ID, "fulfilled")
	wantSame(t, "trades", s.trades(got.Order.ID), "01 CLOSED", "02 SUCCESS")
}

// closedTooEarly has WeChat close nothing within five minutes of its order, as it did in older days.
func closedTooEarly(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.faults(obj{"close_after_s": 300})
	got := learner.placed(99900, c.full)
	pay := "/api/orders/" + got.Order.ID + "/pay"
	learner.post(pay, obj{"channel": "h5"}).wantCode(503, "PAY_CHANNEL_BUSY")
	wantSame(t, "trades of the first minutes", s.trades(got.Order.ID), "01 NOTPAY")
	s.pass(5 * time.Minute)
	learner.post(pay, obj{"channel": "h5"}).want(200)
	wantSame(t, "trades after five minutes", s.trades(got.Order.ID), "01 CLOSED", "02 NOTPAY")
	learner.post("/api/orders/"+got.Order.ID+"/cancel", nil).want(200) // the second is as young again
	s.pass(5*time.Minute + time.Second)
	s.awaitLater(learner, got.Order.ID, "closed")
	wantSame(t, "trades at last", s.trades(got.Order.ID), "01 CLOSED", "02 CLOSED")

	d := s.sell(usual())
	paid := learner.placed(99900, d.full)
	learner.post("/api/orders/"+paid.Order.ID+"/pay", obj{"channel": "h5"}).wantCode(503, "PAY_CHANNEL_BUSY")
	s.scan(paid.Payment) // the code from before
	learner.await(paid.Order.ID, "fulfilled")
	learner.wantGrants(d.id, 1)
}

func oldChannelPaid(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.faults(obj{"callback": []obj{{"lose": true}}})
	s.scan(got.Payment)
	var now placedJSON
	learner.post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "h5"}).want(200).into(&now)
	if now.Payment != nil || now.Order.State == "pending" {
		t.Fatalf("a paid order could be paid again: %+v", now)
	}
	learner.await(got.Order.ID, "fulfilled")
	wantSame(t, "trades", s.trades(got.Order.ID), "01 SUCCESS")
}

// weChatBusy spoils h5 only: each kind of call has a breaker of its own, and the other cases
// need theirs.
func weChatBusy(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	keyed := learner.with("Idempotency-Key", "busy")
	order := orderFor(99900, c.full)
	order["channel"] = "h5"
	for _, status := range []int{500, 503, 429} {
		s.faults(obj{"api": []obj{{"api": "h5", "status": status}}})
		if busy := keyed.post("/api/orders", order).wantCode(503, "PAY_CHANNEL_BUSY"); busy.header.Get("Retry-After") == "" {
			t.Fatalf("a busy channel does not say when to come again: %v", busy.header)
		}
	}
	if all := learner.orders(); len(all) != 1 || all[0].State != "pending" {
		t.Fatalf("the orders are %+v", all)
	}
	eventually(t, 20*time.Second, func() error {
		keyed.post("/api/orders", order).wantCode(503, "PAY_CHANNEL_BUSY")
		if !strings.Contains(s.log.String(), `"api":"h5","from":"closed","to":"open"`) {
			return fmt.Errorf("the breaker stays closed")
		}
		return nil
	})
	s.faults(obj{})
	var got struct {
		Payment struct {
			H5URL string `json:"h5_url"`
		} `json:"payment"`
	}
	eventually(t, 30*time.Second, func() error {
		a := keyed.post("/api/orders", order)
		if a.status == 503 {
			return fmt.Errorf("WeChat is well again and the channel is not")
		}
		a.want(201).into(&got)
		return nil
	})
	s.phone().post("/sandbox/pay", obj{"h5_url": got.Payment.H5URL}).want(200)
	learner.await(learner.orders()[0].ID, "fulfilled")
}

func tokenEndsWhilePaying(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	learner.post("/api/logout", nil).want(204)
	learner.get("/api/orders/"+got.Order.ID).wantCode(401, "UNAUTHENTICATED")
	s.scan(got.Payment)
	wantAll(t, "the callback", s.delivered(got.Payment.OutTradeNo), 1, 200)
	learner.login(learner.name, testPassword, "web")
	learner.await(got.Order.ID, "fulfilled")
	learner.wantGrants(c.id, 1)
}

func unknownNumber(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full) // so that WeChat knows where to call
	stranger := obj{"out_trade_no": "NOSUCHORDER" + got.Order.ID[:8] + "01", "transaction_id": "4200" + got.Order.ID, "amount_fen": 99900}
	wantAll(t, "at first", s.forge(stranger), 1, 503)
	s.pass(9 * time.Minute)
	wantAll(t, "nine minutes later", s.forge(stranger), 1, 503)
	s.pass(2 * time.Minute)
	wantAll(t, "eleven minutes later", s.forge(stranger), 1, 200)
	if !s.alarmed("stays unknown", stranger["out_trade_no"].(string)) {
		t.Fatal("nobody was called about it")
	}
	if o := learner.order(got.Order.ID); o.State != "pending" {
		t.Fatalf("the order became %s", o.State)
	}
}

package main

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestRefundFaultCases are refunds that WeChat does not end as it should, or does not tell of as it
// should: money is back when WeChat has proven that very money, and once.
func TestRefundFaultCases(t *testing.T) {
	shop := startShop(t)
	c := shop.at(t, "2025-03-01 10:00").sell(usual())
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *testShop, *sold)
	}{
		{"callbacks of a refund that come many times at once count once", refundStorm},
		{"refunds that come many at once are all asked for within five minutes", refundsAtOnce},
		{"a refund of a payment that WeChat does not know calls people, and is asked for again", refundOfNothing},
		{"a refund that nobody tells of is found by asking", refundUntold},
		{"a refund's callback that proves nothing, or tells of other money, counts for nothing", refundMistold},
		{"a refund that gets stuck calls people, and counts when it came back by hand", refundStuck},
		{"a refund that WeChat gives up calls people, and can be asked for anew", refundGivenUp},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, shop.at(t, "2025-03-01 10:00"), c) })
	}
}

// askBack has somebody buy a course and want the money back; what is to go wrong is in force by then.
func (s *testShop) askBack(c *sold) (learner *person, order, outRefundNo string) {
	s.t.Helper()
	learner = s.newLearner()
	order = s.buy(learner, 99900, c.full).ID
	learner.post("/api/orders/"+order+"/refund", obj{"reason": "不合适"}).want(200)
	eventually(s.t, 20*time.Second, func() error {
		if numbers := s.refundsAtWeChat(order); len(numbers) == 1 {
			outRefundNo = numbers[0]
			return nil
		}
		return fmt.Errorf("WeChat has no refund of order %s", order)
	})
	return learner, order, outRefundNo
}

// wantBackOnce wants the money to be back, the access to be over, and the learner told, once.
func (s *testShop) wantBackOnce(learner *person, c *sold, order string) {
	s.t.Helper()
	if o := learner.await(order, "refunded"); o.Refunded != 99900 {
		s.t.Errorf("%d fen are back", o.Refunded)
	}
	eventually(s.t, 20*time.Second, func() error { return grantState(learner, c.id, order, "revoked") })
	s.wantToldBack(learner)
	wantSame(s.t, "refunds", s.refunds(order), "99900 SUCCESS")
}

// wantToldBack wants the learner to be told that the money is back, once.
func (s *testShop) wantToldBack(learner *person) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		if learner.notices("order_refunded") == 0 {
			return fmt.Errorf("the learner was not told")
		}
		return nil
	})
	learner.wantNotices("order_refunded", 1)
}

func refundStorm(t *testing.T, s *testShop, c *sold) {
	s.faults(obj{"callback": []obj{{"event": "refund", "repeat": 10, "parallel": true}}})
	learner, order, _ := s.askBack(c)
	s.pass(4 * time.Second) // WeChat takes three
	s.wantBackOnce(learner, c, order)
	for _, status := range s.delivered(order + "01") {
		if status != 200 && status != 503 { // WeChat comes again where a busy machine has no time for all ten
			t.Errorf("a callback was answered %d", status)
		}
	}
	wantAll(t, "a day later", s.resend(order+"01", obj{"event": "refund", "count": 3}), 3, 200)
	s.wantBackOnce(learner, c, order)
}

// refundsAtOnce are more than one instance asks WeChat for at a time: those that it did not ask
// for come next, and not after the pause that is for a WeChat that answered.
func refundsAtOnce(t *testing.T, s *testShop, c *sold) {
	const n = 6
	var orders []string
	var buyers []*person
	for range n {
		learner := s.newLearner()
		orders, buyers = append(orders, s.buy(learner, 99900, c.full).ID), append(buyers, learner)
	}
	s.faults(obj{"api": []obj{{"api": "refund", "delay_ms": 500}}})
	var all sync.WaitGroup
	for i, order := range orders {
		all.Go(func() { buyers[i].post("/api/orders/"+order+"/refund", obj{"reason": "买错了"}).want(200) })
	}
	all.Wait()
	s.faults(obj{})
	began := s.now()
	eventually(t, 40*time.Second, func() error {
		if s.now().Sub(began) < 4*time.Minute {
			s.pass(15 * time.Second)
		}
		for i, order := range orders {
			if back := s.refunds(order); len(back) != 1 {
				return fmt.Errorf("of the refund of buyer %d WeChat has heard %v", i, back)
			}
		}
		return nil
	})
}

func refundOfNothing(t *testing.T, s *testShop, c *sold) {
	learner := s.newLearner()
	order := s.buy(learner, 99900, c.full).ID
	s.faults(obj{"api": []obj{{"api": "refund", "status": 404, "code": "RESOURCE_NOT_EXISTS"}}})
	learner.post("/api/orders/"+order+"/refund", obj{"reason": "不合适"}).want(200)
	eventually(t, 20*time.Second, func() error {
		if !s.alarmed("WeChat refuses a refund", order) {
			return fmt.Errorf("nobody was called")
		}
		return nil
	})
	s.faults(obj{})
	s.pass(5*time.Minute + time.Second)
	eventually(t, 20*time.Second, func() error {
		if back := s.refunds(order); len(back) != 1 {
			return fmt.Errorf("WeChat has heard %v", back)
		}
		return nil
	})
}

func refundUntold(t *testing.T, s *testShop, c *sold) {
	s.faults(obj{"callback": []obj{{"event": "refund", "lose": true}}})
	learner, order, _ := s.askBack(c)
	for range 60 { // of the shop's minutes
		if learner.order(order).State == "refunded" {
			break
		}
		s.pass(time.Minute)
		time.Sleep(100 * time.Millisecond)
	}
	s.wantBackOnce(learner, c, order)
}

func refundMistold(t *testing.T, s *testShop, c *sold) {
	s.faults(obj{"refund": obj{"settle": "HOLD"}})
	learner, order, no := s.askBack(c)
	told := func(fault obj, more obj) obj {
		body := obj{"event": "refund", "out_trade_no": order + "01", "out_refund_no": no, "refund_fen": 99900, "fault": fault,
			"notify_url": s.url + "/api/wechat/refund-notify"}
		for k, v := range more {
			body[k] = v
		}
		return body
	}
	for _, tt := range []struct {
		name   string
		forged obj
		status int
	}{
		{"a wrong signature", told(obj{"bad_signature": true}, nil), 401},
		{"an altered body", told(obj{"altered_body": true}, nil), 401},
		{"WeChat's probe", told(obj{"signtest": true}, nil), 401},
		{"six minutes old", told(obj{"stale": true}, nil), 401},
		{"a key nobody knows", told(obj{"unknown_serial": true}, nil), 401},
		{"the XML of older days", told(obj{"xml": true}, nil), 400},
		{"one fen less than was asked for", told(nil, obj{"refund_fen": 99899}), 200},
		{"one fen more, by the sandbox's fault", told(obj{"amount_delta": 1}, nil), 200},
		{"of an order of another price", told(nil, obj{"amount_fen": 99901}), 200},
		{"another merchant's", told(obj{"mchid": "1900000009"}, nil), 200},
		{"another number", told(nil, obj{"out_refund_no": order + "r09"}), 200},
	} {
		wantAll(t, tt.name, s.forge(tt.forged), 1, tt.status)
		if o := learner.order(order); o.State != "refunding" || o.Refunded != 0 {
			t.Fatalf("%s: the order became %+v", tt.name, o)
		}
	}
	if !s.alarmed("another refund than was asked for", order) || !s.alarmed("a number that is not ours", order) {
		t.Error("nobody was called")
	}
	s.phone().post("/sandbox/refunds/"+no, obj{"status": "SUCCESS"}).want(200)
	s.wantBackOnce(learner, c, order)
}

func refundStuck(t *testing.T, s *testShop, c *sold) {
	s.faults(obj{"refund": obj{"settle": "ABNORMAL"}})
	learner, order, no := s.askBack(c)
	s.wantGivenUp(order)
	s.pass(time.Hour)
	if o := learner.order(order); o.State != "refunding" || o.Refunded != 0 {
		t.Errorf("the order became %+v", o)
	}
	s.staff("finance").anew().post("/api/admin/orders/"+order+"/refunds", obj{"reason": "客服"}).wantCode(409, "REFUND_UNDER_WAY")
	s.phone().post("/sandbox/refunds/"+no, obj{"status": "SUCCESS"}).want(200)
	s.wantBackOnce(learner, c, order)
}

func refundGivenUp(t *testing.T, s *testShop, c *sold) {
	s.faults(obj{"refund": obj{"settle": "CLOSED"}})
	learner, order, _ := s.askBack(c)
	s.wantGivenUp(order)
	eventually(t, 20*time.Second, func() error { return grantState(learner, c.id, order, "active") }) // who has no money back has the course
	if o := learner.order(order); o.Refunded != 0 {
		t.Errorf("the order became %+v", o)
	}
	learner.wantNotices("order_refunded", 0)
	s.faults(obj{})
	s.pass(2 * time.Minute) // WeChat wants a minute between two
	finance := s.staff("finance")
	eventually(t, 20*time.Second, func() error { // people are called a moment before it is written down
		if a := finance.anew().post("/api/admin/orders/"+order+"/refunds", obj{"reason": "客服"}); a.status != 201 {
			return fmt.Errorf("%s", a.body)
		}
		return nil
	})
	eventually(t, 20*time.Second, func() error {
		if n := len(s.refundsAtWeChat(order)); n != 2 {
			return fmt.Errorf("%d refunds", n)
		}
		return nil
	})
	s.pass(4 * time.Second)
	if o := learner.await(order, "refunded"); o.Refunded != 99900 {
		t.Errorf("%d fen are back", o.Refunded)
	}
	s.wantToldBack(learner)
}

// wantGivenUp waits until people are called about a refund.
func (s *testShop) wantGivenUp(order string) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		if !s.alarmed("WeChat gave a refund up", order) {
			return fmt.Errorf("nobody was called")
		}
		return nil
	})
}

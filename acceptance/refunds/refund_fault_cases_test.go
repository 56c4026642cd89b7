package refunds

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestRefundFaultCases are refunds that WeChat does not end as it should, or does not tell of as it
// should: money is back when WeChat has proven that very money, and once.
func TestRefundFaultCases(t *testing.T) {
	shop := shoptest.Start(t)
	c := shop.At(t, "2025-03-01 10:00").Sell(shoptest.Usual())
	for _, tt := range []struct {
		name string
		run  func(*testing.T, *shoptest.Shop, *shoptest.Course)
	}{
		{"callbacks of a refund that come many times at once count once", refundStorm},
		{"refunds that come many at once are all asked for within five minutes", refundsAtOnce},
		{"a refund of a payment that WeChat does not know calls people, and is asked for again", refundOfNothing},
		{"a refund without a callback is found by asking", refundUntold},
		{"a refund's callback that proves nothing, or is about other money, counts for nothing", refundMistold},
		{"a refund that gets stuck calls people, and counts when it came back by hand", refundStuck},
		{"a refund that WeChat gives up calls people, and can be asked for again", refundGivenUp},
	} {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, shop.At(t, "2025-03-01 10:00"), c) })
	}
}

// askBack has a learner buy a course and ask for the refund; the fault is in force by then.
func askBack(s *shoptest.Shop, c *shoptest.Course) (learner *shoptest.Person, order, outRefundNo string) {
	s.T.Helper()
	learner = s.NewLearner()
	order = s.Buy(learner, 99900, c.Full).ID
	learner.Post("/api/orders/"+order+"/refund", obj{"reason": "不合适"}).Want(200)
	shoptest.Eventually(s.T, time.Minute, func() error {
		if numbers := s.RefundsAtWeChat(order); len(numbers) == 1 {
			outRefundNo = numbers[0]
			return nil
		}
		return fmt.Errorf("WeChat has no refund of order %s", order)
	})
	return learner, order, outRefundNo
}

// wantBackOnce wants the money to be back, the access to be over, and one notice to the learner.
func wantBackOnce(s *shoptest.Shop, learner *shoptest.Person, c *shoptest.Course, order string) {
	s.T.Helper()
	if o := learner.Await(order, "refunded"); o.Refunded != 99900 {
		s.T.Errorf("%d fen are back", o.Refunded)
	}
	shoptest.Eventually(s.T, time.Minute, func() error { return shoptest.GrantState(learner, c.Id, order, "revoked") })
	wantToldBack(s, learner)
	shoptest.WantSame(s.T, "refunds", s.Refunds(order), "99900 SUCCESS")
}

// wantToldBack wants one notice to the learner that the money is back.
func wantToldBack(s *shoptest.Shop, learner *shoptest.Person) {
	s.T.Helper()
	shoptest.Eventually(s.T, time.Minute, func() error {
		if learner.Notices("order_refunded") == 0 {
			return fmt.Errorf("the learner got no notice")
		}
		return nil
	})
	learner.WantNotices("order_refunded", 1)
}

func refundStorm(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	s.Faults(obj{"callback": []obj{{"event": "refund", "repeat": 10, "parallel": true}}})
	learner, order, _ := askBack(s, c)
	s.Pass(4 * time.Second) // WeChat takes three
	wantBackOnce(s, learner, c, order)
	for _, status := range s.Delivered(order + "01") {
		if status != 200 && status != 503 { // WeChat comes again where a busy machine has no time for all ten
			t.Errorf("a callback was answered %d", status)
		}
	}
	shoptest.WantAll(t, "a day later", s.Resend(order+"01", obj{"event": "refund", "count": 3}), 3, 200)
	wantBackOnce(s, learner, c, order)
}

// refundsAtOnce are more than one instance asks WeChat for at a time: those that it did not ask
// for come next, and not after the pause that is for a WeChat that answered.
func refundsAtOnce(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	const n = 6
	var orders []string
	var buyers []*shoptest.Person
	for range n {
		learner := s.NewLearner()
		orders, buyers = append(orders, s.Buy(learner, 99900, c.Full).ID), append(buyers, learner)
	}
	s.Faults(obj{"api": []obj{{"api": "refund", "delay_ms": 500}}})
	var all sync.WaitGroup
	for i, order := range orders {
		all.Go(func() { buyers[i].Post("/api/orders/"+order+"/refund", obj{"reason": "买错了"}).Want(200) })
	}
	all.Wait()
	s.Faults(obj{})
	began := s.Now()
	shoptest.Eventually(t, 40*time.Second, func() error {
		if s.Now().Sub(began) < 4*time.Minute {
			s.Pass(15 * time.Second)
		}
		for i, order := range orders {
			if back := s.Refunds(order); len(back) != 1 {
				return fmt.Errorf("of the refund of buyer %d WeChat has heard %v", i, back)
			}
		}
		return nil
	})
}

func refundOfNothing(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	learner := s.NewLearner()
	order := s.Buy(learner, 99900, c.Full).ID
	s.Faults(obj{"api": []obj{{"api": "refund", "status": 404, "code": "RESOURCE_NOT_EXISTS"}}})
	learner.Post("/api/orders/"+order+"/refund", obj{"reason": "不合适"}).Want(200)
	shoptest.Eventually(t, time.Minute, func() error {
		if !s.Alarmed("WeChat refuses a refund", order) {
			return fmt.Errorf("no alarm was raised")
		}
		return nil
	})
	s.Faults(obj{})
	s.Pass(5*time.Minute + time.Second)
	shoptest.Eventually(t, time.Minute, func() error {
		if back := s.Refunds(order); len(back) != 1 {
			return fmt.Errorf("WeChat has heard %v", back)
		}
		return nil
	})
}

func refundUntold(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	s.Faults(obj{"callback": []obj{{"event": "refund", "lose": true}}})
	learner, order, _ := askBack(s, c)
	for range 60 { // of the shop's minutes
		if learner.Order(order).State == "refunded" {
			break
		}
		s.Pass(time.Minute)
		time.Sleep(100 * time.Millisecond)
	}
	wantBackOnce(s, learner, c, order)
}

func refundMistold(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	s.Faults(obj{"refund": obj{"settle": "HOLD"}})
	learner, order, no := askBack(s, c)
	told := func(fault obj, more obj) obj {
		body := obj{"event": "refund", "out_trade_no": order + "01", "out_refund_no": no, "refund_fen": 99900, "fault": fault,
			"notify_url": s.Url + "/api/wechat/refund-notify"}
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
		{"an unknown key", told(obj{"unknown_serial": true}, nil), 401},
		{"the XML of older days", told(obj{"xml": true}, nil), 400},
		{"one fen less than was asked for", told(nil, obj{"refund_fen": 99899}), 200},
		{"one fen more, by the sandbox's fault", told(obj{"amount_delta": 1}, nil), 200},
		{"of an order of another price", told(nil, obj{"amount_fen": 99901}), 200},
		{"another merchant's", told(obj{"mchid": "1900000009"}, nil), 200},
		{"another number", told(nil, obj{"out_refund_no": order + "r09"}), 200},
	} {
		shoptest.WantAll(t, tt.name, s.Forge(tt.forged), 1, tt.status)
		if o := learner.Order(order); o.State != "refunding" || o.Refunded != 0 {
			t.Fatalf("%s: the order became %+v", tt.name, o)
		}
	}
	if !s.Alarmed("another refund than was asked for", order) || !s.Alarmed("a number that is not ours", order) {
		t.Error("no alarm was raised")
	}
	s.Phone().Post("/sandbox/refunds/"+no, obj{"status": "SUCCESS"}).Want(200)
	wantBackOnce(s, learner, c, order)
}

func refundStuck(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	s.Faults(obj{"refund": obj{"settle": "ABNORMAL"}})
	learner, order, no := askBack(s, c)
	wantGivenUp(s, order)
	s.Pass(time.Hour)
	if o := learner.Order(order); o.State != "refunding" || o.Refunded != 0 {
		t.Errorf("the order became %+v", o)
	}
	s.Staff("finance").Anew().Post("/api/admin/orders/"+order+"/refunds", obj{"reason": "客服"}).WantCode(409, "REFUND_UNDER_WAY")
	s.Phone().Post("/sandbox/refunds/"+no, obj{"status": "SUCCESS"}).Want(200)
	wantBackOnce(s, learner, c, order)
}

func refundGivenUp(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	s.Faults(obj{"refund": obj{"settle": "CLOSED"}})
	learner, order, _ := askBack(s, c)
	wantGivenUp(s, order)
	shoptest.Eventually(t, time.Minute, func() error { return shoptest.GrantState(learner, c.Id, order, "active") }) // without the money back the learner keeps the course
	if o := learner.Order(order); o.Refunded != 0 {
		t.Errorf("the order became %+v", o)
	}
	learner.WantNotices("order_refunded", 0)
	s.Faults(obj{})
	s.Pass(2 * time.Minute) // WeChat wants a minute between two
	finance := s.Staff("finance")
	shoptest.Eventually(t, time.Minute, func() error { // people are called a moment before it is written down
		if a := finance.Anew().Post("/api/admin/orders/"+order+"/refunds", obj{"reason": "客服"}); a.Status != 201 {
			return fmt.Errorf("%s", a.Body)
		}
		return nil
	})
	shoptest.Eventually(t, time.Minute, func() error {
		if n := len(s.RefundsAtWeChat(order)); n != 2 {
			return fmt.Errorf("%d refunds", n)
		}
		return nil
	})
	s.Pass(4 * time.Second)
	if o := learner.Await(order, "refunded"); o.Refunded != 99900 {
		t.Errorf("%d fen are back", o.Refunded)
	}
	wantToldBack(s, learner)
}

// wantGivenUp waits until people are called about a refund.
func wantGivenUp(s *shoptest.Shop, order string) {
	s.T.Helper()
	shoptest.Eventually(s.T, time.Minute, func() error {
		if !s.Alarmed("WeChat gave a refund up", order) {
			return fmt.Errorf("no alarm was raised")
		}
		return nil
	})
}

package main

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// TestRaceCases are the moments in which two things happen to one order at once: it is paid
// while it expires, is cancelled, or gives way to another; and orders that share a course.
func TestRaceCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"twenty orders at once for one course are one order and one trade", parallelOrders},
		{"paid while another order wants its place, the paid one wins", paidWhileSuperseded},
		{"paid in the last minute with the callback lost, it counts when time runs out", paidAtTheEnd},
		{"paid and cancelled at once, the money counts", paidAndCancelled},
		{"a callback that overtakes the prepay's own answer counts", callbackOvertakes},
		{"a trade that WeChat will not close yet keeps its order closing", closingPatiently},
		{"an order that shares a course replaces the whole of the other", sharedCourse},
		{"money for a replaced order goes back when its free month was used meanwhile", lateAndTrialUsed},
		{"a refused order gives its key back", refusedKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// parallelOrders places one order for the same course many times at once.
func parallelOrders(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	answers := make([]answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = learner.with("Idempotency-Key", fmt.Sprint("key-", i)).try("POST", "/api/orders", orderFor(99900, c.full)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all := learner.orders()
	if len(all) != 1 {
		t.Fatalf("%d orders, not 1", len(all))
	}
	made := 0
	for _, a := range answers {
		wantThisOrRefused(t, a, all[0].ID)
		if a.status == 201 {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d answers say that they made the order", made)
	}
	wantSame(t, "trades", s.trades(all[0].ID), "01 NOTPAY")
	s.phone().post("/sandbox/pay", obj{"out_trade_no": all[0].ID + "01"}).want(200)
	learner.await(all[0].ID, "fulfilled")
	learner.wantGrants(c.id, 1)
}

func paidWhileSuperseded(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	first := learner.placed(99900, c.full)
	s.faults(obj{"callback": []obj{{"lose": true}}})
	s.scan(first.Payment)
	learner.place(20000, c.s2).wantCode(409, "ALREADY_OWNED")
	learner.await(first.Order.ID, "fulfilled")
	learner.wantThrough(c.id, "")
	learner.wantGrants(c.id, 2)
}

func paidAtTheEnd(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.pass(29 * time.Minute)
	s.faults(obj{"callback": []obj{{"lose": true}}, "api": []obj{{"api": "query", "status": 500, "times": 1, "out_trade_no": got.Payment.OutTradeNo}}})
	s.scan(got.Payment)
	s.pass(2 * time.Minute)
	s.awaitLater(learner, got.Order.ID, "fulfilled")
	learner.wantThrough(c.id, "")
	wantSame(t, "refunds", s.refunds(got.Order.ID))
}

func paidAndCancelled(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.phone().try("POST", "/sandbox/pay", obj{"code_url": got.Payment.CodeURL}); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		a, err := learner.try("POST", "/api/orders/"+got.Order.ID+"/cancel", nil)
		if err != nil || a.status != 200 && a.code() != "ORDER_NOT_CANCELLABLE" {
			t.Errorf("cancelling was answered %d: %s (%v)", a.status, a.body, err)
		}
	})
	wg.Wait()
	learner.await(got.Order.ID, "fulfilled")
	learner.wantGrants(c.id, 1)
	wantSame(t, "refunds", s.refunds(got.Order.ID))
}

func callbackOvertakes(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	page := learner.socket()
	s.faults(obj{"callback": []obj{{"event": "payment", "early": true, "times": 1}}})
	learner.place(99900, c.full).want(201)
	all := learner.orders()
	if len(all) != 1 {
		t.Fatalf("%d orders, not 1", len(all))
	}
	learner.await(all[0].ID, "fulfilled")
	wantOnce(t, learner, page, c.id)
	wantSame(t, "trades", s.trades(all[0].ID), "01 SUCCESS")
}

func closingPatiently(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.faults(obj{"api": []obj{{"api": "close", "status": 500, "out_trade_no": got.Payment.OutTradeNo}}})
	s.pass(31 * time.Minute)
	learner.await(got.Order.ID, "closing")
	learner.place(99900, c.full).wantCode(503, "PAY_CHANNEL_BUSY") // the old code might still be paid
	wantSame(t, "the trade meanwhile", s.trades(got.Order.ID), "01 NOTPAY")
	s.faults(obj{})
	s.awaitLater(learner, got.Order.ID, "closed")
	wantSame(t, "the trade", s.trades(got.Order.ID), "01 CLOSED")
	s.buy(learner, 99900, c.full)
}

func sharedCourse(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	both := learner.placed(199800, c.full, d.full)
	one := learner.placed(99900, d.full)
	learner.await(both.Order.ID, "closed")
	wantSame(t, "the trade of both", s.trades(both.Order.ID), "01 CLOSED")
	s.scan(one.Payment)
	learner.await(one.Order.ID, "fulfilled")
	if _, there := learner.enrolment(c.id); there {
		t.Fatal("the course that was left out was granted")
	}
	s.buy(learner, 99900, c.full)
}

func lateAndTrialUsed(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	late := s.closedButPayable(learner, 99900, c.s1, d.full)
	s.buy(learner, 0, c.s1)
	s.scan(late.Payment)
	s.wantPaidBack(learner, late.Order.ID, 99900)
	learner.wantGrants(c.id, 1)
	if _, there := learner.enrolment(d.id); there {
		t.Fatal("half of a late order was granted")
	}
}

func refusedKey(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	keyed := learner.with("Idempotency-Key", "again")
	keyed.post("/api/orders", orderFor(99800, c.full)).wantCode(409, "PRICE_CHANGED")
	keyed.post("/api/orders", orderFor(99900, c.full)).want(201) // the buyer agreed to the new total
	keyed.post("/api/orders", orderFor(99800, c.full)).wantCode(422, "IDEMPOTENCY_MISMATCH")
}

package orders

import (
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestRaceCases are the moments in which two things happen to one order at once: it is paid
// while it expires, is cancelled, or gives way to another; and orders that share a course.
func TestRaceCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"twenty orders at once for one course are one order and one trade", shoptest.ParallelOrders},
		{"paid while another order wants its place, the paid one wins", paidWhileSuperseded},
		{"paid in the last minute with the callback lost, it counts when time runs out", paidAtTheEnd},
		{"paid and cancelled at once, the money counts", paidAndCancelled},
		{"a callback that overtakes the prepay's own answer counts", callbackOvertakes},
		{"a trade that WeChat will not close yet keeps its order closing", closingPatiently},
		{"an order that shares a course replaces the whole of the other", sharedCourse},
		{"money for a replaced order goes back when its free month has been used since", lateAndTrialUsed},
		{"a refused order gives its key back", refusedKey},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

func paidWhileSuperseded(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	first := learner.Placed(99900, c.Full)
	s.Faults(obj{"callback": []obj{{"lose": true}}})
	s.Scan(first.Payment)
	learner.Place(20000, c.S2).WantCode(409, "ALREADY_OWNED")
	learner.Await(first.Order.ID, "fulfilled")
	learner.WantThrough(c.Id, "")
	learner.WantGrants(c.Id, 2)
}

func paidAtTheEnd(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.Pass(29 * time.Minute)
	s.Faults(obj{"callback": []obj{{"lose": true}}, "api": []obj{{"api": "query", "status": 500, "times": 1, "out_trade_no": got.Payment.OutTradeNo}}})
	s.Scan(got.Payment)
	s.Pass(2 * time.Minute)
	s.AwaitLater(learner, got.Order.ID, "fulfilled")
	learner.WantThrough(c.Id, "")
	shoptest.WantSame(t, "refunds", s.Refunds(got.Order.ID))
}

func paidAndCancelled(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	var wg sync.WaitGroup
	wg.Go(func() {
		if _, err := s.Phone().Try("POST", "/sandbox/pay", obj{"code_url": got.Payment.CodeURL}); err != nil {
			t.Error(err)
		}
	})
	wg.Go(func() {
		a, err := learner.Try("POST", "/api/orders/"+got.Order.ID+"/cancel", nil)
		if err != nil || a.Status != 200 && a.Code() != "ORDER_NOT_CANCELLABLE" {
			t.Errorf("cancelling was answered %d: %s (%v)", a.Status, a.Body, err)
		}
	})
	wg.Wait()
	learner.Await(got.Order.ID, "fulfilled")
	learner.WantGrants(c.Id, 1)
	shoptest.WantSame(t, "refunds", s.Refunds(got.Order.ID))
}

func callbackOvertakes(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	s.Faults(obj{"callback": []obj{{"event": "payment", "early": true, "times": 1}}})
	learner.Place(99900, c.Full).Want(201)
	all := learner.Orders()
	if len(all) != 1 {
		t.Fatalf("%d orders, not 1", len(all))
	}
	learner.Await(all[0].ID, "fulfilled")
	shoptest.WantOnce(t, learner, page, c.Id)
	shoptest.WantSame(t, "trades", s.Trades(all[0].ID), "01 SUCCESS")
}

func closingPatiently(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.Faults(obj{"api": []obj{{"api": "close", "status": 500, "out_trade_no": got.Payment.OutTradeNo}}})
	s.Pass(31 * time.Minute)
	learner.Await(got.Order.ID, "closing")
	learner.Place(99900, c.Full).WantCode(503, "PAY_CHANNEL_BUSY") // the old code might still be paid
	shoptest.WantSame(t, "the trade in between", s.Trades(got.Order.ID), "01 NOTPAY")
	s.Faults(obj{})
	s.AwaitLater(learner, got.Order.ID, "closed")
	shoptest.WantSame(t, "the trade", s.Trades(got.Order.ID), "01 CLOSED")
	s.Buy(learner, 99900, c.Full)
}

func sharedCourse(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	both := learner.Placed(199800, c.Full, d.Full)
	one := learner.Placed(99900, d.Full)
	learner.Await(both.Order.ID, "closed")
	shoptest.WantSame(t, "the trade of both", s.Trades(both.Order.ID), "01 CLOSED")
	s.Scan(one.Payment)
	learner.Await(one.Order.ID, "fulfilled")
	if _, there := learner.Enrolment(c.Id); there {
		t.Fatal("the course that was left out was granted")
	}
	s.Buy(learner, 99900, c.Full)
}

func lateAndTrialUsed(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	late := s.ClosedButPayable(learner, 99900, c.S1, d.Full)
	s.Buy(learner, 0, c.S1)
	s.Scan(late.Payment)
	s.WantPaidBack(learner, late.Order.ID, 99900)
	learner.WantGrants(c.Id, 1)
	if _, there := learner.Enrolment(d.Id); there {
		t.Fatal("half of a late order was granted")
	}
}

func refusedKey(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	keyed := learner.With("Idempotency-Key", "again")
	keyed.Post("/api/orders", shoptest.OrderFor(99800, c.Full)).WantCode(409, "PRICE_CHANGED")
	keyed.Post("/api/orders", shoptest.OrderFor(99900, c.Full)).Want(201) // the buyer agreed to the new total
	keyed.Post("/api/orders", shoptest.OrderFor(99800, c.Full)).WantCode(422, "IDEMPOTENCY_MISMATCH")
}

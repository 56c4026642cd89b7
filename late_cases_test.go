package main

import (
	"fmt"
	"testing"
	"time"
)

// TestLateMoneyCases are the payments that come when nobody waits for them any more: for a
// closed order, or a second time. WeChat is made to say that it knows no trade to close, so
// that the shop lets go of a code that can still be paid.
func TestLateMoneyCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"C11 money for a closed order revives it while the course is still wanted", lateAndWanted},
		{"C11 money for a closed order goes back by itself when the course was bought otherwise", lateAndOwned},
		{"C11 money for a closed order goes back by itself when another order is open", lateBesideOpen},
		{"C11 money for a closed order goes back by itself when the course is off sale", lateAndOffSale},
		{"M10 a free month beside a paid course is revived with it", lateTrial},
		{"a second payment of one order goes back by itself", paidTwice},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// forgetTrade makes WeChat answer one close call as if it had no such trade, and not do it.
func (s *testShop) forgetTrade(outTradeNo string) {
	s.t.Helper()
	s.faults(obj{"api": []obj{{"api": "close", "status": 404, "code": "ORDER_NOT_EXIST", "out_trade_no": outTradeNo, "times": 1}}})
}

// closedButPayable is an order that its learner cancelled and that is closed, while the
// phone still holds a code that can be paid.
func (s *testShop) closedButPayable(learner *person, total int64, lines ...wish) placedJSON {
	s.t.Helper()
	got := learner.placed(total, lines...)
	s.forgetTrade(got.Payment.OutTradeNo)
	learner.post("/api/orders/"+got.Order.ID+"/cancel", nil).want(200)
	s.pass(5*time.Minute + time.Second)
	s.awaitLater(learner, got.Order.ID, "closed")
	s.faults(obj{})
	wantSame(s.t, "the forgotten trade", s.trades(got.Order.ID), "01 NOTPAY")
	return got
}

// wantPaidBack wants all the money of a payment to be back, once, and its payer told.
func (s *testShop) wantPaidBack(learner *person, order string, amount int64) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		if len(s.refunds(order)) == 0 {
			return fmt.Errorf("nothing goes back")
		}
		return nil
	})
	s.pass(5 * time.Second) // WeChat takes three to pay back
	eventually(s.t, 20*time.Second, func() error {
		if learner.notices("paid_back") == 0 {
			return fmt.Errorf("the payer was not told; refunds: %q", s.refunds(order))
		}
		return nil
	})
	learner.wantNotices("paid_back", 1)
	wantSame(s.t, "refunds", s.refunds(order), fmt.Sprintf("%d SUCCESS", amount))
}

func lateAndWanted(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	late := s.closedButPayable(learner, 99900, c.full)
	s.scan(late.Payment)
	if o := learner.await(late.Order.ID, "fulfilled"); o.Paid != 99900 {
		t.Fatalf("revived with %d paid", o.Paid)
	}
	learner.wantThrough(c.id, "")
	learner.wantGrants(c.id, 1)
	wantSame(t, "refunds", s.refunds(late.Order.ID))
	if reason := learner.closeReason(late.Order.ID); reason != "" {
		t.Fatalf("the revived order still says that it was closed by %q", reason)
	}
}

func lateAndOwned(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	late := s.closedButPayable(learner, 99900, c.full)
	s.buy(learner, 99900, c.full)
	s.scan(late.Payment)
	s.wantPaidBack(learner, late.Order.ID, 99900)
	if o := learner.order(late.Order.ID); o.State != "closed" {
		t.Fatalf("the late order became %s", o.State)
	}
	wantAll(t, "the callback's repeat", s.resend(late.Payment.OutTradeNo, obj{}), 1, 200)
	learner.wantGrants(c.id, 1)
	s.wantPaidBack(learner, late.Order.ID, 99900)
}

func lateBesideOpen(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	late := s.closedButPayable(learner, 199800, c.full, d.full)
	open := learner.placed(99900, d.full)
	s.scan(late.Payment)
	s.wantPaidBack(learner, late.Order.ID, 199800)
	if _, there := learner.enrolment(c.id); there {
		t.Fatal("half of a late order was granted")
	}
	s.scan(open.Payment)
	learner.await(open.Order.ID, "fulfilled")
	s.buy(learner, 99900, c.full) // the late order holds nothing
}

func lateAndOffSale(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	late := s.closedButPayable(learner, 99900, c.full)
	c.takeDown()
	s.scan(late.Payment)
	s.wantPaidBack(learner, late.Order.ID, 99900)
	if e, there := learner.enrolment(c.id); there {
		t.Fatalf("a course off sale was granted: %+v", e)
	}
}

func lateTrial(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	late := s.closedButPayable(learner, 99900, c.s1, d.full)
	s.scan(late.Payment)
	learner.await(late.Order.ID, "fulfilled")
	learner.wantThrough(c.id, "2025-04-01")
	learner.wantThrough(d.id, "")
	learner.place(0, c.s1).wantCode(409, "TRIAL_USED")
}

func paidTwice(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.forgetTrade(got.Payment.OutTradeNo)
	var h5 struct {
		Payment struct {
			H5URL string `json:"h5_url"`
		} `json:"payment"`
	}
	learner.post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "h5"}).want(200).into(&h5)
	wantSame(t, "two codes", s.trades(got.Order.ID), "01 NOTPAY", "02 NOTPAY")
	s.phone().post("/sandbox/pay", obj{"h5_url": h5.Payment.H5URL}).want(200)
	learner.await(got.Order.ID, "fulfilled")

	s.scan(got.Payment)
	s.wantPaidBack(learner, got.Order.ID, 99900)
	wantSame(t, "trades", s.trades(got.Order.ID), "01 REFUND", "02 SUCCESS")
	o := learner.order(got.Order.ID)
	if o.State != "fulfilled" || o.Paid != 99900 || o.Refunded != 0 {
		t.Fatalf("the order became %+v", o)
	}
	learner.wantThrough(c.id, "")
	learner.wantGrants(c.id, 1)
	learner.wantNotices("order_fulfilled", 1)
}

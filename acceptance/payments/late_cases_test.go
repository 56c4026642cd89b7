package payments

import (
	"testing"

	"mstm/acceptance/shoptest"
)

// TestLateMoneyCases are payments that come too late: for a closed order, or a second time. WeChat
// is made to say that it knows no trade to close, so that the shop lets go of a code that can
// still be paid.
func TestLateMoneyCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"C11 money for a closed order revives it while the course is still wanted", lateAndWanted},
		{"C11 money for a closed order goes back by itself when the course was bought otherwise", lateAndOwned},
		{"C11 money for a closed order goes back by itself when another order is open", lateBesideOpen},
		{"C11 money for a closed order goes back by itself when the course is off sale", lateAndOffSale},
		{"M10 a free month beside a paid course is revived with it", lateTrial},
		{"a second payment of one order goes back by itself", paidTwice},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

func lateAndWanted(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	late := s.ClosedButPayable(learner, 99900, c.Full)
	s.Scan(late.Payment)
	if o := learner.Await(late.Order.ID, "fulfilled"); o.Paid != 99900 {
		t.Fatalf("revived with %d paid", o.Paid)
	}
	learner.WantThrough(c.Id, "")
	learner.WantGrants(c.Id, 1)
	shoptest.WantSame(t, "refunds", s.Refunds(late.Order.ID))
	if reason := learner.CloseReason(late.Order.ID); reason != "" {
		t.Fatalf("the revived order still says that it was closed by %q", reason)
	}
}

func lateAndOwned(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	late := s.ClosedButPayable(learner, 99900, c.Full)
	s.Buy(learner, 99900, c.Full)
	s.Scan(late.Payment)
	s.WantPaidBack(learner, late.Order.ID, 99900)
	if o := learner.Order(late.Order.ID); o.State != "closed" {
		t.Fatalf("the late order became %s", o.State)
	}
	shoptest.WantAll(t, "the callback's repeat", s.Resend(late.Payment.OutTradeNo, obj{}), 1, 200)
	learner.WantGrants(c.Id, 1)
	s.WantPaidBack(learner, late.Order.ID, 99900)
}

func lateBesideOpen(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	late := s.ClosedButPayable(learner, 199800, c.Full, d.Full)
	open := learner.Placed(99900, d.Full)
	s.Scan(late.Payment)
	s.WantPaidBack(learner, late.Order.ID, 199800)
	if _, there := learner.Enrolment(c.Id); there {
		t.Fatal("half of a late order was granted")
	}
	s.Scan(open.Payment)
	learner.Await(open.Order.ID, "fulfilled")
	s.Buy(learner, 99900, c.Full) // the late order holds nothing
}

func lateAndOffSale(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	late := s.ClosedButPayable(learner, 99900, c.Full)
	c.TakeDown()
	s.Scan(late.Payment)
	s.WantPaidBack(learner, late.Order.ID, 99900)
	if e, there := learner.Enrolment(c.Id); there {
		t.Fatalf("a course off sale was granted: %+v", e)
	}
}

func lateTrial(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	late := s.ClosedButPayable(learner, 99900, c.S1, d.Full)
	s.Scan(late.Payment)
	learner.Await(late.Order.ID, "fulfilled")
	learner.WantThrough(c.Id, "2025-04-01")
	learner.WantThrough(d.Id, "")
	learner.Place(0, c.S1).WantCode(409, "TRIAL_USED")
}

func paidTwice(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.ForgetTrade(got.Payment.OutTradeNo)
	var h5 struct {
		Payment struct {
			H5URL string `json:"h5_url"`
		} `json:"payment"`
	}
	learner.Post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "h5"}).Want(200).Into(&h5)
	shoptest.WantSame(t, "two codes", s.Trades(got.Order.ID), "01 NOTPAY", "02 NOTPAY")
	s.Phone().Post("/sandbox/pay", obj{"h5_url": h5.Payment.H5URL}).Want(200)
	learner.Await(got.Order.ID, "fulfilled")

	s.Scan(got.Payment)
	s.WantPaidBack(learner, got.Order.ID, 99900)
	shoptest.WantSame(t, "trades", s.Trades(got.Order.ID), "01 REFUND", "02 SUCCESS")
	o := learner.Order(got.Order.ID)
	if o.State != "fulfilled" || o.Paid != 99900 || o.Refunded != 0 {
		t.Fatalf("the order became %+v", o)
	}
	learner.WantThrough(c.Id, "")
	learner.WantGrants(c.Id, 1)
	learner.WantNotices("order_fulfilled", 1)
}

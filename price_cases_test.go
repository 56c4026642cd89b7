package main

import (
	"fmt"
	"testing"
	"time"
)

// TestPriceCases are the cases P01 to P13 of prices: course C is 999 yuan, its ladder free,
// 200 and 300, a month each.
func TestPriceCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"P01 the first month is free and WeChat is never called", freeFirstMonth},
		{"P02 the free month is not given twice", noSecondTrial},
		{"P03 access ends with the last day and the page offers what comes next", lastDay},
		{"P04 an early renewal loses no day", earlyRenewal},
		{"P05 after a gap the second month costs the same and begins that day", afterAGap},
		{"P05 after a gap longer than the ladder allows only the full price is left", lapsed},
		{"P07 no stage can be skipped", noSkipping},
		{"P08 after the last stage only the full price is left", endOfLadder},
		{"P09 stages that were paid count towards the full price", creditCounts},
		{"P12 credit beyond the price makes it nothing, and nothing goes back", creditBeyondPrice},
		{"P13 the full price on the fifth day of the free month opens the course for ever", buyout},
		{"a month from the last of January ends with February, and the next with March", monthEnds},
		{"a first month that costs something is sold once too", paidFirstMonth},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

func freeFirstMonth(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	wantSame(t, "offers before", learner.offers(c.id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 99900")

	got := learner.placed(0, c.s1)
	if got.Payment != nil || got.Order.State != "fulfilled" || got.Order.Total != 0 || got.Order.Paid != 0 {
		t.Fatalf("placed %+v, not a fulfilled order of nothing", got)
	}
	wantSame(t, "trades at WeChat", s.trades(got.Order.ID))
	learner.wantThrough(c.id, "2025-04-01")
	learner.wantGrants(c.id, 1)
	wantSame(t, "offers after", learner.offers(c.id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
}

func noSecondTrial(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-03-11 10:00", learner)
	refusal := learner.place(0, c.s1).wantCode(409, "TRIAL_USED")
	wantSame(t, "what can be bought instead", refusal.offers(), "S2 20000", "full 99900")
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.s1.PolicyID}).wantCode(409, "TRIAL_USED")
	if n := len(learner.orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
	learner.wantGrants(c.id, 1)
	learner.wantThrough(c.id, "2025-04-01")
}

// lastDay tries the last instants until an answer came within them: the clock flows on while
// the request is on its way.
func lastDay(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	learner.put("/api/enrolments/"+c.id+"/progress", obj{"lesson_id": c.lesson5, "position_s": 77}).want(200)

	s.move("2025-04-01 23:00", learner)
	eventually(t, 20*time.Second, func() error {
		s.move("2025-04-01 23:59:59.400")
		a := learner.get(c.lesson(c.lesson5))
		if a.status != 200 {
			return fmt.Errorf("the lesson answers %d in the last second", a.status)
		}
		return nil
	})
	s.move("2025-04-02 00:00:00.000")
	refusal := learner.get(c.lesson(c.lesson5)).wantCode(403, "ENROLMENT_EXPIRED")
	wantSame(t, "what comes next", refusal.offers(), "S2 20000", "full 99900")
	learner.get(c.lesson(c.preview)).want(200)
	learner.put("/api/enrolments/"+c.id+"/progress", obj{"lesson_id": c.lesson5, "position_s": 0}).wantCode(403, "ENROLMENT_EXPIRED")

	s.buy(learner, 20000, c.s2)
	learner.get(c.lesson(c.lesson5)).want(200)
	var kept struct {
		Lessons map[string]struct {
			Position int `json:"position_s"`
		} `json:"lessons"`
	}
	learner.put("/api/enrolments/"+c.id+"/progress", obj{"lesson_id": c.preview, "position_s": 5}).want(200).into(&kept)
	if kept.Lessons[c.lesson5].Position != 77 {
		t.Fatalf("progress %+v has lost where the fifth lesson was", kept)
	}
}

func earlyRenewal(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-03-20 10:00", learner)
	if o := s.buy(learner, 20000, c.s2); o.Paid != 20000 {
		t.Fatalf("paid %d, not 20000", o.Paid)
	}
	learner.wantThrough(c.id, "2025-05-01")
	e, _ := learner.enrolment(c.id)
	if !e.Grants[1].From.Equal(*e.Grants[0].Until) || e.Grants[1].State != "scheduled" {
		t.Fatalf("the second month does not begin where the first ends: %+v", e.Grants)
	}
	learner.place(30000, c.s3).wantCode(409, "PERIOD_NOT_BEGUN") // one period ahead at most
}

func afterAGap(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-07-10 10:00", learner)
	wantSame(t, "offers", learner.offers(c.id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	s.buy(learner, 20000, c.s2)
	learner.wantThrough(c.id, "2025-08-10")
}

func lapsed(t *testing.T, s *testShop) {
	strict := usual()
	strict.lapseAfterDays = 30
	c, late, inTime := s.sell(strict), s.newLearner(), s.newLearner()
	s.buy(late, 0, c.s1)
	s.buy(inTime, 0, c.s1)
	s.move("2025-05-01 10:00", inTime) // the thirtieth day after the last one
	s.buy(inTime, 20000, c.s2)
	s.move("2025-05-02 10:00", late)
	refusal := late.place(20000, c.s2).wantCode(409, "STAGE_LAPSED")
	wantSame(t, "what is left", refusal.offers(), "full 99900")
	s.buy(late, 99900, c.full)
	late.wantThrough(c.id, "")
}

func noSkipping(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	learner.place(20000, c.s2).wantCode(409, "STAGE_NOT_ELIGIBLE") // nor without the first
	s.buy(learner, 0, c.s1)
	refusal := learner.place(30000, c.s3).wantCode(409, "STAGE_NOT_ELIGIBLE")
	wantSame(t, "what can be bought", refusal.offers(), "S2 20000", "full 99900")
}

// climb takes the learner through the whole ladder, each month after a gap, and answers the
// numbers of the paid orders.
func climb(s *testShop, c *sold, learner *person) (paid []string) {
	s.buy(learner, 0, c.s1)
	s.move("2025-04-05 10:00", learner)
	paid = append(paid, s.buy(learner, 20000, c.s2).ID)
	s.move("2025-05-10 10:00", learner)
	return append(paid, s.buy(learner, 30000, c.s3).ID)
}

func endOfLadder(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	climb(s, c, learner)
	s.move("2025-06-15 10:00", learner)
	want := []string{"S1 TRIAL_USED", "S2 STAGE_ALREADY_USED", "S3 STAGE_ALREADY_USED", "full 99900"}
	wantSame(t, "offers", learner.offers(c.id), want...)
	if o := s.buy(learner, 99900, c.full); o.Lines[0].Credit != 0 {
		t.Fatalf("a course without credit gave %d", o.Lines[0].Credit)
	}
	learner.wantThrough(c.id, "")
	learner.wantGrants(c.id, 4)
}

func creditCounts(t *testing.T, s *testShop) {
	terms := usual()
	terms.credit = "paid_total"
	c, learner := s.sell(terms), s.newLearner()
	paid := climb(s, c, learner)
	o := s.buy(learner, 49900, c.full)
	line := o.Lines[0]
	if o.Total != 49900 || o.Paid != 49900 || line.List != 99900 || line.Credit != 50000 || line.Price != 49900 {
		t.Fatalf("order %+v is not 999 less a credit of 500", o)
	}
	wantSame(t, "orders of the credit", line.CreditOrders, paid...)
	learner.wantThrough(c.id, "")
}

func creditBeyondPrice(t *testing.T, s *testShop) {
	terms := usual()
	terms.credit = "paid_total"
	c, learner := s.sell(terms), s.newLearner()
	paid := climb(s, c, learner)
	terms.full = 39900
	c.reprice(terms)
	got := learner.placed(0, c.full)
	o := learner.await(got.Order.ID, "fulfilled")
	if got.Payment != nil || o.Total != 0 || o.Paid != 0 || o.Lines[0].Price != 0 || o.Lines[0].Credit != 39900 {
		t.Fatalf("order %+v is not 399 less a credit of 399", o)
	}
	wantSame(t, "trades at WeChat", s.trades(o.ID))
	learner.wantThrough(c.id, "")
	for _, id := range paid {
		if refunded := learner.order(id).Refunded; refunded != 0 || len(s.refunds(id)) != 0 {
			t.Fatalf("%d of order %s went back by itself", refunded, id)
		}
	}
}

func buyout(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-03-05 10:00", learner)
	s.buy(learner, 99900, c.full)
	learner.wantThrough(c.id, "")
	for _, offer := range learner.offers(c.id) {
		if offer[len(offer)-len("ALREADY_OWNED"):] != "ALREADY_OWNED" {
			t.Fatalf("an owner is offered %q", offer)
		}
	}
	s.move("2035-03-05 10:00", learner)
	learner.get(c.lesson(c.lesson5)).want(200)
}

func monthEnds(t *testing.T, s *testShop) {
	s.move("2025-01-31 23:30")
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	learner.wantThrough(c.id, "2025-02-28")
	s.move("2025-02-10 10:00", learner)
	s.buy(learner, 20000, c.s2)
	learner.wantThrough(c.id, "2025-03-31")
	s.move("2025-03-05 10:00", learner)
	s.buy(learner, 30000, c.s3)
	learner.wantThrough(c.id, "2025-04-30")
}

func paidFirstMonth(t *testing.T, s *testShop) {
	dear := usual()
	dear.s1, dear.credit = 9900, "paid_total"
	c, learner := s.sell(dear), s.newLearner()
	s.buy(learner, 9900, c.s1)
	learner.place(9900, c.s1).wantCode(409, "TRIAL_USED")
	wantSame(t, "offers", learner.offers(c.id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 90000")
}

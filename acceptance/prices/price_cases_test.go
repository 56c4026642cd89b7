package prices

import (
	"fmt"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestPriceCases are the cases P01 to P13 of prices: course C is 999 yuan, its ladder free,
// 200 and 300, a month each.
func TestPriceCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
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
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

func freeFirstMonth(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	shoptest.WantSame(t, "offers before", learner.Offers(c.Id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 99900")

	got := learner.Placed(0, c.S1)
	if got.Payment != nil || got.Order.State != "fulfilled" || got.Order.Total != 0 || got.Order.Paid != 0 {
		t.Fatalf("placed %+v, not a fulfilled order of nothing", got)
	}
	shoptest.WantSame(t, "trades at WeChat", s.Trades(got.Order.ID))
	learner.WantThrough(c.Id, "2025-04-01")
	learner.WantGrants(c.Id, 1)
	shoptest.WantSame(t, "offers after", learner.Offers(c.Id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
}

func noSecondTrial(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-03-11 10:00", learner)
	refusal := learner.Place(0, c.S1).WantCode(409, "TRIAL_USED")
	shoptest.WantSame(t, "what can be bought instead", refusal.Offers(), "S2 20000", "full 99900")
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.S1.PolicyID}).WantCode(409, "TRIAL_USED")
	if n := len(learner.Orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
	learner.WantGrants(c.Id, 1)
	learner.WantThrough(c.Id, "2025-04-01")
}

// lastDay tries the last instants until an answer came within them: the clock flows on while
// the request is on its way.
func lastDay(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	learner.Put("/api/enrolments/"+c.Id+"/progress", obj{"lesson_id": c.Lesson5, "position_s": 77}).Want(200)

	s.Move("2025-04-01 23:00", learner)
	shoptest.Eventually(t, time.Minute, func() error {
		s.Move("2025-04-01 23:59:59.400")
		a := learner.Get(c.Lesson(c.Lesson5))
		if a.Status != 200 {
			return fmt.Errorf("the lesson answers %d in the last second", a.Status)
		}
		return nil
	})
	s.Move("2025-04-02 00:00:00.000")
	refusal := learner.Get(c.Lesson(c.Lesson5)).WantCode(403, "ENROLMENT_EXPIRED")
	shoptest.WantSame(t, "what comes next", refusal.Offers(), "S2 20000", "full 99900")
	learner.Get(c.Lesson(c.Preview)).Want(200)
	learner.Put("/api/enrolments/"+c.Id+"/progress", obj{"lesson_id": c.Lesson5, "position_s": 0}).WantCode(403, "ENROLMENT_EXPIRED")

	s.Buy(learner, 20000, c.S2)
	learner.Get(c.Lesson(c.Lesson5)).Want(200)
	var kept struct {
		Lessons map[string]struct {
			Position int `json:"position_s"`
		} `json:"lessons"`
	}
	learner.Put("/api/enrolments/"+c.Id+"/progress", obj{"lesson_id": c.Preview, "position_s": 5}).Want(200).Into(&kept)
	if kept.Lessons[c.Lesson5].Position != 77 {
		t.Fatalf("progress %+v has lost where the fifth lesson was", kept)
	}
}

func earlyRenewal(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-03-20 10:00", learner)
	if o := s.Buy(learner, 20000, c.S2); o.Paid != 20000 {
		t.Fatalf("paid %d, not 20000", o.Paid)
	}
	learner.WantThrough(c.Id, "2025-05-01")
	e, _ := learner.Enrolment(c.Id)
	if !e.Grants[1].From.Equal(*e.Grants[0].Until) || e.Grants[1].State != "scheduled" {
		t.Fatalf("the second month does not begin where the first ends: %+v", e.Grants)
	}
	learner.Place(30000, c.S3).WantCode(409, "PERIOD_NOT_BEGUN") // one period ahead at most
}

func afterAGap(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-07-10 10:00", learner)
	shoptest.WantSame(t, "offers", learner.Offers(c.Id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	s.Buy(learner, 20000, c.S2)
	learner.WantThrough(c.Id, "2025-08-10")
}

func lapsed(t *testing.T, s *shoptest.Shop) {
	strict := shoptest.Usual()
	strict.LapseAfterDays = 30
	c, late, inTime := s.Sell(strict), s.NewLearner(), s.NewLearner()
	s.Buy(late, 0, c.S1)
	s.Buy(inTime, 0, c.S1)
	s.Move("2025-05-01 10:00", inTime) // the thirtieth day after the last one
	s.Buy(inTime, 20000, c.S2)
	s.Move("2025-05-02 10:00", late)
	refusal := late.Place(20000, c.S2).WantCode(409, "STAGE_LAPSED")
	shoptest.WantSame(t, "what is left", refusal.Offers(), "full 99900")
	s.Buy(late, 99900, c.Full)
	late.WantThrough(c.Id, "")
}

func noSkipping(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	learner.Place(20000, c.S2).WantCode(409, "STAGE_NOT_ELIGIBLE") // nor without the first
	s.Buy(learner, 0, c.S1)
	refusal := learner.Place(30000, c.S3).WantCode(409, "STAGE_NOT_ELIGIBLE")
	shoptest.WantSame(t, "what can be bought", refusal.Offers(), "S2 20000", "full 99900")
}

// climb takes the learner through the whole ladder, each month after a gap, and answers the
// numbers of the paid orders.
func climb(s *shoptest.Shop, c *shoptest.Course, learner *shoptest.Person) (paid []string) {
	s.Buy(learner, 0, c.S1)
	s.Move("2025-04-05 10:00", learner)
	paid = append(paid, s.Buy(learner, 20000, c.S2).ID)
	s.Move("2025-05-10 10:00", learner)
	return append(paid, s.Buy(learner, 30000, c.S3).ID)
}

func endOfLadder(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	climb(s, c, learner)
	s.Move("2025-06-15 10:00", learner)
	want := []string{"S1 TRIAL_USED", "S2 STAGE_ALREADY_USED", "S3 STAGE_ALREADY_USED", "full 99900"}
	shoptest.WantSame(t, "offers", learner.Offers(c.Id), want...)
	if o := s.Buy(learner, 99900, c.Full); o.Lines[0].Credit != 0 {
		t.Fatalf("a course without credit gave %d", o.Lines[0].Credit)
	}
	learner.WantThrough(c.Id, "")
	learner.WantGrants(c.Id, 4)
}

func creditCounts(t *testing.T, s *shoptest.Shop) {
	terms := shoptest.Usual()
	terms.Credit = "paid_total"
	c, learner := s.Sell(terms), s.NewLearner()
	paid := climb(s, c, learner)
	o := s.Buy(learner, 49900, c.Full)
	line := o.Lines[0]
	if o.Total != 49900 || o.Paid != 49900 || line.List != 99900 || line.Credit != 50000 || line.Price != 49900 {
		t.Fatalf("order %+v is not 999 less a credit of 500", o)
	}
	shoptest.WantSame(t, "orders of the credit", line.CreditOrders, paid...)
	learner.WantThrough(c.Id, "")
}

func creditBeyondPrice(t *testing.T, s *shoptest.Shop) {
	terms := shoptest.Usual()
	terms.Credit = "paid_total"
	c, learner := s.Sell(terms), s.NewLearner()
	paid := climb(s, c, learner)
	terms.Full = 39900
	c.Reprice(terms)
	got := learner.Placed(0, c.Full)
	o := learner.Await(got.Order.ID, "fulfilled")
	if got.Payment != nil || o.Total != 0 || o.Paid != 0 || o.Lines[0].Price != 0 || o.Lines[0].Credit != 39900 {
		t.Fatalf("order %+v is not 399 less a credit of 399", o)
	}
	shoptest.WantSame(t, "trades at WeChat", s.Trades(o.ID))
	learner.WantThrough(c.Id, "")
	for _, id := range paid {
		if refunded := learner.Order(id).Refunded; refunded != 0 || len(s.Refunds(id)) != 0 {
			t.Fatalf("%d of order %s went back by itself", refunded, id)
		}
	}
}

func buyout(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-03-05 10:00", learner)
	s.Buy(learner, 99900, c.Full)
	learner.WantThrough(c.Id, "")
	for _, offer := range learner.Offers(c.Id) {
		if offer[len(offer)-len("ALREADY_OWNED"):] != "ALREADY_OWNED" {
			t.Fatalf("an owner is offered %q", offer)
		}
	}
	s.Move("2035-03-05 10:00", learner)
	learner.Get(c.Lesson(c.Lesson5)).Want(200)
}

func monthEnds(t *testing.T, s *shoptest.Shop) {
	s.Move("2025-01-31 23:30")
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	learner.WantThrough(c.Id, "2025-02-28")
	s.Move("2025-02-10 10:00", learner)
	s.Buy(learner, 20000, c.S2)
	learner.WantThrough(c.Id, "2025-03-31")
	s.Move("2025-03-05 10:00", learner)
	s.Buy(learner, 30000, c.S3)
	learner.WantThrough(c.Id, "2025-04-30")
}

func paidFirstMonth(t *testing.T, s *shoptest.Shop) {
	dear := shoptest.Usual()
	dear.S1, dear.Credit = 9900, "paid_total"
	c, learner := s.Sell(dear), s.NewLearner()
	s.Buy(learner, 9900, c.S1)
	learner.Place(9900, c.S1).WantCode(409, "TRIAL_USED")
	shoptest.WantSame(t, "offers", learner.Offers(c.Id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 90000")
}

package prices

import (
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestPriceChangeCases are the cases P17 to P39: prices that change during a purchase, courses
// that go off sale, orders in parallel, and carts that are never paid.
func TestPriceChangeCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"P17 twenty first months at once from three devices are one", parallelTrials},
		{"P18 a stale tab cannot buy the same stage again", staleTab},
		{"P19 a holder keeps the price of the version held, a newcomer pays today's", holderKeepsPrice},
		{"P19 a holder pays today's price where it has fallen", holderGetsCut},
		{"P21 a retired ladder is hidden from newcomers and finished by its holder", retiredLadder},
		{"P23 the full price stays what it was for a holder", holderKeepsFullPrice},
		{"P24 a price that rose since it was seen is asked about again", priceRoseMeanwhile},
		{"P26 off sale, the access bought lasts and nothing more is sold", offSaleDuringStage},
		{"P37 a free month in an order that is never paid is not used up", unpaidTrial},
		{"P38 a free month and a paid course are granted together when the money comes", trialBesidePaid},
		{"P39 another choice leaves the order alone until it replaces it", choiceSupersedes},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

func parallelTrials(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	devices := []*shoptest.Person{learner}
	for _, client := range []string{"phone", "wechat"} {
		devices = append(devices, s.Visitor().Login(learner.Name, shoptest.Password, client))
	}
	body := obj{"lines": []shoptest.Wish{c.S1}, "total_fen": 0, "channel": "native"}
	answers := make([]shoptest.Answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			key := learner.Name + "-" + string(rune('a'+i))
			var err error
			if answers[i], err = devices[i%3].With("Idempotency-Key", key).Try("POST", "/api/orders", body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all := learner.Orders()
	if len(all) != 1 {
		t.Fatalf("%d orders, not 1", len(all))
	}
	for _, a := range answers {
		shoptest.WantThisOrRefused(t, a, all[0].ID)
	}
	learner.Await(all[0].ID, "fulfilled")
	learner.WantGrants(c.Id, 1)
	learner.Place(0, c.S1).WantCode(409, "TRIAL_USED")
}

func staleTab(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-04-05 10:00", learner)
	s.Buy(learner, 20000, c.S2)
	refusal := learner.Place(20000, c.S2).WantCode(409, "STAGE_ALREADY_USED")
	shoptest.WantSame(t, "what can be bought now", refusal.Offers(), "S3 30000", "full 99900")
	var fresh struct {
		Quote struct {
			Problems []struct {
				Code string `json:"code"`
			} `json:"problems"`
		} `json:"quote"`
	}
	if refusal.Into(&fresh); len(fresh.Quote.Problems) != 1 || fresh.Quote.Problems[0].Code != "STAGE_ALREADY_USED" {
		t.Fatalf("the refusal's quote has %+v", fresh.Quote)
	}
	if n := len(learner.Orders()); n != 2 {
		t.Fatalf("%d orders, not 2", n)
	}
}

func holderKeepsPrice(t *testing.T, s *shoptest.Shop) {
	c, holder := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(holder, 0, c.S1)
	dearer := shoptest.Usual()
	dearer.S2 = 26000
	c.Reprice(dearer)
	newcomer := s.NewLearner()
	s.Buy(newcomer, 0, c.S1)
	shoptest.WantSame(t, "the holder's offers", holder.Offers(c.Id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	shoptest.WantSame(t, "the newcomer's offers", newcomer.Offers(c.Id), "S1 TRIAL_USED", "S2 26000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	if o := s.Buy(holder, 20000, c.S2); o.Paid != 20000 || o.Lines[0].List != 26000 {
		t.Fatalf("the holder paid %+v", o)
	}
	newcomer.Place(20000, c.S2).WantCode(409, "PRICE_CHANGED")
	if o := s.Buy(newcomer, 26000, c.S2); o.Paid != 26000 {
		t.Fatalf("the newcomer paid %d", o.Paid)
	}
}

func holderGetsCut(t *testing.T, s *shoptest.Shop) {
	c, holder := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(holder, 0, c.S1)
	cheaper := shoptest.Usual()
	cheaper.S2, cheaper.Full = 15000, 79900
	c.Reprice(cheaper)
	shoptest.WantSame(t, "the holder's offers", holder.Offers(c.Id), "S1 TRIAL_USED", "S2 15000", "S3 STAGE_NOT_ELIGIBLE", "full 79900")
	got := holder.Placed(20000, c.S2) // the page still showed 200
	if !got.Lowered || got.Order.Total != 15000 {
		t.Fatalf("placed %+v, not at the lower price and said so", got)
	}
}

func retiredLadder(t *testing.T, s *shoptest.Shop) {
	c, holder, waiting := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	s.Buy(holder, 0, c.S1)
	waiting.Put("/api/cart/"+c.Id, obj{"policy_id": c.S1.PolicyID}).Want(200)
	c.RetireLadder(99900)

	shoptest.WantSame(t, "a newcomer's offers", waiting.Offers(c.Id), "full 99900")
	waiting.Place(0, c.S1).WantCode(409, "POLICY_RETIRED")
	cart := waiting.Cart()
	if p := cart.Lines[0].Problem; p == nil || p.Code != "POLICY_RETIRED" || p.Suggestion != c.Full.PolicyID || cart.Total != 0 {
		t.Fatalf("the cart's line shows %+v, total %d", p, cart.Total)
	}

	s.Move("2025-04-05 10:00", holder)
	s.Buy(holder, 20000, c.S2)
	s.Move("2025-05-10 10:00", holder)
	s.Buy(holder, 30000, c.S3)
	s.Move("2025-06-15 10:00", holder)
	s.Buy(holder, 99900, c.Full)
	holder.WantThrough(c.Id, "")
}

func holderKeepsFullPrice(t *testing.T, s *shoptest.Shop) {
	c, holder := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(holder, 0, c.S1)
	s.Move("2025-04-05 10:00", holder)
	s.Buy(holder, 20000, c.S2)
	dearer := shoptest.Usual()
	dearer.Full = 129900
	c.Reprice(dearer)
	shoptest.WantSame(t, "a newcomer's offers", s.NewLearner().Offers(c.Id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 129900")
	if o := s.Buy(holder, 99900, c.Full); o.Paid != 99900 {
		t.Fatalf("the holder paid %d", o.Paid)
	}
}

func priceRoseMeanwhile(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID}).Want(200)
	dearer := shoptest.Usual()
	dearer.Full = 109900
	c.Reprice(dearer)
	var refusal struct {
		Old   int64 `json:"old_fen"`
		New   int64 `json:"new_fen"`
		Quote struct {
			Total int64 `json:"total_fen"`
		} `json:"quote"`
	}
	learner.Place(99900, c.Full).WantCode(409, "PRICE_CHANGED").Into(&refusal)
	if refusal.Old != 99900 || refusal.New != 109900 || refusal.Quote.Total != 109900 {
		t.Fatalf("refused with %+v", refusal)
	}
	if n := len(learner.Orders()); n != 0 {
		t.Fatalf("%d orders were placed all the same", n)
	}
	line := learner.Cart().Lines[0]
	if line.Price != 109900 || line.Problem == nil || line.Problem.Code != "PRICE_CHANGED" {
		t.Fatalf("the cart's line shows %+v", line)
	}
	if o := s.Buy(learner, 109900, c.Full); o.Paid != 109900 {
		t.Fatalf("paid %d after consenting", o.Paid)
	}
}

func offSaleDuringStage(t *testing.T, s *shoptest.Shop) {
	c, learner, owner := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Buy(owner, 99900, c.Full)
	c.TakeDown()
	for _, w := range []shoptest.Wish{c.S2, c.Full} {
		learner.Place(99900, w).WantCode(409, "COURSE_OFF_SALE")
		learner.Put("/api/cart/"+c.Id, obj{"policy_id": w.PolicyID}).WantCode(409, "COURSE_OFF_SALE")
	}
	s.Move("2025-04-01 12:00", learner, owner)
	learner.Get(c.Lesson(c.Lesson5)).Want(200)
	s.Move("2025-04-02 00:00", learner)
	learner.Get(c.Lesson(c.Lesson5)).WantCode(403, "ENROLMENT_EXPIRED")
	owner.Get(c.Lesson(c.Lesson5)).Want(200)
}

func unpaidTrial(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.S1, d.Full)
	s.Pass(31 * time.Minute)
	learner.Await(got.Order.ID, "closed")
	if e, there := learner.Enrolment(c.Id); there {
		t.Fatalf("an order that was never paid enrolled: %+v", e)
	}
	shoptest.WantSame(t, "the trade", s.Trades(got.Order.ID), "01 CLOSED")
	s.Buy(learner, 0, c.S1)
	learner.WantGrants(c.Id, 1)
}

func trialBesidePaid(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.S1, d.Full)
	if _, there := learner.Enrolment(c.Id); there {
		t.Fatal("the free month was granted before the money came")
	}
	s.Move("2025-03-01 10:20")
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	free, _ := learner.Enrolment(c.Id)
	learner.WantGrants(c.Id, 1)
	learner.WantGrants(d.Id, 1)
	if free.Grants[0].From.Before(shoptest.BeijingTime(t, "2025-03-01 10:20")) {
		t.Fatalf("the free month began at %s, before it was granted", free.Grants[0].From)
	}
	learner.WantThrough(c.Id, "2025-04-01")
	learner.WantThrough(d.Id, "")
}

func choiceSupersedes(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.S2.PolicyID}).Want(200)
	first := learner.Placed(20000, c.S2)
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID}).Want(200)
	if o := learner.Order(first.Order.ID); o.State != "pending" || o.Total != 20000 || o.Lines[0].PolicyID != c.S2.PolicyID {
		t.Fatalf("choosing again in the cart changed the order: %+v", o)
	}

	second := learner.Placed(99900, c.Full)
	learner.Await(first.Order.ID, "closed")
	shoptest.WantSame(t, "the first order's trade", s.Trades(first.Order.ID), "01 CLOSED")
	s.Phone().Post("/sandbox/pay", obj{"code_url": first.Payment.CodeURL}).WantCode(409, "TRADE_CLOSED")
	if reason := learner.CloseReason(first.Order.ID); reason != "superseded" {
		t.Fatalf("the first order was closed by %q", reason)
	}
	s.Scan(second.Payment)
	learner.Await(second.Order.ID, "fulfilled")
	learner.WantThrough(c.Id, "")
}

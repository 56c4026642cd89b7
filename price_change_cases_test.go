package main

import (
	"sync"
	"testing"
	"time"
)

// TestPriceChangeCases are the cases P17 to P39: prices that change while somebody buys,
// courses that go off sale, orders in parallel, and carts that are never paid.
func TestPriceChangeCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
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
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

func parallelTrials(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	devices := []*person{learner}
	for _, client := range []string{"phone", "wechat"} {
		devices = append(devices, s.visitor().login(learner.name, testPassword, client))
	}
	body := obj{"lines": []wish{c.s1}, "total_fen": 0, "channel": "native"}
	answers := make([]answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			key := learner.name + "-" + string(rune('a'+i))
			var err error
			if answers[i], err = devices[i%3].with("Idempotency-Key", key).try("POST", "/api/orders", body); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all := learner.orders()
	if len(all) != 1 {
		t.Fatalf("%d orders, not 1", len(all))
	}
	for _, a := range answers {
		wantThisOrRefused(t, a, all[0].ID)
	}
	learner.await(all[0].ID, "fulfilled")
	learner.wantGrants(c.id, 1)
	learner.place(0, c.s1).wantCode(409, "TRIAL_USED")
}

// wantThisOrRefused wants an answer that names the one order, or a conflict.
func wantThisOrRefused(t *testing.T, a answer, id string) {
	t.Helper()
	var got placedJSON
	switch a.status {
	case 200, 201:
		if a.into(&got); got.Order.ID != id {
			t.Errorf("answered order %s beside %s", got.Order.ID, id)
		}
	case 409:
	default:
		t.Errorf("answered %d: %s", a.status, a.body)
	}
}

func staleTab(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-04-05 10:00", learner)
	s.buy(learner, 20000, c.s2)
	refusal := learner.place(20000, c.s2).wantCode(409, "STAGE_ALREADY_USED")
	wantSame(t, "what can be bought now", refusal.offers(), "S3 30000", "full 99900")
	var fresh struct {
		Quote struct {
			Problems []struct {
				Code string `json:"code"`
			} `json:"problems"`
		} `json:"quote"`
	}
	if refusal.into(&fresh); len(fresh.Quote.Problems) != 1 || fresh.Quote.Problems[0].Code != "STAGE_ALREADY_USED" {
		t.Fatalf("the refusal's quote has %+v", fresh.Quote)
	}
	if n := len(learner.orders()); n != 2 {
		t.Fatalf("%d orders, not 2", n)
	}
}

func holderKeepsPrice(t *testing.T, s *testShop) {
	c, holder := s.sell(usual()), s.newLearner()
	s.buy(holder, 0, c.s1)
	dearer := usual()
	dearer.s2 = 26000
	c.reprice(dearer)
	newcomer := s.newLearner()
	s.buy(newcomer, 0, c.s1)
	wantSame(t, "the holder's offers", holder.offers(c.id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	wantSame(t, "the newcomer's offers", newcomer.offers(c.id), "S1 TRIAL_USED", "S2 26000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	if o := s.buy(holder, 20000, c.s2); o.Paid != 20000 || o.Lines[0].List != 26000 {
		t.Fatalf("the holder paid %+v", o)
	}
	newcomer.place(20000, c.s2).wantCode(409, "PRICE_CHANGED")
	if o := s.buy(newcomer, 26000, c.s2); o.Paid != 26000 {
		t.Fatalf("the newcomer paid %d", o.Paid)
	}
}

func holderGetsCut(t *testing.T, s *testShop) {
	c, holder := s.sell(usual()), s.newLearner()
	s.buy(holder, 0, c.s1)
	cheaper := usual()
	cheaper.s2, cheaper.full = 15000, 79900
	c.reprice(cheaper)
	wantSame(t, "the holder's offers", holder.offers(c.id), "S1 TRIAL_USED", "S2 15000", "S3 STAGE_NOT_ELIGIBLE", "full 79900")
	got := holder.placed(20000, c.s2) // the page still showed 200
	if !got.Lowered || got.Order.Total != 15000 {
		t.Fatalf("placed %+v, not at the lower price and said so", got)
	}
}

func retiredLadder(t *testing.T, s *testShop) {
	c, holder, waiting := s.sell(usual()), s.newLearner(), s.newLearner()
	s.buy(holder, 0, c.s1)
	waiting.put("/api/cart/"+c.id, obj{"policy_id": c.s1.PolicyID}).want(200)
	c.retireLadder(99900)

	wantSame(t, "a newcomer's offers", waiting.offers(c.id), "full 99900")
	waiting.place(0, c.s1).wantCode(409, "POLICY_RETIRED")
	cart := waiting.cart()
	if p := cart.Lines[0].Problem; p == nil || p.Code != "POLICY_RETIRED" || p.Suggestion != c.full.PolicyID || cart.Total != 0 {
		t.Fatalf("the cart's line shows %+v, total %d", p, cart.Total)
	}

	s.move("2025-04-05 10:00", holder)
	s.buy(holder, 20000, c.s2)
	s.move("2025-05-10 10:00", holder)
	s.buy(holder, 30000, c.s3)
	s.move("2025-06-15 10:00", holder)
	s.buy(holder, 99900, c.full)
	holder.wantThrough(c.id, "")
}

func holderKeepsFullPrice(t *testing.T, s *testShop) {
	c, holder := s.sell(usual()), s.newLearner()
	s.buy(holder, 0, c.s1)
	s.move("2025-04-05 10:00", holder)
	s.buy(holder, 20000, c.s2)
	dearer := usual()
	dearer.full = 129900
	c.reprice(dearer)
	wantSame(t, "a newcomer's offers", s.newLearner().offers(c.id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 129900")
	if o := s.buy(holder, 99900, c.full); o.Paid != 99900 {
		t.Fatalf("the holder paid %d", o.Paid)
	}
}

func priceRoseMeanwhile(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID}).want(200)
	dearer := usual()
	dearer.full = 109900
	c.reprice(dearer)
	var refusal struct {
		Old   int64 `json:"old_fen"`
		New   int64 `json:"new_fen"`
		Quote struct {
			Total int64 `json:"total_fen"`
		} `json:"quote"`
	}
	learner.place(99900, c.full).wantCode(409, "PRICE_CHANGED").into(&refusal)
	if refusal.Old != 99900 || refusal.New != 109900 || refusal.Quote.Total != 109900 {
		t.Fatalf("refused with %+v", refusal)
	}
	if n := len(learner.orders()); n != 0 {
		t.Fatalf("%d orders were placed all the same", n)
	}
	line := learner.cart().Lines[0]
	if line.Price != 109900 || line.Problem == nil || line.Problem.Code != "PRICE_CHANGED" {
		t.Fatalf("the cart's line shows %+v", line)
	}
	if o := s.buy(learner, 109900, c.full); o.Paid != 109900 {
		t.Fatalf("paid %d after consenting", o.Paid)
	}
}

func offSaleDuringStage(t *testing.T, s *testShop) {
	c, learner, owner := s.sell(usual()), s.newLearner(), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.buy(owner, 99900, c.full)
	c.takeDown()
	for _, w := range []wish{c.s2, c.full} {
		learner.place(99900, w).wantCode(409, "COURSE_OFF_SALE")
		learner.put("/api/cart/"+c.id, obj{"policy_id": w.PolicyID}).wantCode(409, "COURSE_OFF_SALE")
	}
	s.move("2025-04-01 12:00", learner, owner)
	learner.get(c.lesson(c.lesson5)).want(200)
	s.move("2025-04-02 00:00", learner)
	learner.get(c.lesson(c.lesson5)).wantCode(403, "ENROLMENT_EXPIRED")
	owner.get(c.lesson(c.lesson5)).want(200)
}

func unpaidTrial(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.s1, d.full)
	s.pass(31 * time.Minute)
	learner.await(got.Order.ID, "closed")
	if e, there := learner.enrolment(c.id); there {
		t.Fatalf("an order that was never paid enrolled: %+v", e)
	}
	wantSame(t, "the trade", s.trades(got.Order.ID), "01 CLOSED")
	s.buy(learner, 0, c.s1)
	learner.wantGrants(c.id, 1)
}

func trialBesidePaid(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.s1, d.full)
	if _, there := learner.enrolment(c.id); there {
		t.Fatal("the free month was granted before the money came")
	}
	s.move("2025-03-01 10:20")
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	free, _ := learner.enrolment(c.id)
	learner.wantGrants(c.id, 1)
	learner.wantGrants(d.id, 1)
	if free.Grants[0].From.Before(beijingTime(t, "2025-03-01 10:20")) {
		t.Fatalf("the free month began at %s, before it was granted", free.Grants[0].From)
	}
	learner.wantThrough(c.id, "2025-04-01")
	learner.wantThrough(d.id, "")
}

func choiceSupersedes(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.s2.PolicyID}).want(200)
	first := learner.placed(20000, c.s2)
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID}).want(200)
	if o := learner.order(first.Order.ID); o.State != "pending" || o.Total != 20000 || o.Lines[0].PolicyID != c.s2.PolicyID {
		t.Fatalf("choosing again in the cart changed the order: %+v", o)
	}

	second := learner.placed(99900, c.full)
	learner.await(first.Order.ID, "closed")
	wantSame(t, "the first order's trade", s.trades(first.Order.ID), "01 CLOSED")
	s.phone().post("/sandbox/pay", obj{"code_url": first.Payment.CodeURL}).wantCode(409, "TRADE_CLOSED")
	if reason := learner.closeReason(first.Order.ID); reason != "superseded" {
		t.Fatalf("the first order was closed by %q", reason)
	}
	s.scan(second.Payment)
	learner.await(second.Order.ID, "fulfilled")
	learner.wantThrough(c.id, "")
}

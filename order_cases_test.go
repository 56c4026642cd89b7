package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"
)

// TestOrderCases are the cases of placing and ending orders.
func TestOrderCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"C01 a double click makes one order and two equal answers", doubleClick},
		{"C02 another tab gets the order that is open already", secondTab},
		{"C03 a key that comes with another body is refused", keyWithOtherBody},
		{"C16 a cart's price that rose places nothing", cartPriceRose},
		{"C17 an order keeps its price for half an hour", orderKeepsPrice},
		{"C18 a line off sale is named and the rest can be bought", offSaleInCart},
		{"C19 an order placed before the course went off sale is fulfilled", offSaleAfterOrder},
		{"C19 a course taken down by law closes its orders and pays back what still comes", takenDown},
		{"C20 what is owned for ever cannot be put into a cart or ordered", ownedAlready},
		{"C36 a cancelled order is closed at WeChat after five minutes", cancelled},
		{"C36 money that comes for a cancelled order counts", paidWhileClosing},
		{"C39 a price from the page charges nobody less", priceFromPage},
		{"C40 somebody else's order is not there", foreignOrder},
		{"C46 19.99 yuan is 1999 fen everywhere", oddFen},
		{"lines that cannot be are refused and nothing is placed", impossibleLines},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// orderFor is the body of an order.
func orderFor(total int64, lines ...wish) obj {
	return obj{"lines": lines, "total_fen": total, "channel": "native"}
}

func doubleClick(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	keyed := learner.with("Idempotency-Key", "click-1")
	answers := make([]answer, 2)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = keyed.try("POST", "/api/orders", orderFor(99900, c.full)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	later := keyed.post("/api/orders", orderFor(99900, c.full)).want(201)
	for _, a := range answers {
		if a.want(201); !bytes.Equal(a.body, later.body) {
			t.Fatalf("two answers under one key:\n%s\n%s", a.body, later.body)
		}
	}
	if n := len(learner.orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
	var got placedJSON
	later.into(&got)
	wantSame(t, "trades", s.trades(got.Order.ID), "01 NOTPAY")
}

func secondTab(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	first := learner.placed(99900, c.full)
	var second placedJSON
	learner.place(99900, c.full).want(200).into(&second)
	if !second.Reused || second.Order.ID != first.Order.ID || second.Payment == nil || *second.Payment != *first.Payment {
		t.Fatalf("the second tab got %+v after %+v", second, first)
	}
	if n := len(learner.orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
}

func keyWithOtherBody(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	keyed := learner.with("Idempotency-Key", "one-key")
	keyed.post("/api/orders", orderFor(99900, c.full)).want(201)
	keyed.post("/api/orders", orderFor(99900, d.full)).wantCode(422, "IDEMPOTENCY_MISMATCH")
	learner.post("/api/orders", orderFor(99900, d.full)).wantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	if n := len(learner.orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
	// Keys are a learner's own: somebody else's is another one.
	s.newLearner().with("Idempotency-Key", "one-key").post("/api/orders", orderFor(99900, d.full)).want(201)
}

func cartPriceRose(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID}).want(200)
	dearer := usual()
	dearer.full = 99901 // by a single fen
	c.reprice(dearer)
	learner.place(99900, c.full).wantCode(409, "PRICE_CHANGED")
	if n := len(learner.orders()); n != 0 {
		t.Fatalf("%d orders, not 0", n)
	}
}

func orderKeepsPrice(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	dearer := usual()
	dearer.full = 129900
	c.reprice(dearer)
	s.pass(28 * time.Minute)
	if o := learner.order(got.Order.ID); o.State != "pending" || o.Total != 99900 {
		t.Fatalf("the order became %+v", o)
	}
	s.scan(got.Payment)
	if o := learner.await(got.Order.ID, "fulfilled"); o.Paid != 99900 {
		t.Fatalf("paid %d", o.Paid)
	}
	if until := got.Order.ExpiresAt.Sub(beijingTime(t, "2025-03-01 10:00")); until < 30*time.Minute || until > 31*time.Minute {
		t.Fatalf("the order could be paid for %s", until)
	}
}

func offSaleInCart(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID}).want(200)
	learner.put("/api/cart/"+d.id, obj{"policy_id": d.full.PolicyID}).want(200)
	c.takeDown()
	cart := learner.cart()
	if line := cart.Lines[1]; line.CourseID != c.id || line.Problem == nil || line.Problem.Code != "COURSE_OFF_SALE" || cart.Total != 99900 {
		t.Fatalf("the cart shows %+v", cart)
	}
	if got := learner.quote(c.full, d.full); got != "99900 COURSE_OFF_SALE" {
		t.Fatalf("quoted %q", got)
	}
	learner.place(199800, c.full, d.full).wantCode(409, "COURSE_OFF_SALE")
	s.buy(learner, 99900, d.full)
	learner.wantGrants(d.id, 1)
}

func takenDown(t *testing.T, s *testShop) {
	c := s.sell(usual())
	closed, late := s.newLearner(), s.newLearner()
	one, two := closed.placed(99900, c.full), late.placed(99900, c.full)
	s.faults(obj{"api": []obj{{"api": "close", "status": 500, "out_trade_no": two.Payment.OutTradeNo}}})
	s.staff("editor").post("/api/admin/courses/"+c.id+"/unpublish", obj{"legal": true}).want(200)
	closed.await(one.Order.ID, "closed")

	if o := late.order(two.Order.ID); o.State != "closing" {
		t.Fatalf("WeChat cannot close it, and the order is %s", o.State)
	}
	s.scan(two.Payment)
	late.await(two.Order.ID, "closed")
	eventually(t, 20*time.Second, func() error {
		if n := len(s.refundsAtWeChat(two.Order.ID)); n != 1 {
			return fmt.Errorf("%d refunds", n)
		}
		return nil
	})
	if _, there := late.enrolment(c.id); there {
		t.Error("a course taken down was opened")
	}
}

func offSaleAfterOrder(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	c.takeDown()
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	learner.wantThrough(c.id, "")
}

func ownedAlready(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.buy(learner, 99900, c.full)
	for _, w := range []wish{c.s1, c.full} {
		learner.put("/api/cart/"+c.id, obj{"policy_id": w.PolicyID}).wantCode(409, "ALREADY_OWNED")
		learner.place(99900, w).wantCode(409, "ALREADY_OWNED")
	}
	learner.put("/api/cart/"+c.id, obj{}).wantCode(409, "ALREADY_OWNED")
	learner.wantGrants(c.id, 1)
}

func cancelled(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.pass(time.Minute)
	var shown orderJSON
	learner.post("/api/orders/"+got.Order.ID+"/cancel", nil).want(200).into(&shown)
	if shown.State != "closing" || learner.closeReason(got.Order.ID) != "user" {
		t.Fatalf("the cancelled order shows %+v", shown)
	}
	wantSame(t, "the trade before its five minutes", s.trades(got.Order.ID), "01 NOTPAY")
	s.pass(4 * time.Minute)
	s.awaitLater(learner, got.Order.ID, "closed")
	wantSame(t, "the trade afterwards", s.trades(got.Order.ID), "01 CLOSED")
	learner.post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "native"}).wantCode(409, "ORDER_NOT_PAYABLE")
	s.buy(learner, 99900, c.full) // the course is free again
}

func paidWhileClosing(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	got := learner.placed(99900, c.full)
	s.pass(time.Minute)
	learner.post("/api/orders/"+got.Order.ID+"/cancel", nil).want(200)
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	learner.wantThrough(c.id, "")
	learner.post("/api/orders/"+got.Order.ID+"/cancel", nil).wantCode(409, "ORDER_NOT_CANCELLABLE")
}

func priceFromPage(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	cheap := []obj{{"course_id": c.id, "policy_id": c.full.PolicyID, "price_fen": 1}}
	keyed := learner.with("Idempotency-Key", "price")
	keyed.post("/api/orders", obj{"lines": cheap, "total_fen": 1}).wantCode(400, "UNKNOWN_FIELD")
	learner.place(1, c.full).wantCode(409, "PRICE_CHANGED")
	learner.place(-1, c.full).wantCode(400, "INVALID_FIELD")
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID, "price_fen": 1}).wantCode(400, "UNKNOWN_FIELD")
	got := learner.placed(500000, c.full) // more than it costs: only ever compared
	if got.Order.Total != 99900 || !got.Lowered || s.trade(got.Payment.OutTradeNo).Total != 99900 {
		t.Fatalf("placed %+v", got)
	}
}

func foreignOrder(t *testing.T, s *testShop) {
	c, owner, stranger := s.sell(usual()), s.newLearner(), s.newLearner()
	got := owner.placed(99900, c.full)
	for _, id := range []string{got.Order.ID, "nosuchorder"} {
		path := "/api/orders/" + id
		missing := stranger.get(path).wantCode(404, "ORDER_NOT_FOUND")
		if bytes.Contains(missing.body, []byte(owner.name)) {
			t.Fatalf("the refusal says whose it is: %s", missing.body)
		}
		stranger.post(path+"/pay", obj{"channel": "native"}).wantCode(404, "ORDER_NOT_FOUND")
		stranger.post(path+"/cancel", nil).wantCode(404, "ORDER_NOT_FOUND")
		stranger.post(path+"/refund", obj{"reason": "mine"}).wantCode(404, "ORDER_NOT_FOUND")
		s.visitor().get(path).wantCode(401, "UNAUTHENTICATED")
	}
	if o := owner.order(got.Order.ID); o.State != "pending" {
		t.Fatalf("the stranger made it %s", o.State)
	}
	wantSame(t, "the owner's trade", s.trades(got.Order.ID), "01 NOTPAY")
}

// fenField matches every money field of an answer, whole numbers or not.
var fenField = regexp.MustCompile(`"[a-z_]*_fen":([^,}\]]+)`)

func oddFen(t *testing.T, s *testShop) {
	odd := usual()
	odd.full = 1999
	c, learner := s.sell(odd), s.newLearner()
	answers := []answer{
		s.visitor().get("/api/courses/" + c.id).want(200),
		learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID}).want(200),
		learner.post("/api/quotes", obj{"lines": []wish{c.full}}).want(200),
		learner.place(1999, c.full).want(201),
	}
	var got placedJSON
	answers[3].into(&got)
	trade := s.phone().get("/sandbox/trades/" + got.Payment.OutTradeNo).want(200)
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	answers = append(answers, trade, learner.get("/api/orders/"+got.Order.ID).want(200))
	for _, a := range answers {
		wantWholeFen(t, a, "1999")
	}
	c.wantRefusedPrice(19.99)
	c.wantRefusedPrice("1999")
}

// wantWholeFen wants the price among the money of an answer, and no fraction anywhere.
func wantWholeFen(t *testing.T, a answer, price string) {
	t.Helper()
	seen := false
	for _, m := range fenField.FindAllSubmatch(a.body, -1) {
		var whole int64
		if err := json.Unmarshal(m[1], &whole); err != nil {
			t.Errorf("%s has an amount of %s", a.what, m[1])
		}
		seen = seen || fmt.Sprint(whole) == price
	}
	if !seen {
		t.Errorf("%s does not name %s: %s", a.what, price, a.body)
	}
}

// wantRefusedPrice tries to publish a full price that is no whole number of fen.
func (c *sold) wantRefusedPrice(price any) {
	c.shop.t.Helper()
	only := []obj{{"id": c.full.PolicyID, "kind": "lifetime", "name": "全款", "price_fen": price}}
	a := c.shop.staff("editor").put("/api/admin/courses/"+c.id+"/policies", obj{"policies": only})
	if a.status != 400 {
		c.shop.t.Errorf("a price of %v was answered %d: %s", price, a.status, a.body)
	}
}

func impossibleLines(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	learner.place(0).wantCode(422, "NO_LINES")
	learner.place(99900, c.full, c.s1).wantCode(422, "DUPLICATE_LINE")
	learner.place(99900, make([]wish, 51)...).wantCode(400, "INVALID_FIELD")
	learner.place(99900, wish{c.id, d.full.PolicyID}).wantCode(404, "POLICY_NOT_FOUND")
	learner.place(99900, wish{"nosuch", c.full.PolicyID}).wantCode(404, "COURSE_NOT_FOUND")
	learner.place(99900, wish{`{"$ne":null}`, c.full.PolicyID}).wantCode(404, "COURSE_NOT_FOUND")
	learner.place(199800, c.s2, wish{d.id, c.full.PolicyID}).wantCode(409, "LINES_NOT_SELLABLE")
	for _, channel := range []any{"cash", 7, nil} {
		a := learner.with("Idempotency-Key", "odd").post("/api/orders", obj{"lines": []wish{c.full}, "channel": channel})
		if a.status != 400 {
			t.Errorf("channel %v without a total was answered %d: %s", channel, a.status, a.body)
		}
	}
	if n := len(learner.orders()); n != 0 {
		t.Fatalf("%d orders were placed", n)
	}
}

package orders

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestOrderCases are the cases of placing and ending orders.
func TestOrderCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
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
		{"C39 a price from the page lowers no charge", priceFromPage},
		{"C40 another learner's order is not there", foreignOrder},
		{"C46 19.99 yuan is 1999 fen everywhere", oddFen},
		{"lines that cannot be are refused and nothing is placed", impossibleLines},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

func doubleClick(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	keyed := learner.With("Idempotency-Key", "click-1")
	answers := make([]shoptest.Answer, 2)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = keyed.Try("POST", "/api/orders", shoptest.OrderFor(99900, c.Full)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	later := keyed.Post("/api/orders", shoptest.OrderFor(99900, c.Full)).Want(201)
	for _, a := range answers {
		if a.Want(201); !bytes.Equal(a.Body, later.Body) {
			t.Fatalf("two answers under one key:\n%s\n%s", a.Body, later.Body)
		}
	}
	if n := len(learner.Orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
	var got shoptest.Placed
	later.Into(&got)
	shoptest.WantSame(t, "trades", s.Trades(got.Order.ID), "01 NOTPAY")
}

func secondTab(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	first := learner.Placed(99900, c.Full)
	var second shoptest.Placed
	learner.Place(99900, c.Full).Want(200).Into(&second)
	if !second.Reused || second.Order.ID != first.Order.ID || second.Payment == nil || *second.Payment != *first.Payment {
		t.Fatalf("the second tab got %+v after %+v", second, first)
	}
	if n := len(learner.Orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
}

func keyWithOtherBody(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	keyed := learner.With("Idempotency-Key", "one-key")
	keyed.Post("/api/orders", shoptest.OrderFor(99900, c.Full)).Want(201)
	keyed.Post("/api/orders", shoptest.OrderFor(99900, d.Full)).WantCode(422, "IDEMPOTENCY_MISMATCH")
	learner.Post("/api/orders", shoptest.OrderFor(99900, d.Full)).WantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	if n := len(learner.Orders()); n != 1 {
		t.Fatalf("%d orders, not 1", n)
	}
	// Keys are a learner's own: the same key of another learner is another key.
	s.NewLearner().With("Idempotency-Key", "one-key").Post("/api/orders", shoptest.OrderFor(99900, d.Full)).Want(201)
}

func cartPriceRose(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID}).Want(200)
	dearer := shoptest.Usual()
	dearer.Full = 99901 // by a single fen
	c.Reprice(dearer)
	learner.Place(99900, c.Full).WantCode(409, "PRICE_CHANGED")
	if n := len(learner.Orders()); n != 0 {
		t.Fatalf("%d orders, not 0", n)
	}
}

func orderKeepsPrice(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	dearer := shoptest.Usual()
	dearer.Full = 129900
	c.Reprice(dearer)
	s.Pass(28 * time.Minute)
	if o := learner.Order(got.Order.ID); o.State != "pending" || o.Total != 99900 {
		t.Fatalf("the order became %+v", o)
	}
	s.Scan(got.Payment)
	if o := learner.Await(got.Order.ID, "fulfilled"); o.Paid != 99900 {
		t.Fatalf("paid %d", o.Paid)
	}
	if until := got.Order.ExpiresAt.Sub(shoptest.BeijingTime(t, "2025-03-01 10:00")); until < 30*time.Minute || until > 31*time.Minute {
		t.Fatalf("the order could be paid for %s", until)
	}
}

func offSaleInCart(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID}).Want(200)
	learner.Put("/api/cart/"+d.Id, obj{"policy_id": d.Full.PolicyID}).Want(200)
	c.TakeDown()
	cart := learner.Cart()
	if line := cart.Lines[1]; line.CourseID != c.Id || line.Problem == nil || line.Problem.Code != "COURSE_OFF_SALE" || cart.Total != 99900 {
		t.Fatalf("the cart shows %+v", cart)
	}
	if got := learner.Quote(c.Full, d.Full); got != "99900 COURSE_OFF_SALE" {
		t.Fatalf("quoted %q", got)
	}
	learner.Place(199800, c.Full, d.Full).WantCode(409, "COURSE_OFF_SALE")
	s.Buy(learner, 99900, d.Full)
	learner.WantGrants(d.Id, 1)
}

func takenDown(t *testing.T, s *shoptest.Shop) {
	c := s.Sell(shoptest.Usual())
	closed, late := s.NewLearner(), s.NewLearner()
	one, two := closed.Placed(99900, c.Full), late.Placed(99900, c.Full)
	s.Faults(obj{"api": []obj{{"api": "close", "status": 500, "out_trade_no": two.Payment.OutTradeNo}}})
	s.Staff("editor").Post("/api/admin/courses/"+c.Id+"/unpublish", obj{"legal": true}).Want(200)
	closed.Await(one.Order.ID, "closed")

	if o := late.Order(two.Order.ID); o.State != "closing" {
		t.Fatalf("WeChat cannot close it, and the order is %s", o.State)
	}
	s.Scan(two.Payment)
	late.Await(two.Order.ID, "closed")
	shoptest.Eventually(t, time.Minute, func() error {
		if n := len(s.RefundsAtWeChat(two.Order.ID)); n != 1 {
			return fmt.Errorf("%d refunds", n)
		}
		return nil
	})
	if _, there := late.Enrolment(c.Id); there {
		t.Error("a course taken down was opened")
	}
}

func offSaleAfterOrder(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	c.TakeDown()
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	learner.WantThrough(c.Id, "")
}

func ownedAlready(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 99900, c.Full)
	for _, w := range []shoptest.Wish{c.S1, c.Full} {
		learner.Put("/api/cart/"+c.Id, obj{"policy_id": w.PolicyID}).WantCode(409, "ALREADY_OWNED")
		learner.Place(99900, w).WantCode(409, "ALREADY_OWNED")
	}
	learner.Put("/api/cart/"+c.Id, obj{}).WantCode(409, "ALREADY_OWNED")
	learner.WantGrants(c.Id, 1)
}

func cancelled(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.Pass(time.Minute)
	var shown shoptest.Order
	learner.Post("/api/orders/"+got.Order.ID+"/cancel", nil).Want(200).Into(&shown)
	if shown.State != "closing" || learner.CloseReason(got.Order.ID) != "user" {
		t.Fatalf("the cancelled order shows %+v", shown)
	}
	shoptest.WantSame(t, "the trade before its five minutes", s.Trades(got.Order.ID), "01 NOTPAY")
	s.Pass(4 * time.Minute)
	s.AwaitLater(learner, got.Order.ID, "closed")
	shoptest.WantSame(t, "the trade afterwards", s.Trades(got.Order.ID), "01 CLOSED")
	learner.Post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "native"}).WantCode(409, "ORDER_NOT_PAYABLE")
	s.Buy(learner, 99900, c.Full) // the course is free again
}

func paidWhileClosing(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.Pass(time.Minute)
	learner.Post("/api/orders/"+got.Order.ID+"/cancel", nil).Want(200)
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	learner.WantThrough(c.Id, "")
	learner.Post("/api/orders/"+got.Order.ID+"/cancel", nil).WantCode(409, "ORDER_NOT_CANCELLABLE")
}

func priceFromPage(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	cheap := []obj{{"course_id": c.Id, "policy_id": c.Full.PolicyID, "price_fen": 1}}
	keyed := learner.With("Idempotency-Key", "price")
	keyed.Post("/api/orders", obj{"lines": cheap, "total_fen": 1}).WantCode(400, "UNKNOWN_FIELD")
	learner.Place(1, c.Full).WantCode(409, "PRICE_CHANGED")
	learner.Place(-1, c.Full).WantCode(400, "INVALID_FIELD")
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID, "price_fen": 1}).WantCode(400, "UNKNOWN_FIELD")
	got := learner.Placed(500000, c.Full) // more than it costs: only ever compared
	if got.Order.Total != 99900 || !got.Lowered || s.Trade(got.Payment.OutTradeNo).Total != 99900 {
		t.Fatalf("placed %+v", got)
	}
}

func foreignOrder(t *testing.T, s *shoptest.Shop) {
	c, owner, stranger := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	got := owner.Placed(99900, c.Full)
	for _, id := range []string{got.Order.ID, "nosuchorder"} {
		path := "/api/orders/" + id
		missing := stranger.Get(path).WantCode(404, "ORDER_NOT_FOUND")
		if bytes.Contains(missing.Body, []byte(owner.Name)) {
			t.Fatalf("the refusal says whose it is: %s", missing.Body)
		}
		stranger.Post(path+"/pay", obj{"channel": "native"}).WantCode(404, "ORDER_NOT_FOUND")
		stranger.Post(path+"/cancel", nil).WantCode(404, "ORDER_NOT_FOUND")
		stranger.Post(path+"/refund", obj{"reason": "mine"}).WantCode(404, "ORDER_NOT_FOUND")
		s.Visitor().Get(path).WantCode(401, "UNAUTHENTICATED")
	}
	if o := owner.Order(got.Order.ID); o.State != "pending" {
		t.Fatalf("the stranger made it %s", o.State)
	}
	shoptest.WantSame(t, "the owner's trade", s.Trades(got.Order.ID), "01 NOTPAY")
}

// fenField matches every money field of an answer, whole numbers or not.
var fenField = regexp.MustCompile(`"[a-z_]*_fen":([^,}\]]+)`)

func oddFen(t *testing.T, s *shoptest.Shop) {
	odd := shoptest.Usual()
	odd.Full = 1999
	c, learner := s.Sell(odd), s.NewLearner()
	answers := []shoptest.Answer{
		s.Visitor().Get("/api/courses/" + c.Id).Want(200),
		learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID}).Want(200),
		learner.Post("/api/quotes", obj{"lines": []shoptest.Wish{c.Full}}).Want(200),
		learner.Place(1999, c.Full).Want(201),
	}
	var got shoptest.Placed
	answers[3].Into(&got)
	trade := s.Phone().Get("/sandbox/trades/" + got.Payment.OutTradeNo).Want(200)
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	answers = append(answers, trade, learner.Get("/api/orders/"+got.Order.ID).Want(200))
	for _, a := range answers {
		wantWholeFen(t, a, "1999")
	}
	wantRefusedPrice(c, 19.99)
	wantRefusedPrice(c, "1999")
}

// wantWholeFen wants the price among the money of an answer, and no fraction anywhere.
func wantWholeFen(t *testing.T, a shoptest.Answer, price string) {
	t.Helper()
	seen := false
	for _, m := range fenField.FindAllSubmatch(a.Body, -1) {
		var whole int64
		if err := json.Unmarshal(m[1], &whole); err != nil {
			t.Errorf("%s has an amount of %s", a.What, m[1])
		}
		seen = seen || fmt.Sprint(whole) == price
	}
	if !seen {
		t.Errorf("%s does not name %s: %s", a.What, price, a.Body)
	}
}

// wantRefusedPrice tries to publish a full price that is no whole number of fen.
func wantRefusedPrice(c *shoptest.Course, price any) {
	c.Shop.T.Helper()
	only := []obj{{"id": c.Full.PolicyID, "kind": "lifetime", "name": "全款", "price_fen": price}}
	a := c.Shop.Staff("editor").Put("/api/admin/courses/"+c.Id+"/policies", obj{"policies": only})
	if a.Status != 400 {
		c.Shop.T.Errorf("a price of %v was answered %d: %s", price, a.Status, a.Body)
	}
}

func impossibleLines(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	learner.Place(0).WantCode(422, "NO_LINES")
	learner.Place(99900, c.Full, c.S1).WantCode(422, "DUPLICATE_LINE")
	learner.Place(99900, make([]shoptest.Wish, 51)...).WantCode(400, "INVALID_FIELD")
	learner.Place(99900, shoptest.Wish{CourseID: c.Id, PolicyID: d.Full.PolicyID}).WantCode(404, "POLICY_NOT_FOUND")
	learner.Place(99900, shoptest.Wish{CourseID: "nosuch", PolicyID: c.Full.PolicyID}).WantCode(404, "COURSE_NOT_FOUND")
	learner.Place(99900, shoptest.Wish{CourseID: `{"$ne":null}`, PolicyID: c.Full.PolicyID}).WantCode(404, "COURSE_NOT_FOUND")
	learner.Place(199800, c.S2, shoptest.Wish{CourseID: d.Id, PolicyID: c.Full.PolicyID}).WantCode(409, "LINES_NOT_SELLABLE")
	for _, channel := range []any{"cash", 7, nil} {
		a := learner.With("Idempotency-Key", "odd").Post("/api/orders", obj{"lines": []shoptest.Wish{c.Full}, "channel": channel})
		if a.Status != 400 {
			t.Errorf("channel %v without a total was answered %d: %s", channel, a.Status, a.Body)
		}
	}
	if n := len(learner.Orders()); n != 0 {
		t.Fatalf("%d orders were placed", n)
	}
}

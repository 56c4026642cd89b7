package finance

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// strayRow is an unmatched payment as the console reads it.
type strayRow struct {
	ID       string `json:"id"`
	OutTrade string `json:"out_trade_no"`
	Total    int64  `json:"total_fen"`
	State    string `json:"state"`
	OrderID  string `json:"order_id"`
	Decision *struct {
		How     string `json:"how"`
		OrderID string `json:"order_id"`
	} `json:"decision"`
}

// strayOf is the unmatched payment under a number, once it is kept.
func strayOf(p *shoptest.Person, outTradeNo string) (x strayRow) {
	p.T.Helper()
	shoptest.Eventually(p.T, 30*time.Second, func() error {
		var list struct{ Items []strayRow }
		p.Get("/api/admin/strays").Want(200).Into(&list)
		i := slices.IndexFunc(list.Items, func(x strayRow) bool { return x.OutTrade == outTradeNo })
		if i < 0 {
			return fmt.Errorf("no unmatched payment under %s in %+v", outTradeNo, list.Items)
		}
		x = list.Items[i]
		return nil
	})
	return x
}

// oddlyPaid is an order whose payment came with a callback of another amount than WeChat took.
func oddlyPaid(s *shoptest.Shop, learner *shoptest.Person, total int64, lines ...shoptest.Wish) shoptest.Placed {
	s.T.Helper()
	placed := learner.Placed(total, lines...)
	s.Faults(obj{"callback": []obj{{"event": "payment", "out_trade_no": placed.Payment.OutTradeNo, "amount_delta": -1}}})
	s.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "exception")
	s.Faults(obj{})
	return placed
}

// strange is the number of a payment whose order the shop does not have: it is taken away between the placing and the payment.
func strange(s *shoptest.Shop, learner *shoptest.Person, total int64, lines ...shoptest.Wish) (number string) {
	s.T.Helper()
	placed, db := learner.Placed(total, lines...), s.Database()
	for collection, filter := range map[string]bson.M{
		"orders": {"_id": placed.Order.ID}, "claims": {"order_id": placed.Order.ID}, "order_keys": {"order_id": placed.Order.ID},
		"audit": {"object": "order:" + placed.Order.ID},
	} {
		rows, err := shoptest.Rows(db, collection, filter)
		if err != nil || len(rows) == 0 {
			s.T.Fatalf("%s has %d rows of the order: %v", collection, len(rows), err)
		}
		for _, doc := range rows {
			shoptest.Remove(s.T, db, collection, doc["_id"].(string))
		}
	}
	s.Scan(placed.Payment)
	shoptest.Eventually(s.T, 30*time.Second, func() error {
		rows, err := shoptest.Rows(db, "quarantine", bson.M{"out_trade_no": placed.Payment.OutTradeNo})
		if err == nil && len(rows) == 0 {
			err = fmt.Errorf("the payment is not kept yet")
		}
		return err
	})
	return placed.Payment.OutTradeNo
}

// opened is what the console hears of money that waits for finance.
type opened struct {
	OrderID   string `json:"order_id"`
	PaymentID string `json:"payment_id"`
	Amount    int64  `json:"amount_fen"`
}

// openDesk is an open page of the console.
func openDesk(t *testing.T, p *shoptest.Person) *hubtest.Client {
	t.Helper()
	page := p.Socket()
	if f := page.Follow("desk", ""); f.Op != "ready" {
		t.Fatalf("the console's topic is refused: %+v", f)
	}
	return page
}

// waits wants a page to hear once that something waits for finance.
func waits(t *testing.T, page *hubtest.Client, what opened) {
	t.Helper()
	heard := func(f hubtest.Frame) bool {
		if f.Topic != "desk" || f.Type != "exception.opened" {
			return false
		}
		var got opened
		f.Into(t, &got)
		return got == what
	}
	page.WaitFor("an opened exception", time.Minute, heard)
	n := 0
	for _, f := range page.All() {
		if heard(f) {
			n++
		}
	}
	if n != 1 {
		t.Errorf("the page heard of it %d times", n)
	}
}

func resolveOrder(p *shoptest.Person, order, how string) shoptest.Answer {
	return p.Anew().Post("/api/admin/orders/"+order+"/resolve", obj{"how": how, "reason": "客服核对过"})
}

func resolveStray(p *shoptest.Person, id string, body obj) shoptest.Answer {
	body["reason"] = "客服核对过"
	return p.Anew().Post("/api/admin/unmatched/"+id+"/resolve", body)
}

func TestAnExceptionTakenAsItIs_OpensTheCourse(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	desk := openDesk(t, finance)
	odd := oddlyPaid(s, learner, 99900, c.Full)
	waits(t, desk, opened{OrderID: odd.Order.ID, Amount: 99900})
	if x := strayOf(finance, odd.Payment.OutTradeNo); x.State != "order" || x.OrderID != odd.Order.ID {
		t.Errorf("its payment is %+v", x)
	}
	a := resolveOrder(finance, odd.Order.ID, "grant").Want(200)
	if !strings.Contains(string(a.Body), `"move":"M14"`) {
		t.Errorf("its story: %s", a.Body)
	}
	o := learner.Await(odd.Order.ID, "fulfilled")
	learner.WantOpenedOnce(odd.Order.ID, c.Id)
	if o.Paid != 99900 || o.Total != 99900 {
		t.Errorf("it was paid %d of %d", o.Paid, o.Total)
	}
	if x := strayOf(finance, odd.Payment.OutTradeNo); x.State != "resolved" {
		t.Errorf("its payment is %+v", x)
	}
	resolveOrder(finance, odd.Order.ID, "grant").WantCode(409, "ORDER_NOT_EXCEPTION")
	resolveOrder(finance, odd.Order.ID, "refund").WantCode(409, "ORDER_NOT_EXCEPTION")
	resolveStray(finance, strayOf(finance, odd.Payment.OutTradeNo).ID, obj{"how": "refund"}).WantCode(409, "UNMATCHED_RESOLVED")
	s.AtRest(odd.Order.ID)
	shoptest.WantSame(t, "the invariants", finance.Invariants())

	s.Pass(2 * time.Minute)
	s.FinanceRefunds(finance, odd.Order.ID, obj{}).Want(201) // as any other order
	s.Pass(time.Minute)
	s.AwaitLater(learner, odd.Order.ID, "refunded")
	shoptest.WantSame(t, "what went back", s.Refunds(odd.Order.ID), "99900 SUCCESS")
}

func TestAnExceptionGivenBack_EndsClosed_AndTheBillAgrees(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	odd := oddlyPaid(s, learner, 99900, c.Full)
	page := learner.Socket()
	resolveOrder(finance, odd.Order.ID, "refund").Want(200)
	s.WantPaidBack(learner, odd.Order.ID, 99900)
	if o := learner.Order(odd.Order.ID); o.State != "closed" || learner.CloseReason(odd.Order.ID) != "returned" {
		t.Errorf("the order is %+v", o)
	}
	page.Wait("order.changed", 30*time.Second)
	if e, there := learner.Enrolment(c.Id); there {
		t.Errorf("it opened %+v", e)
	}
	s.AtRest(odd.Order.ID)
	shoptest.WantSame(t, "the invariants", finance.Invariants())
	s.Buy(learner, 99900, c.Full) // it holds nothing any more

	finance = later(s, "2031-03-06 11:00")
	if r := reconcile(finance, "2031-03-05"); r.State != "ok" {
		t.Errorf("the bill: %+v", r)
	}
}

func TestAnExceptionDecidedTwiceAtOnce_MovesOnce(t *testing.T) {
	s := shoptest.Start(t)
	c, finance := s.Sell(shoptest.Usual()), s.Staff("finance")
	for range 3 {
		learner := s.NewLearner()
		odd := oddlyPaid(s, learner, 99900, c.Full)
		done := make(chan int)
		for n := range 6 {
			go func() {
				a, err := finance.Anew().Try("POST", "/api/admin/orders/"+odd.Order.ID+"/resolve", obj{"how": []string{"grant", "refund"}[n%2], "reason": "客服"})
				if err != nil || a.Status != 200 && a.Code() != "ORDER_NOT_EXCEPTION" {
					t.Errorf("answered %d %s, %v", a.Status, a.Body, err)
				}
				done <- a.Status
			}()
		}
		won := 0
		for range 6 {
			if <-done == 200 {
				won++
			}
		}
		if won != 1 {
			t.Errorf("%d decisions were answered 200", won)
		}
		s.Pass(10 * time.Second)
		s.AtRest(odd.Order.ID)
		moves := 0
		for _, m := range []string{"M14", "M15"} {
			moves += strings.Count(string(finance.Get("/api/admin/orders/"+odd.Order.ID).Want(200).Body), `"move":"`+m+`"`)
		}
		if moves != 1 {
			t.Errorf("%d moves were made", moves)
		}
	}
	shoptest.WantSame(t, "the invariants", finance.Invariants())
}

func TestAKeyedDecision_AskedAgain_IsTheSameOne(t *testing.T) {
	s := shoptest.Start(t)
	c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	odd := oddlyPaid(s, learner, 99900, c.Full)
	path, body := "/api/admin/orders/"+odd.Order.ID+"/resolve", obj{"how": "grant", "reason": "客服"}
	finance.Post(path, body).WantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	finance.Anew().Post(path, obj{"how": "keep", "reason": "客服"}).WantCode(400, "INVALID_FIELD")
	finance.Anew().Post(path, obj{"how": "grant"}).WantCode(400, "INVALID_FIELD")
	s.Staff("editor").Anew().Post(path, body).WantCode(403, "FORBIDDEN")
	again := finance.Anew()
	first := again.Post(path, body).Want(200)
	if second := again.Post(path, body).Want(200); string(first.Body) != string(second.Body) {
		t.Errorf("the answers differ: %s\n%s", first.Body, second.Body)
	}
	learner.Await(odd.Order.ID, "fulfilled")
	finance.Anew().Post("/api/admin/orders/nothing/resolve", body).WantCode(404, "ORDER_NOT_FOUND")
}

func TestAPaymentWithoutAnOrder_PaysTheOneThatItIsMatchedTo(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, d, learner, finance := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	page := openDesk(t, finance)
	number := strange(s, learner, 99900, c.Full)
	x := strayOf(finance, number)
	waits(t, page, opened{PaymentID: x.ID, Amount: 99900})
	if x.State != "open" || x.Total != 99900 {
		t.Fatalf("the payment is %+v", x)
	}
	two := learner.Placed(199800, c.Full, d.Full) // twice as dear as what came
	resolveStray(finance, x.ID, obj{"order_id": "nothing"}).WantCode(404, "ORDER_NOT_FOUND")
	resolveStray(finance, x.ID, obj{"how": "match"}).WantCode(400, "INVALID_FIELD")
	resolveStray(finance, "nothing", obj{"how": "refund"}).WantCode(404, "UNMATCHED_NOT_FOUND")
	resolveStray(finance, x.ID, obj{"how": "match", "order_id": two.Order.ID}).Want(200)
	o := learner.Await(two.Order.ID, "fulfilled")
	if o.Paid != 99900 || o.Total != 99900 || o.Lines[0].Price != 49950 || o.Lines[1].Price != 49950 {
		t.Errorf("the order is %+v", o)
	}
	if x = strayOf(finance, number); x.State != "resolved" || x.Decision.OrderID != two.Order.ID {
		t.Errorf("the payment is %+v", x)
	}
	resolveStray(finance, x.ID, obj{"how": "refund"}).WantCode(409, "UNMATCHED_RESOLVED")
	s.AtRest(two.Order.ID)
	shoptest.WantSame(t, "the invariants", finance.Invariants())
	finance = later(s, "2031-03-06 11:00")
	if r := reconcile(finance, "2031-03-05"); r.State != "ok" {
		t.Errorf("the bill: %+v", r)
	}
}

func TestAPaymentWithoutAnOrder_GoesBack_Once(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	number := strange(s, learner, 99900, c.Full)
	x, other := strayOf(finance, number), learner.Placed(99900, c.Full)
	done := make(chan int)
	for n := range 6 {
		go func() {
			body := []obj{{"how": "refund"}, {"how": "match", "order_id": other.Order.ID}, {"how": "dismiss"}}[n%3]
			body["reason"] = "客服"
			a, err := finance.Anew().Try("POST", "/api/admin/unmatched/"+x.ID+"/resolve", body)
			if err != nil || a.Status != 200 && a.Code() != "UNMATCHED_RESOLVED" {
				t.Errorf("answered %d %s, %v", a.Status, a.Body, err)
			}
			done <- a.Status
		}()
	}
	won := 0
	for range 6 {
		if <-done == 200 {
			won++
		}
	}
	if x = strayOf(finance, number); won != 1 || x.State != "resolved" || x.Decision == nil {
		t.Fatalf("%d decisions were answered 200, the payment is %+v", won, x)
	}
	s.Pass(10 * time.Second)
	shoptest.Eventually(t, 30*time.Second, func() error {
		back := len(s.Refunds(number))
		if want := map[string]int{"refund": 1}[x.Decision.How]; back != want {
			return fmt.Errorf("%s: %d refunds at WeChat", x.Decision.How, back)
		}
		return nil
	})
	shoptest.WantSame(t, "the invariants", finance.Invariants())
}

func TestAPaymentWithoutAnOrder_GivenBack_IsInTheBooks(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	number := strange(s, learner, 99900, c.Full)
	resolveStray(finance, strayOf(finance, number).ID, obj{"how": "refund"}).Want(200)
	s.Pass(10 * time.Second)
	carrier := strayOf(finance, number).Decision.OrderID
	shoptest.Eventually(t, 30*time.Second, func() error {
		return shoptest.SameOrError(s.Refunds(number), "99900 SUCCESS")
	})
	s.AtRest(carrier)
	shoptest.WantSame(t, "the invariants", finance.Invariants())
	finance = later(s, "2031-03-06 11:00")
	if r := reconcile(finance, "2031-03-05"); r.State != "ok" || r.Ours.Refund != 99900 {
		t.Errorf("the bill: %+v", r)
	}
}

// A process that dies between the decision and the refund leaves the payment decided: the shop does the rest by itself.
func TestADecisionWhoseProcessDied_IsCarriedOut(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	number := strange(s, learner, 99900, c.Full)
	x, db := strayOf(finance, number), s.Database()
	rows, err := shoptest.Rows(db, "quarantine", bson.M{"_id": x.ID})
	if err != nil || len(rows) != 1 {
		t.Fatalf("the payment: %v, %v", rows, err)
	}
	shoptest.Spoil(t, db, "quarantine", x.ID, bson.M{"decided_under": "dead", "decision": bson.M{
		"how": "refund", "order_id": "thedeadonesorder", "payment": rows[0]["payment"], "reason": "客服", "by": finance.ID(), "at": s.Now(),
	}})
	resolveStray(finance, x.ID, obj{"how": "dismiss"}).WantCode(409, "UNMATCHED_RESOLVED")
	shoptest.Eventually(t, time.Minute, func() error {
		if now := strayOf(finance, number); now.State != "resolved" {
			return fmt.Errorf("the payment is %s", now.State)
		}
		return nil
	})
	s.Pass(10 * time.Second)
	shoptest.Eventually(t, 30*time.Second, func() error { return shoptest.SameOrError(s.Refunds(number), "99900 SUCCESS") })
	s.AtRest("thedeadonesorder")
	shoptest.WantSame(t, "the invariants", finance.Invariants())
}

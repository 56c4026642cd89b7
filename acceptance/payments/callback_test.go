package payments

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

const callbackSuccess = `{"code":"SUCCESS","message":"成功"}`

// send makes the sandbox post callbacks now, and says how they were answered.
func send(s *shoptest.Shop, path string, body obj) ([]shoptest.Delivery, error) {
	a, err := s.Phone().Try("POST", path, body)
	if err != nil || a.Status != 200 {
		return nil, fmt.Errorf("%s answered %d %s: %w", path, a.Status, a.Body, err)
	}
	var sent struct{ Deliveries []shoptest.Delivery }
	a.Into(&sent)
	return sent.Deliveries, nil
}

// TestManyCallbacksAndTheQueryAtOnceGrantOnce delivers one payment to two instances in 40
// copies at once, while both ask WeChat themselves.
func TestManyCallbacksAndTheQueryAtOnceGrantOnce(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	second := shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithSandboxOf(first))
	learner := first.NewLearner()
	pages := []*hubtest.Client{learner.Socket(), learner.At(second).Socket()}
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	var placed shoptest.Placed
	learner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)

	for _, shop := range []*shoptest.Shop{first, second} {
		crowd(learner.At(shop), 30)
	}
	// No callback comes before all are sent: the payment's own callback waits for the clock.
	first.Faults(obj{"callback": []obj{{"delay_s": 6, "repeat": 20, "parallel": true}}})
	first.Scan(placed.Payment)
	no := placed.Payment.OutTradeNo
	copies := obj{"out_trade_no": no, "notify_url": second.Url + "/api/wechat/pay-notify", "fault": obj{"repeat": 20, "parallel": true}}
	var told []shoptest.Delivery
	var failed error
	var there sync.WaitGroup
	there.Go(func() { told, failed = send(first, "/sandbox/forge", copies) })
	first.Pass(7 * time.Second)
	there.Wait()
	if failed != nil {
		t.Fatal(failed)
	}

	learner.Await(placed.Order.ID, "fulfilled")

	shoptest.Eventually(t, time.Minute, func() error {
		if n := len(first.Trade(no).Callbacks[0].Deliveries); n < 20 {
			return fmt.Errorf("%d copies delivered to the first instance", n)
		}
		return nil
	})
	told = append(told, first.Trade(no).Callbacks[0].Deliveries...)
	if len(told) != 40 {
		t.Errorf("%d copies, not 40", len(told))
	}
	for _, d := range told {
		if d.Status != 200 || d.Body != callbackSuccess {
			t.Errorf("a copy was answered %+v", d)
		}
	}
	learner.WantOpenedOnce(placed.Order.ID, "go1")
	for _, page := range pages {
		page.Wait("notice.posted", time.Minute)
		shoptest.WantStory(t, page, 1)
	}
}

// crowd asks so many things at once that connections to the database stand ready for as
// many: a fresh one is waited for a second and no longer.
func crowd(p *shoptest.Person, n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _ = p.Try("GET", "/api/orders", nil) }) // the answer does not matter
	}
	all.Wait()
}

// TestPaymentsAreFoundWhateverWeChatDoesWithItsCallbacks pays while callbacks are lost, come
// early, or come twice and late: the course opens once.
func TestPaymentsAreFoundWhateverWeChatDoesWithItsCallbacks(t *testing.T) {
	s := shoptest.Start(t)
	learner := s.NewLearner()
	prices := map[string]int64{}
	courses := learner.Lifetimes(prices)
	for i, tt := range []struct {
		name  string
		fault obj
	}{
		{"a lost callback is made up for by asking WeChat", obj{"lose": true}},
		{"a callback may come before the answer to the prepay", obj{"early": true}},
		{"a callback that comes twice and late is one payment", obj{"repeat": 2, "delay_s": 20}},
		{"a badly signed callback opens nothing, and asking WeChat does", obj{"bad_signature": true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s.Faults(obj{"callback": []obj{tt.fault}})
			defer s.Faults(obj{})
			began := s.Now()
			course := courses[i]
			var placed shoptest.Placed
			learner.Place(prices[course.PolicyID], course).Want(201).Into(&placed)
			if _, early := tt.fault["early"]; !early {
				s.Scan(placed.Payment)
			}
			shoptest.Eventually(t, time.Minute, func() error { return isFulfilled(learner, placed.Order.ID) })
			if took := s.Now().Sub(began); took > 90*time.Second {
				t.Errorf("the payment was found after %s", took)
			}
			learner.WantOpenedOnce(placed.Order.ID, course.CourseID)
		})
	}
}

func isFulfilled(p *shoptest.Person, id string) error {
	if o := p.Order(id); o.State != "fulfilled" {
		return fmt.Errorf("order %s is %s", id, o.State)
	}
	return nil
}

// TestAPrepayWhoseAnswerIsLostIsAskedAboutFirst loses the answer to a prepay in several ways. The
// page is asked to try again, and its next try, under the same key, asks WeChat what became of the
// number before using it again.
func TestAPrepayWhoseAnswerIsLostIsAskedAboutFirst(t *testing.T) {
	s := shoptest.Start(t)
	learner := s.NewLearner()
	prices := map[string]int64{}
	courses := learner.Lifetimes(prices)
	for i, tt := range []struct {
		name  string
		fault obj
	}{
		{"the connection is cut after WeChat did it", obj{"drop": true}},
		{"the connection is cut before WeChat did it", obj{"drop_before": true}},
		{"WeChat hangs, and is waited for no longer than five seconds", obj{"delay_ms": 30_000}},
		{"the answer's signature is wrong", obj{"bad_signature": "wrong"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			defer s.Faults(obj{})
			buyer := learner.With("Idempotency-Key", rand.Text())
			body := obj{"lines": []shoptest.Wish{courses[i]}, "total_fen": prices[courses[i].PolicyID], "channel": "native"}
			fault := obj{"api": "native", "times": 1}
			for k, v := range tt.fault {
				fault[k] = v
			}
			s.Faults(obj{"api": []obj{fault}})
			began := time.Now()
			buyer.Post("/api/orders", body).WantCode(503, "PAY_CHANNEL_BUSY")
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("the buyer waited %s", took)
			}
			s.Faults(obj{"api": []obj{{"api": "query", "status": 500}}})
			buyer.Post("/api/orders", body).WantCode(503, "PAY_CHANNEL_BUSY") // it asks, and is not answered
			s.Faults(obj{})
			placed := insist(buyer, body)
			wantPaidByTheFirstNumber(s, learner, placed, courses[i].CourseID)
		})
	}
	t.Run("the number was paid although the answer was lost", func(t *testing.T) {
		course := courses[len(courses)-1]
		s.Faults(obj{"api": []obj{{"api": "native", "drop": true, "times": 1}}, "callback": []obj{{"lose": true}}})
		buyer := learner.With("Idempotency-Key", rand.Text())
		body := obj{"lines": []shoptest.Wish{course}, "total_fen": prices[course.PolicyID], "channel": "native"}
		buyer.Post("/api/orders", body).WantCode(503, "PAY_CHANNEL_BUSY")
		id := newest(learner).ID
		s.Phone().Post("/sandbox/pay", obj{"out_trade_no": id + "01"}).Want(200)
		placed := insist(buyer, body)
		if placed.Order.ID != id || placed.Payment != nil {
			t.Errorf("the paid order %s was answered as %+v", id, placed)
		}
		learner.Await(id, "fulfilled")
		learner.WantOpenedOnce(id, course.CourseID)
	})
}

// insist sends a placing again until WeChat is no longer busy.
func insist(p *shoptest.Person, body obj) (placed shoptest.Placed) {
	p.T.Helper()
	var a shoptest.Answer
	shoptest.Eventually(p.T, time.Minute, func() error {
		if a = p.Post("/api/orders", body); a.Code() == "PAY_CHANNEL_BUSY" {
			return fmt.Errorf("WeChat stays busy: %s", a.Body)
		}
		return nil
	})
	a.Want(201).Into(&placed)
	return placed
}

// newest is the person's last order.
func newest(p *shoptest.Person) shoptest.Order {
	p.T.Helper()
	var list struct{ Items []shoptest.Order }
	if p.Get("/api/orders").Want(200).Into(&list); len(list.Items) == 0 {
		p.T.Fatal("there is no order")
	}
	return list.Items[0]
}

// wantPaidByTheFirstNumber pays an order and wants that to have been its only number.
func wantPaidByTheFirstNumber(s *shoptest.Shop, p *shoptest.Person, placed shoptest.Placed, course string) {
	s.T.Helper()
	id := placed.Order.ID
	if placed.Payment == nil || placed.Payment.OutTradeNo != id+"01" {
		s.T.Fatalf("order %s is to be paid by %+v, not by its first number", id, placed.Payment)
	}
	s.Scan(placed.Payment)
	p.Await(id, "fulfilled")
	shoptest.WantSame(s.T, "the numbers of the order at WeChat", s.Trades(id), "01 SUCCESS")
	p.WantOpenedOnce(id, course)
}

// TestABusyWeChatLeavesAnOrderThatCanBePaidLater has WeChat refuse to work: the order stands, the
// page gets a Retry-After, and the same key goes on with the same number.
func TestABusyWeChatLeavesAnOrderThatCanBePaidLater(t *testing.T) {
	s := shoptest.Start(t)
	learner := s.NewLearner()
	buyer := learner.With("Idempotency-Key", rand.Text())
	body := obj{"lines": []shoptest.Wish{{CourseID: "go1", PolicyID: "go1full"}}, "total_fen": 99900, "channel": "native"}
	s.Faults(obj{"api": []obj{{"api": "native", "status": 500}}})
	a := buyer.Post("/api/orders", body).WantCode(503, "PAY_CHANNEL_BUSY")
	if a.Header.Get("Retry-After") == "" {
		t.Error("the page gets no Retry-After")
	}
	o := newest(learner)
	if o.State != "pending" {
		t.Fatalf("the order is %s", o.State)
	}
	s.Faults(obj{})
	placed := insist(buyer, body)
	if placed.Order.ID != o.ID {
		t.Fatalf("the same key made order %s after order %s", placed.Order.ID, o.ID)
	}
	wantPaidByTheFirstNumber(s, learner, placed, "go1")
}

// TestTheOrderOfAKilledInstanceIsFinishedByAnother kills the instance that took the payment
// right after it had written so: the other one opens the course.
func TestTheOrderOfAKilledInstanceIsFinishedByAnother(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	other := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	env := append(shoptest.SandboxEnv(t, other), "MONGODB_URI="+mongo, "REDIS_URL="+redis)
	killed := shoptest.NewProcess(t, t.TempDir(), env...)
	killed.Start()
	learner := other.NewLearner()
	var placed shoptest.Placed
	killed.As(learner.Token).Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)

	killed.Arm(shoptest.Point{When: "after", N: 1, Write: "update orders: M4 paid"})
	other.Scan(placed.Payment)
	killed.AwaitEnd()
	if where := killed.Burnt(); where != "after update orders: M4 paid" {
		t.Fatalf("the instance was killed %q", where)
	}
	db := shoptest.OpenDatabase(t, mongo)
	if taken, err := shoptest.Rows(db, "orders", bson.M{"_id": placed.Order.ID}); err != nil || taken[0]["state"] == "pending" {
		t.Fatalf("the killed instance had not taken the payment: %v %v", taken, err)
	}
	other.Pass(10 * time.Second)
	learner.Await(placed.Order.ID, "fulfilled")
	learner.WantOpenedOnce(placed.Order.ID, "go1")
}

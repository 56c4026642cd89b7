package main

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

const callbackSuccess = `{"code":"SUCCESS","message":"成功"}`

// send makes the sandbox post callbacks now, and says how they were answered.
func (s *testShop) send(path string, body obj) ([]deliveryJSON, error) {
	a, err := s.phone().try("POST", path, body)
	if err != nil || a.status != 200 {
		return nil, fmt.Errorf("%s answered %d %s: %w", path, a.status, a.body, err)
	}
	var sent struct{ Deliveries []deliveryJSON }
	a.into(&sent)
	return sent.Deliveries, nil
}

// wantOpenedOnce wants a fulfilled order to have brought one grant and one notice.
func (p *person) wantOpenedOnce(order, course string) {
	p.t.Helper()
	e, ok := p.enrolment(course)
	if !ok || len(e.Grants) != 1 || e.Grants[0].OrderID != order {
		p.t.Errorf("enrolment %+v, not one grant of order %s", e, order)
	}
	eventually(p.t, 20*time.Second, func() error {
		if n := p.noticesAbout(order); n == 0 {
			return fmt.Errorf("no notice about order %s", order)
		}
		return nil
	})
	if n := p.noticesAbout(order); n != 1 {
		p.t.Errorf("%d notices about order %s", n, order)
	}
}

// noticesAbout counts the notices that lead to an order.
func (p *person) noticesAbout(order string) (n int) {
	p.t.Helper()
	var inbox struct {
		Items []struct{ Link string }
	}
	p.get("/api/notices?limit=100").want(200).into(&inbox)
	for _, notice := range inbox.Items {
		if notice.Link == "/orders/"+order {
			n++
		}
	}
	return n
}

// TestManyCallbacksAndTheQueryAtOnceGrantOnce delivers one payment to two instances in 40
// copies at once, while both ask WeChat themselves.
func TestManyCallbacksAndTheQueryAtOnceGrantOnce(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := startShop(t, withStores(mongo, redis))
	second := startShop(t, withStores(mongo, redis), withSandboxOf(first))
	learner := first.newLearner()
	pages := []*hubtest.Client{learner.socket(), learner.at(second).socket()}
	learner.put("/api/cart/go1", obj{"policy_id": "go1full"}).want(200)
	var placed placedJSON
	learner.place(99900, wish{"go1", "go1full"}).want(201).into(&placed)

	for _, shop := range []*testShop{first, second} {
		learner.at(shop).crowd(30)
	}
	// Nothing is told before all is told: the payment's own callback waits for the clock.
	first.faults(obj{"callback": []obj{{"delay_s": 6, "repeat": 20, "parallel": true}}})
	first.scan(placed.Payment)
	no := placed.Payment.OutTradeNo
	copies := obj{"out_trade_no": no, "notify_url": second.url + "/api/wechat/pay-notify", "fault": obj{"repeat": 20, "parallel": true}}
	var told []deliveryJSON
	var failed error
	var there sync.WaitGroup
	there.Go(func() { told, failed = first.send("/sandbox/forge", copies) })
	first.pass(7 * time.Second)
	there.Wait()
	if failed != nil {
		t.Fatal(failed)
	}

	learner.await(placed.Order.ID, "fulfilled")

	eventually(t, 20*time.Second, func() error {
		if n := len(first.trade(no).Callbacks[0].Deliveries); n < 20 {
			return fmt.Errorf("%d copies delivered to the first instance", n)
		}
		return nil
	})
	told = append(told, first.trade(no).Callbacks[0].Deliveries...)
	if len(told) != 40 {
		t.Errorf("%d copies, not 40", len(told))
	}
	for _, d := range told {
		if d.Status != 200 || d.Body != callbackSuccess {
			t.Errorf("a copy was answered %+v", d)
		}
	}
	learner.wantOpenedOnce(placed.Order.ID, "go1")
	for _, page := range pages {
		page.Wait("notice.posted", 20*time.Second)
		wantStory(t, page, 1)
	}
}

// crowd asks so many things at once that connections to the database stand ready for as
// many: a fresh one is waited for a second and no longer.
func (p *person) crowd(n int) {
	var all sync.WaitGroup
	for range n {
		all.Go(func() { _, _ = p.try("GET", "/api/orders", nil) }) // the answer does not matter
	}
	all.Wait()
}

// TestPaymentsAreFoundWhateverWeChatDoesWithItsCallbacks pays while callbacks are lost, come
// early, or come twice and late: the course opens once.
func TestPaymentsAreFoundWhateverWeChatDoesWithItsCallbacks(t *testing.T) {
	s := startShop(t)
	learner := s.newLearner()
	prices := map[string]int64{}
	courses := learner.lifetimes(prices)
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
			s.faults(obj{"callback": []obj{tt.fault}})
			defer s.faults(obj{})
			began := s.now()
			course := courses[i]
			var placed placedJSON
			learner.place(prices[course.PolicyID], course).want(201).into(&placed)
			if _, early := tt.fault["early"]; !early {
				s.scan(placed.Payment)
			}
			eventually(t, time.Minute, func() error { return learner.isFulfilled(placed.Order.ID) })
			if took := s.now().Sub(began); took > 90*time.Second {
				t.Errorf("the payment was found after %s", took)
			}
			learner.wantOpenedOnce(placed.Order.ID, course.CourseID)
		})
	}
}

func (p *person) isFulfilled(id string) error {
	if o := p.order(id); o.State != "fulfilled" {
		return fmt.Errorf("order %s is %s", id, o.State)
	}
	return nil
}

// lifetimes lists a policy for ever of every course that has one, with their prices.
func (p *person) lifetimes(prices map[string]int64) (all []wish) {
	p.t.Helper()
	full, _ := p.goods()
	for _, o := range full {
		all = append(all, o.wish)
		prices[o.PolicyID] = o.price
	}
	return all
}

// TestAPrepayWhoseAnswerIsLostIsAskedAboutFirst loses the answer to a prepay in several
// ways. The page is told to try again, and its next try, under the same key, asks WeChat
// what became of the number before using it again.
func TestAPrepayWhoseAnswerIsLostIsAskedAboutFirst(t *testing.T) {
	s := startShop(t)
	learner := s.newLearner()
	prices := map[string]int64{}
	courses := learner.lifetimes(prices)
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
			defer s.faults(obj{})
			buyer := learner.with("Idempotency-Key", rand.Text())
			body := obj{"lines": []wish{courses[i]}, "total_fen": prices[courses[i].PolicyID], "channel": "native"}
			fault := obj{"api": "native", "times": 1}
			for k, v := range tt.fault {
				fault[k] = v
			}
			s.faults(obj{"api": []obj{fault}})
			began := time.Now()
			buyer.post("/api/orders", body).wantCode(503, "PAY_CHANNEL_BUSY")
			if took := time.Since(began); took > 15*time.Second {
				t.Errorf("the buyer waited %s", took)
			}
			s.faults(obj{"api": []obj{{"api": "query", "status": 500}}})
			buyer.post("/api/orders", body).wantCode(503, "PAY_CHANNEL_BUSY") // it asks, and is not answered
			s.faults(obj{})
			placed := buyer.insist(body)
			s.wantPaidByTheFirstNumber(learner, placed, courses[i].CourseID)
		})
	}
	t.Run("the number was paid although the answer was lost", func(t *testing.T) {
		course := courses[len(courses)-1]
		s.faults(obj{"api": []obj{{"api": "native", "drop": true, "times": 1}}, "callback": []obj{{"lose": true}}})
		buyer := learner.with("Idempotency-Key", rand.Text())
		body := obj{"lines": []wish{course}, "total_fen": prices[course.PolicyID], "channel": "native"}
		buyer.post("/api/orders", body).wantCode(503, "PAY_CHANNEL_BUSY")
		id := learner.newest().ID
		s.phone().post("/sandbox/pay", obj{"out_trade_no": id + "01"}).want(200)
		placed := buyer.insist(body)
		if placed.Order.ID != id || placed.Payment != nil {
			t.Errorf("the paid order %s was answered as %+v", id, placed)
		}
		learner.await(id, "fulfilled")
		learner.wantOpenedOnce(id, course.CourseID)
	})
}

// insist sends a placing again until WeChat is no longer busy.
func (p *person) insist(body obj) (placed placedJSON) {
	p.t.Helper()
	var a answer
	eventually(p.t, time.Minute, func() error {
		if a = p.post("/api/orders", body); a.code() == "PAY_CHANNEL_BUSY" {
			return fmt.Errorf("WeChat stays busy: %s", a.body)
		}
		return nil
	})
	a.want(201).into(&placed)
	return placed
}

// newest is the person's last order.
func (p *person) newest() orderJSON {
	p.t.Helper()
	var list struct{ Items []orderJSON }
	if p.get("/api/orders").want(200).into(&list); len(list.Items) == 0 {
		p.t.Fatal("there is no order")
	}
	return list.Items[0]
}

// wantPaidByTheFirstNumber pays an order and wants that to have been its only number.
func (s *testShop) wantPaidByTheFirstNumber(p *person, placed placedJSON, course string) {
	s.t.Helper()
	id := placed.Order.ID
	if placed.Payment == nil || placed.Payment.OutTradeNo != id+"01" {
		s.t.Fatalf("order %s is to be paid by %+v, not by its first number", id, placed.Payment)
	}
	s.scan(placed.Payment)
	p.await(id, "fulfilled")
	wantSame(s.t, "the numbers of the order at WeChat", s.trades(id), "01 SUCCESS")
	p.wantOpenedOnce(id, course)
}

// TestABusyWeChatLeavesAnOrderThatCanBePaidLater has WeChat refuse to work: the order stands,
// the page is told when to try again, and the same key goes on with the same number.
func TestABusyWeChatLeavesAnOrderThatCanBePaidLater(t *testing.T) {
	s := startShop(t)
	learner := s.newLearner()
	buyer := learner.with("Idempotency-Key", rand.Text())
	body := obj{"lines": []wish{{"go1", "go1full"}}, "total_fen": 99900, "channel": "native"}
	s.faults(obj{"api": []obj{{"api": "native", "status": 500}}})
	a := buyer.post("/api/orders", body).wantCode(503, "PAY_CHANNEL_BUSY")
	if a.header.Get("Retry-After") == "" {
		t.Error("the page is not told when to try again")
	}
	o := learner.newest()
	if o.State != "pending" {
		t.Fatalf("the order is %s", o.State)
	}
	s.faults(obj{})
	placed := buyer.insist(body)
	if placed.Order.ID != o.ID {
		t.Fatalf("the same key made order %s after order %s", placed.Order.ID, o.ID)
	}
	s.wantPaidByTheFirstNumber(learner, placed, "go1")
}

// TestTheOrderOfAKilledInstanceIsFinishedByAnother kills the instance that took the payment
// right after it had written so: the other one opens the course.
func TestTheOrderOfAKilledInstanceIsFinishedByAnother(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	other := startShop(t, withStores(mongo, redis))
	env := append(sandboxEnv(t, other), "MONGODB_URI="+mongo, "REDIS_URL="+redis)
	killed := newProcess(t, t.TempDir(), env...)
	killed.start()
	learner := other.newLearner()
	var placed placedJSON
	killed.as(learner.token).place(99900, wish{"go1", "go1full"}).want(201).into(&placed)

	killed.arm(point{when: "after", n: 2}) // the wakeup, then the order
	other.scan(placed.Payment)
	killed.awaitEnd()
	if where := killed.burnt(); where != "after update orders: M4 paid" {
		t.Fatalf("the instance was killed %q", where)
	}
	db := openDatabase(t, mongo)
	if taken, err := rows(db, "orders", bson.M{"_id": placed.Order.ID}); err != nil || taken[0]["state"] == "pending" {
		t.Fatalf("the killed instance had not taken the payment: %v %v", taken, err)
	}
	other.pass(10 * time.Second)
	learner.await(placed.Order.ID, "fulfilled")
	learner.wantOpenedOnce(placed.Order.ID, "go1")
}

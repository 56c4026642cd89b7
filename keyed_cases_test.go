package main

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// TestKeyedRequests are requests that move money or send messages and are sent again: one key is
// one request, and one answer.
func TestKeyedRequests(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"a refund by finance sent again after 66 seconds pays once", refundAgain},
		{"refunds by finance sent many times at once pay once", refundsTogether},
		{"a refund by finance needs a key", refundWithoutKey},
		{"a key is its first request's alone", keyOfAnother},
		{"what a learner asks of an order is answered the same when the order has moved on", learnerAgain},
		{"a refused request runs again under its key", refusedAgain},
		{"what marketing does to a broadcast is answered the same when it has moved on", broadcastAgain},
		{"an event published again comes once", publishAgain},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// same wants a repeat to be answered as the first time, to the byte.
func same(t *testing.T, first, again answer) {
	t.Helper()
	if again.status != first.status || !bytes.Equal(first.body, again.body) {
		t.Errorf("%s was answered %d %s\nand then %d %s", first.what, first.status, first.body, again.status, again.body)
	}
}

func refundAgain(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	o := s.buy(learner, 99900, c.full)
	finance, path, body := s.staff("finance").anew(), "/api/admin/orders/"+o.ID+"/refunds", obj{"amount_fen": 1000, "reason": "one refund"}
	first := finance.post(path, body).want(201)
	s.pass(66 * time.Second)
	learner.await(o.ID, "partially_refunded")
	same(t, first, finance.post(path, body))
	same(t, first, finance.post(path, []byte(`{ "reason":"one refund", "amount_fen":1000 }`))) // says the same
	if back := learner.order(o.ID).Refunded; back != 1000 || len(s.refundsAtWeChat(o.ID)) != 1 {
		t.Errorf("%d fen went back in %d refunds", back, len(s.refundsAtWeChat(o.ID)))
	}
	finance.post(path, obj{"amount_fen": 1001, "reason": "one refund"}).wantCode(422, "IDEMPOTENCY_MISMATCH")
	s.pass(25 * time.Hour)
	same(t, first, s.staff("finance").with("Idempotency-Key", finance.header.Get("Idempotency-Key")).post(path, body))
}

func refundsTogether(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	for _, body := range []obj{{"amount_fen": 1000, "reason": "客服"}, {"reason": "客服"}} { // a part, and all
		o := s.buy(learner, 99900, c.full)
		c = d
		finance, answers := s.staff("finance").anew(), make([]answer, 8)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				var err error
				if answers[i], err = finance.try("POST", "/api/admin/orders/"+o.ID+"/refunds", body); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, a := range answers {
			same(t, answers[0].want(201), a)
		}
		if n := len(s.refundsAtWeChat(o.ID)); n != 1 {
			t.Errorf("%d refunds", n)
		}
	}
}

func refundWithoutKey(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	o := s.buy(learner, 99900, c.full)
	finance, path, body := s.staff("finance"), "/api/admin/orders/"+o.ID+"/refunds", obj{"reason": "客服"}
	finance.post(path, body).wantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	finance.with("Idempotency-Key", "with blanks").post(path, body).wantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	learner.with("Idempotency-Key", "").post("/api/orders/"+o.ID+"/refund", body).wantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	if o := learner.order(o.ID); o.State != "fulfilled" {
		t.Errorf("the order is %s", o.State)
	}
}

func keyOfAnother(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner().anew()
	var one, two placedJSON
	learner.post("/api/orders", orderFor(99900, c.full)).want(201).into(&one)
	learner.post("/api/orders/"+one.Order.ID+"/cancel", nil).wantCode(422, "IDEMPOTENCY_MISMATCH") // another route
	learner = learner.anew()
	learner.post("/api/orders/"+one.Order.ID+"/pay", obj{"channel": "native"}).want(200)
	learner.post("/api/orders/"+one.Order.ID+"/pay", obj{"channel": "h5"}).wantCode(422, "IDEMPOTENCY_MISMATCH") // another body
	learner.anew().post("/api/orders", orderFor(99900, d.full)).want(201).into(&two)
	learner.post("/api/orders/"+two.Order.ID+"/pay", obj{"channel": "native"}).wantCode(422, "IDEMPOTENCY_MISMATCH") // another order
	learner.post("/api/orders", orderFor(99900, d.full)).wantCode(422, "IDEMPOTENCY_MISMATCH")
	if n := len(learner.orders()); n != 2 {
		t.Errorf("%d orders", n)
	}
}

func learnerAgain(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	o := learner.placed(99900, c.full)
	paying := learner.anew()
	way := paying.post("/api/orders/"+o.Order.ID+"/pay", obj{"channel": "native"}).want(200)
	s.scan(o.Payment)
	learner.await(o.Order.ID, "fulfilled")
	same(t, way, paying.post("/api/orders/"+o.Order.ID+"/pay", obj{"channel": "native"}))

	asking := learner.anew()
	back := asking.post("/api/orders/"+o.Order.ID+"/refund", obj{"reason": "不合适"}).want(200)
	s.pass(66 * time.Second)
	learner.await(o.Order.ID, "refunded")
	same(t, back, asking.post("/api/orders/"+o.Order.ID+"/refund", obj{"reason": "不合适"}))

	unpaid, leaving := learner.placed(99900, d.full), learner.anew()
	end := leaving.post("/api/orders/"+unpaid.Order.ID+"/cancel", nil).want(200)
	s.pass(6 * time.Minute)
	learner.await(unpaid.Order.ID, "closed")
	same(t, end, leaving.post("/api/orders/"+unpaid.Order.ID+"/cancel", nil))
	leaving.anew().post("/api/orders/"+unpaid.Order.ID+"/cancel", nil).wantCode(409, "ORDER_NOT_CANCELLABLE")
}

func refusedAgain(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	o := s.buy(learner, 99900, c.full)
	finance, path, body := s.staff("finance"), "/api/admin/orders/"+o.ID+"/refunds", obj{"amount_fen": 1000, "reason": "客服"}
	finance.anew().post(path, body).want(201)
	learner.await(o.ID, "partially_refunded")
	second := finance.anew()
	second.post(path, body).wantCode(409, "REFUND_TOO_SOON")
	second.post(path, obj{"amount_fen": 1, "reason": "客服"}).wantCode(422, "IDEMPOTENCY_MISMATCH")
	s.pass(66 * time.Second)
	same(t, second.post(path, body).want(201), second.post(path, body))
	learner.await(o.ID, "partially_refunded")
	if back := learner.order(o.ID).Refunded; back != 2000 {
		t.Errorf("%d fen went back", back)
	}
}

func broadcastAgain(t *testing.T, s *testShop) {
	marketer, learner := s.staff("marketer"), s.newLearner()
	page := learner.socket()
	page.Ready()
	later := activity("以后", obj{"kind": "users", "user_ids": []string{learner.id()}})
	later["send_at"] = s.now().Add(time.Hour)
	making := marketer.anew()
	var b broadcastJSON
	made := making.post("/api/hub/broadcasts", later).want(201)
	made.into(&b)
	moves := []answer{made}
	callers := []*person{making}
	paths := []string{"/api/hub/broadcasts"}
	for _, move := range []string{"start"} {
		p, path := marketer.anew(), "/api/hub/broadcasts/"+b.ID+"/"+move
		moves, callers, paths = append(moves, p.post(path, nil).want(200)), append(callers, p), append(paths, path)
	}
	marketer.awaitBroadcast(b.ID, "sent")
	for i := range moves {
		var body any
		if i == 0 {
			body = later
		}
		same(t, moves[i], callers[i].post(paths[i], body))
	}
	told(page, b.ID)
	time.Sleep(100 * time.Millisecond) // for what must not come
	if n := tellings(page, b.ID); n != 1 {
		t.Errorf("the page was told %d times", n)
	}
	// A dry run takes no key for itself.
	dry := making.with("Idempotency-Key", rand.Text())
	dry.post("/api/hub/broadcasts?dry_run=1", later).want(200)
	dry.post("/api/hub/broadcasts", later).want(201)
}

func publishAgain(t *testing.T, s *testShop) {
	page := hubtest.Dial(t, s.url+"/ws", "")
	page.Ready()
	marketer := s.staff("marketer").anew()
	event := obj{"topic": "activity", "type": "shop.keyed", "data": obj{"n": 1}}
	same(t, marketer.post("/api/hub/publish", event).want(200), marketer.post("/api/hub/publish", event))
	s.staff("marketer").post("/api/hub/publish", obj{"topic": "activity", "type": "shop.keyed", "data": obj{"n": 2}}).want(200)
	eventually(t, 5*time.Second, func() error {
		heard := 0
		for _, f := range page.All() {
			if f.Type == "shop.keyed" {
				heard++
			}
		}
		if heard != 2 {
			return fmt.Errorf("%d events", heard)
		}
		return nil
	})
}

// TestADeadTryIsTakenOverAtOnce kills an instance at each write of requests with a key, and sends
// them again to another at once: what the first try began is finished, and done once.
func TestADeadTryIsTakenOverAtOnce(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	s := startShop(t, withStores(mongo, redis))
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	dying := newProcess(t, dir, append(sandboxEnv(t, s), "MONGODB_URI="+mongo, "REDIS_URL="+redis)...)
	c := s.sell(usual())
	for _, tt := range []struct {
		what   string
		points []point
		begin  func(*testShop) (who *person, path string, body any, check func(answer) error)
	}{
		{"an order", []point{
			{"after", 1, "insert order_keys", 0}, {"after", 1, "insert claims", 0}, {"before", 1, "insert orders: M1 pending", 0},
			{"after", 1, "insert orders: M1 pending", 0}, {"before", 1, "update orders: payment ready", 0}, {"before", 1, "update order_keys", 0},
		}, func(s *testShop) (*person, string, any, func(answer) error) {
			learner := s.newLearner()
			return learner, "/api/orders", orderFor(99900, c.full), func(a answer) error {
				var got placedJSON
				a.want(201).into(&got)
				if all := learner.orders(); len(all) != 1 || all[0].ID != got.Order.ID || got.Payment == nil {
					return fmt.Errorf("the orders are %+v, the answer is %s", all, a.body)
				}
				s.scan(got.Payment)
				learner.await(got.Order.ID, "fulfilled")
				return nil
			}
		}},
		{"a refund by finance", []point{
			{"after", 1, "insert order_keys", 0}, {"after", 1, "update orders", 0}, {"after", 1, "update enrolments", 0},
			{"after", 1, "update orders: M11 refunding", 0}, {"before", 1, "update order_keys", 0},
		}, func(s *testShop) (*person, string, any, func(answer) error) {
			learner := s.newLearner()
			o := s.buy(learner, 99900, c.full)
			return s.staff("finance"), "/api/admin/orders/" + o.ID + "/refunds", obj{"reason": "客服"}, func(a answer) error {
				a.want(201)
				s.pass(6 * time.Minute) // WeChat tells the dead one, and is asked by the other
				if o := learner.await(o.ID, "refunded"); o.Refunded != 99900 || len(s.refundsAtWeChat(o.ID)) != 1 {
					return fmt.Errorf("%d fen went back in %d refunds", o.Refunded, len(s.refundsAtWeChat(o.ID)))
				}
				return nil
			}
		}},
		{"a cancel", []point{{"after", 1, "insert order_keys", 0}, {"before", 1, "update order_keys", 0}},
			func(s *testShop) (*person, string, any, func(answer) error) {
				learner := s.newLearner()
				o := learner.placed(99900, c.full).Order
				return learner, "/api/orders/" + o.ID + "/cancel", nil, func(a answer) error { a.want(200); return nil }
			}},
		{"a broadcast", []point{{"after", 1, "insert order_keys", 0}, {"after", 1, "insert broadcasts", 0}},
			func(s *testShop) (*person, string, any, func(answer) error) {
				learner, marketer := s.newLearner(), s.staff("marketer")
				return marketer, "/api/hub/broadcasts", activity(learner.name[:8], obj{"kind": "users", "user_ids": []string{learner.id()}}),
					func(a answer) error {
						var b broadcastJSON
						a.want(201).into(&b)
						if b = marketer.awaitBroadcast(b.ID, "sent"); b.Counts.Told != 1 {
							return fmt.Errorf("%d were told", b.Counts.Told)
						}
						return nil
					}
			}},
	} {
		for _, at := range tt.points {
			t.Run(tt.what+" killed "+at.String(), func(t *testing.T) {
				s := *s
				s.t = t
				who, path, body, check := tt.begin(&s)
				who = who.anew()
				dying.t = t
				dying.start()
				dying.arm(at)
				there := *who
				there.url = dying.url
				if a, err := there.try("POST", path, body); err == nil {
					t.Fatalf("answered %d %s and not killed: the test shows nothing", a.status, a.body)
				}
				dying.awaitEnd()
				began := time.Now()
				a, err := who.try("POST", path, body)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 3*time.Second { // much of it the machine's
					t.Errorf("the answer took %s", took)
				}
				if err := check(a); err != nil {
					t.Error(err)
				}
				same(t, a, who.post(path, body))
			})
		}
	}
}

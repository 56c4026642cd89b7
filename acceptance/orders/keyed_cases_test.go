package orders

import (
	"bytes"
	"crypto/rand"
	"fmt"
	"os"
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// TestKeyedRequests are requests that move money or send messages and are sent again: one key is
// one request, and one answer.
func TestKeyedRequests(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
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
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

// same wants a repeat to be answered as the first time, to the byte.
func same(t *testing.T, first, again shoptest.Answer) {
	t.Helper()
	if again.Status != first.Status || !bytes.Equal(first.Body, again.Body) {
		t.Errorf("%s was answered %d %s\nand then %d %s", first.What, first.Status, first.Body, again.Status, again.Body)
	}
}

func refundAgain(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	o := s.Buy(learner, 99900, c.Full)
	finance, path, body := s.Staff("finance").Anew(), "/api/admin/orders/"+o.ID+"/refunds", obj{"amount_fen": 1000, "reason": "one refund"}
	first := finance.Post(path, body).Want(201)
	s.Pass(66 * time.Second)
	learner.Await(o.ID, "partially_refunded")
	same(t, first, finance.Post(path, body))
	same(t, first, finance.Post(path, []byte(`{ "reason":"one refund", "amount_fen":1000 }`))) // says the same
	if back := learner.Order(o.ID).Refunded; back != 1000 || len(s.RefundsAtWeChat(o.ID)) != 1 {
		t.Errorf("%d fen went back in %d refunds", back, len(s.RefundsAtWeChat(o.ID)))
	}
	finance.Post(path, obj{"amount_fen": 1001, "reason": "one refund"}).WantCode(422, "IDEMPOTENCY_MISMATCH")
	s.Pass(25 * time.Hour)
	same(t, first, s.Staff("finance").With("Idempotency-Key", finance.Header.Get("Idempotency-Key")).Post(path, body))
}

func refundsTogether(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	for _, body := range []obj{{"amount_fen": 1000, "reason": "客服"}, {"reason": "客服"}} { // a part, and all
		o := s.Buy(learner, 99900, c.Full)
		c = d
		finance, answers := s.Staff("finance").Anew(), make([]shoptest.Answer, 8)
		var all sync.WaitGroup
		for i := range answers {
			all.Go(func() {
				var err error
				if answers[i], err = finance.Try("POST", "/api/admin/orders/"+o.ID+"/refunds", body); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		for _, a := range answers {
			same(t, answers[0].Want(201), a)
		}
		if n := len(s.RefundsAtWeChat(o.ID)); n != 1 {
			t.Errorf("%d refunds", n)
		}
	}
}

func refundWithoutKey(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	o := s.Buy(learner, 99900, c.Full)
	finance, path, body := s.Staff("finance"), "/api/admin/orders/"+o.ID+"/refunds", obj{"reason": "客服"}
	finance.Post(path, body).WantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	finance.With("Idempotency-Key", "with blanks").Post(path, body).WantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	learner.With("Idempotency-Key", "").Post("/api/orders/"+o.ID+"/refund", body).WantCode(400, "IDEMPOTENCY_KEY_REQUIRED")
	if o := learner.Order(o.ID); o.State != "fulfilled" {
		t.Errorf("the order is %s", o.State)
	}
}

func keyOfAnother(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner().Anew()
	var one, two shoptest.Placed
	learner.Post("/api/orders", shoptest.OrderFor(99900, c.Full)).Want(201).Into(&one)
	learner.Post("/api/orders/"+one.Order.ID+"/cancel", nil).WantCode(422, "IDEMPOTENCY_MISMATCH") // another route
	learner = learner.Anew()
	learner.Post("/api/orders/"+one.Order.ID+"/pay", obj{"channel": "native"}).Want(200)
	learner.Post("/api/orders/"+one.Order.ID+"/pay", obj{"channel": "h5"}).WantCode(422, "IDEMPOTENCY_MISMATCH") // another body
	learner.Anew().Post("/api/orders", shoptest.OrderFor(99900, d.Full)).Want(201).Into(&two)
	learner.Post("/api/orders/"+two.Order.ID+"/pay", obj{"channel": "native"}).WantCode(422, "IDEMPOTENCY_MISMATCH") // another order
	learner.Post("/api/orders", shoptest.OrderFor(99900, d.Full)).WantCode(422, "IDEMPOTENCY_MISMATCH")
	if n := len(learner.Orders()); n != 2 {
		t.Errorf("%d orders", n)
	}
}

func learnerAgain(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	o := learner.Placed(99900, c.Full)
	paying := learner.Anew()
	way := paying.Post("/api/orders/"+o.Order.ID+"/pay", obj{"channel": "native"}).Want(200)
	s.Scan(o.Payment)
	learner.Await(o.Order.ID, "fulfilled")
	same(t, way, paying.Post("/api/orders/"+o.Order.ID+"/pay", obj{"channel": "native"}))

	asking := learner.Anew()
	back := asking.Post("/api/orders/"+o.Order.ID+"/refund", obj{"reason": "不合适"}).Want(200)
	s.Pass(66 * time.Second)
	learner.Await(o.Order.ID, "refunded")
	same(t, back, asking.Post("/api/orders/"+o.Order.ID+"/refund", obj{"reason": "不合适"}))

	unpaid, leaving := learner.Placed(99900, d.Full), learner.Anew()
	end := leaving.Post("/api/orders/"+unpaid.Order.ID+"/cancel", nil).Want(200)
	s.Pass(6 * time.Minute)
	learner.Await(unpaid.Order.ID, "closed")
	same(t, end, leaving.Post("/api/orders/"+unpaid.Order.ID+"/cancel", nil))
	leaving.Anew().Post("/api/orders/"+unpaid.Order.ID+"/cancel", nil).WantCode(409, "ORDER_NOT_CANCELLABLE")
}

func refusedAgain(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	o := s.Buy(learner, 99900, c.Full)
	finance, path, body := s.Staff("finance"), "/api/admin/orders/"+o.ID+"/refunds", obj{"amount_fen": 1000, "reason": "客服"}
	finance.Anew().Post(path, body).Want(201)
	learner.Await(o.ID, "partially_refunded")
	second := finance.Anew()
	second.Post(path, body).WantCode(409, "REFUND_TOO_SOON")
	second.Post(path, obj{"amount_fen": 1, "reason": "客服"}).WantCode(422, "IDEMPOTENCY_MISMATCH")
	s.Pass(66 * time.Second)
	same(t, second.Post(path, body).Want(201), second.Post(path, body))
	learner.Await(o.ID, "partially_refunded")
	if back := learner.Order(o.ID).Refunded; back != 2000 {
		t.Errorf("%d fen went back", back)
	}
}

func broadcastAgain(t *testing.T, s *shoptest.Shop) {
	marketer, learner := s.Staff("marketer"), s.NewLearner()
	page := learner.Socket()
	page.Ready()
	later := shoptest.Activity("以后", obj{"kind": "users", "user_ids": []string{learner.ID()}})
	later["send_at"] = s.Now().Add(time.Hour)
	making := marketer.Anew()
	var b shoptest.Broadcast
	made := making.Post("/api/hub/broadcasts", later).Want(201)
	made.Into(&b)
	moves := []shoptest.Answer{made}
	callers := []*shoptest.Person{making}
	paths := []string{"/api/hub/broadcasts"}
	for _, move := range []string{"start"} {
		p, path := marketer.Anew(), "/api/hub/broadcasts/"+b.ID+"/"+move
		moves, callers, paths = append(moves, p.Post(path, nil).Want(200)), append(callers, p), append(paths, path)
	}
	marketer.AwaitBroadcast(b.ID, "sent")
	for i := range moves {
		var body any
		if i == 0 {
			body = later
		}
		same(t, moves[i], callers[i].Post(paths[i], body))
	}
	shoptest.Told(page, b.ID)
	time.Sleep(100 * time.Millisecond) // for what must not come
	if n := shoptest.Tellings(page, b.ID); n != 1 {
		t.Errorf("the page got it %d times", n)
	}
	// A dry run takes no key for itself.
	dry := making.With("Idempotency-Key", rand.Text())
	dry.Post("/api/hub/broadcasts?dry_run=1", later).Want(200)
	dry.Post("/api/hub/broadcasts", later).Want(201)
}

func publishAgain(t *testing.T, s *shoptest.Shop) {
	page := hubtest.Dial(t, s.Url+"/ws", "")
	page.Ready()
	marketer := s.Staff("marketer").Anew()
	event := obj{"topic": "activity", "type": "shop.keyed", "data": obj{"n": 1}}
	same(t, marketer.Post("/api/hub/publish", event).Want(200), marketer.Post("/api/hub/publish", event))
	s.Staff("marketer").Post("/api/hub/publish", obj{"topic": "activity", "type": "shop.keyed", "data": obj{"n": 2}}).Want(200)
	shoptest.Eventually(t, time.Minute, func() error {
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
	s := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	dying := shoptest.NewProcess(t, dir, append(shoptest.SandboxEnv(t, s), "MONGODB_URI="+mongo, "REDIS_URL="+redis)...)
	c := s.Sell(shoptest.Usual())
	for _, tt := range []struct {
		what   string
		points []shoptest.Point
		begin  func(*shoptest.Shop) (who *shoptest.Person, path string, body any, check func(shoptest.Answer) error)
	}{
		{"an order", []shoptest.Point{
			{When: "after", N: 1, Write: "insert order_keys", Again: 0}, {When: "after", N: 1, Write: "insert claims", Again: 0}, {When: "before", N: 1, Write: "insert orders: M1 pending", Again: 0},
			{When: "after", N: 1, Write: "insert orders: M1 pending", Again: 0}, {When: "before", N: 1, Write: "update orders: payment ready", Again: 0}, {When: "before", N: 1, Write: "update order_keys", Again: 0},
		}, func(s *shoptest.Shop) (*shoptest.Person, string, any, func(shoptest.Answer) error) {
			learner := s.NewLearner()
			return learner, "/api/orders", shoptest.OrderFor(99900, c.Full), func(a shoptest.Answer) error {
				var got shoptest.Placed
				a.Want(201).Into(&got)
				if all := learner.Orders(); len(all) != 1 || all[0].ID != got.Order.ID || got.Payment == nil {
					return fmt.Errorf("the orders are %+v, the answer is %s", all, a.Body)
				}
				s.Scan(got.Payment)
				learner.Await(got.Order.ID, "fulfilled")
				return nil
			}
		}},
		{"a refund by finance", []shoptest.Point{
			{When: "after", N: 1, Write: "insert order_keys", Again: 0}, {When: "after", N: 1, Write: "update orders", Again: 0}, {When: "after", N: 1, Write: "update enrolments", Again: 0},
			{When: "after", N: 1, Write: "update orders: M11 refunding", Again: 0}, {When: "before", N: 1, Write: "update order_keys", Again: 0},
		}, func(s *shoptest.Shop) (*shoptest.Person, string, any, func(shoptest.Answer) error) {
			learner := s.NewLearner()
			o := s.Buy(learner, 99900, c.Full)
			return s.Staff("finance"), "/api/admin/orders/" + o.ID + "/refunds", obj{"reason": "客服"}, func(a shoptest.Answer) error {
				a.Want(201)
				s.Pass(6 * time.Minute) // WeChat's callback goes to the dead one, and the other asks WeChat
				if o := learner.Await(o.ID, "refunded"); o.Refunded != 99900 || len(s.RefundsAtWeChat(o.ID)) != 1 {
					return fmt.Errorf("%d fen went back in %d refunds", o.Refunded, len(s.RefundsAtWeChat(o.ID)))
				}
				return nil
			}
		}},
		{"a cancel", []shoptest.Point{{When: "after", N: 1, Write: "insert order_keys", Again: 0}, {When: "before", N: 1, Write: "update order_keys", Again: 0}},
			func(s *shoptest.Shop) (*shoptest.Person, string, any, func(shoptest.Answer) error) {
				learner := s.NewLearner()
				o := learner.Placed(99900, c.Full).Order
				return learner, "/api/orders/" + o.ID + "/cancel", nil, func(a shoptest.Answer) error { a.Want(200); return nil }
			}},
		{"a broadcast", []shoptest.Point{{When: "after", N: 1, Write: "insert order_keys", Again: 0}, {When: "after", N: 1, Write: "insert broadcasts", Again: 0}},
			func(s *shoptest.Shop) (*shoptest.Person, string, any, func(shoptest.Answer) error) {
				learner, marketer := s.NewLearner(), s.Staff("marketer")
				return marketer, "/api/hub/broadcasts", shoptest.Activity(learner.Name[:8], obj{"kind": "users", "user_ids": []string{learner.ID()}}),
					func(a shoptest.Answer) error {
						var b shoptest.Broadcast
						a.Want(201).Into(&b)
						if b = marketer.AwaitBroadcast(b.ID, "sent"); b.Counts.Told != 1 {
							return fmt.Errorf("%d were reached", b.Counts.Told)
						}
						return nil
					}
			}},
	} {
		for _, at := range tt.points {
			t.Run(tt.what+" killed "+at.String(), func(t *testing.T) {
				s := *s
				s.T = t
				who, path, body, check := tt.begin(&s)
				who = who.Anew()
				dying.T = t
				dying.Start()
				dying.Arm(at)
				there := *who
				there.Url = dying.Url
				if a, err := there.Try("POST", path, body); err == nil {
					t.Fatalf("answered %d %s and not killed: the test shows nothing", a.Status, a.Body)
				}
				dying.AwaitEnd()
				began := time.Now()
				a, err := who.Try("POST", path, body)
				if err != nil {
					t.Fatal(err)
				}
				if took := time.Since(began); took > 3*time.Second { // much of it the machine's
					t.Errorf("the answer took %s", took)
				}
				if err := check(a); err != nil {
					t.Error(err)
				}
				same(t, a, who.Post(path, body))
			})
		}
	}
}

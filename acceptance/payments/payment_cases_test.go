package payments

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestPaymentCases are the cases of money on its way: callbacks that come twice, late, wrong
// or not at all, WeChat that does not answer, and payments without a use.
func TestPaymentCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"C04 the callback comes twice and counts once", callbackTwice},
		{"C05 twenty callbacks and the server's own query at once count once", callbackStorm},
		{"C07 a prepay whose answer is lost goes on under the same number", prepayAnswerLost},
		{"C07 a prepay that never arrived goes on under the same number", prepayNeverArrived},
		{"C08 a lost callback is made up for by asking, and the page hears of it", callbackLost},
		{"C09 a callback twenty hours late changes nothing", callbackLate},
		{"C12 an amount that is wrong by one fen grants nothing", wrongAmount},
		{"C13 money of another merchant, app or currency grants nothing", wrongParties},
		{"C15 a callback that proves nothing is refused and leaves no trace", unprovenCallback},
		{"C22 another channel gets another number, the old one being closed first", otherChannel},
		{"C22 a page that shows a code hears that it is dead, and of the next one", replacedCodeHeard},
		{"C22 the old code was paid before the channel changed, and it counts", oldChannelPaid},
		{"C22 a code that WeChat does not close for five minutes is good until then, and alone", closedTooEarly},
		{"WeChat's page of a phone's browser dies after five minutes, and asking again gives one that lives", deadPage},
		{"C35 WeChat is busy: the order waits, the breaker opens", weChatBusy},
		{"C41 a token that ends while paying changes nothing", tokenEndsWhilePaying},
		{"a payment for an unknown number is asked for again, then kept", unknownNumber},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

func callbackTwice(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	got := learner.Placed(99900, c.Full)
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	shoptest.WantAll(t, "the first callback", s.Delivered(got.Payment.OutTradeNo), 1, 200)
	shoptest.WantAll(t, "its repeats", s.Resend(got.Payment.OutTradeNo, obj{"count": 2}), 2, 200)
	shoptest.WantOnce(t, learner, page, c.Id)
}

func callbackStorm(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	got := learner.Placed(99900, c.Full)
	s.Faults(obj{"callback": []obj{{"event": "payment", "repeat": 20, "parallel": true}}})
	s.Scan(got.Payment)
	s.Pass(6 * time.Second) // the sweeper asks as well now
	learner.Await(got.Order.ID, "fulfilled")
	shoptest.WantAll(t, "the callbacks", s.Delivered(got.Payment.OutTradeNo), 20, 200)
	shoptest.WantOnce(t, learner, page, c.Id)
}

func prepayAnswerLost(t *testing.T, s *shoptest.Shop) {
	wantSameNumber(t, s, obj{"api": "native", "drop": true, "times": 1})
}

func prepayNeverArrived(t *testing.T, s *shoptest.Shop) {
	wantSameNumber(t, s, obj{"api": "native", "drop_before": true, "times": 1})
}

// wantSameNumber spoils a prepay and wants the buyer's second click to bring the code for
// the same order under the same number.
func wantSameNumber(t *testing.T, s *shoptest.Shop, fault obj) {
	t.Helper()
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Faults(obj{"api": []obj{fault}})
	keyed := learner.With("Idempotency-Key", "pay-me")
	keyed.Post("/api/orders", shoptest.OrderFor(99900, c.Full)).WantCode(503, "PAY_CHANNEL_BUSY")
	pending := learner.Orders()
	if len(pending) != 1 || pending[0].State != "pending" {
		t.Fatalf("the orders are %+v", pending)
	}
	var got shoptest.Placed
	keyed.Post("/api/orders", shoptest.OrderFor(99900, c.Full)).Want(201).Into(&got)
	if got.Order.ID != pending[0].ID || got.Payment == nil || got.Payment.OutTradeNo != got.Order.ID+"01" {
		t.Fatalf("the second click brought %+v", got)
	}
	shoptest.WantSame(t, "trades", s.Trades(got.Order.ID), "01 NOTPAY")
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	learner.WantGrants(c.Id, 1)
}

func callbackLost(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	got := learner.Placed(99900, c.Full)
	s.Faults(obj{"callback": []obj{{"lose": true}}})
	s.Scan(got.Payment)
	s.Pass(61 * time.Second)
	shoptest.WantOnce(t, learner, page, c.Id) // the page gets the event without asking
	if o := learner.Order(got.Order.ID); o.State != "fulfilled" {
		t.Fatalf("the order is %s", o.State)
	}
	if events := s.Trade(got.Payment.OutTradeNo).Callbacks; len(events) != 1 || len(events[0].Deliveries) != 0 {
		t.Fatalf("the callback was not lost: %+v", events)
	}
}

func callbackLate(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	got := learner.Placed(99900, c.Full)
	s.Faults(obj{"callback": []obj{{"delay_s": 20 * 60 * 60}}})
	s.Scan(got.Payment)
	s.Pass(6 * time.Second)
	learner.Await(got.Order.ID, "fulfilled")
	before := learner.Order(got.Order.ID)
	s.Pass(20*time.Hour + time.Minute)
	shoptest.WantAll(t, "the late callback", s.Delivered(got.Payment.OutTradeNo), 1, 200)
	if after := learner.Order(got.Order.ID); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Fatalf("the order became %+v", after)
	}
	shoptest.WantOnce(t, learner, page, c.Id)
	shoptest.WantSame(t, "refunds", s.Refunds(got.Order.ID))
}

func wrongAmount(t *testing.T, s *shoptest.Shop) {
	for _, delta := range []int{1, -1} {
		wantException(t, s, obj{"amount_delta": delta})
	}
}

func wrongParties(t *testing.T, s *shoptest.Shop) {
	for _, fault := range []obj{{"mchid": "1900000109"}, {"appid": "wx0000000000000000"}, {"currency": "USD"}} {
		wantException(t, s, fault)
	}
}

// wantException pays with a callback that is genuine and does not fit: the order waits for
// people, an alarm is raised, WeChat is answered, and nothing is granted, ever.
func wantException(t *testing.T, s *shoptest.Shop, fault obj) {
	t.Helper()
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.Faults(obj{"callback": []obj{fault}})
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "exception")
	shoptest.WantAll(t, fmt.Sprint(fault), s.Delivered(got.Payment.OutTradeNo), 1, 200)
	s.Pass(2 * time.Minute) // nor does asking open it by itself
	shoptest.WantAll(t, "its repeat", s.Resend(got.Payment.OutTradeNo, obj{"fault": fault}), 1, 200)
	if o := learner.Order(got.Order.ID); o.State != "exception" || o.Paid != 0 {
		t.Fatalf("%v: the order became %+v", fault, o)
	}
	if e, there := learner.Enrolment(c.Id); there {
		t.Fatalf("%v enrolled: %+v", fault, e)
	}
	learner.WantNotices("order_fulfilled", 0)
	if !s.Alarmed("a payment does not fit its order", got.Order.ID) {
		t.Fatalf("%v raised no alarm", fault)
	}
}

// unprovenCallback forges callbacks for an unpaid order, so that only a callback that is believed
// could move it.
func unprovenCallback(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	faults := map[string]obj{
		"a wrong signature": {"bad_signature": true}, "an altered body": {"altered_body": true},
		"six minutes old": {"stale": true}, "an unknown key": {"unknown_serial": true}, "WeChat's own probe": {"signtest": true},
	}
	for name, fault := range faults {
		shoptest.WantAll(t, name, s.Forge(obj{"out_trade_no": got.Payment.OutTradeNo, "amount_fen": 99900, "fault": fault}), 1, 401)
	}
	unsigned := s.Visitor()
	if a := unsigned.Post("/api/wechat/pay-notify", obj{"id": "EV-1", "event_type": "TRANSACTION.SUCCESS"}); a.Status != 401 {
		t.Fatalf("a callback without a signature was answered %d: %s", a.Status, a.Body)
	}
	if o := learner.Order(got.Order.ID); o.State != "pending" || o.Paid != 0 {
		t.Fatalf("the order became %+v", o)
	}
	s.Scan(got.Payment) // and a true one is still believed
	learner.Await(got.Order.ID, "fulfilled")
}

func otherChannel(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	pay := "/api/orders/" + got.Order.ID + "/pay"
	learner.Post(pay, obj{"channel": "jsapi"}).WantCode(428, "OPENID_REQUIRED")
	shoptest.WantSame(t, "trades before", s.Trades(got.Order.ID), "01 NOTPAY")

	var h5 struct {
		Payment struct {
			Channel    string `json:"channel"`
			OutTradeNo string `json:"out_trade_no"`
			H5URL      string `json:"h5_url"`
		} `json:"payment"`
	}
	learner.Post(pay, obj{"channel": "h5"}).Want(200).Into(&h5)
	if h5.Payment.Channel != "h5" || h5.Payment.OutTradeNo == got.Payment.OutTradeNo || h5.Payment.H5URL == "" {
		t.Fatalf("the phone got %+v", h5)
	}
	shoptest.WantSame(t, "trades after", s.Trades(got.Order.ID), "01 CLOSED", "02 NOTPAY")
	s.Phone().Post("/sandbox/pay", obj{"code_url": got.Payment.CodeURL}).WantCode(409, "TRADE_CLOSED")
	s.Phone().Post("/sandbox/pay", obj{"h5_url": h5.Payment.H5URL}).Want(200)
	learner.Await(got.Order.ID, "fulfilled")
	learner.WantGrants(c.Id, 1)
}

// replacedCodeHeard takes a payment to a phone and back again: the page hears of each way that goes, before WeChat is
// asked about the next, and of each that comes.
func replacedCodeHeard(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	got := learner.Placed(99900, c.Full)
	path, heard := "/api/orders/"+got.Order.ID+"/pay", []string{}
	for _, channel := range []string{"h5", "h5", "native"} {
		learner.Post(path, obj{"channel": channel}).Want(200)
	}
	shoptest.Eventually(t, 30*time.Second, func() error {
		heard = heard[:0]
		for _, f := range page.All() {
			if f.Type != "payment.changed" {
				continue
			}
			var said struct {
				OrderID string `json:"order_id"`
				Payment struct {
					Channel string `json:"channel"`
				} `json:"payment"`
			}
			f.Into(t, &said)
			if said.OrderID != got.Order.ID {
				t.Fatalf("of another order: %+v", said)
			}
			heard = append(heard, said.Payment.Channel)
		}
		if len(heard) < 4 {
			return fmt.Errorf("the page heard %q", heard)
		}
		return nil
	})
	shoptest.WantSame(t, "the ways to pay that the page heard of", heard, "", "h5", "", "native")
}

func deadPage(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	ask := func() (url string) {
		var now struct {
			Payment struct {
				H5URL string `json:"h5_url"`
			} `json:"payment"`
		}
		learner.Post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "h5"}).Want(200).Into(&now)
		return now.Payment.H5URL
	}
	first := ask()
	if again := ask(); again != first {
		t.Errorf("a page that lives was replaced: %s, %s", first, again)
	}
	s.Pass(6 * time.Minute)
	s.Phone().Post("/sandbox/pay", obj{"h5_url": first}).WantCode(409, "CODE_EXPIRED")
	s.Phone().Post("/sandbox/pay", obj{"h5_url": ask()}).Want(200)
	learner.Await(got.Order.ID, "fulfilled")
	shoptest.WantSame(t, "trades", s.Trades(got.Order.ID), "01 CLOSED", "02 SUCCESS")
}

// closedTooEarly has WeChat close nothing within five minutes of its order, as it did in older days.
func closedTooEarly(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Faults(obj{"close_after_s": 300})
	got := learner.Placed(99900, c.Full)
	pay := "/api/orders/" + got.Order.ID + "/pay"
	learner.Post(pay, obj{"channel": "h5"}).WantCode(503, "PAY_CHANNEL_BUSY")
	shoptest.WantSame(t, "trades of the first minutes", s.Trades(got.Order.ID), "01 NOTPAY")
	s.Pass(5 * time.Minute)
	learner.Post(pay, obj{"channel": "h5"}).Want(200)
	shoptest.WantSame(t, "trades after five minutes", s.Trades(got.Order.ID), "01 CLOSED", "02 NOTPAY")
	learner.Post("/api/orders/"+got.Order.ID+"/cancel", nil).Want(200) // the second is as young again
	s.Pass(5*time.Minute + time.Second)
	s.AwaitLater(learner, got.Order.ID, "closed")
	shoptest.WantSame(t, "trades at last", s.Trades(got.Order.ID), "01 CLOSED", "02 CLOSED")

	d := s.Sell(shoptest.Usual())
	paid := learner.Placed(99900, d.Full)
	learner.Post("/api/orders/"+paid.Order.ID+"/pay", obj{"channel": "h5"}).WantCode(503, "PAY_CHANNEL_BUSY")
	s.Scan(paid.Payment) // the code from before
	learner.Await(paid.Order.ID, "fulfilled")
	learner.WantGrants(d.Id, 1)
}

func oldChannelPaid(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	s.Faults(obj{"callback": []obj{{"lose": true}}})
	s.Scan(got.Payment)
	var now shoptest.Placed
	learner.Post("/api/orders/"+got.Order.ID+"/pay", obj{"channel": "h5"}).Want(200).Into(&now)
	if now.Payment != nil || now.Order.State == "pending" {
		t.Fatalf("a paid order could be paid again: %+v", now)
	}
	learner.Await(got.Order.ID, "fulfilled")
	shoptest.WantSame(t, "trades", s.Trades(got.Order.ID), "01 SUCCESS")
}

// weChatBusy spoils h5 only: each kind of call has a breaker of its own, and the other cases
// need theirs.
func weChatBusy(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	keyed := learner.With("Idempotency-Key", "busy")
	order := shoptest.OrderFor(99900, c.Full)
	order["channel"] = "h5"
	for _, status := range []int{500, 503, 429} {
		s.Faults(obj{"api": []obj{{"api": "h5", "status": status}}})
		if busy := keyed.Post("/api/orders", order).WantCode(503, "PAY_CHANNEL_BUSY"); busy.Header.Get("Retry-After") == "" {
			t.Fatalf("a busy channel does not say when to come again: %v", busy.Header)
		}
	}
	if all := learner.Orders(); len(all) != 1 || all[0].State != "pending" {
		t.Fatalf("the orders are %+v", all)
	}
	shoptest.Eventually(t, time.Minute, func() error {
		keyed.Post("/api/orders", order).WantCode(503, "PAY_CHANNEL_BUSY")
		if !strings.Contains(s.Log.String(), `"api":"h5","from":"closed","to":"open"`) {
			return fmt.Errorf("the breaker stays closed")
		}
		return nil
	})
	s.Faults(obj{})
	var got struct {
		Payment struct {
			H5URL string `json:"h5_url"`
		} `json:"payment"`
	}
	shoptest.Eventually(t, 30*time.Second, func() error {
		a := keyed.Post("/api/orders", order)
		if a.Status == 503 {
			return fmt.Errorf("WeChat is well again and the channel is not")
		}
		a.Want(201).Into(&got)
		return nil
	})
	s.Phone().Post("/sandbox/pay", obj{"h5_url": got.Payment.H5URL}).Want(200)
	learner.Await(learner.Orders()[0].ID, "fulfilled")
}

func tokenEndsWhilePaying(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full)
	learner.Post("/api/logout", nil).Want(204)
	learner.Get("/api/orders/"+got.Order.ID).WantCode(401, "UNAUTHENTICATED")
	s.Scan(got.Payment)
	shoptest.WantAll(t, "the callback", s.Delivered(got.Payment.OutTradeNo), 1, 200)
	learner.Login(learner.Name, shoptest.Password, "web")
	learner.Await(got.Order.ID, "fulfilled")
	learner.WantGrants(c.Id, 1)
}

func unknownNumber(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	got := learner.Placed(99900, c.Full) // so that WeChat knows where to call
	stranger := obj{"out_trade_no": "NOSUCHORDER" + got.Order.ID[:8] + "01", "transaction_id": "4200" + got.Order.ID, "amount_fen": 99900}
	shoptest.WantAll(t, "at first", s.Forge(stranger), 1, 503)
	s.Pass(9 * time.Minute)
	shoptest.WantAll(t, "nine minutes later", s.Forge(stranger), 1, 503)
	s.Pass(2 * time.Minute)
	shoptest.WantAll(t, "eleven minutes later", s.Forge(stranger), 1, 200)
	if !s.Alarmed("stays unknown", stranger["out_trade_no"].(string)) {
		t.Fatal("no alarm was raised about it")
	}
	if o := learner.Order(got.Order.ID); o.State != "pending" {
		t.Fatalf("the order became %s", o.State)
	}
}

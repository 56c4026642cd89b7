package shoptest

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/shop"
)

// Trade is a trade as the sandbox shows it.
type Trade struct {
	OutTradeNo    string `json:"out_trade_no"`
	Channel       string `json:"channel"`
	State         string `json:"state"`
	Total         int64  `json:"total_fen"`
	TransactionID string `json:"transaction_id"`
	Callbacks     []struct {
		State      string     `json:"state"`
		Deliveries []Delivery `json:"deliveries"`
	} `json:"callbacks"`
}

// Delivery is one try to deliver a callback.
type Delivery struct {
	Status int    `json:"status"`
	Error  string `json:"error"`
	Body   string `json:"body"`
}

// Trades are WeChat's trades of an order, as `01 CLOSED`, oldest first.
func (s *Shop) Trades(order string) (all []string) {
	s.T.Helper()
	var list struct {
		Items []Trade `json:"items"`
	}
	s.Phone().Get("/sandbox/trades").Want(200).Into(&list)
	for _, tr := range list.Items {
		if no, ok := strings.CutPrefix(tr.OutTradeNo, order); ok {
			all = append(all, no+" "+tr.State)
		}
	}
	slices.Sort(all)
	return all
}

// Trade is one trade with its callbacks.
func (s *Shop) Trade(outTradeNo string) (tr Trade) {
	s.T.Helper()
	s.Phone().Get("/sandbox/trades/" + outTradeNo).Want(200).Into(&tr)
	return tr
}

// Refunds are WeChat's refunds of an order, as `20000 SUCCESS`.
func (s *Shop) Refunds(order string) (all []string) {
	s.T.Helper()
	var list struct {
		Items []struct {
			OutTradeNo string `json:"out_trade_no"`
			Status     string `json:"status"`
			Refund     int64  `json:"refund_fen"`
		} `json:"items"`
	}
	s.Phone().Get("/sandbox/refunds").Want(200).Into(&list)
	for _, r := range list.Items {
		if strings.HasPrefix(r.OutTradeNo, order) {
			all = append(all, fmt.Sprintf("%d %s", r.Refund, r.Status))
		}
	}
	return all
}

// RefundsAtWeChat are the refunds of an order that the sandbox knows.
func (s *Shop) RefundsAtWeChat(order string) (numbers []string) {
	s.T.Helper()
	var list struct {
		Items []struct {
			OutRefundNo string `json:"out_refund_no"`
			OutTradeNo  string `json:"out_trade_no"`
		} `json:"items"`
	}
	s.Phone().Get("/sandbox/refunds").Want(200).Into(&list)
	for _, r := range list.Items {
		if len(r.OutTradeNo) > len(order) && r.OutTradeNo[:len(order)] == order {
			numbers = append(numbers, r.OutRefundNo)
		}
	}
	return numbers
}

// FinanceRefunds asks for a refund as finance, each time as a new request.
func (s *Shop) FinanceRefunds(finance *Person, order string, body Obj) Answer {
	s.T.Helper()
	if body["reason"] == nil {
		body["reason"] = "客服"
	}
	return finance.With("Idempotency-Key", rand.Text()).Post("/api/admin/orders/"+order+"/refunds", body)
}

// ForgetTrade makes WeChat answer one close call as if it had no such trade, and not do it.
func (s *Shop) ForgetTrade(outTradeNo string) {
	s.T.Helper()
	s.Faults(Obj{"api": []Obj{{"api": "close", "status": 404, "code": "ORDER_NOT_EXIST", "out_trade_no": outTradeNo, "times": 1}}})
}

// ClosedButPayable is an order that its learner cancelled and that is closed, while the
// phone still holds a code that can be paid.
func (s *Shop) ClosedButPayable(learner *Person, total int64, lines ...Wish) Placed {
	s.T.Helper()
	got := learner.Placed(total, lines...)
	s.ForgetTrade(got.Payment.OutTradeNo)
	learner.Post("/api/orders/"+got.Order.ID+"/cancel", nil).Want(200)
	s.Pass(5*time.Minute + time.Second)
	s.AwaitLater(learner, got.Order.ID, "closed")
	s.Faults(Obj{})
	WantSame(s.T, "the forgotten trade", s.Trades(got.Order.ID), "01 NOTPAY")
	return got
}

// WantPaidBack wants all the money of a payment to be back, once, and its payer notified.
func (s *Shop) WantPaidBack(learner *Person, order string, amount int64) {
	s.T.Helper()
	Eventually(s.T, 20*time.Second, func() error {
		if len(s.Refunds(order)) == 0 {
			return fmt.Errorf("nothing goes back")
		}
		return nil
	})
	s.Pass(5 * time.Second) // WeChat takes three to pay back
	Eventually(s.T, 20*time.Second, func() error {
		if learner.Notices("paid_back") == 0 {
			return fmt.Errorf("the payer got no notice; refunds: %q", s.Refunds(order))
		}
		return nil
	})
	learner.WantNotices("paid_back", 1)
	WantSame(s.T, "refunds", s.Refunds(order), fmt.Sprintf("%d SUCCESS", amount))
}

// Resend sends the callback of a trade again and answers what the shop said to each copy.
func (s *Shop) Resend(outTradeNo string, how Obj) (statuses []int) {
	s.T.Helper()
	return s.sent("/sandbox/callbacks/"+outTradeNo, how)
}

// Forge sends a callback of invented content, genuinely signed unless the fault says otherwise.
func (s *Shop) Forge(content Obj) (statuses []int) {
	s.T.Helper()
	return s.sent("/sandbox/forge", content)
}

func (s *Shop) sent(path string, body Obj) (statuses []int) {
	s.T.Helper()
	var out struct {
		Deliveries []Delivery `json:"deliveries"`
	}
	s.Phone().Post(path, body).Want(200).Into(&out)
	for _, d := range out.Deliveries {
		if d.Error != "" {
			s.T.Fatalf("a callback was not answered: %s", d.Error)
		}
		statuses = append(statuses, d.Status)
	}
	return statuses
}

// Delivered waits until WeChat has got the callbacks of a trade rid, and answers what the
// shop said to each copy.
func (s *Shop) Delivered(outTradeNo string) (statuses []int) {
	s.T.Helper()
	Eventually(s.T, time.Minute, func() error {
		statuses = nil
		for _, e := range s.Trade(outTradeNo).Callbacks {
			if e.State != "delivered" {
				return fmt.Errorf("a callback is %s", e.State)
			}
			for _, d := range e.Deliveries {
				statuses = append(statuses, d.Status)
			}
		}
		if len(statuses) == 0 {
			return fmt.Errorf("no callback yet")
		}
		return nil
	})
	return statuses
}

// Alarmed looks for an alarm about something in the log.
func (s *Shop) Alarmed(what, about string) bool {
	for line := range strings.Lines(s.Log.String()) {
		if strings.Contains(line, what) && strings.Contains(line, about) && strings.Contains(line, `"alarm":true`) {
			return true
		}
	}
	return false
}

// Code is a code that binds.
type Code struct {
	Ticket    string    `json:"ticket"`
	URL       string    `json:"url"`
	ImageURL  string    `json:"image_url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// Code asks for one.
func (p *Person) Code() (c Code) {
	p.T.Helper()
	p.Post("/api/wechat/bindings", nil).Want(201).Into(&c)
	return c
}

// Scan is what became of a scan: the event, and what the shop answered.
type Scan struct {
	Event      string     `json:"event"`
	Key        string     `json:"event_key"`
	Deliveries []Delivery `json:"deliveries"`
}

// Statuses are what the tries to deliver were answered.
func (d Scan) Statuses() (all []int) {
	for _, one := range d.Deliveries {
		all = append(all, one.Status)
	}
	return all
}

// ScanCode is a phone that scans; extra goes into the body.
func (s *Shop) ScanCode(c Code, openid string, extra Obj) (out Scan) {
	s.T.Helper()
	body := Obj{"ticket": c.Ticket, "openid": openid}
	for k, v := range extra {
		body[k] = v
	}
	s.Phone().Post("/sandbox/scan", body).Want(200).Into(&out)
	return out
}

// Bind binds a WeChat to the person's account.
func (s *Shop) Bind(p *Person, openid, unionid string) {
	s.T.Helper()
	s.ScanCode(p.Code(), openid, Obj{"unionid": unionid})
	p.WantBound(true)
}

// WantBound wants the account to be bound to a WeChat, or not to be.
func (p *Person) WantBound(want bool) {
	p.T.Helper()
	var me struct {
		Bound bool `json:"wechat_bound"`
	}
	if p.Get("/api/me").Want(200).Into(&me); me.Bound != want {
		p.T.Fatalf("wechat_bound is %t", me.Bound)
	}
}

// SomeWeChat is an openid, or unionid, that no other person has.
func SomeWeChat() string { return "o" + rand.Text() }

// Message is a message on a phone.
type Message struct {
	Openid      string `json:"openid"`
	Template    string `json:"template"`
	URL         string `json:"url"`
	ClientMsgID string `json:"client_msg_id"`
	Rows        []struct {
		Label string `json:"label"`
		Value string `json:"value"`
	} `json:"rows"`
}

// Cards are the messages on one phone, newest first; "" is everybody's.
func (s *Shop) Cards(openid string) []Message {
	s.T.Helper()
	var out struct {
		Items []Message `json:"items"`
	}
	s.Phone().Get("/sandbox/messages?openid=" + openid).Want(200).Into(&out)
	return out.Items
}

// AwaitCards waits until a phone has exactly these messages, oldest first.
func (s *Shop) AwaitCards(openid string, kinds ...string) (last Message) {
	s.T.Helper()
	Eventually(s.T, 20*time.Second, func() error {
		got := []string{}
		cards := s.Cards(openid)
		for i := range cards {
			got = append(got, cards[len(cards)-1-i].Template)
		}
		if strings.Join(got, " ") != strings.Join(kinds, " ") {
			return fmt.Errorf("the phone has %v, not %v", got, kinds)
		}
		if len(cards) > 0 {
			last = cards[0]
		}
		return nil
	})
	return last
}

// Follower is a learner whose WeChat follows the account.
func (s *Shop) Follower() (p *Person, openid string) {
	s.T.Helper()
	p, openid = s.NewLearner(), SomeWeChat()
	s.Bind(p, openid, "")
	return p, openid
}

// AwaitDelivery waits until the person's only delivery of a kind is in a state, and answers its code.
func AwaitDelivery(t *testing.T, db *mongo.Database, user, kind string, state shop.DeliveryState) (d shop.Delivery) {
	t.Helper()
	Eventually(t, 20*time.Second, func() error {
		var all []shop.Delivery
		if err := Find(db, "deliveries", bson.M{"user_id": user, "kind": kind}, &all); err != nil {
			return err
		}
		if len(all) != 1 || all[0].State != state {
			return fmt.Errorf("deliveries of kind %s: %+v", kind, all)
		}
		d = all[0]
		return nil
	})
	return d
}

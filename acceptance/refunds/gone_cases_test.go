package refunds

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// leave deletes the account.
func leave(p *shoptest.Person) {
	p.T.Helper()
	p.Do("DELETE", "/api/me", obj{"password": shoptest.Password}).Want(204)
}

// learners is how many people the catalogue says learn a course.
func learners(s *shoptest.Shop, course string) (n int64) {
	s.T.Helper()
	var c struct {
		Learners int64 `json:"learners"`
	}
	s.Visitor().Get("/api/courses/" + course).Want(200).Into(&c)
	return c.Learners
}

// financeOrder is an order as finance sees it.
type financeOrder struct {
	State    string `json:"state"`
	Paid     int64  `json:"paid_fen"`
	Refunded int64  `json:"refunded_fen"`
	Lines    []struct {
		Result  string `json:"result"`
		Refusal string `json:"refusal"`
	} `json:"lines"`
	Refunds []struct {
		State  string `json:"state"`
		Amount int64  `json:"amount_fen"`
		Reason string `json:"reason"`
	} `json:"refunds"`
	Strays []struct {
		Reason string `json:"reason"`
	} `json:"strays"`
}

// wantBackByItself wants a payment to go back in full, for the reason, without anybody's help.
func wantBackByItself(s *shoptest.Shop, finance *shoptest.Person, order, reason string, amount int64) (o financeOrder) {
	s.T.Helper()
	shoptest.Eventually(s.T, time.Minute, func() error {
		o = financeOrder{}
		finance.Get("/api/admin/orders/" + order).Want(200).Into(&o)
		if len(o.Refunds) != 1 || o.Refunds[0].State != "succeeded" || o.Refunds[0].Amount != amount || o.Refunds[0].Reason != reason {
			s.Pass(time.Second)
			return fmt.Errorf("the order is %+v", o)
		}
		return nil
	})
	shoptest.WantSame(s.T, "refunds at WeChat", s.Refunds(order), fmt.Sprintf("%d SUCCESS", amount))
	return o
}

// TestPayment_ForADeletedAccount_GoesBackByItself: the code stays open at WeChat for a while
// after its owner is gone.
func TestPayment_ForADeletedAccount_GoesBackByItself(t *testing.T) {
	shop := shoptest.Start(t)
	for _, tt := range []struct {
		name string
		late bool // the order was closed before it is paid
	}{
		{"whose code is still open", false},
		{"whose order was closed", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shop.At(t, "2025-03-01 10:00")
			c, learner, finance := s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
			before := learners(s, c.Id)
			var got shoptest.Placed
			if tt.late {
				got = s.ClosedButPayable(learner, 99900, c.Full)
			} else {
				got = learner.Placed(99900, c.Full)
			}
			leave(learner)
			logged := len(s.Log.String())
			s.Scan(got.Payment)
			o := wantBackByItself(s, finance, got.Order.ID, "ACCOUNT_DELETED", 99900)
			if o.Paid != 0 || o.Lines[0].Result != "" || len(o.Strays) != 1 || !strings.HasPrefix(o.Strays[0].Reason, "gone") {
				t.Errorf("finance sees %+v", o)
			}
			if now := s.Log.String()[logged:]; !strings.Contains(now, "money for a deleted account goes back") {
				t.Error("finance got no alarm")
			}
			shoptest.WantAll(t, "the callback's repeat", s.Resend(got.Payment.OutTradeNo, obj{}), 1, 200)
			s.Pass(31 * time.Minute)
			shoptest.Eventually(t, time.Minute, func() error {
				o = financeOrder{}
				finance.Get("/api/admin/orders/" + got.Order.ID).Want(200).Into(&o)
				if o.State != "closed" || len(o.Refunds) != 1 {
					return fmt.Errorf("the order is %+v", o)
				}
				return nil
			})
			if now := learners(s, c.Id); now != before {
				t.Errorf("%d learners, before %d", now, before)
			}
			shoptest.WantSame(t, "the invariants", finance.Invariants())
		})
	}
}

package main

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// leave deletes the account.
func (p *person) leave() {
	p.t.Helper()
	p.do("DELETE", "/api/me", obj{"password": testPassword}).want(204)
}

// learners is how many people the catalogue says learn a course.
func (s *testShop) learners(course string) (n int64) {
	s.t.Helper()
	var c struct {
		Learners int64 `json:"learners"`
	}
	s.visitor().get("/api/courses/" + course).want(200).into(&c)
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
func (s *testShop) wantBackByItself(finance *person, order, reason string, amount int64) (o financeOrder) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		o = financeOrder{}
		finance.get("/api/admin/orders/" + order).want(200).into(&o)
		if len(o.Refunds) != 1 || o.Refunds[0].State != "succeeded" || o.Refunds[0].Amount != amount || o.Refunds[0].Reason != reason {
			s.pass(time.Second)
			return fmt.Errorf("the order is %+v", o)
		}
		return nil
	})
	wantSame(s.t, "refunds at WeChat", s.refunds(order), fmt.Sprintf("%d SUCCESS", amount))
	return o
}

// TestPayment_ForADeletedAccount_GoesBackByItself: the code stays open at WeChat for a while
// after its owner is gone.
func TestPayment_ForADeletedAccount_GoesBackByItself(t *testing.T) {
	shop := startShop(t)
	for _, tt := range []struct {
		name string
		late bool // the order was closed before it is paid
	}{
		{"whose code is still open", false},
		{"whose order was closed", true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := shop.at(t, "2025-03-01 10:00")
			c, learner, finance := s.sell(usual()), s.newLearner(), s.staff("finance")
			before := s.learners(c.id)
			var got placedJSON
			if tt.late {
				got = s.closedButPayable(learner, 99900, c.full)
			} else {
				got = learner.placed(99900, c.full)
			}
			learner.leave()
			logged := len(s.log.String())
			s.scan(got.Payment)
			o := s.wantBackByItself(finance, got.Order.ID, "ACCOUNT_DELETED", 99900)
			if o.Paid != 0 || o.Lines[0].Result != "" || len(o.Strays) != 1 || !strings.HasPrefix(o.Strays[0].Reason, "gone") {
				t.Errorf("finance sees %+v", o)
			}
			if now := s.log.String()[logged:]; !strings.Contains(now, "money for a deleted account goes back") {
				t.Error("finance was not told")
			}
			wantAll(t, "the callback's repeat", s.resend(got.Payment.OutTradeNo, obj{}), 1, 200)
			s.pass(31 * time.Minute)
			eventually(t, 20*time.Second, func() error {
				o = financeOrder{}
				finance.get("/api/admin/orders/" + got.Order.ID).want(200).into(&o)
				if o.State != "closed" || len(o.Refunds) != 1 {
					return fmt.Errorf("the order is %+v", o)
				}
				return nil
			})
			if now := s.learners(c.id); now != before {
				t.Errorf("%d learners, before %d", now, before)
			}
			wantSame(t, "the invariants", finance.invariants())
		})
	}
}

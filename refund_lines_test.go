package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// financeRefunds asks for a refund as finance, each time as a new request.
func (s *testShop) financeRefunds(finance *person, order string, body obj) answer {
	s.t.Helper()
	if body["reason"] == nil {
		body["reason"] = "客服"
	}
	return finance.with("Idempotency-Key", rand.Text()).post("/api/admin/orders/"+order+"/refunds", body)
}

// linesBack is what went back for each line of an order, as an order's page and finance's
// have it, `COURSE 500` in the order of the courses given.
func (s *testShop) linesBack(p *person, path string, courses ...*sold) string {
	s.t.Helper()
	var o struct {
		Lines []struct {
			CourseID string `json:"course_id"`
			Refunded *int64 `json:"refunded_fen"`
		} `json:"lines"`
	}
	p.get(path).want(200).into(&o)
	var all []string
	for _, c := range courses {
		for _, l := range o.Lines {
			if l.CourseID == c.id && l.Refunded != nil {
				all = append(all, fmt.Sprint(*l.Refunded))
			}
		}
	}
	return strings.Join(all, " ")
}

// mayHaveBack is what a learner may have back of each course.
func mayHaveBack(p *person, order string, courses ...*sold) string {
	p.t.Helper()
	var q struct {
		Lines []struct {
			CourseID string `json:"course_id"`
			Amount   int64  `json:"amount_fen"`
		} `json:"lines"`
	}
	p.get("/api/orders/" + order + "/refund").want(200).into(&q)
	var all []string
	for _, c := range courses {
		for _, l := range q.Lines {
			if l.CourseID == c.id {
				all = append(all, fmt.Sprint(l.Amount))
			}
		}
	}
	return strings.Join(all, " ")
}

func TestRefundByFinance_WithoutLines_IsTheSameForEveryOrderOfThem(t *testing.T) {
	s := startShop(t).at(t, "2025-03-01 10:00")
	three := func(full int64) *sold { p := usual(); p.full = full; return s.sell(p) }
	a, b, c := three(30000), three(10000), three(9999)
	finance := s.staff("finance")
	wishes := []wish{a.full, b.full, c.full}
	for n := range 3 {
		learner := s.newLearner()
		o := s.buy(learner, 49999, append(slices.Clone(wishes[n:]), wishes[:n]...)...)
		s.financeRefunds(finance, o.ID, obj{"amount_fen": 10001}).want(201)
		learner.await(o.ID, "partially_refunded")
		for _, look := range []struct {
			by   *person
			path string
		}{{learner, "/api/orders/" + o.ID}, {finance, "/api/admin/orders/" + o.ID}} {
			if got := s.linesBack(look.by, look.path, a, b, c); got != "6001 2000 2000" {
				t.Errorf("lines %d: %s shows %s", n, look.path, got)
			}
		}
		s.pass(time.Minute)
		if got := mayHaveBack(learner, o.ID, a, b, c); got != "23999 8000 7999" {
			t.Errorf("lines %d: the learner may have %s back", n, got)
		}
	}
	wantSame(t, "the invariants", finance.invariants())
}

func TestRefundByFinance_OfNamedLines_EndsTheirAccessAlone(t *testing.T) {
	s := startShop(t).at(t, "2025-03-01 10:00")
	c, d, learner, finance := s.sell(usual()), s.sell(usual()), s.newLearner(), s.staff("finance")
	other := s.sell(usual())
	o := s.buy(learner, 199800, c.full, d.full)
	refuse := func(status int, code, param string, body obj) {
		t.Helper()
		a := s.financeRefunds(finance, o.ID, body).wantCode(status, code)
		if !strings.Contains(string(a.body), `"param":"`+param+`"`) {
			t.Errorf("%v: %s", body, a.body)
		}
	}
	line := func(c *sold, amount any) obj {
		l := obj{"course_id": c.id}
		if amount != nil {
			l["amount_fen"] = amount
		}
		return l
	}
	refuse(422, "REFUND_LINE_UNKNOWN", "lines[0].course_id", obj{"lines": []obj{line(other, nil)}})
	refuse(422, "REFUND_LINE_UNKNOWN", "lines[0].course_id", obj{"lines": []obj{{}}})
	refuse(422, "DUPLICATE_LINE", "lines[1].course_id", obj{"lines": []obj{line(c, 1), line(c, 1)}})
	refuse(409, "REFUND_TOO_MUCH", "lines[0].amount_fen", obj{"lines": []obj{line(c, 99901)}})
	refuse(409, "REFUND_TOO_MUCH", "lines[0].amount_fen", obj{"lines": []obj{line(c, int64(1<<63-1)), line(d, int64(1<<63-1))}})
	refuse(422, "REFUND_SUM_DIFFERS", "amount_fen", obj{"lines": []obj{line(c, 100)}, "amount_fen": 101})
	refuse(400, "INVALID_FIELD", "lines[1].amount_fen", obj{"lines": []obj{line(c, 100), line(d, 0)}})
	refuse(400, "INVALID_FIELD", "lines[0].amount_fen", obj{"lines": []obj{line(c, -100)}})
	refuse(400, "INVALID_FIELD", "lines[0].amount_fen", obj{"lines": []obj{line(c, uint64(1<<63))}})
	refuse(400, "INVALID_FIELD", "lines", obj{"lines": []obj{}})
	refuse(400, "UNKNOWN_FIELD", "lines[0].policy_id", obj{"lines": []obj{{"course_id": c.id, "policy_id": "x"}}})
	if now := learner.order(o.ID); now.State != "fulfilled" || len(s.refunds(o.ID)) != 0 {
		t.Fatalf("refusals have changed the order: %+v", now)
	}

	s.financeRefunds(finance, o.ID, obj{"lines": []obj{line(d, 900)}, "amount_fen": 900}).want(201)
	learner.await(o.ID, "partially_refunded")
	if err := grantState(learner, d.id, o.ID, "active"); err != nil {
		t.Error(err)
	}
	s.pass(time.Minute)
	s.financeRefunds(finance, o.ID, obj{"lines": []obj{line(d, nil)}}).want(201)
	eventually(t, 10*time.Second, func() error { return grantState(learner, d.id, o.ID, "revoked") })
	learner.await(o.ID, "partially_refunded")
	if err := grantState(learner, c.id, o.ID, "active"); err != nil {
		t.Error(err)
	}
	if got := s.linesBack(learner, "/api/orders/"+o.ID, c, d); got != "0 99900" {
		t.Errorf("the lines show %s", got)
	}
	wantSame(t, "at WeChat", slices.Sorted(slices.Values(s.refunds(o.ID))), "900 SUCCESS", "99000 SUCCESS")
	wantSame(t, "the invariants", finance.invariants())
}

// What stands on top of a line is refunded with it; other courses of that later order stay.
func TestRefundByFinance_WithLaterStages_LeavesOtherLinesOfTheirOrders(t *testing.T) {
	s := startShop(t).at(t, "2025-03-01 10:00")
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	s.buy(learner, 0, c.s1)
	s.move("2025-04-05 10:00", learner)
	finance := s.staff("finance")
	two := s.buy(learner, 20000, c.s2)
	three := s.buy(learner, 30000+99900, c.s3, d.full)
	s.financeRefunds(finance, two.ID, obj{"later": true}).want(201)
	learner.await(two.ID, "refunded")
	learner.await(three.ID, "partially_refunded")
	if got := s.linesBack(learner, "/api/orders/"+three.ID, c, d); got != "30000 0" {
		t.Errorf("the later order's lines show %s", got)
	}
	if err := grantState(learner, d.id, three.ID, "active"); err != nil {
		t.Error(err)
	}
}

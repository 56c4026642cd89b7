package refunds

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// linesBack is what went back for each line of an order, as an order's page and finance's
// have it, `COURSE 500` in the order of the courses given.
func linesBack(s *shoptest.Shop, p *shoptest.Person, path string, courses ...*shoptest.Course) string {
	s.T.Helper()
	var o struct {
		Lines []struct {
			CourseID string `json:"course_id"`
			Refunded *int64 `json:"refunded_fen"`
		} `json:"lines"`
	}
	p.Get(path).Want(200).Into(&o)
	var all []string
	for _, c := range courses {
		for _, l := range o.Lines {
			if l.CourseID == c.Id && l.Refunded != nil {
				all = append(all, fmt.Sprint(*l.Refunded))
			}
		}
	}
	return strings.Join(all, " ")
}

// mayHaveBack is what a learner may have back of each course.
func mayHaveBack(p *shoptest.Person, order string, courses ...*shoptest.Course) string {
	p.T.Helper()
	var q struct {
		Lines []struct {
			CourseID string `json:"course_id"`
			Amount   int64  `json:"amount_fen"`
		} `json:"lines"`
	}
	p.Get("/api/orders/" + order + "/refund").Want(200).Into(&q)
	var all []string
	for _, c := range courses {
		for _, l := range q.Lines {
			if l.CourseID == c.Id {
				all = append(all, fmt.Sprint(l.Amount))
			}
		}
	}
	return strings.Join(all, " ")
}

func TestRefundByFinance_WithoutLines_IsTheSameForEveryOrderOfThem(t *testing.T) {
	s := shoptest.Start(t).At(t, "2025-03-01 10:00")
	three := func(full int64) *shoptest.Course { p := shoptest.Usual(); p.Full = full; return s.Sell(p) }
	a, b, c := three(30000), three(10000), three(9999)
	finance := s.Staff("finance")
	wishes := []shoptest.Wish{a.Full, b.Full, c.Full}
	for n := range 3 {
		learner := s.NewLearner()
		o := s.Buy(learner, 49999, append(slices.Clone(wishes[n:]), wishes[:n]...)...)
		s.FinanceRefunds(finance, o.ID, obj{"amount_fen": 10001}).Want(201)
		learner.Await(o.ID, "partially_refunded")
		for _, look := range []struct {
			by   *shoptest.Person
			path string
		}{{learner, "/api/orders/" + o.ID}, {finance, "/api/admin/orders/" + o.ID}} {
			if got := linesBack(s, look.by, look.path, a, b, c); got != "6001 2000 2000" {
				t.Errorf("lines %d: %s shows %s", n, look.path, got)
			}
		}
		s.Pass(time.Minute)
		if got := mayHaveBack(learner, o.ID, a, b, c); got != "23999 8000 7999" {
			t.Errorf("lines %d: the learner may have %s back", n, got)
		}
	}
	shoptest.WantSame(t, "the invariants", finance.Invariants())
}

func TestRefundByFinance_OfNamedLines_EndsTheirAccessAlone(t *testing.T) {
	s := shoptest.Start(t).At(t, "2025-03-01 10:00")
	c, d, learner, finance := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner(), s.Staff("finance")
	other := s.Sell(shoptest.Usual())
	o := s.Buy(learner, 199800, c.Full, d.Full)
	refuse := func(status int, code, param string, body obj) {
		t.Helper()
		a := s.FinanceRefunds(finance, o.ID, body).WantCode(status, code)
		if !strings.Contains(string(a.Body), `"param":"`+param+`"`) {
			t.Errorf("%v: %s", body, a.Body)
		}
	}
	line := func(c *shoptest.Course, amount any) obj {
		l := obj{"course_id": c.Id}
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
	refuse(400, "UNKNOWN_FIELD", "lines[0].policy_id", obj{"lines": []obj{{"course_id": c.Id, "policy_id": "x"}}})
	if now := learner.Order(o.ID); now.State != "fulfilled" || len(s.Refunds(o.ID)) != 0 {
		t.Fatalf("refusals have changed the order: %+v", now)
	}

	s.FinanceRefunds(finance, o.ID, obj{"lines": []obj{line(d, 900)}, "amount_fen": 900}).Want(201)
	learner.Await(o.ID, "partially_refunded")
	if err := shoptest.GrantState(learner, d.Id, o.ID, "active"); err != nil {
		t.Error(err)
	}
	s.Pass(time.Minute)
	s.FinanceRefunds(finance, o.ID, obj{"lines": []obj{line(d, nil)}}).Want(201)
	shoptest.Eventually(t, time.Minute, func() error { return shoptest.GrantState(learner, d.Id, o.ID, "revoked") })
	learner.Await(o.ID, "partially_refunded")
	if err := shoptest.GrantState(learner, c.Id, o.ID, "active"); err != nil {
		t.Error(err)
	}
	if got := linesBack(s, learner, "/api/orders/"+o.ID, c, d); got != "0 99900" {
		t.Errorf("the lines show %s", got)
	}
	shoptest.WantSame(t, "at WeChat", slices.Sorted(slices.Values(s.Refunds(o.ID))), "900 SUCCESS", "99000 SUCCESS")
	shoptest.WantSame(t, "the invariants", finance.Invariants())
}

// What stands on top of a line is refunded with it; other courses of that later order stay.
func TestRefundByFinance_WithLaterStages_LeavesOtherLinesOfTheirOrders(t *testing.T) {
	s := shoptest.Start(t).At(t, "2025-03-01 10:00")
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	s.Move("2025-04-05 10:00", learner)
	finance := s.Staff("finance")
	two := s.Buy(learner, 20000, c.S2)
	three := s.Buy(learner, 30000+99900, c.S3, d.Full)
	s.FinanceRefunds(finance, two.ID, obj{"later": true}).Want(201)
	learner.Await(two.ID, "refunded")
	learner.Await(three.ID, "partially_refunded")
	if got := linesBack(s, learner, "/api/orders/"+three.ID, c, d); got != "30000 0" {
		t.Errorf("the later order's lines show %s", got)
	}
	if err := shoptest.GrantState(learner, d.Id, three.ID, "active"); err != nil {
		t.Error(err)
	}
}

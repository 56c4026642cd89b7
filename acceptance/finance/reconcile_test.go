package finance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
)

// reconciliationJSON is the comparison of a day as the console reads it.
type reconciliationJSON struct {
	Day         string           `json:"day"`
	State       string           `json:"state"`
	By          string           `json:"by"`
	Theirs      sumsJSON         `json:"theirs"`
	Ours        sumsJSON         `json:"ours"`
	Differences []differenceJSON `json:"differences"`
}

type sumsJSON struct {
	Count  int   `json:"count"`
	Total  int64 `json:"total_fen"`
	Refund int64 `json:"refund_fen"`
}

func (s sumsJSON) String() string {
	return fmt.Sprintf("%d rows, %d fen in, %d fen back", s.Count, s.Total, s.Refund)
}

type differenceJSON struct {
	Kind        string `json:"kind"`
	OrderID     string `json:"order_id"`
	OutTradeNo  string `json:"out_trade_no"`
	OutRefundNo string `json:"out_refund_no"`
	Theirs      int64  `json:"theirs_fen"`
	Ours        int64  `json:"ours_fen"`
	Detail      string `json:"detail"`
	State       string `json:"state"`
}

// String is `AMOUNT_DIFFERS 100 there 101 here open`.
func (d differenceJSON) String() string {
	return fmt.Sprintf("%s %d there %d here %s", d.Kind, d.Theirs, d.Ours, d.State)
}

func (r reconciliationJSON) differences() (all []string) {
	for _, d := range r.Differences {
		all = append(all, d.String())
	}
	return all
}

// reconcile compares a day now, or once the run that the shop itself has begun is over.
func reconcile(p *shoptest.Person, day string) (r reconciliationJSON) {
	p.T.Helper()
	shoptest.Eventually(p.T, time.Minute, func() error {
		a := p.Post("/api/admin/reconciliations", obj{"day": day})
		if a.Status == 409 {
			return fmt.Errorf("%s", a.Code())
		}
		a.Want(200).Into(&r)
		return nil
	})
	return r
}

// onDay is a shop at some time of a day in the future, and a learner there.
func onDay(s *shoptest.Shop, when string) (*shoptest.Shop, *shoptest.Person) {
	s.SetClock(shoptest.BeijingTime(s.T, when).Format(time.RFC3339))
	return s, s.NewLearner()
}

func later(s *shoptest.Shop, when string) *shoptest.Person {
	s.T.Helper()
	s.SetClock(shoptest.BeijingTime(s.T, when).Format(time.RFC3339))
	return s.Staff("finance")
}

// C45: the bill shows a paid trade that we lack.
func TestC45APaidTradeThatWeLackIsRepairedFromTheBill(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	var placed shoptest.Placed
	learner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)
	s.Faults(obj{"callback": []obj{{"lose": true}}, "api": []obj{{"api": "query", "status": 500}}})
	s.Scan(placed.Payment)

	finance := later(s, "2031-03-06 11:00")
	shoptest.Eventually(t, time.Minute, func() error {
		if o := story(finance, placed.Order.ID); o.State != "closing" || o.Attempts[0].Asks < 2 {
			return fmt.Errorf("the shop has not asked in vain yet: %s, asked %d times", o.State, o.Attempts[0].Asks)
		}
		return nil
	})
	s.Faults(obj{"callback": []obj{{"lose": true}}}) // the sweeper asks again in a minute; the bill is faster

	var r reconciliationJSON
	shoptest.Eventually(t, 30*time.Second, func() error {
		if r = reconcile(finance, "2031-03-05"); r.State != "ok" {
			return fmt.Errorf("%s: %v", r.State, r.Differences)
		}
		return nil
	})
	shoptest.WantSame(t, "differences", r.differences(), "PAID_THERE_NOT_HERE 99900 there 0 here repaired")
	if r.Theirs != r.Ours || r.Ours.Total != 99900 {
		t.Fatalf("sums: theirs %s, ours %s", r.Theirs, r.Ours)
	}
	finance.Login("finance", "finance-demo-password", "web")
	shoptest.Eventually(t, time.Minute, func() error {
		if o := story(finance, placed.Order.ID); o.State != "fulfilled" || !strings.Contains(o.moves(), "M9 reconciliation") {
			return fmt.Errorf("%s after %s", o.State, o.moves())
		}
		return nil
	})
	if log := s.Log.String(); !strings.Contains(log, `"kind":"PAID_THERE_NOT_HERE"`) || !strings.Contains(log, `"alarm":true`) {
		t.Error("no alarm was raised")
	}
}

// storyJSON is an order as finance sees it.
type storyJSON struct {
	State    string `json:"state"`
	Attempts []struct {
		OutTradeNo string `json:"out_trade_no"`
		State      string `json:"state"`
		Asks       int    `json:"asks"`
	} `json:"attempts"`
	History []struct {
		Move string `json:"move"`
		By   string `json:"by"`
	} `json:"history"`
}

func story(p *shoptest.Person, order string) (o storyJSON) {
	p.T.Helper()
	p.Get("/api/admin/orders/" + order).Want(200).Into(&o)
	return o
}

// moves are the order's moves and their authors.
func (o storyJSON) moves() string {
	var all []string
	for _, h := range o.History {
		all = append(all, h.Move+" "+h.By)
	}
	return strings.Join(all, ", ")
}

func TestTheBillOfYesterdayIsComparedByItselfAtHalfPastTen(t *testing.T) {
	s := shoptest.Start(t)
	learner := s.NewLearner()
	today := s.Now().In(shoptest.Beijing)
	s.Buy(learner, 99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})

	finance := later(s, today.AddDate(0, 0, 1).Format(time.DateOnly)+" 10:29")
	finance.Get("/api/admin/reconciliations/"+today.Format(time.DateOnly)).WantCode(404, "RECONCILIATION_NOT_FOUND")
	finance = later(s, today.AddDate(0, 0, 1).Format(time.DateOnly)+" 10:31")
	var r reconciliationJSON
	shoptest.Eventually(t, time.Minute, func() error {
		a := finance.Get("/api/admin/reconciliations/" + today.Format(time.DateOnly))
		if a.Status == 200 {
			a.Into(&r)
		}
		if r.State != "ok" {
			return fmt.Errorf("%d %s", a.Status, a.Body)
		}
		return nil
	})
	if r.By != "shop" || r.Theirs != r.Ours || r.Ours.Total != 99900 || len(r.Differences) != 0 {
		t.Fatalf("%+v", r)
	}
	var list struct {
		Items []reconciliationJSON `json:"items"`
	}
	finance.Get("/api/admin/reconciliations?limit=1").Want(200).Into(&list)
	if len(list.Items) != 1 || list.Items[0].Day != r.Day {
		t.Fatalf("list: %+v", list)
	}
}

func TestABillThatIsNotReadyIsAskedForAgain(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	s.Buy(learner, 99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	finance := later(s, "2031-03-06 08:00")
	if r := reconcile(finance, "2031-03-05"); r.State != "waiting" {
		t.Fatalf("at eight: %s", r.State)
	}
	finance = later(s, "2031-03-06 11:00")
	shoptest.Eventually(t, time.Minute, func() error {
		var r reconciliationJSON
		finance.Get("/api/admin/reconciliations/2031-03-05").Want(200).Into(&r)
		if r.State != "ok" || r.By != "shop" {
			return fmt.Errorf("%s by %s", r.State, r.By)
		}
		return nil
	})
}

func TestADayWithoutMoneyHasNoBill(t *testing.T) {
	s, _ := onDay(shoptest.Start(t), "2031-03-05 14:00")
	finance := later(s, "2031-03-07 14:00")
	if r := reconcile(finance, "2031-03-05"); r.State != "no_bill" || len(r.Differences) != 0 {
		t.Fatalf("%+v", r)
	}
	for _, day := range []string{"2031-03-07", "2031-03-08", "2030-12-06", "2031-02-30", "", "yesterday"} {
		finance.Post("/api/admin/reconciliations", obj{"day": day}).WantCode(400, "INVALID_FIELD")
	}
}

// The planted differences: each in a shop with a day that was whole before, and is whole again
// afterwards.
func TestADifferenceOfOneFenOpensACase(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	o := s.Buy(learner, 99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	finance := later(s, "2031-03-06 11:00")
	if r := reconcile(finance, "2031-03-05"); r.State != "ok" || r.Theirs.Count != 1 {
		t.Fatalf("before: %+v", r)
	}
	db := s.Database()

	s.AtRest(o.ID)
	shoptest.Spoil(t, db, "orders", o.ID, bson.M{"attempts.0.amount_fen": int64(99901)})
	r := reconcile(finance, "2031-03-05")
	shoptest.WantSame(t, "one fen more here", r.differences(), "AMOUNT_DIFFERS 99900 there 99901 here open")
	if r.State != "differences" || r.Differences[0].OrderID != o.ID {
		t.Fatalf("%+v", r)
	}
	shoptest.Spoil(t, db, "orders", o.ID, bson.M{"attempts.0.amount_fen": int64(99900)})
	r = reconcile(finance, "2031-03-05")
	shoptest.WantSame(t, "put right by hand", r.differences(), "AMOUNT_DIFFERS 99900 there 99901 here repaired")
	if r.State != "ok" {
		t.Fatalf("state %s", r.State)
	}
}

func TestMoneyThatOnlyWeKnowOfOpensACase(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	o := s.Buy(learner, 99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	finance := later(s, "2031-03-07 11:00")
	s.AtRest(o.ID)
	shoptest.Spoil(t, s.Database(), "orders", o.ID, bson.M{"attempts.0.paid_at": shoptest.BeijingTime(t, "2031-03-06 09:00")})

	shoptest.WantSame(t, "the day of the bill", reconcile(finance, "2031-03-05").differences(), "OTHER_DAY 99900 there 99900 here open")
	r := reconcile(finance, "2031-03-06") // there is no bill, and yet we think we were paid
	shoptest.WantSame(t, "the day of the books", r.differences(), "PAID_HERE_NOT_THERE 0 there 99900 here open")
	if r.State != "differences" {
		t.Fatalf("state %s", r.State)
	}
}

func TestARefundThatMovedOnIsRepairedFromTheBill(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	o := s.Buy(learner, 99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	s.Faults(obj{"callback": []obj{{"event": "refund", "lose": true}}})
	learner.Post("/api/orders/"+o.ID+"/refund", obj{"reason": "学不会"}).Want(200)
	shoptest.Spoil(t, s.Database(), "orders", o.ID, bson.M{"refunds.0.state": "submitted", "refunds.0.accepted_at": nil, "refunds.0.asked_at": shoptest.BeijingTime(t, "2031-03-06 11:00")})

	finance := later(s, "2031-03-06 11:00")
	r := reconcile(finance, "2031-03-05")
	shoptest.WantSame(t, "differences", r.differences(), "REFUND_THERE_NOT_HERE 99900 there 0 here repaired")
	if r.State != "ok" || r.Theirs.Refund != 99900 || r.Ours != r.Theirs {
		t.Fatalf("%+v", r)
	}
	shoptest.Eventually(t, time.Minute, func() error {
		if o := story(finance, o.ID); o.State != "refunded" {
			return fmt.Errorf("%s after %s", o.State, o.moves())
		}
		return nil
	})
}

func TestOnlyFinanceReconciles(t *testing.T) {
	s := shoptest.Start(t)
	for _, p := range []*shoptest.Person{s.NewLearner(), s.Staff("editor"), s.Staff("marketer")} {
		p.Get("/api/admin/reconciliations").WantCode(403, "FORBIDDEN")
		p.Post("/api/admin/reconciliations", obj{"day": "2025-03-05"}).WantCode(403, "FORBIDDEN")
		p.Get("/api/admin/finance?from=2025-03-05&to=2025-03-05").WantCode(403, "FORBIDDEN")
	}
}

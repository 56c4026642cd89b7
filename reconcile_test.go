package main

import (
	"cmp"
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
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
func (p *person) reconcile(day string) (r reconciliationJSON) {
	p.t.Helper()
	eventually(p.t, 20*time.Second, func() error {
		a := p.post("/api/admin/reconciliations", obj{"day": day})
		if a.status == 409 {
			return fmt.Errorf("%s", a.code())
		}
		a.want(200).into(&r)
		return nil
	})
	return r
}

// database is the embedded database of a shop in this process, to look into and to spoil.
func (s *testShop) database() *mongo.Database {
	return openDatabase(s.t, cmp.Or(s.mongo, embeddedURI(s.dataDir)))
}

// spoil changes one document behind the shop's back.
func spoil(t testing.TB, db *mongo.Database, collection, id string, set bson.M) {
	t.Helper()
	res, err := db.Collection(collection).UpdateOne(context.Background(), bson.M{"_id": id}, bson.M{"$set": set})
	if err != nil || res.MatchedCount != 1 {
		t.Fatalf("spoil %s %s: %v, %+v", collection, id, err, res)
	}
}

// atRest waits until the shop has nothing more to write about an order: what it read before
// would go over what is spoilt.
func (s *testShop) atRest(order string) {
	s.t.Helper()
	db := s.database()
	eventually(s.t, 20*time.Second, func() error {
		due, err := rows(db, "due", bson.M{"_id": order})
		if err == nil && len(due) > 0 {
			err = fmt.Errorf("order %s is due still: %v", order, due)
		}
		return err
	})
}

// onDay is a shop at some time of a day in the future, and a learner there.
func (s *testShop) onDay(when string) (*testShop, *person) {
	s.setClock(beijingTime(s.t, when).Format(time.RFC3339))
	return s, s.newLearner()
}

func (s *testShop) later(when string) *person {
	s.t.Helper()
	s.setClock(beijingTime(s.t, when).Format(time.RFC3339))
	return s.staff("finance")
}

// C45: the bill shows a paid trade that we lack.
func TestC45APaidTradeThatWeLackIsRepairedFromTheBill(t *testing.T) {
	s, learner := startShop(t).onDay("2031-03-05 14:00")
	var placed placedJSON
	learner.place(99900, wish{"go1", "go1full"}).want(201).into(&placed)
	s.faults(obj{"callback": []obj{{"lose": true}}, "api": []obj{{"api": "query", "status": 500}}})
	s.scan(placed.Payment)

	finance := s.later("2031-03-06 11:00")
	eventually(t, 20*time.Second, func() error {
		if o := finance.story(placed.Order.ID); o.State != "closing" || o.Attempts[0].Asks < 2 {
			return fmt.Errorf("the shop has not asked in vain yet: %s, asked %d times", o.State, o.Attempts[0].Asks)
		}
		return nil
	})
	s.faults(obj{"callback": []obj{{"lose": true}}}) // the sweeper asks again in a minute; the bill is faster

	var r reconciliationJSON
	eventually(t, 30*time.Second, func() error {
		if r = finance.reconcile("2031-03-05"); r.State != "ok" {
			return fmt.Errorf("%s: %v", r.State, r.Differences)
		}
		return nil
	})
	wantSame(t, "differences", r.differences(), "PAID_THERE_NOT_HERE 99900 there 0 here repaired")
	if r.Theirs != r.Ours || r.Ours.Total != 99900 {
		t.Fatalf("sums: theirs %s, ours %s", r.Theirs, r.Ours)
	}
	finance.login("finance", "finance-demo-password", "web")
	eventually(t, 20*time.Second, func() error {
		if o := finance.story(placed.Order.ID); o.State != "fulfilled" || !strings.Contains(o.moves(), "M9 reconciliation") {
			return fmt.Errorf("%s after %s", o.State, o.moves())
		}
		return nil
	})
	if log := s.log.String(); !strings.Contains(log, `"kind":"PAID_THERE_NOT_HERE"`) || !strings.Contains(log, `"alarm":true`) {
		t.Error("nobody was called")
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

func (p *person) story(order string) (o storyJSON) {
	p.t.Helper()
	p.get("/api/admin/orders/" + order).want(200).into(&o)
	return o
}

// moves are the order's moves and who brought them.
func (o storyJSON) moves() string {
	var all []string
	for _, h := range o.History {
		all = append(all, h.Move+" "+h.By)
	}
	return strings.Join(all, ", ")
}

func TestTheBillOfYesterdayIsComparedByItselfAtHalfPastTen(t *testing.T) {
	s := startShop(t)
	learner := s.newLearner()
	today := s.now().In(beijing)
	s.buy(learner, 99900, wish{"go1", "go1full"})

	finance := s.later(today.AddDate(0, 0, 1).Format(time.DateOnly) + " 10:29")
	finance.get("/api/admin/reconciliations/"+today.Format(time.DateOnly)).wantCode(404, "RECONCILIATION_NOT_FOUND")
	finance = s.later(today.AddDate(0, 0, 1).Format(time.DateOnly) + " 10:31")
	var r reconciliationJSON
	eventually(t, 20*time.Second, func() error {
		a := finance.get("/api/admin/reconciliations/" + today.Format(time.DateOnly))
		if a.status == 200 {
			a.into(&r)
		}
		if r.State != "ok" {
			return fmt.Errorf("%d %s", a.status, a.body)
		}
		return nil
	})
	if r.By != "shop" || r.Theirs != r.Ours || r.Ours.Total != 99900 || len(r.Differences) != 0 {
		t.Fatalf("%+v", r)
	}
	var list struct {
		Items []reconciliationJSON `json:"items"`
	}
	finance.get("/api/admin/reconciliations?limit=1").want(200).into(&list)
	if len(list.Items) != 1 || list.Items[0].Day != r.Day {
		t.Fatalf("list: %+v", list)
	}
}

func TestABillThatIsNotReadyIsAskedForAgain(t *testing.T) {
	s, learner := startShop(t).onDay("2031-03-05 14:00")
	s.buy(learner, 99900, wish{"go1", "go1full"})
	finance := s.later("2031-03-06 08:00")
	if r := finance.reconcile("2031-03-05"); r.State != "waiting" {
		t.Fatalf("at eight: %s", r.State)
	}
	finance = s.later("2031-03-06 11:00")
	eventually(t, 20*time.Second, func() error {
		var r reconciliationJSON
		finance.get("/api/admin/reconciliations/2031-03-05").want(200).into(&r)
		if r.State != "ok" || r.By != "shop" {
			return fmt.Errorf("%s by %s", r.State, r.By)
		}
		return nil
	})
}

func TestADayWithoutMoneyHasNoBill(t *testing.T) {
	s, _ := startShop(t).onDay("2031-03-05 14:00")
	finance := s.later("2031-03-07 14:00")
	if r := finance.reconcile("2031-03-05"); r.State != "no_bill" || len(r.Differences) != 0 {
		t.Fatalf("%+v", r)
	}
	for _, day := range []string{"2031-03-07", "2031-03-08", "2030-12-06", "2031-02-30", "", "yesterday"} {
		finance.post("/api/admin/reconciliations", obj{"day": day}).wantCode(400, "INVALID_FIELD")
	}
}

// The planted differences: each in a shop whose day was whole, and whole again afterwards.
func TestADifferenceOfOneFenOpensACase(t *testing.T) {
	s, learner := startShop(t).onDay("2031-03-05 14:00")
	o := s.buy(learner, 99900, wish{"go1", "go1full"})
	finance := s.later("2031-03-06 11:00")
	if r := finance.reconcile("2031-03-05"); r.State != "ok" || r.Theirs.Count != 1 {
		t.Fatalf("before: %+v", r)
	}
	db := s.database()

	s.atRest(o.ID)
	spoil(t, db, "orders", o.ID, bson.M{"attempts.0.amount_fen": int64(99901)})
	r := finance.reconcile("2031-03-05")
	wantSame(t, "one fen more here", r.differences(), "AMOUNT_DIFFERS 99900 there 99901 here open")
	if r.State != "differences" || r.Differences[0].OrderID != o.ID {
		t.Fatalf("%+v", r)
	}
	spoil(t, db, "orders", o.ID, bson.M{"attempts.0.amount_fen": int64(99900)})
	r = finance.reconcile("2031-03-05")
	wantSame(t, "put right by hand", r.differences(), "AMOUNT_DIFFERS 99900 there 99901 here repaired")
	if r.State != "ok" {
		t.Fatalf("state %s", r.State)
	}
}

func TestMoneyThatOnlyWeKnowOfOpensACase(t *testing.T) {
	s, learner := startShop(t).onDay("2031-03-05 14:00")
	o := s.buy(learner, 99900, wish{"go1", "go1full"})
	finance := s.later("2031-03-07 11:00")
	s.atRest(o.ID)
	spoil(t, s.database(), "orders", o.ID, bson.M{"attempts.0.paid_at": beijingTime(t, "2031-03-06 09:00")})

	wantSame(t, "the day of the bill", finance.reconcile("2031-03-05").differences(), "OTHER_DAY 99900 there 99900 here open")
	r := finance.reconcile("2031-03-06") // there is no bill, and yet we think we were paid
	wantSame(t, "the day of the books", r.differences(), "PAID_HERE_NOT_THERE 0 there 99900 here open")
	if r.State != "differences" {
		t.Fatalf("state %s", r.State)
	}
}

func TestARefundThatMovedOnIsRepairedFromTheBill(t *testing.T) {
	s, learner := startShop(t).onDay("2031-03-05 14:00")
	o := s.buy(learner, 99900, wish{"go1", "go1full"})
	s.faults(obj{"callback": []obj{{"event": "refund", "lose": true}}})
	learner.post("/api/orders/"+o.ID+"/refund", obj{"reason": "学不会"}).want(200)
	spoil(t, s.database(), "orders", o.ID, bson.M{"refunds.0.state": "submitted", "refunds.0.accepted_at": nil, "refunds.0.asked_at": beijingTime(t, "2031-03-06 11:00")})

	finance := s.later("2031-03-06 11:00")
	r := finance.reconcile("2031-03-05")
	wantSame(t, "differences", r.differences(), "REFUND_THERE_NOT_HERE 99900 there 0 here repaired")
	if r.State != "ok" || r.Theirs.Refund != 99900 || r.Ours != r.Theirs {
		t.Fatalf("%+v", r)
	}
	eventually(t, 20*time.Second, func() error {
		if o := finance.story(o.ID); o.State != "refunded" {
			return fmt.Errorf("%s after %s", o.State, o.moves())
		}
		return nil
	})
}

func TestOnlyFinanceReconciles(t *testing.T) {
	s := startShop(t)
	for _, p := range []*person{s.newLearner(), s.staff("editor"), s.staff("marketer")} {
		p.get("/api/admin/reconciliations").wantCode(403, "FORBIDDEN")
		p.post("/api/admin/reconciliations", obj{"day": "2025-03-05"}).wantCode(403, "FORBIDDEN")
		p.get("/api/admin/finance?from=2025-03-05&to=2025-03-05").wantCode(403, "FORBIDDEN")
	}
}

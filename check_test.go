package main

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"mstm/app"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// invariants are what the checker finds broken, `I2 order:ID why`.
func (p *person) invariants() (found []string) {
	p.t.Helper()
	var out struct {
		Whole      bool `json:"whole"`
		Violations []struct {
			Invariant string `json:"invariant"`
			Object    string `json:"object"`
			Detail    string `json:"detail"`
		} `json:"violations"`
	}
	p.get("/api/admin/invariants").want(200).into(&out)
	for _, v := range out.Violations {
		found = append(found, v.Invariant+" "+v.Object+" "+v.Detail)
	}
	if out.Whole != (len(found) == 0) {
		p.t.Fatalf("whole is %t with %q", out.Whole, found)
	}
	return found
}

// A normalDay has every usual kind of order.
type normalDay struct {
	*testShop
	learner                                *person
	free, paid, two, cancelled, open, back orderJSON
}

func liveNormalDay(s *testShop) *normalDay {
	d := &normalDay{testShop: s, learner: s.newLearner()}
	c, other, third := s.sell(usual()), s.sell(usual()), s.sell(usual())
	d.free = s.buy(d.learner, 0, c.s1)
	d.paid = s.buy(d.learner, 20000, c.s2)
	d.two = s.buy(d.learner, 199800, other.full, third.full)
	d.cancelled = d.learner.placed(99900, wish{"go1", "go1full"}).Order
	d.learner.post("/api/orders/"+d.cancelled.ID+"/cancel", nil).want(200)
	d.pass(6 * time.Minute) // WeChat lets nobody close an order before
	d.cancelled = d.learner.await(d.cancelled.ID, "closed")
	d.open = d.learner.placed(99900, wish{"go1", "go1full"}).Order

	friend := s.newLearner()
	d.back = s.buy(friend, 99900, other.full)
	friend.post("/api/orders/"+d.back.ID+"/refund", obj{"reason": "学不会"}).want(200)
	d.back = friend.await(d.back.ID, "refunded")
	for _, o := range []orderJSON{d.free, d.paid, d.two, d.cancelled, d.back} {
		s.atRest(o.ID)
	}
	return d
}

// breach is something that must never be, put there on purpose and taken away again.
type breach struct {
	name string
	want string // prefix of a violation
	do   func() (undo func())
}

func TestTheCheckerFindsWhatIsBroken(t *testing.T) {
	d := liveNormalDay(startShop(t))
	finance, db := d.staff("finance"), d.database()
	wantSame(t, "after a normal day", finance.invariants())
	for _, b := range d.breaches(t, db) {
		t.Run(b.name, func(t *testing.T) {
			undo := b.do()
			if found := finance.invariants(); !strings.Contains("\n"+strings.Join(found, "\n"), "\n"+b.want) {
				t.Errorf("found %q, not %q", found, b.want)
			}
			undo()
		})
	}
	wantSame(t, "after all of them were undone", finance.invariants())
}

func (d *normalDay) breaches(t *testing.T, db *mongo.Database) []breach {
	user := d.userOf(db, d.free.ID)
	set := func(collection, id string, fields bson.M) func() func() {
		return func() func() { return replace(t, db, collection, id, fields) }
	}
	put := func(collection string, row bson.M) func() func() {
		return func() func() { return insert(t, db, collection, row) }
	}
	order := func(o orderJSON) string { return "order:" + o.ID }
	enrolment := user + ":" + d.paid.Lines[0].CourseID
	return []breach{
		{"paid, and the course is not open", "I1 " + order(d.paid), set("enrolments", enrolment, bson.M{"grants": bson.A{}})},
		{"paid yesterday, and nobody grants it", "I1 " + order(d.paid), set("orders", d.paid.ID, bson.M{"state": "paid"})},
		{"open without an order", "I2 enrolment:" + enrolment, set("enrolments", enrolment, bson.M{"grants.1.order_id": "nobody"})},
		{"open after its money went back", "I2 enrolment:", set("enrolments", d.userOf(db, d.back.ID)+":"+d.back.Lines[0].CourseID, bson.M{"grants.0.state": "live"})},
		{"the same stage twice", "I3 enrolment:" + enrolment, set("enrolments", enrolment, bson.M{"grants.1.stage": 1})},
		{"two keys for one order", "I4 " + order(d.paid), put("order_keys", bson.M{"_id": user + ":twin", "order_id": d.paid.ID, "status": 201})},
		{"a key that was answered with nothing", "I4 key:" + user + ":lost", put("order_keys", bson.M{"_id": user + ":lost", "order_id": "nothing", "status": 201})},
		{"more went back than came", "I5 " + order(d.back), set("orders", d.back.ID, bson.M{"refunds.0.amount_fen": int64(99901)})},
		{"a fen too many on a line", "I6 " + order(d.two), set("orders", d.two.ID, bson.M{"lines.0.price_fen": int64(99901)})},
		{"a fen too many charged", "I6 " + order(d.two), set("orders", d.two.ID, bson.M{"attempts.0.amount_fen": int64(199801)})},
		{"told, and there is no notice", "I7 " + order(d.paid), func() func() { return remove(t, db, "notices", user+":order_fulfilled:"+d.paid.ID) }},
		{"told twice", "I7 notice:" + user + "x", put("notices", bson.M{"_id": user + "x", "user_id": user, "kind": "order_fulfilled", "created_at": time.Now()})},
		{"a free month and no trial", "I7 " + order(d.free), func() func() { return remove(t, db, "trials", d.free.Lines[0].CourseID+":"+user) }},
		{"a move without its audit", "I8 " + order(d.paid), func() func() { return remove(t, db, "audit", "order:"+d.paid.ID+":1") }},
		{"an audit without its move", "I8 " + order(d.paid), put("audit", bson.M{"_id": "order:" + d.paid.ID + ":9", "object": order(d.paid)})},
		{"a state that no move led to", "I8 " + order(d.cancelled), set("orders", d.cancelled.ID, bson.M{"state": "closing"})},
		{"a course held by a closed order", "I8 claim:" + user + ":x", put("claims", bson.M{"_id": user + ":x", "order_id": d.cancelled.ID})},
		{"a course held by nothing", "I8 claim:" + user + ":x", put("claims", bson.M{"_id": user + ":x", "order_id": "nothing"})},
		{"an open order that does not hold its course", "I8 " + order(d.open), func() func() { return remove(t, db, "claims", user+":go1") }},
		{"a duty that nobody does", "I8 " + order(d.paid), set("orders", d.paid.ID, bson.M{"duties.count.done": false})},
	}
}

func (d *normalDay) userOf(db *mongo.Database, order string) string {
	d.t.Helper()
	all, err := rows(db, "orders", bson.M{"_id": order})
	if err != nil || len(all) != 1 {
		d.t.Fatalf("order %s: %v, %v", order, all, err)
	}
	return all[0]["user_id"].(string)
}

// replace changes a document behind the shop's back until undo.
func replace(t testing.TB, db *mongo.Database, collection, id string, fields bson.M) (undo func()) {
	t.Helper()
	before, err := rows(db, collection, bson.M{"_id": id})
	if err != nil || len(before) != 1 {
		t.Fatalf("%s %s: %v, %v", collection, id, before, err)
	}
	spoil(t, db, collection, id, fields)
	return func() {
		if _, err := db.Collection(collection).ReplaceOne(context.Background(), bson.M{"_id": id}, before[0]); err != nil {
			t.Fatal(err)
		}
	}
}

// insert puts a row into a collection; undo takes it out again.
func insert(t testing.TB, db *mongo.Database, collection string, row bson.M) (undo func()) {
	t.Helper()
	if _, err := db.Collection(collection).InsertOne(context.Background(), row); err != nil {
		t.Fatal(err)
	}
	return func() { remove(t, db, collection, row["_id"].(string)) }
}

// remove takes a row out of a collection; undo puts it back.
func remove(t testing.TB, db *mongo.Database, collection, id string) (undo func()) {
	t.Helper()
	before, err := rows(db, collection, bson.M{"_id": id})
	if err != nil || len(before) != 1 {
		t.Fatalf("%s %s: %v, %v", collection, id, before, err)
	}
	if _, err := db.Collection(collection).DeleteOne(context.Background(), bson.M{"_id": id}); err != nil {
		t.Fatal(err)
	}
	return func() { insert(t, db, collection, before[0]) }
}

func TestTheCheckCommandExitsWithWhatIsBroken(t *testing.T) {
	s := startShop(t)
	learner := s.newLearner()
	o := s.buy(learner, 99900, wish{"go1", "go1full"})

	if out, code := runCheck(t, s); code != 1 || !strings.Contains(out, "in use by another process") {
		t.Errorf("beside a running shop: %d %s", code, out)
	}
	s.stop()
	if out, code := runCheck(t, s); code != 0 || !strings.HasPrefix(out, "whole\n") {
		t.Errorf("whole: %d %s", code, out)
	}
	again := startShop(t, withDataDir(s.dataDir))
	again.atRest(o.ID)
	spoil(t, again.database(), "orders", o.ID, bson.M{"total_fen": int64(1)})
	again.stop()
	out, code := runCheck(t, s)
	if code != 1 || !strings.Contains(out, "I6 order:"+o.ID+" ") {
		t.Errorf("broken: %d %s", code, out)
	}
}

// runCheck runs `mstm check` as a process of its own.
func runCheck(t *testing.T, s *testShop) (out string, code int) {
	t.Helper()
	cmd := mstm(t, "check")
	cmd.Dir, cmd.Env = t.TempDir(), append(cmd.Env, "DATA_DIR="+s.dataDir, "MONGODB_URI="+s.mongo)
	text, _ := cmd.CombinedOutput() // the code says it
	return string(text), cmd.ProcessState.ExitCode()
}

func TestACommandThatIsNotThereIsRefused(t *testing.T) {
	var out bytes.Buffer
	err := program(app.Settings{}, &out).Run(context.Background(), []string{"chekc"})
	if err == nil || !strings.Contains(err.Error(), `"chekc"`) {
		t.Fatalf("%v", err)
	}
}

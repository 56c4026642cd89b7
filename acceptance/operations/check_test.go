package operations

import (
	"bytes"
	"context"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/app"
)

// A normalDay has every usual kind of order.
type normalDay struct {
	*shoptest.Shop
	learner                                *shoptest.Person
	free, paid, two, cancelled, open, back shoptest.Order
}

func liveNormalDay(s *shoptest.Shop) *normalDay {
	d := &normalDay{Shop: s, learner: s.NewLearner()}
	c, other, third := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual())
	d.free = s.Buy(d.learner, 0, c.S1)
	d.paid = s.Buy(d.learner, 20000, c.S2)
	d.two = s.Buy(d.learner, 199800, other.Full, third.Full)
	d.cancelled = d.learner.Placed(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Order
	d.learner.Post("/api/orders/"+d.cancelled.ID+"/cancel", nil).Want(200)
	d.Pass(6 * time.Minute) // WeChat closes no order before
	d.cancelled = d.learner.Await(d.cancelled.ID, "closed")
	d.open = d.learner.Placed(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Order

	friend := s.NewLearner()
	d.back = s.Buy(friend, 99900, other.Full)
	friend.Post("/api/orders/"+d.back.ID+"/refund", obj{"reason": "学不会"}).Want(200)
	d.back = friend.Await(d.back.ID, "refunded")
	for _, o := range []shoptest.Order{d.free, d.paid, d.two, d.cancelled, d.back} {
		s.AtRest(o.ID)
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
	d := liveNormalDay(shoptest.Start(t))
	finance, db := d.Staff("finance"), d.Database()
	shoptest.WantSame(t, "after a normal day", finance.Invariants())
	for _, b := range d.breaches(t, db) {
		t.Run(b.name, func(t *testing.T) {
			undo := b.do()
			if found := finance.Invariants(); !strings.Contains("\n"+strings.Join(found, "\n"), "\n"+b.want) {
				t.Errorf("found %q, not %q", found, b.want)
			}
			undo()
		})
	}
	shoptest.WantSame(t, "after all of them were undone", finance.Invariants())
}

func (d *normalDay) breaches(t *testing.T, db *mongo.Database) []breach {
	user := d.userOf(db, d.free.ID)
	set := func(collection, id string, fields bson.M) func() func() {
		return func() func() { return replace(t, db, collection, id, fields) }
	}
	put := func(collection string, row bson.M) func() func() {
		return func() func() { return shoptest.Insert(t, db, collection, row) }
	}
	order := func(o shoptest.Order) string { return "order:" + o.ID }
	enrolment := user + ":" + d.paid.Lines[0].CourseID
	return []breach{
		{"paid, and the course is not open", "I1 " + order(d.paid), set("enrolments", enrolment, bson.M{"grants": bson.A{}})},
		{"paid yesterday, and not granted", "I1 " + order(d.paid), set("orders", d.paid.ID, bson.M{"state": "paid"})},
		{"open without an order", "I2 enrolment:" + enrolment, set("enrolments", enrolment, bson.M{"grants.1.order_id": "nobody"})},
		{"open after its money went back", "I2 enrolment:", set("enrolments", d.userOf(db, d.back.ID)+":"+d.back.Lines[0].CourseID, bson.M{"grants.0.state": "live"})},
		{"the same stage twice", "I3 enrolment:" + enrolment, set("enrolments", enrolment, bson.M{"grants.1.stage": 1})},
		{"two keys for one order", "I4 " + order(d.paid), put("order_keys", bson.M{"_id": user + ":twin", "order_id": d.paid.ID, "status": 201})},
		{"a key that was answered with nothing", "I4 key:" + user + ":lost", put("order_keys", bson.M{"_id": user + ":lost", "order_id": "nothing", "status": 201})},
		{"more went back than came", "I5 " + order(d.back), set("orders", d.back.ID, bson.M{"refunds.0.amount_fen": int64(99901)})},
		{"a fen too many on a line", "I6 " + order(d.two), set("orders", d.two.ID, bson.M{"lines.0.price_fen": int64(99901)})},
		{"a fen too many charged", "I6 " + order(d.two), set("orders", d.two.ID, bson.M{"attempts.0.amount_fen": int64(199801)})},
		{"notified, and there is no notice", "I7 " + order(d.paid), func() func() { return shoptest.Remove(t, db, "notices", user+":order_fulfilled:"+d.paid.ID) }},
		{"notified twice", "I7 notice:" + user + "x", put("notices", bson.M{"_id": user + "x", "user_id": user, "kind": "order_fulfilled", "created_at": time.Now()})},
		{"a free month and no trial", "I7 " + order(d.free), func() func() { return shoptest.Remove(t, db, "trials", d.free.Lines[0].CourseID+":"+user) }},
		{"a move without its audit", "I8 " + order(d.paid), func() func() { return shoptest.Remove(t, db, "audit", "order:"+d.paid.ID+":1") }},
		{"an audit without its move", "I8 " + order(d.paid), put("audit", bson.M{"_id": "order:" + d.paid.ID + ":9", "object": order(d.paid)})},
		{"a state that no move led to", "I8 " + order(d.cancelled), set("orders", d.cancelled.ID, bson.M{"state": "closing"})},
		{"a course held by a closed order", "I8 claim:" + user + ":x", put("claims", bson.M{"_id": user + ":x", "order_id": d.cancelled.ID})},
		{"a course held by nothing", "I8 claim:" + user + ":x", put("claims", bson.M{"_id": user + ":x", "order_id": "nothing"})},
		{"an open order that does not hold its course", "I8 " + order(d.open), func() func() { return shoptest.Remove(t, db, "claims", user+":go1") }},
		{"a duty left undone", "I8 " + order(d.paid), set("orders", d.paid.ID, bson.M{"duties.count.done": false})},
	}
}

func (d *normalDay) userOf(db *mongo.Database, order string) string {
	d.T.Helper()
	all, err := shoptest.Rows(db, "orders", bson.M{"_id": order})
	if err != nil || len(all) != 1 {
		d.T.Fatalf("order %s: %v, %v", order, all, err)
	}
	return all[0]["user_id"].(string)
}

// replace changes a document behind the shop's back until undo.
func replace(t testing.TB, db *mongo.Database, collection, id string, fields bson.M) (undo func()) {
	t.Helper()
	before, err := shoptest.Rows(db, collection, bson.M{"_id": id})
	if err != nil || len(before) != 1 {
		t.Fatalf("%s %s: %v, %v", collection, id, before, err)
	}
	shoptest.Spoil(t, db, collection, id, fields)
	return func() {
		if _, err := db.Collection(collection).ReplaceOne(context.Background(), bson.M{"_id": id}, before[0]); err != nil {
			t.Fatal(err)
		}
	}
}

func TestTheCheckCommandExitsWithWhatIsBroken(t *testing.T) {
	s := shoptest.Start(t)
	learner := s.NewLearner()
	o := s.Buy(learner, 99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})

	if out, code := runCheck(t, s); code != 1 || !strings.Contains(out, "in use by another process") {
		t.Errorf("beside a running shop: %d %s", code, out)
	}
	s.Stop()
	if out, code := runCheck(t, s); code != 0 || !strings.HasPrefix(out, "whole\n") {
		t.Errorf("whole: %d %s", code, out)
	}
	again := shoptest.Start(t, shoptest.WithDataDir(s.DataDir))
	again.AtRest(o.ID)
	shoptest.Spoil(t, again.Database(), "orders", o.ID, bson.M{"total_fen": int64(1)})
	again.Stop()
	out, code := runCheck(t, s)
	if code != 1 || !strings.Contains(out, "I6 order:"+o.ID+" ") {
		t.Errorf("broken: %d %s", code, out)
	}
}

// runCheck runs `mstm check` as a process of its own.
func runCheck(t *testing.T, s *shoptest.Shop) (out string, code int) {
	t.Helper()
	cmd := shoptest.Command(t, "check")
	cmd.Dir, cmd.Env = t.TempDir(), append(cmd.Env, "DATA_DIR="+s.DataDir, "MONGODB_URI="+s.Mongo)
	text, _ := cmd.CombinedOutput() // the code says it
	return string(text), cmd.ProcessState.ExitCode()
}

func TestACommandThatIsNotThereIsRefused(t *testing.T) {
	var out bytes.Buffer
	err := shoptest.Program(app.Settings{}, &out).Run(context.Background(), []string{"chekc"})
	if err == nil || !strings.Contains(err.Error(), `"chekc"`) {
		t.Fatalf("%v", err)
	}
}

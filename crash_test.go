package main

import (
	"crypto/rand"
	"fmt"
	"os"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// crashSite is what the crash tests share: a WeChat that outlives every crash, a data folder
// with the sample catalogue and one learner to begin from, and what there is to buy.
type crashSite struct {
	wechat  *testShop
	folder  string
	token   string
	courses []wish
	prices  map[string]int64
}

func newCrashSite(t *testing.T) *crashSite {
	s := &crashSite{folder: t.TempDir(), prices: map[string]int64{}}
	first := startShop(t, withDataDir(s.folder))
	learner := first.newLearner()
	s.token = learner.token
	s.courses = learner.lifetimes(s.prices)
	first.stop()
	s.wechat = startShop(t)
	return s
}

// lifetimes lists a policy for ever of every course that has one, with their prices.
func (p *person) lifetimes(prices map[string]int64) (all []wish) {
	p.t.Helper()
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	p.get("/api/courses?limit=100").want(200).into(&list)
	for _, c := range list.Items {
		var detail struct {
			Offers []struct {
				PolicyID string `json:"policy_id"`
				Kind     string `json:"kind"`
				Price    int64  `json:"price_fen"`
			} `json:"offers"`
		}
		p.get("/api/courses/" + c.ID).want(200).into(&detail)
		for _, o := range detail.Offers {
			if o.Kind == "lifetime" && o.Price > 0 {
				all = append(all, wish{c.ID, o.PolicyID})
				prices[o.PolicyID] = o.Price
				break
			}
		}
	}
	return all
}

// crasher is a shop that is killed and started again on the same data, over a Redis that
// lives on.
type crasher struct {
	*process
	*crashSite
	t       testing.TB
	learner *person
	hits    []string // where it was killed
}

func (s *crashSite) crasher(t *testing.T) *crasher {
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.CopyFS(dir, os.DirFS(s.folder)); err != nil {
		t.Fatal(err)
	}
	c := &crasher{crashSite: s, t: t, process: newProcess(t, dir, append(sandboxEnv(t, s.wechat), "REDIS_URL="+storetest.Redis(t))...)}
	c.learner = c.as(s.token)
	c.start()
	return c
}

// next is a course that this learner has not tried to buy.
func (c *crasher) next(n int) (wish, int64) {
	c.t.Helper()
	if n > len(c.courses) {
		c.t.Fatalf("there are more writes than the %d courses to buy", len(c.courses))
	}
	w := c.courses[n-1]
	return w, c.prices[w.PolicyID]
}

// revive starts the process again after a kill, a little later by the shop's clock, so that
// what is due is due now. It reports false where the process was not killed.
func (c *crasher) revive() bool {
	c.t.Helper()
	where := c.burnt()
	if where == "" {
		return false
	}
	<-c.ended
	c.hits = append(c.hits, where)
	c.start()
	c.skip(10 * time.Second)
	return true
}

// untilKilledOr waits until the process has killed itself, or done says that all is over.
func (c *crasher) untilKilledOr(done func() error) {
	c.t.Helper()
	eventually(c.t, time.Minute, func() error {
		if c.gone() {
			return nil
		}
		return done()
	})
}

// TestKilledAtAnyWriteNothingIsLostOrDoubled kills the shop at each write of a placing,
// when the page that heard no answer sends the same again, and at each write from WeChat's
// callback to the order's rest.
func TestKilledAtAnyWriteNothingIsLostOrDoubled(t *testing.T) {
	site := newCrashSite(t)
	var paying, placing crashes
	t.Run("killed", func(t *testing.T) {
		for _, when := range []string{"before", "after"} {
			paying.run(t, site, "C33 after the payment", when, 2, (*crasher).paidAndKilled)
			placing.run(t, site, "C34 while placing", when, 3, (*crasher).placedAndKilled)
		}
	})
	paying.wantAt(t, "update due", "update orders", "insert audit", "insert enrolments", "delete claims", "insert notices", "delete due")
	placing.wantAt(t, "insert order_keys", "insert claims", "insert due", "insert orders", "insert audit", "update orders", "update order_keys")
}

// crashes counts where shops were killed.
type crashes struct {
	mu sync.Mutex
	at map[string]int
}

// run kills shops at the first, second, third … write until there are no more, some of
// them side by side.
func (k *crashes) run(t *testing.T, site *crashSite, what, when string, abreast int, killed func(c *crasher, when string, n int) bool) {
	for first := 1; first <= abreast; first++ {
		t.Run(fmt.Sprintf("%s, %s write %d, %d, %d …", what, when, first, first+abreast, first+2*abreast), func(t *testing.T) {
			t.Parallel()
			c := site.crasher(t)
			for n := first; killed(c, when, n); n += abreast {
			}
			k.note(c.hits)
		})
	}
}

func (k *crashes) note(hits []string) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.at == nil {
		k.at = map[string]int{}
	}
	for _, hit := range hits {
		k.at[hit]++
	}
}

// wantAt wants these writes to have been among those at which shops were killed.
func (k *crashes) wantAt(t *testing.T, writes ...string) {
	t.Helper()
	if k.at == nil {
		return // left out by -run
	}
	t.Logf("killed %v", k.at)
	for _, write := range writes {
		if k.at["before "+write] == 0 || k.at["after "+write] == 0 {
			t.Errorf("never killed both before and after %q", write)
		}
	}
}

// paidAndKilled buys a course, kills the shop at the n-th write after the payment, and
// checks what the restarted one makes of it. It reports whether there were so many writes.
func (c *crasher) paidAndKilled(when string, n int) bool {
	c.t.Helper()
	course, price := c.next(n)
	c.learner.put("/api/cart/"+course.CourseID, obj{"policy_id": course.PolicyID}).want(200)
	before := hubtest.Dial(c.t, c.url+"/ws", c.token)
	since := before.Ready().Topics["user"].Pos
	var placed placedJSON
	c.learner.place(price, course).want(201).into(&placed)
	id := placed.Order.ID

	c.arm(when, n)
	c.wechat.scan(placed.Payment)
	c.untilKilledOr(func() error { return c.atRest(id) })
	killed := c.revive()
	before.Close()
	c.wantFulfilledOnce(id, course, since)
	return killed
}

// atRest finds nothing wrong once nothing more will happen to an order by itself.
func (c *crasher) atRest(id string) error {
	a, err := c.learner.try("GET", "/api/orders/"+id, nil)
	if err != nil {
		return err
	}
	var o orderJSON
	if a.into(&o); o.State != "fulfilled" {
		return fmt.Errorf("order %s is %s", id, o.State)
	}
	due, err := rows(c.database(), "due", bson.M{"_id": id})
	if err == nil && len(due) > 0 {
		err = fmt.Errorf("order %s is still due: %v", id, due)
	}
	return err
}

// wantFulfilledOnce wants an order to have come to its end with everything done, and
// nothing twice.
func (c *crasher) wantFulfilledOnce(id string, course wish, since string) {
	c.t.Helper()
	eventually(c.t, time.Minute, func() error { return c.atRest(id) })
	e, ok := c.learner.enrolment(course.CourseID)
	if !ok || e.State != "active" || len(e.Grants) != 1 || e.Grants[0].OrderID != id {
		c.t.Errorf("enrolment %+v, not one grant of order %s", e, id)
	}
	var cart struct {
		Lines []wish `json:"lines"`
	}
	if c.learner.get("/api/cart").want(200).into(&cart); len(cart.Lines) != 0 {
		c.t.Errorf("the cart still holds %v", cart.Lines)
	}
	c.wantRows(id, course)
	c.wantTold(id, course, since)
}

// wantRows looks into the database: one notice, no claim, an audit row for each move.
func (c *crasher) wantRows(id string, course wish) {
	c.t.Helper()
	db := c.database()
	find := func(collection string, filter bson.M) (all []bson.M) {
		c.t.Helper()
		eventually(c.t, time.Minute, func() (err error) {
			all, err = rows(db, collection, filter)
			return err
		})
		return all
	}
	if n := find("notices", bson.M{"link": "/orders/" + id}); len(n) != 1 {
		c.t.Errorf("%d notices about order %s: %v", len(n), id, n)
	}
	for _, claim := range find("claims", nil) {
		c.t.Errorf("the claim %v is left", claim)
	}
	moves := []string{}
	for _, record := range find("orders", bson.M{"_id": id})[0]["history"].(bson.A) {
		for _, field := range record.(bson.D) {
			if field.Key == "move" {
				moves = append(moves, field.Value.(string))
			}
		}
	}
	audited := []string{}
	for _, row := range find("audit", bson.M{"object": "order:" + id}) {
		audited = append(audited, row["act"].(string))
	}
	if want := []string{"M1", "M4", "M5"}; !slices.Equal(moves, want) || !slices.Equal(audited, want) {
		c.t.Errorf("order %s has the history %v and the audit %v, not %v each", id, moves, audited, want)
	}
}

// wantTold opens a page that was closed before the order was placed, and wants to hear
// each thing that happened once, in order.
func (c *crasher) wantTold(id string, course wish, since string) {
	c.t.Helper()
	page := hubtest.Resume(c.t, c.url+"/ws", c.token, map[string]string{"user": since})
	defer page.Close()
	if !page.Ready().Topics["user"].Resumed {
		c.t.Errorf("the stream of %s could not be resumed", id)
	}
	page.Wait("notice.posted", 20*time.Second)
	page.Send(obj{"op": "ping"})
	page.Wait("pong", 20*time.Second)
	heard := []string{}
	for _, f := range page.All() {
		var data struct{ ID, State, Link string }
		switch f.Type {
		case "order.changed":
			f.Into(c.t, &data)
			heard = append(heard, data.State)
		case "enrolment.changed", "notice.posted":
			heard = append(heard, f.Type)
		}
	}
	if want := []string{"pending", "paid", "enrolment.changed", "fulfilled", "notice.posted"}; !slices.Equal(heard, want) {
		c.t.Errorf("of order %s the page heard %q, not %q", id, heard, want)
	}
}

// placedAndKilled kills the shop at the n-th write of a placing and sends the same request
// again. It reports whether there were so many writes.
func (c *crasher) placedAndKilled(when string, n int) bool {
	c.t.Helper()
	course, price := c.next(n)
	buyer := c.learner.with("Idempotency-Key", rand.Text())
	body := obj{"lines": []wish{course}, "total_fen": price, "channel": "native"}
	c.arm(when, n)
	a, err := buyer.try("POST", "/api/orders", body)
	if err == nil {
		c.kill() // the answer came before the n-th write
	}
	<-c.ended
	killed := c.revive()
	if !killed {
		c.start()
	}
	again := buyer.post("/api/orders", body).want(201)
	if err == nil && string(again.body) != string(a.body) {
		c.t.Errorf("the same key was answered %s and then %s", a.body, again.body)
	}
	c.wantOnePayable(again, course)
	return killed
}

// wantOnePayable wants one order for a course, and the course opened by paying it.
func (c *crasher) wantOnePayable(a answer, course wish) {
	c.t.Helper()
	var placed placedJSON
	a.into(&placed)
	c.wechat.scan(placed.Payment)
	c.skip(10 * time.Second)
	eventually(c.t, time.Minute, func() error { return c.atRest(placed.Order.ID) })
	all, err := rows(c.database(), "orders", bson.M{"lines.course_id": course.CourseID})
	if err != nil {
		c.t.Fatal(err)
	}
	if len(all) != 1 {
		c.t.Errorf("%d orders for course %s", len(all), course.CourseID)
	}
	if e, _ := c.learner.enrolment(course.CourseID); len(e.Grants) != 1 {
		c.t.Errorf("enrolment %+v, not one grant", e)
	}
}

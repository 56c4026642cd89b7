package modeltest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/checkout"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// A refund begins slowly: its writer has reminded of the order and not yet changed it, when
// another instance finds nothing to do, puts the row away and is killed over it. Then the
// writer dies as well, at any of its next writes.
func TestNoKillLosesTheRowOfAnOrderThatWakes(t *testing.T) {
	w := openWorld(t)
	for n := 1; n <= 6; n++ {
		t.Run(fmt.Sprintf("killed after write %d", n), func(t *testing.T) {
			h := newDueHistory(t, w)
			o := h.bought()
			slow, other := h.w.instances[0], h.w.instances[1]
			held, goOn := slow.gate.holdAt("update orders")
			var refunding sync.WaitGroup
			refunding.Go(func() {
				_ = slow.call(h.ctx, func(ctx ctx) error {
					_, err := slow.checkout.Refunds.FinanceRefund(ctx, checkout.FinanceRefund{By: "finance", OrderID: o.ID, Reason: "kindness"})
					return err
				})
			})
			<-held
			h.w.clock.forward(time.Minute)
			other.gate.armAt("delete wakeups")
			err := other.call(h.ctx, other.wakeups.LookOnce)
			if other.gate.at != "delete wakeups" {
				t.Fatalf("the row was not put away: %v, %q", err, other.gate.at)
			}
			slow.gate.arm(n, true)
			goOn()
			refunding.Wait()
			h.wantRows()
			h.ends()
		})
	}
}

// A refund begins slowly: the order owes its grants a look, another instance takes that look,
// and only then the grants are frozen by the process that began, which dies over it.
func TestAGrantIsNotFrozenAfterTheLookThatWouldThawIt(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	o := h.bought()
	slow, other := h.w.instances[0], h.w.instances[1]
	held, goOn := slow.gate.holdAt("update enrolments")
	var refunding sync.WaitGroup
	refunding.Go(func() {
		_ = slow.call(h.ctx, func(ctx ctx) error {
			_, err := slow.checkout.Refunds.FinanceRefund(ctx, checkout.FinanceRefund{By: "finance", OrderID: o.ID, Reason: "kindness"})
			return err
		})
	})
	<-held
	h.w.clock.forward(time.Minute)
	if err := other.call(h.ctx, other.wakeups.LookOnce); err != nil {
		t.Fatal(err)
	}
	slow.gate.armAt("update enrolments")
	goOn()
	refunding.Wait()
	h.wantRows()
	h.ends()
}

// An order is placed slowly: it was announced, and another instance, which finds no order,
// takes its id just after it was written after all.
func TestAnOrderThatCameAfterAllKeepsItsRow(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	slow, other := h.w.instances[0], h.w.instances[1]
	held, goOn := slow.gate.holdAt("insert orders")
	r := h.wants(full)
	var placing, sweeping sync.WaitGroup
	placing.Go(func() {
		if _, err := h.send(slow, r); err != nil {
			t.Errorf("the order: %v", err)
		}
	})
	<-held
	h.w.clock.forward(time.Minute)
	tookLong, takeIt := other.gate.holdAt("insert orders")
	sweeping.Go(func() {
		if err := other.call(h.ctx, other.wakeups.LookOnce); err != nil {
			t.Errorf("the sweep: %v", err)
		}
	})
	<-tookLong
	goOn()
	placing.Wait()
	takeIt()
	sweeping.Wait()
	if h.look(); len(h.orders) != 1 || h.orders[0].State != shop.OrderPending {
		t.Fatalf("the orders are %+v", h.orders)
	}
	h.wantRows()
	h.ends()
}

// The placing process dies between announcing the order and writing it: the sweeper gives up the
// missing order and the courses that were held for it.
func TestAnOrderThatNeverCameHoldsNothing(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	died, other := h.w.instances[0], h.w.instances[1]
	died.gate.armAt("insert wakeups")
	if _, err := h.send(died, h.wants(full)); !errors.Is(err, errKilled) {
		t.Fatalf("the order: %v", err)
	}
	h.w.clock.forward(time.Minute)
	if err := other.call(h.ctx, other.wakeups.LookOnce); err != nil {
		t.Fatal(err)
	}
	h.may(h.checkWhole)
	h.ends()
}

// One instance has seen that a stage is over, and before it says so, the other opens the
// next one and says that: the pages that are open must not be left with the older news.
func TestOlderNewsOfACourseIsNotTheLast(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	slow, other := h.w.instances[0], h.w.instances[1]
	h.may(func() {
		_, err := h.send(other, h.wants(stage1))
		h.must(err)
		h.untilRest()
	})
	h.w.clock.forward(32 * 24 * time.Hour)
	held, goOn := slow.gate.holdAt("insert notices")
	var turning sync.WaitGroup
	turning.Go(func() {
		if err := slow.call(h.ctx, slow.wakeups.LookOnce); err != nil {
			t.Errorf("the turn: %v", err)
		}
	})
	<-held
	h.may(func() {
		_, err := h.send(other, h.wants(stage2))
		h.must(err)
		h.look()
		a := h.attempts(h.payable)
		if len(a) != 1 || !h.charge(a[0]) {
			h.fail("the order cannot be paid")
		}
		h.w.turn.Store(0) // the other gets the callback
		h.deliver(a[0].OutTradeNo, 1, false)
		other.rest()
	})
	goOn()
	turning.Wait()
	last := ""
	for _, body := range h.events() {
		var e struct {
			Type string                          `json:"type"`
			Data struct{ State shop.GrantState } `json:"data"`
		}
		h.must(json.Unmarshal([]byte("{"+body+"}"), &e))
		if e.Type == "enrolment.changed" {
			last += string(e.Data.State) + " "
		}
	}
	if !strings.HasSuffix(last, string(shop.GrantActive)+" ") {
		t.Errorf("the pages heard %s", last)
	}
	h.ends()
}

// holdAt holds the next command of that name, like "find orders", back until goOn, and says when it has come.
func (g *gate) holdAt(name string) (held <-chan struct{}, goOn func()) {
	come, gone := make(chan struct{}), make(chan struct{})
	first := sync.OnceFunc(func() {
		close(come)
		<-gone
	})
	g.mu.Lock()
	defer g.mu.Unlock()
	g.before = func(command string) {
		if command == name {
			first()
		}
	}
	return come, func() { close(gone) }
}

// dueHistory is a history that a test writes, of one course with every policy.
type dueHistory struct {
	*history
	t *testing.T
}

func openWorld(t *testing.T) *world {
	t.Helper()
	w, err := newWorld(storetest.NewPace(0))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.close)
	return w
}

func newDueHistory(t *testing.T, w *world) dueHistory {
	t.Helper()
	h := &history{
		w: w, ctx: context.Background(), rng: rand.New(rand.NewPCG(1, 1)), user: store.NewID(),
		charges: map[string]*charge{}, forged: map[string]bool{}, lines: map[string]string{}, moves: map[string]int{},
	}
	if err := w.wipe(h.ctx); err != nil {
		t.Fatal(err)
	}
	w.clock.set(time.Date(2026, 3, 5, 14, 0, 0, 0, shanghai))
	list := priceList{prices: map[string]shop.Fen{stage1: 0, stage2: 20000, stage3: 30000, full: 99900}, at: w.clock.now()}
	c := &course{id: store.NewID(), onSale: true, lists: []priceList{list}}
	h.courses = []*course{c}
	_, err := w.instances[0].store.Courses.Insert(h.ctx, &shop.Course{
		ID: c.id, State: shop.CourseOnSale, Title: "Course", Chapters: []shop.Chapter{{Title: "1", Lessons: make([]shop.Lesson, 10)}},
		Versions: []shop.PolicyVersion{{Version: 1, PublishedAt: list.at, Policies: list.policies(), Ladder: list.ladder()}},
	})
	if err != nil {
		t.Fatal(err)
	}
	d := dueHistory{h, t}
	d.may(h.look)
	return d
}

// may fails the test where a history would end.
func (d dueHistory) may(do func()) {
	d.t.Helper()
	defer func() {
		if w, ok := recover().(wrong); ok {
			d.t.Fatal(d.report(w.what))
		}
	}()
	do()
}

func (d dueHistory) wants(policy string) *request {
	c := d.courses[0]
	return &request{key: store.NewID(), channel: shop.ChannelNative, seen: c.now().prices[policy], lines: []shop.LineRequest{{CourseID: c.id, PolicyID: policy}}}
}

// bought is an order that is paid, fulfilled and at rest.
func (d dueHistory) bought() (o *shop.Order) {
	d.t.Helper()
	d.may(func() {
		_, err := d.send(d.w.instances[0], d.wants(full))
		d.must(err)
		d.look()
		a := d.attempts(d.payable)
		if len(a) != 1 || !d.charge(a[0]) {
			d.fail("the order cannot be paid")
		}
		d.deliver(a[0].OutTradeNo, 1, false)
		d.awaitRest()
		d.untilRest()
		d.look()
		if o = d.orders[0]; o.State != shop.OrderFulfilled {
			d.fail("the order is %s", o.State)
		}
	})
	return o
}

// wantRows wants a row for every order that needs a look.
func (d dueHistory) wantRows() {
	d.t.Helper()
	orders, err := rows[shop.Order](d.ctx, d.w, "orders", bson.M{}, bson.D{})
	if err != nil {
		d.t.Fatal(err)
	}
	due, err := rows[shop.Wakeup](d.ctx, d.w, "wakeups", bson.M{"kind": shop.WakeOrder}, bson.D{})
	if err != nil {
		d.t.Fatal(err)
	}
	there := map[string]bool{}
	for _, row := range due {
		there[row.Key()] = true
	}
	for _, o := range orders {
		if at, more := o.NextLook(); more && !there[o.ID] {
			d.t.Errorf("order %s (%s) needs a look at %s, and no wakeup is there", o.ID, o.State, at)
		}
	}
}

// ends starts the killed again and wants everything to come to rest and to be whole.
func (d dueHistory) ends() {
	d.t.Helper()
	d.may(func() {
		d.revive()
		d.untilRest()
		d.checkWhole()
	})
}

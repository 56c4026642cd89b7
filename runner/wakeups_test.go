package runner_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// due is when all rows of these tests are due by the shop's clock.
var due = time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)

// looks are the looks of all instances of a test.
type looks struct {
	mu    sync.Mutex
	at    map[string]int // instances that are at a key
	times map[string]int
	both  []string // keys that two instances were at
}

func newLooks() *looks { return &looks{at: map[string]int{}, times: map[string]int{}} }

// begin notes a look, and end is to be called when it is over.
func (l *looks) begin(key string) (end func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.at[key]++; l.at[key] > 1 {
		l.both = append(l.both, key)
	}
	l.times[key]++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.at[key]--
	}
}

func (l *looks) of(key string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.times[key]
}

// instance is one that looks at orders.
func instance(db *store.DB, by string, places int, look func(context.Context, shop.Wakeup) (bool, error)) *runner.Wakeups {
	w := runner.NewWakeups(runner.WakeupsConfig{Queue: db.Wakeups, By: by, Now: func() time.Time { return due }, Log: slog.New(slog.DiscardHandler)})
	w.Handle(runner.Handler{Kind: shop.WakeOrder, Places: places, Look: look})
	return w
}

func schedule(t *testing.T, db *store.DB, id string) {
	t.Helper()
	if err := db.OrderWakeups.Schedule(t.Context(), id, due); err != nil {
		t.Fatal(err)
	}
}

// run runs instances until stop, which waits for their looks.
func run(t *testing.T, all ...*runner.Wakeups) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	var g sync.WaitGroup
	for _, w := range all {
		g.Go(func() { _ = runner.Run(ctx, slog.New(slog.DiscardHandler), w.Work()...) })
	}
	return func() { cancel(); g.Wait() }
}

func eventually(t *testing.T, what string, is func() bool) {
	t.Helper()
	for deadline := time.Now().Add(40 * time.Second); !is(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not in time: %s", what)
		}
	}
}

func TestWakeups_TwoInstances_ShareNoRow(t *testing.T) {
	t.Parallel()
	db, seen := storetest.Open(t), newLooks()
	const n = 60
	for i := range n {
		schedule(t, db, fmt.Sprint(i))
	}
	look := func(ctx context.Context, w shop.Wakeup) (bool, error) {
		defer seen.begin(w.Key())()
		time.Sleep(5 * time.Millisecond)
		return db.Wakeups.Remove(ctx, w)
	}
	defer run(t, instance(db, "one", 4, look), instance(db, "two", 4, look))()
	eventually(t, "no row is left", func() bool {
		left, err := db.Wakeups.Due(t.Context(), due, time.Now().Add(time.Hour), n)
		return err == nil && len(left) == 0
	})
	for i := range n {
		if times := seen.of(fmt.Sprint(i)); times != 1 {
			t.Errorf("row %d was looked at %d times", i, times)
		}
	}
	if len(seen.both) > 0 {
		t.Errorf("both were at %v", seen.both)
	}
}

func TestWakeups_LookLongerThanALease_StaysItsInstances(t *testing.T) {
	t.Parallel()
	db, seen := storetest.Open(t), newLooks()
	schedule(t, db, "long")
	look := func(ctx context.Context, w shop.Wakeup) (bool, error) {
		defer seen.begin(w.Key())()
		select {
		case <-time.After(shop.WakeupLease + 2*time.Second):
		case <-ctx.Done():
		}
		return db.Wakeups.Remove(context.WithoutCancel(ctx), w)
	}
	defer run(t, instance(db, "one", 1, look), instance(db, "two", 1, look))()
	eventually(t, "the look is over", func() bool {
		_, err := db.OrderWakeups.Get(t.Context(), "long")
		return errors.Is(err, store.ErrNotFound)
	})
	if times := seen.of("long"); times != 1 {
		t.Errorf("it was looked at %d times", times)
	}
}

func TestWakeups_InstanceThatDied_IsReplacedWhenItsLeaseEnds(t *testing.T) {
	t.Parallel()
	db, seen := storetest.Open(t), newLooks()
	schedule(t, db, "left")
	w, err := db.OrderWakeups.Get(t.Context(), "left")
	if err != nil {
		t.Fatal(err)
	}
	until := time.Now().Add(2 * time.Second)
	if won, err := db.Wakeups.Take(t.Context(), w, "dead", until); !won || err != nil {
		t.Fatal(won, err)
	}
	var began time.Time
	defer run(t, instance(db, "living", 1, func(ctx context.Context, w shop.Wakeup) (bool, error) {
		began = time.Now()
		defer seen.begin(w.Key())()
		return db.Wakeups.Remove(ctx, w)
	}))()
	eventually(t, "another instance looks", func() bool { return seen.of("left") == 1 })
	if began.Before(until) {
		t.Errorf("it was taken over %s before the end of the lease", until.Sub(began))
	}
}

func TestWakeups_PutWhileItIsLookedAt_IsLookedAtAgain(t *testing.T) {
	t.Parallel()
	db, seen := storetest.Open(t), newLooks()
	schedule(t, db, "again")
	defer run(t, instance(db, "one", 2, func(ctx context.Context, w shop.Wakeup) (bool, error) {
		defer seen.begin(w.Key())()
		if seen.of(w.Key()) == 1 {
			schedule(t, db, "again")
		}
		return db.Wakeups.Remove(ctx, w)
	}))()
	eventually(t, "it is looked at again", func() bool { return seen.of("again") == 2 })
	if len(seen.both) > 0 {
		t.Error("two looks at once")
	}
}

func TestWakeups_RowThatIsAnothersByNow_EndsTheLook(t *testing.T) {
	t.Parallel()
	db := storetest.Open(t)
	schedule(t, db, "stolen")
	ended := make(chan struct{})
	defer run(t, instance(db, "frozen", 1, func(ctx context.Context, w shop.Wakeup) (bool, error) {
		if _, err := db.Wakeups.Take(ctx, &w, "another", time.Now().Add(time.Hour)); err != nil {
			return false, err
		}
		<-ctx.Done()
		close(ended)
		return false, ctx.Err()
	}))()
	select {
	case <-ended:
	case <-time.After(40 * time.Second):
		t.Fatal("the look goes on")
	}
	w, err := db.OrderWakeups.Get(t.Context(), "stolen")
	if err != nil || w.By != "another" || w.Tries != 0 {
		t.Errorf("%+v, %v", w, err)
	}
}

func TestWakeups_FullLane_KeepsNoOtherKindWaiting(t *testing.T) {
	t.Parallel()
	db, seen := storetest.Open(t), newLooks()
	for i := range 300 { // more than one list holds, and all before the other kind
		schedule(t, db, fmt.Sprint(i))
	}
	if err := db.AccessEnds.Schedule(t.Context(), "u", "c", due, due); err != nil {
		t.Fatal(err)
	}
	w := instance(db, "one", 1, func(ctx context.Context, _ shop.Wakeup) (bool, error) { <-ctx.Done(); return false, ctx.Err() })
	w.Handle(runner.Handler{Kind: shop.WakeAccessEnd, Places: 1, Look: func(ctx context.Context, w shop.Wakeup) (bool, error) {
		defer seen.begin("end")()
		return db.Wakeups.Remove(ctx, w)
	}})
	defer run(t, w)()
	eventually(t, "the end of access is looked at", func() bool { return seen.of("end") == 1 })
}

// idleQueue is a queue of nothing, which counts lists; any other command would fail.
type idleQueue struct {
	runner.Queue
	lists atomic.Int32
}

func (q *idleQueue) Due(context.Context, time.Time, time.Time, int, ...shop.WakeupKind) ([]shop.Wakeup, error) {
	q.lists.Add(1)
	return nil, nil
}

func TestWakeups_Idle_AskTwiceASecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		q := &idleQueue{}
		w := runner.NewWakeups(runner.WakeupsConfig{Queue: q, By: "one", Now: time.Now, Log: slog.New(slog.DiscardHandler)})
		w.Handle(runner.Handler{Kind: shop.WakeOrder, Places: 1})
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		if err := runner.Run(ctx, slog.New(slog.DiscardHandler), w.Work()...); err != nil {
			t.Fatal(err)
		}
		if n := q.lists.Load(); n < 118 || n > 121 {
			t.Errorf("%d lists in a minute", n)
		}
	})
}

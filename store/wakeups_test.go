package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/shop"
)

// orderRow is the row of an order that is due at logIn.
func orderRow(t *testing.T, s *DB, id string) shop.Wakeup {
	t.Helper()
	if err := s.OrderWakeups.Schedule(t.Context(), id, logIn); err != nil {
		t.Fatal(err)
	}
	w, err := s.OrderWakeups.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	return *w
}

func dueKeys(t *testing.T, s *DB, now, real time.Time) (keys []string) {
	t.Helper()
	due, err := s.Wakeups.Due(t.Context(), now, real, 10)
	if err != nil {
		t.Fatal(err)
	}
	for _, w := range due {
		keys = append(keys, w.Key())
	}
	return keys
}

func wantKeys(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s: %v are due, not %v", what, got, want)
	}
}

func TestWakeup_TakenByManyAtOnce_IsOneInstances(t *testing.T) {
	s := open(t, t.TempDir())
	w := orderRow(t, s, "o1")
	var won atomic.Int32
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			mine := w
			if ok, err := s.Wakeups.Take(t.Context(), &mine, fmt.Sprint(i), time.Now().Add(time.Minute)); err != nil {
				t.Error(err)
			} else if ok {
				won.Add(1)
			}
		})
	}
	all.Wait()
	if won.Load() != 1 {
		t.Errorf("%d instances have the row", won.Load())
	}
}

func TestWakeup_Leased_IsNotDueAlsoWhenTheShopsClockLeaps(t *testing.T) {
	s := open(t, t.TempDir())
	w, now := orderRow(t, s, "o1"), time.Now()
	if ok, err := s.Wakeups.Take(t.Context(), &w, "one", now.Add(shop.WakeupLease)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	month := logIn.AddDate(0, 1, 0)
	wantKeys(t, "a month on by the shop's clock", dueKeys(t, s, month, now))
	wantKeys(t, "its instance has died", dueKeys(t, s, logIn, now.Add(shop.WakeupLease)), "o1")
	if mine, err := s.Wakeups.Renew(t.Context(), w.ID, "one", now.Add(time.Hour)); !mine || err != nil {
		t.Fatal(mine, err)
	}
	wantKeys(t, "renewed", dueKeys(t, s, month, now.Add(time.Minute)))
	if mine, err := s.Wakeups.Renew(t.Context(), w.ID, "two", now.Add(time.Hour)); mine || err != nil {
		t.Errorf("another renewed it: %v", err)
	}
}

func TestWakeup_PutWhileItIsLookedAt_ComesAfterThatLook(t *testing.T) {
	s := open(t, t.TempDir())
	for name, end := range map[string]func(w shop.Wakeup) (bool, error){
		"rescheduled": func(w shop.Wakeup) (bool, error) { return s.Wakeups.Reschedule(t.Context(), w, logIn.Add(time.Hour)) },
		"removed":     func(w shop.Wakeup) (bool, error) { return s.Wakeups.Remove(t.Context(), w) },
		"failed":      func(w shop.Wakeup) (bool, error) { return false, s.Wakeups.Retry(t.Context(), w, logIn.Add(time.Hour)) },
	} {
		w, now := orderRow(t, s, name), time.Now()
		if ok, err := s.Wakeups.Take(t.Context(), &w, "one", now.Add(time.Hour)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if err := s.OrderWakeups.Schedule(t.Context(), name, logIn.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, name+": during the look", dueKeys(t, s, logIn.Add(time.Minute), now))
		if settled, err := end(w); settled || err != nil {
			t.Errorf("%s: settled %t, %v", name, settled, err)
		}
		if err := s.Wakeups.Release(t.Context(), w.ID, "one"); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, name+": before its time", dueKeys(t, s, logIn, now))
		wantKeys(t, name+": at its time", dueKeys(t, s, logIn.Add(time.Minute), now), name)
		again, err := s.OrderWakeups.Get(t.Context(), name)
		if err != nil {
			t.Fatal(err)
		}
		if gone, err := s.Wakeups.Remove(t.Context(), *again); !gone || err != nil {
			t.Fatal(gone, err)
		}
	}
}

func TestWakeup_FailedLook_RestsLongerEachTime(t *testing.T) {
	s := open(t, t.TempDir())
	w, now := orderRow(t, s, "o1"), time.Now()
	for _, want := range []time.Duration{1, 2, 4, 8, 15, 15} {
		if ok, err := s.Wakeups.Take(t.Context(), &w, "one", now.Add(time.Hour)); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if got := w.Pause(); got != want*time.Second {
			t.Errorf("after %d failures it rests %s", w.Tries, got)
		}
		if err := s.Wakeups.Retry(t.Context(), w, logIn.Add(w.Pause())); err != nil {
			t.Fatal(err)
		}
		wantKeys(t, "during the pause", dueKeys(t, s, logIn, now))
		next, err := s.OrderWakeups.Get(t.Context(), "o1")
		if err != nil {
			t.Fatal(err)
		}
		w = *next
	}
}

func TestWakeup_TakenOverByAnother_IsNotReleasedByTheFirst(t *testing.T) {
	s := open(t, t.TempDir())
	w, now := orderRow(t, s, "o1"), time.Now()
	first := w
	if ok, err := s.Wakeups.Take(t.Context(), &first, "one", now); !ok || err != nil {
		t.Fatal(ok, err)
	}
	second := first
	if ok, err := s.Wakeups.Take(t.Context(), &second, "two", now.Add(time.Hour)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	if err := s.Wakeups.Retry(t.Context(), first, logIn); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "after the first has ended", dueKeys(t, s, logIn, now))
}

// TestWakeups_NothingWritten_AreNotReadUntilOneIsDue: the embedded store reads all rows for each list, and a shop has one for
// each learner whose access ends.
func TestWakeups_NothingWritten_AreNotReadUntilOneIsDue(t *testing.T) {
	t.Parallel()
	var finds atomic.Int32
	s, closeStore := openUntil(t, t.TempDir(), func(c *Config) {
		c.Monitor = &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if e.CommandName == "find" && e.Command.Lookup("find").StringValue() == "wakeups" {
				finds.Add(1)
			}
		}}
	})
	t.Cleanup(closeStore)
	if s.embeddedMongo == nil {
		t.Skip("SKIPPED: MongoDB finds what is due by an index")
	}
	w := orderRow(t, s, "o1")
	finds.Store(0)
	before := logIn.Add(-time.Second)
	for range 50 {
		wantKeys(t, "before its time", dueKeys(t, s, before, time.Now()))
	}
	if n := finds.Load(); n > 12 { // a busy machine may take longer than quietMost
		t.Errorf("50 lists of a shop in which nothing happens have read the rows %d times", n)
	}
	wantKeys(t, "at its time", dueKeys(t, s, logIn, time.Now()), "o1")
	wantKeys(t, "before its time again", dueKeys(t, s, before, time.Now()))

	if err := s.OrderWakeups.Schedule(t.Context(), "o2", before.Add(-time.Hour)); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "after a row was added", dueKeys(t, s, before, time.Now()), "o2")
	if ok, err := s.Wakeups.Remove(t.Context(), *mustGet(t, s, "o2")); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 3 {
		wantKeys(t, "after it was removed", dueKeys(t, s, before, time.Now()))
	}
	if ok, err := s.Wakeups.Reschedule(t.Context(), w, before); !ok || err != nil {
		t.Fatal(ok, err)
	}
	wantKeys(t, "after the other was moved forward", dueKeys(t, s, before, time.Now()), "o1")

	taken := *mustGet(t, s, "o1")
	if ok, err := s.Wakeups.Take(t.Context(), &taken, "A", time.Now().Add(time.Hour)); !ok || err != nil {
		t.Fatal(ok, err)
	}
	for range 3 {
		wantKeys(t, "while an instance has it", dueKeys(t, s, before, time.Now()))
	}
	wantKeys(t, "once the lease is over", dueKeys(t, s, before, time.Now().Add(2*time.Hour)), "o1")
	if err := s.Wakeups.Release(t.Context(), taken.ID, "A"); err != nil {
		t.Fatal(err)
	}
	wantKeys(t, "after it was released", dueKeys(t, s, before, time.Now()), "o1")
}

func mustGet(t *testing.T, s *DB, order string) *shop.Wakeup {
	t.Helper()
	w, err := s.OrderWakeups.Get(t.Context(), order)
	if err != nil {
		t.Fatal(err)
	}
	return w
}

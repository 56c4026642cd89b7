package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// writeOld writes wakeups as the version before did.
func writeOld(t *testing.T, s *DB) {
	t.Helper()
	insert := func(collection string, row bson.M) {
		t.Helper()
		if _, err := s.insertOnce(t.Context(), s.coll(collection), row); err != nil {
			t.Fatal(err)
		}
	}
	insert("due", bson.M{"_id": "o1", "at": logIn, "seq": "s1"})
	insert("due", bson.M{"_id": "o2", "at": logIn.Add(time.Hour), "seq": "s2"})
	insert("turns", bson.M{"_id": "u:c:1743465600", "user_id": "u", "course_id": "c", "end": time.Unix(1743465600, 0), "at": logIn})
	insert("due_deliveries", bson.M{"_id": "order_fulfilled:o1:ada", "kind": "order_fulfilled", "rank": 0, "at": logIn, "since": logIn})
	insert("due_deliveries", bson.M{"_id": "activity:b1:ada", "kind": "activity", "rank": 2, "at": logIn, "since": logIn})
	for id, due := range map[string]any{"b1": logIn, "b2": logIn.Add(time.Hour), "b3": nil} {
		insert("broadcasts", bson.M{"_id": id, "state": "sending", "due_at": due, "v": int64(1)})
	}
}

// TestOpen_DataOfTheVersionBefore_IsLookedAtOnce opens a store that the version before has written and moves its
// wakeups, by two instances at once and once more after a crash half way.
func TestOpen_DataOfTheVersionBefore_IsLookedAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	s.now = func() time.Time { return logIn.Add(time.Minute) }
	writeOld(t, s)
	if err := s.Adoption.sooner(t.Context(), shop.NewWakeup(shop.WakeOrder, "o2", logIn.Add(2*time.Hour))); err != nil { // a crash after this write
		t.Fatal(err)
	}
	if under, err := s.OrderWakeups.Orders(t.Context()); err != nil || !under["o1"] || !under["o2"] || len(under) != 2 {
		t.Errorf("before it is moved: %v, %v", under, err)
	}
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			if err := s.Adoption.Adopt(t.Context(), true); err != nil {
				t.Error(err)
			}
		})
	}
	both.Wait()
	for at, want := range map[time.Time][]string{
		logIn:                {"access_end:u:c:1743465600", "activity:activity:b1:ada", "broadcast:b1", "message:order_fulfilled:o1:ada", "order:o1"},
		logIn.Add(time.Hour): {"access_end:u:c:1743465600", "activity:activity:b1:ada", "broadcast:b1", "broadcast:b2", "message:order_fulfilled:o1:ada", "order:o1", "order:o2"},
	} {
		due, err := s.Wakeups.Due(t.Context(), at, time.Now(), 100)
		if err != nil {
			t.Fatal(err)
		}
		var ids []string
		for _, w := range due {
			ids = append(ids, w.ID)
		}
		if slices.Sort(ids); fmt.Sprint(ids) != fmt.Sprint(want) {
			t.Errorf("at %s %v are due", at, ids)
		}
	}
	for _, left := range []string{"due", "turns", "due_deliveries"} {
		if n, err := countAll(t.Context(), s.coll(left), bson.M{}); n != 0 || err != nil {
			t.Errorf("%d left in %s, %v", n, left, err)
		}
	}
}

// TestAdopt_RowThatTheVersionBeforeWritesDuringALook_IsNotLost has an instance of the version before wake an order
// while one of this version puts it away.
func TestAdopt_RowThatTheVersionBeforeWritesDuringALook_IsNotLost(t *testing.T) {
	s := open(t, t.TempDir())
	w := orderRow(t, s, "o1")
	if _, err := s.insertOnce(t.Context(), s.coll("due"), bson.M{"_id": "o1", "at": logIn.Add(time.Minute), "seq": "s"}); err != nil {
		t.Fatal(err)
	}
	if err := s.Adoption.Adopt(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if settled, err := s.Wakeups.Remove(t.Context(), w); settled || err != nil {
		t.Errorf("the order is forgotten: %t, %v", settled, err)
	}
	wantKeys(t, "as soon as before", dueKeys(t, s, logIn, time.Now()), "o1")
}

// TestAdopt_BroadcastLeftByTheVersionBefore_IsTakenOver is of a broadcast that an instance of the version before
// has begun, or started ahead of its time, before it died.
func TestAdopt_BroadcastLeftByTheVersionBefore_IsTakenOver(t *testing.T) {
	s := open(t, t.TempDir())
	now := logIn
	s.now = func() time.Time { return now }
	if err := s.Wakeups.put(t.Context(), shop.NewWakeup(shop.WakeBroadcast, "ahead", logIn.AddDate(0, 0, 7))); err != nil {
		t.Fatal(err)
	}
	for _, id := range []string{"ahead", "begun"} {
		if _, err := s.insertOnce(t.Context(), s.coll("broadcasts"), bson.M{"_id": id, "state": "sending", "due_at": logIn, "v": int64(1)}); err != nil {
			t.Fatal(err)
		}
	}
	for _, passed := range []time.Duration{time.Second, overdueAfter} {
		if passed == overdueAfter {
			wantKeys(t, "its sender may live", dueKeys(t, s, now, time.Now()))
		}
		now = logIn.Add(passed)
		if err := s.Adoption.Adopt(t.Context(), false); err != nil {
			t.Fatal(err)
		}
	}
	keys := dueKeys(t, s, now, time.Now())
	slices.Sort(keys)
	wantKeys(t, "its sender is dead", keys, "ahead", "begun")
}

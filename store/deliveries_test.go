package store

import (
	"errors"
	"testing"
	"time"

	"mstm/shop"
)

func TestWhatIsDueComesByRankAndIsSavedByOne(t *testing.T) {
	s := open(t, t.TempDir())
	late := shop.NewDelivery("ada", shop.NoticeOrderFulfilled, "o1", logIn.Add(time.Minute))
	all := []shop.Delivery{
		shop.NewDelivery("ada", shop.KindActivity, "b1", logIn),
		shop.NewDelivery("ada", string(shop.EndsIn7), "c:2025-01-01", logIn),
		late, shop.NewDelivery("bob", shop.NoticeOrderRefunded, "r1", logIn.Add(time.Hour)),
	}
	if _, err := s.Deliveries.InsertAll(t.Context(), all); err != nil {
		t.Fatal(err)
	}
	due, err := s.Wakeups.Due(t.Context(), logIn.Add(time.Minute), time.Now(), 10)
	if err != nil || len(due) != 3 || due[0].Key() != late.ID || due[1].Key() != all[1].ID || due[2].Kind != shop.WakeActivity {
		t.Fatalf("%+v, %v", due, err)
	}
	mine, other := late, late
	mine.State, mine.MsgID = shop.DeliverySent, 3717005636572528642
	if won, err := s.Deliveries.Save(t.Context(), &mine); !won || err != nil {
		t.Fatal(won, err)
	}
	if won, err := s.Deliveries.Save(t.Context(), &other); won || err != nil {
		t.Errorf("two saved the same reading: %v", err)
	}
	if d, err := s.Deliveries.ByMsgID(t.Context(), mine.MsgID); err != nil || d.ID != mine.ID {
		t.Errorf("by number: %+v %v", d, err)
	}
	if _, err := s.Deliveries.ByMsgID(t.Context(), 1); !errors.Is(err, ErrNotFound) {
		t.Errorf("by an unknown number: %v", err)
	}
}

// TestTheRowOfADeliveryFollowsIt is about the few rows that are read to find work.
func TestTheRowOfADeliveryFollowsIt(t *testing.T) {
	s := open(t, t.TempDir())
	d := shop.NewDelivery("ada", shop.NoticeOrderFulfilled, "o1", logIn)
	if _, err := s.Deliveries.Insert(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	wantDue := func(what string, at time.Time, n int) {
		t.Helper()
		if due, err := s.Wakeups.Due(t.Context(), at, time.Now(), 10); err != nil || len(due) != n {
			t.Errorf("%s: %+v, %v", what, due, err)
		}
	}
	wantDue("a new one", logIn, 1)
	d.NextAt = logIn.Add(time.Hour)
	if won, err := s.Deliveries.Save(t.Context(), &d); !won || err != nil {
		t.Fatal(won, err)
	}
	wantDue("one that was put off", logIn.Add(59*time.Minute), 0)
	wantDue("an hour later", logIn.Add(time.Hour), 1)
	d.State = shop.DeliverySkipped
	if won, err := s.Deliveries.Save(t.Context(), &d); !won || err != nil {
		t.Fatal(won, err)
	}
	wantDue("one that is done", logIn.Add(24*time.Hour), 0)
}

func TestABroadcastsDeliveriesAreCountedByState(t *testing.T) {
	s := open(t, t.TempDir())
	for i, state := range []shop.DeliveryState{shop.DeliverySent, shop.DeliverySent, shop.DeliverySkipped} {
		d := shop.NewDelivery(string(rune('a'+i)), shop.KindActivity, "b1", logIn)
		d.Broadcast, d.State = "b1", state
		if _, err := s.Deliveries.Insert(t.Context(), d); err != nil {
			t.Fatal(err)
		}
	}
	counts, err := s.Deliveries.Count(t.Context(), "b1")
	if err != nil || len(counts) != 2 || counts[shop.DeliverySent] != 2 || counts[shop.DeliverySkipped] != 1 {
		t.Errorf("%v, %v", counts, err)
	}
}

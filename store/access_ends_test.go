package store

import (
	"testing"
	"time"

	"mstm/shop"
)

func endsNow(t *testing.T, s *DB, now time.Time) []shop.Wakeup {
	t.Helper()
	ends, err := s.AccessEnds.Due(t.Context(), now, time.Now(), 10)
	if err != nil {
		t.Fatal(err)
	}
	return ends
}

func TestAnEndIsLookedAtFromTimeToTimeUntilItIsForgotten(t *testing.T) {
	s := open(t, t.TempDir())
	end := time.Date(2025, 4, 1, 16, 0, 0, 0, time.UTC)
	first, second := end.AddDate(0, 0, -7), end.AddDate(0, 0, -3)
	for range 2 { // noting it again changes nothing
		if err := s.AccessEnds.Schedule(t.Context(), "u", "c", end, first); err != nil {
			t.Fatal(err)
		}
	}
	if early := endsNow(t, s, first.Add(-time.Millisecond)); len(early) != 0 {
		t.Fatalf("too early: %+v", early)
	}
	due := endsNow(t, s, first)
	if len(due) != 1 {
		t.Fatalf("due: %+v", due)
	}
	if e, err := AccessEndOf(due[0]); err != nil || e.UserID != "u" || e.CourseID != "c" || !e.End.Equal(end) {
		t.Fatalf("due: %+v, %v", e, err)
	}
	if settled, err := s.AccessEnds.Reschedule(t.Context(), due[0], second); !settled || err != nil {
		t.Fatal(settled, err)
	}
	if again := endsNow(t, s, first); len(again) != 0 {
		t.Fatalf("still due after it was moved: %+v", again)
	}
	if settled, err := s.AccessEnds.Reschedule(t.Context(), due[0], first); settled || err != nil { // by a reader that has not seen the move
		t.Fatal(settled, err)
	}
	moved := endsNow(t, s, second)
	if len(moved) != 1 || !moved[0].At.Equal(second) {
		t.Fatalf("moved: %+v", moved)
	}
	if settled, err := s.AccessEnds.Remove(t.Context(), moved[0]); !settled || err != nil {
		t.Fatal(settled, err)
	}
	if left := endsNow(t, s, end); len(left) != 0 {
		t.Fatalf("left: %+v", left)
	}
}

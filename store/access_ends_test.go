package store

import (
	"testing"
	"time"
)

func turnsNow(t *testing.T, s *DB, now time.Time) []AccessEnd {
	t.Helper()
	turns, err := s.AccessEnds.Due(t.Context(), now, 10)
	if err != nil {
		t.Fatal(err)
	}
	return turns
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
	if early := turnsNow(t, s, first.Add(-time.Millisecond)); len(early) != 0 {
		t.Fatalf("too early: %+v", early)
	}
	due := turnsNow(t, s, first)
	if len(due) != 1 || due[0].UserID != "u" || due[0].CourseID != "c" || !due[0].End.Equal(end) {
		t.Fatalf("due: %+v", due)
	}
	if err := s.AccessEnds.Reschedule(t.Context(), due[0], second); err != nil {
		t.Fatal(err)
	}
	if again := turnsNow(t, s, first); len(again) != 0 {
		t.Fatalf("still due after it was moved: %+v", again)
	}
	if err := s.AccessEnds.Reschedule(t.Context(), due[0], first); err != nil { // by a reader that has not seen the move
		t.Fatal(err)
	}
	moved := turnsNow(t, s, second)
	if len(moved) != 1 || !moved[0].At.Equal(second) {
		t.Fatalf("moved: %+v", moved)
	}
	if err := s.AccessEnds.Done(t.Context(), moved[0]); err != nil {
		t.Fatal(err)
	}
	if left := turnsNow(t, s, end); len(left) != 0 {
		t.Fatalf("left: %+v", left)
	}
}

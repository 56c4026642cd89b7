package stats

import (
	"testing"
	"time"
)

// TestBeginCheck_OneInstanceAtATime_UntilItHasDied lets instances look whether the nightly check is due.
func TestBeginCheck_OneInstanceAtATime_UntilItHasDied(t *testing.T) {
	night := time.Date(2026, 3, 4, 21, 0, 0, 0, time.UTC) // 5 in the morning in China
	page := Sums{}
	for _, row := range []struct {
		name  string
		at    time.Time
		begin bool
		end   bool // the check that began ends
	}{
		{"a new shop", night.Add(-time.Hour), true, true},
		{"before the hour", night.Add(-time.Second), false, false},
		{"the hour", night, true, false},
		{"another instance", night.Add(time.Minute), false, false},
		{"the first has died", night.Add(checkMost), true, true},
		{"all is checked", night.Add(23 * time.Hour), false, false},
		{"the next night", night.Add(24 * time.Hour), true, false},
	} {
		if begun := BeginCheck(page, row.at); begun != row.begin {
			t.Fatalf("%s: begun is %v", row.name, begun)
		}
		if row.end && !NoteCheck(page, Accounts{CheckedAt: row.at}) {
			t.Fatalf("%s: its outcome is not noted", row.name)
		}
	}
	if NoteCheck(page, Accounts{Violations: 3, CheckedAt: night.Add(-time.Hour)}) || page[Violations] != 0 {
		t.Error("a check that began earlier has replaced a later one")
	}
}

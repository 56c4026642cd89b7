package shop

import (
	"testing"
	"time"
)

func TestRunUntil(t *testing.T) {
	month, day := func(n int) Period { return Period{Month, n} }, func(n int) Period { return Period{Day, n} }
	tests := []struct {
		name    string
		began   string
		periods []Period
		through string
	}{
		{"a month from the first goes through the first", "2025-03-01 10:00", []Period{month(1)}, "2025-04-01"},
		{"a month from 31 January ends with February", "2025-01-31 08:00", []Period{month(1)}, "2025-02-28"},
		{"and with the leap day in a leap year", "2024-01-31 08:00", []Period{month(1)}, "2024-02-29"},
		{"the second month counts from the anchor, not from the short end", "2025-01-31", []Period{month(1), month(1)}, "2025-03-31"},
		{"a month of 30 days clamps once", "2025-03-31", []Period{month(1)}, "2025-04-30"},
		{"and only for itself", "2025-03-31", []Period{month(1), month(1), month(1), month(1)}, "2025-07-31"},
		{"29 February plus a year ends with 28 February", "2024-02-29", []Period{month(12)}, "2025-02-28"},
		{"29 February plus four years is a leap day again", "2024-02-29", []Period{month(12), month(36)}, "2028-02-29"},
		{"30 January of a leap year clamps by one day", "2024-01-30", []Period{month(1)}, "2024-02-29"},
		{"December runs over into the next year", "2025-12-15", []Period{month(1)}, "2026-01-15"},
		{"a hundred and twenty months are ten years", "2025-05-20", []Period{month(120)}, "2035-05-20"},
		{"seven days end on the same weekday", "2025-03-01 23:59:59", []Period{day(7)}, "2025-03-08"},
		{"days come on top of clamped months", "2025-01-31", []Period{month(1), day(7)}, "2025-03-07"},
		{"whichever was bought first", "2025-01-31", []Period{day(7), month(1)}, "2025-03-07"},
		{"days cross a leap day", "2024-02-25", []Period{day(10)}, "2024-03-06"},
		{"3660 days stay exact", "2025-01-01", []Period{day(3660)}, "2035-01-09"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			run := StartRun(at(tt.began))
			for _, p := range tt.periods {
				run = run.Extend(p)
			}
			until := run.Until()
			if got := lastDay(&until); got != tt.through {
				t.Errorf("through %s, want %s", got, tt.through)
			}
			if local := until.In(shanghai); local.Hour()+local.Minute()+local.Second()+local.Nanosecond() != 0 {
				t.Errorf("ends at %s, want midnight in Shanghai", local)
			}
		})
	}
}

func TestARunBeginsOnTheDayInShanghai(t *testing.T) {
	lateUTC := time.Date(2025, 2, 28, 17, 30, 0, 0, time.UTC) // half past one on 1 March in Shanghai
	if got := StartRun(lateUTC).Anchor; !got.Equal(at("2025-03-01")) {
		t.Errorf("anchor %s, want midnight of 1 March", got.In(shanghai))
	}
	if got := StartRun(at("2025-03-01 00:00:00")).Anchor; !got.Equal(at("2025-03-01")) || got.Location() != time.UTC {
		t.Errorf("anchor %s, want the same midnight in UTC", got)
	}
}

func TestEveryExtensionMovesTheEnd(t *testing.T) {
	for began := at("2023-12-25"); began.Before(at("2025-03-05")); began = began.AddDate(0, 0, 1) {
		run := StartRun(began)
		for i := range 40 {
			before := run.Until()
			p := Period{Month, 1}
			if i%3 == 1 {
				p = Period{Day, 1}
			}
			if run = run.Extend(p); !run.Until().After(before) {
				t.Fatalf("began %s: the extension by one %s after %d others moved nothing", began, p.Unit, i)
			}
		}
	}
}

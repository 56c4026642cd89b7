package shop

import (
	"fmt"
	"time"
)

// Date is a calendar day in Asia/Shanghai, written yyyy-mm-dd: the day of WeChat's bills and
// of the shop's books. Dates compare like strings.
type Date string

// DateOf is the day that t falls on.
func DateOf(t time.Time) Date { return Date(t.In(shanghai).Format(time.DateOnly)) }

// ParseDate reads a day and refuses what is none.
func ParseDate(s string) (Date, error) {
	t, err := time.ParseInLocation(time.DateOnly, s, shanghai)
	if err != nil || t.Year() < 2000 {
		return "", fmt.Errorf("%w: %q is no day", ErrInvalidField, s)
	}
	return DateOf(t), nil
}

// Start is the day's first instant, in UTC.
func (d Date) Start() time.Time {
	t, err := time.ParseInLocation(time.DateOnly, string(d), shanghai)
	if err != nil {
		return time.Time{}
	}
	return t.UTC()
}

// English writes the day as a person reads it: 1 April 2025.
func (d Date) English() string { return d.Start().In(shanghai).Format("2 January 2006") }

// Chinese writes the day as a person reads it: 2025 年 4 月 1 日.
func (d Date) Chinese() string { return d.Start().In(shanghai).Format("2006 年 1 月 2 日") }

// End is the first instant after the day, in UTC.
func (d Date) End() time.Time { return d.Start().Add(24 * time.Hour) } // +08:00 has no summer time

// Add is the day so many days later.
func (d Date) Add(days int) Date { return DateOf(d.Start().Add(time.Duration(days) * 24 * time.Hour)) }

// To counts the days from d to e, both included.
func (d Date) To(e Date) int { return int(e.End().Sub(d.Start()) / (24 * time.Hour)) }

// MinuteOf writes an instant as a clock in China shows it: 2025-04-01 10:30.
func MinuteOf(t time.Time) string { return t.In(shanghai).Format("2006-01-02 15:04") }

// shanghai is the zone in which days and months are counted. It is fixed because small
// images carry no zone data; China has kept +08:00 all year since 1991.
var shanghai = time.FixedZone("Asia/Shanghai", 8*60*60)

// Midnight is the first instant of t's day in Asia/Shanghai, given in UTC.
func Midnight(t time.Time) time.Time {
	y, m, d := t.In(shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, shanghai).UTC()
}

// StartRun begins a stretch of access on the day of now. Nothing is bought in it yet.
func StartRun(now time.Time) Run { return Run{Anchor: Midnight(now)} }

// runEnding is a run without a past that ends at until, which is the end of a day.
func runEnding(until time.Time) Run { return StartRun(until.Add(-time.Nanosecond)) }

// EndOfDay is the first instant after t's day in Asia/Shanghai, given in UTC; an instant that ends a day is itself.
func EndOfDay(t time.Time) time.Time { return DateOf(t.Add(-time.Nanosecond)).End() }

// Extend is the run with one more period at its end.
func (r Run) Extend(p Period) Run {
	if p.Unit == Month {
		r.Months += p.Count
	} else {
		r.Days += p.Count
	}
	return r
}

// Until is the first instant after the run's last day, in UTC. The months are counted
// from the anchor in one go, so that 31 January, 28 February, 31 March follow each
// other; a short month costs its own end and no later one. Days are added after that.
func (r Run) Until() time.Time {
	y, m, d := r.Anchor.In(shanghai).Date()
	m += time.Month(r.Months)
	lastOfMonth := time.Date(y, m+1, 0, 0, 0, 0, 0, shanghai).Day()
	return time.Date(y, m, min(d, lastOfMonth)+r.Days+1, 0, 0, 0, 0, shanghai).UTC()
}

// wholeDays counts the whole days from one instant to another, 0 if there are none.
func wholeDays(from, until time.Time) int64 {
	return max(0, int64(until.Sub(from)/(24*time.Hour)))
}

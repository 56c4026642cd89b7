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

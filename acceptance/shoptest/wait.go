package shoptest

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// Eventually repeats check until it finds nothing wrong, or time is up.
func Eventually(t testing.TB, within time.Duration, check func() error) {
	t.Helper()
	began := time.Now()
	for {
		err := check()
		if err == nil {
			return
		}
		waited := time.Since(began)
		if waited > within {
			t.Fatalf("not within %s: %v", within, err)
		}
		time.Sleep(min(max(waited/5, 20*time.Millisecond), 250*time.Millisecond))
	}
}

// What the acceptance cases share: one shop for many cases, each at a time of its own with a
// fresh learner and a fresh course, the real sandbox, and no mocks.

// Beijing is the shop's time zone.
var Beijing = time.FixedZone("UTC+8", 8*60*60)

// BeijingTime reads `2025-03-01`, `2025-03-01 10:00` or `2025-03-01 10:00:00.5` as Beijing's time.
func BeijingTime(t testing.TB, when string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05.999", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, when, Beijing); err == nil {
			return at
		}
	}
	t.Fatalf("no time: %q", when)
	return time.Time{}
}

// WantSame wants got to be want, in order.
func WantSame(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %q, not %q", what, got, want)
	}
}

// SameOrError is wantSame for eventually.
func SameOrError(got []string, want ...string) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("%q, not %q", got, want)
	}
	return nil
}

// Number is what a pattern finds in a line, 0 where it finds nothing.
func Number(line, pattern string) int64 {
	m := regexp.MustCompile(pattern).FindStringSubmatch(line)
	if m == nil {
		return 0
	}
	f, _ := strconv.ParseFloat(m[1], 64) // Prometheus writes large counts as 1e+06
	return int64(f)
}

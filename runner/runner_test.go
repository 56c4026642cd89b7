package runner

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// running runs works for a time, and returns what was logged.
func running(t *testing.T, d time.Duration, all ...Work) string {
	t.Helper()
	var lines bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	if err := Run(ctx, slog.New(slog.NewTextHandler(&lines, nil)), all...); err != nil {
		t.Errorf("Run: %v", err)
	}
	return lines.String()
}

func TestRun_WorkThatFails_PausesLongerAndIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		began := time.Now()
		var looks []time.Duration
		log := running(t, 10*time.Second, Simple("orders", 500*time.Millisecond, func(context.Context) error {
			if looks = append(looks, time.Since(began)); time.Since(began) < 5*time.Second {
				return errors.New("no database")
			}
			return nil
		}))
		want := []time.Duration{0, 500, 1500, 3500, 5500, 6000, 6500, 7000}
		for i := range want {
			want[i] *= time.Millisecond
		}
		if got := looks[:min(len(looks), len(want))]; !slices.Equal(got, want) {
			t.Errorf("looks at %v, not %v", got, want)
		}
		if n := strings.Count(log, "work=orders"); n != 1 {
			t.Errorf("%d lines of one outage:\n%s", n, log)
		}
	})
}

func TestRun_WorkThatTakesLong_HoldsUpNoOther(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slowLooks, looks, ended := 0, 0, false
		hanging := Simple("slow", time.Second, func(ctx context.Context) error {
			slowLooks++
			<-ctx.Done()
			return ctx.Err()
		})
		hanging.End = func() { ended = true }
		log := running(t, 5*time.Second, hanging, Simple("quick", time.Second, func(context.Context) error { looks++; return nil }))
		if slowLooks != 1 || looks < 5 || !ended || log != "" {
			t.Errorf("%d looks at the slow work, %d at the other one, ended: %t, log %q", slowLooks, looks, ended, log)
		}
	})
}

func TestRun_WorkThatIsWoken_IsLookedAtAtOnceAndUntilNothingIsLeft(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		began, left := time.Now(), 0
		var looks []time.Duration
		time.AfterFunc(1100*time.Millisecond, func() { left = 3; wake <- struct{}{} })
		running(t, 1200*time.Millisecond, Work{Name: "messages", Every: 30 * time.Second, Wake: wake, Look: func(context.Context) (bool, error) {
			looks = append(looks, time.Since(began))
			left--
			return left > 0, nil
		}})
		at := 1100 * time.Millisecond
		if want := []time.Duration{0, at, at, at}; !slices.Equal(looks, want) {
			t.Errorf("looks at %v, not %v", looks, want)
		}
	})
}

func TestRun_WorkOfAMinutesPace_BeginsAfterItsFirstPause(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		looks := 0
		running(t, 59*time.Second, Simple("keys", time.Minute, func(context.Context) error { looks++; return nil }))
		if looks != 0 {
			t.Errorf("%d looks in the first minute", looks)
		}
	})
}

func TestRun_WakenLookThatFails_PausesTheWork(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		wake := make(chan struct{}, 1)
		began := time.Now()
		var looks []time.Duration
		for _, at := range []time.Duration{1600, 1700, 1800} { // the last two come during the pause
			time.AfterFunc(at*time.Millisecond, func() {
				select {
				case wake <- struct{}{}:
				default:
				}
			})
		}
		running(t, 3200*time.Millisecond, Work{Name: "messages", Every: time.Second, Wake: wake, Look: func(context.Context) (bool, error) {
			now := time.Since(began)
			looks = append(looks, now)
			if now > 1500*time.Millisecond && now < 2*time.Second {
				return false, errors.New("no database")
			}
			return false, nil
		}})
		want := []time.Duration{0, 1000, 1600, 2500, 2500} // the last is the one that was asked for during the pause
		for i := range want {
			want[i] *= time.Millisecond
		}
		if !slices.Equal(looks, want) {
			t.Errorf("looks at %v, not %v", looks, want)
		}
	})
}

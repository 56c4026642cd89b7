// Package runner does the work that a shop does by itself: one loop looks after all of it, on
// every instance, with one rule for pauses.
package runner

import (
	"context"
	"log/slog"
	"time"

	"golang.org/x/sync/errgroup"
)

// Work is one kind of work that comes by itself. Looks at it follow one another, and one that
// takes long holds up no other work.
type Work struct {
	Name  string
	Every time.Duration // of real time, from one look to the next

	// Look does what is due. more has it called again at once, an error after a pause.
	Look func(ctx context.Context) (more bool, err error)

	Wake <-chan struct{} // optional: has Look called now
	End  func()          // optional: called after the last look

	Calm bool // a failure is no warning: the part that it is about has warned
}

const (
	beat = 250 * time.Millisecond // what looks are timed by
	// A failed look pauses the work for its Every, which doubles with each failure up to this:
	// an outage is not made worse, and its end is soon seen.
	longestPause = 2 * time.Second
	// Slower work begins after its first pause: a start has other things to do.
	slow = time.Minute
)

// Simple is work whose look leaves nothing.
func Simple(name string, every time.Duration, do func(context.Context) error) Work {
	return Work{Name: name, Every: every, Look: func(ctx context.Context) (bool, error) { return false, do(ctx) }}
}

// Run looks after all work until ctx ends, and for what is under way then.
func Run(ctx context.Context, log *slog.Logger, all ...Work) error {
	var g errgroup.Group
	defer g.Wait()
	works := make([]*timed, 0, len(all))
	for _, w := range all {
		t := &timed{Work: w, log: log, due: make(chan struct{}, 1), looked: make(chan time.Time, 1)}
		if w.Every >= slow {
			t.next = time.Now().Add(w.Every)
		}
		works = append(works, t)
		g.Go(func() error { t.run(ctx); return nil })
	}
	tick := time.NewTicker(beat)
	defer tick.Stop()
	for {
		for _, w := range works {
			w.at(time.Now())
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
	}
}

// timed is work with its time table. Only Run's loop reads and writes next and busy.
type timed struct {
	Work
	log    *slog.Logger
	due    chan struct{}  // a look is due
	looked chan time.Time // a look that was due is over; when the next one is
	next   time.Time
	busy   bool // a look is due and not over
}

// at has the work looked at if it is time.
func (t *timed) at(now time.Time) {
	select {
	case t.next = <-t.looked:
		t.busy = false
	default:
	}
	if !t.busy && !now.Before(t.next) {
		t.busy = true
		t.due <- struct{}{}
	}
}

// run looks when a look is due, or when the work is woken.
func (t *timed) run(ctx context.Context) {
	if t.End != nil {
		defer t.End()
	}
	failures := 0
	for {
		due, wake := false, t.Wake
		if failures > 0 {
			wake = nil // a wake during a pause is heeded after it
		}
		select {
		case <-t.due:
			due = true
		case <-wake:
		case <-ctx.Done():
			return
		}
		failures = t.look(ctx, failures)
		if due || failures > 0 {
			t.rest(failures)
		}
	}
}

// rest has the next look come after a pause, also where one came due during a look that failed.
func (t *timed) rest(failures int) {
	select {
	case <-t.due:
	default:
	}
	select {
	case <-t.looked:
	default:
	}
	t.looked <- time.Now().Add(pause(t.Every, failures) - beat/2) // at the beat that is nearest
}

// look looks until nothing is left, and returns how many looks in a row have failed by now. The
// first of them is logged, for all of an outage.
func (t *timed) look(ctx context.Context, failures int) int {
	for ctx.Err() == nil {
		more, err := t.Look(ctx)
		if err != nil && ctx.Err() == nil {
			if failures == 0 {
				level := slog.LevelWarn
				if t.Calm {
					level = slog.LevelInfo
				}
				t.log.Log(ctx, level, "work waits for its next look", "work", t.Name, "err", err)
			}
			return failures + 1
		}
		failures = 0
		if !more {
			break
		}
	}
	return failures
}

// pause is how long work rests after a look, by how many have failed in a row.
func pause(every time.Duration, failures int) time.Duration {
	if failures == 0 {
		return every
	}
	return max(every, min(every<<min(failures-1, 10), longestPause))
}

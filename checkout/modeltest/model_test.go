// Package modeltest holds checkout against a model: random histories of one learner each
// (buying, paying, repeating, refunding, changed prices, a moved clock, a WeChat that
// misbehaves, instances killed at any write, two at once) in a real shop without its HTTP.
// After each, WeChat's books and the shop's agree to the fen, every payment has opened its
// course exactly once or gone back, and every price was the model's.
//
// A history follows from its seed:
//
//	MODEL_SEED=42 go test -run TestModel ./checkout/modeltest
//
// STORE_SEED holds up what the instances ask of the database at random (storetest.Pace); without
// it one of the two worlds of a plain `go test` is held up by the first seed.
//
// MODEL_HISTORIES says how many there are, MODEL_FIRST with which seed they begin, and
// MODEL_WORLDS how many go on at a time. Without MODEL_HISTORIES there are a few, and fewer
// on a machine that is busy or looks for races.
package modeltest

import (
	"os"
	"runtime/debug"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/store/storetest"
)

const (
	shortRun   = 60               // histories of a plain `go test`,
	shortTime  = 15 * time.Second // of which none begins later than this,
	shortLeast = 6                // but for the first few
	worldFor   = 250              // histories that one world sees
)

func TestModel(t *testing.T) {
	if os.Getenv("MODEL_SEED") != "" {
		replay(t, fromEnv(t, "MODEL_SEED", 0))
		return
	}
	first, n := fromEnv(t, "MODEL_FIRST", uint64(time.Now().Unix())), fromEnv(t, "MODEL_HISTORIES", shortRun)
	t.Logf("seeds %d to %d", first, first+n-1)
	defer debug.SetGCPercent(debug.SetGCPercent(400)) // memory for speed
	began := time.Now()
	s := &soak{t: t, next: first, end: first + n}
	worlds := uint64(6) // histories wait as often as they work
	if os.Getenv("MODEL_HISTORIES") == "" {
		worlds = 2
		s.least, s.until = first+shortLeast, began.Add(shortTime)
	}
	var workers sync.WaitGroup
	pace := storetest.Seed(t)
	for i := range min(fromEnv(t, "MODEL_WORLDS", worlds), n) {
		if i == 1 && pace == 0 && !s.until.IsZero() {
			workers.Go(func() { s.work(max(first, 1)) })
			continue
		}
		workers.Go(func() { s.work(pace) })
	}
	workers.Wait()
	t.Logf("%+v, %d failures, %s, seeds %d to %d", s.tally, s.failures.Load(), time.Since(began).Round(time.Second), first, s.next-1)
	if lived := uint64(s.tally.Histories); s.until.IsZero() && lived < n || lived < min(n, shortLeast) {
		t.Errorf("%d of %d histories came to an end", lived, n)
	}
}

func replay(t *testing.T, seed uint64) {
	w, err := newWorld(storetest.NewPace(storetest.Seed(t)))
	if err != nil {
		t.Fatal(err)
	}
	defer w.close()
	if _, err := run(w, seed); err != nil {
		t.Fatal(err)
	}
}

func fromEnv(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s is no number: %v", name, err)
	}
	return n
}

// soak hands out seeds and sums up what came of them.
type soak struct {
	t        *testing.T
	end      uint64    // the first seed that is not asked for
	least    uint64    // the first that may be left out
	until    time.Time // when it is, zero: never
	failures atomic.Int64

	mu    sync.Mutex
	next  uint64
	tally tally
}

// seed is the next one; ok is false at the end, when time is up, and after too many failures.
func (s *soak) seed() (n uint64, ok bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	late := !s.until.IsZero() && s.next >= s.least && time.Now().After(s.until)
	if s.next >= s.end || late || s.failures.Load() >= 20 {
		return 0, false
	}
	s.next++
	return s.next - 1, true
}

// work lives histories in one world after the other. A world in which one went wrong is
// left: what is broken there must not be blamed on the next.
// Commands of its database are held up by the seed pace.
func (s *soak) work(pace uint64) {
	for {
		w, err := newWorld(storetest.NewPace(pace))
		if err != nil {
			s.t.Errorf("no world: %v", err)
			return
		}
		more := s.live(w)
		w.close()
		if !more {
			return
		}
	}
}

func (s *soak) live(w *world) (more bool) {
	for range worldFor {
		seed, ok := s.seed()
		if !ok {
			return false
		}
		t, err := run(w, seed)
		s.mu.Lock()
		s.tally.add(t)
		done := s.tally.Histories
		s.mu.Unlock()
		if err != nil {
			s.failures.Add(1)
			s.t.Error(err)
			return true
		}
		if done%500 == 0 {
			s.t.Logf("%s: %+v", time.Now().Format(time.TimeOnly), s.tally)
		}
	}
	return true
}

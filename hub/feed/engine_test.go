package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// sliceEngine is a Log and a Channel of one partition in memory: what an engine other than Redis looks like.
type sliceEngine struct {
	mu        sync.Mutex
	epoch     string
	entries   []Entry
	known     map[string]string // positions by Once or tag
	listeners map[Listener]bool
	away      bool
	losing    int // of a hundred messages, so many do not arrive
}

var errAway = errors.New("the engine is away")

func (e *sliceEngine) Append(_ context.Context, _ int, d Draft) (string, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return "", errAway
	}
	key := d.Tag
	if d.Once != "" {
		key = d.Once
	}
	if pos, is := e.known[key]; is {
		return pos, nil
	}
	e.open("")
	at := Position{e.epoch, uint64(len(e.entries) + 1)}
	entry := Entry{Position: at, Tag: d.Tag, Topic: d.Topic, Body: d.Body, State: d.State}
	if n := len(e.entries); n > 0 {
		entry.Before = e.entries[n-1].Tag
	}
	e.entries = append(e.entries, entry)
	e.known[key] = at.String()
	for l := range e.listeners {
		if rand.IntN(100) >= e.losing {
			l.Hear(0, strconv.Itoa(len(e.entries)))
		}
	}
	return at.String(), nil
}

func (e *sliceEngine) open(spent string) {
	if e.epoch == spent {
		e.epoch, e.entries, e.known = newEpoch(), nil, map[string]string{}
	}
}

func (e *sliceEngine) Open(_ context.Context, _ int, spent string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.open(spent)
	e.open("")
	return nil
}

func (e *sliceEngine) head() (h Head) {
	h.Epoch = e.epoch
	if n := len(e.entries); n > 0 {
		h = Head{e.entries[n-1].Position, e.entries[n-1].Tag}
	}
	return h
}

func (e *sliceEngine) Heads(context.Context, []int) ([]Head, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		l.Alive()
	}
	if e.away {
		return nil, errAway
	}
	return []Head{e.head()}, nil
}

func (e *sliceEngine) Read(_ context.Context, _ int, from, to uint64, limit int) (Head, []Entry, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.away {
		return Head{}, nil, errAway
	}
	n := uint64(len(e.entries))
	if to == 0 || to > n {
		to = n
	}
	if from > to {
		return e.head(), nil, nil
	}
	all := slices.Clone(e.entries[from-1 : to])
	return e.head(), all[:min(len(all), limit)], nil
}

func (e *sliceEngine) Subscribe(ctx context.Context, _ []int, to Listener) error {
	e.mu.Lock()
	e.listeners[to] = true
	e.mu.Unlock()
	to.Joined()
	<-ctx.Done()
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.listeners, to)
	return ctx.Err()
}

func (e *sliceEngine) Send(_ context.Context, part int, note string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	for l := range e.listeners {
		l.Hear(part, note)
	}
	return nil
}

func (e *sliceEngine) Parse(text string) (Entry, bool) {
	e.mu.Lock()
	defer e.mu.Unlock()
	n, err := strconv.Atoi(text)
	if err != nil || n > len(e.entries) {
		return Entry{}, false
	}
	return e.entries[n-1], true
}

func (e *sliceEngine) set(change func()) {
	e.mu.Lock()
	defer e.mu.Unlock()
	change()
}

// recorder is the Host and the Receiver of a feed of one partition.
type recorder struct {
	mu       sync.Mutex
	bodies   []string
	settled  int
	restarts int
	notes    []string
}

func (r *recorder) Prepare(e Entry) Event { return &prepared{Entry: e, weight: 1} }

func (r *recorder) Drain(string) {}

func (r *recorder) TakeNote(_ int, note string) { r.note(func() { r.notes = append(r.notes, note) }) }

func (r *recorder) Deliver(_ Held, ev Event) int {
	r.note(func() { r.bodies = append(r.bodies, ev.(*prepared).Body) })
	return 1
}

func (r *recorder) Settle(Held, string) { r.note(func() { r.settled++ }) }

func (r *recorder) Restart(Held) int {
	r.note(func() { r.restarts++ })
	return 1
}

func (r *recorder) note(change func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	change()
}

func (r *recorder) has(t *testing.T, bodies ...string) {
	t.Helper()
	eventually(t, fmt.Sprint(len(bodies), " events"), func() (ok bool) {
		r.note(func() { ok = len(r.bodies) >= len(bodies) })
		return ok
	})
	r.note(func() {
		if !slices.Equal(r.bodies, bodies) {
			t.Errorf("delivered %v, want %v", r.bodies, bodies)
		}
	})
}

// runFeed runs a feed on an engine until the test ends. It is up to date when runFeed returns.
func runFeed(t *testing.T, e *sliceEngine) (*Feed, *recorder) {
	t.Helper()
	r := &recorder{}
	f := New(Config{Log: e, Channel: e, Host: r, Specs: []Spec{{Name: "one", Link: "link"}}, Receivers: []Receiver{r}, Logger: slog.New(slog.DiscardHandler)})
	f.Probe = 5 * time.Millisecond
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() { defer close(done); f.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done })
	eventually(t, "the feed is up to date", func() bool { return f.Healthy() == nil })
	return f, r
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within 30 s: %s", what)
		}
	}
}

func newSliceEngine() *sliceEngine {
	return &sliceEngine{known: map[string]string{}, listeners: map[Listener]bool{}}
}

func numbered(from, to int) (bodies []string) {
	for n := from; n <= to; n++ {
		bodies = append(bodies, fmt.Sprint("body ", n))
	}
	return bodies
}

func publishAll(t *testing.T, f *Feed, want error, bodies []string) {
	t.Helper()
	for _, body := range bodies {
		if _, err := f.Publish(t.Context(), 0, Draft{Topic: "topic", Body: body}); !errors.Is(err, want) {
			t.Fatalf("%s: %v, want %v", body, err, want)
		}
	}
}

func TestEntriesComeOnceAndInOrderThoughMessagesAreLost(t *testing.T) {
	e := newSliceEngine()
	a, here := runFeed(t, e)
	_, there := runFeed(t, e)
	e.set(func() { e.losing = 50 })
	all := numbered(1, 2*readBatch)
	publishAll(t, a, nil, all)
	here.has(t, all...)
	there.has(t, all...)
	if a.CaughtUp.Load() == 0 {
		t.Error("no hole was read: the test shows nothing")
	}
}

func TestAnEventWithTheLogAwayIsDeliveredHereFirstAndEverywhereOnce(t *testing.T) {
	e := newSliceEngine()
	a, here := runFeed(t, e)
	_, there := runFeed(t, e)
	publishAll(t, a, nil, numbered(1, 2))
	here.has(t, numbered(1, 2)...)
	there.has(t, numbered(1, 2)...)
	e.set(func() { e.away = true })
	publishAll(t, a, ErrPending, numbered(3, 4))
	here.has(t, numbered(1, 4)...)
	at := a.Partition(0).Lock()
	marks, place := at.Marks("topic"), at.Place("topic")
	at.Unlock()
	if len(marks) != 2 || !strings.Contains(place, "-2.") {
		t.Errorf("the place is %s", place)
	}
	e.set(func() { e.away = false })
	there.has(t, numbered(1, 4)...)
	eventually(t, "its followers have a position again", func() (ok bool) {
		here.note(func() { ok = here.settled == 1 })
		return ok
	})
	publishAll(t, a, nil, numbered(5, 5))
	here.has(t, numbered(1, 5)...)
	there.has(t, numbered(1, 5)...)
}

func TestALogThatIsLostRestartsThePartition(t *testing.T) {
	e := newSliceEngine()
	f, r := runFeed(t, e)
	publishAll(t, f, nil, numbered(1, 3))
	r.has(t, numbered(1, 3)...)
	before := f.Partition(0).Head()
	e.set(func() { e.open(e.epoch) })
	eventually(t, "the partition is in the new log", func() bool {
		at := f.Partition(0).Head()
		return at.Epoch != before.Epoch && at.Offset == 0
	})
	publishAll(t, f, nil, numbered(4, 4))
	r.has(t, numbered(1, 4)...)
	r.note(func() {
		if r.restarts != 2 { // the first contact is one
			t.Errorf("%d restarts", r.restarts)
		}
	})
	if f.Restarts.Load() != 1 {
		t.Errorf("counted %d", f.Restarts.Load())
	}
}

func TestHistoryIsWholeOrNothing(t *testing.T) {
	e := newSliceEngine()
	f, r := runFeed(t, e)
	publishAll(t, f, nil, numbered(1, 10))
	r.has(t, numbered(1, 10)...)
	epoch := f.Partition(0).Head().Epoch
	for _, tt := range []struct {
		span Span
		want int // -1: not ok
	}{
		{Span{epoch, 2, 5}, 3}, {Span{epoch, 0, 10}, 10}, {Span{epoch, 8, 11}, -1}, {Span{"OTHER", 2, 5}, -1},
	} {
		entries, ok := f.History(t.Context(), 0, tt.span)
		if ok != (tt.want >= 0) || ok && (len(entries) != tt.want || entries[0].Offset != tt.span.From+1) {
			t.Errorf("%v: %d entries, %v", tt.span, len(entries), ok)
		}
	}
}

func TestANoteReachesEveryInstanceAndNoLog(t *testing.T) {
	e := newSliceEngine()
	f, here := runFeed(t, e)
	_, there := runFeed(t, e)
	if err := f.Send(t.Context(), 0, "?alice"); err != nil {
		t.Fatal(err)
	}
	for _, r := range []*recorder{here, there} {
		eventually(t, "the note", func() (ok bool) {
			r.note(func() { ok = slices.Equal(r.notes, []string{"?alice"}) })
			return ok
		})
	}
	if len(e.entries) != 0 {
		t.Errorf("%d entries", len(e.entries))
	}
}

package store

import (
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"

	"mstm/store/redisconn"
	"mstm/store/redisstore"

	"github.com/redis/go-redis/v9"
)

// bus informs every instance of changes, so that their caches forget what changed. Redis pub/sub
// may lose a message in silence; therefore a subscription is trusted only while its pings are
// answered, and each new subscription forgets everything.
//
// Ownership: run alone receives; forget functions are called on the goroutine that brings the
// change and must not block.
type bus struct {
	id     string
	client redis.UniversalClient
	log    *slog.Logger
	heard  atomic.Pointer[time.Time] // the last answer of a live subscription, nil without one

	mu     sync.Mutex
	forget []func(change)
}

// change is what a message says: a thing of this kind and id is not what it was.
type change struct {
	Kind string `json:"kind"`
	ID   string `json:"id"`
	From string `json:"from"` // the bus that sent it, which has cleared its own caches already
}

// The kinds of changes. changeAll is never sent: it stands for whatever was missed.
const (
	changeAll      = ""
	changeTokens   = "tokens"   // of the user with this id
	changeCourses  = "courses"  // a course or the categories
	changeLearners = "learners" // how many learn the course with this id
	changePosted   = "posted"   // what is in every inbox

	changeTemplates = "templates" // the wording of a notice
	changePapers    = "papers"    // what the shop says of itself
	changeFront     = "front"     // the front page's banners and rows
	changeWebhooks  = "webhooks"  // the endpoint with this id

	changeEnrolments = "enrolments" // the one with this id
)

const (
	busChannel = "mstm:changed"
	// A revoked token must be dead everywhere within a second, also when the link that
	// would tell of it has just died without a sign.
	busPing  = 300 * time.Millisecond
	busStale = 900 * time.Millisecond
	busRetry = 500 * time.Millisecond
)

func newBus(client redis.UniversalClient, log *slog.Logger) *bus {
	return &bus{id: newID(), client: client, log: log}
}

// onChange registers a function that drops what a change makes wrong.
func (b *bus) onChange(forget func(change)) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.forget = append(b.forget, forget)
}

// healthy reports whether changes made elsewhere would be heard. While they would not,
// caches must be bypassed.
func (b *bus) healthy() bool {
	t := b.heard.Load()
	return t != nil && time.Since(*t) < busStale
}

func (b *bus) tell(c change) {
	b.mu.Lock()
	forget := b.forget
	b.mu.Unlock()
	for _, f := range forget {
		f(c)
	}
}

// changed makes this instance forget at once and informs the others. Call it after the write.
// Redis being away is no error: the others then bypass their caches.
func (s *base) changed(ctx context.Context, kind, id string) {
	c := change{kind, id, s.bus.id}
	s.bus.tell(c)
	text, err := json.Marshal(c)
	if err == nil {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), redisstore.Timeout)
		defer cancel()
		err = s.bus.client.Publish(ctx, busChannel, text).Err()
	}
	if err != nil && redisconn.Answered(err) { // an outage is one line of the guard's, not one for each change
		s.log.Warn("a change was not announced", "kind", kind, "err", err)
	}
}

// run listens until ctx ends. An outage is logged once, however often it is tried to
// connect again.
func (b *bus) run(ctx context.Context) error {
	for tries := 0; ctx.Err() == nil; tries++ {
		err := b.listen(ctx)
		wasUp := b.heard.Swap(nil) != nil
		if ctx.Err() != nil {
			return nil
		}
		if wasUp || tries == 0 {
			b.log.Debug("the link that brings changes is down; caches are bypassed", "err", err) // see redisconn
		}
		select {
		case <-ctx.Done():
		case <-time.After(busRetry/2 + rand.N(busRetry)):
		}
	}
	return nil
}

var errSilent = errors.New("pings are not answered")

// listen holds one subscription until it fails.
func (b *bus) listen(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	sub := b.client.Subscribe(ctx, busChannel)
	defer sub.Close()
	context.AfterFunc(ctx, func() { _ = sub.Close() }) // a read that waits does not look at ctx
	var pinging sync.WaitGroup
	defer pinging.Wait()
	defer cancel()
	pinging.Go(func() { ping(ctx, sub) })

	begun := time.Now()
	for {
		msg, err := sub.ReceiveTimeout(ctx, busStale)
		if err != nil {
			return err
		}
		if t := b.heard.Load(); t == nil && time.Since(begun) > dialTimeout || t != nil && time.Since(*t) > 2*busStale {
			return errSilent
		}
		b.receive(msg)
	}
}

// ping asks for a sign of life on the subscription itself: another connection's health
// says nothing about this one.
func ping(ctx context.Context, sub *redis.PubSub) {
	t := time.NewTicker(busPing)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
			_ = sub.Ping(ctx) // a failure shows as the missing answer
		}
	}
}

func (b *bus) receive(msg any) {
	now := time.Now()
	switch m := msg.(type) {
	case *redis.Subscription: // also after the library connected again by itself
		b.tell(change{Kind: changeAll})
		b.heard.Store(&now)
	case *redis.Pong:
		if b.heard.Load() != nil {
			b.heard.Store(&now)
		}
	case *redis.Message:
		var c change
		if err := json.Unmarshal([]byte(m.Payload), &c); err != nil {
			c = change{Kind: changeAll}
		}
		if c.From != b.id {
			b.tell(c)
		}
	}
}

// cached is one reading of what every request needs and people seldom change. The bus brings
// changes; while they would not arrive, it is read each time.
type cached[T any] struct {
	bus *bus
	age time.Duration // a safety net: how old a reading may be, whatever the bus says

	mu    sync.Mutex
	gen   uint64 // counts what was forgotten
	value T
	at    time.Time // of the reading; zero: there is none
}

// newCached keeps what changes of a kind make wrong.
func newCached[T any](b *bus, kind string, age time.Duration) *cached[T] {
	k := &cached[T]{bus: b, age: age}
	b.onChange(func(ch change) {
		if ch.Kind == kind || ch.Kind == changeAll {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.gen++
			k.at = time.Time{}
		}
	})
	return k
}

// get is the value from memory, if that can be trusted, else a reading of it.
func (k *cached[T]) get(ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	value, gen, ok := k.last()
	if ok && k.bus.healthy() {
		return value, nil
	}
	value, err := read(ctx)
	if err == nil {
		k.put(value, gen)
	}
	return value, err
}

func (k *cached[T]) last() (value T, gen uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, k.gen, !k.at.IsZero() && time.Since(k.at) < k.age
}

// put keeps a reading unless something changed while it was made.
func (k *cached[T]) put(value T, gen uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gen == gen {
		k.value, k.at = value, time.Now()
	}
}

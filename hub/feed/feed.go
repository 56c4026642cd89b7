// Package feed brings the entries of a log, which all instances share, to this instance in order.
//
// # The log
//
// The log is spread over partitions. A partition has an epoch, a head, entries, and a channel over which
// each new entry is sent. Offsets are dense within a partition, so an entry that is missing leaves a hole
// that shows. Log and Channel are what an engine has to offer; Redis is one.
//
// # From the log to the receiver
//
// A link holds one subscription to some partitions. Its receiving goroutine alone reads from the
// subscription and never blocks; its feeding goroutine alone moves the partitions forward. An entry that is
// the next one is delivered; a hole is read from the log, once per instance. Heads are compared several
// times a second, so nothing is later than that even over a subscription that is silently dead; and each
// comparison sends an echo through the subscription, so a silent one is replaced within two seconds, also
// when nothing else is published.
//
// When continuity is lost (the log came back empty, the hole is older than the log reaches, a replica took
// over without the tail) the receiver is given a restart.
//
// # Pending events
//
// While the log does not answer, or takes no writes, an event is delivered on this instance at once and
// becomes pending: pending.go says how.
//
// # The lock
//
// Each partition has one lock. It guards the position, the ring, the pending events, and what the Receiver
// keeps of the partition. Held is the proof that it is held: only Partition.Lock makes one, and every
// function that needs the lock takes one or is a method of it. No call to the log is made under it.
package feed

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Event is an entry that the Host has prepared for delivery. The feed keeps it for a while and hands it out again.
type Event interface {
	// At is the position, which nothing changes, and the tag of the entry. A pending event has no epoch.
	At() (p *Position, tag string)
	// Weight is what the event costs in memory, bytes.
	Weight() int
	// Placed is the event with this place in the position's stead.
	Placed(place string) Event
}

// Host is what the feed needs of the hub as a whole.
type Host interface {
	// Prepare makes the event of an entry. A lock may be held: it must not block.
	Prepare(e Entry) Event
	// Drain waits until what was delivered in a topic, and in all topics that share its way, is written.
	Drain(topic string)
	// TakeNote is given what Send has sent on any instance.
	TakeNote(part int, note string)
}

// Receiver is the hub's side of one partition. The partition's lock is held in every call.
type Receiver interface {
	// Deliver gives an event to the followers of its topic and returns how many took it.
	Deliver(at Held, ev Event) (taken int)
	// Settle is called when no event of the topic is pending any more: a follower that had one has a
	// position again.
	Settle(at Held, topic string)
	// Restart is called when continuity is lost: every follower has to read the state. It returns how many
	// there are.
	Restart(at Held) (followers int)
}

// Spec describes a partition.
type Spec struct {
	Name string
	TTL  time.Duration // of the log after its last entry
	Link string        // partitions with the same Link share a subscription
}

// Config is what a Feed needs to know. All fields but LinkEach are required.
type Config struct {
	Log       Log
	Channel   Channel
	Host      Host
	Specs     []Spec
	Receivers []Receiver // one for each of Specs
	LinkEach  bool       // each partition has a link of its own
	Logger    *slog.Logger
}

// Counts counts since the feed was made.
type Counts struct {
	Received, Delivered                     atomic.Uint64
	LinksLost, Overruns, CaughtUp, Restarts atomic.Uint64
}

// Feed is this instance's copy of the log's newest part. Its methods may be called from any goroutine.
type Feed struct {
	// Probe is the time between two comparisons of heads, 400 ms. It is set before Run, by tests only.
	Probe time.Duration
	Counts

	cfg     Config
	parts   []*Partition
	links   []*link
	running atomic.Bool
	history chan struct{} // slots for History
}

const (
	// historyReaders is how many calls of History read the log at once, so that a storm of old positions
	// does not occupy it.
	historyReaders = 4
	// logPatience is for one call of the log.
	logPatience = 3 * time.Second
	behindAfter = 3 * time.Second
)

// New makes a feed. Nothing moves before Run.
func New(cfg Config) *Feed {
	f := &Feed{Probe: 400 * time.Millisecond, cfg: cfg, history: make(chan struct{}, historyReaders)}
	byLink := map[string]*link{}
	for i, spec := range cfg.Specs {
		p := &Partition{index: i, name: spec.Name, host: cfg.Host, receiver: cfg.Receivers[i]}
		f.parts = append(f.parts, p)
		name := spec.Link
		if cfg.LinkEach {
			name = spec.Name
		}
		l := byLink[name]
		if l == nil {
			l = newLink(f, name)
			byLink[name] = l
			f.links = append(f.links, l)
		}
		l.parts = append(l.parts, p)
		l.indexes = append(l.indexes, i)
	}
	return f
}

// Run receives from the log and moves the partitions forward until ctx ends.
func (f *Feed) Run(ctx context.Context) {
	f.running.Store(true)
	defer f.running.Store(false)
	var parts sync.WaitGroup
	for _, l := range f.links {
		parts.Go(func() { l.receive(ctx) })
		parts.Go(func() { l.move(ctx) })
	}
	parts.Wait()
}

// Partition is the partition that the i-th Spec describes.
func (f *Feed) Partition(i int) *Partition { return f.parts[i] }

// Healthy is nil while this instance is up to date with the log, else the reason why it is not to be
// given new sockets.
func (f *Feed) Healthy() error {
	for _, l := range f.links {
		at := l.inSync.Load()
		if at == 0 {
			return fmt.Errorf("hub: %s: no contact with Redis yet", l.name)
		}
		if late := time.Since(time.UnixMilli(at)); late > behindAfter {
			return fmt.Errorf("hub: %s: behind Redis for %s", l.name, late.Round(time.Second))
		}
	}
	return nil
}

// InSync is when all partitions were last known to be up to date; 1970: not yet.
func (f *Feed) InSync() time.Time {
	at := f.links[0].inSync.Load()
	for _, l := range f.links[1:] {
		at = min(at, l.inSync.Load())
	}
	return time.UnixMilli(at)
}

// Send sends a note to every instance's Host. It is not kept: an instance that has no contact misses it.
func (f *Feed) Send(ctx context.Context, part int, note string) error {
	return f.cfg.Channel.Send(ctx, part, note)
}

// History reads a span of the log. ok is false if it cannot be read completely.
func (f *Feed) History(ctx context.Context, part int, span Span) (entries []Entry, ok bool) {
	select {
	case f.history <- struct{}{}:
		defer func() { <-f.history }()
	case <-ctx.Done():
		return nil, false
	}
	entries, err := f.readSpan(ctx, part, span)
	return entries, err == nil
}

var errNotWhole = errors.New("hub: the log has not all of it any more")

func (f *Feed) readSpan(ctx context.Context, part int, span Span) (all []Entry, err error) {
	for at := span.From; at < span.To; {
		head, entries, err := f.read(ctx, part, at+1, span.To, readBatch)
		if err != nil {
			return nil, err
		}
		if head.Epoch != span.Epoch || !dense(entries, at) {
			return nil, errNotWhole
		}
		all = append(all, entries...)
		at += uint64(len(entries))
	}
	return all, nil
}

// read is Log.Read with the feed's patience.
func (f *Feed) read(ctx context.Context, part int, from, to uint64, limit int) (Head, []Entry, error) {
	ctx, cancel := context.WithTimeout(ctx, logPatience)
	defer cancel()
	return f.cfg.Log.Read(ctx, part, from, to, limit)
}

// dense reports whether entries is what follows offset without a hole.
func dense(entries []Entry, offset uint64) bool {
	for i, e := range entries {
		if e.Offset != offset+uint64(i)+1 {
			return false
		}
	}
	return len(entries) > 0
}

package feed

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// While the log does not answer, or takes no writes, an event is delivered on this instance at once, with a place
// that names it, after the events that were appended before it and have not come back yet, and is queued for the
// log. A client that resumes here in that time gets the pending events after the missed ones. When the log is back
// the link appends the queued ones: the other instances get them then. Here every follower is asked to read the
// state, which gives it a position to come back with. A queued event is gone if this instance dies: a publisher
// that has to be sure publishes again, under the same Once.

// pending is an event that the followers here have had before the log has it. A client that resumes in that time is given
// it; a client that cannot be resumed reads the state. A pending order has been obeyed.
type pending struct {
	Draft
	event Event  // as the followers have it
	at    uint64 // its offset, if it is in the log and on its way here
}

// The limits of one partition. An event beyond them is refused and not delivered.
const (
	MaxPending   = 256
	pendingBytes = 256 << 10
)

// ErrPending: the event was delivered on this instance and is queued for the log, which does not take it now. To
// publish it again without a Once would double it.
var ErrPending = errors.New("hub: the event is pending until Redis is back")

// errBehind: other events of the partition are queued, which go first.
var errBehind = errors.New("hub: earlier events wait for Redis")

func isOrder(body string) bool {
	_, is := Order(body)
	return is
}

func (d Draft) isOrder() bool { return isOrder(d.Body) }

// newEpoch is long enough that two logs never share one.
func newEpoch() string { return rand.Text()[:10] }

// newTag is long enough that two entries which could be taken for one another never share one.
func newTag() string { return rand.Text()[:10] }

// tagOf is the same for every try to publish under one Once, on every instance.
func tagOf(once string) string {
	if once == "" {
		return newTag()
	}
	sum := sha256.Sum256([]byte(once))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// Publish appends a draft to its partition's log, or, if that cannot be done now, delivers it on this instance
// and returns why; the error wraps ErrPending if it is queued.
func (f *Feed) Publish(ctx context.Context, part int, d Draft) (pos string, err error) {
	p := f.parts[part]
	d.Tag = tagOf(d.Once)
	if err = errBehind; !p.queued.Load() {
		if pos, err = f.cfg.Log.Append(ctx, part, d); err == nil {
			p.unacknowledged.add(d, pos, p.reached.Load())
			return pos, nil
		}
	}
	at, queued := p.advance(d, f.running.Load())
	switch {
	case at != "":
		return at, nil
	case queued:
		err = fmt.Errorf("%w: %w", ErrPending, err)
	}
	return "", err
}

// advance delivers a draft here, once, and queues it for the log if the feed runs, and reports whether it is
// queued. It returns the position if the draft has one after all: only the answer was lost.
func (p *Partition) advance(d Draft, running bool) (pos string, queued bool) {
	at := p.Lock()
	defer at.Unlock()
	if pos, ok := p.ring.find(d.Tag); ok {
		return pos.String(), false
	}
	if d.isOrder() {
		p.receiver.Deliver(at, p.host.Prepare(Entry{Position: p.head.Position, Tag: d.Tag, Topic: d.Topic, Body: d.Body}))
	}
	bytes := len(d.Body)
	for _, e := range p.pending {
		if e.Tag == d.Tag {
			return "", true
		}
		bytes += len(e.Body)
	}
	if !running || len(p.pending) >= MaxPending || bytes > pendingBytes {
		return "", false
	}
	for _, sent := range p.unacknowledged.take(d.Topic, p.head.Position) {
		at.goAhead(sent.Draft, sent.at.Offset)
	}
	at.goAhead(d, 0)
	p.queued.Store(true)
	return "", true
}

// goAhead delivers a draft, which is at that offset or has none, before it comes back from the log.
func (at Held) goAhead(d Draft, offset uint64) {
	p := at.p
	if slices.ContainsFunc(p.pending, func(e pending) bool { return e.Tag == d.Tag }) {
		return
	}
	ev := p.host.Prepare(Entry{Position: Position{Offset: offset}, Tag: d.Tag, Topic: d.Topic, Body: d.Body, State: d.State})
	p.pending = append(p.pending, pending{Draft: d, event: ev, at: offset})
	if d.isOrder() {
		return
	}
	ev = ev.Placed(at.Place(d.Topic)) // which names it as well
	p.pending[len(p.pending)-1].event = ev
	p.receiver.Deliver(at, ev)
}

// logQueued appends the queued drafts to the logs of the link, as far as the log takes them.
func (l *link) logQueued(ctx context.Context) {
	for _, p := range l.parts {
		for d, waits := p.nextQueued(); waits; d, waits = p.nextQueued() {
			ctx, cancel := context.WithTimeout(ctx, logPatience)
			pos, err := l.feed.cfg.Log.Append(ctx, p.index, d)
			cancel()
			if err != nil {
				return
			}
			p.logged(d.Tag, pos)
		}
	}
}

// nextQueued is the first draft in the queue. When there is none, Publish need not queue either.
func (p *Partition) nextQueued() (d Draft, waits bool) {
	if !p.queued.Load() {
		return Draft{}, false
	}
	at := p.Lock()
	defer at.Unlock()
	for _, e := range p.pending {
		if e.at == 0 {
			return e.Draft, true
		}
	}
	p.queued.Store(false)
	return Draft{}, false
}

// logged notes that a draft has its position. If that is in another log, or passed already, nothing of it is to come.
func (p *Partition) logged(tag, pos string) {
	held := p.Lock()
	defer held.Unlock()
	at, _ := ParsePosition(pos)
	for i, e := range p.pending {
		switch {
		case e.Tag != tag:
		case at.Epoch != p.head.Epoch || at.Offset <= p.head.Offset: // of an older log, or of a newer one, which begins with its end
			held.dropPending(tag)
			if !e.isOrder() {
				held.settle(e.Topic)
			}
			return
		default:
			p.pending[i].at = at.Offset
		}
	}
}

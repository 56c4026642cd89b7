package hub

import (
	"context"
	"errors"
	"slices"
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
	"mstm/hub/fleet"
)

const (
	// replayEvents and replayBytes bound what one topic replays to one socket. A client that missed
	// more reads the state over REST, which is cheaper for both.
	replayEvents = 1024
	replayBytes  = 1 << 20
	// historyReach is how far below the ring a resume reads the stream, entries.
	historyReach = feed.StreamLength
	// aheadPatience is for the question whether the log has come to a position.
	aheadPatience = 3 * time.Second
)

// The user's sockets were ended while this socket said hello. A client whose token was checked after the order
// comes back with the token, which decides: see revocation.closeReason.
var (
	errEnded      = errors.New("hub: session ended during the check of its token")
	errEndedLater = errors.New("hub: an order to end the session has come late")
)

// The user has as many sockets as the cap allows: on this instance, or on all. The counts of the other
// instances are some seconds old.
var (
	errTooManySockets   = errors.New("hub: too many sockets of one user")
	errTooManyElsewhere = errors.New("hub: too many sockets of one user on all instances")
)

// join is one socket's wish to follow one topic.
type join struct {
	session *session
	topic   string
	since   string        // the place that the client came with, or ""
	known   feed.Position // where the partition was before the identity was checked (user topics)
	greet   bool          // send a ready frame for this topic before its events
	older   []feed.Event  // what was read from the stream, of this topic
	cover   feed.Span     // what older covers
	marks   []string      // of the pending events that the client has had; see seen.go
	ahead   bool          // the log reaches since, and this instance does not yet
	lead    []string      // the tags of the topic's entries between the two
}

// join makes the session a follower and queues the events that it missed, both in one step under the
// partition's lock, so that no event falls between. A join without since begins now: there is
// nothing to resume, and "resumed":false says so.
func (h *Hub) join(ctx context.Context, j join) (*follower, conn.Standing, error) {
	p := h.partitionOf(j.topic)
	if span := p.beyondRing(j.since); span.From < span.To {
		j.readOlder(ctx, h, p, span)
	}
	j.lookAhead(ctx, h, p)
	at := p.log.Lock()
	defer at.Unlock()
	if err := p.admit(at, &j); err != nil {
		return nil, conn.Standing{}, err
	}
	missed, after, resumed := j.missed(at)
	here := at.Head().Position
	st := conn.Standing{Pos: here.Shown(), Resumed: resumed}
	if resumed && after > here.Offset {
		st.Pos = feed.Position{Epoch: here.Epoch, Offset: after}.String()
	}
	var seen *seenPending
	if resumed {
		pending := at.Pending(j.topic, after)
		seen = newSeen(without(j.marks, pending))
		if after > here.Offset {
			seen = j.aheadOf(seen.all())
		}
		missed = append(missed, j.pending(pending, st.Pos)...)
	}
	st.Pos = feed.WithMarks(feed.WithMarks(st.Pos, at.Marks(j.topic)), seen.all())
	if j.greet {
		j.session.sendReady(j.topic, st)
	}
	j.session.replay(missed)
	h.countResume(j.since, resumed)
	return p.add(at, j.topic, j.session, after, seen), st, nil
}

func (h *Hub) countResume(since string, resumed bool) {
	switch {
	case since == "":
	case resumed:
		h.count.resumed.Add(1)
	default:
		h.count.notResumed.Add(1)
	}
}

// beyondRing is the span of the stream that a resume from since needs below the ring; empty: none.
func (p *partition) beyondRing(since string) (span feed.Span) {
	pos, _, ok := feed.ParsePlace(since)
	at := p.log.Lock()
	defer at.Unlock()
	head, floor := at.Head(), at.Floor()
	if !ok || pos.Epoch != head.Epoch || pos.Offset >= floor || floor-pos.Offset > historyReach {
		return feed.Span{}
	}
	return feed.Span{Epoch: head.Epoch, From: pos.Offset, To: floor}
}

// lookAhead asks the log about a client that is ahead of this instance: whether the log reaches the client's
// position, and which entries lie between. The log does not reach it if Redis lost its tail while no instance ran: other
// entries will get the offsets that the client has seen.
func (j *join) lookAhead(ctx context.Context, h *Hub, p *partition) {
	pos, _, ok := feed.ParsePlace(j.since)
	at := p.log.Head()
	if !ok || pos.Epoch != at.Epoch || pos.Offset <= at.Offset || pos.Offset-at.Offset > historyReach {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, aheadPatience)
	defer cancel()
	entries, ok := h.feed.History(ctx, p.index, feed.Span{Epoch: pos.Epoch, From: at.Offset, To: pos.Offset})
	for _, e := range entries {
		if e.Topic == j.topic {
			j.lead = append(j.lead, e.Tag)
		}
	}
	j.ahead = ok
}

// readOlder reads a span of the stream for a socket with a position older than the ring. If it
// cannot be read completely, the socket is not resumed.
func (j *join) readOlder(ctx context.Context, h *Hub, p *partition, span feed.Span) {
	entries, ok := h.feed.History(ctx, p.index, span)
	if !ok {
		return
	}
	for _, e := range entries {
		if e.Topic == j.topic {
			e.Epoch = span.Epoch
			j.older = append(j.older, newEvent(e))
		}
	}
	j.cover = span
}

// missed returns the events that the socket has missed, the offset behind which it follows, and
// whether the events are complete.
func (j *join) missed(at feed.Held) (events []*event, after uint64, resumed bool) {
	pos, marks, ok := feed.ParsePlace(j.since)
	head, floor := at.Head(), at.Floor()
	switch {
	case !ok || head.Epoch == "" || pos.Epoch != head.Epoch:
		return nil, head.Offset, false
	case pos.Offset > head.Offset && (!j.ahead || len(at.Pending(j.topic, head.Offset)) > 0): // the client may have had one of these
		return nil, head.Offset, false
	case pos.Offset > head.Offset:
		// Another instance is ahead of this one. The entries between are on their way here.
		j.marks = marks
		return nil, pos.Offset, true
	}
	newer := pos.Offset
	if pos.Offset < floor {
		if j.cover.Epoch != head.Epoch || j.cover.From != pos.Offset || j.cover.To < floor {
			return nil, head.Offset, false
		}
		newer = j.cover.To
	}
	ring := at.After(newer)
	events, fits := collect(j.topic, j.older, ring)
	if !fits {
		return nil, head.Offset, false
	}
	seen := newSeen(marks)
	events = seen.fresh(events, j.older, ring)
	j.marks = seen.all()
	return events, head.Offset, true
}

// collect picks the events of one topic, in order, but for state that a later one replaces,
// unless they are too many.
func collect(topic string, older, newer []feed.Event) (events []*event, fits bool) {
	bytes := 0
	var latest []*event // states
	for _, span := range [][]feed.Event{newer, older} {
		for _, next := range slices.Backward(span) {
			ev := next.(*event)
			if ev.topic != topic || ev.order != nil || slices.ContainsFunc(latest, func(l *event) bool { return l.Replaces(&ev.Event) }) {
				continue
			}
			if ev.Kind != "" {
				latest = append(latest, ev)
			}
			events = append(events, ev)
			bytes += len(ev.Frame)
			if len(events) > replayEvents || bytes > replayBytes {
				return nil, false
			}
		}
	}
	slices.Reverse(events)
	return events, true
}

// admit refuses a socket over the cap, and one whose token is no longer good.
func (p *partition) admit(at feed.Held, j *join) error {
	if shownTopic(j.topic) != ownTopic {
		return nil
	}
	if err := current(at, j.topic, j.known, j.session); err != nil {
		return err
	}
	here := 0
	if t := p.topics[j.topic]; t != nil {
		here = len(t.followers)
	}
	switch most := p.hub.cfg.MaxPerUser; {
	case most <= 0:
		return nil
	case here >= most:
		return errTooManySockets
	case here+p.hub.fleet.Elsewhere(fleet.Key{Topic: ownTopic, User: j.session.owner.identity().User}) >= most:
		return errTooManyElsewhere
	}
	return nil
}

// current refuses a socket whose identity was revoked after the check of its token, when the
// partition was at known: such an order is in the ring, or pending.
func current(at feed.Held, topic string, known feed.Position, s *session) error {
	if known.Epoch != at.Head().Epoch || known.Offset < at.Floor() {
		return ErrTryLater // the ring no longer has all orders since the check
	}
	id, since := s.owner.loggedIn()
	for _, next := range at.After(known.Offset) {
		ev := next.(*event)
		switch {
		case ev.order == nil || ev.topic != topic:
		case ev.order.renews(&id):
			return errEndedLater // with the token that it has by then
		case ev.order.concerns(&id):
			return ev.order.verdict(since)
		case ev.order.spares(&id):
			s.recheckLater()
		}
	}
	for _, next := range at.PendingOrders(topic) { // the check knew the orders from before it
		order := next.(*event).order
		switch {
		case since > order.AtMS:
		case order.renews(&id):
			return errEndedLater
		case order.concerns(&id):
			return errEnded
		}
	}
	return nil
}

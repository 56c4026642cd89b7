package hub

import (
	"context"
	"errors"
	"slices"

	"mstm/hub/fleet"
)

const (
	// replayEvents and replayBytes bound what one topic replays to one socket. Whoever missed
	// more reads the state over REST, which is cheaper for both.
	replayEvents = 1024
	replayBytes  = 1 << 20
	// historyReach is how far below the ring a resume reads the stream, entries.
	historyReach = streamLength
	// historyReaders is how many sockets read the stream at once, so that a storm of old
	// positions does not occupy Redis.
	historyReaders = 4
)

// The user's sockets were ended while this one was saying hello. A token that was found good after the order had been
// given is to be shown again, as closing says.
var (
	errEnded      = errors.New("hub: session ended meanwhile")
	errEndedLater = errors.New("hub: an order to end the session has come late")
)

// The user has as many sockets as one may have: here, or with those on other instances, some
// of which may have gone since they were told of.
var (
	errTooManySockets   = errors.New("hub: too many sockets of one user")
	errTooManyElsewhere = errors.New("hub: too many sockets of one user on all instances")
)

// join is one socket's wish to follow one topic.
type join struct {
	socket *socket
	topic  string
	since  string   // what the client has seen, or ""
	known  position // where the partition was before the identity was checked (user topics)
	greet  bool     // send a ready frame for this topic before its events
	older  []*event // what was read from the stream, of this topic
	cover  coverage // what older covers
	marks  []string // of what the client has had early; see place.go
	ahead  bool     // the log has come to since, though this instance has not
	lead   []string // the tags of what lies between, of this topic
}

// coverage is a span of the log that was read completely: (from, to] of epoch.
type coverage struct {
	epoch    string
	from, to uint64
}

// join makes the socket a follower and queues what it missed, both in one step under the
// partition's lock, so that no event falls between. since absent means from now on: there is
// nothing to resume, and "resumed":false says so.
func (h *Hub) join(ctx context.Context, j join) (*follower, standing, error) {
	p := h.partitionOf(j.topic)
	if from, to, epoch := p.beyondRing(j.since); from < to {
		j.readOlder(ctx, h, p, coverage{epoch, from, to})
	}
	j.lookAhead(ctx, h, p)
	p.mu.Lock()
	defer p.mu.Unlock()
	if err := p.admit(&j, h); err != nil {
		return nil, standing{}, err
	}
	missed, after, resumed := p.missed(&j)
	st := standing{Pos: p.here(), Resumed: resumed}
	if resumed && after > p.last {
		st.Pos = position{p.epoch, after}.String()
	}
	var heard *heardEarly
	if resumed {
		early := p.earlyOf(j.topic, after)
		heard = newHeard(without(j.marks, early))
		if after > p.last {
			heard = j.aheadOf(heard.all())
		}
		missed = append(missed, j.early(early, st.Pos)...)
	}
	st.Pos = with(with(st.Pos, p.earlyMarks(j.topic)), heard.all())
	if j.greet {
		j.socket.sendReady(j.topic, st)
	}
	j.socket.replay(missed)
	h.countResume(j.since, resumed)
	return p.add(j.topic, j.socket, after, heard), st, nil
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

// beyondRing tells which span of the stream a resume from since needs below the ring.
func (p *partition) beyondRing(since string) (from, to uint64, epoch string) {
	pos, _, ok := parsePlace(since)
	p.mu.Lock()
	defer p.mu.Unlock()
	if !ok || pos.epoch != p.epoch || pos.offset >= p.ring.floor || p.ring.floor-pos.offset > historyReach {
		return 0, 0, ""
	}
	return pos.offset, p.ring.floor, p.epoch
}

// lookAhead finds out whether the log has come to a position which this instance has not, and what lies between. It
// has not where Redis lost its tail and nobody was there to see that: others will be given the offsets that the client
// has seen.
func (j *join) lookAhead(ctx context.Context, h *Hub, p *partition) {
	pos, _, ok := parsePlace(j.since)
	at := p.at()
	if !ok || pos.epoch != at.epoch || pos.offset <= at.offset || pos.offset-at.offset > historyReach {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	entries, ok := h.readHistory(ctx, p, coverage{pos.epoch, at.offset, pos.offset})
	for _, e := range entries {
		if e.topic == j.topic {
			j.lead = append(j.lead, e.tag)
		}
	}
	j.ahead = ok
}

// readHistory reads a span of the stream for a socket. ok is false if it cannot be read completely.
func (h *Hub) readHistory(ctx context.Context, p *partition, span coverage) (entries []entry, ok bool) {
	select {
	case h.history <- struct{}{}:
		defer func() { <-h.history }()
	case <-ctx.Done():
		return nil, false
	}
	epoch, entries, err := h.readSpan(ctx, p, span.from+1, span.to)
	if err != nil || epoch != span.epoch || uint64(len(entries)) != span.to-span.from {
		return nil, false
	}
	return entries, true
}

// readOlder reads a span of the stream for a socket whose position is older than the ring.
// If it cannot be read completely, the socket is not resumed.
func (j *join) readOlder(ctx context.Context, h *Hub, p *partition, span coverage) {
	entries, ok := h.readHistory(ctx, p, span)
	if !ok {
		return
	}
	for _, e := range entries {
		if e.topic == j.topic {
			j.older = append(j.older, newEvent(span.epoch, e))
		}
	}
	j.cover = span
}

// missed tells what the socket has missed since its position, from which offset on it follows,
// and whether that is all. p.mu is held.
func (p *partition) missed(j *join) (events []*event, after uint64, resumed bool) {
	pos, marks, ok := parsePlace(j.since)
	switch {
	case !ok || p.epoch == "" || pos.epoch != p.epoch:
		return nil, p.last, false
	case pos.offset > p.last && (!j.ahead || len(p.earlyOf(j.topic, p.last)) > 0): // one of these it may have had
		return nil, p.last, false
	case pos.offset > p.last:
		// Another instance was ahead of this one. What lies between is on its way here.
		j.marks = marks
		return nil, pos.offset, true
	}
	newer := pos.offset
	if pos.offset < p.ring.floor {
		if j.cover.epoch != p.epoch || j.cover.from != pos.offset || j.cover.to < p.ring.floor {
			return nil, p.last, false
		}
		newer = j.cover.to
	}
	ring := p.ring.after(newer)
	events, fits := collect(j.topic, j.older, ring)
	if !fits {
		return nil, p.last, false
	}
	heard := newHeard(marks)
	events = heard.fresh(events, j.older, ring)
	j.marks = heard.all()
	return events, p.last, true
}

// collect picks the events of one topic, in order, but for state that a later one replaces,
// unless they are too many.
func collect(topic string, older, newer []*event) (events []*event, fits bool) {
	bytes := 0
	var latest []*event // states
	for _, span := range [][]*event{newer, older} {
		for _, ev := range slices.Backward(span) {
			if ev.topic != topic || ev.ending != nil || slices.ContainsFunc(latest, func(l *event) bool { return l.replaces(ev) }) {
				continue
			}
			if ev.kind != "" {
				latest = append(latest, ev)
			}
			events = append(events, ev)
			bytes += len(ev.frame)
			if len(events) > replayEvents || bytes > replayBytes {
				return nil, false
			}
		}
	}
	slices.Reverse(events)
	return events, true
}

// admit refuses a socket that came over the cap or whose session is no longer current. p.mu is
// held.
func (p *partition) admit(j *join, h *Hub) error {
	if shownTopic(j.topic) != ownTopic {
		return nil
	}
	if err := p.current(j.topic, j.known, j.socket); err != nil {
		return err
	}
	here := 0
	if t := p.topics[j.topic]; t != nil {
		here = len(t.followers)
	}
	switch most := h.cfg.MaxPerUser; {
	case most <= 0:
		return nil
	case here >= most:
		return errTooManySockets
	case here+h.fleet.Elsewhere(fleet.Key{Topic: ownTopic, User: j.socket.who().User}) >= most:
		return errTooManyElsewhere
	}
	return nil
}

// current refuses a socket whose identity was ended between the check of its token, when the
// partition was at known, and now: such an order is in the ring, or stands in line. p.mu is held.
func (p *partition) current(topic string, known position, s *socket) error {
	if known.epoch != p.epoch || known.offset < p.ring.floor {
		return ErrTryLater // too much happened meanwhile to be sure
	}
	id, since := s.loggedIn()
	for _, ev := range p.ring.after(known.offset) {
		switch {
		case ev.ending == nil || ev.topic != topic:
		case ev.ending.renews(&id):
			return errEndedLater // with the token that it has by then
		case ev.ending.concerns(&id):
			return ev.ending.verdict(since)
		case ev.ending.spares(&id):
			s.askLater()
		}
	}
	for _, e := range p.early { // those that were given before the check had no say in it
		order := e.ev.ending
		switch {
		case order == nil || e.topic != topic || since > order.AtMS:
		case order.renews(&id):
			return errEndedLater
		case order.concerns(&id):
			return errEnded
		}
	}
	return nil
}

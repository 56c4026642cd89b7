package hub

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"slices"
)

// While Redis does not answer, or takes no writes, an event reaches the pages of this instance at once, with a place that names it,
// after those that were sent before it and are not heard yet, and stands in line for the log. Who resumes here meanwhile
// has it after what was missed. When Redis is back the feeder appends it: the other instances hear it then. Here
// everybody is told to read the state, which gives them a position to come back with. What stands in line is gone if this instance dies:
// who has to be sure publishes again, under the same Once.

// draft is an event, or an order to end sockets, that has no place in a log yet.
type draft struct {
	topic, body, once, tag string
	state                  state
}

// early is a draft that the followers here have had before the log, or did not need: whoever comes while it is early
// and is resumed is given it, and who is not reads the state.
type early struct {
	draft
	ev *event // as they have it; one that is an order to end has been obeyed
	at uint64 // its offset, if it is in the log and on its way here
}

// What may stand in line for one partition. Beyond it an event is only refused.
const (
	earlyEvents = 256
	earlyBytes  = 256 << 10
)

// ErrInLine: Redis has not taken the event, which the pages of this instance have, and stands in line. To publish it
// again without a Once would double it.
var ErrInLine = errors.New("hub: stands in line for Redis")

// errBehind: others of the partition stand in line, which go first.
var errBehind = errors.New("hub: earlier events wait for Redis")

// tagOf is the same for every try to publish under one Once, whoever makes it.
func tagOf(once string) string {
	if once == "" {
		return newTag()
	}
	sum := sha256.Sum256([]byte(once))
	return base64.RawURLEncoding.EncodeToString(sum[:9])
}

// publish appends a draft to its log, or, if that cannot be done now, gives it to the followers here
// and returns why.
func (h *Hub) publish(ctx context.Context, d draft) (pos string, err error) {
	p := h.partitionOf(d.topic)
	if err = errBehind; !p.line.Load() {
		if pos, err = h.append(ctx, p, d); err == nil {
			p.unheard.add(d, pos, p.heard.Load())
			return pos, nil
		}
	}
	at, stands := p.advance(d, h.running.Load())
	switch {
	case at != "":
		return at, nil
	case stands:
		err = fmt.Errorf("%w: %w", ErrInLine, err)
	}
	return "", err
}

// advance gives a draft to the followers here, once, and puts it in line, if there will be somebody to take
// it from there, and reports whether it stands. It returns the position if the draft has one after all: only the
// answer was lost.
func (p *partition) advance(d draft, running bool) (at string, stands bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if pos, ok := p.ring.find(d.tag); ok {
		return pos.String(), false
	}
	order, ends := parseEnding(d.body)
	if ends {
		p.obey(d.topic, position{p.epoch, p.last}, order)
	}
	bytes := len(d.body)
	for _, e := range p.early {
		if e.tag == d.tag {
			return "", true
		}
		bytes += len(e.body)
	}
	if !running || len(p.early) >= earlyEvents || bytes > earlyBytes {
		return "", false
	}
	for _, sent := range p.unheard.take(d.topic, position{p.epoch, p.last}) {
		p.goAhead(sent.draft, sent.at.offset)
	}
	p.goAhead(d, 0)
	p.line.Store(true)
	return "", true
}

// goAhead gives a draft, which is at that offset or has none, to the followers here before it is heard.
// p.mu is held.
func (p *partition) goAhead(d draft, at uint64) {
	if slices.ContainsFunc(p.early, func(e early) bool { return e.tag == d.tag }) {
		return
	}
	ev := newEvent("", entry{offset: at, tag: d.tag, topic: d.topic, body: d.body, state: d.state})
	p.early = append(p.early, early{draft: d, ev: ev, at: at})
	if ev.ending == nil {
		ev = ev.placed(p.place(d.topic))
		p.early[len(p.early)-1].ev = ev
	}
	if t := p.topics[d.topic]; t != nil && ev.ending == nil {
		t.fanOut(ev)
	}
}

// earlyOf is what of a topic is early for somebody who has had the log up to after. p.mu is held.
func (p *partition) earlyOf(topic string, after uint64) (events []*event) {
	for _, e := range p.early {
		if e.topic == topic && e.ev.ending == nil && (e.at == 0 || e.at > after) {
			events = append(events, e.ev)
		}
	}
	return events
}

// logEarly appends what stands in line to the logs of the link, as far as Redis takes it.
func (l *link) logEarly(ctx context.Context) {
	for _, p := range l.partitions {
		for d, waits := p.next(); waits; d, waits = p.next() {
			ctx, cancel := context.WithTimeout(ctx, redisPatience)
			pos, err := l.hub.append(ctx, p, d)
			cancel()
			if err != nil {
				return
			}
			p.logged(d.tag, pos)
		}
	}
}

// next is the first that stands in line. When there is none, Publish need not stand there either.
func (p *partition) next() (d draft, waits bool) {
	if !p.line.Load() {
		return draft{}, false
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, e := range p.early {
		if e.at == 0 {
			return e.draft, true
		}
	}
	p.line.Store(false)
	return draft{}, false
}

// logged notes that a draft has its place. If that is in another log, or passed already, nothing of it is to come.
func (p *partition) logged(tag, pos string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	at, _ := parsePosition(pos)
	for i, e := range p.early {
		switch {
		case e.tag != tag:
		case at.epoch != p.epoch || at.offset <= p.last: // of an older log, or of a newer one, which begins with its end
			p.arrived(tag)
			if e.ev.ending == nil {
				p.settle(e.topic)
			}
			return
		default:
			p.early[i].at = at.offset
		}
	}
}

// arrived takes an entry of the log out of what was early, and reports whether it was. p.mu is held.
func (p *partition) arrived(tag string) (was bool) {
	before := len(p.early)
	p.early = slices.DeleteFunc(p.early, func(e early) bool { return e.tag == tag })
	was = len(p.early) < before
	// Redis lost the tail of a log in which those were whose offsets others have.
	p.early = slices.DeleteFunc(p.early, func(e early) bool { return e.at > 0 && e.at <= p.last })
	return was
}

// settle gives those who have had events of a topic early a position that covers them, with the last. p.mu
// is held.
func (p *partition) settle(name string) {
	t := p.topics[name]
	if t == nil || len(p.earlyOf(name, p.last)) > 0 {
		return
	}
	for _, f := range t.followers {
		f.socket.sendReady(name, standing{Pos: p.placeOf(f), Resumed: false})
	}
}

// forgetLogged is for when the log has lost continuity: what is in it, or was, does not come any more, and
// everybody reads the state. p.mu is held.
func (p *partition) forgetLogged() {
	p.early = slices.DeleteFunc(p.early, func(e early) bool {
		_, found := p.ring.find(e.tag)
		return found || e.at > 0
	})
}

package conn

import (
	"slices"
	"sync"
)

// Lane is where an event waits for a socket that cannot be written to yet. The own lane holds
// what concerns the socket's learner alone, and the answers; the shared lane what is for
// all. The own lane goes first, and each keeps its order: a topic lies in one lane.
//
// What a lane cannot hold is never left out in silence. An older state gives way to a newer one
// of the same topic, whose position covers it. A full own lane ends the socket
// with 4100: it comes back with its position. A full shared lane is emptied, and for each topic in it
// one ready says "resumed":false: the page reads that state again, keeps its socket and gets its own
// events in the meantime.
type Lane uint8

// The lanes.
const (
	Own Lane = iota
	Shared
)

const (
	laneEvents = 256       // events that may wait in a lane
	ownBytes   = 128 << 10 // bytes likewise; a single event may be larger
	shareBytes = 64 << 10
)

// queue is all that waits for one socket. A socket at rest has none.
type queue struct {
	lanes [2]waiting
	last  *Event // the close frame, after everything
}

// waiting is one lane.
type waiting struct {
	events   []*Event
	bytes    int
	replayed int // events that do not count against the limit
}

var queues = sync.Pool{New: func() any { return new(queue) }}

// free gives an empty queue back.
func (q *queue) free() {
	for i := range q.lanes {
		events := q.lanes[i].events
		if cap(events) > 16 {
			events = nil
		}
		q.lanes[i] = waiting{events: events[:0]}
	}
	queues.Put(q)
}

func (q *queue) empty() bool {
	return len(q.lanes[Own].events) == 0 && len(q.lanes[Shared].events) == 0 && q.last == nil
}

// answersOnly takes out what is of a topic. Before ready no page may get any: the page would take the event's place for
// its own, and not know that it has missed what was before.
func (q *queue) answersOnly() {
	for i := range q.lanes {
		l := &q.lanes[i]
		l.events = slices.DeleteFunc(l.events, func(ev *Event) bool { return ev.Topic != "" })
	}
}

// next is the lane that goes first. What is only the close frame goes like the learner's own.
func (q *queue) next() Lane {
	if len(q.lanes[Own].events) == 0 && q.last == nil {
		return Shared
	}
	return Own
}

// take moves frames of at most limit bytes (or one larger) into to.
func (q *queue) take(to [][]byte, limit int) [][]byte {
	for i := range q.lanes {
		l := &q.lanes[i]
		n, bytes := 0, 0
		for _, ev := range l.events {
			if len(to) > 0 && len(ev.Frame) > limit {
				break
			}
			to = append(to, ev.Frame)
			limit -= len(ev.Frame)
			bytes += ev.size()
			n++
		}
		l.events = slices.Delete(l.events, 0, n)
		l.bytes -= bytes
		l.replayed = max(0, l.replayed-n)
		if len(l.events) > 0 {
			return to
		}
	}
	if q.last != nil {
		to, q.last = append(to, q.last.Frame), nil
	}
	return to
}

// fits reports whether ev is not too much.
func (l *waiting) fits(ev *Event, bytes int) bool {
	n := len(l.events) - l.replayed
	return n < laneEvents && (n <= 0 || l.replayed > 0 || l.bytes+ev.size() <= bytes)
}

func (l *waiting) put(ev *Event) {
	l.events = append(l.events, ev)
	l.bytes += ev.size()
}

// yield takes out the older state that ev replaces and reports how much that was.
func (l *waiting) yield(ev *Event) (gone int) {
	if ev.Kind == "" {
		return 0
	}
	at := 0
	l.events = slices.DeleteFunc(l.events, func(old *Event) bool {
		at++
		if !ev.Replaces(old) {
			return false
		}
		gone++
		l.bytes -= old.size()
		if at <= l.replayed {
			l.replayed--
			at--
		}
		return true
	})
	return gone
}

// newest is the last event of each topic that waits here or is ev.
func (l *waiting) newest(ev *Event) (newest []*Event) {
	for _, e := range slices.Backward(append(slices.Clone(l.events), ev)) {
		if !slices.ContainsFunc(newest, func(n *Event) bool { return n.Topic == e.Topic }) {
			newest = append(newest, e)
		}
	}
	return newest
}

package feed

import (
	"slices"
	"sync"
	"sync/atomic"
)

// Partition is this instance's copy of one partition: how far it has come, its newest events and the pending ones.
type Partition struct {
	index    int
	name     string
	host     Host
	receiver Receiver

	mu      sync.Mutex // see Held
	head    Head       // its epoch is "" until the first contact with the log
	ring    ring
	pending []pending

	// Both are read without mu, which is held for a while when a topic has many followers.
	queued  atomic.Bool // some of pending may not be in the log
	reached atomic.Pointer[Position]

	unacknowledged unacknowledged
}

// Held is a partition whose lock is held. It is valid until Unlock.
type Held struct{ p *Partition }

// Lock waits for the partition's lock.
func (p *Partition) Lock() Held {
	p.mu.Lock()
	return Held{p}
}

// Unlock ends the validity of at.
func (at Held) Unlock() { at.p.mu.Unlock() }

// Head is how far this instance has come.
func (p *Partition) Head() Head {
	at := p.Lock()
	defer at.Unlock()
	return at.Head()
}

// Head is how far this instance has come.
func (at Held) Head() Head { return at.p.head }

// Floor is the offset behind which After has all events.
func (at Held) Floor() uint64 { return at.p.ring.floor }

// After returns the events behind offset, which is at least Floor.
func (at Held) After(offset uint64) []Event { return at.p.ring.after(offset) }

// Place is the place of a follower that has had all there is here of a topic.
func (at Held) Place(topic string) string {
	return WithMarks(at.p.head.Shown(), at.Marks(topic))
}

// Marks are the marks of a topic's pending events.
func (at Held) Marks(topic string) (marks []string) {
	for _, e := range at.p.pending {
		if e.Topic == topic && !e.isOrder() {
			marks = append(marks, Mark(e.Tag))
		}
	}
	return marks
}

// Pending is what of a topic is pending for a follower that has had the log up to after.
func (at Held) Pending(topic string, after uint64) (events []Event) {
	for _, e := range at.p.pending {
		if e.Topic == topic && !e.isOrder() && (e.at == 0 || e.at > after) {
			events = append(events, e.event)
		}
	}
	return events
}

// PendingOrders are the pending orders of a topic.
func (at Held) PendingOrders(topic string) (orders []Event) {
	for _, e := range at.p.pending {
		if e.Topic == topic && e.isOrder() {
			orders = append(orders, e.event)
		}
	}
	return orders
}

// PendingCount is how many events of the partition are pending.
func (at Held) PendingCount() int { return len(at.p.pending) }

// Deliver moves the partition to e, which is the next entry, and hands it to the receiver. It reports
// how many followers took it. The link calls it; a hub without a log can be driven by it.
func (p *Partition) Deliver(e Entry) int {
	ev := p.host.Prepare(e)
	pos, tag := ev.At()
	at := p.Lock()
	defer at.Unlock()
	p.head = Head{*pos, tag}
	p.reached.Store(pos)
	p.ring.push(ev)
	was, order := at.dropPending(tag), isOrder(e.Body)
	switch {
	case was && !order:
		at.settle(e.Topic)
		return 0
	case len(p.pending) > 0 && !order: // its position does not cover those
		ev = ev.Placed(at.Place(e.Topic))
	}
	return p.receiver.Deliver(at, ev)
}

// Restart puts the partition at the end of another log (or past a hole that cannot be filled),
// with its latest entries, and lets every follower read the state again. It reports how many there are.
func (p *Partition) Restart(head Head, latest []Entry) (followers int) {
	var events []Event
	for _, e := range latest {
		events = append(events, p.host.Prepare(e))
	}
	at := p.Lock()
	defer at.Unlock()
	p.head = head
	p.reached.Store(&head.Position)
	p.ring.restart(head.Offset - uint64(len(events)))
	for _, ev := range events {
		p.ring.push(ev)
	}
	at.dropLogged()
	return p.receiver.Restart(at)
}

// settle gives the followers that have had pending events of a topic a position that covers them, with the last.
func (at Held) settle(topic string) {
	if len(at.Pending(topic, at.p.head.Offset)) == 0 {
		at.p.receiver.Settle(at, topic)
	}
}

// dropPending takes an entry of the log out of what is pending, and reports whether it was.
func (at Held) dropPending(tag string) (was bool) {
	p := at.p
	if len(p.pending) == 0 {
		return false
	}
	before := len(p.pending)
	p.pending = slices.DeleteFunc(p.pending, func(e pending) bool { return e.Tag == tag })
	was = len(p.pending) < before
	// The log lost its tail: the offsets of these belong to other entries now.
	p.pending = slices.DeleteFunc(p.pending, func(e pending) bool { return e.at > 0 && e.at <= p.head.Offset })
	return was
}

// dropLogged is for a log that has lost continuity: its entries do not come any more, and every follower reads
// the state.
func (at Held) dropLogged() {
	p := at.p
	p.pending = slices.DeleteFunc(p.pending, func(e pending) bool {
		_, found := p.ring.find(e.Tag)
		return found || e.at > 0
	})
}

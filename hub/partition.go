package hub

import (
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mstm/hub/fleet"
)

// partition is this instance's copy of one partition: how far it has come, what was last in
// it, and who here follows its topics.
type partition struct {
	name, channel   string
	slot            string        // begins every key and channel of one Cluster slot
	meta, log, once string        // Redis keys, in one Cluster slot
	fleet           *fleet.Fleet  // counts the followers
	ttl             time.Duration // of the log after its last event

	mu     sync.Mutex
	epoch  string // "" until the first contact with Redis
	last   uint64
	tag    string // of the last entry
	ring   ring
	topics map[string]*topic
	early  []early
	line   atomic.Bool // some of early may not be in the log; read without mu, which is held for a while when many hear

	unheard unheard
	heard   atomic.Pointer[position] // of the last entry, to be read without mu; nil until there is one
}

// topic is one topic with followers on this instance.
type topic struct {
	name      string
	followers []*follower
}

// follower is one socket in one topic. It takes nothing at or below after.
type follower struct {
	socket *socket
	topic  *topic
	at     int // index in topic.followers
	after  uint64
	heard  *heardEarly // nil: nothing
}

const (
	// streamLength is how many events a partition keeps in Redis ("MAXLEN ~", so a little more).
	// A cart event may weigh tens of KiB: this bounds what carts cost to some hundred MiB.
	streamLength = 4096
	userTTL      = 7 * 24 * time.Hour
	sharedTTL    = 24 * time.Hour
)

func newPartitions(prefix string, count *fleet.Fleet) []*partition {
	var all []*partition
	add := func(name string, ttl time.Duration) {
		slot := fmt.Sprintf("%s:hub:{%s}:", prefix, name)
		all = append(all, &partition{
			name: name, ttl: ttl, slot: slot, channel: slot + "live",
			meta: slot + "meta", log: slot + "log", once: slot + "once:",
			topics: map[string]*topic{}, fleet: count,
		})
	}
	add("activity", sharedTTL)
	add("desk", sharedTTL)
	for i := range coursePartitions {
		add(fmt.Sprintf("course%02d", i), sharedTTL)
	}
	for i := range userPartitions {
		add(fmt.Sprintf("user%02d", i), userTTL)
	}
	return all
}

func (h *Hub) partitionOf(topic string) *partition { return h.partitions[partitionIndex(topic)] }

// Position is how far this instance has come in a topic, for REST answers: read it before the
// data, and a page that shows the data and follows from this position misses nothing. Empty
// until the first contact with Redis.
func (h *Hub) Position(topic string) string {
	p := h.partitionOf(topic)
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.place(topic)
}

// here is the partition's position as clients see it. p.mu is held.
func (p *partition) here() string { return position{p.epoch, p.last}.shown() }

// deliver moves the partition to e, which is the next entry of epoch, and hands it to the
// followers. It reports how many took it.
func (p *partition) deliver(epoch string, e entry) int {
	ev := newEvent(epoch, e)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.last, p.tag = ev.pos.offset, ev.tag
	p.heard.Store(&ev.pos)
	p.ring.push(ev)
	had := p.arrived(ev.tag)
	if ev.ending != nil {
		p.obey(ev.topic, ev.pos, ev.ending)
		return 0
	}
	t := p.topics[ev.topic]
	if t == nil {
		return 0
	}
	if had {
		p.settle(ev.topic)
		return 0
	}
	if len(p.early) > 0 { // its position does not cover those
		ev = ev.placed(p.place(ev.topic))
	}
	return t.fanOut(ev)
}

// fanOut queues ev for every follower but those that have had it; sockets that were at rest go to the
// writers in batches, so that the first are written to while the last are being queued.
func (t *topic) fanOut(ev *event) (taken int) {
	batch := wakeBatch{lane: ev.lane}
	for _, f := range t.followers {
		if ev.pos.offset > 0 && ev.pos.offset <= f.after {
			continue
		}
		mine := ev
		if f.heard != nil {
			if mine = f.pass(ev); mine == nil {
				continue
			}
		}
		call, ok := f.socket.queue(mine)
		if ok {
			taken++
		}
		batch.add(f.socket, call)
	}
	batch.flush()
	return taken
}

// restart puts the partition at the end of another log (or past a hole that cannot be filled),
// with what is known of its latest entries, and tells every follower to read the state again.
// It reports how many were told.
func (p *partition) restart(at head, latest []*event) (told int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.epoch, p.last, p.tag = at.epoch, at.offset, at.tag
	p.heard.Store(&at.position)
	p.ring.restart(at.offset - uint64(len(latest)))
	for _, ev := range latest {
		p.ring.push(ev)
	}
	p.forgetLogged()
	for _, t := range p.topics {
		for _, f := range t.followers {
			f.after, f.heard = 0, newHeard(f.heard.all())
			f.socket.sendReady(t.name, standing{Pos: p.placeOf(f), Resumed: false})
			told++
		}
	}
	return told
}

// at is how far this instance has come.
func (p *partition) at() head {
	p.mu.Lock()
	defer p.mu.Unlock()
	return head{position{p.epoch, p.last}, p.tag}
}

// add makes s a follower. p.mu is held.
func (p *partition) add(name string, s *socket, after uint64, heard *heardEarly) *follower {
	t := p.topics[name]
	if t == nil {
		t = &topic{name: name}
		p.topics[name] = t
	}
	f := &follower{socket: s, topic: t, at: len(t.followers), after: after, heard: heard}
	t.followers = append(t.followers, f)
	p.fleet.Add(f.key(), 1)
	return f
}

// remove ends f's following.
func (p *partition) remove(f *follower) {
	p.mu.Lock()
	defer p.mu.Unlock()
	t := f.topic
	end := len(t.followers) - 1
	t.followers[f.at] = t.followers[end]
	t.followers[f.at].at = f.at
	t.followers[end] = nil
	t.followers = t.followers[:end]
	if end == 0 {
		delete(p.topics, t.name)
	}
	p.fleet.Add(f.key(), -1)
}

// key is where f counts. A socket's user changes only by a login, which moves what it follows.
func (f *follower) key() fleet.Key {
	return fleet.Key{Topic: shownTopic(f.topic.name), User: f.socket.who().User}
}

package hub

import (
	"fmt"
	"time"

	"mstm/hub/conn"
	"mstm/hub/feed"
	"mstm/hub/fleet"
)

// partition holds the followers of one partition's topics on this instance. It is the feed's Receiver: the
// feed's lock of the partition guards topics and all below.
type partition struct {
	hub    *Hub
	index  int
	log    *feed.Partition
	topics map[string]*topic
}

// topic is one topic with followers on this instance.
type topic struct {
	name      string
	followers []*follower
}

// follower is one session in one topic. It takes nothing at or below after.
type follower struct {
	session *session
	topic   *topic
	at      int // index in topic.followers
	after   uint64
	seen    *seenPending // nil: nothing
}

const (
	userTTL   = 7 * 24 * time.Hour
	sharedTTL = 24 * time.Hour
)

// partitionSpecs describes the partitions in the order of partitionIndex. Learners' partitions and the shared topics'
// have separate links, so that a payment overtakes a marketing flood.
func partitionSpecs() (specs []feed.Spec) {
	add := func(name, link string, ttl time.Duration) {
		specs = append(specs, feed.Spec{Name: name, TTL: ttl, Link: link})
	}
	add("activity", "shared", sharedTTL)
	add("desk", "shared", sharedTTL)
	for i := range coursePartitions {
		add(fmt.Sprintf("course%02d", i), "shared", sharedTTL)
	}
	for i := range userPartitions {
		add(fmt.Sprintf("user%02d", i), "users", userTTL)
	}
	return specs
}

// newFeed makes the hub's feed and its partitions.
func newFeed(h *Hub) *feed.Feed {
	specs := partitionSpecs()
	receivers := make([]feed.Receiver, len(specs))
	for i := range specs {
		p := &partition{hub: h, index: i, topics: map[string]*topic{}}
		h.partitions = append(h.partitions, p)
		receivers[i] = p
	}
	engine := feed.NewRedis(h.cfg.Redis, h.cfg.Prefix, h.instance, specs)
	f := feed.New(feed.Config{
		Log: engine, Channel: engine, LinkEach: engine.IsCluster(),
		Host: host{h}, Specs: specs, Receivers: receivers, Logger: h.log,
	})
	for i, p := range h.partitions {
		p.log = f.Partition(i)
	}
	return f
}

// host is the hub as its feed sees it.
type host struct{ hub *Hub }

// Prepare implements feed.Host.
func (host) Prepare(e feed.Entry) feed.Event { return newEvent(e) }

// Drain implements feed.Host.
func (h host) Drain(topic string) { h.hub.conns.Drain(laneOf(topic)) }

// TakeNote implements feed.Host.
func (h host) TakeNote(part int, note string) {
	if !h.hub.takeRecheckNote(h.hub.partitions[part], note) {
		h.hub.log.Warn("hub got a message it cannot read", "partition", partitionSpecs()[part].Name, "bytes", len(note))
	}
}

func (h *Hub) partitionOf(topic string) *partition { return h.partitions[partitionIndex(topic)] }

// Position is how far this instance has come in a topic, for REST answers: read it before the
// data, and a page that shows the data and follows from this position misses nothing. Empty
// until the first contact with Redis.
func (h *Hub) Position(topic string) string {
	at := h.partitionOf(topic).log.Lock()
	defer at.Unlock()
	return at.Place(topic)
}

// Deliver implements feed.Receiver: an order is obeyed, an event is queued for the followers of its topic.
func (p *partition) Deliver(at feed.Held, next feed.Event) (taken int) {
	ev := next.(*event)
	if ev.order != nil {
		p.obey(at, ev.topic, ev.pos, ev.order)
		return 0
	}
	if t := p.topics[ev.topic]; t != nil {
		return t.fanOut(ev)
	}
	return 0
}

// Settle implements feed.Receiver: followers that have had pending events get a position that covers them.
func (p *partition) Settle(at feed.Held, name string) {
	t := p.topics[name]
	if t == nil {
		return
	}
	for _, f := range t.followers {
		f.session.sendReady(name, conn.Standing{Pos: f.place(at), Resumed: false})
	}
}

// Restart implements feed.Receiver: every follower is asked to read the state. An order to end sockets may be lost with
// the log, so all tokens are asked about.
func (p *partition) Restart(at feed.Held) (followers int) {
	for _, t := range p.topics {
		for _, f := range t.followers {
			f.after, f.seen = 0, newSeen(f.seen.all())
			f.session.sendReady(t.name, conn.Standing{Pos: f.place(at), Resumed: false})
			followers++
		}
	}
	if followers > 0 {
		p.hub.recheckAll()
	}
	return followers
}

// fanOut queues ev for every follower but those that have had it; sockets that were at rest go to the
// writers in batches, so that the first are written to while the last are being queued.
func (t *topic) fanOut(ev *event) (taken int) {
	batch := conn.Batch{Lane: ev.Lane}
	for _, f := range t.followers {
		if ev.pos.Offset > 0 && ev.pos.Offset <= f.after {
			continue
		}
		if t.name == Desk && !f.session.sees(ev) {
			continue
		}
		mine := ev
		if f.seen != nil {
			if mine = f.pass(ev); mine == nil {
				continue
			}
		}
		if batch.Offer(&f.session.socket, &mine.Event) {
			taken++
		}
	}
	batch.Flush()
	return taken
}

// add makes s a follower of a topic.
func (p *partition) add(_ feed.Held, name string, s *session, after uint64, seen *seenPending) *follower {
	t := p.topics[name]
	if t == nil {
		t = &topic{name: name}
		p.topics[name] = t
	}
	f := &follower{session: s, topic: t, at: len(t.followers), after: after, seen: seen}
	t.followers = append(t.followers, f)
	p.hub.fleet.Add(f.key(), 1)
	return f
}

// remove ends f's following.
func (p *partition) remove(f *follower) {
	at := p.log.Lock()
	defer at.Unlock()
	t := f.topic
	end := len(t.followers) - 1
	t.followers[f.at] = t.followers[end]
	t.followers[f.at].at = f.at
	t.followers[end] = nil
	t.followers = t.followers[:end]
	if end == 0 {
		delete(p.topics, t.name)
	}
	p.hub.fleet.Add(f.key(), -1)
}

// key is the presence key of f. A session's user changes only by a login, which moves its counts.
func (f *follower) key() fleet.Key {
	return fleet.Key{Topic: shownTopic(f.topic.name), User: f.session.owner.identity().User}
}

package hub

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
)

// link brings some of the partitions from Redis to this instance: a subscription, the feeder
// that moves them forward, and how well it hears. There are two, so that what concerns one
// learner never queues behind what is for everybody. On a Cluster each partition has its own:
// its channel lives where its slot does, and a node that is down holds up nobody else's.
type link struct {
	hub        *Hub
	name       string // for the log
	partitions []*partition

	echo     string // the channel of this instance's own echoes
	messages chan *redis.Message
	compare  chan struct{}                      // asks the feeder to compare heads now
	heard    atomic.Uint64                      // messages, confirmations and echoes received
	begun    atomic.Bool                        // the present subscription has brought something
	cut      atomic.Pointer[context.CancelFunc] // ends the present subscription
	inSync   atomic.Int64                       // Unix milliseconds of the last complete comparison

	// The feeder's.
	deaf     int    // comparisons that Redis answered since the link last brought anything
	heardAt  uint64 // heard at the last comparison
	away     bool   // Redis did not answer the last comparison
	fed      int    // entries moved since the writers last caught up
	fedBytes int    // of theirs
}

const (
	linkBuffer  = 4096     // messages between receiver and feeder
	readBatch   = 256      // entries of the stream read at a time
	pace        = 64       // entries fed before the writers catch up; well below laneEvents
	paceBytes   = 16 << 10 // bytes likewise; well below shareBytes
	warmEntries = 256      // entries of the stream taken into an empty ring
	deafAfter   = 3        // comparisons without an echo
	beginAfter  = 15       // likewise, of a subscription that has brought nothing yet
	// redisPatience is for one step of the feeder.
	redisPatience = 3 * time.Second
	behindAfter   = 3 * time.Second
)

// newLinks makes a link for the learners' partitions and one for the shared topics', or one for
// each partition.
func newLinks(h *Hub) []*link {
	var all []*link
	add := func(name string, of []*partition) {
		all = append(all, &link{
			hub: h, name: name, partitions: of, echo: of[0].slot + "echo:" + h.instance,
			messages: make(chan *redis.Message, linkBuffer), compare: make(chan struct{}, 1),
		})
	}
	if h.sharded {
		for i, p := range h.partitions {
			add(p.name, h.partitions[i:i+1])
		}
		return all
	}
	add("users", h.partitions[firstUserPartition:])
	add("shared", h.partitions[:firstUserPartition])
	return all
}

// Healthy tells whether this instance is up to date with Redis: nil, or why it is not to be
// given new sockets.
func (h *Hub) Healthy() error {
	for _, l := range h.links {
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

// receive keeps a subscription to the link's partitions until ctx ends. It never waits for the
// feeder: what does not fit is dropped, counted and found again as a hole.
func (l *link) receive(ctx context.Context) {
	const least, most = 20 * time.Millisecond, 500 * time.Millisecond
	pause := least
	for {
		heard := l.heard.Load()
		err := l.subscribe(ctx)
		if ctx.Err() != nil {
			return
		}
		if l.heard.Load() != heard {
			pause = least
		}
		if pause == least { // one line for each loss, not for each attempt
			l.hub.log.Info("hub lost its subscription", "link", l.name, "err", err)
			l.hub.count.linksLost.Add(1)
		}
		if cluster, ok := l.hub.cfg.Redis.(*redis.ClusterClient); ok {
			cluster.ReloadState(ctx) // the slot may have another owner
		}
		wait(ctx, pause)
		pause = min(2*pause, most)
	}
}

// errMoved: a Cluster's node has given the slot of the channel away and sends nothing more.
var errMoved = errors.New("hub: the slot has moved")

// subscribe holds one subscription until it fails, is found deaf, or ctx ends.
func (l *link) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.begun.Store(false)
	l.cut.Store(&cancel)
	open := l.hub.cfg.Redis.Subscribe
	if l.hub.sharded {
		open = l.hub.cfg.Redis.SSubscribe
	}
	sub := open(ctx, l.channels()...)
	// Receive does not watch ctx while it waits: closing is what wakes it.
	stop := context.AfterFunc(ctx, func() { sub.Close() })
	defer func() {
		if stop() {
			sub.Close()
		}
	}()
	for {
		got, err := sub.Receive(ctx)
		if err != nil {
			return err
		}
		if s, ok := got.(*redis.Subscription); ok && s.Kind == "sunsubscribe" {
			return errMoved
		}
		l.hear(got)
	}
}

func (l *link) channels() []string {
	names := []string{l.echo}
	for _, p := range l.partitions {
		names = append(names, p.channel)
	}
	return names
}

// hear takes one thing from the subscription. A confirmation means that the link is new:
// whatever was sent before it is missing until proven otherwise.
func (l *link) hear(got any) {
	switch got := got.(type) {
	case *redis.Subscription:
		l.heardSomething()
		l.askCompare()
	case *redis.Message:
		l.heardSomething()
		if got.Channel == l.echo {
			return
		}
		select {
		case l.messages <- got:
		default:
			l.hub.count.overruns.Add(1)
			l.askCompare()
		}
	}
}

func (l *link) heardSomething() {
	l.begun.Store(true)
	l.heard.Add(1)
}

func (l *link) askCompare() {
	select {
	case l.compare <- struct{}{}:
	default:
	}
}

// feed moves the partitions forward until ctx ends.
func (l *link) feed(ctx context.Context) {
	probe := time.NewTicker(l.hub.timing.probe)
	defer probe.Stop()
	byChannel := map[string]*partition{}
	for _, p := range l.partitions {
		byChannel[p.channel] = p
	}
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-l.messages:
			if p := byChannel[m.Channel]; p != nil {
				l.take(ctx, p, m.Payload)
			}
		case <-l.compare:
			l.compareHeads(ctx)
		case <-probe.C:
			l.judgeLink(l.compareHeads(ctx))
		}
	}
}

// take handles one message: it is the next entry, or one already known, or it shows a hole.
func (l *link) take(ctx context.Context, p *partition, payload string) {
	epoch, e, ok := parseMessage(payload)
	if !ok && l.hub.heedDoubt(p, payload) {
		return
	}
	if !ok {
		l.hub.log.Warn("hub got a message it cannot read", "partition", p.name, "bytes", len(payload))
		return
	}
	at := p.at()
	switch {
	case epoch == at.epoch && e.offset == at.offset+1 && e.before == at.tag:
		l.move(p, at.epoch, e)
	case epoch == at.epoch && e.offset <= at.offset:
		// Known from the stream.
	default:
		l.catchUp(ctx, p)
	}
}

// move hands the next entry to the followers. After some entries it lets the writers finish
// what they have in the link's lane, so that a burst fills no queue of a socket that would take it: a full queue
// is to mean a slow client, not a busy server.
func (l *link) move(p *partition, epoch string, e entry) {
	n := p.deliver(epoch, e)
	l.hub.count.delivered.Add(uint64(n))
	l.hub.count.received.Add(1)
	l.fed++
	l.fedBytes += len(e.body)
	if l.fed >= pace || l.fedBytes >= paceBytes {
		l.hub.writers.catchUp(laneOf(e.topic))
		l.fed, l.fedBytes = 0, 0
	}
}

// compareHeads compares every partition with its log and catches up where they differ.
func (l *link) compareHeads(ctx context.Context) error {
	heads, err := l.heads(ctx)
	l.noteRedis(err)
	if err != nil {
		return err
	}
	for i, p := range l.partitions {
		at := p.at()
		if heads[i] == at && at.epoch != "" {
			continue
		}
		if err := l.catchUp(ctx, p); err != nil {
			return err
		}
	}
	l.inSync.Store(time.Now().UnixMilli())
	l.logEarly(ctx) // where Redis takes no writes, as when it is full, this instance hears what there is all the same
	return nil
}

// noteRedis logs when Redis goes away and when it is back, not each attempt between.
func (l *link) noteRedis(err error) {
	if (err != nil) == l.away {
		return
	}
	l.away = err != nil
	if l.away {
		l.hub.log.Info("hub cannot reach Redis, sockets stay", "link", l.name, "err", err)
		return
	}
	l.hub.log.Info("hub reaches Redis again", "link", l.name)
}

// judgeLink restarts a subscription that brings nothing, not even the echoes that the comparisons
// send: a demoted master or a cut-off node answers everything and sends nothing. While Redis does not
// answer either there is nothing to judge.
func (l *link) judgeLink(err error) {
	heard := l.heard.Load()
	switch {
	case heard != l.heardAt:
		l.deaf = 0
	case err == nil:
		l.deaf++
	}
	l.heardAt = heard
	if l.deaf < deafAfter || (l.deaf < beginAfter && !l.begun.Load()) {
		return
	}
	l.deaf = 0
	l.hub.log.Warn("hub's subscription is deaf, starting another", "link", l.name)
	if cut := l.cut.Load(); cut != nil {
		(*cut)()
	}
}

// catchUp brings a partition to the head of its log: entry by entry where the log still has
// what is missing, else by a restart that tells the followers.
func (l *link) catchUp(ctx context.Context, p *partition) error {
	at := p.at()
	for {
		now, entries, err := l.hub.readLog(ctx, p, max(1, at.offset), "+", readBatch)
		if err != nil {
			return err
		}
		if now.epoch == "" || (now.epoch == at.epoch && !at.continues(now, entries)) {
			if err := openScript.Run(ctx, l.hub.cfg.Redis, []string{p.meta, p.log}, newEpoch(), at.epoch).Err(); err != nil {
				return err
			}
			return l.restart(ctx, p)
		}
		if now.epoch != at.epoch {
			return l.restart(ctx, p)
		}
		if now.offset == at.offset {
			return nil
		}
		if at.offset > 0 { // the last known one was read to be compared
			if len(entries) == 0 || entries[0].offset != at.offset {
				return l.restart(ctx, p)
			}
			entries = entries[1:]
		}
		if !dense(entries, at.offset) {
			return l.restart(ctx, p)
		}
		for _, e := range entries {
			l.move(p, at.epoch, e)
		}
		l.hub.count.caughtUp.Add(uint64(len(entries)))
		last := entries[len(entries)-1]
		at.offset, at.tag = last.offset, last.tag
	}
}

// restart puts p at the head of its log with the latest entries in the ring.
func (l *link) restart(ctx context.Context, p *partition) error {
	head, err := l.hub.head(ctx, p)
	if err != nil {
		return err
	}
	from := uint64(1)
	if head.offset > warmEntries {
		from = head.offset - warmEntries + 1
	}
	again, entries, err := l.hub.readLog(ctx, p, from, strconv.FormatUint(head.offset, 10), warmEntries)
	if err != nil {
		return err
	}
	if again.epoch != head.epoch {
		return nil // it changed under our hands: the next comparison begins anew
	}
	first := p.at().epoch == ""
	told := p.restart(head, latest(head, entries))
	if told > 0 {
		l.hub.doubt()
	}
	if !first {
		l.hub.count.restarts.Add(1)
		l.hub.log.Warn("hub lost continuity", "partition", p.name, "told", told)
	}
	return nil
}

// wait pauses for d or until ctx ends.
func wait(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

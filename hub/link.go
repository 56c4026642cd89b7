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

// link is the instance's subscription to Redis and how well it hears.
type link struct {
	messages chan *redis.Message
	compare  chan struct{} // asks the feeder to compare heads now
	heard    atomic.Uint64 // messages and confirmations received
	restart  atomic.Pointer[context.CancelFunc]
	inSync   atomic.Int64 // Unix milliseconds of the last complete comparison
	deaf     int          // comparisons that found what the link did not bring, since it last brought anything; the feeder's
	heardAt  uint64       // heard at the last comparison; the feeder's
	away     bool         // Redis did not answer the last comparison; the feeder's
}

const (
	linkBuffer  = 4096 // messages between receiver and feeder
	readBatch   = 256  // entries of the stream read at a time
	pace        = 64   // entries fed before the writers catch up; well below queueFrames
	warmEntries = 256  // entries of the stream taken into an empty ring
	deafAfter   = 3    // comparisons
	// redisPatience is for one step of the feeder.
	redisPatience = 3 * time.Second
	behindAfter   = 3 * time.Second
)

func newLink() link {
	return link{messages: make(chan *redis.Message, linkBuffer), compare: make(chan struct{}, 1)}
}

// Healthy tells whether this instance is up to date with Redis: nil, or why it is not to be
// given new sockets.
func (h *Hub) Healthy() error {
	at := h.link.inSync.Load()
	if at == 0 {
		return errors.New("hub: no contact with Redis yet")
	}
	if late := time.Since(time.UnixMilli(at)); late > behindAfter {
		return fmt.Errorf("hub: behind Redis for %s", late.Round(time.Second))
	}
	return nil
}

// receive keeps a subscription to all partitions until ctx ends. It never waits for the
// feeder: what does not fit is dropped, counted and found again as a hole.
func (h *Hub) receive(ctx context.Context) {
	const least, most = 20 * time.Millisecond, 500 * time.Millisecond
	pause := least
	for {
		heard := h.link.heard.Load()
		err := h.subscribe(ctx)
		if ctx.Err() != nil {
			return
		}
		if h.link.heard.Load() != heard {
			pause = least
		}
		if pause == least { // one line for each loss, not for each attempt
			h.log.Warn("hub lost its subscription", "err", err)
			h.count.linksLost.Add(1)
		}
		wait(ctx, pause)
		pause = min(2*pause, most)
	}
}

// subscribe holds one subscription until it fails, is found deaf, or ctx ends.
func (h *Hub) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	h.link.restart.Store(&cancel)
	sub := h.cfg.Redis.Subscribe(ctx, h.channels()...)
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
		h.hear(got)
	}
}

func (h *Hub) channels() []string {
	var names []string
	for _, p := range h.partitions {
		names = append(names, p.channel)
	}
	return names
}

// hear takes one thing from the subscription. A confirmation means that the link is new:
// whatever was sent before it is missing until proven otherwise.
func (h *Hub) hear(got any) {
	switch got := got.(type) {
	case *redis.Subscription:
		h.link.heard.Add(1)
		h.askCompare()
	case *redis.Message:
		h.link.heard.Add(1)
		select {
		case h.link.messages <- got:
		default:
			h.count.overruns.Add(1)
			h.askCompare()
		}
	}
}

func (h *Hub) askCompare() {
	select {
	case h.link.compare <- struct{}{}:
	default:
	}
}

// feed moves the partitions forward until ctx ends.
func (h *Hub) feed(ctx context.Context) {
	probe := time.NewTicker(h.timing.probe)
	defer probe.Stop()
	fleet := time.NewTicker(h.timing.fleet)
	defer fleet.Stop()
	defer h.leaveFleet()
	byChannel := map[string]*partition{}
	for _, p := range h.partitions {
		byChannel[p.channel] = p
	}
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-h.link.messages:
			if p := byChannel[m.Channel]; p != nil {
				h.take(ctx, p, m.Payload)
			}
		case <-h.link.compare:
			h.compareHeads(ctx)
		case <-probe.C:
			h.judgeLink(h.compareHeads(ctx))
		case <-fleet.C:
			h.reportToFleet(ctx)
		}
	}
}

// take handles one message: it is the next entry, or one already known, or it shows a hole.
func (h *Hub) take(ctx context.Context, p *partition, payload string) {
	epoch, e, ok := parseMessage(payload)
	if !ok {
		h.log.Warn("hub got a message it cannot read", "partition", p.name, "bytes", len(payload))
		return
	}
	at := p.at()
	switch {
	case epoch == at.epoch && e.offset == at.offset+1:
		h.move(p, epoch, e)
	case epoch == at.epoch && e.offset <= at.offset:
		// Known from the stream.
	default:
		h.catchUp(ctx, p)
	}
}

// move hands the next entry to the followers. Every pace entries it lets the writers finish
// what they have, so that a burst fills no queue of a socket that would take it: a full queue
// is to mean a slow client, not a busy server.
func (h *Hub) move(p *partition, epoch string, e entry) {
	n := p.deliver(epoch, e)
	h.count.delivered.Add(uint64(n))
	if h.count.received.Add(1)%pace == 0 {
		h.writers.catchUp()
	}
}

// compareHeads compares every partition with its log and catches up where they differ. found
// is whether the log held something that had not come over the link.
func (h *Hub) compareHeads(ctx context.Context) (found bool, err error) {
	heads, err := h.heads(ctx)
	h.noteRedis(err)
	if err != nil {
		return false, err
	}
	for i, p := range h.partitions {
		at := p.at()
		if heads[i] == at && at.epoch != "" {
			continue
		}
		found = found || at.epoch != ""
		if err := h.catchUp(ctx, p); err != nil {
			return found, err
		}
	}
	h.link.inSync.Store(time.Now().UnixMilli())
	return found, nil
}

// noteRedis logs when Redis goes away and when it is back, not each attempt between.
func (h *Hub) noteRedis(err error) {
	if (err != nil) == h.link.away {
		return
	}
	h.link.away = err != nil
	if h.link.away {
		h.log.Warn("hub cannot reach Redis, sockets stay", "err", err)
		return
	}
	h.log.Info("hub reaches Redis again")
}

// judgeLink restarts a subscription that brings nothing while the logs move on: a demoted
// master or a cut-off node answers everything and sends nothing.
func (h *Hub) judgeLink(found bool, err error) {
	heard := h.link.heard.Load()
	switch {
	case heard != h.link.heardAt:
		h.link.deaf = 0
	case found && err == nil:
		h.link.deaf++
	}
	h.link.heardAt = heard
	if h.link.deaf < deafAfter {
		return
	}
	h.link.deaf = 0
	h.log.Warn("hub's subscription is deaf, starting another")
	if restart := h.link.restart.Load(); restart != nil {
		(*restart)()
	}
}

// catchUp brings a partition to the head of its log: entry by entry where the log still has
// what is missing, else by a restart that tells the followers.
func (h *Hub) catchUp(ctx context.Context, p *partition) error {
	at := p.at()
	for {
		head, entries, err := h.readLog(ctx, p, at.offset+1, "+", readBatch)
		if err != nil {
			return err
		}
		if head.epoch == "" || (head.epoch == at.epoch && head.offset < at.offset) {
			if err := openScript.Run(ctx, h.cfg.Redis, []string{p.meta, p.log}, newEpoch(), at.epoch, at.offset).Err(); err != nil {
				return err
			}
			return h.restart(ctx, p)
		}
		if head.epoch != at.epoch {
			return h.restart(ctx, p)
		}
		if head.offset == at.offset {
			return nil
		}
		if !dense(entries, at.offset) {
			return h.restart(ctx, p)
		}
		for _, e := range entries {
			h.move(p, at.epoch, e)
		}
		h.count.caughtUp.Add(uint64(len(entries)))
		at.offset += uint64(len(entries))
	}
}

// restart puts p at the head of its log with the latest entries in the ring.
func (h *Hub) restart(ctx context.Context, p *partition) error {
	head, err := h.head(ctx, p)
	if err != nil {
		return err
	}
	from := uint64(1)
	if head.offset > warmEntries {
		from = head.offset - warmEntries + 1
	}
	again, entries, err := h.readLog(ctx, p, from, strconv.FormatUint(head.offset, 10), warmEntries)
	if err != nil {
		return err
	}
	if again.epoch != head.epoch {
		return nil // it changed under our hands: the next comparison begins anew
	}
	first := p.at().epoch == ""
	told := p.restart(head.epoch, head.offset, latest(head, entries))
	if !first {
		h.count.restarts.Add(1)
		h.log.Warn("hub lost continuity", "partition", p.name, "told", told)
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

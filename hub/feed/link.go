package feed

import (
	"context"
	"sync/atomic"
	"time"
)

// link brings some of the partitions to this instance: a subscription, the goroutine that moves them forward, and how
// well it hears. What concerns one learner and what is for all come over separate links, so that neither
// queues behind the other. Where each partition has its own link, a node that is down holds up no other partition.
type link struct {
	feed    *Feed
	name    string // for the log
	parts   []*Partition
	indexes []int // of parts

	messages chan message
	compare  chan struct{}                      // asks for a comparison of heads now
	heard    atomic.Uint64                      // messages, confirmations and echoes received
	begun    atomic.Bool                        // the present subscription has brought something
	cut      atomic.Pointer[context.CancelFunc] // ends the present subscription
	inSync   atomic.Int64                       // Unix milliseconds of the last complete comparison

	// Of the goroutine that moves the partitions.
	deaf     int    // comparisons that the log answered since the link last brought anything
	heardAt  uint64 // heard at the last comparison
	away     bool   // the log did not answer the last comparison
	fed      int    // entries moved since the last Drain
	fedBytes int    // of theirs
}

// message is one text on its way from the receiving goroutine to the moving one.
type message struct {
	part int
	text string
}

const (
	linkBuffer  = 4096     // messages between the two goroutines
	readBatch   = 256      // entries of the log read at a time
	pace        = 64       // entries between two Drains; well below what a socket's lane holds
	paceBytes   = 16 << 10 // bytes likewise
	warmEntries = 256      // entries of the log taken into an empty ring
	deafAfter   = 3        // comparisons without an echo
	beginAfter  = 15       // likewise, of a subscription that has brought nothing yet
)

func newLink(f *Feed, name string) *link {
	return &link{feed: f, name: name, messages: make(chan message, linkBuffer), compare: make(chan struct{}, 1)}
}

// receive keeps a subscription to the link's partitions until ctx ends. It never waits for the
// moving goroutine: what does not fit is dropped, counted and found again as a hole.
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
			l.feed.cfg.Logger.Info("hub lost its subscription", "link", l.name, "err", err)
			l.feed.LinksLost.Add(1)
		}
		wait(ctx, pause)
		pause = min(2*pause, most)
	}
}

// subscribe holds one subscription until it fails, is found deaf, or ctx ends.
func (l *link) subscribe(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	l.begun.Store(false)
	l.cut.Store(&cancel)
	return l.feed.cfg.Channel.Subscribe(ctx, l.indexes, l)
}

// Joined implements Listener: whatever was sent before is missing until proven otherwise.
func (l *link) Joined() {
	l.Alive()
	l.askCompare()
}

// Alive implements Listener.
func (l *link) Alive() {
	l.begun.Store(true)
	l.heard.Add(1)
}

// Hear implements Listener.
func (l *link) Hear(part int, text string) {
	l.Alive()
	select {
	case l.messages <- message{part, text}:
	default:
		l.feed.Overruns.Add(1)
		l.askCompare()
	}
}

func (l *link) askCompare() {
	select {
	case l.compare <- struct{}{}:
	default:
	}
}

// move moves the partitions forward until ctx ends.
func (l *link) move(ctx context.Context) {
	probe := time.NewTicker(l.feed.Probe)
	defer probe.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case m := <-l.messages:
			l.take(ctx, l.feed.parts[m.part], m.text)
		case <-l.compare:
			l.compareHeads(ctx)
		case <-probe.C:
			l.judge(l.compareHeads(ctx))
		}
	}
}

// take handles one message: it is the next entry, or a known one, or it shows a hole, or it is a note.
func (l *link) take(ctx context.Context, p *Partition, text string) {
	e, ok := l.feed.cfg.Channel.Parse(text)
	if !ok {
		l.feed.cfg.Host.TakeNote(p.index, text)
		return
	}
	at := p.Head()
	switch {
	case e.Epoch == at.Epoch && e.Offset == at.Offset+1 && e.Before == at.Tag:
		e.Epoch = at.Epoch // an equal string that does not keep the message in memory
		l.deliver(p, e)
	case e.Epoch == at.Epoch && e.Offset <= at.Offset:
		// Known from the log.
	default:
		l.catchUp(ctx, p)
	}
}

// deliver hands the next entry to the followers. After some entries it lets the sockets be written to,
// so that a burst fills no queue of a socket that would take it: a full queue
// is to mean a slow client, not a busy server.
func (l *link) deliver(p *Partition, e Entry) {
	n := p.Deliver(e)
	l.feed.Delivered.Add(uint64(n))
	l.feed.Received.Add(1)
	l.fed++
	l.fedBytes += len(e.Body)
	if l.fed >= pace || l.fedBytes >= paceBytes {
		l.feed.cfg.Host.Drain(e.Topic)
		l.fed, l.fedBytes = 0, 0
	}
}

// compareHeads compares every partition with its log and catches up where they differ.
func (l *link) compareHeads(ctx context.Context) error {
	heads, err := l.heads(ctx)
	l.noteAnswer(err)
	if err != nil {
		return err
	}
	for i, p := range l.parts {
		at := p.Head()
		if heads[i] == at && at.Epoch != "" {
			continue
		}
		if err := l.catchUp(ctx, p); err != nil {
			return err
		}
	}
	l.inSync.Store(time.Now().UnixMilli())
	l.logQueued(ctx) // where the log takes no writes, as when it is full, this instance gets what there is all the same
	return nil
}

func (l *link) heads(ctx context.Context) ([]Head, error) {
	ctx, cancel := context.WithTimeout(ctx, logPatience)
	defer cancel()
	return l.feed.cfg.Log.Heads(ctx, l.indexes)
}

// noteAnswer logs when the log goes away and when it is back, not each attempt between.
func (l *link) noteAnswer(err error) {
	if (err != nil) == l.away {
		return
	}
	l.away = err != nil
	if l.away {
		l.feed.cfg.Logger.Info("hub cannot reach Redis, sockets stay", "link", l.name, "err", err)
		return
	}
	l.feed.cfg.Logger.Info("hub reaches Redis again", "link", l.name)
}

// judge restarts a subscription that brings nothing, not even the echoes that the comparisons
// send: a demoted master or a cut-off node answers everything and sends nothing. While the log does not
// answer either there is nothing to judge.
func (l *link) judge(err error) {
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
	l.feed.cfg.Logger.Warn("hub's subscription is deaf, starting another", "link", l.name)
	if cut := l.cut.Load(); cut != nil {
		(*cut)()
	}
}

// catchUp brings a partition to the head of its log: entry by entry where the log still has
// what is missing, else by a restart.
func (l *link) catchUp(ctx context.Context, p *Partition) error {
	at := p.Head()
	for {
		now, entries, err := l.feed.read(ctx, p.index, max(1, at.Offset), 0, readBatch)
		if err != nil {
			return err
		}
		if now.Epoch == "" || (now.Epoch == at.Epoch && !at.continues(now, entries)) {
			if err := l.feed.cfg.Log.Open(ctx, p.index, at.Epoch); err != nil {
				return err
			}
			return l.restart(ctx, p)
		}
		if now.Epoch != at.Epoch {
			return l.restart(ctx, p)
		}
		if now.Offset == at.Offset {
			return nil
		}
		if at.Offset > 0 { // the last known one was read to be compared
			if len(entries) == 0 || entries[0].Offset != at.Offset {
				return l.restart(ctx, p)
			}
			entries = entries[1:]
		}
		if !dense(entries, at.Offset) {
			return l.restart(ctx, p)
		}
		for _, e := range entries {
			e.Epoch = at.Epoch
			l.deliver(p, e)
		}
		l.feed.CaughtUp.Add(uint64(len(entries)))
		last := entries[len(entries)-1]
		at.Offset, at.Tag = last.Offset, last.Tag
	}
}

// restart puts p at the head of its log with the latest entries in the ring.
func (l *link) restart(ctx context.Context, p *Partition) error {
	head, _, err := l.feed.read(ctx, p.index, 1, 1, 1)
	if err != nil {
		return err
	}
	from := uint64(1)
	if head.Offset > warmEntries {
		from = head.Offset - warmEntries + 1
	}
	again, entries, err := l.feed.read(ctx, p.index, from, max(1, head.Offset), warmEntries)
	if err != nil {
		return err
	}
	if again.Epoch != head.Epoch {
		return nil // it has changed in between: the next comparison begins again
	}
	first := p.Head().Epoch == ""
	followers := p.Restart(head, head.denseTail(entries))
	if !first {
		l.feed.Restarts.Add(1)
		l.feed.cfg.Logger.Warn("hub lost continuity", "partition", p.name, "told", followers)
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

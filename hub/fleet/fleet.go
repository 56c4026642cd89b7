// Package fleet counts the sockets of all instances.
//
// All instances write into one Redis stream: once a second each instance appends how many sockets
// it has and which of its counts have changed, and reads what the other instances appended. A new
// socket costs no call to Redis. An instance that starts, or finds that it missed a message, asks in
// the stream for the whole counts and gets them.
//
// An instance that has been silent for silenceTicks does not count until its next message.
//
// The document of package hub has the order of the locks.
package fleet

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// Config is what a Fleet needs to know. All fields are required.
type Config struct {
	Redis    redis.UniversalClient
	Stream   string     // the Redis key of the messages
	Instance string     // the name of this instance, without spaces
	Sockets  func() int // on this instance, handshakes under way included
	Own      string     // the topic that every logged-in socket follows: it counts the users
	Open     string     // the prefix of topics that clients make up: their number is bounded
	// Uncounted is the prefix of topics whose readers are of no interest, "" for none.
	Uncounted string
}

// Fleet is what this instance knows of all instances. Its methods may be called from any goroutine.
type Fleet struct {
	// Tick is the time between two exchanges, one second. It is set before Run, by tests only.
	Tick time.Duration

	cfg      Config
	presence *presence

	mu    sync.RWMutex // guards peers and the moments
	peers map[string]*peer
	// joined is when this instance began to listen, heard when it last read all messages.
	joined, heard time.Time

	exchange exchange
}

// exchange is the state of the conversation. Its lock is held during one whole exchange, which calls Redis.
type exchange struct {
	mu   sync.Mutex
	seq  uint64 // of this instance's last message
	last string // the id of the last message read; "": none yet
	owes bool   // the next message carries all counts, not only the changed ones
	left bool   // nothing is sent any more
}

// peer is another instance.
type peer struct {
	heard   time.Time
	seq     uint64
	whole   bool // nothing is missing in counts
	asked   time.Time
	sockets int
	counts  counts
}

// Patience, in ticks.
const (
	settleTicks  = 2  // a new instance has heard of every other instance
	askTicks     = 3  // between two questions to the same instance
	silenceTicks = 6  // a silent instance does not count
	forgetTicks  = 60 // a silent instance is dropped
)

const (
	batch         = 128              // messages read at a time
	history       = 30 * time.Second // how much of the stream is kept
	streamTTL     = 10 * time.Minute // of the stream after the last message
	redisPatience = 3 * time.Second
	leavePatience = 500 * time.Millisecond
)

// New makes a Fleet that counts this instance's sockets at once. Nothing is exchanged before Run.
func New(cfg Config) *Fleet {
	return &Fleet{Tick: time.Second, cfg: cfg, presence: newPresence(cfg.Open, cfg.Uncounted)}
}

// Run exchanges counts with the other instances until ctx ends, and leaves the fleet then.
func (f *Fleet) Run(ctx context.Context) {
	f.begin()
	defer f.Leave()
	tick := time.NewTicker(f.Tick)
	defer tick.Stop()
	for {
		f.exchangeCounts(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *Fleet) begin() {
	f.exchange.mu.Lock()
	defer f.exchange.mu.Unlock()
	f.exchange.last, f.exchange.owes, f.exchange.left = "", true, false
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peers, f.joined, f.heard = map[string]*peer{}, time.Time{}, time.Time{}
}

// exchangeCounts sends what has changed and reads what the other instances sent. A question for all
// counts is answered at once.
func (f *Fleet) exchangeCounts(ctx context.Context) {
	f.exchange.mu.Lock()
	defer f.exchange.mu.Unlock()
	if f.exchange.left {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	for {
		if err := f.stepInExchange(ctx); err != nil { // the feed logs that Redis is away
			f.exchange.owes = true
			return
		}
		if !f.exchange.owes {
			return
		}
	}
}

// stepInExchange is one step of an exchange, mostly one round trip.
func (f *Fleet) stepInExchange(ctx context.Context) error {
	x := &f.exchange
	pipe := f.cfg.Redis.Pipeline()
	var own *redis.StringCmd
	for _, m := range f.newsInExchange() {
		own = pipe.XAdd(ctx, &redis.XAddArgs{
			Stream: f.cfg.Stream, MinID: idBefore(x.last, history), Approx: true, Values: m.values(),
		})
	}
	pipe.PExpire(ctx, f.cfg.Stream, streamTTL)
	var read *redis.XMessageSliceCmd
	if x.last != "" {
		read = pipe.XRangeN(ctx, f.cfg.Stream, "("+x.last, "+", batch)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	x.owes = false
	if x.last == "" {
		f.joinInExchange(own.Val())
		return nil
	}
	return f.readInExchange(ctx, read.Val(), own.Val())
}

// newsInExchange is what this instance has to send: the changed counts, or all counts.
func (f *Fleet) newsInExchange() (messages []message) {
	x, list := &f.exchange, f.presence.takeChanges
	if x.owes {
		list = f.presence.takeAll
	}
	pieces := writeCounts(list())
	if len(pieces) == 0 {
		pieces = []string{""}
	}
	for i, piece := range pieces {
		x.seq++
		messages = append(messages, message{
			from: f.cfg.Instance, seq: x.seq, sockets: f.cfg.Sockets(), counts: piece, whole: x.owes && i == 0,
		})
	}
	messages[0].asks = f.questionsInExchange(time.Now())
	return messages
}

// questionsInExchange names the instances that have to send all their counts.
func (f *Fleet) questionsInExchange(now time.Time) string {
	if f.exchange.last == "" {
		return everyInstance
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var ask []string
	for instance, p := range f.peers {
		if !p.whole && now.Sub(p.asked) > askTicks*f.Tick {
			p.asked = now
			ask = append(ask, instance)
		}
	}
	return strings.Join(ask, " ")
}

// joinInExchange begins to listen after the message id.
func (f *Fleet) joinInExchange(id string) {
	f.exchange.last = id
	f.mu.Lock()
	defer f.mu.Unlock()
	f.joined, f.heard, f.peers = time.Now(), time.Now(), map[string]*peer{}
}

// readInExchange takes in the messages read, and reads on until there are no more. own is the id of the
// message written just now: where it is not found, the stream is another one that begins
// earlier (a replica without the tail, a clock put back), and this instance joins again.
func (f *Fleet) readInExchange(ctx context.Context, read []redis.XMessage, own string) (err error) {
	x, found := &f.exchange, false
	for more := true; more; {
		for _, m := range read {
			found = found || m.ID == own
			x.last = m.ID
			f.hearInExchange(readMessage(m), time.Now())
		}
		if more = len(read) == batch; more {
			if read, err = f.cfg.Redis.XRangeN(ctx, f.cfg.Stream, "("+x.last, "+", batch).Result(); err != nil {
				return err
			}
		}
	}
	if !found {
		x.last = ""
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = time.Now()
	for instance, p := range f.peers {
		if f.heard.Sub(p.heard) > forgetTicks*f.Tick {
			delete(f.peers, instance)
		}
	}
	return nil
}

// hearInExchange takes in one message.
func (f *Fleet) hearInExchange(m message, now time.Time) {
	if m.from == f.cfg.Instance {
		return
	}
	f.exchange.owes = f.exchange.owes || m.asksInstance(f.cfg.Instance)
	f.mu.Lock()
	defer f.mu.Unlock()
	if m.bye {
		delete(f.peers, m.from)
		return
	}
	p := f.peers[m.from]
	if p == nil {
		p = &peer{}
		f.peers[m.from] = p
	}
	next := p.whole && m.seq == p.seq+1
	if m.whole && !next {
		p.counts = counts{}
	}
	p.whole = m.whole || next
	p.heard, p.seq, p.sockets = now, m.seq, m.sockets
	if p.whole {
		p.counts.read(m.counts)
	}
}

// Leave asks the other instances not to count this instance any more.
func (f *Fleet) Leave() {
	x := &f.exchange
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.left || x.last == "" {
		return
	}
	x.left = true
	ctx, cancel := context.WithTimeout(context.Background(), leavePatience)
	defer cancel()
	f.cfg.Redis.XAdd(ctx, &redis.XAddArgs{Stream: f.cfg.Stream, Values: message{from: f.cfg.Instance, bye: true}.values()})
}

// idBefore is the least id of messages that came at most d before id.
func idBefore(id string, d time.Duration) string {
	text, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseInt(text, 10, 64)
	return strconv.FormatInt(max(0, ms-d.Milliseconds()), 10)
}

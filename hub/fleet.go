package hub

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// fleet is what this instance knows of the others. All of them write into one stream: once a
// second each says how many sockets it has and which of its counts (presence.go) have changed, and
// reads what the others said. Nothing is asked of Redis when a socket comes. Whoever is new,
// or finds that it missed something, asks in the stream, and is told everything.
//
// An instance that has been silent for fleetSilence ticks does not count until it is heard again.
type fleet struct {
	mu    sync.RWMutex // guards peers and the moments
	peers map[string]*peer
	// joined is when this instance began to listen, heard when it last read all there was.
	joined, heard time.Time

	turn sync.Mutex // one exchange at a time; guards what follows
	seq  uint64     // of this instance's last entry
	last string     // id of the last entry read; "": none yet
	owes bool       // everything is to be told, not only what has changed
	left bool       // nothing is said any more
}

// peer is another instance.
type peer struct {
	heard   time.Time
	seq     uint64
	whole   bool // nothing is missing in counts
	asked   time.Time
	sockets int
	counts  tally
}

// The fleet's patience, in ticks of timing.fleet.
const (
	fleetSettles = 2  // after so many a new instance has heard of every other
	fleetAsks    = 3  // between two questions to the same instance
	fleetSilence = 6  // an instance that says nothing does not count
	fleetForgets = 60 // and is not remembered
)

const (
	fleetBatch    = 128              // entries read at a time
	fleetHistory  = 30 * time.Second // how much of the stream is kept
	fleetTTL      = 10 * time.Minute // of the stream after the last entry
	leavePatience = 500 * time.Millisecond
)

// said is one entry of the fleet's stream.
type said struct {
	from    string
	seq     uint64
	sockets int
	counts  string // see writeCounts
	whole   bool   // everything there was is superseded
	asks    string // "*", or the instances asked to tell everything
	bye     bool
}

const everybody = "*"

func (e said) values() []any {
	all := []any{"i", e.from, "n", e.seq, "s", e.sockets}
	for _, f := range []struct {
		name, text string
		on         bool
	}{{"c", e.counts, e.counts != ""}, {"w", "1", e.whole}, {"a", e.asks, e.asks != ""}, {"b", "1", e.bye}} {
		if f.on {
			all = append(all, f.name, f.text)
		}
	}
	return all
}

func readSaid(m redis.XMessage) (e said) {
	text := func(name string) string { v, _ := m.Values[name].(string); return v }
	e.from, e.counts, e.asks = text("i"), text("c"), text("a")
	e.seq, _ = strconv.ParseUint(text("n"), 10, 64)
	e.sockets, _ = strconv.Atoi(text("s"))
	e.whole, e.bye = text("w") != "", text("b") != ""
	return e
}

// concerns reports whether the instance is asked.
func (e said) concerns(instance string) bool {
	return e.asks == everybody || strings.Contains(" "+e.asks+" ", " "+instance+" ")
}

func (h *Hub) fleetKey() string { return h.cfg.Prefix + ":hub:{fleet}:log" }

// keepFleet exchanges counts with the other instances until ctx ends.
func (h *Hub) keepFleet(ctx context.Context) {
	h.fleet.begin()
	defer h.leaveFleet()
	tick := time.NewTicker(h.timing.fleet)
	defer tick.Stop()
	for {
		h.exchange(ctx)
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

func (f *fleet) begin() {
	f.turn.Lock()
	defer f.turn.Unlock()
	f.last, f.owes, f.left = "", true, false
	f.mu.Lock()
	defer f.mu.Unlock()
	f.peers, f.joined, f.heard = map[string]*peer{}, time.Time{}, time.Time{}
}

// exchange tells what has changed and reads what the others told. Who was asked for everything
// answers at once.
func (h *Hub) exchange(ctx context.Context) {
	f := &h.fleet
	f.turn.Lock()
	defer f.turn.Unlock()
	if f.left {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, redisPatience)
	defer cancel()
	for {
		if err := h.tellAndHear(ctx); err != nil { // compareHeads says when Redis is away
			f.owes = true
			return
		}
		if !f.owes {
			return
		}
	}
}

// tellAndHear is one step of an exchange, mostly one round trip. f.turn is held.
func (h *Hub) tellAndHear(ctx context.Context) error {
	f := &h.fleet
	pipe := h.cfg.Redis.Pipeline()
	var own *redis.StringCmd
	for _, e := range h.news() {
		own = pipe.XAdd(ctx, &redis.XAddArgs{
			Stream: h.fleetKey(), MinID: before(f.last, fleetHistory), Approx: true, Values: e.values(),
		})
	}
	pipe.PExpire(ctx, h.fleetKey(), fleetTTL)
	var read *redis.XMessageSliceCmd
	if f.last != "" {
		read = pipe.XRangeN(ctx, h.fleetKey(), "("+f.last, "+", fleetBatch)
	}
	if _, err := pipe.Exec(ctx); err != nil {
		return err
	}
	f.owes = false
	if f.last == "" {
		f.join(own.Val())
		return nil
	}
	return h.hearAll(ctx, read.Val(), own.Val())
}

// news is what there is to say: what has changed, or everything. f.turn is held.
func (h *Hub) news() (entries []said) {
	f := &h.fleet
	list := h.presence.takeChanges
	if f.owes {
		list = h.presence.takeAll
	}
	pieces := writeCounts(list())
	if len(pieces) == 0 {
		pieces = []string{""}
	}
	for i, piece := range pieces {
		f.seq++
		entries = append(entries, said{
			from: h.instance, seq: f.seq, sockets: h.roster.size(), counts: piece, whole: f.owes && i == 0,
		})
	}
	entries[0].asks = f.questions(time.Now(), h.timing.fleet)
	return entries
}

// questions names the instances that have to tell everything. f.turn is held.
func (f *fleet) questions(now time.Time, tick time.Duration) string {
	if f.last == "" {
		return everybody
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	var ask []string
	for instance, p := range f.peers {
		if !p.whole && now.Sub(p.asked) > fleetAsks*tick {
			p.asked = now
			ask = append(ask, instance)
		}
	}
	return strings.Join(ask, " ")
}

// join begins to listen after the entry id. f.turn is held.
func (f *fleet) join(id string) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.last, f.joined, f.heard, f.peers = id, time.Now(), time.Now(), map[string]*peer{}
}

// hearAll takes in what was read, and reads on until there is nothing more. own is the id of the
// entry written just now: where it is not found, the stream is another one that begins
// earlier (a replica without the tail, a clock put back), and this instance joins anew.
func (h *Hub) hearAll(ctx context.Context, read []redis.XMessage, own string) (err error) {
	f, found := &h.fleet, false
	for more := true; more; {
		for _, m := range read {
			found = found || m.ID == own
			f.last = m.ID
			f.hear(h.instance, readSaid(m), time.Now())
		}
		if more = len(read) == fleetBatch; more {
			if read, err = h.cfg.Redis.XRangeN(ctx, h.fleetKey(), "("+f.last, "+", fleetBatch).Result(); err != nil {
				return err
			}
		}
	}
	if !found {
		f.last = ""
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.heard = time.Now()
	for instance, p := range f.peers {
		if f.heard.Sub(p.heard) > fleetForgets*h.timing.fleet {
			delete(f.peers, instance)
		}
	}
	return nil
}

// hear takes in one entry. f.turn is held.
func (f *fleet) hear(instance string, e said, now time.Time) {
	if e.from == instance {
		return
	}
	f.owes = f.owes || e.concerns(instance)
	f.mu.Lock()
	defer f.mu.Unlock()
	if e.bye {
		delete(f.peers, e.from)
		return
	}
	p := f.peers[e.from]
	if p == nil {
		p = &peer{}
		f.peers[e.from] = p
	}
	next := p.whole && e.seq == p.seq+1
	if e.whole && !next {
		p.counts = tally{}
	}
	p.whole = e.whole || next
	p.heard, p.seq, p.sockets = now, e.seq, e.sockets
	if p.whole {
		p.counts.readCounts(e.counts)
	}
}

// leaveFleet tells the others not to count this instance any more.
func (h *Hub) leaveFleet() {
	f := &h.fleet
	f.turn.Lock()
	defer f.turn.Unlock()
	if f.left || f.last == "" {
		return
	}
	f.left = true
	ctx, cancel := context.WithTimeout(context.Background(), leavePatience)
	defer cancel()
	h.cfg.Redis.XAdd(ctx, &redis.XAddArgs{Stream: h.fleetKey(), Values: said{from: h.instance, bye: true}.values()})
}

// before is the least id of entries that came at most d before id.
func before(id string, d time.Duration) string {
	text, _, _ := strings.Cut(id, "-")
	ms, _ := strconv.ParseInt(text, 10, 64)
	return strconv.FormatInt(max(0, ms-d.Milliseconds()), 10)
}

// others are the instances that are heard. f.mu is held.
func (f *fleet) others(tick time.Duration) (list []*peer) {
	now := time.Now()
	for _, p := range f.peers {
		if now.Sub(p.heard) < fleetSilence*tick {
			list = append(list, p)
		}
	}
	return list
}

// elsewhere is how many sockets the other instances have at s, by what they said last. What
// it does not know of yet is what came or went there in the last two seconds: so many sockets
// may a cap be off. The counts of an instance that dies are free after six.
func (h *Hub) elsewhere(s spot) (n int) {
	f := &h.fleet
	f.mu.RLock()
	defer f.mu.RUnlock()
	for _, p := range f.others(h.timing.fleet) {
		n += int(p.counts.at(s))
	}
	return n
}

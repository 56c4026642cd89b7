package hub

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"mstm/hub/fleet"
)

// beats is into how many slots the sockets are spread, so that their pings are, too: those of a slot
// and the answers are what an event of a learner may find in its way.
const beats = 250

// roster knows every socket of this instance.
type roster struct {
	maxAddress, maxInstance int
	fleet                   *fleet.Fleet // counts the addresses

	mu     sync.Mutex
	n      int // sockets and handshakes under way
	slots  [beats][]*socket
	turn   int // slot of the next socket
	closed bool
	empty  chan struct{} // closed when the last one has gone after close
}

// rosterSlot is where a socket stands in the roster.
type rosterSlot struct{ slot, at int }

func (r *roster) init(cfg Config, all *fleet.Fleet) {
	r.maxAddress, r.maxInstance, r.fleet = cfg.MaxPerAddress, cfg.MaxPerInstance, all
	r.empty = make(chan struct{})
}

// reserve admits one more socket from addr, or says why not.
func (h *Hub) reserve(addr string) *refusal {
	r, key, elsewhere := &h.roster, fleet.AddressKey(addr), 0
	if r.maxAddress > 0 {
		elsewhere = h.fleet.Elsewhere(key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	here := r.fleet.Here(key)
	switch {
	case r.closed:
		return &refusedClosing
	case r.maxInstance > 0 && r.n >= r.maxInstance:
		return &refusedFull
	case r.maxAddress > 0 && here >= r.maxAddress:
		return &refusedAddress
	case r.maxAddress > 0 && here+elsewhere >= r.maxAddress:
		return &refusedAddressElsewhere
	}
	r.n++
	r.fleet.Add(key, 1)
	return nil
}

// release gives a reserved place back.
func (r *roster) release(addr string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.free(addr)
}

func (r *roster) free(addr string) {
	r.n--
	r.fleet.Add(fleet.AddressKey(addr), -1)
	if r.closed && r.n == 0 {
		close(r.empty)
	}
}

// add enters a socket whose place is reserved. closed: the hub is closing, tell it so.
func (r *roster) add(s *socket) (closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn = (r.turn + 1) % beats
	s.slot = rosterSlot{r.turn, len(r.slots[r.turn])}
	r.slots[r.turn] = append(r.slots[r.turn], s)
	return r.closed
}

func (r *roster) remove(s *socket) {
	r.mu.Lock()
	defer r.mu.Unlock()
	slot := r.slots[s.slot.slot]
	end := len(slot) - 1
	slot[s.slot.at] = slot[end]
	slot[s.slot.at].slot.at = s.slot.at
	slot[end] = nil
	r.slots[s.slot.slot] = slot[:end]
	r.free(s.addr)
}

// close stops admission and returns who is here; empty is closed when all have gone.
func (r *roster) close() (all []*socket, empty <-chan struct{}) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if !r.closed {
		r.closed = true
		if r.n == 0 {
			close(r.empty)
		}
	}
	for _, slot := range r.slots {
		all = append(all, slot...)
	}
	return all, r.empty
}

func (r *roster) size() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.n
}

// slot copies one slot, so that nothing is locked while its sockets are served.
func (r *roster) slotOf(i int, to []*socket) []*socket {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(to, r.slots[i]...)
}

// slotsOf copies n slots from i on.
func (r *roster) slotsOf(i, n int) (all []*socket) {
	for range n {
		all = r.slotOf(i%beats, all)
		i++
	}
	return all
}

// beat pings every socket once per interval, a slot at a time, and ends those whose token has
// expired. Silent ones end by their read deadline.
func (h *Hub) beat(ctx context.Context) {
	tick := time.NewTicker(h.timing.ping / beats)
	defer tick.Stop()
	ping := &event{frame: controlFrame(finPing, "")}
	var due []*socket
	var calm calm
	for i := 0; ; i = (i + 1) % beats {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if i == 0 && calm.after(h.count.accepted.Load(), h.roster.size()) {
			go debug.FreeOSMemory() // collects first, which takes a while
		}
		due = h.roster.slotOf(i, due[:0])
		h.pingAll(due, ping)
		clear(due)
	}
}

func (h *Hub) pingAll(sockets []*socket, ping *event) {
	now := h.cfg.Now().UnixMilli()
	batch := wakeBatch{lane: shared} // a ping is in no hurry
	for _, s := range sockets {
		if expires := s.expires.Load(); expires != 0 && expires <= now {
			s.end(tokenExpired)
			continue
		}
		call, _ := s.queue(ping)
		batch.add(s, call)
	}
	batch.flush()
}

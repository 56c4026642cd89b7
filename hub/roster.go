package hub

import (
	"context"
	"runtime/debug"
	"sync"
	"time"

	"mstm/hub/conn"
	"mstm/hub/fleet"
)

// beats is the number of slots over which the sockets, and with them the pings, are spread: an event of a learner
// waits at most for the pings of one slot and their answers.
const beats = 250

// roster has every socket of this instance.
type roster struct {
	maxAddress, maxInstance int
	fleet                   *fleet.Fleet // counts the addresses

	mu     sync.Mutex
	n      int // sockets and handshakes under way
	slots  [beats][]*session
	turn   int // slot of the next socket
	closed bool
	empty  chan struct{} // closed when the last one has gone after close
}

// rosterSlot is where a socket stands in the roster.
type rosterSlot struct{ slot, at int32 }

func (r *roster) init(cfg Config, all *fleet.Fleet) {
	r.maxAddress, r.maxInstance, r.fleet = cfg.MaxPerAddress, cfg.MaxPerInstance, all
	r.empty = make(chan struct{})
}

// reserve admits one more socket from addr, or says why not.
func (h *Hub) reserve(addr string) *Refusal {
	r, key, elsewhere := &h.roster, fleet.AddressKey(addr), 0
	if r.maxAddress > 0 {
		elsewhere = h.fleet.Elsewhere(key)
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	here := r.fleet.Here(key)
	switch {
	case r.closed:
		return &conn.RefusedClosing
	case r.maxInstance > 0 && r.n >= r.maxInstance:
		return &conn.RefusedFull
	case r.maxAddress > 0 && here >= r.maxAddress:
		return &conn.RefusedAddress
	case r.maxAddress > 0 && here+elsewhere >= r.maxAddress:
		return &conn.RefusedAddressElsewhere
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

// add enters a socket whose place is reserved. closed: the hub is closing.
func (r *roster) add(s *session) (closed bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.turn = (r.turn + 1) % beats
	s.slot = rosterSlot{int32(r.turn), int32(len(r.slots[r.turn]))}
	r.slots[r.turn] = append(r.slots[r.turn], s)
	return r.closed
}

func (r *roster) remove(s *session) {
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

// close stops admission and returns the sockets that are here; empty is closed when all have gone.
func (r *roster) close() (all []*session, empty <-chan struct{}) {
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

// slotOf copies one slot, so that nothing is locked while its sockets are served.
func (r *roster) slotOf(i int, to []*session) []*session {
	r.mu.Lock()
	defer r.mu.Unlock()
	return append(to, r.slots[i]...)
}

// slotsOf copies n slots from i on.
func (r *roster) slotsOf(i, n int) (all []*session) {
	for range n {
		all = r.slotOf(i%beats, all)
		i++
	}
	return all
}

// beat pings every socket once per interval, a slot at a time, and ends those with an expired
// token. Silent ones end by their read deadline.
func (h *Hub) beat(ctx context.Context) {
	tick := time.NewTicker(h.conns.Timing.Ping / beats)
	defer tick.Stop()
	ping := &conn.Event{Frame: conn.PingFrame()}
	var due []*session
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

func (h *Hub) pingAll(sockets []*session, ping *conn.Event) {
	now := h.cfg.Now().UnixMilli()
	batch := conn.Batch{Lane: conn.Shared} // a ping is in no hurry
	for _, s := range sockets {
		if s.owner.isExpired(now) {
			s.socket.End(conn.TokenExpired)
			continue
		}
		batch.Offer(&s.socket, ping)
	}
	batch.Flush()
}

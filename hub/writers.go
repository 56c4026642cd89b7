package hub

import (
	"errors"
	"net"
	"os"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// writers write what waits for the sockets. A socket that has something to send stands in the
// run queue once; a writer takes all that waits for it, joins it, and writes it at once,
// without ever waiting for the socket. The queue has two lanes: sockets that have something of
// their learner's go before those that have only what everybody gets. There are at most as many
// writers as processors, and none while there is nothing to write.
type writers struct {
	hub  *Hub
	most int

	mu      sync.Mutex
	lanes   [2]runLane
	running int
	emptied sync.Cond // a lane has become empty
}

// runLane is a list of sockets, linked through them.
type runLane struct{ first, last *socket }

// yieldAfter is how many sockets a writer serves before it lets others run: without it those that
// bring the next events would wait until the runtime takes the processor away, 10 ms later.
const yieldAfter = 64

// joinBytes is how much is joined into one write. What waits costs memory only once, in the
// writer's buffer.
const joinBytes = 32 << 10

func (w *writers) init(h *Hub) {
	w.hub, w.most = h, runtime.GOMAXPROCS(0)
	w.emptied.L = &w.mu
}

// catchUp waits until a lane is empty. Writers wait for nobody, so this is a matter of this
// machine's speed alone, never of a client's.
func (w *writers) catchUp(of lane) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.lanes[of].first != nil {
		w.emptied.Wait()
	}
}

// heed does what a queued event calls for.
func (w *writers) heed(s *socket, c call, of lane) {
	switch c {
	case wake:
		w.wake(of, s)
	case hurry:
		w.hurry(s)
	}
}

// wake puts sockets that were claimed into the run queue.
func (w *writers) wake(of lane, sockets ...*socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range sockets {
		switch {
		case s.direct == nil:
			go s.drain(nil)
		case s.urged:
			w.append(s, own)
		default:
			w.append(s, of)
		}
	}
	if w.waiting() && w.running < w.most {
		w.running++
		go w.run()
	}
}

// hurry moves a socket into the own lane. If it stands nowhere, because it is with a writer or
// whoever claimed it has not come here yet, it will go there next.
func (w *writers) hurry(s *socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !s.queued:
		s.urged = true
	case s.lane == shared:
		w.remove(s)
		w.append(s, own)
	}
}

func (w *writers) waiting() bool { return w.lanes[own].first != nil || w.lanes[shared].first != nil }

func (w *writers) append(s *socket, to lane) {
	l := &w.lanes[to]
	s.queued, s.lane, s.urged = true, to, false
	s.prev, s.next = l.last, nil
	if l.last == nil {
		l.first = s
	} else {
		l.last.next = s
	}
	l.last = s
}

func (w *writers) remove(s *socket) {
	l := &w.lanes[s.lane]
	if s.prev == nil {
		l.first = s.next
	} else {
		s.prev.next = s.next
	}
	if s.next == nil {
		l.last = s.prev
	} else {
		s.next.prev = s.prev
	}
	s.prev, s.next, s.queued = nil, nil, false
	if l.first == nil {
		w.emptied.Broadcast()
	}
}

// take returns the next socket; nil tells the writer to stop, which is noted in the same step,
// so that a wake in this moment starts another.
func (w *writers) take() *socket {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.lanes[own].first
	if s == nil {
		s = w.lanes[shared].first
	}
	if s == nil {
		w.running--
		return nil
	}
	w.remove(s)
	if w.waiting() && w.running < w.most {
		w.running++
		go w.run()
	}
	return s
}

// run is one writer.
func (w *writers) run() {
	d := desks.Get().(*desk)
	defer desks.Put(d)
	n := 0
	for s := w.take(); s != nil; s = w.take() {
		w.write(s, d)
		if n++; n%yieldAfter == 0 {
			runtime.Gosched()
		}
	}
}

// write sends one batch of what waits for s. If the socket's buffer is full, the rest goes to
// a goroutine that may wait.
func (w *writers) write(s *socket, d *desk) {
	d.frames = s.batch(d.frames[:0], joinBytes)
	defer clear(d.frames) // a desk must not keep frames alive
	n, err := d.try(s.direct)
	w.hub.count.writes.Add(1)
	if err != nil {
		s.abort()
		return
	}
	if rest := remaining(d.frames, n); rest != nil {
		go s.drain(rest)
		return
	}
	if more, of := s.settle(); more {
		w.wake(of, s)
	}
}

// remaining is what n written bytes leave of frames, in a slice of its own; nil: nothing.
func remaining(frames [][]byte, n int) net.Buffers {
	for i, f := range frames {
		if n < len(f) {
			rest := append(net.Buffers(nil), frames[i:]...)
			rest[0] = f[n:]
			return rest
		}
		n -= len(f)
	}
	return nil
}

// desk is what a writer works at.
type desk struct {
	frames [][]byte
	joined []byte
	data   []byte
	n      int
	err    error
	write  func(fd uintptr) bool // one system call, made once so that a write allocates nothing
}

// desks outlive the writers, which come and go with the work.
var desks = sync.Pool{New: func() any {
	d := &desk{joined: make([]byte, 0, joinBytes)}
	d.write = d.writeNow
	return d
}}

// try writes the frames as far as the socket's buffer takes them.
func (d *desk) try(conn syscall.RawConn) (int, error) {
	switch len(d.frames) {
	case 0:
		return 0, nil
	case 1:
		d.data = d.frames[0]
	default:
		d.data = d.joined[:0]
		for _, f := range d.frames {
			d.data = append(d.data, f...)
		}
	}
	d.n, d.err = 0, nil
	if err := conn.Write(d.write); err != nil {
		return 0, err
	}
	d.data = nil
	return d.n, d.err
}

// batch moves frames of at most limit bytes (or one larger) from the queue into to.
func (s *socket) batch(to [][]byte, limit int) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits == nil || s.dead != "" {
		return to
	}
	return s.waits.take(to, limit)
}

// settle ends a writer's turn. more means that the socket has to be written to again, in lane of.
func (s *socket) settle() (more bool, of lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.waits; q != nil && s.dead == "" {
		if !q.empty() {
			return true, q.next()
		}
		q.free() // an idle socket keeps nothing
		s.waits = nil
	}
	s.writing = false
	if s.ending && !s.flushed {
		s.flushed = true
		s.shut()
	}
	return false, own
}

// shut follows the close frame: with the client's close frame here all is said, else the
// sending side ends, and the reader waits for the client's. s.mu is held; nothing here waits.
func (s *socket) shut() {
	tcp, plain := s.net.(*net.TCPConn)
	switch {
	case s.parted && plain:
		tcp.Close()
	case s.parted:
		go s.net.Close() // under TLS closing writes once more
	case plain:
		tcp.CloseWrite()
	}
}

// drain writes to a socket that makes its writer wait. It ends when nothing is left. A socket that
// has taken nothing for as long as may be is told to come back, should it read again in the
// moment that is left.
func (s *socket) drain(rest net.Buffers) {
	for {
		if len(rest) == 0 {
			rest = s.batch(nil, joinBytes)
		}
		s.mayTake(s.hub.timing.stuck)
		n, err := rest.WriteTo(s.net)
		switch {
		case err == nil:
			if !s.settleSlow() {
				return
			}
		case errors.Is(err, os.ErrDeadlineExceeded) && n > 0 && !s.isEnding():
			// It is slow, but not stuck.
		case errors.Is(err, os.ErrDeadlineExceeded) && s.tellSlow():
		default:
			s.abort()
			return
		}
	}
}

// tellSlow ends a socket that is stuck, unless it is ending already.
func (s *socket) tellSlow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.hub.count.slow.Add(1)
	s.endLocked(tooSlow) // whose close frame the caller writes
	return true
}

// settleSlow is settle for drain: the deadline must not outlive the waiting.
func (s *socket) settleSlow() bool {
	s.mayTake(0)
	more, _ := s.settle()
	return more
}

// mayTake sets the deadline of the next write; 0: none. A socket that is ending keeps the one
// that end has set.
func (s *socket) mayTake(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.ending:
	case d == 0:
		s.net.SetWriteDeadline(time.Time{})
	default:
		s.net.SetWriteDeadline(time.Now().Add(d))
	}
}

// wakeBatch hands sockets to the writers some at a time.
type wakeBatch struct {
	lane    lane
	sockets [64]*socket
	n       int
}

// add does what queueing for s calls for, sooner or later.
func (b *wakeBatch) add(s *socket, c call) {
	if c != wake {
		s.hub.writers.heed(s, c, b.lane)
		return
	}
	b.sockets[b.n] = s
	if b.n++; b.n == len(b.sockets) {
		b.flush()
	}
}

func (b *wakeBatch) flush() {
	if b.n > 0 {
		b.sockets[0].hub.writers.wake(b.lane, b.sockets[:b.n]...)
		b.n = 0
	}
}

package conn

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
// their learner's go before those that have only what all get. There are at most as many
// writers as processors, and none while there is nothing to write.
type writers struct {
	counts *Counts
	most   int

	mu      sync.Mutex
	lanes   [2]runLane
	running int
	emptied sync.Cond // a lane has become empty
}

// runLane is a list of sockets, linked through them.
type runLane struct{ first, last *Socket }

// yieldAfter is how many sockets a writer serves before it lets others run: without it those that
// bring the next events would wait until the runtime takes the processor away, 10 ms later.
const yieldAfter = 64

// joinBytes is how much is joined into one write. What waits costs memory only once, in the
// writer's buffer.
const joinBytes = 32 << 10

func (w *writers) init(counts *Counts) {
	w.counts, w.most = counts, runtime.GOMAXPROCS(0)
	w.emptied.L = &w.mu
}

// catchUp waits until a lane is empty. Writers wait for no client, so this is a matter of this
// machine's speed alone.
func (w *writers) catchUp(of Lane) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.lanes[of].first != nil {
		w.emptied.Wait()
	}
}

// heed does what a queued event calls for.
func (w *writers) heed(s *Socket, c call, of Lane) {
	switch c {
	case wake:
		w.wake(of, s)
	case hurry:
		w.hurry(s)
	}
}

// wake puts sockets that were claimed into the run queue.
func (w *writers) wake(of Lane, sockets ...*Socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range sockets {
		switch {
		case s.direct == nil:
			go s.drain(nil)
		case s.urged:
			w.append(s, Own)
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
// its waker has not come here yet, it will go there next.
func (w *writers) hurry(s *Socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case !s.queued:
		s.urged = true
	case s.lane == Shared:
		w.remove(s)
		w.append(s, Own)
	}
}

func (w *writers) waiting() bool { return w.lanes[Own].first != nil || w.lanes[Shared].first != nil }

func (w *writers) append(s *Socket, to Lane) {
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

func (w *writers) remove(s *Socket) {
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

// take returns the next socket; nil stops the writer, which is noted in the same step,
// so that a wake in this moment starts another.
func (w *writers) take() *Socket {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.lanes[Own].first
	if s == nil {
		s = w.lanes[Shared].first
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
	b := writeBuffers.Get().(*writeBuffer)
	defer writeBuffers.Put(b)
	n := 0
	for s := w.take(); s != nil; s = w.take() {
		w.write(s, b)
		if n++; n%yieldAfter == 0 {
			runtime.Gosched()
		}
	}
}

// write sends one batch of what waits for s. If the socket's buffer is full, the rest goes to
// a goroutine that may wait.
func (w *writers) write(s *Socket, b *writeBuffer) {
	b.frames = s.batch(b.frames[:0], joinBytes)
	defer clear(b.frames) // a pooled buffer must not keep frames alive
	n, err := b.try(s.direct)
	w.counts.Writes.Add(1)
	if err != nil {
		s.Abort()
		return
	}
	if rest := remaining(b.frames, n); rest != nil {
		go s.drain(rest)
		return
	}
	if more, of := s.finishTurn(); more {
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

// writeBuffer is what a writer works with.
type writeBuffer struct {
	frames [][]byte
	joined []byte
	data   []byte
	n      int
	err    error
	write  func(fd uintptr) bool // one system call, made once so that a write allocates nothing
}

// writeBuffers outlive the writers, which come and go with the work.
var writeBuffers = sync.Pool{New: func() any {
	b := &writeBuffer{joined: make([]byte, 0, joinBytes)}
	b.write = b.writeNow
	return b
}}

// try writes the frames as far as the socket's buffer takes them.
func (b *writeBuffer) try(conn syscall.RawConn) (int, error) {
	switch len(b.frames) {
	case 0:
		return 0, nil
	case 1:
		b.data = b.frames[0]
	default:
		b.data = b.joined[:0]
		for _, f := range b.frames {
			b.data = append(b.data, f...)
		}
	}
	b.n, b.err = 0, nil
	if err := conn.Write(b.write); err != nil {
		return 0, err
	}
	b.data = nil
	return b.n, b.err
}

// batch moves frames of at most limit bytes (or one larger) from the queue into to.
func (s *Socket) batch(to [][]byte, limit int) [][]byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.waits == nil || s.muted {
		return to
	}
	return s.waits.take(to, limit)
}

// finishTurn ends a writer's turn. more means that the socket has to be written to again, in lane of.
func (s *Socket) finishTurn() (more bool, of Lane) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if q := s.waits; q != nil && !s.muted {
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
	return false, Own
}

// shut follows the close frame: with the client's close frame here all is said, else the
// sending side ends, and the reader waits for the client's. s.mu is held; nothing here waits.
func (s *Socket) shut() {
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
// has taken nothing for as long as may be gets a close frame, should it read again in the
// moment that is left.
func (s *Socket) drain(rest net.Buffers) {
	for {
		if len(rest) == 0 {
			rest = s.batch(nil, joinBytes)
		}
		s.mayTake(s.server.Timing.Stuck)
		n, err := rest.WriteTo(s.net)
		switch {
		case err == nil:
			if !s.finishDrain() {
				return
			}
		case errors.Is(err, os.ErrDeadlineExceeded) && n > 0 && !s.IsEnding():
			// It is slow, but not stuck.
		case errors.Is(err, os.ErrDeadlineExceeded) && s.tellSlow():
		default:
			s.Abort()
			return
		}
	}
}

// tellSlow ends a socket that is stuck, unless it is ending already.
func (s *Socket) tellSlow() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false
	}
	s.server.Slow.Add(1)
	s.endLocked(TooSlow) // the caller writes its close frame
	return true
}

// finishDrain is finishTurn for drain: the deadline must not outlive the waiting.
func (s *Socket) finishDrain() bool {
	s.mayTake(0)
	more, _ := s.finishTurn()
	return more
}

// mayTake sets the deadline of the next write; 0: none. A socket that is ending keeps the one
// that end has set.
func (s *Socket) mayTake(d time.Duration) {
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

// Batch offers events to many sockets and hands those that were at rest to the writers some at a time, so that the first
// are written to while the last are being offered theirs. The caller ends it with Flush.
type Batch struct {
	Lane    Lane // in which the writers serve them
	sockets [64]*Socket
	n       int
}

// Offer is Socket.Offer within a batch. taken means that the event will be sent, or a later one that replaces it.
func (b *Batch) Offer(s *Socket, ev *Event) (taken bool) {
	c, taken := s.queue(ev)
	if c != wake {
		s.server.writers.heed(s, c, b.Lane)
		return taken
	}
	b.sockets[b.n] = s
	if b.n++; b.n == len(b.sockets) {
		b.Flush()
	}
	return taken
}

// Flush hands over what is left.
func (b *Batch) Flush() {
	if b.n > 0 {
		b.sockets[0].server.writers.wake(b.Lane, b.sockets[:b.n]...)
		b.n = 0
	}
}

package hub

import (
	"net"
	"runtime"
	"sync"
	"syscall"
	"time"
)

// writers write what waits for the sockets. A socket that has something to send stands in the
// run queue once; a writer takes all that waits for it, joins it, and writes it at once,
// without ever waiting for the socket. There are at most as many writers as processors, and
// none while there is nothing to write.
type writers struct {
	hub  *Hub
	most int

	mu          sync.Mutex
	first, last *socket
	running     int
	empty       sync.Cond // the run queue has become empty
}

// joinBytes is how much is joined into one write. What waits costs memory only once, in the
// writer's buffer.
const joinBytes = 32 << 10

func (w *writers) init(h *Hub) {
	w.hub, w.most = h, runtime.GOMAXPROCS(0)
	w.empty.L = &w.mu
}

// catchUp waits until the run queue is empty. Writers wait for nobody, so this is a matter of
// this machine's speed alone, never of a client's.
func (w *writers) catchUp() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.first != nil {
		w.empty.Wait()
	}
}

// wake puts sockets that were claimed into the run queue.
func (w *writers) wake(sockets ...*socket) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, s := range sockets {
		if s.direct == nil {
			go s.drain(nil)
			continue
		}
		w.append(s)
	}
	if w.first != nil && w.running < w.most {
		w.running++
		go w.run()
	}
}

func (w *writers) append(s *socket) {
	if w.last == nil {
		w.first = s
	} else {
		w.last.next = s
	}
	w.last = s
}

// take returns the next socket; nil tells the writer to stop, which is noted in the same step,
// so that a wake in this moment starts another.
func (w *writers) take() *socket {
	w.mu.Lock()
	defer w.mu.Unlock()
	s := w.first
	if s == nil {
		w.running--
		return nil
	}
	w.first, s.next = s.next, nil
	switch {
	case w.first == nil:
		w.last = nil
		w.empty.Broadcast()
	case w.running < w.most:
		w.running++
		go w.run()
	}
	return s
}

// run is one writer.
func (w *writers) run() {
	d := desks.Get().(*desk)
	defer desks.Put(d)
	for s := w.take(); s != nil; s = w.take() {
		w.write(s, d)
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
	if s.settle() {
		w.wake(s)
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
	n, bytes := 0, 0
	for n < len(s.out) && (n == 0 || bytes+len(s.out[n]) <= limit) {
		bytes += len(s.out[n])
		n++
	}
	to = append(to, s.out[:n]...)
	s.bytes -= bytes
	s.replayed = max(0, s.replayed-n)
	left := copy(s.out, s.out[n:])
	clear(s.out[left:])
	s.out = s.out[:left]
	if left == 0 && cap(s.out) > 4 {
		s.out = nil // an idle socket keeps next to nothing
	}
	return to
}

// settle ends a writer's turn. more means that the socket has to be written to again.
func (s *socket) settle() (more bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.out) > 0 {
		return true
	}
	s.writing = false
	if s.ending && !s.flushed {
		s.flushed = true
		s.shut()
	}
	return false
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

// drain writes to a socket that makes its writer wait. It ends when nothing is left, or when
// a batch has not gone within the deadline.
func (s *socket) drain(rest net.Buffers) {
	for {
		if len(rest) == 0 {
			rest = s.batch(nil, joinBytes)
		}
		s.mayTake(s.hub.timing.stuck)
		if _, err := rest.WriteTo(s.net); err != nil {
			s.abort()
			return
		}
		rest = nil
		if !s.settleSlow() {
			return
		}
	}
}

// settleSlow is settle for drain: the deadline must not outlive the waiting.
func (s *socket) settleSlow() bool {
	s.mayTake(0)
	return s.settle()
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
	sockets [64]*socket
	n       int
}

func (b *wakeBatch) add(s *socket) {
	b.sockets[b.n] = s
	if b.n++; b.n == len(b.sockets) {
		b.flush()
	}
}

func (b *wakeBatch) flush() {
	if b.n > 0 {
		b.sockets[0].hub.writers.wake(b.sockets[:b.n]...)
		b.n = 0
	}
}

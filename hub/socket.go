package hub

import (
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/gorilla/websocket"
)

const (
	queueFrames  = 256       // frames that may wait for one socket
	queueBytes   = 256 << 10 // bytes likewise; a single frame may be larger
	messageLimit = 16 << 10  // bytes of a client's message
	floodBurst   = 20        // client frames at once
	floodPerSec  = 2         // client frames a second (120 a minute)
	kernelBytes  = 64 << 10  // the kernel's send buffer, which else grows to megabytes for one that is stuck
)

// socket is one WebSocket. It is kept small: an idle one costs this, gorilla's reader and one
// goroutine's smallest stack.
type socket struct {
	hub    *Hub
	ws     *websocket.Conn // reads only; see gate
	net    net.Conn        // written by the writers, closed by the reader
	direct syscall.RawConn // writes that never wait; nil: not possible here (TLS)
	addr   string
	slot   rosterSlot // the roster's

	// The reader's, and the goroutine's it waits for.
	follows []*follower
	greeted bool
	credit  float32       // client frames left before it is a flood
	counted time.Duration // when credit was last counted, since the hub started

	expires atomic.Int64 // Unix milliseconds when the token expires; 0: never

	mu       sync.Mutex
	identity Identity // User is empty: nobody has logged in
	since    int64    // Unix milliseconds when the check of its token began
	out      [][]byte // frames that wait, whole
	bytes    int      // in out
	replayed int      // frames in out that do not count against the limit
	open     bool     // ready was sent; before, frames wait
	writing  bool     // in the run queue or with a writer
	ending   bool     // the close frame is queued: nothing follows it
	flushed  bool     // the close frame is written
	parted   bool     // the client's close frame has come

	next *socket // in the run queue; the writers'
}

func (h *Hub) newSocket(ws *websocket.Conn, conn net.Conn, addr string) *socket {
	s := &socket{
		hub: h, ws: ws, net: conn, direct: directWrites(conn), addr: addr,
		credit: floodBurst, counted: time.Since(h.started),
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(kernelBytes)
	}
	ws.SetReadLimit(messageLimit)
	ws.SetPongHandler(s.gotPong)
	ws.SetPingHandler(s.gotPing)
	ws.SetCloseHandler(noReply)
	conn.SetReadDeadline(time.Now().Add(h.timing.hello))
	return s
}

// noReply leaves the answer to a close frame to the end of the reader.
func noReply(int, string) error { return nil }

var errFlood = errors.New("hub: too many frames")

func (s *socket) gotPong(string) error {
	s.touch()
	return s.allow()
}

func (s *socket) gotPing(payload string) error {
	if err := s.allow(); err != nil {
		return err
	}
	s.touch()
	s.send(controlFrame(finPong, payload))
	return nil
}

// serve is the reader: it lives as long as the socket. It is written flat: what lies on its
// stack while it waits, every idle socket keeps.
func (s *socket) serve() {
	for {
		kind, r, err := s.ws.NextReader()
		if err == nil {
			err = s.serveFrame(kind, r)
		}
		if err != nil {
			s.part(err)
			s.leave()
			return
		}
	}
}

// serveFrame handles one frame. Once the close frame is queued only the client's is of interest.
func (s *socket) serveFrame(kind int, r io.Reader) error {
	if s.isEnding() {
		return nil
	}
	if err := s.allow(); err != nil {
		return err
	}
	s.touch()
	s.handleApart(kind, r)
	return nil
}

// part ends a socket whose reading ended with err. When both sides have sent a close frame the
// connection is closed at once (RFC 6455 §7.1.1); else the client gets a moment to read ours.
func (s *socket) part(err error) {
	s.end(s.closingFor(err))
	var closed *websocket.CloseError
	if errors.As(err, &closed) && s.heardClose() {
		return
	}
	s.drainInput()
}

// heardClose notes the client's close frame and reports whether ours has been written.
func (s *socket) heardClose() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parted = true
	return s.flushed
}

// handleApart handles one frame on a goroutine of its own and waits for it, so that the stack
// which decoding needs is not kept by every idle socket.
func (s *socket) handleApart(kind int, r io.Reader) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.survive()
		s.handle(kind, r)
	}()
	<-done
}

// survive turns a panic in one socket's handling into the end of that socket.
func (s *socket) survive() {
	if what := recover(); what != nil {
		s.hub.log.Error("hub: panic while handling a frame", "panic", what)
		s.end(tryLater)
	}
}

// closingFor tells how a socket ends whose reading failed.
func (s *socket) closingFor(err error) closing {
	var closed *websocket.CloseError
	var timed net.Error // gorilla wraps the deadline's error in one of its own
	late := errors.As(err, &timed) && timed.Timeout()
	switch {
	case errors.As(err, &closed) && closed.Code == websocket.CloseNoStatusReceived:
		return closing{} // an empty close frame answers an empty one
	case errors.As(err, &closed):
		return closing{code: closed.Code, word: "BYE"}
	case late && !s.greeted:
		return helloTimeout
	case late:
		s.hub.count.silent.Add(1)
		return silent
	case errors.Is(err, errFlood):
		return tooManyMessages
	case errors.Is(err, websocket.ErrReadLimit):
		return messageTooBig
	default:
		return protocolMisuse // or the connection is gone, then nobody reads this
	}
}

// drainInput waits for the client to close, at most until the deadline that end has set:
// closing while bytes are unread would make TCP throw the close frame away.
func (s *socket) drainInput() {
	waste := make([]byte, 512)
	for {
		if _, err := s.net.Read(waste); err != nil {
			return
		}
	}
}

// leave takes the socket out of everything.
func (s *socket) leave() {
	for _, f := range s.follows {
		s.hub.partitionOf(f.topic.name).remove(f)
	}
	s.follows = nil
	s.abort()
	s.hub.roster.remove(s)
}

// allow counts one frame of the client against the flood limit.
func (s *socket) allow() error {
	now := time.Since(s.hub.started)
	s.credit = min(floodBurst, s.credit+float32((now-s.counted).Seconds())*floodPerSec)
	s.counted = now
	if s.credit < 1 {
		s.hub.count.floods.Add(1)
		return errFlood
	}
	s.credit--
	return nil
}

// touch notes that the client is alive. Before hello there is one deadline only.
func (s *socket) touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.greeted && !s.ending {
		s.net.SetReadDeadline(time.Now().Add(s.hub.timing.silent))
	}
}

func (s *socket) isEnding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// who is the identity at this moment.
func (s *socket) who() Identity {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity
}

// loggedIn is the identity and since when it is known to be good, Unix milliseconds.
func (s *socket) loggedIn() (Identity, int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.identity, s.since
}

// become takes an identity whose token was found good by a check that began at since.
func (s *socket) become(id Identity, since time.Time) {
	expires := int64(0)
	if !id.ExpiresAt.IsZero() {
		expires = id.ExpiresAt.UnixMilli()
	}
	s.expires.Store(expires)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.identity, s.since = id, since.UnixMilli()
}

// queue lets one frame wait for the socket. wake means that the caller has to hand the socket to the
// writers; taken, that the frame will be sent. A full queue ends the socket: it comes back
// with its position and nobody has waited for it.
func (s *socket) queue(frame []byte) (wake, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return false, false
	}
	if s.full(len(frame)) {
		s.hub.count.slow.Add(1)
		return s.endLocked(tooSlow), false
	}
	s.out = append(s.out, frame)
	s.bytes += len(frame)
	return s.claim(), true
}

// full reports whether n more bytes are too many. s.mu is held.
func (s *socket) full(n int) bool {
	waiting := len(s.out) - s.replayed
	return waiting >= queueFrames || (waiting > 0 && s.replayed == 0 && s.bytes+n > queueBytes)
}

// claim makes the caller responsible for waking a writer, if there is one to wake. s.mu is held.
func (s *socket) claim() bool {
	if s.writing || !s.open {
		return false
	}
	s.writing = true
	return true
}

// send queues a frame and wakes a writer if need be.
func (s *socket) send(frame []byte) {
	if wake, _ := s.queue(frame); wake {
		s.hub.writers.wake(s)
	}
}

func (s *socket) sendReady(topics map[string]standing) {
	s.send(s.hub.newReady(s.who().User, topics))
}

// replay queues what a socket has missed. It does not count against the limit of the queue:
// its own limit is replayEvents.
func (s *socket) replay(frames [][]byte) {
	if len(frames) == 0 {
		return
	}
	s.mu.Lock()
	if s.ending {
		s.mu.Unlock()
		return
	}
	for _, f := range frames {
		s.bytes += len(f)
	}
	s.out = append(s.out, frames...)
	s.replayed += len(frames)
	wake := s.claim()
	s.mu.Unlock()
	s.hub.count.replayed.Add(uint64(len(frames)))
	if wake {
		s.hub.writers.wake(s)
	}
}

// start sends ready before everything that waited for it.
func (s *socket) start(ready []byte) {
	s.mu.Lock()
	if s.ending {
		s.mu.Unlock()
		return
	}
	s.out = append([][]byte{ready}, s.out...)
	s.bytes += len(ready)
	s.open = true
	wake := s.claim()
	s.mu.Unlock()
	if wake {
		s.hub.writers.wake(s)
	}
}

// end queues the close frame; nothing follows it. Only the first call counts.
func (s *socket) end(how closing) {
	s.mu.Lock()
	wake := s.endLocked(how)
	s.mu.Unlock()
	if wake {
		s.hub.writers.wake(s)
	}
}

// endLocked is end with s.mu held; the caller wakes a writer if it says so.
func (s *socket) endLocked(how closing) (wake bool) {
	if s.ending {
		return false
	}
	s.ending, s.open = true, true
	if how.drop {
		s.out = nil
	}
	s.out = append(s.out, how.frame())
	cut := time.Now().Add(s.hub.timing.linger)
	s.net.SetReadDeadline(cut)
	s.net.SetWriteDeadline(cut)
	return s.claim()
}

// abort cuts the connection; the reader notices and leaves.
func (s *socket) abort() {
	s.mu.Lock()
	s.ending, s.writing = true, true
	s.out = nil
	s.mu.Unlock()
	s.net.Close()
}

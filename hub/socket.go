package hub

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

const (
	messageLimit = 16 << 10 // bytes of a client's message
	wasteLimit   = 4 << 20  // bytes that are read from a client and thrown away
	floodBurst   = 20       // client frames at once
	floodPerSec  = 2        // client frames a second (120 a minute)
	kernelBytes  = 64 << 10 // the kernel's send buffer, which else grows to megabytes for one that is stuck
)

// socket is one WebSocket. It is kept small: an idle one costs this and one goroutine's smallest stack.
type socket struct {
	hub    *Hub
	net    net.Conn        // written by the writers, closed by the reader
	direct syscall.RawConn // writes that never wait; nil: not possible here (TLS)
	addr   string
	slot   rosterSlot // the roster's

	// The reader's, and the goroutine's it waits for.
	in      inbound
	begun   *message // of which some frames have come; nil: none
	follows []*follower
	greeted bool
	credit  float32       // client frames left before it is a flood
	counted time.Duration // when credit was last counted, since the hub started

	expires atomic.Int64 // Unix milliseconds when the token expires; 0: never

	mu       sync.Mutex
	identity Identity // User is empty: nobody has logged in
	since    int64    // Unix milliseconds when the check of its token began
	waits    *queue   // nil: nothing
	open     bool     // ready was sent; before, events wait
	dead     string   // the session that is over; nothing is sent until there is another; "": none
	renewing bool     // a token is being checked
	writing  bool     // in the run queue or with a writer
	ending   bool     // the close frame is queued: nothing follows it
	flushed  bool     // the close frame is written
	parted   bool     // the client's close frame has come

	// The writers'.
	prev, next *socket // in the run queue
	queued     bool    // it stands there, in lane
	lane       lane
	urged      bool // its next turn is in the own lane
}

// message is what a client says in one frame or more.
type message struct {
	op   byte
	body []byte
}

func (h *Hub) newSocket(conn net.Conn, addr string) *socket {
	s := &socket{
		hub: h, net: conn, direct: directWrites(conn), addr: addr,
		credit: floodBurst, counted: time.Since(h.started),
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(kernelBytes)
	}
	conn.SetReadDeadline(time.Now().Add(h.timing.hello))
	return s
}

var errFlood = errors.New("hub: too many frames")

// serve is the reader: it lives as long as the socket. It is written flat: what lies on its
// stack while it waits, every idle socket keeps.
func (s *socket) serve() {
	for {
		h, err := s.in.next(s.net)
		if err == nil {
			err = s.serveFrame(h)
		}
		if err != nil {
			s.part(err)
			s.leave()
			return
		}
	}
}

// serveFrame reads the rest of one frame. Every frame counts against the flood limit, an empty continuation as
// well, but for the client's close frame.
func (s *socket) serveFrame(h frameHead) error {
	if h.op != opClose {
		if err := s.allow(); err != nil {
			return err
		}
	}
	if h.op >= opClose {
		return s.serveControl(h)
	}
	m, err := s.collect(h)
	if err != nil {
		return err
	}
	s.touch()
	if m != nil && !s.isEnding() { // once the close frame is queued only the client's is of interest
		s.handleApart(m)
	}
	return nil
}

func (s *socket) serveControl(h frameHead) error {
	payload, err := s.in.control(s.net, h)
	switch {
	case err != nil:
		return err
	case h.op == opClose:
		return closedBy(payload)
	case h.op == opPing:
		s.send(controlFrame(finPong, string(payload)))
	}
	s.touch()
	return nil
}

// collect adds a data frame to the message under way and returns the message once it is complete.
func (s *socket) collect(h frameHead) (*message, error) {
	m := s.begun
	if (h.op == opContinuation) != (m != nil) {
		return nil, errBadFrame
	}
	if m == nil {
		m = &message{op: h.op}
	}
	body, err := s.in.data(s.net, h, m.body)
	if err != nil {
		return nil, err
	}
	m.body, s.begun = body, m
	if !h.fin {
		return nil, nil
	}
	s.begun = nil
	return m, nil
}

// part ends a socket whose reading ended with err. When both sides have sent a close frame the
// connection is closed at once (RFC 6455 §7.1.1); else the client gets a moment to read ours.
func (s *socket) part(err error) {
	s.end(s.closingFor(err))
	var closed *clientClosed
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

// handleApart handles one message on a goroutine of its own and waits for it, so that the stack
// which decoding needs is not kept by every idle socket.
func (s *socket) handleApart(m *message) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.survive()
		s.handle(m)
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
	var closed *clientClosed
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case errors.As(err, &closed) && closed.code == 0:
		return closing{} // an empty close frame answers an empty one
	case errors.As(err, &closed):
		return closing{code: closed.code, word: "BYE"}
	case late && !s.greeted:
		return helloTimeout
	case late:
		s.hub.count.silent.Add(1)
		return silent
	case errors.Is(err, errFlood):
		return tooManyMessages
	case errors.Is(err, errTooBig):
		return messageTooBig
	default:
		return protocolMisuse // or the connection is gone, then nobody reads this
	}
}

// drainInput waits for the client to close, at most until the deadline that end has set:
// closing while bytes are unread would make TCP throw the close frame away. A client that goes on sending
// loses the frame.
func (s *socket) drainInput() {
	waste := make([]byte, 512)
	for n := 0; n < wasteLimit; {
		got, err := s.net.Read(waste)
		if err != nil {
			return
		}
		n += got
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

// call is what is left to do for a socket once nothing is locked.
type call uint8

const (
	nobody call = iota
	wake        // it is claimed: put it into the run queue
	hurry       // it stands there or is with a writer: it has something of its own to say
)

// queue lets ev wait for the socket; taken means that it will be sent, or a later one that replaces it.
// The caller does what call says. Nobody waits for a socket whose lane is full, see lane.
func (s *socket) queue(ev *event) (c call, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nobody, false
	}
	q := s.queueLocked()
	l := &q.lanes[ev.lane]
	if n := l.yield(ev); n > 0 {
		s.hub.count.conflated.Add(uint64(n))
	}
	switch {
	case ev.lane == own && !l.fits(ev, ownBytes):
		s.hub.count.slow.Add(1)
		return s.endLocked(tooSlow), false
	case ev.lane == shared && !l.fits(ev, shareBytes):
		s.resync(ev)
	default:
		l.put(ev)
	}
	return s.claim(ev.lane), true
}

// queueLocked is the socket's queue. s.mu is held.
func (s *socket) queueLocked() *queue {
	if s.waits == nil {
		s.waits = queues.Get().(*queue)
	}
	return s.waits
}

// resync puts into the shared lane, in place of what waits there and of ev, one ready for each of
// their topics: the page is to read the state that it has at its newest position. s.mu is held.
func (s *socket) resync(ev *event) {
	l := &s.waits.lanes[shared]
	newest := l.newest(ev)
	*l = waiting{}
	for _, n := range newest {
		l.put(s.hub.readyFor(s.identity.User, n.topic, standing{Pos: n.shown()}))
	}
	s.hub.count.resynced.Add(uint64(len(newest)))
}

// claim makes the caller responsible for waking a writer, if there is one to wake. s.mu is held.
func (s *socket) claim(of lane) call {
	switch {
	case !s.open || s.dead != "":
		return nobody
	case !s.writing:
		s.writing = true
		return wake
	case of == own:
		return hurry
	}
	return nobody
}

// pass queues an event and calls a writer if need be.
func (s *socket) pass(ev *event) {
	c, _ := s.queue(ev)
	s.hub.writers.heed(s, c, ev.lane)
}

// send answers the client.
func (s *socket) send(frame []byte) { s.pass(&event{frame: frame}) }

// sendReady tells where the socket stands in one topic, before the topic's events that follow.
func (s *socket) sendReady(topic string, st standing) {
	s.pass(s.hub.readyFor(s.who().User, topic, st))
}

// replay queues what a socket has missed in one topic. It does not count against the limit of the
// lane: its own limit is replayEvents.
func (s *socket) replay(events []*event) {
	if len(events) == 0 {
		return
	}
	lane := events[0].lane
	s.mu.Lock()
	if s.ending {
		s.mu.Unlock()
		return
	}
	l := &s.queueLocked().lanes[lane]
	for _, ev := range events {
		l.put(ev)
	}
	l.replayed += len(events)
	c := s.claim(lane)
	s.mu.Unlock()
	s.hub.count.replayed.Add(uint64(len(events)))
	s.hub.writers.heed(s, c, lane)
}

// start sends ready before everything that waited for it.
func (s *socket) start(ready []byte) {
	s.mu.Lock()
	if s.ending {
		s.mu.Unlock()
		return
	}
	l := &s.queueLocked().lanes[own]
	l.events = slices.Insert(l.events, 0, &event{frame: ready})
	l.bytes += len(ready)
	s.open = true
	c := s.claim(own)
	s.mu.Unlock()
	s.hub.writers.heed(s, c, own)
}

// end queues the close frame; nothing follows it. Only the first call counts.
func (s *socket) end(how closing) {
	s.mu.Lock()
	c := s.endLocked(how)
	s.mu.Unlock()
	s.hub.writers.heed(s, c, own)
}

// endLocked is end with s.mu held; the caller heeds the call, in the own lane.
func (s *socket) endLocked(how closing) call {
	if s.ending {
		return nobody
	}
	if how.drop {
		s.waits = nil
	}
	q := s.queueLocked()
	if !s.open || s.dead != "" {
		q.answersOnly()
	}
	s.ending, s.open, s.dead = true, true, ""
	q.last = &event{frame: how.frame()}
	cut := time.Now().Add(s.hub.timing.linger)
	s.net.SetReadDeadline(cut)
	s.net.SetWriteDeadline(cut)
	return s.claim(own)
}

// abort cuts the connection; the reader notices and leaves.
func (s *socket) abort() {
	s.mu.Lock()
	s.ending, s.writing = true, true
	s.waits = nil
	s.mu.Unlock()
	s.net.Close()
}

package conn

import (
	"errors"
	"net"
	"os"
	"slices"
	"sync"
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

// Handler is what is behind a socket. The reader calls it, or a goroutine that the reader waits for.
type Handler interface {
	// Handle takes one message of the client. text is false for a binary one.
	Handle(text bool, body []byte)
	// Leave takes the socket out of everything. Nothing more is read.
	Leave()
}

// Socket is one connection: a WebSocket or an event stream. It is kept small: an idle one costs this and one
// goroutine's smallest stack.
type Socket struct {
	server  *Server
	handler Handler
	net     net.Conn        // written by the writers, closed by the reader
	direct  syscall.RawConn // writes that never wait; nil: not possible here (TLS)

	mu      sync.Mutex
	user    string // in ready frames
	waits   *queue // nil: nothing
	greeted bool   // the client's hello was answered
	open    bool   // the same, or the close frame is queued; before, events wait
	muted   bool   // nothing is sent until Unmute or End
	writing bool   // in the run queue or with a writer
	ending  bool   // the close frame is queued: nothing follows it
	flushed bool   // the close frame is written
	parted  bool   // the client's close frame has come

	// The writers'.
	prev, next *Socket // in the run queue
	queued     bool    // it stands there, in lane
	lane       Lane
	urged      bool // its next turn is in the own lane

	// The reader's, and the goroutine's it waits for. credit stands where it costs no padding.
	credit  float32       // client frames left before it is a flood
	counted time.Duration // when credit was last counted, since the server started
	begun   *message      // of which some frames have come; nil: none
	in      inbound
}

// message is what a client says in one frame or more.
type message struct {
	op   byte
	body []byte
}

var errFlood = errors.New("hub: too many frames")

// Serve is the reader: it lives as long as the socket. It is written flat: what lies on its
// stack while it waits, every idle socket keeps.
func (s *Socket) Serve() {
	for {
		h, err := s.in.next(s.net)
		if err == nil {
			err = s.serveFrame(h)
		}
		if err != nil {
			s.part(err)
			s.handler.Leave()
			return
		}
	}
}

// serveFrame reads the rest of one frame. Every frame counts against the flood limit, an empty continuation as
// well, but for the client's close frame.
func (s *Socket) serveFrame(h frameHead) error {
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
	s.Touch()
	if m != nil && !s.IsEnding() { // once the close frame is queued only the client's is of interest
		s.handleApart(m)
	}
	return nil
}

func (s *Socket) serveControl(h frameHead) error {
	payload, err := s.in.control(s.net, h)
	switch {
	case err != nil:
		return err
	case h.op == opClose:
		return closedBy(payload)
	case h.op == opPing:
		s.Answer(controlFrame(finPong, string(payload)))
	}
	s.Touch()
	return nil
}

// collect adds a data frame to the message under way and returns the message once it is complete.
func (s *Socket) collect(h frameHead) (*message, error) {
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

// part ends a socket after its reading ended with err. When both sides have sent a close frame the
// connection is closed at once (RFC 6455 §7.1.1); else the client gets a moment to read ours.
func (s *Socket) part(err error) {
	s.End(s.closeReasonFor(err))
	var closed *clientClosed
	if errors.As(err, &closed) && s.heardClose() {
		return
	}
	s.drainInput()
}

// heardClose notes the client's close frame and reports whether ours has been written.
func (s *Socket) heardClose() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parted = true
	return s.flushed
}

// handleApart handles one message on a goroutine of its own and waits for it, so that the stack
// which decoding needs is not kept by every idle socket.
func (s *Socket) handleApart(m *message) {
	done := make(chan struct{})
	go func() {
		defer close(done)
		defer s.survive()
		s.handler.Handle(m.op == opText, m.body)
	}()
	<-done
}

// survive turns a panic in one socket's handling into the end of that socket.
func (s *Socket) survive() {
	if what := recover(); what != nil {
		s.server.Logger.Error("hub: panic while handling a frame", "panic", what)
		s.End(TryLater)
	}
}

// closeReasonFor is how a socket ends whose reading failed.
func (s *Socket) closeReasonFor(err error) CloseReason {
	var closed *clientClosed
	late := errors.Is(err, os.ErrDeadlineExceeded)
	switch {
	case errors.As(err, &closed) && closed.code == 0:
		return CloseReason{} // an empty close frame answers an empty one
	case errors.As(err, &closed):
		return CloseReason{Code: closed.code, Word: "BYE"}
	case late && !s.IsGreeted():
		return HelloTimeout
	case late:
		s.server.Silent.Add(1)
		return Silent
	case errors.Is(err, errFlood):
		return TooManyMessages
	case errors.Is(err, errTooBig):
		return MessageTooBig
	default:
		return ProtocolMisuse // or the connection is gone, and nothing reads the frame
	}
}

// drainInput waits for the client to close, at most until the deadline that end has set:
// closing while bytes are unread would make TCP throw the close frame away. A client that goes on sending
// loses the frame.
func (s *Socket) drainInput() {
	waste := make([]byte, 512)
	for n := 0; n < wasteLimit; {
		got, err := s.net.Read(waste)
		if err != nil {
			return
		}
		n += got
	}
}

// allow counts one frame of the client against the flood limit.
func (s *Socket) allow() error {
	now := time.Since(s.server.started)
	s.credit = min(floodBurst, s.credit+float32((now-s.counted).Seconds())*floodPerSec)
	s.counted = now
	if s.credit < 1 {
		s.server.Floods.Add(1)
		return errFlood
	}
	s.credit--
	return nil
}

// Touch notes that the client is alive. Before ready there is one deadline only.
func (s *Socket) Touch() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.greeted && !s.ending {
		s.net.SetReadDeadline(time.Now().Add(s.server.Timing.Silent))
	}
}

// IsGreeted reports whether the client's hello was answered.
func (s *Socket) IsGreeted() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.greeted
}

// IsEnding reports whether the close frame is queued.
func (s *Socket) IsEnding() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ending
}

// call is what is left to do for a socket once nothing is locked.
type call uint8

const (
	nothing call = iota
	wake         // it is claimed: put it into the run queue
	hurry        // it stands there or is with a writer: it has something of its own to say
)

// queue lets ev wait for the socket; taken means that it will be sent, or a later one that replaces it.
// The caller does what call says. A full lane makes no caller wait, see Lane.
func (s *Socket) queue(ev *Event) (c call, taken bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending {
		return nothing, false
	}
	q := s.queueLocked()
	l := &q.lanes[ev.Lane]
	if n := l.yield(ev); n > 0 {
		s.server.Conflated.Add(uint64(n))
	}
	switch {
	case ev.Lane == Own && !l.fits(ev, ownBytes):
		s.server.Slow.Add(1)
		return s.endLocked(TooSlow), false
	case ev.Lane == Shared && !l.fits(ev, shareBytes):
		s.resync(ev)
	default:
		l.put(ev)
	}
	return s.claim(ev.Lane), true
}

// queueLocked is the socket's queue. s.mu is held.
func (s *Socket) queueLocked() *queue {
	if s.waits == nil {
		s.waits = queues.Get().(*queue)
	}
	return s.waits
}

// resync puts into the shared lane, in place of what waits there and of ev, one ready for each of
// their topics: the page is to read the state that it has at its newest position. s.mu is held.
func (s *Socket) resync(ev *Event) {
	l := &s.waits.lanes[Shared]
	newest := l.newest(ev)
	*l = waiting{}
	for _, n := range newest {
		l.put(s.server.ready(s.user, n.Topic, Shared, Standing{Pos: n.Place}))
	}
	s.server.Resynced.Add(uint64(len(newest)))
}

// claim makes the caller responsible for waking a writer, if there is one to wake. s.mu is held.
func (s *Socket) claim(of Lane) call {
	switch {
	case !s.open || s.muted:
		return nothing
	case !s.writing:
		s.writing = true
		return wake
	case of == Own:
		return hurry
	}
	return nothing
}

// Offer queues an event, and calls a writer if need be.
func (s *Socket) Offer(ev *Event) {
	c, _ := s.queue(ev)
	s.server.writers.heed(s, c, ev.Lane)
}

// Answer sends a frame to this client alone.
func (s *Socket) Answer(frame []byte) { s.Offer(&Event{Frame: frame}) }

// OfferReady says where the socket stands in one topic, before the topic's events that follow.
func (s *Socket) OfferReady(topic string, of Lane, st Standing) {
	s.mu.Lock()
	user := s.user
	s.mu.Unlock()
	s.Offer(s.server.ready(user, topic, of, st))
}

// AnswerReady sends this client a ready frame.
func (s *Socket) AnswerReady(topics map[string]Standing) {
	s.mu.Lock()
	user := s.user
	s.mu.Unlock()
	s.Answer(ReadyFrame(s.server.Timing.Ping, user, topics))
}

// Replay queues what a socket has missed in one topic. It does not count against the limit of the
// lane: the caller has a limit of its own.
func (s *Socket) Replay(events []*Event) {
	if len(events) == 0 {
		return
	}
	lane := events[0].Lane
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
	s.server.Replayed.Add(uint64(len(events)))
	s.server.writers.heed(s, c, lane)
}

// Start sends ready before everything that waited for it. topics is what it says.
func (s *Socket) Start(topics map[string]Standing) {
	s.mu.Lock()
	s.greeted = true
	if s.ending {
		s.mu.Unlock()
		return
	}
	ready := ReadyFrame(s.server.Timing.Ping, s.user, topics)
	l := &s.queueLocked().lanes[Own]
	l.events = slices.Insert(l.events, 0, &Event{Frame: ready})
	l.bytes += len(ready)
	s.open = true
	c := s.claim(Own)
	s.mu.Unlock()
	s.server.writers.heed(s, c, Own)
}

// End queues the close frame; nothing follows it. Only the first call counts.
func (s *Socket) End(how CloseReason) {
	s.mu.Lock()
	c := s.endLocked(how)
	s.mu.Unlock()
	s.server.writers.heed(s, c, Own)
}

// endLocked is End with s.mu held; the caller heeds the call, in the own lane.
func (s *Socket) endLocked(how CloseReason) call {
	if s.ending {
		return nothing
	}
	if how.Drop {
		s.waits = nil
	}
	q := s.queueLocked()
	if !s.open || s.muted {
		q.answersOnly()
	}
	s.ending, s.open, s.muted = true, true, false
	q.last = &Event{Frame: how.Frame()}
	cut := time.Now().Add(s.server.Timing.Linger)
	s.net.SetReadDeadline(cut)
	s.net.SetWriteDeadline(cut)
	return s.claim(Own)
}

// Abort cuts the connection; the reader notices and leaves.
func (s *Socket) Abort() {
	s.mu.Lock()
	s.ending, s.writing = true, true
	s.waits = nil
	s.mu.Unlock()
	s.net.Close()
}

// Mute holds back what is for the socket, and reports whether it was sent until now.
func (s *Socket) Mute() (was bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.ending || s.muted {
		return false
	}
	s.muted = true
	return true
}

// Unmute ends Mute. The next event that is offered takes the waiting ones along.
func (s *Socket) Unmute() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.muted = false
}

// SetUser names the user in ready frames from now on.
func (s *Socket) SetUser(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.user = user
}

// Package conn turns events into frames, and frames into bytes on many connections.
//
// # Goroutines
//
//   - A socket has one reader, which the caller starts with Serve, as a handler of HTTP would return so
//     that the request's memory is freed. A message of the client is handled on
//     a short-lived goroutine that the reader waits for, so that the reader's stack stays small.
//   - A socket has no writer of its own. The goroutine that offers it the first event puts it into the
//     writers' run queue; a writer takes all that waits and writes it at once without
//     blocking. A socket whose buffer is full gets a goroutine until it has caught up or its
//     deadline has passed. Writers exist only while there is something to write.
//   - Any goroutine may end a socket (Socket.End): that queues the close frame and sets deadlines. Only
//     the reader and a failed write close the TCP connection.
//
// The document of package hub has the order of the locks.
package conn

import (
	"log/slog"
	"net"
	"sync/atomic"
	"time"

	"github.com/gorilla/websocket"
)

// Timing holds the protocol's intervals.
type Timing struct {
	Hello  time.Duration // from the handshake to the first frame
	Ping   time.Duration // between two pings of the server, which ready names
	Silent time.Duration // without any frame from the client: gone
	Stuck  time.Duration // a write without progress: gone
	Linger time.Duration // after the close frame, until the connection is cut
	Stream time.Duration // the life of an event stream, at most
}

// ProtocolTiming is the timing of the contract.
func ProtocolTiming() Timing {
	return Timing{
		Hello: 5 * time.Second, Ping: 25 * time.Second, Silent: 35 * time.Second,
		Stuck: 10 * time.Second, Linger: 3 * time.Second, Stream: 10 * time.Minute,
	}
}

// Counts counts since the server was made.
type Counts struct {
	Writes, Replayed, Conflated, Resynced atomic.Uint64
	Slow, Silent, Floods                  atomic.Uint64
}

// Server makes sockets and writes to them.
type Server struct {
	Timing Timing // changed before the first socket only
	Counts
	Logger *slog.Logger

	writers  writers
	upgrader websocket.Upgrader
	turned   chan struct{} // slots for TurnAway
	started  time.Time
}

// NewServer makes a Server.
func NewServer(log *slog.Logger) *Server {
	s := &Server{
		Timing: ProtocolTiming(), Logger: log, upgrader: newUpgrader(),
		turned: make(chan struct{}, turnedAtOnce), started: time.Now(),
	}
	s.writers.init(&s.Counts)
	return s
}

// Attach makes s the socket of a connection, for a WebSocket. The caller starts Serve then.
func (v *Server) Attach(s *Socket, conn net.Conn, h Handler) {
	s.server, s.handler, s.net, s.direct = v, h, conn, directWrites(conn)
	s.credit, s.counted = floodBurst, time.Since(v.started)
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(kernelBytes)
	}
	conn.SetReadDeadline(time.Now().Add(v.Timing.Hello))
}

// Drain waits until the writers have written what waits in a lane, but for sockets whose own buffers are full.
func (v *Server) Drain(of Lane) { v.writers.catchUp(of) }

// ready is ReadyFrame for one topic, to be queued in the topic's lane.
func (v *Server) ready(user, topic string, of Lane, st Standing) *Event {
	return &Event{
		Place: st.Pos, Free: int32(len(st.Pos)), Topic: topic, Lane: of,
		Frame: ReadyFrame(v.Timing.Ping, user, map[string]Standing{topic: st}),
	}
}

package conn

import (
	"bytes"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"time"
)

// Networks that break WebSockets get the same stream as server-sent events (WHATWG HTML §9.2).
// Such a client is a socket like any other, only that its connection writes each frame as an
// event and that it cannot speak: what it wants to say stands in its request.

// Stream is the head of an event stream that was answered.
type Stream struct {
	conn net.Conn
	held *response // nil where the connection was taken over
}

// OpenStream answers with the head of a stream. The connection is taken over, as a WebSocket's is, but for HTTP/2,
// which does not allow that.
func (v *Server) OpenStream(w http.ResponseWriter, r *http.Request) (*Stream, error) {
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // nginx would keep events until it has a bufferful
	control := http.NewResponseController(w)
	conn, _, err := control.Hijack()
	switch {
	case errors.Is(err, http.ErrNotSupported):
		held := holdResponse(w, r)
		return &Stream{held, held}, held.head()
	case err != nil:
		return nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(kernelBytes)
	}
	if err := writeHead(conn, head, v.Timing.Hello); err != nil {
		conn.Close()
		return nil, err
	}
	return &Stream{conn: conn}, nil
}

// writeHead writes what net/http would have written. The body ends where the connection does.
func writeHead(conn net.Conn, head http.Header, patience time.Duration) error {
	var b bytes.Buffer
	b.WriteString("HTTP/1.1 200 OK\r\n")
	head.Set("Date", time.Now().UTC().Format(http.TimeFormat))
	head.Set("Connection", "close")
	head.Write(&b) // a Buffer takes everything
	b.WriteString("\r\n")
	conn.SetWriteDeadline(time.Now().Add(patience))
	_, err := conn.Write(b.Bytes())
	conn.SetWriteDeadline(time.Time{})
	return err
}

// AttachStream makes s the socket of an event stream, to a client that came with since. The caller starts ServeStream then.
func (v *Server) AttachStream(s *Socket, to *Stream, h Handler, since map[string]string) {
	s.server, s.handler = v, h
	s.net = &events{Conn: to.conn, since: since, places: map[string]string{}}
}

// ServeStream lives as long as the stream, whose client greet lets in. Whether a client that cannot answer pings is
// still there shows only when nothing more can be written to it, so each stream ends after a while: a living
// client comes back at once with its places, a dead one frees its place. Over HTTP/1.1 it returns at once and the
// stream lives on by itself, else it stays until the end.
func (s *Socket) ServeStream(to *Stream, greet func()) {
	if to.held == nil {
		go s.serveStream(greet)
		return
	}
	defer to.held.over()
	s.serveStream(greet)
}

func (s *Socket) serveStream(greet func()) {
	life := s.server.Timing.Stream
	renewal := time.AfterFunc(life-rand.N(life/4), func() { s.End(CheckAgain) })
	defer renewal.Stop()
	greeted := make(chan struct{})
	go func() { // apart, as a client's frame is
		defer close(greeted)
		defer s.survive()
		greet()
	}()
	<-greeted
	s.drainInput()
	s.handler.Leave()
}

// events is a connection that takes a server's WebSocket frames and writes each as an event. The
// writers alone write to it, one at a time.
type events struct {
	net.Conn
	since  map[string]string // what the client came with
	places map[string]string // what it would come back with now
	unsent []byte            // events of frames that were not taken to the end
	owed   int               // bytes of such frames that Write is still to be given
	ending bool              // the close frame is among the frames so far
}

var errHalfFrame = errors.New("hub: a write of half a frame")

// Write writes whole frames. If the connection takes only a part in time, it says so as a connection does
// (n > 0 where there was progress), and is then given the rest.
func (e *events) Write(p []byte) (int, error) {
	for rest := p[min(e.owed, len(p)):]; len(rest) > 0; {
		first, payload, after, ok := cutFrame(rest)
		if !ok {
			return 0, errHalfFrame
		}
		e.unsent = e.append(e.unsent, first, payload)
		e.ending, rest = e.ending || first == finClose, after
	}
	n, err := e.Conn.Write(e.unsent)
	if err != nil {
		e.unsent, e.owed = e.unsent[n:], len(p)
		if n > 0 && len(p) > 1 { // more than a byte may have been taken, but events are not as long as frames
			e.owed--
			return 1, err
		}
		return 0, err
	}
	e.unsent, e.owed = nil, 0
	if half, ok := e.Conn.(interface{ CloseWrite() error }); ok && e.ending {
		half.CloseWrite()
	}
	return len(p), nil
}

// append adds a frame as an event. Payloads are compact JSON, which has no line breaks.
func (e *events) append(out []byte, first byte, payload []byte) []byte {
	switch first {
	case finText:
		if id := e.move(payload); id != nil {
			out = append(append(append(out, "id: "...), id...), '\n')
		}
		return append(append(append(out, "data: "...), payload...), "\n\n"...)
	case finPing:
		return append(out, ": ping\n\n"...)
	case finClose:
		return append(out, closeEvent(payload)...)
	}
	return out
}

// move notes what a frame says about the client's places and returns its id: all of them. What a
// resumed topic has missed is still to come, so it stays where the client has come with.
func (e *events) move(payload []byte) (id []byte) {
	var f struct {
		Op     string              `json:"op"`
		Topic  string              `json:"topic"`
		Pos    string              `json:"pos"`
		Topics map[string]Standing `json:"topics"`
	}
	json.Unmarshal(payload, &f) // it is the hub's own
	switch f.Op {
	case "event":
		e.places[f.Topic] = f.Pos
	case "ready":
		for topic, at := range f.Topics {
			e.places[topic] = at.Pos
			if at.Resumed {
				e.places[topic] = e.since[topic]
			}
		}
	default:
		return nil
	}
	id, _ = json.Marshal(e.places) // strings only: cannot fail
	return id
}

// closeEvent is a close frame as the last event. retry is the pause of clients that know nothing
// but server-sent events.
func closeEvent(payload []byte) string {
	if len(payload) < 2 {
		return ""
	}
	var reason struct {
		RetryMS int64 `json:"retry_ms"`
	}
	json.Unmarshal(payload[2:], &reason) // it is the hub's own
	event := "event: close\n"
	if reason.RetryMS > 0 {
		event += fmt.Sprintf("retry: %d\n", reason.RetryMS)
	}
	return event + fmt.Sprintf("data: {\"op\":\"close\",\"status\":%d,%s\n\n", binary.BigEndian.Uint16(payload), payload[3:])
}

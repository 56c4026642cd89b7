package hub

import (
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// Networks that break WebSockets get the same stream as server-sent events (WHATWG HTML §9.2).
// Such a client is a socket like any other, only that its connection writes each frame as an
// event and that it cannot speak: what it wants to say stands in its request.

// ErrBadSince: since or Last-Event-ID is no JSON object of positions by topic, or names too many.
var ErrBadSince = errors.New("hub: since is not a map of positions")

// Refusal is why there is no stream: the status and the code that a WebSocket's handshake would be
// answered with. RetryAfterS is in seconds; 0: not at all.
type Refusal struct {
	Status      int
	Code        string
	RetryAfterS int
}

// Error is the code.
func (r *Refusal) Error() string { return "hub: " + r.Code }

func (f *refusal) told() *Refusal {
	seconds, _ := strconv.Atoi(f.retryAfter) // "" is 0
	return &Refusal{Status: f.status, Code: f.code, RetryAfterS: seconds}
}

// ServeEvents answers GET /api/events with the stream of whoever owns token; "" is a visitor's.
// The topics are those of a WebSocket's hello: user, activity, what since names; and
// those of the query's topics, with commas between. since is hello's since, in the query or, from a client that comes back, as
// Last-Event-ID, whose places go first. Every event's id is the since to come back with. The last event is
// close, with the code and reason of a WebSocket's close frame, unless the connection breaks.
//
// An error means that nothing was answered: ErrBadSince, *Refusal, or the connection failed. Over
// HTTP/1.1 it returns at once and the stream lives on by itself, else it stays until the end.
func (h *Hub) ServeEvents(w http.ResponseWriter, r *http.Request, token string) error {
	since, err := sinceOf(r)
	if err != nil {
		return err
	}
	addr, no := h.admit(r)
	if no != nil {
		return no.told()
	}
	conn, held, err := h.openEvents(w, r)
	if err != nil {
		h.roster.release(addr)
		return fmt.Errorf("open an event stream: %w", err)
	}
	s := &socket{hub: h, net: &events{Conn: conn, since: since, places: map[string]string{}}, addr: addr}
	h.count.accepted.Add(1)
	h.count.streams.Add(1)
	if closed := h.roster.add(s); closed {
		s.end(serverRestart)
	}
	if held != nil {
		defer held.over()
		s.serveEvents(token, since)
		return nil
	}
	go s.serveEvents(token, since)
	return nil
}

// sinceOf reads which topics a request wants, and from where on.
func sinceOf(r *http.Request) (map[string]string, error) {
	since, query := map[string]string{}, r.URL.Query()
	for _, text := range []string{query.Get("since"), r.Header.Get("Last-Event-ID")} {
		places := map[string]string{}
		if text != "" && json.Unmarshal([]byte(text), &places) != nil {
			return nil, ErrBadSince
		}
		maps.Copy(since, places)
	}
	for topic := range strings.SplitSeq(query.Get("topics"), ",") {
		if _, placed := since[topic]; topic != "" && !placed {
			since[topic] = ""
		}
	}
	if len(since) > maxSince {
		return nil, ErrBadSince
	}
	return since, nil
}

// openEvents answers with the head of a stream and returns what it is written to. held is nil
// where the connection was taken over, as a WebSocket's is; HTTP/2 does not allow that.
func (h *Hub) openEvents(w http.ResponseWriter, r *http.Request) (conn net.Conn, held *response, err error) {
	head := w.Header()
	head.Set("Content-Type", "text/event-stream")
	head.Set("Cache-Control", "no-store")
	head.Set("X-Accel-Buffering", "no") // nginx would keep events until it has a bufferful
	control := http.NewResponseController(w)
	conn, _, err = control.Hijack()
	switch {
	case errors.Is(err, http.ErrNotSupported):
		held = holdResponse(w, r)
		return held, held, held.head()
	case err != nil:
		return nil, nil, err
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		tcp.SetWriteBuffer(kernelBytes)
	}
	if err := writeHead(conn, head, h.timing.hello); err != nil {
		conn.Close()
		return nil, nil, err
	}
	return conn, nil, nil
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

// serveEvents lives as long as the stream. Whether a client that cannot answer pings is still there
// shows only when nothing more can be written to it, so each stream ends after a while: a living
// client comes back at once with its places, a dead one frees its place.
func (s *socket) serveEvents(token string, since map[string]string) {
	life := s.hub.timing.stream
	renewal := time.AfterFunc(life-rand.N(life/4), func() { s.end(checkAgain) })
	defer renewal.Stop()
	greeted := make(chan struct{})
	go func() { // apart, as a client's frame is
		defer close(greeted)
		defer s.survive()
		ctx, cancel := context.WithTimeout(context.Background(), authPatience)
		defer cancel()
		s.greet(ctx, token, since)
	}()
	<-greeted
	s.drainInput()
	s.leave()
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
		Topics map[string]standing `json:"topics"`
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

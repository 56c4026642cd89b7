// Package hubtest is a client of the hub for tests: it says hello, keeps every frame it gets,
// and waits for frames with a deadline.
package hubtest

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"errors"
	"math/rand/v2"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// Standing is what a ready frame says about one topic.
type Standing struct {
	Pos     string `json:"pos"`
	Resumed bool   `json:"resumed"`
}

// CheckFrame says in what a frame of the server is not as its contract has it. Every client's frames are checked, and
// what is found fails the client's test. A TestMain sets it; nil: nothing is checked.
var CheckFrame func(frame []byte) error

// Frame is any frame of the server; which fields are set depends on Op.
type Frame struct {
	Op         string              `json:"op"`
	Topic      string              `json:"topic"`
	Pos        string              `json:"pos"`
	Type       string              `json:"type"`
	Data       json.RawMessage     `json:"data"`
	Code       string              `json:"code"`
	Detail     string              `json:"detail"`
	User       *string             `json:"user"`
	HeartbeatS int                 `json:"heartbeat_s"`
	Topics     map[string]Standing `json:"topics"`
	Status     int                 `json:"status"`
	RetryMS    int64               `json:"retry_ms"`
	Raw        []byte              `json:"-"` // as it came
}

// Into decodes the event's data.
func (f Frame) Into(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(f.Data, v); err != nil {
		t.Fatalf("data of %s: %v", f.Type, err)
	}
}

// Parse reads one frame.
func Parse(t testing.TB, body []byte) (f Frame) {
	t.Helper()
	if err := json.Unmarshal(body, &f); err != nil {
		t.Fatalf("frame %s: %v", body, err)
	}
	return f
}

// Closed is how a connection ended. Code is 0 if it broke without a close frame.
type Closed struct {
	Code    int
	Word    string `json:"code"`
	RetryMS int64  `json:"retry_ms"`
}

// Client is one WebSocket, or one event stream, which can only be read. Its methods may be used by the test's goroutine only.
type Client struct {
	t    testing.TB
	ws   *websocket.Conn // nil: an event stream
	cut  func()
	read int // frames that Next has passed

	mu     sync.Mutex
	frames []Frame
	faults []error // what CheckFrame has found
	lastID string
	ended  *Closed
	news   chan struct{} // closed and replaced when something arrives
}

// Options are what Connect lets a test choose.
type Options struct {
	Header       http.Header
	NoProtocol   bool
	NoPong       bool // does not answer the server's pings
	Insecure     bool // takes any certificate, such as httptest's
	ReceiveBytes int  // size of the connection's receive buffer; 0: the system's
}

// Dial connects to url (of the socket itself; http, https, ws or wss), says hello with token (may be empty) and waits for
// ready. The client is closed when the test ends.
func Dial(t testing.TB, url, token string) *Client {
	t.Helper()
	return Resume(t, url, token, nil)
}

// Resume is Dial with positions seen before. It comes again to a hub that has just started and says TRY_LATER, as
// clients do, though sooner.
func Resume(t testing.TB, url, token string, since map[string]string) *Client {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		c := Connect(t, url, Options{})
		c.Hello(token, since)
		if !c.sentAway() || time.Now().After(deadline) {
			c.Ready()
			return c
		}
	}
}

// sentAway waits for the answer to a hello, and reports whether it is TRY_LATER.
func (c *Client) sentAway() bool {
	deadline := time.After(patience)
	for {
		c.mu.Lock()
		ready := slices.ContainsFunc(c.frames, func(f Frame) bool { return f.Op == "ready" })
		ended, news := c.ended, c.news
		c.mu.Unlock()
		if ready || ended != nil {
			return !ready && ended.Word == "TRY_LATER"
		}
		select {
		case <-news:
		case <-deadline:
			return false
		}
	}
}

// Connect makes the handshake and nothing more.
func Connect(t testing.TB, url string, o Options) *Client {
	t.Helper()
	ws, res, err := Try(url, o)
	if err != nil {
		status := "no answer"
		if res != nil {
			status = res.Status
		}
		t.Fatalf("connect to %s: %v (%s)", url, err, status)
	}
	c := &Client{t: t, ws: ws, cut: func() { ws.Close() }, news: make(chan struct{})}
	if o.NoPong {
		ws.SetPingHandler(func(string) error { return nil })
	}
	t.Cleanup(c.reportFaults)
	t.Cleanup(c.Close)
	go c.receive()
	return c
}

// patience is a deadline for what happens in milliseconds, on the busiest of machines too.
const patience = 30 * time.Second

// Try makes the handshake and returns what came of it.
func Try(url string, o Options) (*websocket.Conn, *http.Response, error) {
	d := websocket.Dialer{HandshakeTimeout: patience}
	if o.Insecure {
		d.TLSClientConfig = &tls.Config{InsecureSkipVerify: true}
	}
	if o.ReceiveBytes > 0 {
		d.NetDialContext = smallReceiver(o.ReceiveBytes)
	}
	if !o.NoProtocol {
		d.Subprotocols = []string{"mstm.v1"}
	}
	ws, res, err := d.Dial("ws"+strings.TrimPrefix(strings.TrimPrefix(url, "http"), "ws"), o.Header)
	if err == nil {
		ws.SetPingHandler(func(payload string) error {
			// gorilla's own ends the socket after a second, which is nothing on a busy machine.
			_ = ws.WriteControl(websocket.PongMessage, []byte(payload), time.Now().Add(time.Minute))
			return nil
		})
	}
	return ws, res, err
}

// smallReceiver dials connections that soon make the server wait when the client does not read.
func smallReceiver(bytes int) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		if tcp, ok := conn.(*net.TCPConn); ok {
			tcp.SetReadBuffer(bytes)
		}
		return conn, err
	}
}

// receive keeps all that comes.
func (c *Client) receive() {
	for {
		_, body, err := c.ws.ReadMessage()
		if err != nil {
			c.note(nil, closedBy(err))
			return
		}
		c.note(readFrame(body), nil)
	}
}

func readFrame(body []byte) *Frame {
	f := Frame{Raw: body}
	if err := json.Unmarshal(body, &f); err != nil {
		return &Frame{Op: "unreadable", Detail: string(body), Raw: body}
	}
	return &f
}

func closedBy(err error) *Closed {
	end := &Closed{}
	var closed *websocket.CloseError
	if errors.As(err, &closed) {
		json.Unmarshal([]byte(closed.Text), end)
		end.Code = closed.Code
	}
	return end
}

// Pause is when a client whose connection ended with err, or was refused so, comes back: at the moment it was given,
// or within a second, as a page by its first step.
func Pause(err error) time.Duration {
	if told := closedBy(err).RetryMS; told > 0 {
		return time.Duration(told) * time.Millisecond
	}
	return 200*time.Millisecond + rand.N(800*time.Millisecond)
}

func (c *Client) note(f *Frame, end *Closed) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if f != nil {
		c.frames = append(c.frames, *f)
		c.check(f)
	}
	if end != nil && c.ended == nil {
		c.ended = end
	}
	close(c.news)
	c.news = make(chan struct{})
}

// check keeps what is wrong with a frame that came. c.mu is held.
func (c *Client) check(f *Frame) {
	if CheckFrame == nil || f.Raw == nil {
		return
	}
	if err := CheckFrame(f.Raw); err != nil {
		c.faults = append(c.faults, err)
	}
}

func (c *Client) reportFaults() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, err := range c.faults {
		c.t.Errorf("against the contract: %v", err)
	}
}

// Send sends v as JSON; a string or []byte goes as it is.
func (c *Client) Send(v any) {
	c.t.Helper()
	var body []byte
	switch v := v.(type) {
	case string:
		body = []byte(v)
	case []byte:
		body = v
	default:
		var err error
		if body, err = json.Marshal(v); err != nil {
			c.t.Fatal(err)
		}
	}
	c.ws.WriteMessage(websocket.TextMessage, body) // a closed socket shows in what arrives
}

// Hello says hello.
func (c *Client) Hello(token string, since map[string]string) {
	c.t.Helper()
	f := map[string]any{"op": "hello"}
	if token != "" {
		f["token"] = token
	}
	if since != nil {
		f["since"] = since
	}
	c.Send(f)
}

// Follow follows a topic, from a position if since is not empty, and returns the ready or
// error frame that answers.
func (c *Client) Follow(topic, since string) Frame {
	c.t.Helper()
	f := map[string]any{"op": "follow", "topic": topic}
	if since != "" {
		f["since"] = since
	}
	from := len(c.All())
	c.Send(f)
	return c.find(from, patience, "answer to follow "+topic, func(f Frame) bool {
		_, mine := f.Topics[topic]
		return f.Op == "ready" && mine || f.Op == "error"
	})
}

// Ready is the first ready frame.
func (c *Client) Ready() Frame {
	c.t.Helper()
	return c.find(0, patience, "ready", func(f Frame) bool { return f.Op == "ready" })
}

// Next is the next event that Next has not returned yet.
func (c *Client) Next(d time.Duration) Frame {
	c.t.Helper()
	at := 0
	f := c.find(c.read, d, "another event", func(f Frame) bool {
		at++
		return f.Op == "event"
	})
	c.read += at
	return f
}

// Wait is the first event of a type, whenever it arrives; for other frames name their op.
func (c *Client) Wait(typ string, d time.Duration) Frame {
	c.t.Helper()
	return c.find(0, d, typ, func(f Frame) bool { return f.Type == typ || (f.Type == "" && f.Op == typ) })
}

// WaitFor is the first frame that is wanted.
func (c *Client) WaitFor(what string, d time.Duration, wanted func(Frame) bool) Frame {
	c.t.Helper()
	return c.find(0, d, what, wanted)
}

// Events waits until n events have arrived and returns them all.
func (c *Client) Events(n int, d time.Duration) []Frame {
	c.t.Helper()
	seen := 0
	c.find(0, d, "enough events", func(f Frame) bool {
		if f.Op == "event" {
			seen++
		}
		return seen >= n
	})
	var events []Frame
	for _, f := range c.All() {
		if f.Op == "event" {
			events = append(events, f)
		}
	}
	return events
}

// All is every frame so far.
func (c *Client) All() []Frame {
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]Frame(nil), c.frames...)
}

// Ended waits until the server has closed the connection.
func (c *Client) Ended(d time.Duration) Closed {
	c.t.Helper()
	deadline := time.After(d)
	for {
		c.mu.Lock()
		end, news := c.ended, c.news
		c.mu.Unlock()
		if end != nil {
			return *end
		}
		select {
		case <-news:
		case <-deadline:
			c.t.Fatalf("the socket was not closed within %s; frames: %s", d, c.show())
		}
	}
}

// Open reports whether the connection is still there as far as is known.
func (c *Client) Open() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.ended == nil
}

// Close cuts the connection without a word, like a phone in a tunnel.
func (c *Client) Close() { c.cut() }

// Conn is the connection, for tests that send what this client would not. Only this client may
// read from it.
func (c *Client) Conn() *websocket.Conn { return c.ws }

// find waits for the first frame from index from on that is wanted.
func (c *Client) find(from int, d time.Duration, what string, wanted func(Frame) bool) Frame {
	c.t.Helper()
	deadline := time.After(d)
	for i := from; ; {
		c.mu.Lock()
		frames, ended, news := c.frames, c.ended, c.news
		c.mu.Unlock()
		for ; i < len(frames); i++ {
			if wanted(frames[i]) {
				return frames[i]
			}
		}
		if ended != nil {
			c.t.Fatalf("the socket was closed with %+v before %s came; frames: %s", *ended, what, c.show())
		}
		select {
		case <-news:
		case <-deadline:
			c.t.Fatalf("%s did not come within %s; frames: %s", what, d, c.show())
		}
	}
}

// show is the latest frames for a failure's text.
func (c *Client) show() string {
	all := c.All()
	var b strings.Builder
	for _, f := range all[max(0, len(all)-12):] {
		line, _ := json.Marshal(f)
		b.WriteString("\n  ")
		b.Write(line[:min(len(line), 300)])
	}
	return b.String()
}

package conn

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// endless is a connection that brings the same bytes again and again.
type endless struct {
	net.Conn
	bytes []byte
	at    int
}

func (e *endless) Read(p []byte) (int, error) {
	n := copy(p, e.bytes[e.at:])
	e.at = (e.at + n) % len(e.bytes)
	return n, nil
}

func (e *endless) Write(p []byte) (int, error)      { return len(p), nil }
func (e *endless) SetDeadline(time.Time) error      { return nil }
func (e *endless) SetWriteDeadline(time.Time) error { return nil }

// taken answers a handshake with a connection.
type taken struct {
	http.ResponseWriter
	conn net.Conn
}

func (t taken) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return t.conn, bufio.NewReadWriter(bufio.NewReader(t.conn), bufio.NewWriter(t.conn)), nil
}

// gorillaOn is gorilla's reader on a connection, with the buffer that a socket could afford.
func gorillaOn(b *testing.B, conn net.Conn) *websocket.Conn {
	r := httptest.NewRequest(http.MethodGet, "/ws", nil)
	for name, value := range map[string]string{
		"Connection": "upgrade", "Upgrade": "websocket", "Sec-Websocket-Version": "13",
		"Sec-Websocket-Key": "AAAAAAAAAAAAAAAAAAAAAA==",
	} {
		r.Header.Set(name, value)
	}
	u := websocket.Upgrader{ReadBufferSize: 128, WriteBufferSize: 256}
	ws, err := u.Upgrade(taken{httptest.NewRecorder(), conn}, r, nil)
	if err != nil {
		b.Fatal(err)
	}
	ws.SetReadLimit(messageLimit)
	return ws
}

// BenchmarkInbound holds the hub's reader of frames against gorilla's, which it replaced.
func BenchmarkInbound(b *testing.B) {
	for _, size := range []int{20, 120, 1000, messageLimit} {
		input := masked(finText, strings.Repeat("x", size))
		b.Run(fmt.Sprintf("own/%d bytes", size), func(b *testing.B) {
			s := &Socket{net: &endless{bytes: input}}
			b.ReportAllocs()
			for b.Loop() {
				h, err := s.in.next(s.net)
				if err != nil {
					b.Fatal(err)
				}
				if m, err := s.collect(h); err != nil || len(m.body) != size {
					b.Fatal(m, err)
				}
			}
		})
		b.Run(fmt.Sprintf("gorilla/%d bytes", size), func(b *testing.B) {
			ws := gorillaOn(b, &endless{bytes: input})
			b.ReportAllocs()
			for b.Loop() {
				_, r, err := ws.NextReader()
				if err != nil {
					b.Fatal(err)
				}
				if body, err := io.ReadAll(r); err != nil || len(body) != size {
					b.Fatal(len(body), err)
				}
			}
		})
	}
}

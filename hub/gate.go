package hub

import (
	"bufio"
	"net"
	"net/http"
	"time"
)

// gate stands between gorilla and the connection. gorilla answers some bad frames by writing a
// close frame by itself, which would land in the middle of a frame of ours: after the
// handshake its writes and deadlines go nowhere. The hub writes to the connection behind it.
type gate struct {
	net.Conn
	shut bool
}

func (g *gate) Write(p []byte) (int, error) {
	if g.shut {
		return len(p), nil
	}
	return g.Conn.Write(p)
}

func (g *gate) SetWriteDeadline(t time.Time) error {
	if g.shut {
		return nil
	}
	return g.Conn.SetWriteDeadline(t)
}

// hijack gives gorilla the gate instead of the connection. It looks through middleware that
// has Unwrap.
type hijack struct {
	http.ResponseWriter
	gate *gate
}

func (w *hijack) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	conn, rw, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	w.gate = &gate{Conn: conn}
	return w.gate, rw, nil
}

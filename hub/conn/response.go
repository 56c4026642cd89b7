package conn

import (
	"net"
	"net/http"
	"sync"
	"time"
)

// response is an answer that stays with its handler, as a connection: HTTP/2 has many answers on one
// connection and gives none away. Its reader learns only that the client has gone.
type response struct {
	net.Conn // none: its addresses are not asked for
	w        http.ResponseWriter
	control  *http.ResponseController
	gone     <-chan struct{} // closed when the client has
	shut     chan struct{}   // closed by Close and CloseWrite
	close    sync.Once

	// Nothing may be done with w after its handler has returned.
	writing   sync.Mutex // held by a write, which may wait
	deadlines sync.Mutex // held by what ends such a wait
	done      bool       // guarded by both
}

func holdResponse(w http.ResponseWriter, r *http.Request) *response {
	c := &response{
		w: w, control: http.NewResponseController(w), gone: r.Context().Done(), shut: make(chan struct{}),
	}
	c.control.SetReadDeadline(time.Time{}) // the server's own would be taken for the client's going
	return c
}

// head sends the head of the answer.
func (c *response) head() error {
	c.w.WriteHeader(http.StatusOK)
	return c.control.Flush()
}

// Write sends p at once.
func (c *response) Write(p []byte) (int, error) {
	c.writing.Lock()
	defer c.writing.Unlock()
	if c.done {
		return 0, net.ErrClosed
	}
	n, err := c.w.Write(p)
	if err == nil {
		err = c.control.Flush()
	}
	return n, err
}

// Read waits until the client has gone or the answer is complete.
func (c *response) Read([]byte) (int, error) {
	select {
	case <-c.gone:
	case <-c.shut:
	}
	return 0, net.ErrClosed
}

// CloseWrite completes the answer.
func (c *response) CloseWrite() error {
	c.close.Do(func() { close(c.shut) })
	return nil
}

// Close also ends a write that waits.
func (c *response) Close() error {
	c.SetWriteDeadline(time.Unix(1, 0))
	return c.CloseWrite()
}

// SetReadDeadline does nothing: after the end there is no client to wait for.
func (c *response) SetReadDeadline(time.Time) error { return nil }

// SetWriteDeadline bounds writes, one that waits included; the zero time takes the bound away.
func (c *response) SetWriteDeadline(t time.Time) error {
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	if c.done {
		return net.ErrClosed
	}
	return c.control.SetWriteDeadline(t)
}

// over is called by the handler before it returns, after Close.
func (c *response) over() {
	c.writing.Lock()
	defer c.writing.Unlock()
	c.deadlines.Lock()
	defer c.deadlines.Unlock()
	c.done = true
}

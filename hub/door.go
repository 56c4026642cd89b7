package hub

import (
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"
)

// Handshakes in a second, and at once: each brings a check of a token and a replay. 10,000 pages that
// were cut off together are back within half a minute.
const (
	handshakeRate  = 1000
	handshakeBurst = 2000
	returnRate     = 800 // moments given to those turned away, a second: the rest is for newcomers
	leastWait      = time.Second / 2
	longestWait    = 30 * time.Second
	// turnedAtOnce is how many pages are being told to wait over sockets of their own.
	turnedAtOnce = 1000
)

// door lets handshakes in at the rate an instance can serve. Each one turned away is told a moment of
// its own to come back.
type door struct {
	bucket *rate.Limiter
	turned chan struct{} // slots for telling pages

	mu   sync.Mutex
	told time.Time // the latest moment given
}

func newDoor(perSecond float64, burst int) *door {
	return &door{bucket: rate.NewLimiter(rate.Limit(perSecond), burst), turned: make(chan struct{}, turnedAtOnce)}
}

// enter lets one in, or says how long it is to wait. When the moments given reach further than
// anybody waits, they are random.
func (d *door) enter(now time.Time) (wait time.Duration, in bool) {
	if d.bucket.AllowN(now, 1) {
		return 0, true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	next := d.told.Add(time.Second / returnRate)
	if soonest := now.Add(leastWait); next.Before(soonest) {
		next = soonest
	}
	if next.After(now.Add(longestWait)) {
		return longestWait/2 + rand.N(longestWait/2), false
	}
	d.told = next
	return next.Sub(now), false
}

// busy is the refusal of one that is to come back after wait.
func busy(wait time.Duration) *refusal {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &refusal{
		status: http.StatusServiceUnavailable, code: tryLater.word, retryAfter: strconv.Itoa(seconds), wait: wait,
	}
}

// turnAway tells a page when to come back. A browser shows a page nothing of a refused handshake, so a
// request that has an Origin gets its socket and is closed with 4103 at once; others, and those that
// are too many for that, are answered over HTTP.
func (h *Hub) turnAway(w http.ResponseWriter, r *http.Request, no *refusal) {
	if no.wait == 0 || r.Header.Get("Origin") == "" || !websocket.IsWebSocketUpgrade(r) {
		no.answer(w)
		return
	}
	select {
	case h.door.turned <- struct{}{}:
	default:
		no.answer(w)
		return
	}
	ws, err := h.upgrader.Upgrade(hijacker{w}, r, nil)
	if err != nil {
		<-h.door.turned // Upgrade has answered
		return
	}
	go func() {
		defer func() { <-h.door.turned }()
		h.sayLater(ws.NetConn(), no.wait)
	}()
}

// sayLater closes a socket that is to come back, and gives it a moment to read so.
func (h *Hub) sayLater(conn net.Conn, wait time.Duration) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(h.timing.linger))
	if _, err := conn.Write(closeFrame(tryLater.code, closeReason(tryLater.word, wait.Milliseconds()))); err != nil {
		return
	}
	var in inbound
	for range floodBurst { // a page has not said much by then
		frame, err := in.next(conn)
		if err != nil || frame.op == opClose {
			return
		}
		if _, err := in.data(conn, frame, nil); err != nil {
			return
		}
	}
}

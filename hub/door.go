package hub

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"strconv"
	"sync"
	"time"

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
	places int           // sockets of one address, at most; 0: no cap, and no rate of an address either

	mu        sync.Mutex
	told      time.Time                // the latest moment given
	addresses map[string]*rate.Limiter // their handshakes, lately
}

// An address may open all its places four times at once, as when servers restart one after the other, and half of
// them a second.
const (
	addressBursts  = 4
	leastBurst     = 20
	addressSeconds = 2
	// addressesKnown is how many are counted, about 1 MB.
	addressesKnown = 8192
)

func newDoor(perSecond float64, burst, places int) *door {
	return &door{
		bucket: rate.NewLimiter(rate.Limit(perSecond), burst), turned: make(chan struct{}, turnedAtOnce),
		places: places, addresses: map[string]*rate.Limiter{},
	}
}

// admit lets a handshake of an address in, or says why not.
func (d *door) admit(addr string, now time.Time) *refusal {
	if !d.mayTry(addr, now) {
		return &refusedOften
	}
	if wait, in := d.enter(now); !in {
		return busy(wait)
	}
	return nil
}

// mayTry counts one handshake of an address.
func (d *door) mayTry(addr string, now time.Time) bool {
	if d.places <= 0 {
		return true
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	l := d.addresses[addr]
	if l == nil {
		if len(d.addresses) >= addressesKnown {
			d.forgetResting(now)
		}
		l = rate.NewLimiter(rate.Limit(float64(d.places)/addressSeconds), max(leastBurst, addressBursts*d.places))
		d.addresses[addr] = l
	}
	return l.AllowN(now, 1)
}

// forgetResting makes room: an address that may open everything at once again is as good as new, and where all
// are busy none can be told from a newcomer. d.mu is held.
func (d *door) forgetResting(now time.Time) {
	maps.DeleteFunc(d.addresses, func(_ string, l *rate.Limiter) bool { return l.TokensAt(now) >= float64(l.Burst()) })
	if len(d.addresses) >= addressesKnown {
		clear(d.addresses)
	}
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
// are too many for that, get the refusal that is returned.
func (h *Hub) turnAway(w http.ResponseWriter, r *http.Request, no *refusal) *refusal {
	if no.wait == 0 || r.Header.Get("Origin") == "" {
		return no
	}
	select {
	case h.door.turned <- struct{}{}:
	default:
		return no
	}
	ws, err := h.upgrader.Upgrade(hijacker{w}, r, nil)
	if err != nil {
		<-h.door.turned
		return &refusedNoHandshake
	}
	go func() {
		defer func() { <-h.door.turned }()
		h.sayLater(ws.NetConn(), no.wait)
	}()
	return nil
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

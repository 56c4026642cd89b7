package conn

import (
	"maps"
	"math/rand/v2"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/time/rate"
)

// Handshakes in a second, and at once: each brings a check of a token and a replay. 10,000 pages that
// were cut off together are back within half a minute.
const (
	HandshakeRate  = 1000
	HandshakeBurst = 2000
	returnRate     = 800 // moments given to those turned away, a second: the rest is for newcomers
	leastWait      = time.Second / 2
	longestWait    = 30 * time.Second
	// turnedAtOnce is how many pages are turned away over sockets of their own, at a time.
	turnedAtOnce = 1000
)

// AdmissionLimiter lets handshakes in at the rate an instance can serve. Each one that it turns away is given a moment
// of its own to come back.
type AdmissionLimiter struct {
	bucket *rate.Limiter
	places int // sockets of one address, at most; 0: no cap, and no rate of an address either

	mu        sync.Mutex
	given     time.Time                // the latest moment
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

// NewAdmissionLimiter makes a limiter of so many handshakes a second and at once; places is how many sockets one
// address may have, 0: any number.
func NewAdmissionLimiter(perSecond float64, burst, places int) *AdmissionLimiter {
	return &AdmissionLimiter{
		bucket: rate.NewLimiter(rate.Limit(perSecond), burst), places: places, addresses: map[string]*rate.Limiter{},
	}
}

// Admit lets a handshake of an address in, or returns why not.
func (l *AdmissionLimiter) Admit(addr string, now time.Time) *Refusal {
	if !l.mayTry(addr, now) {
		return &RefusedOften
	}
	if wait, in := l.enter(now); !in {
		return busy(wait)
	}
	return nil
}

// mayTry counts one handshake of an address.
func (l *AdmissionLimiter) mayTry(addr string, now time.Time) bool {
	if l.places <= 0 {
		return true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	of := l.addresses[addr]
	if of == nil {
		if len(l.addresses) >= addressesKnown {
			l.forgetResting(now)
		}
		of = rate.NewLimiter(rate.Limit(float64(l.places)/addressSeconds), max(leastBurst, addressBursts*l.places))
		l.addresses[addr] = of
	}
	return of.AllowN(now, 1)
}

// forgetResting makes room: an address that may open everything at once again is as good as new, and where all
// are busy none can be distinguished from a newcomer. l.mu is held.
func (l *AdmissionLimiter) forgetResting(now time.Time) {
	maps.DeleteFunc(l.addresses, func(_ string, of *rate.Limiter) bool { return of.TokensAt(now) >= float64(of.Burst()) })
	if len(l.addresses) >= addressesKnown {
		clear(l.addresses)
	}
}

// enter lets one in, or says how long it is to wait. When the moments given reach further than
// longestWait, they are random.
func (l *AdmissionLimiter) enter(now time.Time) (wait time.Duration, in bool) {
	if l.bucket.AllowN(now, 1) {
		return 0, true
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	next := l.given.Add(time.Second / returnRate)
	if soonest := now.Add(leastWait); next.Before(soonest) {
		next = soonest
	}
	if next.After(now.Add(longestWait)) {
		return longestWait/2 + rand.N(longestWait/2), false
	}
	l.given = next
	return next.Sub(now), false
}

// busy is the refusal of a client that is to come back after wait.
func busy(wait time.Duration) *Refusal {
	seconds := int((wait + time.Second - 1) / time.Second)
	return &Refusal{Status: http.StatusServiceUnavailable, Code: TryLater.Word, RetryAfterS: seconds, wait: wait}
}

// TurnAway says when a page may come back. A browser shows a page nothing of a refused handshake, so a
// request that has an Origin gets its socket and is closed with 4103 at once; other requests, and those that
// are too many for that, get the refusal that is returned.
func (v *Server) TurnAway(w http.ResponseWriter, r *http.Request, no *Refusal) *Refusal {
	if no.wait == 0 || r.Header.Get("Origin") == "" {
		return no
	}
	select {
	case v.turned <- struct{}{}:
	default:
		return no
	}
	conn, failed := v.Upgrade(w, r)
	if failed != nil {
		<-v.turned
		return failed
	}
	go func() {
		defer func() { <-v.turned }()
		v.sayLater(conn, no.wait)
	}()
	return nil
}

// sayLater closes a socket that is to come back, and gives it a moment to read so.
func (v *Server) sayLater(conn net.Conn, wait time.Duration) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(v.Timing.Linger))
	if _, err := conn.Write(closeFrame(TryLater.Code, closeReason(TryLater.Word, wait.Milliseconds()))); err != nil {
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

package hub

import (
	"bufio"
	"encoding/json"
	"net"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

// Subprotocol is the version of the protocol; a client that offers none is served as well.
const Subprotocol = "mstm.v1"

// refusal is why there is no socket, told over HTTP (RFC 9457).
type refusal struct {
	status     int
	code       string
	retryAfter string        // seconds, or ""
	wait       time.Duration // exactly, where this one has a moment of its own
}

var (
	refusedOrigin  = refusal{status: http.StatusForbidden, code: "ORIGIN_REFUSED"}
	refusedClosing = refusal{status: http.StatusServiceUnavailable, code: "SERVER_RESTART", retryAfter: "2"}
	refusedFull    = refusal{status: http.StatusServiceUnavailable, code: "TOO_MANY_SOCKETS", retryAfter: "10"}
	refusedAddress = refusal{status: http.StatusTooManyRequests, code: "TOO_MANY_SOCKETS", retryAfter: "30"}
	// What is known of other instances is some seconds old: there may soon be a place.
	refusedAddressElsewhere = refusal{status: http.StatusTooManyRequests, code: "TOO_MANY_SOCKETS", retryAfter: "5"}
)

func (f *refusal) answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if f.retryAfter != "" {
		w.Header().Set("Retry-After", f.retryAfter)
	}
	w.WriteHeader(f.status)
	json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(f.status), "status": f.status, "code": f.code,
	})
}

// ServeHTTP answers GET /ws. It returns after the handshake: the socket lives on by itself,
// without the request's memory.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	addr, no := h.admit(r)
	if no != nil {
		h.turnAway(w, r, no)
		return
	}
	ws, err := h.upgrader.Upgrade(hijacker{w}, r, nil)
	if err != nil {
		h.roster.release(addr) // Upgrade has answered
		return
	}
	s := h.newSocket(ws.NetConn(), addr) // gorilla neither reads nor writes after the handshake
	h.count.accepted.Add(1)
	if closed := h.roster.add(s); closed {
		s.end(serverRestart)
	}
	go s.serve()
}

// admit holds a request against origins, the rate of handshakes and caps. Its place is reserved
// unless it is refused.
func (h *Hub) admit(r *http.Request) (addr string, no *refusal) {
	no = &refusedOrigin
	if h.origins.allow(r) {
		if wait, in := h.door.enter(time.Now()); in {
			addr = h.cfg.RemoteAddr(r)
			no = h.reserve(addr)
		} else {
			h.count.delayed.Add(1)
			no = busy(wait)
		}
	}
	if no != nil {
		h.count.refused.Add(1)
	}
	return addr, no
}

// newUpgrader makes what makes the handshakes, and no more: see inbound and writers. Compression is off: it
// would cost each socket more than its events weigh.
func newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		Subprotocols:    []string{Subprotocol},
		ReadBufferSize:  128,
		WriteBufferSize: 256,
		WriteBufferPool: &sync.Pool{},
		CheckOrigin:     func(*http.Request) bool { return true }, // ServeHTTP has checked it
		Error:           upgradeRefused,
	}
}

// hijacker finds the connection behind middleware that has Unwrap, where gorilla would not look.
type hijacker struct{ http.ResponseWriter }

// Hijack takes the connection over.
func (w hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
}

func upgradeRefused(w http.ResponseWriter, _ *http.Request, status int, _ error) {
	if status == http.StatusBadRequest {
		w.Header().Set("Upgrade", "websocket")
		w.Header().Set("Sec-Websocket-Version", "13")
	}
	no := refusal{status: status, code: "NOT_A_WEBSOCKET"}
	no.answer(w)
}

// origins are the pages that may open a socket.
type origins struct {
	any     bool
	allowed map[string]bool
}

func newOrigins(list []string) origins {
	o := origins{allowed: map[string]bool{}}
	for _, origin := range list {
		if origin == "*" {
			o.any = true
		}
		o.allowed[strings.ToLower(strings.TrimSuffix(origin, "/"))] = true
	}
	return o
}

// allow compares the whole origin: scheme, host and port. A request without Origin is no
// browser's, and carries nothing a page could abuse.
func (o origins) allow(r *http.Request) bool {
	sent := r.Header.Values("Origin")
	if len(sent) == 0 || o.any {
		return true
	}
	if len(sent) > 1 {
		return false
	}
	origin := strings.ToLower(sent[0])
	if o.allowed[origin] {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && (u.Scheme == "http" || u.Scheme == "https") && u.Host != "" &&
		u.Host == strings.ToLower(r.Host) && origin == u.Scheme+"://"+u.Host
}

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

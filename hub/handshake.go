package hub

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
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
	refusedNoHandshake = refusal{status: http.StatusBadRequest, code: "NOT_A_WEBSOCKET"}

	refusedOrigin  = refusal{status: http.StatusForbidden, code: "ORIGIN_REFUSED"}
	refusedClosing = refusal{status: http.StatusServiceUnavailable, code: "SERVER_RESTART", retryAfter: "2"}
	refusedFull    = refusal{status: http.StatusServiceUnavailable, code: "TOO_MANY_SOCKETS", retryAfter: "10"}
	refusedAddress = refusal{status: http.StatusTooManyRequests, code: "TOO_MANY_SOCKETS", retryAfter: "30"}
	// What is known of other instances is some seconds old: there may soon be a place.
	refusedAddressElsewhere = refusal{status: http.StatusTooManyRequests, code: "TOO_MANY_SOCKETS", retryAfter: "5"}
	// The address has places, but opens and closes sockets faster than pages do.
	refusedOften = refusal{status: http.StatusTooManyRequests, code: "TOO_MANY_SOCKETS", retryAfter: "5"}
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
	if no := h.open(w, r); no != nil {
		no.answer(w)
	}
}

// Open is ServeHTTP for a caller that answers refusals by itself. An error is a *Refusal, and nothing was answered.
func (h *Hub) Open(w http.ResponseWriter, r *http.Request) error {
	if no := h.open(w, r); no != nil {
		return no.told()
	}
	return nil
}

func (h *Hub) open(w http.ResponseWriter, r *http.Request) *refusal {
	if !isHandshake(r) { // no place is taken for it, and nothing of the rate of handshakes
		h.count.refused.Add(1)
		return &refusedNoHandshake
	}
	addr, no := h.admit(r)
	if no != nil {
		return h.turnAway(w, r, no)
	}
	ws, err := h.upgrader.Upgrade(hijacker{w}, r, nil)
	if err != nil {
		h.roster.release(addr)
		return &refusedNoHandshake
	}
	s := h.newSocket(ws.NetConn(), addr) // gorilla neither reads nor writes after the handshake
	h.count.accepted.Add(1)
	if closed := h.roster.add(s); closed {
		s.end(serverRestart)
	}
	go s.serve()
	return nil
}

// isHandshake reports whether a request asks for a WebSocket as RFC 6455 §4.2.1 says.
func isHandshake(r *http.Request) bool {
	key, err := base64.StdEncoding.DecodeString(r.Header.Get("Sec-Websocket-Key"))
	return err == nil && len(key) == 16 && r.Method == http.MethodGet && websocket.IsWebSocketUpgrade(r) &&
		slices.Contains(r.Header.Values("Sec-Websocket-Version"), "13")
}

// admit holds a request against origins, caps and the rate of handshakes, which is spent last: what one address may
// not have costs the others nothing. The place of the address is reserved unless the request is refused.
func (h *Hub) admit(r *http.Request) (addr string, no *refusal) {
	if !h.origins.allow(r) {
		no = &refusedOrigin
	} else {
		addr = networkOf(h.cfg.RemoteAddr(r))
		if no = h.reserve(addr); no == nil {
			if no = h.door.admit(addr, time.Now()); no != nil {
				h.roster.release(addr)
			}
		}
	}
	if no != nil {
		h.count.refused.Add(1)
		if no.wait > 0 {
			h.count.delayed.Add(1)
		}
	}
	return addr, no
}

// networkOf is what counts as one address: an IPv6 customer has a /64 at least.
func networkOf(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Unmap().Is4() {
		return addr
	}
	network, _ := ip.WithZone("").Prefix(64) // of an IPv6 address: cannot fail
	return network.String()
}

// newUpgrader makes what makes the handshakes, and no more: see inbound and writers. Compression is off: it
// would cost each socket more than its events weigh.
func newUpgrader() websocket.Upgrader {
	return websocket.Upgrader{
		Subprotocols:    []string{Subprotocol},
		ReadBufferSize:  128,
		WriteBufferSize: 256,
		WriteBufferPool: &sync.Pool{},
		CheckOrigin:     func(*http.Request) bool { return true },                // ServeHTTP has checked it
		Error:           func(http.ResponseWriter, *http.Request, int, error) {}, // the caller answers
	}
}

// hijacker finds the connection behind middleware that has Unwrap, where gorilla would not look.
type hijacker struct{ http.ResponseWriter }

// Hijack takes the connection over.
func (w hijacker) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	return http.NewResponseController(w.ResponseWriter).Hijack()
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

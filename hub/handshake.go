package hub

import (
	"net"
	"net/http"
	"net/netip"
	"time"

	"mstm/hub/conn"
)

// Refusal is why there is no socket or stream.
type Refusal = conn.Refusal

// ServeHTTP answers GET /ws. It returns after the handshake: the socket lives on by itself,
// without the request's memory.
func (h *Hub) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if no := h.open(w, r); no != nil {
		no.Answer(w)
	}
}

// Open is ServeHTTP for a caller that answers refusals by itself. An error is a *Refusal, and nothing was answered.
func (h *Hub) Open(w http.ResponseWriter, r *http.Request) error {
	if no := h.open(w, r); no != nil {
		return no
	}
	return nil
}

func (h *Hub) open(w http.ResponseWriter, r *http.Request) *Refusal {
	if !conn.IsHandshake(r) { // no place is taken for it, and nothing of the rate of handshakes
		h.count.refused.Add(1)
		return &conn.RefusedNoHandshake
	}
	addr, no := h.admit(r)
	if no != nil {
		return h.conns.TurnAway(w, r, no)
	}
	to, no := h.conns.Upgrade(w, r)
	if no != nil {
		h.roster.release(addr)
		return no
	}
	s := h.newSession(to, addr)
	h.enter(s)
	go s.socket.Serve()
	return nil
}

// enter puts a new session, whose place is reserved, into the roster.
func (h *Hub) enter(s *session) {
	h.count.accepted.Add(1)
	if closed := h.roster.add(s); closed {
		s.socket.End(conn.ServerRestart)
	}
}

// admit holds a request against origins, caps and the rate of handshakes, which is spent last: what one address may
// not have costs the others nothing. The place of the address is reserved unless the request is refused.
func (h *Hub) admit(r *http.Request) (addr string, no *Refusal) {
	if !h.origins.Allow(r) {
		no = &conn.RefusedOrigin
	} else {
		addr = networkOf(h.cfg.RemoteAddr(r))
		if no = h.reserve(addr); no == nil {
			if no = h.admission.Admit(addr, time.Now()); no != nil {
				h.roster.release(addr)
			}
		}
	}
	if no != nil {
		h.count.refused.Add(1)
		if no.HasMoment() {
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

func remoteHost(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

package rest

import (
	"net/http"
	"net/netip"
	"strings"
)

// ClientAddr finds a request's client: the peer, or, where the peer is one of the trusted
// proxies, the right-most address of X-Forwarded-For that is none of them. Everything
// further left is whatever the client wrote. The answer is "" where the peer is unknown.
func ClientAddr(trusted []netip.Prefix) func(*http.Request) string {
	return func(r *http.Request) string {
		addr, ok := peer(r)
		if !ok {
			return ""
		}
		hops := forwardedFor(r)
		for contains(trusted, addr) && len(hops) > 0 {
			hop, err := netip.ParseAddr(strings.TrimSpace(hops[len(hops)-1]))
			if err != nil {
				break
			}
			addr, hops = hop.Unmap(), hops[:len(hops)-1]
		}
		return addr.String()
	}
}

func peer(r *http.Request) (netip.Addr, bool) {
	ap, err := netip.ParseAddrPort(r.RemoteAddr)
	return ap.Addr().Unmap(), err == nil
}

// forwardedFor is every hop of every X-Forwarded-For line, left to right.
func forwardedFor(r *http.Request) []string {
	lines := r.Header.Values("X-Forwarded-For")
	if len(lines) == 0 {
		return nil
	}
	return strings.Split(strings.Join(lines, ","), ",")
}

func contains(prefixes []netip.Prefix, addr netip.Addr) bool {
	for _, p := range prefixes {
		if p.Contains(addr) {
			return true
		}
	}
	return false
}

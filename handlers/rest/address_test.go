package rest

import (
	"net/http/httptest"
	"net/netip"
	"testing"
)

func TestTheClientsAddressIsTheRightmostHopThatIsNoProxyOfOurs(t *testing.T) {
	address := ClientAddr([]netip.Prefix{netip.MustParsePrefix("10.0.0.0/8"), netip.MustParsePrefix("127.0.0.1/32")})
	rows := []struct{ name, peer, forwarded, want string }{
		{"no proxy between", "203.0.113.9:4711", "", "203.0.113.9"},
		{"a client that claims to be another", "203.0.113.9:4711", "1.2.3.4", "203.0.113.9"},
		{"one proxy", "10.0.0.1:4711", "203.0.113.9", "203.0.113.9"},
		{"a claim through the proxy", "10.0.0.1:4711", "1.2.3.4, 203.0.113.9", "203.0.113.9"},
		{"two proxies", "10.0.0.1:4711", "1.2.3.4, 203.0.113.9, 10.2.3.4", "203.0.113.9"},
		{"nonsense is where belief ends", "10.0.0.1:4711", "1.2.3.4, what, 10.2.3.4", "10.2.3.4"},
		{"only proxies", "127.0.0.1:4711", "10.1.1.1", "10.1.1.1"},
		{"an address in IPv6 clothes", "[::ffff:10.0.0.1]:4711", "203.0.113.9", "203.0.113.9"},
		{"no address at all", "@", "203.0.113.9", ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			r := httptest.NewRequest("GET", "/", nil)
			r.RemoteAddr = row.peer
			if row.forwarded != "" {
				r.Header.Set("X-Forwarded-For", row.forwarded)
			}
			if got := address(r); got != row.want {
				t.Errorf("%q, want %q", got, row.want)
			}
		})
	}
}

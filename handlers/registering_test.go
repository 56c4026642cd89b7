package handlers

import (
	"fmt"
	"net/netip"
	"testing"

	"mstm/account"
)

func TestRegister_OneNetworkManyTimes_IsRefusedAndOthersAreNot(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	ask := func(n int, name, from string) answer {
		return w.do("POST", "/api/register", "", map[string]any{"username": name, "password": aPassword}, "X-Forwarded-For", from)
	}
	for n := range account.Registering.Burst {
		name, want := fmt.Sprintf("joiner%d", n), 201
		if n%2 == 1 {
			name, want = "joiner0", 409 // trying names out costs the same
		}
		ask(n, name, fmt.Sprintf("2001:db8::%x", n+1)).is(want)
	}
	got := ask(0, "joiner0", "2001:db8::ffff").is(429, "TOO_MANY_REQUESTS")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	ask(0, "elsewhere", "2001:db8:0:1::1").is(201)
}

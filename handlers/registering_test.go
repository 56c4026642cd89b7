package handlers

import (
	"context"
	"fmt"
	"net/netip"
	"testing"
	"time"
)

func TestHashing_LoginHashes_NewAccountsWaitAndLoginsDoNot(t *testing.T) {
	h := newWorld(t).api.hashing
	h.wait = 10 * time.Second
	done, err := h.turn(t.Context()) // a login hashes
	if err != nil {
		t.Fatal(err)
	}
	joined := make(chan error, 1)
	go func() {
		joined <- h.join(context.Background(), func() error { return nil })
	}()
	select {
	case err := <-joined:
		t.Fatalf("a new account does not wait: %v", err)
	case <-time.After(50 * time.Millisecond):
	}
	done()
	if err := <-joined; err != nil {
		t.Fatal(err)
	}
	h.joins <- struct{}{} // however many register, a login has its turn
	if _, err := h.hash(t.Context(), aPassword); err != nil {
		t.Fatal(err)
	}
}

func TestRegister_OneNetworkManyTimes_IsRefusedAndOthersAreNot(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} })
	ask := func(n int, name, from string) answer {
		return w.do("POST", "/api/register", "", map[string]any{"username": name, "password": aPassword}, "X-Forwarded-For", from)
	}
	for n := range registering.Burst {
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

package handlers

import (
	"fmt"
	"net/netip"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"mstm/account"
)

// behindAProxy has the shop believe what the test says of addresses.
func behindAProxy(d *Deps) { d.TrustedProxies = []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

func (w *world) tryPassword(username, password, addr string) answer {
	return w.do("POST", "/api/login", "", credentials{Username: username, Password: password}, "X-Forwarded-For", addr)
}

func TestAPasswordIsNotGuessedAtWill(t *testing.T) {
	w := newWorld(t, behindAProxy)
	w.do("POST", "/api/register", "", credentials{Username: "owner", Password: aPassword}).is(201)
	w.tryPassword("owner", aPassword, "198.51.100.1").is(200) // at home

	tries := account.TriesQuick.Burst + 15
	for _, name := range []string{"owner", "nobody"} { // the answer must not say whether there is one
		var wrong, refused atomic.Int32
		var all sync.WaitGroup
		for i := range tries { // many at once slip through no less than one after another
			all.Go(func() {
				switch a := w.tryPassword(name, "a wrong password", fmt.Sprintf("203.0.113.%d", i)); a.Status {
				case 401, 503: // a busy machine hashes no more than it can
					wrong.Add(1)
				case 429:
					refused.Add(1)
					a.is(429, "TOO_MANY_REQUESTS")
					if s, err := strconv.Atoi(a.Header.Get("Retry-After")); err != nil || s < 1 || s > 60 {
						t.Errorf("to come back in %q", a.Header.Get("Retry-After"))
					}
				}
			})
		}
		all.Wait()
		if wrong.Load() != int32(account.TriesQuick.Burst) || refused.Load() != 15 {
			t.Errorf("%s: %d tried, %d refused", name, wrong.Load(), refused.Load())
		}
	}

	w.tryPassword("owner", aPassword, "203.0.113.99").is(429, "TOO_MANY_REQUESTS") // even the right one, from anywhere
	w.tryPassword("owner", aPassword, "198.51.100.1").is(200)                      // but not at home
	for range tries {
		w.tryPassword("owner", aPassword, "198.51.100.1").is(200) // right ones do not add up
	}
}

func TestOneAddressDoesNotTryEveryone(t *testing.T) {
	w := newWorld(t, behindAProxy)
	refused := 0
	for i := range account.TriesAddress.Burst + 50 {
		// One home has 2^64 addresses of IPv6.
		if w.tryPassword(fmt.Sprintf("user%d", i), "a wrong password", fmt.Sprintf("2001:db8::%x", i+1)).Status == 429 {
			refused++
		}
	}
	if refused == 0 {
		t.Error("never refused")
	}
	w.tryPassword("user1", "a wrong password", "2001:db8:0:1::1").is(401)
}

func TestAStolenTokenDoesNotGuessThePassword(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("owner")
	statuses := map[int]int{}
	for range account.TriesQuick.Burst + 5 {
		statuses[w.do("PUT", "/api/me/password", token, map[string]string{"current_password": "a wrong password", "password": "a brand new secret"}).Status]++
	}
	if statuses[403] != account.TriesQuick.Burst || statuses[429] != 5 {
		t.Errorf("answers %v", statuses)
	}
	w.do("POST", "/api/login", "", credentials{Username: "owner", Password: aPassword}).is(200)
}

package hub_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"mstm/hub"
	"mstm/hub/hubtest"
)

func TestOnlyListedOriginsMayConnect(t *testing.T) {
	in := start(t, embedded(t), func(c *hub.Config) {
		c.AllowedOrigins = []string{"https://shop.example", "http://localhost:5173"}
	})
	any := start(t, embedded(t), func(c *hub.Config) { c.AllowedOrigins = []string{"*"} })
	own := "http" + strings.TrimPrefix(in.url, "http")
	for _, tt := range []struct {
		name   string
		origin []string
		ok     bool
	}{
		{"none, as of a program", nil, true},
		{"a listed one", []string{"https://shop.example"}, true},
		{"a listed one in capitals", []string{"https://SHOP.example"}, true},
		{"a listed one with its port", []string{"http://localhost:5173"}, true},
		{"the server's own", []string{own}, true},
		{"the server's own behind TLS", []string{strings.Replace(own, "http", "https", 1)}, true},
		{"another scheme of a listed one", []string{"http://shop.example"}, false},
		{"another port of a listed one", []string{"https://shop.example:8443"}, false},
		{"a listed one as a suffix", []string{"https://evil-shop.example"}, false},
		{"a listed one as a prefix", []string{"https://shop.example.evil"}, false},
		{"null", []string{"null"}, false},
		{"an empty one", []string{""}, false},
		{"the own host with a path", []string{own + "/x"}, false},
		{"two", []string{"https://shop.example", "https://evil.example"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := http.Header{"Origin": tt.origin}
			ws, res, err := hubtest.Try(in.url, hubtest.Options{Header: h})
			if (err == nil) != tt.ok {
				t.Errorf("connected: %v, want %v", err == nil, tt.ok)
			}
			if err == nil {
				ws.Close()
			} else if res.StatusCode != http.StatusForbidden {
				t.Errorf("status %s", res.Status)
			}
			if ws, _, err := hubtest.Try(any.url, hubtest.Options{Header: h}); err != nil {
				t.Errorf("refused though any origin is allowed")
			} else {
				ws.Close()
			}
		})
	}
}

func TestCapsRefuseOneMoreAndAdmitAgainWhenOneHasGone(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cap    func(*hub.Config)
		status int
	}{
		{"of the instance", func(c *hub.Config) { c.MaxPerInstance = 2 }, http.StatusServiceUnavailable},
		{"of an address", func(c *hub.Config) { c.MaxPerAddress = 2 }, http.StatusTooManyRequests},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := start(t, embedded(t), tt.cap)
			first := hubtest.Dial(t, in.url, "")
			hubtest.Dial(t, in.url, "")
			_, res, err := hubtest.Try(in.url, hubtest.Options{})
			if err == nil || res.StatusCode != tt.status || res.Header.Get("Retry-After") == "" {
				t.Fatalf("the third: %v, %+v", err, res)
			}
			first.Close()
			eventually(t, "a place is free again", func() bool { return in.Stats().Sockets == 1 })
			hubtest.Dial(t, in.url, "")
		})
	}
}

func TestTheAddressIsWhatTheSettingSays(t *testing.T) {
	in := start(t, embedded(t), byHeader(1))
	hubtest.Connect(t, in.url, from("10.0.0.1"))
	hubtest.Connect(t, in.url, from("10.0.0.2"))
	if _, _, err := hubtest.Try(in.url, from("10.0.0.1")); err == nil {
		t.Error("a second socket of one address was admitted")
	}
}

// from is a handshake that comes from an address, as byHeader reads it.
func from(addr string) hubtest.Options {
	return hubtest.Options{Header: http.Header{"X-Real-Ip": {addr}}}
}

func byHeader(places int) func(*hub.Config) {
	return func(c *hub.Config) {
		c.MaxPerAddress = places
		c.RemoteAddr = func(r *http.Request) string { return r.Header.Get("X-Real-IP") }
	}
}

// TestWhatOneAddressMayNotHaveCostsTheOthersNoHandshake: the rate of handshakes is for all addresses.
func TestWhatOneAddressMayNotHaveCostsTheOthersNoHandshake(t *testing.T) {
	in := prepare(t, embedded(t), byHeader(1))
	in.Narrow(2)
	in.run(t)
	hubtest.Connect(t, in.url, from("10.0.0.1"))
	for range 10 {
		if _, res, err := hubtest.Try(in.url, from("10.0.0.1")); err == nil || res.StatusCode != http.StatusTooManyRequests {
			t.Fatalf("one over the cap: %v, %+v", err, res)
		}
	}
	for _, header := range []http.Header{
		{}, {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}}, {"Connection": {"Upgrade"}, "Upgrade": {"websocket"}, "Sec-Websocket-Key": {"short"}},
	} {
		r, _ := http.NewRequest(http.MethodGet, in.url, nil)
		r.Header = header
		res, err := http.DefaultClient.Do(r)
		if err != nil || res.StatusCode != http.StatusBadRequest {
			t.Fatalf("no handshake: %v, %+v", err, res)
		}
		res.Body.Close()
	}
	hubtest.Connect(t, in.url, from("10.0.0.2"))
}

// TestAnAddressThatOpensAndClosesLeavesTheOthersTheirHandshakes: it never has more open than it may.
func TestAnAddressThatOpensAndClosesLeavesTheOthersTheirHandshakes(t *testing.T) {
	in := prepare(t, embedded(t), byHeader(10))
	in.Narrow(70)
	in.run(t)
	refused := 0
	for range 100 {
		ws, res, err := hubtest.Try(in.url, from("10.0.0.1"))
		switch {
		case err == nil:
			ws.Close()
		case res.StatusCode == http.StatusTooManyRequests && res.Header.Get("Retry-After") != "":
			refused++
		default:
			t.Fatalf("%v, %+v", err, res)
		}
	}
	if refused < 40 {
		t.Errorf("of 100 handshakes %d were refused", refused)
	}
	hubtest.Connect(t, in.url, from("10.0.0.2"))
}

func TestAnIPv6NetworkIsOneAddress(t *testing.T) {
	in := start(t, embedded(t), byHeader(2))
	hubtest.Connect(t, in.url, from("2001:db8:1:2::1"))
	hubtest.Connect(t, in.url, from("2001:db8:1:2:ffff::9"))
	if _, _, err := hubtest.Try(in.url, from("2001:db8:1:2:3::1")); err == nil {
		t.Error("a third socket of one /64 was admitted")
	}
	hubtest.Connect(t, in.url, from("2001:db8:1:3::1"))
	for range 2 {
		hubtest.Connect(t, in.url, from("::ffff:10.0.0.1"))
	}
	hubtest.Connect(t, in.url, from("::ffff:10.0.0.2"))
}

func TestAUserOverTheCapIsSentAwayForLater(t *testing.T) {
	in := start(t, embedded(t), func(c *hub.Config) { c.MaxPerUser = 2 })
	hubtest.Dial(t, in.url, "alice/web/s1")
	hubtest.Dial(t, in.url, "alice/phone/s2")
	hubtest.Dial(t, in.url, "bob/web/s3")
	third := hubtest.Connect(t, in.url, hubtest.Options{})
	third.Hello("alice/web/s1", nil)
	if end := third.Ended(soon); end.Code != 4104 || end.Word != "TOO_MANY_SOCKETS" || end.RetryMS <= 0 {
		t.Errorf("ended with %+v", end)
	}
}

func TestWhatIsNoHandshakeIsAnsweredWithAProblem(t *testing.T) {
	in := start(t, embedded(t))
	res, err := http.Get(in.url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if res.StatusCode != http.StatusBadRequest || res.Header.Get("Content-Type") != "application/problem+json" {
		t.Errorf("answer %s %s", res.Status, res.Header.Get("Content-Type"))
	}
	if n := in.Stats().Sockets; n != 0 {
		t.Errorf("%d places are taken", n)
	}
}

func TestCloseGivesEverySocketATimeOfItsOwnToComeBack(t *testing.T) {
	in := start(t, embedded(t))
	var clients []*hubtest.Client
	for range 20 {
		clients = append(clients, hubtest.Dial(t, in.url, ""))
	}
	ctx, cancel := context.WithTimeout(context.Background(), soon)
	defer cancel()
	if err := in.Close(ctx); err != nil {
		t.Fatal(err)
	}
	moments := map[int64]bool{}
	for _, c := range clients {
		end := c.Ended(soon)
		if end.Code != 4101 || end.Word != "SERVER_RESTART" || end.RetryMS <= 0 {
			t.Errorf("ended with %+v", end)
		}
		moments[end.RetryMS] = true
	}
	if len(moments) != len(clients) {
		t.Errorf("20 sockets come back in %d moments", len(moments))
	}
	if n := in.Stats().Sockets; n != 0 {
		t.Errorf("%d sockets are left", n)
	}
	_, res, err := hubtest.Try(in.url, hubtest.Options{})
	if err == nil || res.StatusCode != http.StatusServiceUnavailable {
		t.Errorf("a new socket after Close: %v", err)
	}
}

func TestCloseDoesNotWaitForeverForAClientThatDoesNotAnswer(t *testing.T) {
	in := start(t, embedded(t))
	ws, _, err := hubtest.Try(in.url, hubtest.Options{}) // reads nothing, answers nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ws.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	if err := in.Close(ctx); err != context.DeadlineExceeded {
		t.Errorf("Close: %v", err)
	}
	eventually(t, "it was cut", func() bool { return in.Stats().Sockets == 0 })
}

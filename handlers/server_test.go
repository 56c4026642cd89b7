package handlers

import (
	"context"
	"net/http/httptest"
	"net/netip"
	"strings"
	"testing"

	"mstm/hub"
)

func TestEveryAnswerCarriesTheSecurityHeaders(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.Production = true })
	token, _ := w.learner("linwei")
	for name, got := range map[string]answer{
		"the catalogue": w.do("GET", "/api/courses", "", nil), "a learner's": w.do("GET", "/api/me", token, nil),
		"a refusal": w.do("GET", "/api/me", "", nil), "nothing": w.do("GET", "/api/nothing", "", nil), "a wrong method": w.do("PUT", "/api/me", "", nil),
		"no handshake": w.do("GET", "/ws", "", nil), "a wrong method for a handshake": w.do("POST", "/ws", "", nil),
	} {
		for header, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'", "X-Content-Type-Options": "nosniff",
			"Referrer-Policy": "no-referrer", "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
		} {
			if got.Header.Get(header) != want {
				t.Errorf("%s: %s is %q", name, header, got.Header.Get(header))
			}
		}
		cache := "no-store"
		if name == "the catalogue" {
			cache = "no-cache"
		}
		if got.Header.Get("Cache-Control") != cache || got.Header.Get("X-Request-Id") == "" {
			t.Errorf("%s: %v", name, got.Header)
		}
	}
}

func TestOnlyListedOriginsMayReadAnswers(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.AllowedOrigins = []string{"https://shop.example", "http://127.0.0.1:5173"} })
	for origin, allowed := range map[string]bool{
		"https://shop.example": true, "http://127.0.0.1:5173": true, "http://shop.example": false, "https://shop.example:444": false,
		"https://shop.example.evil": false, "https://evil.example": false, "null": false, "": false,
	} {
		got := w.do("GET", "/api/categories", "", nil, "Origin", origin)
		if (got.Header.Get("Access-Control-Allow-Origin") == origin && origin != "") != allowed || !strings.Contains(got.Header.Get("Vary"), "Origin") {
			t.Errorf("%q: %v", origin, got.Header)
		}
		asked := w.do("OPTIONS", "/api/cart/go1", "", nil, "Origin", origin, "Access-Control-Request-Method", "PUT").is(204)
		if (asked.Header.Get("Access-Control-Allow-Methods") != "") != allowed {
			t.Errorf("preflight of %q: %v", origin, asked.Header)
		}
	}
	if got := w.do("GET", "/api/me", "", nil, "Origin", "https://shop.example").Header.Values("Vary"); !strings.Contains(strings.Join(got, ","), "Origin") {
		t.Errorf("a refusal's Vary: %v", got)
	}
}

func TestARequestLeavesOneLineWithoutSecrets(t *testing.T) {
	w := newWorld(t)
	token, id := w.learner("linwei")
	w.do("GET", "/api/courses?q=canary", token, nil, "X-Request-Id", "line-00001").is(200)
	w.do("GET", "/api/courses/canary", token, nil, "X-Request-Id", "line-00002").is(404)
	var found int
	for _, l := range w.log.lines(t, "request") {
		switch l["request_id"] {
		case "line-00001":
			found++
			if l["route"] != "/api/courses" || l["status"] != 200.0 || l["method"] != "GET" {
				t.Errorf("line: %v", l)
			}
		case "line-00002":
			found++
			if l["route"] != "/api/courses/:course" || l["user"] != id || l["code"] != "COURSE_NOT_FOUND" {
				t.Errorf("line: %v", l)
			}
		}
	}
	if log := w.log.String(); found != 2 || strings.Contains(log, "canary") || strings.Contains(log, token) {
		t.Errorf("%d lines; canary %v", found, strings.Contains(log, "canary"))
	}
}

// TestARefusedSocketLeavesALineAndManyLeaveFew: anybody can be refused as often as they like.
func TestARefusedSocketLeavesALineAndManyLeaveFew(t *testing.T) {
	w := newWorld(t)
	w.do("GET", "/ws?token=canary", "", nil, "X-Request-Id", "socket-0001").is(400, "NOT_A_WEBSOCKET")
	lines := w.log.lines(t, "socket refused")
	if len(lines) != 1 || lines[0]["request_id"] != "socket-0001" || lines[0]["status"] != 400.0 || lines[0]["code"] != "NOT_A_WEBSOCKET" {
		t.Errorf("lines %v", lines)
	}
	for range 200 {
		w.do("GET", "/ws", "", nil)
	}
	if n := len(w.log.lines(t, "socket refused")); n >= 100 {
		t.Errorf("200 refusals left %d lines", n)
	}
	if strings.Contains(w.log.String(), "canary") {
		t.Error("the query is in the log")
	}
}

func TestHealthNamesWhatIsThere(t *testing.T) {
	var stopping bool
	w := newWorld(t, func(d *Deps) { d.Stopping = func() bool { return stopping } })
	w.do("GET", "/livez", "", nil).is(200)
	w.hubIsUp()
	if got := as[map[string]string](w.do("GET", "/readyz", "", nil).is(200)); got["status"] != "ready" || got["mongodb"] != "up" || got["redis"] != "up" || got["events"] != "up" {
		t.Errorf("ready: %v", got)
	}
	stopping = true
	w.do("GET", "/readyz", "", nil).is(503, "UNAVAILABLE")
	w.do("GET", "/livez", "", nil).is(200)
}

func TestAnInstanceWhoseEventsAreBehindIsNotReady(t *testing.T) {
	var live *hub.Hub // does not run yet: it has not read where the events are
	w := newWorld(t, func(d *Deps) {
		live = hub.New(hub.Config{Redis: d.Store.Redis(), Log: d.Log})
		d.Hub = live
	})
	if body := string(w.do("GET", "/readyz", "", nil).is(503, "UNAVAILABLE").Body); !strings.Contains(body, `"events":"behind"`) {
		t.Errorf("not ready: %s", body)
	}
	w.runHub(live)
	w.hubIsUp()
	w.do("GET", "/readyz", "", nil).is(200)
}

func TestFiguresAreForThisMachineOnly(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.MetricsFrom = []netip.Prefix{netip.MustParsePrefix("10.9.0.0/16")} })
	w.do("GET", "/api/courses", "", nil).is(200)
	got := string(w.do("GET", "/metrics", "", nil).is(200).Body)
	for _, want := range []string{`mstm_http_requests_total{method="GET",route="/api/courses",status="2xx"} 1`, "mstm_hub_sockets 0", "mstm_hub_online_users 0", "go_goroutines"} {
		if !strings.Contains(got, want) {
			t.Errorf("no %s", want)
		}
	}
	w.do("GET", "/metrics", "", nil, "X-Forwarded-For", "127.0.0.1").is(404)
	for peer, want := range map[string]int{"127.0.0.1:9": 200, "[::1]:9": 200, "10.9.1.1:9": 200, "203.0.113.9:9": 404, "10.8.1.1:9": 404} {
		r := httptest.NewRequest("GET", "/metrics", nil)
		r.RemoteAddr = peer
		rec := httptest.NewRecorder()
		w.api.ServeHTTP(rec, r.WithContext(context.Background()))
		if rec.Code != want {
			t.Errorf("%s: %d", peer, rec.Code)
		}
	}
}

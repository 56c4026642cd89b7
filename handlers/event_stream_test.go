package handlers

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

func TestEventsReachAStreamAsTheyReachASocket(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	token, id := w.learner("lin")
	phone := hubtest.Events{Token: token}.Listen(t, w.url+"/api/events")
	visitor := hubtest.Events{Topics: "course:go1"}.Listen(t, w.url+"/api/events")
	if who := phone.Ready().User; who == nil || *who != id {
		t.Errorf("ready %+v", phone.Ready())
	}
	if ready := visitor.Ready(); ready.User != nil || len(ready.Topics) != 2 {
		t.Errorf("a visitor's ready %+v", ready)
	}
	cart := w.do("PUT", "/api/cart/go1", token, map[string]string{"policy_id": "go1full"}).is(200)
	if e := phone.Wait("cart.changed", soon); string(e.Data) != string(cart.Body) {
		t.Errorf("the stream got %s, the caller %s", e.Data, cart.Body)
	}
	w.do("POST", "/api/logout", token, nil).is(204)
	if end := phone.Ended(soon); end.Code != 4004 {
		t.Errorf("ended with %+v", end)
	}
	line := logged(t, w, "/api/events")
	if line["status"] != 200.0 || line["method"] != "GET" {
		t.Errorf("log line %v", line)
	}
	if strings.Contains(w.log.String(), token) {
		t.Error("a token is in the log")
	}
}

// logged waits for a route's first log line.
func logged(t *testing.T, w *world, route string) map[string]any {
	t.Helper()
	for deadline := time.Now().Add(soon); ; time.Sleep(5 * time.Millisecond) {
		for _, line := range w.log.lines(t, "request") {
			if line["route"] == route {
				return line
			}
		}
		if time.Now().After(deadline) {
			t.Fatalf("no log line of %s", route)
		}
	}
}

func TestEventsHaveTheHeadersOfAStream(t *testing.T) {
	w := newWorld(t, func(d *Deps) { d.AllowedOrigins = []string{"https://shop.example"} })
	res, err := hubtest.Events{}.Open(t.Context(), w.url+"/api/events")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	for name, want := range map[string]string{
		"Content-Type": "text/event-stream", "Cache-Control": "no-store", "X-Accel-Buffering": "no",
		"X-Content-Type-Options": "nosniff", "Vary": "Origin",
	} {
		if got := res.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if res.Header.Get("X-Request-Id") == "" || len(res.TransferEncoding) > 0 || res.ContentLength >= 0 {
		t.Errorf("answer %+v", res)
	}
	if head := w.do("HEAD", "/api/events", "", nil).is(200); head.Header.Get("Content-Type") != "text/event-stream" {
		t.Errorf("HEAD: %v", head.Header)
	}
}

func TestEventsThatAreRefused(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("lin")
	w.do("GET", "/api/events?token="+token, "", nil).is(400, "INVALID_QUERY")
	w.do("GET", "/api/events?since={", "", nil).is(400, "INVALID_QUERY")
	w.do("GET", "/api/events?topics=a&topics=b", "", nil).is(400, "INVALID_QUERY")
	w.do("GET", "/api/events", "not.a.token", nil).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/events", "", nil, "Last-Event-ID", "7").is(400, "INVALID_QUERY")
	w.do("GET", "/api/events", "", nil, "Origin", "https://evil.example").is(403, "ORIGIN_REFUSED")
	w.do("POST", "/api/events", token, "{}").is(405, "METHOD_NOT_ALLOWED")
	if err := w.deps.Hub.Close(t.Context()); err != nil {
		t.Fatal(err)
	}
	closing := w.do("GET", "/api/events", token, nil).is(http.StatusServiceUnavailable, "HUB_UNAVAILABLE")
	if closing.Header.Get("Retry-After") == "" {
		t.Errorf("headers %v", closing.Header)
	}
}

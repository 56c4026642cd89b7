package rest

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"mstm/shop"
)

// failing is what a route that runs do answers.
func failing(t *testing.T, do HandlerFunc) (answer, *logBook) {
	t.Helper()
	s, log := newServer(t, Route{http.MethodGet, "/api/fails", Public, do, Stores, Reading})
	return get(t, s, "/api/fails"), log
}

func TestAnErrorWithoutACodeIsLoggedAndNotShown(t *testing.T) {
	got, log := failing(t, func(http.ResponseWriter, *http.Request) error { return errors.New("the secret of the house") })
	got.is(500, "INTERNAL")
	if strings.Contains(got.Body.String(), "secret") {
		t.Errorf("shown: %s", got.Body)
	}
	lines := log.lines(t, "request failed")
	if len(lines) != 1 || lines[0]["request_id"] != got.Header().Get("X-Request-Id") || lines[0]["route"] != "/api/fails" {
		t.Errorf("logged: %v", lines)
	}
}

func TestAPanicEndsOneRequest(t *testing.T) {
	s, log := newServer(t, Route{http.MethodGet, "/api/fails", Public, func(http.ResponseWriter, *http.Request) error { panic("oops") }, Stores, Reading})
	got := get(t, s, "/api/fails").is(500, "INTERNAL")
	lines := log.lines(t, "panic")
	if len(lines) != 1 || lines[0]["request_id"] != got.Header().Get("X-Request-Id") {
		t.Errorf("logged: %v", lines)
	}
	get(t, s, "/api/nothing").is(404, "ROUTE_NOT_FOUND")
}

func TestAnOutageSaysWhenToComeBack(t *testing.T) {
	got, _ := failing(t, func(http.ResponseWriter, *http.Request) error { return fmt.Errorf("read: %w", shop.ErrUnavailable) })
	if got.is(503, "UNAVAILABLE").Header().Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", got.Header().Get("Retry-After"))
	}
}

func TestWhatAnErrorCarriesCannotReplaceTheProblemsOwnMembers(t *testing.T) {
	got, _ := failing(t, func(http.ResponseWriter, *http.Request) error {
		return shop.ErrPriceChanged.With("code", "HACKED").With("old_fen", 1).At("total_fen")
	})
	if p := got.is(409, "PRICE_CHANGED").members(); p["old_fen"] != 1.0 || p["param"] != "total_fen" {
		t.Errorf("%v", p)
	}
}

func TestAnAnswerThatHasBegunIsNotFollowedByAProblem(t *testing.T) {
	got, _ := failing(t, func(w http.ResponseWriter, _ *http.Request) error {
		_ = Encode(w, 200, map[string]int{"a": 1})
		return errors.New("too late")
	})
	if got.Body.String() != `{"a":1}` {
		t.Errorf("body: %s", got.Body)
	}
}

package handlers

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mstm/shop"
)

func TestAProblemSaysWhatIsWrongInTheReadersLanguage(t *testing.T) {
	w := newWorld(t)
	rows := []struct{ wish, language, detail string }{
		{"", "zh-CN", shop.ErrUnauthenticated.Zh},
		{"en", "en", shop.ErrUnauthenticated.En},
		{"en-GB,en;q=0.9,zh;q=0.5", "en", shop.ErrUnauthenticated.En},
		{"zh-TW,en;q=0.5", "zh-CN", shop.ErrUnauthenticated.Zh},
		{"fr", "zh-CN", shop.ErrUnauthenticated.Zh},
		{"*;q=bad", "zh-CN", shop.ErrUnauthenticated.Zh},
	}
	for _, row := range rows {
		t.Run("Accept-Language "+row.wish, func(t *testing.T) {
			got := w.do("GET", "/api/me", "", nil, "Accept-Language", row.wish, "X-Request-Id", "request-0001").is(401, "UNAUTHENTICATED")
			p := as[map[string]any](got)
			if p["detail"] != row.detail || got.Header.Get("Content-Language") != row.language {
				t.Errorf("%v in %s", p, got.Header.Get("Content-Language"))
			}
			if p["type"] != "/docs/errors#UNAUTHENTICATED" || p["title"] != "Unauthorized" || p["status"] != 401.0 || p["request_id"] != "request-0001" {
				t.Errorf("members: %v", p)
			}
			if got.Header.Get("Content-Type") != "application/problem+json" || got.Header.Get("Www-Authenticate") != "Bearer" {
				t.Errorf("header: %v", got.Header)
			}
		})
	}
}

// failing is a server with one route that runs do.
func failing(t *testing.T, w *world, do handlerFunc) answer {
	t.Helper()
	if err := w.api.buildMux([]route{{get, "/api/fails", public, do, stores, reading}}); err != nil {
		t.Fatal(err)
	}
	return w.do("GET", "/api/fails", "", nil)
}

func TestAnErrorWithoutACodeIsLoggedAndNotShown(t *testing.T) {
	w := newWorld(t)
	got := failing(t, w, func(http.ResponseWriter, *http.Request) error { return errors.New("the secret of the house") }).is(500, "INTERNAL")
	if strings.Contains(string(got.Body), "secret") {
		t.Errorf("shown: %s", got.Body)
	}
	lines := w.log.lines(t, "request failed")
	if len(lines) != 1 || lines[0]["request_id"] != got.Header.Get("X-Request-Id") || lines[0]["route"] != "/api/fails" {
		t.Errorf("logged: %v", lines)
	}
}

func TestAPanicEndsOneRequest(t *testing.T) {
	w := newWorld(t)
	got := failing(t, w, func(http.ResponseWriter, *http.Request) error { panic("oops") }).is(500, "INTERNAL")
	lines := w.log.lines(t, "panic")
	if len(lines) != 1 || lines[0]["request_id"] != got.Header.Get("X-Request-Id") {
		t.Errorf("logged: %v", lines)
	}
	w.do("GET", "/api/nothing", "", nil).is(404)
}

func TestAnOutageSaysWhenToComeBack(t *testing.T) {
	w := newWorld(t)
	got := failing(t, w, func(http.ResponseWriter, *http.Request) error { return fmt.Errorf("read: %w", shop.ErrUnavailable) }).is(503, "UNAVAILABLE")
	if got.Header.Get("Retry-After") != "1" {
		t.Errorf("Retry-After: %q", got.Header.Get("Retry-After"))
	}
}

func TestWhatAnErrorCarriesCannotReplaceTheProblemsOwnMembers(t *testing.T) {
	w := newWorld(t)
	got := failing(t, w, func(http.ResponseWriter, *http.Request) error {
		return shop.ErrPriceChanged.With("code", "HACKED").With("old_fen", 1).At("total_fen")
	}).is(409, "PRICE_CHANGED")
	if p := as[map[string]any](got); p["old_fen"] != 1.0 || p["param"] != "total_fen" {
		t.Errorf("%v", p)
	}
}

func TestAnAnswerThatHasBegunIsNotFollowedByAProblem(t *testing.T) {
	w := newWorld(t)
	got := failing(t, w, func(w http.ResponseWriter, _ *http.Request) error {
		_ = encode(w, 200, map[string]int{"a": 1})
		return errors.New("too late")
	})
	if string(got.Body) != `{"a":1}` {
		t.Errorf("body: %s", got.Body)
	}
}

func TestThePageOfErrorCodesHasEveryCode(t *testing.T) {
	w := newWorld(t)
	page := string(w.do("GET", "/docs/errors", "", nil).is(200).Body)
	for _, e := range shop.Errors() {
		if !strings.Contains(page, `id="`+e.Code+`"`) {
			t.Errorf("%s is missing", e.Code)
		}
	}
}

func TestARequestIdThatCouldForgeALogLineIsNotTakenOver(t *testing.T) {
	for id, taken := range map[string]bool{"0af7651916cd43dd": true, "short": false, "a b c d e f g": false, "x\x1b[31m12345678": false, strings.Repeat("a", 65): false} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Request-Id"] = []string{id}
		if got := requestID(r); (got == id) != taken {
			t.Errorf("%q became %q", id, got)
		}
	}
}

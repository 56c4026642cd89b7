package handlers

import (
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

func TestThePageOfErrorCodesHasEveryCode(t *testing.T) {
	w := newWorld(t)
	page := string(w.do("GET", "/docs/errors", "", nil).is(200).Body)
	for _, e := range shop.Errors() {
		if !strings.Contains(page, `id="`+e.Code+`"`) {
			t.Errorf("%s is missing", e.Code)
		}
	}
}

package rest

import (
	"net/http/httptest"
	"strings"
	"testing"
)

func TestARequestIdThatCouldForgeALogLineIsNotTakenOver(t *testing.T) {
	for id, taken := range map[string]bool{"0af7651916cd43dd": true, "short": false, "a b c d e f g": false, "x\x1b[31m12345678": false, strings.Repeat("a", 65): false} {
		r := httptest.NewRequest("GET", "/", nil)
		r.Header["X-Request-Id"] = []string{id}
		if got := requestID(r); (got == id) != taken {
			t.Errorf("%q became %q", id, got)
		}
	}
}

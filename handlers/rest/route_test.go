package rest

import (
	"net/http"
	"testing"

	"mstm/shop"
)

func TestARouteWithoutAPolicyIsRefusedAtStart(t *testing.T) {
	do := func(http.ResponseWriter, *http.Request) error { return nil }
	for name, table := range map[string][]Route{
		"no policy":                     {{Method: "GET", Path: "/api/x", Do: do, Class: Reading}},
		"no class":                      {{Method: "GET", Path: "/api/x", Who: Public, Do: do}},
		"no handler":                    {{Method: "GET", Path: "/api/x", Who: Public, Class: Reading}},
		"the same route twice":          {{"GET", "/api/x", Public, do, Stores, Reading}, {"GET", "/api/x", Public, do, Stores, Reading}},
		"a word level with a parameter": {{"GET", "/api/x/:id", Public, do, Stores, Reading}, {"GET", "/api/x/all", Public, do, Stores, Reading}},
	} {
		if _, err := New(Config{}, table); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

func TestAnEmptyPolicyRefusesEveryCaller(t *testing.T) {
	s, _ := newServer(t)
	if err := s.admit(&http.Request{Header: http.Header{}}, &request{}, Access{}); err != shop.ErrForbidden {
		t.Fatalf("admit: %v", err)
	}
}

package rest

import (
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
)

func TestAFloodOfDifferentListsIsNotKept(t *testing.T) {
	var cache ResponseCache[int]
	state := 1
	ask := func(key string) {
		t.Helper()
		rec := httptest.NewRecorder()
		err := cache.Answer(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), &state, key, func(*int) (any, error) { return key, nil })
		if err != nil || rec.Code != 200 {
			t.Fatal(rec.Code, err)
		}
	}
	for i := range 5 {
		ask(fmt.Sprintf("courses?q=%s%d", strings.Repeat("x", 50), i))
	}
	ask("courses?x=&y=" + strings.Repeat("y", maxCachedKey))
	if kept := cache.now.Load().count.Load(); kept != 5 {
		t.Errorf("%d answers kept, want 5", kept)
	}
	cache.now.Load().count.Store(maxCachedResponses)
	ask("courses?q=another")
	if _, kept := cache.now.Load().answers.Load("courses?q=another"); kept {
		t.Error("kept beyond the bound")
	}
}

func TestAnAnswerOfAnOlderStateIsDropped(t *testing.T) {
	var cache ResponseCache[string]
	for _, state := range []string{"old", "new"} {
		rec := httptest.NewRecorder()
		err := cache.Answer(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil), &state, "k", func(s *string) (any, error) { return *s, nil })
		if want := `"` + state + `"`; err != nil || rec.Body.String() != want {
			t.Errorf("answer %s (%v), want %s", rec.Body, err, want)
		}
	}
}

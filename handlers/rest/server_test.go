package rest

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

// newServer serves a table, without stores: its routes must be public.
func newServer(t *testing.T, table ...Route) (*Server, *logBook) {
	t.Helper()
	log := &logBook{}
	s, err := New(Config{Now: time.Now, Log: slog.New(slog.NewJSONHandler(&log.Buffer, nil))}, table)
	if err != nil {
		t.Fatal(err)
	}
	return s, log
}

// answer is what came back.
type answer struct {
	t *testing.T
	*httptest.ResponseRecorder
}

func get(t *testing.T, s *Server, path string) answer {
	t.Helper()
	rec := httptest.NewRecorder()
	s.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", path, nil))
	return answer{t, rec}
}

// members are those of a problem.
func (a answer) members() (p map[string]any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body.Bytes(), &p); err != nil {
		a.t.Fatalf("answer %s: %v", a.Body, err)
	}
	return p
}

// is checks the status and the code of a refusal.
func (a answer) is(status int, code string) answer {
	a.t.Helper()
	if a.Code != status || a.members()["code"] != code {
		a.t.Fatalf("answer %d %s, want %d %s", a.Code, a.Body, status, code)
	}
	return a
}

// logBook keeps the log of one request after another.
type logBook struct{ bytes.Buffer }

// lines are the log's lines with this message.
func (b *logBook) lines(t *testing.T, msg string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(b.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if l["msg"] == msg {
			found = append(found, l)
		}
	}
	return found
}

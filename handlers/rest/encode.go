package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json"
	v1 "github.com/go-json-experiment/json/v1"
)

// Marshal writes JSON as the contract has it: lists are never null, `omitempty` leaves
// out zeros, maps have one order.
func Marshal(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), v1.OmitEmptyWithLegacySemantics(true))
}

// Encode answers with v. It marshals before it writes, so that an error can still be
// answered as one.
func Encode(w http.ResponseWriter, status int, v any) error {
	body, err := Marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	Write(w, status, body)
	return nil
}

// Write sends a whole body at once. A caller that is gone is no error.
func Write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// Page is a list as every list is answered. NextCursor is left out on the last page.
type Page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// ReadyMade is an answer with its bytes cached: the same for everybody until what it shows
// changes.
type ReadyMade struct {
	kind []string
	body []byte
	etag []string
	size []string
}

// newReadyMade marshals v once.
func newReadyMade(v any) (*ReadyMade, error) {
	body, err := Marshal(v)
	if err != nil {
		return nil, err
	}
	return ReadyBytes(jsonType, body), nil
}

// ReadyBytes names the bytes by their hash.
func ReadyBytes(kind []string, body []byte) *ReadyMade {
	sum := sha256.Sum256(body)
	return &ReadyMade{
		kind: kind,
		body: body,
		etag: []string{`"` + hex.EncodeToString(sum[:12]) + `"`},
		size: []string{strconv.Itoa(len(body))},
	}
}

var (
	jsonType   = []string{"application/json"}
	revalidate = []string{"no-cache"}
)

// Answer sends the bytes, or 304 to a page that has them. Header values are shared
// slices: this is the path that has to keep up with a bare router.
func (m *ReadyMade) Answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h["Etag"] = m.etag
	h["Cache-Control"] = revalidate
	if seen := r.Header.Get("If-None-Match"); seen != "" && strings.Contains(seen, m.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = m.kind
	h["Content-Length"] = m.size
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(m.body)
}

// UTC is t as JSON shows it: UTC, to the millisecond, which is what the stores keep.
func UTC(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

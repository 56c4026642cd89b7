package handlers

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

// marshal writes JSON as the contract has it: lists are never null, `omitempty` leaves
// out zeros, maps have one order.
func marshal(v any) ([]byte, error) {
	return json.Marshal(v, json.Deterministic(true), v1.OmitEmptyWithLegacySemantics(true))
}

// encode answers with v. It marshals before it writes, so that an error can still be
// answered as one.
func encode(w http.ResponseWriter, status int, v any) error {
	body, err := marshal(v)
	if err != nil {
		return err
	}
	w.Header().Set("Content-Type", "application/json")
	write(w, status, body)
	return nil
}

// write sends a whole body at once. A caller that is gone is no error.
func write(w http.ResponseWriter, status int, body []byte) {
	w.Header().Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}

// page is a list as every list is answered. NextCursor is left out on the last page.
type page[T any] struct {
	Items      []T    `json:"items"`
	NextCursor string `json:"next_cursor,omitempty"`
}

// readyMade is an answer with its bytes cached: the same for everybody until what it shows
// changes.
type readyMade struct {
	kind []string
	body []byte
	etag []string
	size []string
}

// newReadyMade marshals v once.
func newReadyMade(v any) (*readyMade, error) {
	body, err := marshal(v)
	if err != nil {
		return nil, err
	}
	return readyBytes(jsonType, body), nil
}

// readyBytes names the bytes by their hash.
func readyBytes(kind []string, body []byte) *readyMade {
	sum := sha256.Sum256(body)
	return &readyMade{
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

// answer sends the bytes, or 304 to a page that has them. Header values are shared
// slices: this is the path that has to keep up with a bare router.
func (m *readyMade) answer(w http.ResponseWriter, r *http.Request) {
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

// utc is t as JSON shows it: UTC, to the millisecond, which is what the stores keep.
func utc(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

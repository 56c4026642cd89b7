package rest

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/go-json-experiment/json"
	v1 "github.com/go-json-experiment/json/v1"

	"mstm/web/packed"
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
	kind         []string
	cacheControl []string
	plain        form
	gzip, brotli func() form // made when a client takes it first; empty where packing gains nothing
}

// form is the body in one coding.
type form struct {
	coding []string // nil: as it is
	body   []byte
	etag   []string
	size   []string
}

// minPacked is how long a body must be, in bytes, for packing to save a packet.
const minPacked = 1000

func newForm(coding, tag string, body []byte) form {
	f := form{body: body, etag: []string{`"` + tag + `"`}, size: []string{strconv.Itoa(len(body))}}
	if coding != "" {
		f.coding, f.etag = []string{coding}, []string{`"` + tag + "-" + coding + `"`}
	}
	return f
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
	tag := hex.EncodeToString(sum[:12])
	m := &ReadyMade{kind: kind, cacheControl: revalidate, plain: newForm("", tag, body)}
	m.gzip = sync.OnceValue(func() form { return newForm(packed.GzipCoding, tag, packed.Gzip(body)) })
	m.brotli = sync.OnceValue(func() form { return newForm(packed.BrotliCoding, tag, packed.Brotli(body)) })
	return m
}

// KeptFor is the answer with another Cache-Control than that each use asks whether it has changed.
func (m *ReadyMade) KeptFor(cacheControl string) *ReadyMade {
	m.cacheControl = []string{cacheControl}
	return m
}

// form is the smallest form that a request takes.
func (m *ReadyMade) form(r *http.Request) form {
	accept := r.Header["Accept-Encoding"]
	if len(m.plain.body) < minPacked || len(accept) == 0 {
		return m.plain
	}
	switch list := strings.Join(accept, ","); {
	case packed.Accepts(list, packed.BrotliCoding):
		return m.brotli()
	case packed.Accepts(list, packed.GzipCoding):
		return m.gzip()
	}
	return m.plain
}

var (
	jsonType   = []string{"application/json"}
	revalidate = []string{"no-cache"}
)

// Answer sends the bytes, or 304 to a page that has them. Header values are shared
// slices: this is the path that has to keep up with a bare router.
func (m *ReadyMade) Answer(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	f := m.form(r)
	h["Etag"] = f.etag
	h["Cache-Control"] = m.cacheControl
	if len(m.plain.body) >= minPacked {
		h["Vary"] = append(h["Vary"], "Accept-Encoding")
	}
	if seen := r.Header.Get("If-None-Match"); seen != "" && strings.Contains(seen, f.etag[0]) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	h["Content-Type"] = m.kind
	h["Content-Length"] = f.size
	if f.coding != nil {
		h["Content-Encoding"] = f.coding
	}
	w.WriteHeader(http.StatusOK)
	_, _ = w.Write(f.body)
}

// UTC is t as JSON shows it: UTC, to the millisecond, which is what the stores keep.
func UTC(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

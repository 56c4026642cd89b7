package rest

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"

	"github.com/go-json-experiment/json/jsontext"

	"mstm/shop"
	"mstm/store"
)

// Keyed is for routes that move money or send messages: a request with an Idempotency-Key may be
// sent again, and gets the first one's answer (store.Once). What the handler does, it does in the
// name of MadeUnder, once for one name.
func Keyed(do HandlerFunc) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if len(r.Header.Values("Idempotency-Key")) == 0 {
			return do(w, r)
		}
		return KeyNeeded(do)(w, r)
	}
}

// KeyNeeded is keyed, and refuses a request without a key.
func KeyNeeded(do HandlerFunc) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		key, err := IdempotencyKey(r)
		if err != nil {
			return err
		}
		hash, err := bodyHash(w, r)
		if err != nil {
			return err
		}
		x := requestOf(r.Context())
		keys := x.server.Store.IdempotencyKeys
		asked := store.Asked{Caller: x.who.ID(), Key: key, Route: r.Method + " " + x.route, BodyHash: hash}
		answer, err := keys.Once(r.Context(), asked, x.server.Now(), func(k *store.IdempotencyKey) (store.Answer, error) {
			x.madeUnder = k.MadeID
			kept := heldAnswer{header: w.Header(), status: http.StatusOK}
			err := do(&kept, r)
			if err != nil && CodedError(err).Kind == shop.Invalid { // it never gets further, so nothing is or was done
				_, failed := keys.Free(r.Context(), k)
				err = errors.Join(err, failed)
			}
			return store.Answer{Status: kept.status, Body: kept.body.Bytes()}, err
		})
		if err != nil {
			return err
		}
		return SendAnswer(w, answer)
	}
}

// UnlessDry lets a dry run, which does nothing, do without a key.
func UnlessDry(dry, do HandlerFunc) HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		q, err := Query(r)
		if err != nil {
			return err
		}
		isDry, err := Flag(q, "dry_run")
		if err != nil {
			return err
		}
		if isDry {
			return dry(w, r)
		}
		return do(w, r)
	}
}

// MadeUnder is the name under which a keyed request does what it does; "" where it has no key.
func MadeUnder(r *http.Request) string { return requestOf(r.Context()).madeUnder }

// maxKey bounds an Idempotency-Key, in bytes.
const maxKey = 128

// IdempotencyKey is the request's key: 1 to 128 printable ASCII characters.
func IdempotencyKey(r *http.Request) (string, error) {
	keys := r.Header.Values("Idempotency-Key")
	if len(keys) != 1 || keys[0] == "" || len(keys[0]) > maxKey {
		return "", shop.ErrIdempotencyKey
	}
	for _, c := range []byte(keys[0]) {
		if c < 0x21 || c > 0x7e {
			return "", shop.ErrIdempotencyKey
		}
	}
	return keys[0], nil
}

// bodyHash is the same for two requests of a route that ask for the same: blanks and the order of
// fields in the body do not count. The body can be read again afterwards.
func bodyHash(w http.ResponseWriter, r *http.Request) (string, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, MaxBody))
	if tooLarge := new(http.MaxBytesError); errors.As(err, &tooLarge) {
		return "", shop.ErrBodyTooLarge
	}
	if err != nil {
		return "", fmt.Errorf("%w: read body: %v", shop.ErrInvalidJSON, err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	same := jsontext.Value(bytes.Clone(body))
	if same.Canonicalize() != nil {
		same = body // no JSON: the handler refuses it
	}
	sum := sha256.New()
	fmt.Fprintf(sum, "%s\x00%s\x00%s", r.URL.Path, r.URL.RawQuery, same)
	return hex.EncodeToString(sum.Sum(nil)), nil
}

// heldAnswer holds a handler's answer back until it is kept.
type heldAnswer struct {
	header http.Header
	status int
	body   bytes.Buffer
}

// Header is that of the answer itself.
func (a *heldAnswer) Header() http.Header { return a.header }

// WriteHeader notes the status.
func (a *heldAnswer) WriteHeader(status int) { a.status = status }

// Write notes the body.
func (a *heldAnswer) Write(b []byte) (int, error) { return a.body.Write(b) }

// SendAnswer sends an answer that was kept.
func SendAnswer(w http.ResponseWriter, a store.Answer) error {
	w.Header().Set("Content-Type", "application/json")
	Write(w, a.Status, a.Body)
	return nil
}

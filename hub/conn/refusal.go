package conn

import (
	"encoding/json"
	"net/http"
	"strconv"
	"time"
)

// Refusal is why there is no socket or stream: the status and the code of the answer. RetryAfterS is in seconds; 0:
// not at all.
type Refusal struct {
	Status      int
	Code        string
	RetryAfterS int

	wait time.Duration // exactly, where this client has a moment of its own
}

// The refusals that are the same for every client.
var (
	RefusedNoHandshake = Refusal{Status: http.StatusBadRequest, Code: "NOT_A_WEBSOCKET"}
	RefusedOrigin      = Refusal{Status: http.StatusForbidden, Code: "ORIGIN_REFUSED"}
	RefusedClosing     = Refusal{Status: http.StatusServiceUnavailable, Code: "SERVER_RESTART", RetryAfterS: 2}
	RefusedFull        = Refusal{Status: http.StatusServiceUnavailable, Code: "TOO_MANY_SOCKETS", RetryAfterS: 10}
	RefusedAddress     = Refusal{Status: http.StatusTooManyRequests, Code: "TOO_MANY_SOCKETS", RetryAfterS: 30}
	// What is known of other instances is some seconds old: there may soon be a place.
	RefusedAddressElsewhere = Refusal{Status: http.StatusTooManyRequests, Code: "TOO_MANY_SOCKETS", RetryAfterS: 5}
	// The address has places, but opens and closes sockets faster than pages do.
	RefusedOften = Refusal{Status: http.StatusTooManyRequests, Code: "TOO_MANY_SOCKETS", RetryAfterS: 5}
)

// Error is the code.
func (r *Refusal) Error() string { return "hub: " + r.Code }

// HasMoment reports whether the client has a moment of its own to come back.
func (r *Refusal) HasMoment() bool { return r.wait > 0 }

// Answer answers over HTTP (RFC 9457).
func (r *Refusal) Answer(w http.ResponseWriter) {
	w.Header().Set("Content-Type", "application/problem+json")
	if r.RetryAfterS > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(r.RetryAfterS))
	}
	w.WriteHeader(r.Status)
	json.NewEncoder(w).Encode(map[string]any{
		"type": "about:blank", "title": http.StatusText(r.Status), "status": r.Status, "code": r.Code,
	})
}

package handlers

import (
	"errors"
	"net/http"

	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// health says whether this instance lives and takes requests.
type health struct {
	store    *store.DB
	hub      *hub.Hub
	stopping func() bool // nil: never
}

// live answers GET /livez. It touches nothing: a process that can answer must not be
// restarted because a database is away.
func (h *health) live(w http.ResponseWriter, _ *http.Request) error {
	return rest.Encode(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready answers GET /readyz. Without MongoDB, or on its way out, this instance should get
// no requests, and none while its pages would learn late what happens though Redis is there: at the start,
// until it has read where the events are, and when it does not keep up. Without Redis, or with one that
// is full, it still sells, as all the others do, so that is only said.
func (h *health) ready(w http.ResponseWriter, r *http.Request) error {
	mongoErr, redisErr := h.store.Ping(r.Context())
	hubErr := h.hub.Healthy()
	parts := map[string]string{"mongodb": condition(mongoErr), "redis": condition(redisErr), "events": "up"}
	if hubErr != nil {
		parts["events"] = "behind"
	}
	stopping := h.stopping != nil && h.stopping()
	if errors.Is(mongoErr, shop.ErrStorageFull) {
		return shop.ErrStorageFull.With("status_of", parts).With("stopping", stopping)
	}
	if mongoErr != nil || stopping || (hubErr != nil && redisErr == nil) {
		return shop.ErrUnavailable.With("status_of", parts).With("stopping", stopping)
	}
	parts["status"] = "ready"
	if redisErr != nil {
		parts["status"] = "degraded"
	}
	return rest.Encode(w, http.StatusOK, parts)
}

// condition is how a store is, in a word.
func condition(err error) string {
	switch {
	case err == nil:
		return "up"
	case errors.Is(err, shop.ErrStorageFull), errors.Is(err, store.ErrRedisFull):
		return "full"
	case errors.Is(err, store.ErrRedisRefuses):
		return "refuses"
	}
	return "down"
}

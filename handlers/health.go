package handlers

import (
	"errors"
	"net/http"

	"mstm/shop"
	"mstm/store"
)

// live answers GET /livez. It touches nothing: a process that can answer must not be
// restarted because a database is away.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	return encode(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready answers GET /readyz. Without MongoDB, or on its way out, this instance should get
// no requests, and none while its pages would learn late what happens though Redis is there: at the start,
// until it has read where the events are, and when it does not keep up. Without Redis, or with one that
// is full, it still sells, as all the others do, so that is only said.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	mongoErr, redisErr := s.Store.Ping(r.Context())
	hubErr := s.Hub.Healthy()
	parts := map[string]string{"mongodb": condition(mongoErr), "redis": condition(redisErr), "events": "up"}
	if hubErr != nil {
		parts["events"] = "behind"
	}
	stopping := s.Stopping != nil && s.Stopping()
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
	return encode(w, http.StatusOK, parts)
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

package handlers

import (
	"net/http"

	"mstm/shop"
)

// live answers GET /livez. It touches nothing: a process that can answer must not be
// restarted because a database is away.
func (s *Server) live(w http.ResponseWriter, _ *http.Request) error {
	return encode(w, http.StatusOK, map[string]string{"status": "live"})
}

// ready answers GET /readyz. Without MongoDB, or on its way out, this instance should get
// no requests, and none while its pages would learn late what happens though Redis is there: at the start,
// until it has read where the events are, and when it does not keep up. Without Redis it still
// sells, as all the others do, so that is only said.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	mongoErr, redisErr := s.Store.Ping(r.Context())
	hubErr := s.Hub.Healthy()
	parts := map[string]string{"mongodb": upOrDown(mongoErr), "redis": upOrDown(redisErr), "events": "up"}
	if hubErr != nil {
		parts["events"] = "behind"
	}
	stopping := s.Stopping != nil && s.Stopping()
	if mongoErr != nil || stopping || (hubErr != nil && redisErr == nil) {
		return shop.ErrUnavailable.With("status_of", parts).With("stopping", stopping)
	}
	parts["status"] = "ready"
	if redisErr != nil {
		parts["status"] = "degraded"
	}
	return encode(w, http.StatusOK, parts)
}

func upOrDown(err error) string {
	if err != nil {
		return "down"
	}
	return "up"
}

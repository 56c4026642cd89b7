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
// no requests; without Redis it still sells, so that is only said.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) error {
	mongoErr, redisErr := s.Store.Ping(r.Context())
	parts := map[string]string{"mongodb": upOrDown(mongoErr), "redis": upOrDown(redisErr)}
	stopping := s.Stopping != nil && s.Stopping()
	if mongoErr != nil || stopping {
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

package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/hub"
	"mstm/shop"
)

// openSocket answers GET /ws. The hub takes the connection over, so little of what other requests pass stands in
// between; a refusal is answered like any other.
func (s *Server) openSocket(w http.ResponseWriter, r *http.Request) {
	x := &exchange{ResponseWriter: w, id: requestID(r), began: time.Now(), route: "/ws"}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	s.securityHeaders(w.Header(), r, x)
	if err := s.Hub.Open(x, r); err != nil {
		w.Header().Set("Sec-Websocket-Version", "13")
		s.fail(x, r, s.notOpened(r, err))
	}
}

// notOpened gives the hub's refusals of sockets and streams their words in the shop's catalogue, and a line in the
// log. Anybody can be refused as often as they like: of many refusals a second some have a line, with the number of
// those that have none.
func (s *Server) notOpened(r *http.Request, err error) error {
	var no *hub.Refusal
	switch {
	case errors.Is(err, hub.ErrBadSince):
		return shop.ErrInvalidQuery.At("since")
	case !errors.As(err, &no):
		return err
	}
	x := exchangeOf(r.Context())
	x.unlogged = true
	if left, ok := s.unopened.next(time.Now()); ok {
		s.Log.LogAttrs(r.Context(), slog.LevelInfo, "socket refused", slog.String("request_id", x.id),
			slog.String("route", x.route), slog.Int("status", no.Status), slog.String("code", no.Code), slog.Int64("left_out", left))
	}
	switch no.Status {
	case http.StatusBadRequest:
		return shop.ErrNotWebSocket
	case http.StatusForbidden:
		return shop.ErrOriginRefused
	case http.StatusTooManyRequests:
		return shop.ErrTooManySockets.With("retry_after_s", no.RetryAfterS)
	default:
		return shop.ErrHubUnavailable.With("retry_after_s", no.RetryAfterS)
	}
}

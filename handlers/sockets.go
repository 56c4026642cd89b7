package handlers

import (
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/shop"
)

// sockets are the ways into the hub: WebSockets and event streams.
type sockets struct {
	hub      *hub.Hub
	log      *slog.Logger
	unopened *rest.Sampler
}

// open answers GET /ws. The hub takes the connection over; a refusal is answered like any other.
func (h *sockets) open(w http.ResponseWriter, r *http.Request) error {
	err := h.hub.Open(w, r)
	if err == nil {
		return nil
	}
	w.Header().Set("Sec-Websocket-Version", "13")
	return h.notOpened(r, err)
}

// notOpened gives the hub's refusals of sockets and streams their words in the shop's catalogue, and a line in the
// log. Anybody can be refused as often as they like: of many refusals a second some have a line, with the number of
// those that have none.
func (h *sockets) notOpened(r *http.Request, err error) error {
	var no *hub.Refusal
	switch {
	case errors.Is(err, hub.ErrBadSince):
		return shop.ErrInvalidQuery.At("since")
	case !errors.As(err, &no):
		return err
	}
	rest.SkipLog(r.Context())
	if left, ok := h.unopened.Next(time.Now()); ok {
		h.log.LogAttrs(r.Context(), slog.LevelInfo, "socket refused", slog.String("request_id", rest.RequestID(r.Context())),
			slog.String("route", rest.Pattern(r.Context())), slog.Int("status", no.Status), slog.String("code", no.Code), slog.Int64("left_out", left))
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

// stream answers GET /api/events?topics=&since=: what /ws sends, as server-sent events, for
// networks that break WebSockets. hub/asyncapi.yaml is its contract. A page of another origin that
// is not listed gets no stream, though it could send nothing but a token it has.
func (h *sockets) stream(w http.ResponseWriter, r *http.Request) error {
	token, _, err := rest.Bearer(r)
	if err != nil {
		return shop.ErrUnauthenticated
	}
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	for name := range q {
		if name != "topics" && name != "since" {
			return shop.ErrInvalidQuery.At(name) // a token foremost, which would end in logs
		}
	}
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if err := h.hub.ServeEvents(w, r, token); err != nil {
		return h.notOpened(r, err)
	}
	rest.NoteStatus(r.Context(), http.StatusOK) // the hub has answered on the connection itself
	return nil
}

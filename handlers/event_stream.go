package handlers

import (
	"net/http"

	"mstm/shop"
)

// streamEvents answers GET /api/events?topics=&since=: what /ws sends, as server-sent events, for
// networks that break WebSockets. hub/asyncapi.yaml is its contract. A page of another origin that
// is not listed gets no stream, though it could send nothing but a token it has.
func (s *Server) streamEvents(w http.ResponseWriter, r *http.Request) error {
	token, _, err := bearer(r)
	if err != nil {
		return shop.ErrUnauthenticated
	}
	q, err := query(r)
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
	if err := s.Hub.ServeEvents(w, r, token); err != nil {
		return s.notOpened(r, err)
	}
	if x := exchangeOf(r.Context()); x.status == 0 {
		x.status = http.StatusOK // the hub has answered on the connection itself
	}
	return nil
}

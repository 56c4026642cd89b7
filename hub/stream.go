package hub

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
)

// ErrBadSince: since or Last-Event-ID is no JSON object of positions by topic, or names too many.
var ErrBadSince = errors.New("hub: since is not a map of positions")

// ServeEvents answers GET /api/events with the stream of the owner of token; "" is a visitor's.
// The topics are those of a WebSocket's hello: user, activity, what since names; and
// those of the query's topics, with commas between. since is hello's since, in the query or, from a client that comes back,
// as Last-Event-ID, which goes first. Every event's id is the since to come back with. The last event is close, with the
// code and reason of a WebSocket's close frame, unless the connection breaks.
//
// An error means that nothing was answered: ErrBadSince, *Refusal, or the connection failed. Over
// HTTP/1.1 it returns at once and the stream lives on by itself, else it stays until the end.
func (h *Hub) ServeEvents(w http.ResponseWriter, r *http.Request, token string) error {
	since, err := sinceOf(r)
	if err != nil {
		return err
	}
	addr, no := h.admit(r)
	if no != nil {
		return no
	}
	to, err := h.conns.OpenStream(w, r)
	if err != nil {
		h.roster.release(addr)
		return fmt.Errorf("open an event stream: %w", err)
	}
	s := &session{hub: h, addr: addr}
	h.conns.AttachStream(&s.socket, to, s, since)
	h.count.streams.Add(1)
	h.enter(s)
	s.socket.ServeStream(to, func() {
		ctx, cancel := context.WithTimeout(context.Background(), authPatience)
		defer cancel()
		s.greet(ctx, token, since)
	})
	return nil
}

// sinceOf reads which topics a request wants, and from where on.
func sinceOf(r *http.Request) (map[string]string, error) {
	since, query := map[string]string{}, r.URL.Query()
	for _, text := range []string{query.Get("since"), r.Header.Get("Last-Event-ID")} {
		places := map[string]string{}
		if text != "" && json.Unmarshal([]byte(text), &places) != nil {
			return nil, ErrBadSince
		}
		maps.Copy(since, places)
	}
	for topic := range strings.SplitSeq(query.Get("topics"), ",") {
		if _, placed := since[topic]; topic != "" && !placed {
			since[topic] = ""
		}
	}
	if len(since) > maxSince {
		return nil, ErrBadSince
	}
	return since, nil
}

package handlers

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/shop"
)

// live brings changes to open pages. The nouns that change what a page shows share it.
type live struct {
	hub *hub.Hub
	log *slog.Logger
}

// tell publishes what has just been changed. The change is done: the caller's hanging up does not stop
// it, and a hub that is down costs the other pages their news, not the caller the answer.
func (h *live) tell(r *http.Request, e shop.Event) {
	ctx, cancel := afterwards(r)
	defer cancel()
	_, err := h.hub.Publish(ctx, hub.Event(e))
	if err != nil && !errors.Is(err, hub.ErrPending) { // a pending event arrives when Redis is back
		h.log.LogAttrs(ctx, slog.LevelWarn, "event not published", slog.String("request_id", rest.RequestID(ctx)),
			slog.String("type", e.Type), slog.Any("err", err))
	}
}

// keepPlace puts the position of the learner's topic into the answer. It is called before the data is read.
func (h *live) keepPlace(w http.ResponseWriter, r *http.Request) {
	if pos := h.hub.Position(hub.UserTopic(rest.LearnerID(r.Context()))); pos != "" {
		w.Header().Set(rest.PositionHeader, `{"user":"`+pos+`"}`)
	}
}

// afterwards is the context of what follows a change that is done: it goes on when the
// caller hangs up, but not for long.
func afterwards(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), time.Second)
}

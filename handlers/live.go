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

// tell publishes what has just been changed. The change is done: the caller's hanging up does not stop
// it, and a hub that is down costs the other pages their news, not the caller the answer.
func (s *Server) tell(r *http.Request, e shop.Event) {
	ctx, cancel := afterwards(r)
	defer cancel()
	_, err := s.Hub.Publish(ctx, hub.Event(e))
	if err != nil && !errors.Is(err, hub.ErrPending) { // a pending event arrives when Redis is back
		s.Log.LogAttrs(ctx, slog.LevelWarn, "event not published", slog.String("request_id", exchangeOf(ctx).id),
			slog.String("type", e.Type), slog.Any("err", err))
	}
}

// positionHeader is where a learner's topic stood before an answer's data was read: a since for hello
// and for GET /api/events, as JSON. A page that shows the data and follows from there misses nothing;
// what happened between the two comes once more.
const positionHeader = "Hub-Position"

// keepPlace puts it into the answer. It is called before the data is read.
func (s *Server) keepPlace(w http.ResponseWriter, r *http.Request) {
	if pos := s.Hub.Position(hub.UserTopic(learnerID(r.Context()))); pos != "" {
		w.Header().Set(positionHeader, `{"user":"`+pos+`"}`)
	}
}

// afterwards is the context of what follows a change that is done: it goes on when the
// caller hangs up, but not for long.
func afterwards(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(r.Context()), time.Second)
}

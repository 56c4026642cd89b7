package handlers

import (
	"log/slog"
	"net/http"

	"mstm/handlers/rest"
	"mstm/notice"
	"mstm/shop"
)

// broadcasts are marketing's messages to an audience.
type broadcasts struct{ broadcaster *notice.Broadcaster }

// broadcastView is a broadcast. A single one has its history too, and, where it is read, its funnel and the reasons of
// WeChat messages that did not go.
type broadcastView struct {
	shop.BroadcastView
	Funnel  *shop.Funnel           `json:"funnel,omitempty"`
	Reasons []shop.MessageReason   `json:"reasons,omitempty"`
	History []shop.BroadcastRecord `json:"history,omitempty"`
}

// create answers POST /api/hub/broadcasts with 201 and the broadcast, which begins to
// be sent. One that an earlier try under the key has made is answered as it stands.
func (h *broadcasts) create(w http.ResponseWriter, r *http.Request) error {
	var in notice.BroadcastRequest
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	key, err := rest.IdempotencyKey(r)
	if err != nil {
		return err
	}
	b, fresh, err := h.broadcaster.Create(r.Context(), in, rest.CallerOf(r.Context()).ID(), key, func() error { return rest.RequireProof(r) })
	if err != nil {
		return err
	}
	if fresh {
		rest.LogEvent(r, "broadcast accepted", slog.String("broadcast", b.ID), slog.String("state", string(b.State)))
	}
	return rest.Encode(w, http.StatusCreated, viewBroadcast(b))
}

// countAudience answers POST /api/hub/broadcasts?dry_run=1: it only counts,
// `{"audience":20000,"needs_confirmation":true}`. An empty audience is 0 here, and no error.
func (h *broadcasts) countAudience(w http.ResponseWriter, r *http.Request) error {
	var in notice.BroadcastRequest
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	people, needsConfirmation, err := h.broadcaster.DryRun(r.Context(), in)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, struct {
		Audience          int64 `json:"audience"`
		NeedsConfirmation bool  `json:"needs_confirmation"`
	}{people, needsConfirmation})
}

// list answers GET /api/hub/broadcasts?limit=&cursor=, newest first.
func (h *broadcasts) list(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	all, next, err := h.broadcaster.Page(r.Context(), shop.BroadcastState(q.Get("state")), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[broadcastView]{Items: []broadcastView{}, NextCursor: next}
	for _, b := range all {
		list.Items = append(list.Items, broadcastView{BroadcastView: b.View(b.Sent)})
	}
	return rest.Encode(w, http.StatusOK, list)
}

// show answers GET /api/hub/broadcasts/:broadcast, with what came of it so far.
func (h *broadcasts) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "broadcast", shop.ErrBroadcastNotFound)
	if err != nil {
		return err
	}
	b, err := h.broadcaster.Report(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewBroadcast(b))
}

// viewBroadcast is one broadcast with its history and, where it was asked for, its funnel.
func viewBroadcast(b notice.BroadcastReport) broadcastView {
	v := broadcastView{BroadcastView: b.View(b.Sent), Funnel: b.Funnel, Reasons: b.Reasons}
	for _, m := range b.History {
		m.At = rest.UTC(m.At)
		v.History = append(v.History, m)
	}
	return v
}

// confirm answers POST /api/hub/broadcasts/:broadcast/confirm `{audience}`: a second
// person, having seen how many people it goes to. An API key is no second person.
func (h *broadcasts) confirm(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Audience int64 `json:"audience"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	return h.move(w, r, shop.BroadcastConfirm, func(id, by string) (notice.BroadcastReport, error) {
		return h.broadcaster.Confirm(r.Context(), id, by, rest.MadeUnder(r), in.Audience)
	})
}

// start answers POST …/start: what is scheduled goes now, what is paused goes on.
func (h *broadcasts) start(w http.ResponseWriter, r *http.Request) error {
	return h.move(w, r, shop.BroadcastStart, func(id, by string) (notice.BroadcastReport, error) {
		return h.broadcaster.Start(r.Context(), id, by, rest.MadeUnder(r), func() error { return rest.RequireProof(r) })
	})
}

// pause answers POST …/pause: no further recipient gets it until it is started again.
func (h *broadcasts) pause(w http.ResponseWriter, r *http.Request) error {
	return h.move(w, r, shop.BroadcastPause, func(id, by string) (notice.BroadcastReport, error) {
		return h.broadcaster.Pause(r.Context(), id, by, rest.MadeUnder(r))
	})
}

// cancel answers POST …/cancel: no further recipient gets it, for ever.
func (h *broadcasts) cancel(w http.ResponseWriter, r *http.Request) error {
	return h.move(w, r, shop.BroadcastCancel, func(id, by string) (notice.BroadcastReport, error) {
		return h.broadcaster.Cancel(r.Context(), id, by, rest.MadeUnder(r))
	})
}

// move makes a move of the broadcast in the path, and answers with it.
func (h *broadcasts) move(w http.ResponseWriter, r *http.Request, m shop.BroadcastMove, move func(id, by string) (notice.BroadcastReport, error)) error {
	id, err := rest.PathID(r, "broadcast", shop.ErrBroadcastNotFound)
	if err != nil {
		return err
	}
	b, err := move(id, rest.CallerOf(r.Context()).ID())
	if err != nil {
		return err
	}
	rest.LogEvent(r, "broadcast moved", slog.String("broadcast", id), slog.String("move", string(m)), slog.String("state", string(b.State)))
	return rest.Encode(w, http.StatusOK, viewBroadcast(b))
}

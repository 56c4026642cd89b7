package handlers

import (
	"crypto/sha256"
	"encoding/base32"
	"encoding/hex"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"mstm/handlers/rest"
	"mstm/notice"
	"mstm/shop"
	"mstm/store"
)

// broadcasts are marketing's messages to an audience.
type broadcasts struct {
	broadcaster *notice.Broadcaster
	broadcasts  *store.Broadcasts
	sender      *notice.WeChatSender // nil: the shop sends no messages
	links       shop.Links
	now         func() time.Time
}

// broadcastView is a broadcast. A single one has its history too, and its funnel where it is
// read.
type broadcastView struct {
	shop.BroadcastView
	Funnel  *shop.Funnel           `json:"funnel,omitempty"`
	History []shop.BroadcastRecord `json:"history,omitempty"`
}

// broadcastRequest is the body of POST /api/hub/broadcasts.
type broadcastRequest struct {
	Title    string                  `json:"title"`
	Body     string                  `json:"body"`
	Link     string                  `json:"link"`
	Audience shop.Audience           `json:"audience"`
	Channels []shop.BroadcastChannel `json:"channels"`
	SendAt   *time.Time              `json:"send_at"`
}

// create answers POST /api/hub/broadcasts with 201 and the broadcast, which begins to
// be sent. One that an earlier try under the key has made is answered as it stands.
func (h *broadcasts) create(w http.ResponseWriter, r *http.Request) error {
	b, err := h.asked(w, r)
	if err != nil {
		return err
	}
	key, err := rest.IdempotencyKey(r)
	if err != nil {
		return err
	}
	if err := nameBroadcast(b, rest.CallerOf(r.Context()).ID(), key); err != nil {
		return err
	}
	b, fresh, err := h.broadcaster.Accept(r.Context(), b, func() error { return rest.RequireProof(r) })
	if err != nil {
		return err
	}
	if fresh {
		rest.LogEvent(r, "broadcast accepted", slog.String("broadcast", b.ID), slog.String("state", string(b.State)))
	}
	return h.answer(w, r, http.StatusCreated, b, nil)
}

// asked reads what a request says.
func (h *broadcasts) asked(w http.ResponseWriter, r *http.Request) (*shop.Broadcast, error) {
	var in broadcastRequest
	if err := rest.Decode(w, r, &in); err != nil {
		return nil, err
	}
	return h.newBroadcast(in)
}

// newBroadcast checks what a request says.
func (h *broadcasts) newBroadcast(in broadcastRequest) (*shop.Broadcast, error) {
	title, err := shop.CleanLine("title", in.Title, 1, shop.MaxBroadcastTitle)
	if err != nil {
		return nil, err
	}
	body, err := shop.CleanText("body", in.Body, 1, shop.MaxBroadcastBody)
	if err != nil {
		return nil, err
	}
	link, err := h.links.Clean(in.Link)
	if err != nil {
		return nil, err
	}
	if err := in.Audience.Check(); err != nil {
		return nil, err
	}
	channels, err := h.cleanChannels(in.Channels)
	if err != nil {
		return nil, err
	}
	b := &shop.Broadcast{Title: title, Body: body, Link: link, Audience: in.Audience, Channels: channels}
	if in.SendAt != nil {
		at := in.SendAt.UTC()
		b.SendAt = &at
	}
	return b, nil
}

// cleanChannels are the channels in their own order, each once; none means live and inbox.
// WeChat is none where the shop cannot tell an activity that way.
func (h *broadcasts) cleanChannels(in []shop.BroadcastChannel) ([]shop.BroadcastChannel, error) {
	if in == nil {
		return []shop.BroadcastChannel{shop.ByLive, shop.ByInbox}, nil
	}
	all := []shop.BroadcastChannel{shop.ByLive, shop.ByInbox}
	if h.sender.Announces() {
		all = append(all, shop.ByWeChat)
	}
	unknown := func(c shop.BroadcastChannel) bool { return !slices.Contains(all, c) }
	if len(in) == 0 || len(in) > len(all) || slices.ContainsFunc(in, unknown) {
		return nil, shop.ErrInvalidField.At("channels")
	}
	return slices.DeleteFunc(all, func(c shop.BroadcastChannel) bool { return !slices.Contains(in, c) }), nil
}

// nameBroadcast gives a broadcast the id that its caller's key stands for, so that a key has
// one broadcast, and notes what it says, so that a repeat is recognised.
func nameBroadcast(b *shop.Broadcast, caller, key string) error {
	said, err := rest.Marshal(b.View(shop.MessageCounts{}))
	if err != nil {
		return err
	}
	body := sha256.Sum256(said)
	id := sha256.Sum256([]byte("broadcast\x00" + caller + "\x00" + key))
	b.BodyHash = hex.EncodeToString(body[:])
	b.ID = strings.ToLower(base32.StdEncoding.EncodeToString(id[:20]))[:26]
	b.CreatedBy = caller
	return nil
}

// countAudience answers POST /api/hub/broadcasts?dry_run=1: it only counts,
// `{"audience":20000,"needs_confirmation":true}`. An empty audience is 0 here, and no error.
func (h *broadcasts) countAudience(w http.ResponseWriter, r *http.Request) error {
	b, err := h.asked(w, r)
	if err != nil {
		return err
	}
	if err := b.CheckTime(h.now()); err != nil {
		return err
	}
	n, err := h.broadcaster.Count(r.Context(), b.Audience)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, struct {
		Audience          int64 `json:"audience"`
		NeedsConfirmation bool  `json:"needs_confirmation"`
	}{n, h.broadcaster.NeedsConfirmation(n)})
}

// list answers GET /api/hub/broadcasts?limit=&cursor=, newest first.
func (h *broadcasts) list(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	all, next, err := h.broadcasts.Page(r.Context(), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[broadcastView]{Items: []broadcastView{}, NextCursor: next}
	for i := range all {
		v, err := h.view(r, &all[i])
		if err != nil {
			return err
		}
		list.Items = append(list.Items, v)
	}
	return rest.Encode(w, http.StatusOK, list)
}

func (h *broadcasts) view(r *http.Request, b *shop.Broadcast) (broadcastView, error) {
	sent, err := h.broadcaster.Messages(r.Context(), b)
	return broadcastView{BroadcastView: b.View(sent)}, err
}

// show answers GET /api/hub/broadcasts/:broadcast, with what came of it so far.
func (h *broadcasts) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "broadcast", shop.ErrBroadcastNotFound)
	if err != nil {
		return err
	}
	b, err := h.broadcasts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	f, err := h.broadcaster.Funnel(r.Context(), b)
	if err != nil {
		return err
	}
	return h.answer(w, r, http.StatusOK, b, f)
}

// answer answers with one broadcast, its history and, where it is asked for, its funnel.
func (h *broadcasts) answer(w http.ResponseWriter, r *http.Request, status int, b *shop.Broadcast, f *shop.Funnel) error {
	v, err := h.view(r, b)
	if err != nil {
		return err
	}
	v.Funnel = f
	for _, m := range b.History {
		m.At = rest.UTC(m.At)
		v.History = append(v.History, m)
	}
	return rest.Encode(w, status, v)
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
	return h.move(w, r, shop.BroadcastConfirm, func(id, by string) (*shop.Broadcast, error) {
		return h.broadcaster.Confirm(r.Context(), id, by, rest.MadeUnder(r), in.Audience)
	})
}

// start answers POST …/start: what is scheduled goes now, what is paused goes on.
func (h *broadcasts) start(w http.ResponseWriter, r *http.Request) error {
	return h.move(w, r, shop.BroadcastStart, func(id, by string) (*shop.Broadcast, error) {
		return h.broadcaster.Start(r.Context(), id, by, rest.MadeUnder(r), func() error { return rest.RequireProof(r) })
	})
}

// pause answers POST …/pause: no further recipient gets it until it is started again.
func (h *broadcasts) pause(w http.ResponseWriter, r *http.Request) error {
	return h.move(w, r, shop.BroadcastPause, func(id, by string) (*shop.Broadcast, error) {
		return h.broadcaster.Pause(r.Context(), id, by, rest.MadeUnder(r))
	})
}

// cancel answers POST …/cancel: no further recipient gets it, for ever.
func (h *broadcasts) cancel(w http.ResponseWriter, r *http.Request) error {
	return h.move(w, r, shop.BroadcastCancel, func(id, by string) (*shop.Broadcast, error) {
		return h.broadcaster.Cancel(r.Context(), id, by, rest.MadeUnder(r))
	})
}

// move makes a move and answers with the broadcast. Counts grow for a moment after a
// pause or a cancel, by the people that the sender was at.
func (h *broadcasts) move(w http.ResponseWriter, r *http.Request, m shop.BroadcastMove, move func(id, by string) (*shop.Broadcast, error)) error {
	id, err := rest.PathID(r, "broadcast", shop.ErrBroadcastNotFound)
	if err != nil {
		return err
	}
	b, err := move(id, rest.CallerOf(r.Context()).ID())
	if err != nil {
		return err
	}
	rest.LogEvent(r, "broadcast moved", slog.String("broadcast", id), slog.String("move", string(m)), slog.String("state", string(b.State)))
	return h.answer(w, r, http.StatusOK, b, nil)
}

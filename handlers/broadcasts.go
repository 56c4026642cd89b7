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

	"mstm/shop"
)

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

// createBroadcast answers POST /api/hub/broadcasts with 201 and the broadcast, which begins to
// be sent. One that an earlier try under the key has made is answered as it stands.
func (s *Server) createBroadcast(w http.ResponseWriter, r *http.Request) error {
	b, err := s.askedBroadcast(w, r)
	if err != nil {
		return err
	}
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	if err := nameBroadcast(b, callerOf(r.Context()).id(), key); err != nil {
		return err
	}
	b, fresh, err := s.Broadcaster.Accept(r.Context(), b, func() error { return s.requireProof(r) })
	if err != nil {
		return err
	}
	if fresh {
		s.event(r, "broadcast accepted", slog.String("broadcast", b.ID), slog.String("state", string(b.State)))
	}
	return s.answerBroadcast(w, r, http.StatusCreated, b, nil)
}

// askedBroadcast reads what a request says.
func (s *Server) askedBroadcast(w http.ResponseWriter, r *http.Request) (*shop.Broadcast, error) {
	var in broadcastRequest
	if err := decode(w, r, &in); err != nil {
		return nil, err
	}
	return s.newBroadcast(in)
}

// newBroadcast checks what a request says.
func (s *Server) newBroadcast(in broadcastRequest) (*shop.Broadcast, error) {
	title, err := shop.CleanLine("title", in.Title, 1, shop.MaxBroadcastTitle)
	if err != nil {
		return nil, err
	}
	body, err := shop.CleanText("body", in.Body, 1, shop.MaxBroadcastBody)
	if err != nil {
		return nil, err
	}
	link, err := s.Links.Clean(in.Link)
	if err != nil {
		return nil, err
	}
	if err := in.Audience.Check(); err != nil {
		return nil, err
	}
	channels, err := s.cleanChannels(in.Channels)
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
func (s *Server) cleanChannels(in []shop.BroadcastChannel) ([]shop.BroadcastChannel, error) {
	if in == nil {
		return []shop.BroadcastChannel{shop.ByLive, shop.ByInbox}, nil
	}
	all := []shop.BroadcastChannel{shop.ByLive, shop.ByInbox}
	if s.WeChatSender.Announces() {
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
	said, err := marshal(b.View(shop.MessageCounts{}))
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
func (s *Server) countAudience(w http.ResponseWriter, r *http.Request) error {
	b, err := s.askedBroadcast(w, r)
	if err != nil {
		return err
	}
	if err := b.CheckTime(s.Now()); err != nil {
		return err
	}
	n, err := s.Broadcaster.Count(r.Context(), b.Audience)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, struct {
		Audience          int64 `json:"audience"`
		NeedsConfirmation bool  `json:"needs_confirmation"`
	}{n, s.Broadcaster.NeedsConfirmation(n)})
}

// listBroadcasts answers GET /api/hub/broadcasts?limit=&cursor=, newest first.
func (s *Server) listBroadcasts(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := listQuery(r)
	if err != nil {
		return err
	}
	all, next, err := s.Store.Broadcasts.Page(r.Context(), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := page[broadcastView]{Items: []broadcastView{}, NextCursor: next}
	for i := range all {
		v, err := s.viewBroadcast(r, &all[i])
		if err != nil {
			return err
		}
		list.Items = append(list.Items, v)
	}
	return encode(w, http.StatusOK, list)
}

func (s *Server) viewBroadcast(r *http.Request, b *shop.Broadcast) (broadcastView, error) {
	sent, err := s.Broadcaster.Messages(r.Context(), b)
	return broadcastView{BroadcastView: b.View(sent)}, err
}

// showBroadcast answers GET /api/hub/broadcasts/:broadcast, with what came of it so far.
func (s *Server) showBroadcast(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "broadcast", shop.ErrBroadcastNotFound)
	if err != nil {
		return err
	}
	b, err := s.Store.Broadcasts.Get(r.Context(), id)
	if err != nil {
		return err
	}
	f, err := s.Broadcaster.Funnel(r.Context(), b)
	if err != nil {
		return err
	}
	return s.answerBroadcast(w, r, http.StatusOK, b, f)
}

// answerBroadcast answers with one broadcast, its history and, where it is asked for, its funnel.
func (s *Server) answerBroadcast(w http.ResponseWriter, r *http.Request, status int, b *shop.Broadcast, f *shop.Funnel) error {
	v, err := s.viewBroadcast(r, b)
	if err != nil {
		return err
	}
	v.Funnel = f
	for _, m := range b.History {
		m.At = utc(m.At)
		v.History = append(v.History, m)
	}
	return encode(w, status, v)
}

// confirmBroadcast answers POST /api/hub/broadcasts/:broadcast/confirm `{audience}`: a second
// person, having seen how many people it goes to. An API key is no second person.
func (s *Server) confirmBroadcast(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Audience int64 `json:"audience"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	return s.moveBroadcast(w, r, shop.BroadcastConfirm, func(id, by string) (*shop.Broadcast, error) {
		return s.Broadcaster.Confirm(r.Context(), id, by, madeUnder(r), in.Audience)
	})
}

// startBroadcast answers POST …/start: what is scheduled goes now, what is paused goes on.
func (s *Server) startBroadcast(w http.ResponseWriter, r *http.Request) error {
	return s.moveBroadcast(w, r, shop.BroadcastStart, func(id, by string) (*shop.Broadcast, error) {
		if b, err := s.Store.Broadcasts.Get(r.Context(), id); err != nil {
			return nil, err
		} else if s.Broadcaster.NeedsConfirmation(b.Counts.Audience) {
			if err := s.requireProof(r); err != nil {
				return nil, err
			}
		}
		return s.Broadcaster.Start(r.Context(), id, by, madeUnder(r))
	})
}

// pauseBroadcast answers POST …/pause: no further recipient gets it until it is started again.
func (s *Server) pauseBroadcast(w http.ResponseWriter, r *http.Request) error {
	return s.moveBroadcast(w, r, shop.BroadcastPause, func(id, by string) (*shop.Broadcast, error) {
		return s.Broadcaster.Pause(r.Context(), id, by, madeUnder(r))
	})
}

// cancelBroadcast answers POST …/cancel: no further recipient gets it, for ever.
func (s *Server) cancelBroadcast(w http.ResponseWriter, r *http.Request) error {
	return s.moveBroadcast(w, r, shop.BroadcastCancel, func(id, by string) (*shop.Broadcast, error) {
		return s.Broadcaster.Cancel(r.Context(), id, by, madeUnder(r))
	})
}

// moveBroadcast makes a move and answers with the broadcast. Counts grow for a moment after a
// pause or a cancel, by the people that the sender was at.
func (s *Server) moveBroadcast(w http.ResponseWriter, r *http.Request, m shop.BroadcastMove, move func(id, by string) (*shop.Broadcast, error)) error {
	id, err := pathID(r, "broadcast", shop.ErrBroadcastNotFound)
	if err != nil {
		return err
	}
	b, err := move(id, callerOf(r.Context()).id())
	if err != nil {
		return err
	}
	s.event(r, "broadcast moved", slog.String("broadcast", id), slog.String("move", string(m)), slog.String("state", string(b.State)))
	return s.answerBroadcast(w, r, http.StatusOK, b, nil)
}

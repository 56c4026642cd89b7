package handlers

import (
	"net/http"

	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/notice"
	"mstm/shop"
)

// notices are a learner's inbox.
type notices struct {
	inbox *notice.Inbox
	live  live
}

// inbox is a page of notices with how many are unread in all, and whether the reader wants
// activities: open pages hear of those to everybody.
type inbox struct {
	rest.Page[shop.NoticeView]
	Unread     int64 `json:"unread"`
	Activities bool  `json:"activities"`
}

// list answers GET /api/notices?unread=&limit=&cursor=, newest first.
func (h *notices) list(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r, hub.Activity)
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	unread, err := rest.Flag(q, "unread")
	if err != nil {
		return err
	}
	read, err := h.inbox.Page(r.Context(), rest.LearnerID(r.Context()), unread, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	box := inbox{rest.Page[shop.NoticeView]{Items: []shop.NoticeView{}, NextCursor: read.Next}, read.Unread, read.Activities}
	for _, n := range read.Notices {
		box.Items = append(box.Items, n.View())
	}
	return rest.Encode(w, http.StatusOK, box)
}

// read answers POST /api/notices/:notice/read, with `{"clicked":true}` where the reader
// followed the notice's link; `all` reads them all. Another user's notice is answered like a
// missing one.
func (h *notices) read(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Clicked bool `json:"clicked"`
	}
	if r.ContentLength != 0 {
		if err := rest.Decode(w, r, &in); err != nil {
			return err
		}
	}
	if err := h.inbox.Read(r.Context(), rest.LearnerID(r.Context()), rest.Param(r, "notice"), in.Clicked); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

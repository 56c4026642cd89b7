package handlers

import (
	"net/http"

	"mstm/shop"
)

// inbox is a page of notices with how many are unread in all, and whether the reader wants
// activities: open pages hear of those to everybody.
type inbox struct {
	page[shop.NoticeView]
	Unread     int64 `json:"unread"`
	Activities bool  `json:"activities"`
}

// listNotices answers GET /api/notices?unread=&limit=&cursor=, newest first.
func (s *Server) listNotices(w http.ResponseWriter, r *http.Request) error {
	s.keepPlace(w, r)
	q, rows, err := listQuery(r)
	if err != nil {
		return err
	}
	unread, err := flag(q, "unread")
	if err != nil {
		return err
	}
	read, err := s.Inbox.Page(r.Context(), learnerID(r.Context()), unread, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	box := inbox{page[shop.NoticeView]{Items: []shop.NoticeView{}, NextCursor: read.Next}, read.Unread, read.Activities}
	for _, n := range read.Notices {
		box.Items = append(box.Items, n.View())
	}
	return encode(w, http.StatusOK, box)
}

// maxNoticeID is beyond every user:kind:ref, in bytes.
const maxNoticeID = 200

// readNotice answers POST /api/notices/:notice/read, with `{"clicked":true}` where the reader
// followed the notice's link; `all` reads them all. Another user's notice is answered like a
// missing one.
func (s *Server) readNotice(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Clicked bool `json:"clicked"`
	}
	if r.ContentLength != 0 {
		if err := decode(w, r, &in); err != nil {
			return err
		}
	}
	ctx, user := r.Context(), learnerID(r.Context())
	id := exchangeOf(ctx).params.ByName("notice")
	var err error
	switch {
	case id == "all":
		err = s.Inbox.ReadAll(ctx, user)
	case len(id) > maxNoticeID || shop.Hidden(id, false):
		err = shop.ErrNoticeNotFound
	default:
		err = s.Inbox.Read(ctx, user, id, in.Clicked)
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

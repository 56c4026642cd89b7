package handlers

import (
	"net/http"
	"strings"
	"time"

	"mstm/shop"
)

// noticeView is a notice as its reader sees it, in the inbox and in notice.posted alike.
type noticeView struct {
	ID        string    `json:"id"`
	Kind      string    `json:"kind"`
	Title     string    `json:"title"`
	Body      string    `json:"body"`
	Link      string    `json:"link,omitempty"`
	CreatedAt time.Time `json:"created_at"`
	Read      bool      `json:"read"`
}

// inbox is a page of notices with how many are unread in all.
type inbox struct {
	page[noticeView]
	Unread int64 `json:"unread"`
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
	notices, next, err := s.Store.NoticesOf(r.Context(), learnerID(r.Context()), unread, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	count, err := s.Store.UnreadCount(r.Context(), learnerID(r.Context()))
	if err != nil {
		return err
	}
	box := inbox{page[noticeView]{Items: []noticeView{}, NextCursor: next}, count}
	for _, n := range notices {
		box.Items = append(box.Items, viewNotice(n))
	}
	return encode(w, http.StatusOK, box)
}

func viewNotice(n shop.Notice) noticeView {
	return noticeView{
		ID: n.ID, Kind: n.Kind, Title: n.Title, Body: n.Body, Link: n.Link,
		CreatedAt: utc(n.CreatedAt), Read: n.ReadAt != nil,
	}
}

// maxNoticeID is beyond every user:kind:ref, in bytes.
const maxNoticeID = 200

// readNotice answers POST /api/notices/:notice/read; `all` reads them all. A notice of
// somebody else is like one that is not there.
func (s *Server) readNotice(w http.ResponseWriter, r *http.Request) error {
	ctx, user := r.Context(), learnerID(r.Context())
	id := exchangeOf(ctx).params.ByName("notice")
	var err error
	switch {
	case id == "all":
		_, err = s.Store.ReadAllNotices(ctx, user, s.Now())
	case len(id) > maxNoticeID || strings.ContainsFunc(id, isHidden):
		err = shop.ErrNoticeNotFound
	default:
		err = s.Store.ReadNotice(ctx, user, id, s.Now())
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

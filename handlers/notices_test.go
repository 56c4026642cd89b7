package handlers

import (
	"fmt"
	"testing"
	"time"

	"mstm/shop"
)

func TestAnInboxIsItsReadersOwn(t *testing.T) {
	w := newWorld(t)
	token, id := w.learner("linwei")
	stranger, _ := w.learner("stranger")
	for i := range 3 {
		n := &shop.Notice{
			ID: shop.NoticeID(id, "paid", fmt.Sprint("order", i)), UserID: id, Kind: "paid", Title: fmt.Sprint("已开通 ", i),
			Body: "开始学习吧", Link: "/learning", CreatedAt: time.Now().Add(time.Duration(i) * time.Minute).UTC(),
		}
		if fresh, err := w.store.Notices.Insert(t.Context(), n); !fresh || err != nil {
			t.Fatal(fresh, err)
		}
	}
	box := as[inbox](w.do("GET", "/api/notices?limit=2", token, nil).is(200))
	if len(box.Items) != 2 || box.Items[0].Title != "已开通 2" || box.Items[0].Read || box.Unread != 3 || box.NextCursor == "" {
		t.Fatalf("first page: %+v", box)
	}
	rest := as[inbox](w.do("GET", "/api/notices?limit=2&cursor="+box.NextCursor, token, nil).is(200))
	if len(rest.Items) != 1 || rest.NextCursor != "" {
		t.Errorf("second page: %+v", rest)
	}
	read := "/api/notices/" + box.Items[0].ID + "/read"
	w.do("POST", read, stranger, nil).is(404, "NOTICE_NOT_FOUND")
	w.do("POST", "/api/notices/nothing/read", token, nil).is(404, "NOTICE_NOT_FOUND")
	w.do("POST", read, token, nil).is(204)
	w.do("POST", read, token, nil).is(204)
	if box := as[inbox](w.do("GET", "/api/notices?unread=1", token, nil).is(200)); len(box.Items) != 2 || box.Unread != 2 {
		t.Errorf("unread: %+v", box)
	}
	w.do("POST", "/api/notices/all/read", stranger, nil).is(204)
	if box := as[inbox](w.do("GET", "/api/notices", token, nil).is(200)); box.Unread != 2 {
		t.Errorf("a stranger read them: %+v", box)
	}
	w.do("POST", "/api/notices/all/read", token, nil).is(204)
	if box := as[inbox](w.do("GET", "/api/notices", token, nil).is(200)); box.Unread != 0 || !box.Items[0].Read {
		t.Errorf("all read: %+v", box)
	}
	if got := w.do("GET", "/api/notices", stranger, nil).is(200); string(got.Body) != `{"items":[],"unread":0,"activities":true}` {
		t.Errorf("a stranger's inbox: %s", got.Body)
	}
	w.do("GET", "/api/notices?unread=maybe", token, nil).is(400, "INVALID_QUERY")
	w.do("GET", "/api/notices?cursor=AAAA", token, nil).is(400, "INVALID_CURSOR")
}

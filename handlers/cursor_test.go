package handlers

import (
	"net/url"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store"
)

// FuzzCursor sends any text as the cursor of every list. It gets a page or INVALID_CURSOR
// (INVALID_QUERY where it holds invisible characters), and a learner's lists hold the learner's
// own rows only.
func FuzzCursor(f *testing.F) {
	w := newWorld(f)
	w.sells(ladderCourse("c1"), ladderCourse("c2"), ladderCourse("c3"))
	mine, me := w.learner("mine")
	_, other := w.learner("other")
	admin := w.staff("boss", shop.RoleAdmin)
	now := time.Now().UTC()
	line := shop.OrderLine{CourseID: "c1", PolicyID: "c1full", Kind: shop.KindLifetime, Version: 1, List: 1, Price: 1}
	for i := range 6 {
		for _, user := range []string{me, other} {
			o := shop.NewOrder(store.NewID(), user, []shop.OrderLine{line}, now.Add(time.Duration(i/2)*time.Second))
			if _, err := w.store.Orders.Insert(f.Context(), o); err != nil {
				f.Fatal(err)
			}
		}
	}
	lists := []struct{ path, token string }{
		{"/api/orders", mine}, {"/api/notices", mine}, {"/api/courses", ""}, {"/api/courses?sort=price", ""}, {"/api/courses?sort=popular", ""},
		{"/api/admin/orders", admin}, {"/api/admin/users", admin}, {"/api/admin/courses", admin}, {"/api/admin/reconciliations", admin},
	}
	own := map[string]bool{}
	type listed struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
		Next string `json:"next_cursor"`
	}
	for _, o := range as[listed](w.do("GET", "/api/orders?limit=100", mine, nil).is(200)).Items {
		own[o.ID] = true
	}
	if len(own) != 6 {
		f.Fatalf("%d orders of my own", len(own))
	}
	for _, l := range lists {
		f.Add(as[listed](w.do("GET", withQuery(l.path, "limit=1"), l.token, nil).is(200)).Next)
	}
	for _, seed := range []string{"", "x", "2031-03-05", "c2", "e30", "bnVsbA", "BQAAAAA", "\x00", "%7B%22$ne%22:null%7D"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		w.t = t
		for _, l := range lists {
			a := w.do("GET", withQuery(l.path, "limit=3&cursor="+url.QueryEscape(cursor)), l.token, nil)
			if a.Status != 200 {
				if a.Status != 400 || a.code() != "INVALID_CURSOR" && a.code() != "INVALID_QUERY" {
					t.Fatalf("%s answered the cursor %q with %d %s", l.path, cursor, a.Status, a.Body)
				}
				continue
			}
			page := as[listed](a)
			if len(page.Items) > 3 {
				t.Fatalf("%s answered the cursor %q with %d rows", l.path, cursor, len(page.Items))
			}
			for _, row := range page.Items {
				if l.path == "/api/orders" && !own[row.ID] {
					t.Fatalf("the cursor %q shows order %s of another learner", cursor, row.ID)
				}
			}
		}
	})
}

func withQuery(path, query string) string {
	u, _ := url.Parse(path) // our own
	if u.RawQuery == "" {
		return path + "?" + query
	}
	return path + "&" + query
}

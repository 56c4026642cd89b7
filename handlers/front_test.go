package handlers

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store"
)

// editedFront is the front page as the console has it.
type editedFront struct {
	V       int64 `json:"v"`
	Banners []struct {
		Title string `json:"title"`
		Shown bool   `json:"shown"`
	} `json:"banners"`
	Rows []struct {
		Title   string   `json:"title"`
		Courses []string `json:"courses"`
	} `json:"rows"`
	Courses map[string]struct {
		OnSale bool `json:"on_sale"`
	} `json:"courses"`
}

func TestFront_ArrangedByAnEditor_IsShownToEverybody(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"), ladderCourse("ts1"))
	editor := w.staff("edith", shop.RoleEditor)
	empty := w.do("GET", "/api/front", "", nil).is(200)
	if got := as[FrontView](empty); len(got.Banners)+len(got.Rows) != 0 || got.Version != 0 {
		t.Fatalf("before the first edit %+v", got)
	}
	w.do("GET", "/api/front", "", nil, "If-None-Match", empty.Header.Get("Etag")).is(304)
	m := w.uploads(editor, aPicture(t))
	if m.Poster == "" {
		t.Fatal("an editor cannot look at the picture before it is in a banner")
	}
	w.do("GET", m.Poster, "", nil).is(200)
	w.do("GET", "/api/front/pictures/"+m.ID, "", nil).is(404, "MEDIA_NOT_FOUND")

	until := time.Now().Add(time.Hour).UTC().Format(time.RFC3339)
	body := fmt.Sprintf(`{"v":0,"banners":[{"picture":%q,"title":"秋季","alt":"枫叶","link":{"kind":"course","to":"ts1"},"until":%q},
		{"picture":%[1]q,"title":"以后","from":%[2]q}],"rows":[{"title":"编辑推荐","courses":["ts1","go1"]}]}`, m.ID, until)
	edited := as[editedFront](w.do("PUT", "/api/admin/front", editor, body).is(200))
	if edited.V != 1 || !edited.Banners[0].Shown || edited.Banners[1].Shown || !edited.Courses["ts1"].OnSale {
		t.Errorf("edited %+v", edited)
	}
	shown := as[FrontView](w.do("GET", "/api/front", "", nil, "If-None-Match", empty.Header.Get("Etag")).is(200))
	if len(shown.Banners) != 1 || shown.Banners[0].Link != "/courses/ts1" || len(shown.Rows) != 1 || shown.Rows[0].Courses[0].ID != "ts1" {
		t.Fatalf("shown %+v", shown)
	}
	got := w.do("GET", shown.Banners[0].Picture, "", nil).is(200)
	if got.Header.Get("Content-Type") != "image/png" || !strings.Contains(got.Header.Get("Cache-Control"), "immutable") {
		t.Errorf("the picture: %v", got.Header)
	}
	used := w.do("DELETE", "/api/admin/media/"+m.ID, editor, nil).is(409, "MEDIA_IN_USE")
	if !strings.Contains(string(used.Body), `"front":true`) {
		t.Errorf("what uses the picture is not named: %s", used.Body)
	}

	w.do("POST", "/api/admin/courses/ts1/unpublish", editor, nil).is(200)
	shown = as[FrontView](w.do("GET", "/api/front", "", nil).is(200))
	if len(shown.Banners) != 0 || len(shown.Rows[0].Courses) != 1 || shown.Rows[0].Courses[0].ID != "go1" {
		t.Errorf("a course is off sale, and shown is %+v", shown)
	}
	now := as[editedFront](w.do("PUT", "/api/admin/front", editor, `{"v":1,"banners":[]}`).is(200))
	if now.V != 2 || len(now.Banners) != 0 || len(now.Rows) != 1 || now.Courses["ts1"].OnSale {
		t.Errorf("what was left out: %+v", now)
	}
	w.do("GET", "/api/front/pictures/"+m.ID, "", nil).is(404, "MEDIA_NOT_FOUND")
	audit := map[string]map[string]string{}
	if err := w.store.Audit.Each(t.Context(), "front", func(r *store.AuditRow) error { audit[r.ID] = r.Data; return nil }); err != nil {
		t.Fatal(err)
	}
	if len(audit) != 2 || !strings.Contains(audit["front:1"]["after_rows"], "编辑推荐") || audit["front:2"]["after_banners"] != "[]" || audit["front:2"]["after_rows"] != "" {
		t.Errorf("audit %v", audit)
	}
}

func TestFront_WrongEditOrReader_IsRefused(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	editor := w.staff("edith", shop.RoleEditor)
	for _, role := range []shop.Role{shop.RoleLearner, shop.RoleFinance, shop.RoleMarketer, shop.RoleSupport} {
		other := w.staff(string(role), role)
		w.do("GET", "/api/admin/front", other, nil).is(403, "FORBIDDEN")
		w.do("PUT", "/api/admin/front", other, `{"v":0}`).is(403, "FORBIDDEN")
	}
	w.do("GET", "/api/admin/front", "", nil).is(401)
	for body, param := range map[string]string{
		`{"rows":[]}`: "v",
		`{"v":0,"rows":[{"title":"a","courses":["go9"]}]}`:                                             "rows[0].courses",
		`{"v":0,"banners":[{"picture":"nothere","title":"a"}]}`:                                        "banners[0].picture",
		`{"v":0,"banners":[{"picture":"nothere","title":"a","link":{"kind":"course","to":"go9"}}]}`:    "banners[0].link.to",
		`{"v":0,"banners":[{"picture":"nothere","title":"a","link":{"kind":"category","to":"none"}}]}`: "banners[0].link.to",
	} {
		if got := w.do("PUT", "/api/admin/front", editor, body).is(400, "INVALID_FIELD"); !strings.Contains(string(got.Body), `"param":"`+param+`"`) {
			t.Errorf("%s: %s", body, got.Body)
		}
	}
	text := w.uploads(editor, []byte("WEBVTT\n\n00:00.000 --> 00:01.000\nno picture\n"))
	w.do("PUT", "/api/admin/front", editor, fmt.Sprintf(`{"v":0,"banners":[{"picture":%q,"title":"a"}]}`, text.ID)).is(400, "INVALID_FIELD")
	w.do("PUT", "/api/admin/front", w.staff("boss", shop.RoleAdmin), `{"v":0,"rows":[{"title":"a","courses":["go1"]}]}`).is(200)
	if got := as[editedFront](w.do("GET", "/api/admin/front", editor, nil).is(200)); got.V != 1 || got.Rows[0].Title != "a" {
		t.Errorf("after the refusals %+v", got)
	}
}

// TestFront_TwoEditors_OneWinsAndTheOtherLosesNothing has two editors write the same edition at once.
func TestFront_TwoEditors_OneWinsAndTheOtherLosesNothing(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	editor := w.staff("edith", shop.RoleEditor)
	var won, lost []int
	var mu sync.Mutex
	var all sync.WaitGroup
	for i := range 2 {
		all.Go(func() {
			got := w.do("PUT", "/api/admin/front", editor, fmt.Sprintf(`{"v":0,"rows":[{"title":"第 %d 位","courses":["go1"]}]}`, i))
			mu.Lock()
			defer mu.Unlock()
			switch {
			case got.Status == 200:
				won = append(won, i)
			case got.Status == 409 && strings.Contains(string(got.Body), "EDIT_CONFLICT"):
				lost = append(lost, i)
			default:
				t.Errorf("%d: %s", got.Status, got.Body)
			}
		})
	}
	all.Wait()
	if len(won) != 1 || len(lost) != 1 {
		t.Fatalf("%v won, %v lost", won, lost)
	}
	if shown := as[FrontView](w.do("GET", "/api/front", "", nil).is(200)); shown.Rows[0].Title != fmt.Sprintf("第 %d 位", won[0]) {
		t.Errorf("shown is %+v", shown)
	}
	w.do("PUT", "/api/admin/front", editor, fmt.Sprintf(`{"v":1,"rows":[{"title":"第 %d 位","courses":["go1"]}]}`, lost[0])).is(200)
}

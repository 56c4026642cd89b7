package handlers

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

func ids(items []catalogue.Card) (all []string) {
	for _, c := range items {
		all = append(all, c.ID)
	}
	return all
}

func TestTheCatalogueIsListedInEveryOrder(t *testing.T) {
	w := newWorld(t)
	now := time.Now()
	for i, price := range []shop.Fen{5000, 100, 20000} {
		c := ladderCourse(fmt.Sprint("c", i))
		c.CreatedAt, c.Learners = now.Add(time.Duration(-i)*time.Hour), int64(i*i%3)
		c.Versions[0].Policies = []shop.PricePolicy{{ID: "p", Kind: shop.KindLifetime, Name: "全款", Price: price, Default: true}}
		if i == 2 {
			c.CategoryID, c.Title = "music", "Ukulele 入门"
		}
		w.sells(c)
	}
	draft, gone := ladderCourse("draft"), ladderCourse("gone")
	draft.State, gone.State = shop.CourseDraft, shop.CourseOffSale
	w.sells(draft, gone)
	rows := []struct{ name, query, want string }{
		{"newest first", "", "c0 c1 c2"},
		{"cheapest first", "sort=price", "c1 c0 c2"},
		{"most bought first", "sort=popular", "c1 c2 c0"},
		{"one category", "category=music", "c2"},
		{"a word of the title, in any case", "q=uKULELE", "c2"},
		{"the teacher", "q=" + url.QueryEscape("林老师"), "c0 c1 c2"},
		{"a pattern is only text", "q=" + url.QueryEscape("(a+)+$"), ""},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			got := as[rest.Page[catalogue.Card]](w.do("GET", "/api/courses?"+row.query, "", nil).is(200))
			if strings.Join(ids(got.Items), " ") != row.want || got.NextCursor != "" {
				t.Errorf("%v, cursor %q", ids(got.Items), got.NextCursor)
			}
		})
	}
	var walked []string
	for cursor, more := "", true; more; more = cursor != "" {
		got := as[rest.Page[catalogue.Card]](w.do("GET", "/api/courses?limit=1&sort=price&cursor="+cursor, "", nil).is(200))
		walked, cursor = append(walked, ids(got.Items)...), got.NextCursor
	}
	if !slices.Equal(walked, []string{"c1", "c0", "c2"}) {
		t.Errorf("page by page: %v", walked)
	}
	cats := as[rest.Page[categoryView]](w.do("GET", "/api/categories", "", nil).is(200)).Items
	if len(cats) != 2 || cats[0] != (categoryView{"code", "编程", 2}) || cats[1].Courses != 1 {
		t.Errorf("categories: %+v", cats)
	}
	w.do("GET", "/api/courses/draft", "", nil).is(404, "COURSE_NOT_FOUND")
	if off := as[courseDetail](w.do("GET", "/api/courses/gone", "", nil).is(200)); off.OnSale || off.Offers[0].Reason != "COURSE_OFF_SALE" {
		t.Errorf("off sale: %+v", off)
	}
}

func TestAListIsNotAskedForNonsense(t *testing.T) {
	w := newWorld(t)
	rows := []struct {
		query string
		want  int
		code  string
	}{
		{"limit=1000000000", 400, "INVALID_QUERY"}, {"limit=101", 400, "INVALID_QUERY"}, {"limit=0", 400, "INVALID_QUERY"}, {"limit=-1", 400, "INVALID_QUERY"},
		{"limit=0x1", 400, "INVALID_QUERY"}, {"limit=1e1", 400, "INVALID_QUERY"}, {"limit=%2B5", 400, "INVALID_QUERY"}, {"limit=", 400, "INVALID_QUERY"},
		{"sort=new&sort=price", 400, "INVALID_QUERY"}, {"sort=random", 400, "INVALID_QUERY"}, {"q=%zz", 400, "INVALID_QUERY"}, {"q=%ff", 400, "INVALID_QUERY"}, {"q=a%00b", 400, "INVALID_QUERY"},
		{"q=" + strings.Repeat("a", 65), 400, "INVALID_QUERY"}, {"cursor=nonsense", 400, "INVALID_CURSOR"}, {"category=nothing", 404, "CATEGORY_NOT_FOUND"},
	}
	for _, row := range rows {
		t.Run(row.query, func(t *testing.T) { w.do("GET", "/api/courses?"+row.query, "", nil).is(row.want, row.code) })
	}
	w.do("GET", "/api/courses?limit=100", "", nil).is(200)
	w.do("GET", "/api/courses/%2e%2e", "", nil).is(404)
	w.do("GET", "/api/courses/A_b", "", nil).is(404, "COURSE_NOT_FOUND")
}

func TestACourseShowsWhatThisLearnerPays(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	w.sells(c)
	visitor := as[courseDetail](w.do("GET", "/api/courses/go1", "", nil).is(200))
	if len(visitor.Offers) != 4 || !visitor.Offers[0].Available || visitor.Offers[1].Reason != "STAGE_NOT_ELIGIBLE" || visitor.Enrolment != nil {
		t.Errorf("a visitor sees %+v", visitor.Offers)
	}
	if visitor.Price != 0 || !visitor.FreeStage || visitor.Cover != "/covers/go1.svg" || visitor.Lessons != 2 || visitor.Teacher.Intro == "" {
		t.Errorf("card: %+v", visitor.Card)
	}
	if body := string(w.do("GET", "/api/courses/go1", "", nil).Body); strings.Contains(body, "/media/") {
		t.Error("the outline gives the lessons' addresses away")
	}
	token, id := w.learner("linwei")
	w.grants(id, c, "go1s1", time.Now())
	own := w.do("GET", "/api/courses/go1", token, nil).is(200)
	mine := as[courseDetail](own)
	if mine.Offers[0].Reason != "TRIAL_USED" || !mine.Offers[1].Available || mine.Enrolment == nil || mine.Enrolment.State != shop.GrantActive {
		t.Errorf("a holder of stage 1 sees %s", own.Body)
	}
	if own.Header.Get("Cache-Control") != "no-store" {
		t.Errorf("a learner's page may be kept: %v", own.Header)
	}
	if again := as[courseDetail](w.do("GET", "/api/courses/go1", "", nil)); !again.Offers[0].Available || again.Enrolment != nil {
		t.Error("a visitor was shown a learner's page")
	}
	w.do("GET", "/api/courses/go1", "bad.token", nil).is(401, "UNAUTHENTICATED")
}

func TestAnUnchangedCatalogueIsNotSentAgain(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	for _, path := range []string{"/api/courses", "/api/courses/go1", "/api/categories"} {
		first := w.do("GET", path, "", nil).is(200)
		tag := first.Header.Get("Etag")
		if second := w.do("GET", path, "", nil, "If-None-Match", tag).is(304); tag == "" || len(second.Body) != 0 {
			t.Errorf("%s with %q: %q", path, tag, second.Body)
		}
	}
	before := w.do("GET", "/api/courses/go1", "", nil).Header.Get("Etag")
	_, err := w.store.Courses.Change(t.Context(), "go1", func(c *shop.Course) error { c.Title = "新标题"; return nil })
	if err != nil {
		t.Fatal(err)
	}
	got := w.do("GET", "/api/courses/go1", "", nil, "If-None-Match", before).is(200)
	if as[courseDetail](got).Title != "新标题" {
		t.Errorf("after the change: %s", got.Body)
	}
}

func TestALessonOpensForItsLearners(t *testing.T) {
	clock := time.Date(2025, 3, 1, 2, 0, 0, 0, time.UTC)
	w := newWorld(t, func(d *Deps) { d.Now = func() time.Time { return clock } })
	c := ladderCourse("go1")
	w.sells(c)
	preview, paid := "/api/courses/go1/lessons/l1", "/api/courses/go1/lessons/l2"
	if l := as[lessonView](w.do("GET", preview, "", nil).is(200)); l.URL != "/media/l1.mp4" || l.CourseID != "go1" {
		t.Errorf("preview: %+v", l)
	}
	w.do("GET", paid, "", nil).is(401, "UNAUTHENTICATED")
	token, id := w.learner("linwei")
	refused := w.do("GET", paid, token, nil).is(403, "ENROLMENT_REQUIRED")
	if o := as[struct{ Offers []shop.Offer }](refused).Offers; len(o) != 2 || o[0].PolicyID != "go1s1" {
		t.Errorf("offers: %+v", o)
	}
	w.grants(id, c, "go1s1", clock)
	if l := as[lessonView](w.do("GET", paid, token, nil).is(200)); l.URL != "/media/l2.mp4" {
		t.Errorf("lesson: %+v", l)
	}
	p, err := w.store.Progress.Get(t.Context(), id, "go1")
	if _, opened := p.Lessons["l2"]; err != nil || !opened || len(p.Lessons) != 1 {
		t.Errorf("opened: %+v, %v", p, err)
	}
	clock = time.Date(2025, 4, 1, 15, 59, 59, 999e6, time.UTC) // the last instant of April 1 in Shanghai
	token = w.login("linwei", "phone")
	w.do("GET", paid, token, nil).is(200)
	clock = clock.Add(time.Millisecond)
	expired := w.do("GET", paid, token, nil).is(403, "ENROLMENT_EXPIRED")
	if o := as[struct{ Offers []shop.Offer }](expired).Offers; len(o) != 2 || o[0].Price != 20000 || o[1].Price != 99900 {
		t.Errorf("offers: %+v", o)
	}
	w.do("GET", preview, token, nil).is(200)
	w.do("GET", "/api/courses/go1/lessons/l9", token, nil).is(404, "LESSON_NOT_FOUND")
	w.do("GET", "/api/courses/go9/lessons/l1", token, nil).is(404, "COURSE_NOT_FOUND")
}

func TestProgressIsKeptForEnrolledLearners(t *testing.T) {
	w := newWorld(t)
	c := ladderCourse("go1")
	w.sells(c)
	token, id := w.learner("linwei")
	path := "/api/enrolments/go1/progress"
	w.do("PUT", path, token, `{"lesson_id":"l2","position_s":5}`).is(403, "ENROLMENT_REQUIRED")
	w.grants(id, c, "go1full", time.Now())
	w.do("PUT", path, token, `{"lesson_id":"l2","position_s":-1}`).is(400, "INVALID_FIELD")
	w.do("PUT", path, token, `{"lesson_id":"$where","position_s":1}`).is(400, "INVALID_FIELD")
	w.do("PUT", path, token, `{"lesson_id":"l2","position_s":1.5}`).is(400, "INVALID_FIELD")
	w.do("PUT", path, token, `{"lesson_id":"l2","position_s":42,"done":true}`).is(200)
	got := as[struct {
		CourseID string `json:"course_id"`
		Lessons  map[string]struct {
			Position int  `json:"position_s"`
			Done     bool `json:"done"`
		}
	}](w.do("PUT", path, token, `{"lesson_id":"l2","position_s":50}`).is(200))
	if got.CourseID != "go1" || got.Lessons["l2"].Position != 50 || !got.Lessons["l2"].Done {
		t.Errorf("progress: %+v", got)
	}
	list := as[rest.Page[learning.Enrolled]](w.do("GET", "/api/enrolments", token, nil).is(200)).Items
	if len(list) != 1 || list[0].Title != c.Title || list[0].State != shop.GrantActive || list[0].Until != nil || list[0].Cover == "" {
		t.Errorf("enrolments: %+v", list)
	}
	stranger, _ := w.learner("stranger")
	if got := w.do("GET", "/api/enrolments", stranger, nil).is(200); string(got.Body) != `{"items":[]}` {
		t.Errorf("a stranger sees %s", got.Body)
	}
}

func TestACoverIsDrawnForEveryCourse(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	got := w.do("GET", "/covers/go1.svg", "", nil).is(200)
	if got.Header.Get("Content-Type") != "image/svg+xml" || !strings.Contains(string(got.Body), "<svg") {
		t.Errorf("%v %.80s", got.Header, got.Body)
	}
	w.do("GET", "/covers/go2.svg", "", nil).is(404)
	w.do("GET", "/covers/go1.png", "", nil).is(404)
}

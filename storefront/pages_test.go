package storefront

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"golang.org/x/net/html"

	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
	"mstm/web"
)

const attack = `Go</script><script>alert(1)</script> "实战" <b>&`

// world is a storefront on a real store, over a small build.
type world struct {
	t     *testing.T
	db    *store.DB
	pages *Pages
	h     http.Handler
}

func newWorld(t *testing.T) *world {
	t.Helper()
	db := storetest.Open(t)
	pages := &Pages{PublicURL: "https://shop.example", Catalogue: db.Catalogue, Papers: NewPapers(db.Papers, time.Now), Front: NewFront(FrontConfig{Rows: db.Front, Catalogue: db.Catalogue, Media: db.Media, Now: time.Now}), FrontView: func(s *ShownFront) any { return s }, Log: slog.New(slog.DiscardHandler)}
	build := fstest.MapFS{
		"index.html": {Data: []byte(`<!doctype html><html><head><meta name="description" content="built"><title>built</title></head><body><div id="app"></div></body></html>`)},
		"routes.json": {Data: []byte(`[{"path":"/"},{"path":"/courses/:course","files":["assets/Course-1.js","assets/Course-1.css"]},
			{"path":"/courses/:course/lessons/:lesson"},{"path":"/cart"},{"path":"/orders/:order"}]`)},
	}
	w := &world{t: t, db: db, pages: pages, h: web.HandlerOf(build, web.Options{Pages: pages})}
	if _, err := db.Categories.Insert(t.Context(), shop.Category{ID: "code", Name: "编程"}); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) add(id, title string, state shop.CourseState) {
	w.t.Helper()
	c := shop.Course{
		ID: id, State: state, Title: title, Subtitle: "从零到一", CategoryID: "code", Teacher: shop.Teacher{Name: "陆知行"}, Description: "介绍",
		Cover:    "/covers/" + id + ".svg",
		Chapters: []shop.Chapter{{Title: "第一章", Lessons: []shop.Lesson{{ID: "l1", Title: "试看的一节", Preview: true, Duration: 600}, {ID: "l2", Title: "锁着的一节", Duration: 4000}}}},
		Versions: []shop.PolicyVersion{{Version: 1, Policies: []shop.PricePolicy{
			{ID: "m1", Kind: shop.KindStage, Stage: 1, Name: "首月", Period: &shop.Period{Unit: shop.Month, Count: 1}},
			{ID: "all", Kind: shop.KindLifetime, Name: "全款", Price: 99950, Default: true},
		}}},
		CreatedAt: time.Now(), UpdatedAt: time.Date(2026, 11, 1, 8, 0, 0, 0, time.UTC),
	}
	if _, err := w.db.Courses.Insert(w.t.Context(), &c); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) get(path string, headers ...string) (int, http.Header, string) {
	w.t.Helper()
	r := httptest.NewRequest("GET", path, nil)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	rec := httptest.NewRecorder()
	w.h.ServeHTTP(rec, r)
	body, err := io.ReadAll(rec.Result().Body)
	if err != nil {
		w.t.Fatal(err)
	}
	return rec.Code, rec.Header(), string(body)
}

// parsed is a page as a crawler reads it: text by element or property, and its scripts.
type parsed struct {
	meta    map[string]string
	text    string
	title   string
	scripts []string // those that a browser would run
	data    map[string]string
}

func parse(t *testing.T, page string) parsed {
	t.Helper()
	doc, err := html.Parse(strings.NewReader(page))
	if err != nil {
		t.Fatal(err)
	}
	p := parsed{meta: map[string]string{}, data: map[string]string{}}
	for n := range doc.Descendants() {
		attrs := map[string]string{}
		for _, a := range n.Attr {
			attrs[a.Key] = a.Val
		}
		switch {
		case n.Type == html.TextNode && n.Parent.Data != "script":
			p.text += n.Data + "\n"
		case n.Data == "title":
			p.title = n.FirstChild.Data
		case n.Data == "meta":
			p.meta[attrs["name"]+attrs["property"]] = attrs["content"]
		case n.Data == "link":
			p.meta[attrs["rel"]] = attrs["href"]
		case n.Data == "script" && n.FirstChild != nil && attrs["type"] != "":
			p.data[attrs["type"]] = n.FirstChild.Data
		case n.Data == "script" && n.FirstChild != nil:
			p.scripts = append(p.scripts, n.FirstChild.Data)
		}
	}
	return p
}

func TestPage_CourseWithAnAttackInItsTitle_IsSaidToCrawlersAndRunsNothing(t *testing.T) {
	w := newWorld(t)
	w.add("go1", attack, shop.CourseOnSale)
	code, header, page := w.get("/courses/go1")
	p := parse(t, page)
	if code != 200 || header.Get("Cache-Control") != "no-cache" || header.Get("ETag") == "" {
		t.Errorf("%d %v", code, header)
	}
	if p.title != attack+" · 拾课" || p.meta["og:title"] != attack || p.meta["canonical"] != "https://shop.example/courses/go1" ||
		p.meta["description"] != "从零到一。介绍" || p.meta["og:image"] != "https://shop.example/icon-512.png" || strings.Contains(page, "built") {
		t.Errorf("title %q, %v", p.title, p.meta)
	}
	if len(p.scripts) > 0 || strings.Count(page, "<script") != 2 {
		t.Errorf("scripts %q in %s", p.scripts, page)
	}
	for _, link := range []string{`<link rel="modulepreload" crossorigin href="/assets/Course-1.js">`, `<link rel="stylesheet" crossorigin href="/assets/Course-1.css">`} {
		if !strings.Contains(page, link) {
			t.Errorf("no %s", link)
		}
	}
	for _, word := range []string{attack, "¥999.50", "免费", "第一章", "试看的一节", "锁着的一节", "陆知行"} {
		if !strings.Contains(p.text, word) {
			t.Errorf("a reader without scripts does not see %q", word)
		}
	}
	var ld struct {
		Type   string `json:"@type"`
		Name   string `json:"name"`
		Offers []struct{ Price, PriceCurrency, Category string }
	}
	if err := json.Unmarshal([]byte(p.data["application/ld+json"]), &ld); err != nil {
		t.Fatal(err)
	}
	if ld.Type != "Course" || ld.Name != attack || len(ld.Offers) != 2 || ld.Offers[1].Price != "999.50" || ld.Offers[0].Category != "Free" || ld.Offers[1].PriceCurrency != "CNY" {
		t.Errorf("JSON-LD %+v", ld)
	}
}

func TestPage_Address_HasItsOwnStatus(t *testing.T) {
	w := newWorld(t)
	w.add("go1", "Go 实战", shop.CourseOnSale)
	w.add("draft1", "草稿", shop.CourseDraft)
	w.add("off1", "下架", shop.CourseOffSale)
	for path, want := range map[string]struct {
		status   int
		isHidden bool // from search engines
	}{
		"/": {200, false}, "/?category=code": {200, false}, "/?q=go": {200, true}, "/?category=none": {404, true},
		"/courses/go1": {200, false}, "/courses/go1/": {200, false}, "/courses/none1": {404, true}, "/courses/draft1": {404, true}, "/courses/off1": {410, true},
		"/courses/go1/lessons/l1": {200, false}, "/courses/go1/lessons/l2": {200, true}, "/courses/go1/lessons/l9": {404, true}, "/courses/off1/lessons/l1": {410, true},
		"/cart": {200, true}, "/orders/abc": {200, true}, "/terms": {200, false}, "/privacy": {200, false}, "/refunds": {200, false},
		"/nothing": {404, true}, "/courses": {404, true}, "/orders/abc/more": {404, true}, "/index.html": {404, true},
	} {
		code, header, page := w.get(path)
		p := parse(t, page)
		if code != want.status || (p.meta["robots"] == "noindex") != want.isHidden || (p.meta["canonical"] == "") != want.isHidden {
			t.Errorf("%s: %d, robots %q, canonical %q", path, code, p.meta["robots"], p.meta["canonical"])
		}
		if again, _, _ := w.get(path, "If-None-Match", header.Get("ETag")); code == 200 && again != 304 || code != 200 && again != code {
			t.Errorf("%s again: %d", path, again)
		}
	}
}

func TestPage_CourseChanged_IsShownAtOnce(t *testing.T) {
	w := newWorld(t)
	w.add("go1", "旧名", shop.CourseOnSale)
	_, before, _ := w.get("/courses/go1")
	if _, err := w.db.Courses.Change(t.Context(), "go1", func(c *shop.Course) error { c.Title = "新名"; return nil }); err != nil {
		t.Fatal(err)
	}
	code, _, page := w.get("/courses/go1", "If-None-Match", before.Get("ETag"))
	if code != 200 || parse(t, page).title != "新名 · 拾课" {
		t.Errorf("%d %q", code, parse(t, page).title)
	}
	last, err := w.pages.Papers.Read(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	e := last.Edit()
	e.Name = "围棋学堂"
	next, err := last.Next(e, "anna", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := w.db.Papers.Put(t.Context(), last, next); err != nil {
		t.Fatal(err)
	}
	if _, _, page := w.get("/courses/go1"); parse(t, page).title != "新名 · 围棋学堂" {
		t.Errorf("after the shop's name changed: %q", parse(t, page).title)
	}
}

func TestPage_ListedCourseWithAFreeStage_SaysWhatComesAfter(t *testing.T) {
	w := newWorld(t)
	w.add("go1", "Go 实战", shop.CourseOnSale)
	if _, err := w.db.Courses.Change(t.Context(), "go1", func(c *shop.Course) error {
		c.Versions[0].Policies[0].Default, c.Versions[0].Policies[1].Default = true, false
		return nil
	}); err != nil {
		t.Fatal(err)
	}
	if _, _, page := w.get("/"); !strings.Contains(parse(t, page).text, "首月免费，全款 ¥999.50") {
		t.Errorf("the list says %q", parse(t, page).text)
	}
}

func TestFile_RobotsAndMap_NameWhatIsOnSale(t *testing.T) {
	w := newWorld(t)
	w.add("go1", "Go 实战", shop.CourseOnSale)
	w.add("draft1", "草稿", shop.CourseDraft)
	w.add("off1", "下架", shop.CourseOffSale)
	code, header, robots := w.get("/robots.txt")
	if code != 200 || !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || !strings.Contains(robots, "Sitemap: https://shop.example/sitemap.xml") || !strings.Contains(robots, "Disallow: /api/") {
		t.Errorf("%d %s", code, robots)
	}
	code, _, body := w.get("/sitemap.xml")
	var set placeSet
	if err := xml.Unmarshal([]byte(body), &set); err != nil || code != 200 {
		t.Fatalf("%d, %v: %s", code, err, body)
	}
	courses := map[string]string{}
	for _, p := range set.Places {
		if _, id, ok := strings.Cut(p.Loc, "https://shop.example/courses/"); ok {
			courses[id] = p.LastMod
		}
	}
	if len(courses) != 1 || courses["go1"] != "2026-11-01T08:00:00Z" {
		t.Errorf("courses %v", courses)
	}
	if code, _, _ := w.get("/sitemap-1.xml"); code != 404 {
		t.Errorf("a part of a map that is whole: %d", code)
	}
	code, header, body = w.get("/manifest.webmanifest")
	if code != 200 || header.Get("Content-Type") != "application/manifest+json" || !strings.Contains(body, `"name":"拾课"`) {
		t.Errorf("%d %s", code, body)
	}
}

func TestFile_MapOfManyAddresses_HasParts(t *testing.T) {
	w := newWorld(t)
	for i := range 7 {
		w.add(fmt.Sprintf("c%d", i), "课", shop.CourseOnSale)
	}
	all, err := w.db.Catalogue.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	index, err := w.pages.siteMap(all, "/sitemap.xml", 5)
	if err != nil || strings.Count(string(index.Body), "<sitemap>") != 3 {
		t.Fatalf("%v %s", err, index.Body)
	}
	total := 0
	for n := 1; n <= 3; n++ {
		part, err := w.pages.siteMap(all, fmt.Sprintf("/sitemap-%d.xml", n), 5)
		if err != nil {
			t.Fatal(err)
		}
		total += strings.Count(string(part.Body), "<url>")
	}
	if total != 1+1+3+7 {
		t.Errorf("%d addresses", total)
	}
	if part, err := w.pages.siteMap(all, "/sitemap-4.xml", 5); part != nil || err != nil {
		t.Errorf("a part too many: %v, %v", part, err)
	}
}

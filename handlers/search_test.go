package handlers

import (
	"net/url"
	"strings"
	"testing"

	"mstm/handlers/rest"
	"mstm/shop"
)

func foundIDs(res searchResult) string {
	var all []string
	for _, c := range res.Items {
		all = append(all, c.ID)
	}
	return strings.Join(all, " ")
}

// TestSearch_WordsAndFacets_FindMarkAndCount asks over HTTP as the storefront does, before and after a course is changed.
func TestSearch_WordsAndFacets_FindMarkAndCount(t *testing.T) {
	w := newWorld(t)
	ladder, free := ladderCourse("go1"), ladderCourse("free1")
	ladder.Title, ladder.Level = "机器学习入门", shop.LevelBeginner
	free.Title, free.CategoryID = "Python 数据分析", "music"
	free.Versions[0].Policies = []shop.PricePolicy{{ID: "p", Kind: shop.KindLifetime, Name: "全款", Default: true}}
	w.sells(ladder, free)
	find := func(query string) searchResult {
		t.Helper()
		return as[searchResult](w.do("GET", "/api/search?"+query, "", nil).is(200))
	}
	for query, want := range map[string]string{
		"": "free1 go1", "q=jqxx": "go1", "q=" + url.QueryEscape("入门 机器"): "go1", "q=pyhton": "free1", "category=music": "free1",
		"price=free": "free1", "free_month=1": "go1", "level=beginner": "go1", "sort=price&dir=desc": "go1 free1", "sort=price": "free1 go1", "length=long": "",
	} {
		if got := foundIDs(find(query)); got != want {
			t.Errorf("%s: %s, want %s", query, got, want)
		}
	}
	hit := find("q=jqxx")
	if m := hit.Items[0].Marks; m == nil || len(m.Title) != 1 || m.Title[0] != [2]int{0, 4} || hit.Total != 1 {
		t.Errorf("jqxx: %+v", hit)
	}
	if c := hit.Items[0]; c.Whole == 0 || c.After == nil || *c.After == 0 || c.Level != shop.LevelBeginner {
		t.Errorf("a ladder's card: %+v", c)
	}
	if typo := find("q=pyhton"); typo.Corrected != "python" {
		t.Errorf("understood as %q", typo.Corrected)
	}
	if f := find("category=music").Facets; f.Category["music"] != 1 || f.Category["code"] != 1 || f.Price["free"] != 1 || f.FreeMonth != 0 {
		t.Errorf("facets: %+v", f)
	}
	if list := as[rest.Page[suggestionView]](w.do("GET", "/api/search/suggest?q=jiq", "", nil).is(200)); len(list.Items) != 1 || list.Items[0].ID != "go1" {
		t.Errorf("suggestions: %+v", list)
	}
	for query, code := range map[string]string{
		"sort=best": "INVALID_QUERY", "price=1": "INVALID_QUERY", "free_month=maybe": "INVALID_QUERY", "cursor=x": "INVALID_CURSOR", "q=%ff": "INVALID_QUERY", "limit=101": "INVALID_QUERY",
	} {
		w.do("GET", "/api/search?"+query, "", nil).is(400, code)
	}
	w.do("GET", "/api/search?category=nothing", "", nil).is(404, "CATEGORY_NOT_FOUND")
	w.do("GET", "/api/search/suggest?q="+strings.Repeat("a", 65), "", nil).is(400, "INVALID_QUERY")

	if _, err := w.store.Courses.Change(t.Context(), "go1", func(c *shop.Course) error { c.Title = "量子力学"; return nil }); err != nil {
		t.Fatal(err)
	}
	if got := foundIDs(find("q=liangzi")); got != "go1" || foundIDs(find("q=jqxx")) != "" {
		t.Errorf("after the change: %q", got)
	}
}

package search

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store/sample"
)

func pointers(courses []shop.Course) (all []*shop.Course) {
	for i := range courses {
		all = append(all, &courses[i])
	}
	return all
}

// sampleIndex is an index of the sample catalogue.
func sampleIndex(t testing.TB) *Index {
	t.Helper()
	x := &Index{}
	x.Sync(1, pointers(sample.Courses(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))), sample.Categories())
	return x
}

// search is a search that must succeed.
func (x *Index) search(t testing.TB, q Query) *Result {
	t.Helper()
	r, err := x.Search(q)
	if err != nil {
		t.Fatalf("%+v: %v", q, err)
	}
	return r
}

func (r *Result) ids() (all []string) {
	for _, h := range r.Hits {
		all = append(all, h.Course.ID)
	}
	return all
}

func TestSearch_Queries_HaveTheExpectedFirstHit(t *testing.T) {
	x := sampleIndex(t)
	for _, q := range []struct{ text, first string }{
		// Chinese: titles, subtitles, teachers, categories, lessons
		{"机器学习", "ml1"}, {"数据分析", "py1"}, {"数据库", "db1"}, {"瑜伽", "yoga1"}, {"睡眠", "sleep1"}, {"购物车", "go1"},
		{"陆知行", "algo1"}, {"苏晚晴", "ui1"}, {"摄影", "photo1"}, {"乐观锁", "go1"}, {"间隙锁与死锁", "db1"}, {"商务英语", "en1"},
		{"编程", "free1"}, {"体检报告", "check1"}, {"锁", "db1"},
		// pinyin and initials
		{"jiqixuexi", "ml1"}, {"ji qi xue xi", "ml1"}, {"shujuku", "db1"}, {"luzhixing", "algo1"}, {"jita", "guitar1"}, {"shuimian", "sleep1"},
		{"jqxx", "ml1"}, {"sjk", "db1"}, {"lzx", "algo1"}, {"sjfx", "py1"}, {"jiqixx", "ml1"}, {"shujuk", "db1"},
		// mixed widths, cases, and traditional characters
		{"Ｐｙｔｈｏｎ", "py1"}, {"ＳＱＬ　取数", "sql1"}, {"LINUX", "linux1"}, {"機器學習", "ml1"}, {"數據庫", "db1"},
		// words in any order, with and without blanks
		{"python 入门", "py1"}, {"入门 python", "py1"}, {"Python入门", "py1"}, {"Go语言", "go1"}, {"手机 夜景 摄影", "photo1"}, {"摄影 手机", "photo1"},
		{"入门水彩", "wc1"}, {"python 课程", "py1"}, {"typescript进阶课", "ts1"}, {"爵士 rumen", "jazz1"}, {"yingyu 发音", "pron1"},
		// a typo
		{"pyhton", "py1"}, {"pythn 入门", "py1"}, {"typescrpt", "ts1"}, {"linuxx", "linux1"}, {"goroutien", "go1"}, {"tpyescript", "ts1"},
		// nothing
		{"量子力学", ""}, {"！？", ""}, {"qqvv", ""},
	} {
		r := x.search(t, Query{Text: q.text, Limit: 1})
		first := ""
		if len(r.Hits) > 0 {
			first = r.Hits[0].Course.ID
		}
		if first != q.first {
			t.Errorf("%s: %q first of %d, want %q", q.text, first, r.Total, q.first)
		}
	}
}

// TestSearch_Marks_NameCharactersOfTheOriginal marks also where the form of a text has another length than the text.
func TestSearch_Marks_NameCharactersOfTheOriginal(t *testing.T) {
	for _, c := range []struct {
		text, query string
		want        []string
	}{
		{"Python 数据分析入门", "入门 python", []string{"Python", "入门"}},
		{"㍿的机器學習课", "机器学习", []string{"机器學習"}},
		{"ＧＯ 语言", "go yuyan", []string{"ＧＯ", "语言"}},
		{"数据库原理", "sjk", []string{"数据库"}},
		{"Café 一日", "cafe", []string{"Café"}},
		{"TypeScript 进阶", "typ", []string{"Typ"}},
	} {
		x := &Index{}
		x.Sync(1, []*shop.Course{{ID: "a", State: shop.CourseOnSale, Title: c.text}}, nil)
		r := x.search(t, Query{Text: c.query})
		if len(r.Hits) != 1 {
			t.Errorf("%s in %s: %d hits", c.query, c.text, len(r.Hits))
			continue
		}
		var got []string
		for _, m := range r.Hits[0].Marks.Title {
			got = append(got, string([]rune(c.text)[m[0]:m[1]]))
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s in %s: marks %q, want %q", c.query, c.text, got, c.want)
		}
	}
}

func TestSync_ChangedCourse_IsFoundByItsNewWordsOnly(t *testing.T) {
	courses := sample.Courses(time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC))
	x := &Index{}
	x.Sync(1, pointers(courses), sample.Categories())
	kept := x.docs[x.byID["py1"]]

	later := slices.Clone(courses)
	for i := range later {
		switch later[i].ID {
		case "go1":
			later[i].V++
			later[i].Title = "Rust 语言实战"
		case "ml1":
			later[i].V++
			later[i].State = shop.CourseOffSale
		}
	}
	later = append(later, shop.Course{ID: "new1", State: shop.CourseOnSale, Title: "量子力学", CategoryID: "data"})
	x.Sync(2, pointers(later), sample.Categories())
	for text, want := range map[string][]string{"rust": {"go1"}, "网店后端": nil, "机器学习": nil, "量子": {"new1"}, "gost": {"go1"}} {
		if text == "gost" { // a typo of nothing that is left
			want = nil
		}
		if got := x.search(t, Query{Text: text}).ids(); !slices.Equal(got, want) {
			t.Errorf("%s: %v, want %v", text, got, want)
		}
	}
	if x.docs[x.byID["py1"]] != kept {
		t.Error("a course that is as it was has been indexed again")
	}
	names := sample.Categories()
	for i := range names {
		if names[i].ID == "code" {
			names[i].Name = "程序设计"
		}
	}
	x.Sync(3, pointers(later), names)
	if got := x.search(t, Query{Text: "编程开发"}).Total; got != 0 {
		t.Errorf("the old name of a category finds %d", got)
	}
	if got := x.search(t, Query{Text: "chengxusheji"}).Total; got < 6 {
		t.Errorf("the new name of a category finds %d", got)
	}
}

func TestSearch_Pages_HaveEachCourseOnce(t *testing.T) {
	x := sampleIndex(t)
	for _, q := range []Query{
		{}, {Text: "一"}, {Sort: SortPrice}, {Sort: SortPrice, Direction: Descending}, {Sort: SortNew}, {Sort: SortNew, Direction: Ascending},
	} {
		want := x.search(t, Query{Text: q.Text, Sort: q.Sort, Direction: q.Direction, Limit: 100})
		var got []string
		for q.Limit = 7; ; {
			r := x.search(t, q)
			got = append(got, r.ids()...)
			if q.Cursor = r.Next; r.Next == "" {
				break
			}
		}
		if !slices.Equal(got, want.ids()) || len(got) != want.Total {
			t.Errorf("%+v: %d courses on pages, %d at once, total %d", q, len(got), len(want.Hits), want.Total)
		}
	}
	if _, err := x.Search(Query{Sort: SortNew, Cursor: x.search(t, Query{Limit: 1}).Next}); err == nil {
		t.Error("a cursor of another order is taken")
	}
}

func TestSearch_Facets_CountWhatChoosingThemFinds(t *testing.T) {
	x := sampleIndex(t)
	for _, base := range []Query{{}, {Text: "一"}, {Filter: Filter{Category: "code"}}, {Filter: Filter{Price: PriceOver500, Length: LengthMedium}}} {
		counts := x.search(t, base).Counts
		check := func(what string, n int, choose func(*Query)) {
			q := base
			choose(&q)
			if got := x.search(t, q).Total; got != n {
				t.Errorf("%+v: %s says %d, choosing it finds %d", base, what, n, got)
			}
		}
		for _, c := range sample.Categories() {
			check(c.ID, counts.Category[c.ID], func(q *Query) { q.Category = c.ID })
		}
		for _, v := range Prices {
			check(v, counts.Price[v], func(q *Query) { q.Price = v })
		}
		for _, v := range Lengths {
			check(v, counts.Length[v], func(q *Query) { q.Length = v })
		}
		for _, v := range Levels {
			check(string(v), counts.Level[string(v)], func(q *Query) { q.Level = string(v) })
		}
		check("free month", counts.FreeMonth, func(q *Query) { q.FreeMonth = true })
	}
}

// TestSearch_FreeMonth_IsNotFree: a ladder begins with a free month and costs ¥999.
func TestSearch_FreeMonth_IsNotFree(t *testing.T) {
	x := sampleIndex(t)
	free := x.search(t, Query{Filter: Filter{Price: PriceFree}, Limit: 100}).ids()
	if slices.Contains(free, "go1") || !slices.Contains(free, "free1") {
		t.Errorf("free courses: %v", free)
	}
	if ladders := x.search(t, Query{Filter: Filter{FreeMonth: true}, Limit: 100}).ids(); !slices.Contains(ladders, "go1") || slices.Contains(ladders, "free1") {
		t.Errorf("courses with a free month: %v", ladders)
	}
	cheapest := x.search(t, Query{Sort: SortPrice, Limit: 100}).ids()
	if slices.Index(cheapest, "go1") < slices.Index(cheapest, "ts1") {
		t.Error("a course of ¥999 comes before one of ¥599")
	}
}

func TestSuggest_WhileTyping_NamesCoursesTeachersAndCategories(t *testing.T) {
	x := sampleIndex(t)
	for text, want := range map[string]string{
		"p": "course py1", "jiq": "course ml1", "机": "course ml1", "陆": "teacher ", "bianc": "category code", "编程": "category code", "luzhi": "teacher ",
	} {
		all, err := x.Suggest(text)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(all, func(s Suggestion) bool { return s.Kind+" "+s.ID == want && len(s.Ranges) > 0 }) {
			t.Errorf("%s: %+v, want %q", text, all, want)
		}
	}
	if all, err := x.Suggest(""); err != nil || len(all) != mostCourses {
		t.Errorf("nothing typed: %+v, %v", all, err)
	}
}

func TestSearch_WhatCannotBe_IsRefusedAtItsParameter(t *testing.T) {
	x := sampleIndex(t)
	for _, q := range []Query{
		{Text: string([]byte{0xff})}, {Text: fmt.Sprintf("%065d", 1)}, {Sort: "best"}, {Direction: "up"},
		{Filter: Filter{Price: "cheap"}}, {Filter: Filter{Length: "9"}}, {Filter: Filter{Level: "x"}}, {Cursor: "!"},
	} {
		if r, err := x.Search(q); err == nil {
			t.Errorf("%+v finds %d", q, r.Total)
		}
	}
}

package front

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// selling is a catalogue with some courses and categories.
type selling map[string]bool

func (s selling) OnSaleNow(id string) bool     { return s[id] }
func (s selling) CategoryShown(id string) bool { return s[id] }

func banner(title string, link Link) Banner { return Banner{Picture: "p1", Title: title, Link: link} }

func TestShownAt_WhatIsGoneOrOutOfItsTimes_IsLeftOut(t *testing.T) {
	at := func(h int) *time.Time { return new(noon.Add(time.Duration(h) * time.Hour)) }
	f := &Front{Banners: []Banner{
		banner("course", Link{ToCourse, "go1"}), banner("course gone", Link{ToCourse, "old"}),
		banner("shelf", Link{ToCategory, "code"}), banner("shelf gone", Link{ToCategory, "hidden"}),
		banner("search", Link{ToSearch, "go"}), banner("nowhere", Link{Kind: ToNothing}),
		{Picture: "p1", Title: "later", From: at(1)}, {Picture: "p1", Title: "over", Until: at(0)}, {Picture: "p1", Title: "now", From: at(0), Until: at(2)},
	}, Rows: []Row{{"mixed", []string{"old", "go1", "ts1"}}, {"empty", []string{"old"}}}}
	shown := func(now time.Time) string {
		banners, rows := f.ShownAt(now, selling{"go1": true, "ts1": true, "code": true})
		var all []string
		for _, b := range banners {
			all = append(all, b.Title)
		}
		for _, r := range rows {
			all = append(all, r.Title+" "+strings.Join(r.Courses, " "))
		}
		return strings.Join(all, ", ")
	}
	if got := shown(noon); got != "course, shelf, search, nowhere, now, mixed go1 ts1" {
		t.Error(got)
	}
	if got := shown(noon.Add(90 * time.Minute)); got != "course, shelf, search, nowhere, later, now, mixed go1 ts1" {
		t.Error(got)
	}
	last, next := f.Turns(noon.Add(time.Minute))
	if !last.Equal(noon) || !next.Equal(noon.Add(time.Hour)) {
		t.Errorf("turns %v, %v", last, next)
	}
	if last, next := f.Turns(noon.Add(3 * time.Hour)); !last.Equal(noon.Add(2*time.Hour)) || !next.IsZero() {
		t.Errorf("turns after all %v, %v", last, next)
	}
}

func TestNext_FieldThatCannotBe_IsRefusedAtItsPlace(t *testing.T) {
	good := func() Edit {
		return Edit{Banners: []Banner{banner("a", Link{}), banner("b", Link{ToAddress, "https://example.com/x?y=1"})}, Rows: []Row{{"r", []string{"go1"}}}}
	}
	if f, err := (&Front{V: 4}).Next(good(), "edith", noon); err != nil || f.V != 5 || f.Banners[0].Link.Kind != ToNothing || f.By != "edith" {
		t.Fatalf("%+v, %v", f, err)
	}
	for _, tt := range []struct {
		param string
		set   func(*Edit)
	}{
		{"banners[1].title", func(e *Edit) { e.Banners[1].Title = " " }},
		{"banners[0].title", func(e *Edit) { e.Banners[0].Title = strings.Repeat("长", MaxTitle+1) }},
		{"banners[0].alt", func(e *Edit) { e.Banners[0].Alt = "a\u202eb" }},
		{"banners[0].picture", func(e *Edit) { e.Banners[0].Picture = "../x" }},
		{"banners[0].link.kind", func(e *Edit) { e.Banners[0].Link = Link{"page", "x"} }},
		{"banners[0].link.to", func(e *Edit) { e.Banners[0].Link = Link{ToCourse, "no/id"} }},
		{"banners[0].link.to", func(e *Edit) { e.Banners[0].Link = Link{ToSearch, ""} }},
		{"banners[1].link.to", func(e *Edit) { e.Banners[1].Link.To = "http://example.com" }},
		{"banners[1].link.to", func(e *Edit) { e.Banners[1].Link.To = "javascript:alert(1)" }},
		{"banners[1].link.to", func(e *Edit) { e.Banners[1].Link.To = "https://user@example.com" }},
		{"banners[1].link.to", func(e *Edit) { e.Banners[1].Link.To = "https:///x" }},
		{"banners[0].until", func(e *Edit) { e.Banners[0].From, e.Banners[0].Until = &noon, &noon }},
		{"banners", func(e *Edit) { e.Banners = make([]Banner, MaxBanners+1) }},
		{"rows", func(e *Edit) { e.Rows = make([]Row, MaxRows+1) }},
		{"rows[0].title", func(e *Edit) { e.Rows[0].Title = "" }},
		{"rows[0].courses", func(e *Edit) { e.Rows[0].Courses = nil }},
		{"rows[0].courses", func(e *Edit) { e.Rows[0].Courses = []string{"go1", "go1"} }},
		{"rows[0].courses", func(e *Edit) { e.Rows[0].Courses = make([]string, MaxCourses+1) }},
	} {
		e := good()
		tt.set(&e)
		_, err := new(Front).Next(e, "edith", noon)
		var refused *shop.Error
		if !errors.As(err, &refused) || refused.Code != shop.ErrInvalidField.Code || refused.Param != tt.param {
			t.Errorf("%s: %v", tt.param, err)
		}
	}
}

func TestChanges_OneListChanged_OnlyThatIsInTheAudit(t *testing.T) {
	before := &Front{Rows: []Row{{"r", []string{"go1"}}}}
	after, err := before.Next(Edit{Banners: []Banner{banner("a", Link{})}, Rows: before.Rows}, "edith", noon)
	if err != nil {
		t.Fatal(err)
	}
	changes := after.Changes(before)
	if len(changes) != 2 || changes["before_banners"] != "[]" || !strings.Contains(changes["after_banners"], `"title":"a"`) {
		t.Errorf("%v", changes)
	}
}

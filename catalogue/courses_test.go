package catalogue

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// takenDown notes the courses whose orders were ended, and fails as often as fails says.
type takenDown struct {
	calls []string
	fails int
}

func (o *takenDown) TakeDown(_ context.Context, courseID, by string) error {
	if o.fails > 0 {
		o.fails--
		return shop.ErrUnavailable
	}
	o.calls = append(o.calls, courseID+" by "+by)
	return nil
}

// newCourses is a catalogue without files, on real stores, with one category.
func newCourses(t *testing.T) (*Courses, *takenDown) {
	t.Helper()
	db, orders, log := storetest.Open(t), &takenDown{}, slog.New(slog.DiscardHandler)
	if _, err := db.Categories.Insert(t.Context(), shop.Category{ID: "code", Name: "编程"}); err != nil {
		t.Fatal(err)
	}
	return New(Config{
		Store: CollectionsOf(db), Hub: hub.New(hub.Config{Redis: db.Redis(), Log: log}), Orders: orders,
		Cover: func(id string) string { return "/covers/" + id + ".svg" }, Now: time.Now, Log: log,
	}).Courses, orders
}

// draft makes a course of two lessons with one price.
func (s *Courses) draft(t *testing.T) *shop.Course {
	t.Helper()
	price := shop.Fen(9900)
	c, err := s.Create(t.Context(), Outline{
		Title: "Go 语言", CategoryID: "code", Teacher: shop.Teacher{Name: "林老师"},
		Chapters: []shop.Chapter{{Title: "第一章", Lessons: []shop.Lesson{{Title: "开始", Kind: shop.LessonText, Duration: 1}, {Title: "变量", Kind: shop.LessonText, Duration: 1}}}},
	}, Pricing{Policies: []Policy{{Kind: shop.KindLifetime, Name: "全款", Price: &price}}})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEdit_EditMadeInBetween_IsNotOverwritten(t *testing.T) {
	s, _ := newCourses(t)
	c := s.draft(t)
	retitle := func(title string, seen *int64) (*shop.Course, error) {
		return s.Edit(t.Context(), c.ID, func(o *Outline) (*int64, error) { o.Title = title; return seen, nil })
	}
	first, err := retitle("Go 进阶", &c.V)
	if err != nil || first.Title != "Go 进阶" || !slices.Equal(first.LessonIDs(), c.LessonIDs()) {
		t.Fatalf("%+v, %v", first, err)
	}
	if _, err := retitle("Go 入门", &c.V); !errors.Is(err, shop.ErrEditConflict) {
		t.Errorf("the second edit of version %d: %v", c.V, err)
	}
	price := shop.Fen(1)
	if _, err := s.SetPrices(t.Context(), c.ID, Pricing{Policies: []Policy{{Kind: shop.KindLifetime, Name: "全款", Price: &price}}}, &c.V); !errors.Is(err, shop.ErrEditConflict) {
		t.Errorf("prices for version %d: %v", c.V, err)
	}
	if last, err := retitle("Go 高级", nil); err != nil || last.Title != "Go 高级" || last.Current().Version != 1 {
		t.Errorf("%+v, %v", last, err)
	}
}

func TestEdit_LessonsWithoutIDs_KeepThoseOfTheirTitles(t *testing.T) {
	s, _ := newCourses(t)
	c := s.draft(t)
	before := c.LessonIDs()
	edited, err := s.Edit(t.Context(), c.ID, func(o *Outline) (*int64, error) {
		if o.Chapters != nil {
			t.Error("an edit gets the chapters that it may replace")
		}
		o.Chapters = []shop.Chapter{{Title: "新章", Lessons: []shop.Lesson{
			{Title: "变量", Kind: shop.LessonText, Duration: 1}, {Title: "新课", Kind: shop.LessonText, Duration: 1},
		}}}
		return nil, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if now := edited.LessonIDs(); now[0] != before[1] || now[1] == "" || slices.Contains(before, now[1]) {
		t.Errorf("lessons %v, before %v", now, before)
	}
}

func TestPutOnSale_WithoutAPrice_IsRefused(t *testing.T) {
	s, _ := newCourses(t)
	bare, err := s.Create(t.Context(), Outline{Title: "空", CategoryID: "code", Teacher: shop.Teacher{Name: "林"}}, Pricing{})
	if err != nil || bare.State != shop.CourseDraft || bare.Cover != "/covers/"+bare.ID+".svg" {
		t.Fatalf("%+v, %v", bare, err)
	}
	if _, err := s.PutOnSale(t.Context(), bare.ID); !errors.Is(err, shop.ErrNoPolicies) {
		t.Errorf("without a price: %v", err)
	}
	if c, err := s.TakeOffSale(t.Context(), bare.ID, "edith", false); err != nil || c.State != shop.CourseDraft {
		t.Errorf("a draft that is taken off sale: %+v, %v", c, err)
	}
}

// TestTakeOffSale_ByLaw_EndsOrdersAlsoWhenItIsRepeated fails once after the course is written, as a process would that
// dies there.
func TestTakeOffSale_ByLaw_EndsOrdersAlsoWhenItIsRepeated(t *testing.T) {
	s, orders := newCourses(t)
	c := s.draft(t)
	if _, err := s.PutOnSale(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	orders.fails = 1
	if _, err := s.TakeOffSale(t.Context(), c.ID, "edith", true); !errors.Is(err, shop.ErrUnavailable) {
		t.Fatalf("the orders stay: %v", err)
	}
	off, err := s.TakeOffSale(t.Context(), c.ID, "edith", true)
	if err != nil || off.State != shop.CourseOffSale || !off.TakenDown {
		t.Fatalf("%+v, %v", off, err)
	}
	if want := []string{c.ID + " by edith"}; !slices.Equal(orders.calls, want) {
		t.Errorf("orders ended: %v, want %v", orders.calls, want)
	}
	on, err := s.PutOnSale(t.Context(), c.ID)
	if err != nil || on.TakenDown {
		t.Errorf("back on sale: %+v, %v", on, err)
	}
	if _, err := s.TakeOffSale(t.Context(), c.ID, "edith", false); err != nil || len(orders.calls) != 1 {
		t.Errorf("off sale without the law: %v, orders ended %v", err, orders.calls)
	}
}

func TestList_StateAndText_FilterAndPages(t *testing.T) {
	s, _ := newCourses(t)
	var ids []string
	for range 3 {
		ids = append(ids, s.draft(t).ID)
	}
	if _, err := s.PutOnSale(t.Context(), ids[1]); err != nil {
		t.Fatal(err)
	}
	first, next, err := s.List(t.Context(), Listing{State: shop.CourseDraft, Text: "ＧＯ", Limit: 1})
	if err != nil || len(first) != 1 || next == "" {
		t.Fatalf("%v %q %v", first, next, err)
	}
	second, end, err := s.List(t.Context(), Listing{State: shop.CourseDraft, Text: "ＧＯ", Limit: 1, Cursor: next})
	if err != nil || len(second) != 1 || end != "" || second[0].ID == first[0].ID || second[0].ID == ids[1] || first[0].ID == ids[1] {
		t.Errorf("%v %q %v", second, end, err)
	}
	if _, _, err := s.List(t.Context(), Listing{Limit: 1, Cursor: store.NewID()}); !errors.Is(err, shop.ErrInvalidCursor) {
		t.Errorf("an unknown cursor: %v", err)
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store/redistest"
)

func course(id string, price shop.Fen) *shop.Course {
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	return &shop.Course{
		ID: id, State: shop.CourseOnSale, Title: "围棋 " + id, CategoryID: "games", Teacher: shop.Teacher{Name: "林老师"},
		Chapters: []shop.Chapter{{Title: "一", Lessons: []shop.Lesson{{ID: "l1", Title: "开局", Kind: "video", Duration: 600, Preview: true}}}},
		Versions: []shop.PolicyVersion{{Version: 1, PublishedAt: at, Policies: []shop.PricePolicy{
			{ID: "p", Kind: shop.KindPeriod, Name: "包月", Period: &shop.Period{Unit: shop.Month, Count: 1}, Price: price, Default: true},
		}, Ladder: shop.Ladder{CreditMode: shop.CreditNone}}},
		CreatedAt: at, UpdatedAt: at,
	}
}

func insertCourses(t testing.TB, s *DB, courses ...*shop.Course) {
	t.Helper()
	for _, c := range courses {
		if fresh, err := s.Courses.Insert(t.Context(), c); err != nil || !fresh {
			t.Fatalf("%s: %v, %v", c.ID, fresh, err)
		}
	}
}

func TestACourseComesBackAsItWasPut(t *testing.T) {
	s := open(t, t.TempDir())
	want := course("go1", 100)
	insertCourses(t, s, want)
	got, err := s.Courses.Get(t.Context(), "go1")
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
	if fresh, err := s.Courses.Insert(t.Context(), want); fresh || err != nil {
		t.Errorf("the same id again: %v, %v", fresh, err)
	}
	if _, err := s.Courses.Get(t.Context(), "none"); !errors.Is(err, shop.ErrCourseNotFound) {
		t.Errorf("a course that is not there: %v", err)
	}
}

func TestParallelEditsAllLand(t *testing.T) {
	s := open(t, t.TempDir())
	insertCourses(t, s, course("go1", 100))
	var wg sync.WaitGroup
	for i := range 8 {
		wg.Go(func() {
			_, err := s.Courses.Change(context.Background(), "go1", func(c *shop.Course) error {
				c.Chapters = append(c.Chapters, shop.Chapter{Title: fmt.Sprint(i), Lessons: []shop.Lesson{}})
				return nil
			})
			if err != nil {
				t.Error(err)
			}
		})
		wg.Go(func() {
			if err := s.Courses.SetLearners(context.Background(), "go1", 7); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	c, err := s.Courses.Get(t.Context(), "go1")
	if err != nil || len(c.Chapters) != 9 || c.V != 8 || c.Learners != 7 {
		t.Errorf("%d chapters, v %d, %d learners, %v", len(c.Chapters), c.V, c.Learners, err)
	}
}

func TestAnEditThatIsRefusedChangesNothing(t *testing.T) {
	s := open(t, t.TempDir())
	insertCourses(t, s, course("go1", 100))
	for _, refusal := range []error{shop.ErrInvalidField, Unchanged()} {
		c, err := s.Courses.Change(t.Context(), "go1", func(c *shop.Course) error {
			c.Title = "x"
			return refusal
		})
		if errors.Is(refusal, Unchanged()) && (err != nil || c == nil) || refusal == shop.ErrInvalidField && !errors.Is(err, shop.ErrInvalidField) {
			t.Errorf("%v: %v", refusal, err)
		}
	}
	if c, err := s.Courses.Get(t.Context(), "go1"); err != nil || c.Title == "x" || c.V != 0 {
		t.Errorf("%+v, %v", c, err)
	}
}

func TestLearnersAreThoseWithAGrant(t *testing.T) {
	s := open(t, t.TempDir())
	enrol := func(user string, states ...shop.GrantState) {
		e := &shop.Enrolment{ID: shop.EnrolmentID(user, "go1"), UserID: user, CourseID: "go1"}
		for _, state := range states {
			e.Grants = append(e.Grants, shop.Grant{OrderID: newID(), State: state})
		}
		if _, err := s.insertOnce(t.Context(), s.coll("enrolments"), e); err != nil {
			t.Fatal(err)
		}
	}
	enrol("live", shop.GrantLive)
	enrol("frozen", shop.GrantFrozen)
	enrol("rebought", shop.GrantRevoked, shop.GrantLive)
	enrol("revoked", shop.GrantRevoked)
	enrol("never")
	if n, err := s.Enrolments.CountLearners(t.Context(), "go1"); err != nil || n != 3 {
		t.Errorf("%d learners, %v; want 3", n, err)
	}
}

func TestTheCatalogueFollowsEveryChange(t *testing.T) {
	s := open(t, t.TempDir())
	eventually(t, "the cache is trusted", s.bus.healthy)
	insertCourses(t, s, course("go1", 100))
	first := catalogue(t, s)
	if again := catalogue(t, s); again != first {
		t.Error("unchanged, it was read again")
	}
	if _, err := s.Courses.Change(t.Context(), "go1", func(c *shop.Course) error { c.Title = "新"; return nil }); err != nil {
		t.Fatal(err)
	}
	if c, _ := catalogue(t, s).Course("go1"); c.Title != "新" {
		t.Errorf("after an edit it shows %q", c.Title)
	}
	if c, _ := first.Course("go1"); c.Title == "新" {
		t.Error("the old Catalogue was changed")
	}
	if _, err := s.Categories.Insert(t.Context(), shop.Category{ID: "games", Name: "棋"}); err != nil {
		t.Fatal(err)
	}
	if _, ok := catalogue(t, s).Category("games"); !ok {
		t.Error("a new category is missing")
	}
	if err := s.Courses.SetLearners(t.Context(), "go1", 5); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the number of learners arrives", func() bool {
		c, _ := catalogue(t, s).Course("go1")
		return c.Learners == 5
	})
}

func TestTheCatalogueFollowsTheOtherInstance(t *testing.T) {
	a := open(t, t.TempDir())
	b := secondInstance(t, a, redistest.Single(t))
	insertCourses(t, a, course("go1", 100))
	eventually(t, "both caches are trusted", func() bool { return a.bus.healthy() && b.bus.healthy() })
	catalogue(t, b)
	if _, err := a.Courses.Change(t.Context(), "go1", func(c *shop.Course) error { c.State = shop.CourseOffSale; return nil }); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the other instance has it off sale", func() bool {
		c, ok := catalogue(t, b).Course("go1")
		return ok && c.State == shop.CourseOffSale
	})
}

func catalogue(t testing.TB, s *DB) *Catalogue {
	t.Helper()
	c, err := s.Catalogue.Get(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestListsOfTheCatalogue(t *testing.T) {
	at := time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)
	var courses []shop.Course
	for i := range 7 {
		c := course(fmt.Sprintf("c%d", i), shop.Fen(100*(i%3)))
		c.CreatedAt, c.Learners = at.Add(time.Duration(i)*time.Hour), int64(i*i%5)
		courses = append(courses, *c)
	}
	courses[1].Subtitle = "Learn GO (a+)+$"
	courses[2].Teacher.Name = "Grace"
	courses[3].CategoryID = "music"
	courses[4].State = shop.CourseOffSale
	courses[5].State = shop.CourseDraft
	c := newCatalogue([]shop.Category{{ID: "games"}, {ID: "music"}, {ID: "empty"}}, courses)

	for _, tt := range []struct {
		name    string
		listing Listing
		want    string
	}{
		{"the newest first", Listing{}, "[c6 c3 c2 c1 c0]"},
		{"the most bought first", Listing{Sort: SortPopular}, "[c2 c3 c1 c6 c0]"},
		{"the cheapest first", Listing{Sort: SortPrice}, "[c0 c3 c6 c1 c2]"},
		{"one category", Listing{Category: "music"}, "[c3]"},
		{"an empty category", Listing{Category: "empty"}, "[]"},
		{"what a search has found", Listing{Among: map[string]bool{"c1": true, "c2": true, "c9": true}, Sort: SortPopular}, "[c2 c1]"},
		{"a search that found nothing", Listing{Among: map[string]bool{}}, "[]"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, size := range []int{1, 2, 100} {
				got := []string{}
				l := tt.listing
				l.Limit = size
				for range 10 {
					items, next, err := c.List(l)
					if err != nil {
						t.Fatal(err)
					}
					for _, x := range items {
						got = append(got, x.ID)
					}
					if l.Cursor = next; next == "" {
						break
					}
				}
				if fmt.Sprint(got) != tt.want {
					t.Errorf("in pages of %d: %v, want %s", size, got, tt.want)
				}
			}
		})
	}
	if n := c.OnSale("games"); n != 4 {
		t.Errorf("%d games on sale, want 4", n)
	}
	if len(c.Courses()) != 7 {
		t.Errorf("%d of 7 courses", len(c.Courses()))
	}
}

func TestWrongListingsAreRefused(t *testing.T) {
	c := newCatalogue([]shop.Category{{ID: "games"}}, []shop.Course{*course("a", 1), *course("b", 2)})
	_, next, err := c.List(Listing{Limit: 1})
	if err != nil || next == "" {
		t.Fatal(next, err)
	}
	for _, tt := range []struct {
		name    string
		listing Listing
		want    error
	}{
		{"an unknown sort", Listing{Sort: "cheap"}, shop.ErrInvalidQuery},
		{"an unknown category", Listing{Category: "x"}, shop.ErrCategoryNotFound},
		{"a made-up cursor", Listing{Cursor: "x"}, shop.ErrInvalidCursor},
		{"a cursor of another sort", Listing{Cursor: next, Sort: SortPrice}, shop.ErrInvalidCursor},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, _, err := c.List(tt.listing); !errors.Is(err, tt.want) {
				t.Errorf("got %v", err)
			}
		})
	}
}

// TestCategories_OfTheVersionBefore_CanBeChanged takes from a category what the version before did not write.
func TestCategories_OfTheVersionBefore_CanBeChanged(t *testing.T) {
	s := open(t, t.TempDir())
	if _, err := s.Categories.Insert(t.Context(), shop.Category{ID: "games", Name: "棋", Order: 3}); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Categories.docs.Update(t.Context(), bson.M{"_id": "games"}, bson.M{"$unset": bson.M{"v": "", "hidden": "", "closed": ""}}); err != nil || !ok {
		t.Fatal(ok, err)
	}
	for want := int64(1); want < 3; want++ {
		c, err := s.Categories.Change(t.Context(), "games", func(c *shop.Category) error { c.Name += "类"; return nil })
		if err != nil || c.V != want || c.Order != 3 {
			t.Fatalf("%+v, %v", c, err)
		}
	}
	if _, err := s.Categories.Change(t.Context(), "none", func(*shop.Category) error { return nil }); !errors.Is(err, shop.ErrCategoryNotFound) {
		t.Errorf("no category: %v", err)
	}
}

package catalogue

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// cardJSON is a course in a list.
type cardJSON struct {
	ID         string `json:"id"`
	Title      string `json:"title"`
	CategoryID string `json:"category_id"`
	Price      int64  `json:"price_fen"`
	Learners   int64  `json:"learners"`
}

// list reads one page of the catalogue.
func list(p *shoptest.Person, query string) (items []cardJSON, next string) {
	p.T.Helper()
	var page struct {
		Items []cardJSON `json:"items"`
		Next  string     `json:"next_cursor"`
	}
	p.Get("/api/courses?" + query).Want(200).Into(&page)
	return page.Items, page.Next
}

// walk reads all pages; between runs between two of them.
func walk(p *shoptest.Person, query string, between func()) (all []cardJSON) {
	p.T.Helper()
	for cursor := ""; ; {
		items, next := list(p, query+"&cursor="+cursor)
		all = append(all, items...)
		if next == "" {
			return all
		}
		cursor = next
		between()
	}
}

func ids(cards []cardJSON) (all []string) {
	for _, c := range cards {
		all = append(all, c.ID)
	}
	return all
}

// TestCatalogue is what a visitor finds: shelves, lists, search, pages, and a course's page.
func TestCatalogue(t *testing.T) {
	shop := shoptest.Start(t)
	t.Run("the sample has eight shelves whose counts are those of their lists", func(t *testing.T) {
		wantShelves(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("every order has all courses, none twice, however it is cut into pages", func(t *testing.T) {
		wantPages(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("a course that comes or goes between two pages moves no other", func(t *testing.T) {
		wantSteadyPages(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("a search finds titles and teachers whatever the case", func(t *testing.T) {
		wantFound(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("a preview plays for anybody, the rest for its buyers", func(t *testing.T) {
		wantLessons(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("the sample's previews play, and its texts show their pictures", func(t *testing.T) {
		wantSample(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("a course's page shows a visitor today's prices and a learner their own", func(t *testing.T) {
		wantOwnPrices(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("pages of a course hear of a new price and of the end of its sale", func(t *testing.T) {
		wantCourseChanged(t, shop.At(t, "2025-03-01 10:00"))
	})
}

func wantShelves(t *testing.T, s *shoptest.Shop) {
	var shelves struct {
		Items []struct {
			ID      string `json:"id"`
			Name    string `json:"name"`
			Courses int    `json:"courses"`
		} `json:"items"`
	}
	visitor := s.Visitor()
	visitor.Get("/api/categories").Want(200).Into(&shelves)
	all, _ := list(visitor, "limit=100")
	if len(shelves.Items) != 8 || len(all) != 48 {
		t.Fatalf("%d shelves and %d courses, not 8 and 48", len(shelves.Items), len(all))
	}
	for _, shelf := range shelves.Items {
		here, _ := list(visitor, "limit=100&category="+shelf.ID)
		if len(here) != shelf.Courses || len(here) == 0 {
			t.Errorf("%s has %d courses and lists %d", shelf.Name, shelf.Courses, len(here))
		}
		if i := slices.IndexFunc(here, func(c cardJSON) bool { return c.CategoryID != shelf.ID }); i >= 0 {
			t.Errorf("%s lists %s", shelf.Name, here[i].Title)
		}
	}
	visitor.Get("/api/courses?category=nosuch").WantCode(404, "CATEGORY_NOT_FOUND")
}

func wantPages(t *testing.T, s *shoptest.Shop) {
	visitor := s.Visitor()
	order := map[string]func(a, b cardJSON) bool{
		"new": func(_, _ cardJSON) bool { return true }, "price": func(a, b cardJSON) bool { return a.Price <= b.Price },
		"popular": func(a, b cardJSON) bool { return a.Learners >= b.Learners },
	}
	for sort, inOrder := range order {
		whole, _ := list(visitor, "limit=100&sort="+sort)
		for _, size := range []int{1, 7, 47, 48} {
			pages := walk(visitor, fmt.Sprintf("limit=%d&sort=%s", size, sort), func() {})
			shoptest.WantSame(t, fmt.Sprintf("%s by %d", sort, size), ids(pages), ids(whole)...)
		}
		for i := range whole[1:] {
			if !inOrder(whole[i], whole[i+1]) {
				t.Errorf("%s: %+v before %+v", sort, whole[i], whole[i+1])
			}
		}
	}
	visitor.Get("/api/courses?sort=loud").WantCode(400, "INVALID_QUERY")
	visitor.Get("/api/courses?cursor=nonsense").WantCode(400, "INVALID_CURSOR")
	_, cursor := list(visitor, "limit=7&sort=price")
	visitor.Get("/api/courses?sort=new&cursor="+cursor).WantCode(400, "INVALID_CURSOR")
}

func wantSteadyPages(t *testing.T, s *shoptest.Shop) {
	visitor := s.Visitor()
	going := s.Sell(shoptest.Usual())
	before, _ := list(visitor, "limit=100&sort=price")
	turned := false
	pages := walk(visitor, "limit=10&sort=price", func() {
		if !turned {
			s.Sell(shoptest.Usual())
			going.TakeDown()
			turned = true
		}
	})
	seen := map[string]int{}
	for _, c := range pages {
		seen[c.ID]++
	}
	for _, c := range before {
		if c.ID != going.Id && seen[c.ID] != 1 {
			t.Errorf("%s was on %d pages", c.Title, seen[c.ID])
		}
	}
}

func wantFound(t *testing.T, s *shoptest.Shop) {
	visitor := s.Visitor()
	for _, word := range []string{"python", "PYTHON", "Python"} {
		found, _ := list(visitor, "q="+word)
		shoptest.WantSame(t, word, ids(found), "py1")
	}
	s.Sell(shoptest.Usual())
	if found, _ := list(visitor, "q=林老师&sort=new"); len(found) == 0 || found[0].Title != "阶梯课程" {
		t.Errorf("the teacher's name found %+v", found)
	}
	if found, next := list(visitor, "q=there-is-no-such-course"); len(found) != 0 || next != "" {
		t.Errorf("found %+v", found)
	}
}

func wantLessons(t *testing.T, s *shoptest.Shop) {
	c, visitor, learner := s.Sell(shoptest.Usual()), s.Visitor(), s.NewLearner()
	var shown struct {
		URL string `json:"url"`
	}
	if visitor.Get(c.Lesson(c.Preview)).Want(200).Into(&shown); shown.URL == "" {
		t.Error("the preview has nothing to play")
	}
	visitor.Get(c.Lesson(c.Lesson5)).WantCode(401, "UNAUTHENTICATED")
	refusal := learner.Get(c.Lesson(c.Lesson5)).WantCode(403, "ENROLMENT_REQUIRED")
	shoptest.WantSame(t, "offers", refusal.Offers(), "S1 0", "full 99900")
	learner.Get(c.Lesson("nosuch")).WantCode(404, "LESSON_NOT_FOUND")
	visitor.Get("/api/courses/nosuch").WantCode(404, "COURSE_NOT_FOUND")
	s.Buy(learner, 0, c.S1)
	learner.Get(c.Lesson(c.Lesson5)).Want(200)
}

func wantOwnPrices(t *testing.T, s *shoptest.Shop) {
	c, holder := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(holder, 0, c.S1)
	dearer := shoptest.Usual()
	dearer.Full = 129900
	c.Reprice(dearer)
	shoptest.WantSame(t, "a visitor", s.Visitor().Offers(c.Id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 129900")
	shoptest.WantSame(t, "the holder", holder.Offers(c.Id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
}

func wantCourseChanged(t *testing.T, s *shoptest.Shop) {
	c := s.Sell(shoptest.Usual())
	visitor, learner := s.Visitor().Socket(), s.NewLearner().Socket()
	visitor.Follow("course:"+c.Id, "")
	learner.Follow("course:"+c.Id, "")
	cheaper := shoptest.Usual()
	cheaper.Full = 79900
	c.Reprice(cheaper)
	c.TakeDown()
	for _, page := range []*hubtest.Client{visitor, learner} {
		shoptest.WantSame(t, "course.changed", []string{nextOfCourse(t, page), nextOfCourse(t, page)}, "version 2, on sale: true", "version 2, on sale: false")
	}
	shoptest.Eventually(t, time.Minute, func() error {
		if found, _ := list(s.Visitor(), "limit=100"); slices.Contains(ids(found), c.Id) {
			return fmt.Errorf("a course off sale is listed")
		}
		return nil
	})
}

// nextOfCourse is the page's next event, course.changed, in words.
func nextOfCourse(t *testing.T, page *hubtest.Client) string {
	t.Helper()
	f := page.Next(time.Minute)
	var changed struct {
		Version int  `json:"version"`
		OnSale  bool `json:"on_sale"`
	}
	if f.Into(t, &changed); f.Type != "course.changed" {
		t.Fatalf("the page heard %s", f.Type)
	}
	return fmt.Sprintf("version %d, on sale: %t", changed.Version, changed.OnSale)
}

package main

import (
	"fmt"
	"slices"
	"testing"
	"time"

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
func (p *person) list(query string) (items []cardJSON, next string) {
	p.t.Helper()
	var page struct {
		Items []cardJSON `json:"items"`
		Next  string     `json:"next_cursor"`
	}
	p.get("/api/courses?" + query).want(200).into(&page)
	return page.Items, page.Next
}

// walk reads all pages; between runs between two of them.
func (p *person) walk(query string, between func()) (all []cardJSON) {
	p.t.Helper()
	for cursor := ""; ; {
		items, next := p.list(query + "&cursor=" + cursor)
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
	shop := startShop(t)
	t.Run("the sample has eight shelves whose counts are those of their lists", func(t *testing.T) {
		wantShelves(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("every order has all courses, none twice, however it is cut into pages", func(t *testing.T) {
		wantPages(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("a course that comes or goes between two pages moves no other", func(t *testing.T) {
		wantSteadyPages(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("a search finds titles and teachers whatever the case", func(t *testing.T) {
		wantFound(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("a preview plays for anybody, the rest for who has bought it", func(t *testing.T) {
		wantLessons(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("a course's page shows a visitor today's prices and a learner their own", func(t *testing.T) {
		wantOwnPrices(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("pages of a course hear of a new price and of the end of its sale", func(t *testing.T) {
		wantCourseChanged(t, shop.at(t, "2025-03-01 10:00"))
	})
}

func wantShelves(t *testing.T, s *testShop) {
	var shelves struct {
		Items []struct {
			ID      string `json:"id"`
			Name    string `json:"name"`
			Courses int    `json:"courses"`
		} `json:"items"`
	}
	visitor := s.visitor()
	visitor.get("/api/categories").want(200).into(&shelves)
	all, _ := visitor.list("limit=100")
	if len(shelves.Items) != 8 || len(all) != 48 {
		t.Fatalf("%d shelves and %d courses, not 8 and 48", len(shelves.Items), len(all))
	}
	for _, shelf := range shelves.Items {
		here, _ := visitor.list("limit=100&category=" + shelf.ID)
		if len(here) != shelf.Courses || len(here) == 0 {
			t.Errorf("%s has %d courses and lists %d", shelf.Name, shelf.Courses, len(here))
		}
		if i := slices.IndexFunc(here, func(c cardJSON) bool { return c.CategoryID != shelf.ID }); i >= 0 {
			t.Errorf("%s lists %s", shelf.Name, here[i].Title)
		}
	}
	visitor.get("/api/courses?category=nosuch").wantCode(404, "CATEGORY_NOT_FOUND")
}

func wantPages(t *testing.T, s *testShop) {
	visitor := s.visitor()
	order := map[string]func(a, b cardJSON) bool{
		"new": func(_, _ cardJSON) bool { return true }, "price": func(a, b cardJSON) bool { return a.Price <= b.Price },
		"popular": func(a, b cardJSON) bool { return a.Learners >= b.Learners },
	}
	for sort, inOrder := range order {
		whole, _ := visitor.list("limit=100&sort=" + sort)
		for _, size := range []int{1, 7, 47, 48} {
			pages := visitor.walk(fmt.Sprintf("limit=%d&sort=%s", size, sort), func() {})
			wantSame(t, fmt.Sprintf("%s by %d", sort, size), ids(pages), ids(whole)...)
		}
		for i := range whole[1:] {
			if !inOrder(whole[i], whole[i+1]) {
				t.Errorf("%s: %+v before %+v", sort, whole[i], whole[i+1])
			}
		}
	}
	visitor.get("/api/courses?sort=loud").wantCode(400, "INVALID_QUERY")
	visitor.get("/api/courses?cursor=nonsense").wantCode(400, "INVALID_CURSOR")
	_, cursor := visitor.list("limit=7&sort=price")
	visitor.get("/api/courses?sort=new&cursor="+cursor).wantCode(400, "INVALID_CURSOR")
}

func wantSteadyPages(t *testing.T, s *testShop) {
	visitor := s.visitor()
	going := s.sell(usual())
	before, _ := visitor.list("limit=100&sort=price")
	turned := false
	pages := visitor.walk("limit=10&sort=price", func() {
		if !turned {
			s.sell(usual())
			going.takeDown()
			turned = true
		}
	})
	seen := map[string]int{}
	for _, c := range pages {
		seen[c.ID]++
	}
	for _, c := range before {
		if c.ID != going.id && seen[c.ID] != 1 {
			t.Errorf("%s was on %d pages", c.Title, seen[c.ID])
		}
	}
}

func wantFound(t *testing.T, s *testShop) {
	visitor := s.visitor()
	for _, word := range []string{"python", "PYTHON", "Python"} {
		found, _ := visitor.list("q=" + word)
		wantSame(t, word, ids(found), "py1")
	}
	s.sell(usual())
	if found, _ := visitor.list("q=林老师&sort=new"); len(found) == 0 || found[0].Title != "阶梯课程" {
		t.Errorf("the teacher's name found %+v", found)
	}
	if found, next := visitor.list("q=there-is-no-such-course"); len(found) != 0 || next != "" {
		t.Errorf("found %+v", found)
	}
}

func wantLessons(t *testing.T, s *testShop) {
	c, visitor, learner := s.sell(usual()), s.visitor(), s.newLearner()
	var shown struct {
		URL string `json:"url"`
	}
	if visitor.get(c.lesson(c.preview)).want(200).into(&shown); shown.URL == "" {
		t.Error("the preview has nothing to play")
	}
	visitor.get(c.lesson(c.lesson5)).wantCode(401, "UNAUTHENTICATED")
	refusal := learner.get(c.lesson(c.lesson5)).wantCode(403, "ENROLMENT_REQUIRED")
	wantSame(t, "offers", refusal.offers(), "S1 0", "full 99900")
	learner.get(c.lesson("nosuch")).wantCode(404, "LESSON_NOT_FOUND")
	visitor.get("/api/courses/nosuch").wantCode(404, "COURSE_NOT_FOUND")
	s.buy(learner, 0, c.s1)
	learner.get(c.lesson(c.lesson5)).want(200)
}

func wantOwnPrices(t *testing.T, s *testShop) {
	c, holder := s.sell(usual()), s.newLearner()
	s.buy(holder, 0, c.s1)
	dearer := usual()
	dearer.full = 129900
	c.reprice(dearer)
	wantSame(t, "a visitor", s.visitor().offers(c.id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 129900")
	wantSame(t, "the holder", holder.offers(c.id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
}

func wantCourseChanged(t *testing.T, s *testShop) {
	c := s.sell(usual())
	visitor, learner := s.visitor().socket(), s.newLearner().socket()
	visitor.Follow("course:"+c.id, "")
	learner.Follow("course:"+c.id, "")
	cheaper := usual()
	cheaper.full = 79900
	c.reprice(cheaper)
	c.takeDown()
	for _, page := range []*hubtest.Client{visitor, learner} {
		wantSame(t, "course.changed", []string{nextOfCourse(t, page), nextOfCourse(t, page)}, "version 2, on sale: true", "version 2, on sale: false")
	}
	eventually(t, 5*time.Second, func() error {
		if found, _ := s.visitor().list("limit=100"); slices.Contains(ids(found), c.id) {
			return fmt.Errorf("a course off sale is listed")
		}
		return nil
	})
}

// nextOfCourse is the page's next event, course.changed, in words.
func nextOfCourse(t *testing.T, page *hubtest.Client) string {
	t.Helper()
	f := page.Next(5 * time.Second)
	var changed struct {
		Version int  `json:"version"`
		OnSale  bool `json:"on_sale"`
	}
	if f.Into(t, &changed); f.Type != "course.changed" {
		t.Fatalf("the page heard %s", f.Type)
	}
	return fmt.Sprintf("version %d, on sale: %t", changed.Version, changed.OnSale)
}

package shoptest

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

// Terms are what a course costs, in fen.
type Terms struct {
	S1, S2, s3, Full int64
	Credit           string
	LapseAfterDays   int
}

// Usual are the terms of course C in the specification.
func Usual() Terms { return Terms{0, 20000, 30000, 99900, "none", 0} }

// Course is a course on sale, as the cases know it: the stages S1, S2 and S3 of a month each,
// and the full price.
type Course struct {
	Shop             *Shop
	Id               string
	S1, S2, S3, Full Wish
	Preview, Lesson5 string
}

// Sell puts a fresh course on sale.
func (s *Shop) Sell(p Terms) *Course {
	s.T.Helper()
	var out struct {
		ID       string `json:"id"`
		Policies []struct {
			ID string `json:"id"`
		} `json:"policies"`
		Chapters []struct {
			Lessons []struct {
				ID string `json:"id"`
			} `json:"lessons"`
		} `json:"chapters"`
	}
	c := &Course{Shop: s}
	editor := s.Staff("editor")
	editor.Post("/api/admin/courses", OutlineOf("阶梯课程", s.Category(), c.pricing(p))).Want(201).Into(&out)
	c.Id = out.ID
	for i, w := range []*Wish{&c.S1, &c.S2, &c.S3, &c.Full} {
		*w = Wish{c.Id, out.Policies[i].ID}
	}
	c.Preview, c.Lesson5 = out.Chapters[0].Lessons[0].ID, out.Chapters[0].Lessons[4].ID
	editor.Post("/api/admin/courses/"+c.Id+"/publish", nil).Want(200)
	return c
}

// OutlineOf is a course of one chapter with five lessons, the first of them a preview.
func OutlineOf(title, category string, pricing Obj) Obj {
	var lessons []Obj
	for i := range 5 {
		lessons = append(lessons, Obj{"title": fmt.Sprintf("第 %d 节", i+1), "kind": "video", "duration_s": 600, "preview": i == 0, "url": "https://media.example.com/lesson.mp4"})
	}
	course := Obj{
		"title": title, "subtitle": "按月学习", "category_id": category, "description": "从零开始",
		"teacher":  Obj{"name": "林老师", "title": "讲师", "intro": "十年经验"},
		"chapters": []Obj{{"title": "第一章", "lessons": lessons}},
	}
	for name, value := range pricing {
		course[name] = value
	}
	return course
}

// shelves are the category that each shop's courses are put into: to list them costs a shop that
// has just got a course its whole catalogue.
var shelves sync.Map

// Category is some shelf of the catalogue.
func (s *Shop) Category() string {
	s.T.Helper()
	if id, ok := shelves.Load(s.Url); ok {
		return id.(string)
	}
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	s.Visitor().Get("/api/categories").Want(200).Into(&list)
	shelves.Store(s.Url, list.Items[0].ID)
	return list.Items[0].ID
}

// pricing is the body that publishes the terms, by the ids that the policies have already.
func (c *Course) pricing(p Terms) Obj {
	month := Obj{"unit": "month", "count": 1}
	policies := []Obj{
		{"kind": "stage", "stage": 1, "name": "第一个月", "period": month, "price_fen": p.S1},
		{"kind": "stage", "stage": 2, "name": "第二个月", "period": month, "price_fen": p.S2},
		{"kind": "stage", "stage": 3, "name": "第三个月", "period": month, "price_fen": p.s3},
		{"kind": "lifetime", "name": "全款", "price_fen": p.Full, "default": true},
	}
	for i, w := range []Wish{c.S1, c.S2, c.S3, c.Full} {
		if w.PolicyID != "" {
			policies[i]["id"] = w.PolicyID
		}
	}
	return Obj{"policies": policies, "ladder": Obj{"credit_mode": p.Credit, "lapse_after_days": p.LapseAfterDays}}
}

// Reprice publishes other terms as the next version.
func (c *Course) Reprice(p Terms) {
	c.Shop.T.Helper()
	c.Shop.Staff("editor").Put("/api/admin/courses/"+c.Id+"/policies", c.pricing(p)).Want(200)
}

// RetireLadder publishes a version that has the full price only.
func (c *Course) RetireLadder(full int64) {
	c.Shop.T.Helper()
	only := []Obj{{"id": c.Full.PolicyID, "kind": "lifetime", "name": "全款", "price_fen": full}}
	c.Shop.Staff("editor").Put("/api/admin/courses/"+c.Id+"/policies", Obj{"policies": only}).Want(200)
}

// TakeDown takes the course off sale.
func (c *Course) TakeDown() {
	c.Shop.T.Helper()
	c.Shop.Staff("editor").Post("/api/admin/courses/"+c.Id+"/unpublish", nil).Want(200)
}

// Lesson is the address of one of the course's lessons.
func (c *Course) Lesson(id string) string { return "/api/courses/" + c.Id + "/lessons/" + id }

// Offer is one row of the select.
type Offer struct {
	PolicyID  string `json:"policy_id"`
	Kind      string `json:"kind"`
	Stage     int    `json:"stage"`
	Price     int64  `json:"price_fen"`
	List      int64  `json:"list_price_fen"`
	Credit    int64  `json:"credit_fen"`
	Available bool   `json:"available"`
	Reason    string `json:"reason"`
}

// String is `S2 20000` or `full 99900`, with the reason where it cannot be bought.
func (o Offer) String() string {
	name := map[string]string{"lifetime": "full", "stage": fmt.Sprintf("S%d", o.Stage)}[o.Kind]
	if !o.Available {
		return name + " " + o.Reason
	}
	return fmt.Sprintf("%s %d", name, o.Price)
}

// Offers are what the course's page shows the person.
func (p *Person) Offers(course string) []string {
	p.T.Helper()
	return p.Get("/api/courses/" + course).Want(200).Offers()
}

// Offers are those that an answer carries, a page or a refusal.
func (a Answer) Offers() (all []string) {
	a.T.Helper()
	var in struct {
		Offers []Offer `json:"offers"`
	}
	a.Into(&in)
	for _, o := range in.Offers {
		all = append(all, o.String())
	}
	return all
}

// WantStory wants the events of one purchase, in order and once each; choices is how often
// the cart was changed before.
func WantStory(t *testing.T, page *hubtest.Client, choices int) {
	want := append(slices.Repeat([]string{"cart.changed"}, choices),
		"order.changed pending", "order.changed paid", "enrolment.changed",
		"cart.changed", "order.changed fulfilled", "notice.posted")
	var got []string
	for _, f := range page.All() {
		if f.Op != "event" {
			continue
		}
		name := f.Type
		if f.Type == "order.changed" {
			var o Order
			f.Into(t, &o)
			name += " " + o.State
		}
		got = append(got, name)
	}
	if !slices.Equal(got, want) {
		t.Fatalf("events %q, not %q", got, want)
	}
}

// WantOpenedOnce wants a fulfilled order to have brought one grant and one notice.
func (p *Person) WantOpenedOnce(order, course string) {
	p.T.Helper()
	e, ok := p.Enrolment(course)
	if !ok || len(e.Grants) != 1 || e.Grants[0].OrderID != order {
		p.T.Errorf("enrolment %+v, not one grant of order %s", e, order)
	}
	Eventually(p.T, 20*time.Second, func() error {
		if n := p.NoticesAbout(order); n == 0 {
			return fmt.Errorf("no notice about order %s", order)
		}
		return nil
	})
	if n := p.NoticesAbout(order); n != 1 {
		p.T.Errorf("%d notices about order %s", n, order)
	}
}

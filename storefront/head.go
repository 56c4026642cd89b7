package storefront

import (
	"fmt"
	"html/template"
	"net/http"
	"strings"
	"unicode/utf8"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
)

// head is what a page says of itself.
type head struct {
	Status      int
	Title       string // of the tab: the page and the shop
	Name        string // of the page alone
	Description string
	URL         string
	Kind        string // of Open Graph; "" website
	Picture     string // an address of a picture that others may show; "" none
	NoIndex     bool   // search engines leave it out
	LD          any    // schema.org in JSON-LD; nil: nothing
	Shop        View
	Front       FrontSize
	FrontData   any // what of the front page is shown, on that page; nil elsewhere

	Body    string // the template of the content; "" none
	Content any    // what it shows; nil: the head
}

// FrontSize is how much of the front page is shown, so that a page keeps the room for it before the data is there.
type FrontSize struct {
	Banners bool
	Rows    int
}

// headOf is the head of a public page; nil for any other address.
func (s *Pages) headOf(kept *keptPages, path, category string) *head {
	parts := strings.Split(strings.TrimPrefix(path, "/"), "/")
	switch {
	case path == "/":
		return s.listHead(kept, category)
	case len(parts) == 2 && parts[0] == "courses":
		return s.courseHead(kept, parts[1])
	case len(parts) == 4 && parts[0] == "courses" && parts[2] == "lessons":
		return s.lessonHead(kept, parts[1], parts[3])
	case len(parts) == 1:
		return s.paperHead(kept.papers, papers.Kind(parts[0]))
	}
	return nil
}

// firstCourses is how many courses the list shows to readers without scripts; the site map has all.
const firstCourses = 24

// listedCourse is a course in the list.
type listedCourse struct {
	ID, Title, Subtitle, Price string
}

func (s *Pages) listHead(kept *keptPages, category string) *head {
	p, all := kept.papers, kept.catalogue
	h := &head{Status: http.StatusOK, Title: p.Name, Description: joined("：", p.Name, p.Slogan), Picture: "/icon-512.png", Body: "list"}
	content := struct {
		Title, Intro string
		Categories   []shop.Category
		Courses      []listedCourse
		Front        *ShownFront // nil in a category, and where nothing is shown
	}{Title: p.Slogan, Intro: "先免费学一段，觉得好再继续；也可以一次买断，永久有效。", Categories: all.Categories()}
	if content.Title == "" {
		content.Title = p.Name
	}
	if category != "" {
		shelf, ok := all.Category(category)
		if !ok {
			return gone("没有这个分类")
		}
		h.Title, h.Description, content.Title = shelf.Name, fmt.Sprintf("%s：%s的全部课程", p.Name, shelf.Name), shelf.Name
	}
	courses, _, err := all.List(store.Listing{Category: category, Sort: store.SortPopular, Limit: firstCourses})
	if err != nil {
		return gone("没有这个分类")
	}
	for _, c := range courses {
		content.Courses = append(content.Courses, listedCourse{c.ID, c.Title, c.Subtitle, costs(c)})
	}
	if category == "" && !kept.front.IsEmpty() {
		content.Front = kept.front
		h.FrontData = s.FrontView(kept.front)
	}
	h.Content, h.LD = content, s.shopLD(p)
	return h
}

func gone(title string) *head {
	return &head{Status: http.StatusNotFound, Title: title, NoIndex: true, Body: "gone"}
}

// priceLine is one way to buy a course.
type priceLine struct{ Name, Amount, Lasts string }

func (s *Pages) courseHead(kept *keptPages, id string) *head {
	c, err := kept.catalogue.Shown(id)
	if err != nil {
		return gone("没有这门课程")
	}
	h := &head{
		Status: http.StatusOK, Title: c.Title, Description: summary(c), Kind: "product", Picture: s.picture(c), Body: "course", LD: s.courseLD(c, kept.papers),
	}
	if c.State != shop.CourseOnSale {
		h.Status, h.NoIndex, h.LD = http.StatusGone, true, nil // its buyers still learn here
	}
	content := struct {
		*shop.Course
		Lessons int
		Prices  []priceLine
	}{Course: c, Lessons: c.Lessons()}
	for _, p := range c.Current().Policies {
		content.Prices = append(content.Prices, priceLine{p.Name, price(p.Price), lasts(p)})
	}
	h.Content = content
	return h
}

func (s *Pages) lessonHead(kept *keptPages, courseID, lessonID string) *head {
	c, err := kept.catalogue.Shown(courseID)
	if err != nil {
		return gone("没有这门课程")
	}
	l, ok := c.Lesson(lessonID)
	if !ok {
		return gone("没有这节课")
	}
	h := &head{
		Status: http.StatusOK, Title: l.Title + " · " + c.Title, Description: summary(c), Picture: s.picture(c), NoIndex: !l.Preview, Body: "lesson",
		Content: struct {
			Course *shop.Course
			Lesson shop.Lesson
		}{c, l},
	}
	if c.State != shop.CourseOnSale {
		h.Status, h.NoIndex = http.StatusGone, true
	}
	return h
}

func (s *Pages) paperHead(p *papers.Papers, k papers.Kind) *head {
	for _, kind := range papers.Kinds() {
		if k != kind {
			continue
		}
		html, err := s.Papers.html(k, p.Text(k))
		if err != nil {
			return nil
		}
		return &head{
			Status: http.StatusOK, Title: k.Title(), Description: joined("：", p.Name, k.Title()), Body: "paper",
			Content: struct {
				Title string
				HTML  template.HTML
			}{k.Title(), template.HTML(html)}, // sanitised by lessontext
		}
	}
	return nil
}

// picture is the picture of a course that other programs may show; they draw no SVG.
func (s *Pages) picture(c *shop.Course) string {
	if c.Cover == "" || strings.HasSuffix(c.Cover, ".svg") {
		return "/icon-512.png"
	}
	return c.Cover
}

const summaryLength = 120 // characters

func summary(c *shop.Course) string {
	text := strings.Join(strings.Fields(c.Description), " ")
	if c.Subtitle != "" {
		text = joined("。", c.Subtitle, text)
	}
	if utf8.RuneCountInString(text) > summaryLength {
		text = shop.Cut(text, summaryLength-1) + "…"
	}
	return text
}

func joined(by string, parts ...string) string {
	full := parts[:0:0]
	for _, p := range parts {
		if p != "" {
			full = append(full, p)
		}
	}
	return strings.Join(full, by)
}

// price is an amount as the pages show it.
func price(fen shop.Fen) string {
	switch {
	case fen == 0:
		return "免费"
	case fen%100 == 0:
		return fmt.Sprintf("¥%d", fen/100)
	}
	return fmt.Sprintf("¥%d.%02d", fen/100, fen%100)
}

// costs says what a course costs. One whose first stage is free says what the whole costs, too.
func costs(c *shop.Course) string {
	d, ok := c.Current().Default()
	if !ok {
		return ""
	}
	text := price(d.Price)
	for _, p := range c.Current().Policies {
		if d.Price == 0 && p.Price > 0 && p.Kind == shop.KindLifetime {
			return d.Name + text + "，" + p.Name + " " + price(p.Price)
		}
	}
	return text
}

// lasts says how long a policy opens a course.
func lasts(p shop.PricePolicy) string {
	switch {
	case p.Kind == shop.KindLifetime:
		return "永久有效"
	case p.Period == nil:
		return ""
	case p.Period.Unit == shop.Month:
		return fmt.Sprintf("%d 个月", p.Period.Count)
	}
	return fmt.Sprintf("%d 天", p.Period.Count)
}

// Package sample is the catalogue that a fresh shop outside production begins with:
// invented categories, courses and teachers, priced in every way that the shop knows, and
// one account for each role. It is the same on every machine, so that demonstrations and
// tests can name a course by its id.
package sample

import (
	"fmt"
	"hash/fnv"
	"strings"
	"time"

	"mstm/shop"
)

// shelf is a category with its courses, as one file of this package writes it.
type shelf struct {
	id, name string
	courses  []draft
}

// shelves are the categories in the order of the shop's front page.
func shelves() []shelf {
	return []shelf{codeShelf(), dataShelf(), designShelf(), languageShelf(), workShelf(), photoShelf(), musicShelf(), lifeShelf()}
}

// draft is a course as it is written down here; build makes a shop.Course of it.
type draft struct {
	id, title, subtitle string
	teacher             shop.Teacher
	about               string
	sells               prices
	outline             []part
}

// part is a chapter: its title, then the titles of its lessons. A lesson is a video, or a
// text where the title begins with '#'. A '+' before that opens it as a preview.
type part []string

// Categories are the 8 shelves of the sample catalogue.
func Categories() []shop.Category {
	var all []shop.Category
	for i, s := range shelves() {
		all = append(all, shop.Category{ID: s.id, Name: s.name, Order: i + 1})
	}
	return all
}

// Courses are the 48 courses of the sample catalogue, on sale, each with one published
// version of its price policies. Only their times depend on now: they came out one after another
// over the 34 weeks before it. None has a buyer yet.
func Courses(now time.Time) []shop.Course {
	var all []shop.Course
	for _, s := range shelves() {
		for _, d := range s.courses {
			all = append(all, d.build(s.id))
		}
	}
	for i := range all {
		released(&all[i], now.UTC().Truncate(time.Second).Add(-age(i, len(all))))
	}
	return all
}

// age spreads the n courses over the past five days apart. 29 shares no factor with 48,
// so the newest are from all shelves and no two courses came out together.
func age(i, n int) time.Duration {
	const day = 24 * time.Hour
	slot := i * 29 % n
	return time.Duration(slot+1)*5*day - time.Duration(slot*7%10)*time.Hour
}

func released(c *shop.Course, at time.Time) {
	c.CreatedAt, c.UpdatedAt = at, at
	c.Versions[0].PublishedAt = at
}

func (d draft) build(categoryID string) shop.Course {
	c := shop.Course{
		ID: d.id, State: shop.CourseOnSale, CategoryID: categoryID,
		Title: d.title, Subtitle: d.subtitle, Cover: "/covers/" + d.id + ".svg",
		Teacher: d.teacher, Level: levels[d.id], Description: d.about,
		Versions: []shop.PolicyVersion{d.sells.version(d.id)},
	}
	for i, p := range d.outline {
		c.Chapters = append(c.Chapters, p.build(d.id, i+1))
	}
	return c
}

func (p part) build(courseID string, number int) shop.Chapter {
	ch := shop.Chapter{Title: p[0]}
	for i, written := range p[1:] {
		ch.Lessons = append(ch.Lessons, lesson(courseID, fmt.Sprintf("c%dl%d", number, i+1), written))
	}
	return ch
}

func lesson(courseID, id, written string) shop.Lesson {
	l := shop.Lesson{ID: id, Kind: "video"}
	written, l.Preview = strings.CutPrefix(written, "+")
	title, text := strings.CutPrefix(written, "#")
	l.Title = title
	l.Duration = seconds(courseID+id, 5*60, 24*60)
	if text {
		l.Kind = "text"
		l.Duration = seconds(courseID+id, 2*60, 8*60)
	}
	furnish(courseID, &l)
	return l
}

// seconds is a length in [from, to) that looks measured and follows from the key.
func seconds(key string, from, to int) int {
	h := fnv.New32a()
	h.Write([]byte(key))
	return from + int(h.Sum32()%uint32(to-from))
}

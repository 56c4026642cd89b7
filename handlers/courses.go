package handlers

import (
	"net/http"
	"time"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/learning"
	"mstm/shop"
	"mstm/store"
)

// courses are those on sale, which visitors may browse.
type courses struct {
	cache     *store.CatalogueCache
	catalogue *catalogue.Catalogue
	answers   rest.ResponseCache[store.Catalogue]
	live      live
	now       func() time.Time
}

// answerReady answers with what build makes of the catalogue, built once.
func (h *courses) answerReady(w http.ResponseWriter, r *http.Request, key string, build func(*store.Catalogue) (any, error)) error {
	all, err := h.cache.Get(r.Context())
	if err != nil {
		return err
	}
	return h.answers.Answer(w, r, all, key, build)
}

// categoryView is a shelf with how many courses stand on it.
type categoryView struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Courses int    `json:"courses"`
}

// courseDetail is a course on its own page. Enrolment is set for a learner that has one.
type courseDetail struct {
	catalogue.Card
	Description string              `json:"description"`
	Chapters    []chapterView       `json:"chapters"`
	Offers      []shop.Offer        `json:"offers"`
	Enrolment   *shop.EnrolmentView `json:"enrolment,omitempty"`
}

type chapterView struct {
	Title   string       `json:"title"`
	Lessons []lessonView `json:"lessons"`
}

// lessonView is a lesson in the outline, or, with CourseID and URL, the opened one.
type lessonView struct {
	CourseID string `json:"course_id,omitempty"`
	ID       string `json:"id"`
	Title    string `json:"title"`
	Kind     string `json:"kind"`
	Duration int    `json:"duration_s"`
	Preview  bool   `json:"preview"`
	URL      string `json:"url,omitempty"`

	Playback *learning.PlaybackView   `json:"playback,omitempty"`
	Progress *shop.LessonProgressView `json:"progress,omitempty"`

	HTML        string                    `json:"html,omitempty"` // of a text
	Attachments []learning.AttachmentView `json:"attachments,omitempty"`
}

func viewLesson(l shop.Lesson) lessonView {
	return lessonView{ID: l.ID, Title: l.Title, Kind: l.Kind, Duration: l.Duration, Preview: l.Preview}
}

func (h *courses) newCourseDetail(c *shop.Course, history shop.PurchaseHistory) courseDetail {
	now := h.now()
	d := courseDetail{Card: catalogue.CardOf(c), Description: c.Description, Chapters: []chapterView{}, Offers: c.Offers(history, now)}
	d.Teacher.Intro = c.Teacher.Intro
	for _, ch := range c.Chapters {
		v := chapterView{Title: ch.Title, Lessons: []lessonView{}}
		for _, l := range ch.Lessons {
			v.Lessons = append(v.Lessons, viewLesson(l))
		}
		d.Chapters = append(d.Chapters, v)
	}
	if history.Enrolment != nil {
		e := history.Enrolment.View(now)
		d.Enrolment = &e
	}
	return d
}

// listCategories answers GET /api/categories.
func (h *courses) listCategories(w http.ResponseWriter, r *http.Request) error {
	return h.answerReady(w, r, "categories", func(all *store.Catalogue) (any, error) {
		list := rest.Page[categoryView]{Items: []categoryView{}}
		for _, c := range all.ShownCategories() {
			list.Items = append(list.Items, categoryView{ID: c.ID, Name: c.Name, Courses: all.OnSale(c.ID)})
		}
		return list, nil
	})
}

// listCourses answers GET /api/courses?category=&q=&sort=&limit=&cursor=: what is on sale.
// The same query has the same bytes until the catalogue changes.
func (h *courses) listCourses(w http.ResponseWriter, r *http.Request) error {
	return h.answerReady(w, r, "courses?"+r.URL.RawQuery, func(all *store.Catalogue) (any, error) {
		q, rows, err := rest.ListQuery(r)
		if err != nil {
			return nil, err
		}
		found, err := h.catalogue.Finder.Matching(all, q.Get("q"))
		if err != nil {
			return nil, err
		}
		courses, next, err := all.List(store.Listing{
			Category: q.Get("category"), Among: found, Sort: store.Sort(q.Get("sort")), Limit: rows, Cursor: q.Get("cursor"),
		})
		if err != nil {
			return nil, err
		}
		list := rest.Page[catalogue.Card]{Items: make([]catalogue.Card, 0, len(courses)), NextCursor: next}
		for _, c := range courses {
			list.Items = append(list.Items, catalogue.CardOf(c))
		}
		return list, nil
	})
}

// showCourse answers GET /api/courses/:course. A visitor's answer is the same for all of
// them; a learner's has the prices that this learner pays.
func (h *courses) showCourse(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	w.Header().Add("Vary", "Authorization")
	h.live.keepPlace(w, r, hub.CourseTopic(id))
	if rest.LearnerID(r.Context()) == "" {
		return h.answerReady(w, r, "course "+id, func(all *store.Catalogue) (any, error) {
			c, err := all.Shown(id)
			if err != nil {
				return nil, err
			}
			return h.newCourseDetail(c, shop.PurchaseHistory{}), nil
		})
	}
	c, history, err := h.catalogue.Shown.To(r.Context(), rest.LearnerID(r.Context()), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, h.newCourseDetail(c, history))
}

package handlers

import (
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// enrolments are a learner's courses.
type enrolments struct {
	enrolments *store.Enrolments
	catalogue  *store.CatalogueCache
	progress   *store.Progress
	access     courseAccess
	live       live
	now        func() time.Time
}

// enrolmentItem is one of a learner's courses in the list of them. The course may have
// left the catalogue; the enrolment stays.
type enrolmentItem struct {
	shop.EnrolmentView
	Title   string `json:"title"`
	Cover   string `json:"cover"`
	Lessons int    `json:"lessons"`
}

// list answers GET /api/enrolments: the learner's courses, open or not.
func (h *enrolments) list(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	enrolments, err := h.enrolments.Of(r.Context(), rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	all, err := h.catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	list := rest.Page[enrolmentItem]{Items: []enrolmentItem{}}
	for _, e := range enrolments {
		item := enrolmentItem{EnrolmentView: e.View(h.now())}
		if c, ok := all.Course(e.CourseID); ok {
			item.Title, item.Cover, item.Lessons = c.Title, c.Cover, c.Lessons()
		}
		list.Items = append(list.Items, item)
	}
	return rest.Encode(w, http.StatusOK, list)
}

// maxPosition is a day, in seconds: no lesson is longer.
const maxPosition = 24 * 60 * 60

// putProgress answers PUT /api/enrolments/:course/progress `{lesson_id,position_s,done?}`
// with all progress in the course. It is for learners that may open the lesson now.
func (h *enrolments) putProgress(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	var in struct {
		LessonID string `json:"lesson_id"`
		Position int    `json:"position_s"`
		Done     bool   `json:"done"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if !shop.ValidID(in.LessonID) {
		return shop.ErrInvalidField.At("lesson_id")
	}
	if in.Position < 0 || in.Position > maxPosition {
		return shop.ErrInvalidField.At("position_s")
	}
	if _, err := h.access.openLesson(r, id, in.LessonID); err != nil {
		return err
	}
	p, err := h.progress.Put(r.Context(), rest.LearnerID(r.Context()), id, in.LessonID, in.Position, in.Done, h.now())
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, progressView{CourseID: id, CourseProgress: p})
}

// progressView names the course that the progress is in.
type progressView struct {
	CourseID string `json:"course_id"`
	*store.CourseProgress
}

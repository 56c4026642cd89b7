package handlers

import (
	"net/http"

	"mstm/shop"
	"mstm/store"
)

// enrolmentItem is one of a learner's courses in the list of them. The course may have
// left the catalogue; the enrolment stays.
type enrolmentItem struct {
	shop.EnrolmentView
	Title   string `json:"title"`
	Cover   string `json:"cover"`
	Lessons int    `json:"lessons"`
}

// listEnrolments answers GET /api/enrolments: the learner's courses, open or not.
func (s *Server) listEnrolments(w http.ResponseWriter, r *http.Request) error {
	s.keepPlace(w, r)
	enrolments, err := s.Store.Enrolments.Of(r.Context(), learnerID(r.Context()))
	if err != nil {
		return err
	}
	all, err := s.Store.Catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	list := page[enrolmentItem]{Items: []enrolmentItem{}}
	for _, e := range enrolments {
		item := enrolmentItem{EnrolmentView: e.View(s.Now())}
		if c, ok := all.Course(e.CourseID); ok {
			item.Title, item.Cover, item.Lessons = c.Title, c.Cover, c.Lessons()
		}
		list.Items = append(list.Items, item)
	}
	return encode(w, http.StatusOK, list)
}

// maxPosition is a day, in seconds: no lesson is longer.
const maxPosition = 24 * 60 * 60

// putProgress answers PUT /api/enrolments/:course/progress `{lesson_id,position_s,done?}`
// with all progress in the course. It is for learners that may open the lesson now.
func (s *Server) putProgress(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	var in struct {
		LessonID string `json:"lesson_id"`
		Position int    `json:"position_s"`
		Done     bool   `json:"done"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if !shop.ValidID(in.LessonID) {
		return shop.ErrInvalidField.At("lesson_id")
	}
	if in.Position < 0 || in.Position > maxPosition {
		return shop.ErrInvalidField.At("position_s")
	}
	if _, err := s.openLesson(r, id, in.LessonID); err != nil {
		return err
	}
	p, err := s.Store.Progress.Put(r.Context(), learnerID(r.Context()), id, in.LessonID, in.Position, in.Done, s.Now())
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, progressView{CourseID: id, CourseProgress: p})
}

// progressView names the course that the progress is in.
type progressView struct {
	CourseID string `json:"course_id"`
	*store.CourseProgress
}

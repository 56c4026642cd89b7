package handlers

import (
	"net/http"

	"mstm/shop"
)

// showLesson answers GET /api/courses/:course/lessons/:lesson. Every opened lesson that
// is no preview is noted: how many were is part of the refund rule.
func (s *Server) showLesson(w http.ResponseWriter, r *http.Request) error {
	courseID, err := pathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	lessonID, err := pathID(r, "lesson", shop.ErrLessonNotFound)
	if err != nil {
		return err
	}
	l, err := s.openLesson(r, courseID, lessonID)
	if err != nil {
		return err
	}
	v := viewLesson(l)
	v.CourseID, v.URL = courseID, l.URL
	if v.Playback, err = s.playback(w, r, courseID, l); err != nil {
		return err
	}
	if !l.Preview {
		if err := s.Store.Progress.Open(r.Context(), learnerID(r.Context()), courseID, lessonID, s.Now()); err != nil {
			return err
		}
	}
	return encode(w, http.StatusOK, v)
}

// openLesson is the lesson, if the caller may see it now: anybody a preview, a learner with an
// open enrolment all of them. The refusal shows what can be bought. It asks at the time of use, so
// a refund or the end of a period closes the very next lesson.
func (s *Server) openLesson(r *http.Request, courseID, lessonID string) (shop.Lesson, error) {
	c, err := s.shownCourse(r, courseID)
	if err != nil {
		return shop.Lesson{}, err
	}
	l, ok := c.Lesson(lessonID)
	if !ok {
		return shop.Lesson{}, shop.ErrLessonNotFound
	}
	if l.Preview {
		return l, nil
	}
	history, err := s.history(r, courseID)
	if err != nil {
		return shop.Lesson{}, err
	}
	now := s.Now()
	if open, _ := history.Enrolment.Access(now); open {
		return l, nil
	}
	refusal := closedLesson(r, history.Enrolment.StateAt(now))
	return shop.Lesson{}, refusal.With("offers", shop.Available(c.Offers(history, now)))
}

// closedLesson is why a paid lesson stays shut: the caller is a visitor, the access has ended, or
// there was none (yet, any more).
func closedLesson(r *http.Request, state shop.GrantState) *shop.Error {
	switch {
	case learnerID(r.Context()) == "":
		return shop.ErrUnauthenticated
	case state == shop.GrantExpired:
		return shop.ErrEnrolmentExpired
	}
	return shop.ErrEnrolmentRequired
}

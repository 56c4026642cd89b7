package handlers

import (
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// courseAccess says which courses a caller is shown and which lessons are open now. The catalogue, the lessons and
// the enrolments share it.
type courseAccess struct {
	catalogue  *store.CatalogueCache
	enrolments *store.Enrolments
	now        func() time.Time
}

// shownCourse is a course that is or was on sale. Drafts are for editors.
func (h *courseAccess) shownCourse(r *http.Request, id string) (*shop.Course, error) {
	all, err := h.catalogue.Get(r.Context())
	if err != nil {
		return nil, err
	}
	return shownCourse(all, id)
}

func shownCourse(all *store.Catalogue, id string) (*shop.Course, error) {
	c, ok := all.Course(id)
	if !ok || c.State == shop.CourseDraft {
		return nil, shop.ErrCourseNotFound
	}
	return c, nil
}

// history is the caller's past in the course, none for a visitor.
func (h *courseAccess) history(r *http.Request, courseID string) (shop.PurchaseHistory, error) {
	user := rest.LearnerID(r.Context())
	if user == "" {
		return shop.PurchaseHistory{}, nil
	}
	all, err := h.enrolments.Standing(r.Context(), user, courseID)
	return all[courseID], err
}

// openLesson is the lesson, if the caller may see it now: anybody a preview, a learner with an
// open enrolment all of them. The refusal shows what can be bought. It asks at the time of use, so
// a refund or the end of a period closes the very next lesson.
func (h *courseAccess) openLesson(r *http.Request, courseID, lessonID string) (shop.Lesson, error) {
	c, err := h.shownCourse(r, courseID)
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
	history, err := h.history(r, courseID)
	if err != nil {
		return shop.Lesson{}, err
	}
	now := h.now()
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
	case rest.LearnerID(r.Context()) == "":
		return shop.ErrUnauthenticated
	case state == shop.GrantExpired:
		return shop.ErrEnrolmentExpired
	}
	return shop.ErrEnrolmentRequired
}

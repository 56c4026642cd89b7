package handlers

import (
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// enrolments are a learner's courses.
type enrolments struct {
	learning *learning.Learning
	live     live
}

// list answers GET /api/enrolments: the learner's courses, open or not, with the progress in each.
func (h *enrolments) list(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	all, err := h.learning.Progress.Enrolled(r.Context(), rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Page[learning.Enrolled]{Items: all})
}

// showProgress answers GET /api/enrolments/:course/progress: how far the learner is in each lesson that was opened. It is
// the learner's own, also when the access has ended.
func (h *enrolments) showProgress(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	h.live.keepPlace(w, r)
	p, err := h.learning.Progress.Of(r.Context(), rest.LearnerID(r.Context()), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, p)
}

// putProgress answers PUT /api/enrolments/:course/progress `{lesson_id,position_s,watched_s?,done?,at?}`
// with all progress in the course. It is for learners that may open the lesson now.
func (h *enrolments) putProgress(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	var in struct {
		LessonID string     `json:"lesson_id"`
		Position int        `json:"position_s"`
		Watched  int        `json:"watched_s"`
		Done     bool       `json:"done"`
		At       *time.Time `json:"at"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	report := shop.ProgressReport{LessonID: in.LessonID, Position: in.Position, Watched: in.Watched, Done: in.Done, At: in.At}
	p, err := h.learning.Progress.Put(r.Context(), viewerOf(r.Context()), id, report)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, p)
}

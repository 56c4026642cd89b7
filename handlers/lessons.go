package handlers

import (
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// lessons are the opened ones.
type lessons struct {
	access   courseAccess
	player   *player
	progress *store.Progress
	now      func() time.Time
}

// show answers GET /api/courses/:course/lessons/:lesson. Every opened lesson that
// is no preview is noted: how many were is part of the refund rule.
func (h *lessons) show(w http.ResponseWriter, r *http.Request) error {
	courseID, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	lessonID, err := rest.PathID(r, "lesson", shop.ErrLessonNotFound)
	if err != nil {
		return err
	}
	l, err := h.access.openLesson(r, courseID, lessonID)
	if err != nil {
		return err
	}
	v := viewLesson(l)
	v.CourseID, v.URL = courseID, l.URL
	if v.Playback, err = h.player.playback(w, r, courseID, l); err != nil {
		return err
	}
	if !l.Preview {
		if err := h.progress.Open(r.Context(), rest.LearnerID(r.Context()), courseID, lessonID, h.now()); err != nil {
			return err
		}
	}
	return rest.Encode(w, http.StatusOK, v)
}

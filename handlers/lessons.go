package handlers

import (
	"context"
	"net/http"
	"strings"
	"time"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// lessons are the opened ones.
type lessons struct {
	learning  *learning.Learning
	publicURL string
	live      live
}

// viewerOf is the sender of a request as lessons know one.
func viewerOf(ctx context.Context) learning.Viewer {
	who := rest.CallerOf(ctx)
	return learning.Viewer{UserID: who.UserID, Client: who.Client, Session: who.Session, Key: who.Row.Key(), Token: who.ID() != ""}
}

// lessonOf are the ids of the course and of the lesson in the path.
func lessonOf(r *http.Request) (courseID, lessonID string, err error) {
	if courseID, err = rest.PathID(r, "course", shop.ErrCourseNotFound); err != nil {
		return "", "", err
	}
	lessonID, err = rest.PathID(r, "lesson", shop.ErrLessonNotFound)
	return courseID, lessonID, err
}

// show answers GET /api/courses/:course/lessons/:lesson. With continue_here=1 in the query a lesson that plays takes
// the place of the device that has played longest.
func (h *lessons) show(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	h.live.keepPlace(w, r)
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	opening := learning.Opening{}
	if opening.TakeOver, err = rest.Flag(q, "continue_here"); err != nil {
		return err
	}
	opening.Cookie = heldCookie(r)
	opened, err := h.learning.Lessons.Open(r.Context(), viewerOf(r.Context()), courseID, lessonID, opening)
	if err != nil {
		return err
	}
	keepCookie(w, opened.Cookie, h.publicURL)
	v := viewLesson(opened.Lesson)
	v.CourseID, v.URL, v.Playback, v.Progress = courseID, opened.Lesson.URL, opened.Playback, opened.Progress
	v.HTML, v.Attachments = opened.HTML, opened.Attachments
	return rest.Encode(w, http.StatusOK, v)
}

const playbackCookieName = "mstm-playback"

// keepCookie gives the browser that opened a lesson a name, for players that send no token with what a
// playlist names; "" is none. It opens nothing by itself. Its path takes in the lessons, so that a browser keeps the name
// it has when it opens another.
func keepCookie(w http.ResponseWriter, value, publicURL string) {
	if value == "" {
		return
	}
	http.SetCookie(w, &http.Cookie{
		Name: playbackCookieName, Value: value, Path: "/api", MaxAge: int(30 * 24 * time.Hour / time.Second),
		HttpOnly: true, SameSite: http.SameSiteStrictMode, Secure: strings.HasPrefix(publicURL, "https://"),
	})
}

// heldCookie is the name that the browser has; "" where it has none.
func heldCookie(r *http.Request) string {
	held, err := r.Cookie(playbackCookieName)
	if err != nil {
		return ""
	}
	return held.Value
}

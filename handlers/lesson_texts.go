package handlers

import (
	"errors"
	"log/slog"
	"net/http"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// maxTextBody is how long a body with the text of a lesson may be, whose characters may be escaped.
const maxTextBody = 2*learning.MaxLessonText + 1<<10

// adminTexts are the texts of lessons, for editors.
type adminTexts struct {
	learning  *learning.Learning
	publicURL string
}

// show answers GET /api/admin/courses/:course/lessons/:lesson/text, drafts included.
func (h *adminTexts) show(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	v, cookie, err := h.learning.Texts.Show(r.Context(), viewerOf(r.Context()), courseID, lessonID, heldCookie(r))
	if err != nil {
		return err
	}
	keepCookie(w, cookie, h.publicURL)
	return rest.Encode(w, http.StatusOK, v)
}

// put answers PUT /api/admin/courses/:course/lessons/:lesson/text `{text,version?}`. With the version that the
// editor has read, an edit made since is not overwritten.
func (h *adminTexts) put(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	var in struct {
		Text    string `json:"text"`
		Version *int64 `json:"version"`
	}
	err = rest.DecodeUpTo(w, r, maxTextBody, &in)
	if errors.Is(err, shop.ErrBodyTooLarge) {
		return shop.ErrLessonTextTooLong
	}
	if err != nil {
		return err
	}
	v, cookie, err := h.learning.Texts.Put(r.Context(), viewerOf(r.Context()), courseID, lessonID, in.Text, in.Version, heldCookie(r))
	if err != nil {
		return err
	}
	rest.LogEvent(r, "text of a lesson edited", slog.String("course", courseID), slog.String("lesson", lessonID))
	keepCookie(w, cookie, h.publicURL)
	return rest.Encode(w, http.StatusOK, v)
}

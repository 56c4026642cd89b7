package handlers

import (
	"net/http"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// notes are those that a learner writes beside a lesson.
type notes struct{ learning *learning.Learning }

// list answers GET /api/courses/:course/lessons/:lesson/notes: one's own, in the order of the lesson.
func (h *notes) list(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	all, err := h.learning.Notes.List(r.Context(), viewerOf(r.Context()), courseID, lessonID)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Page[shop.Note]{Items: all})
}

// add answers POST /api/courses/:course/lessons/:lesson/notes `{text,at_s?}`.
func (h *notes) add(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	var in shop.NoteText
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	n, err := h.learning.Notes.Add(r.Context(), viewerOf(r.Context()), courseID, lessonID, rest.MadeUnder(r), in)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusCreated, n)
}

// edit answers PUT /api/courses/:course/lessons/:lesson/notes/:note `{text,at_s?}`.
func (h *notes) edit(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	id, err := rest.PathID(r, "note", shop.ErrNoteNotFound)
	if err != nil {
		return err
	}
	var in shop.NoteText
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	n, err := h.learning.Notes.Edit(r.Context(), viewerOf(r.Context()), courseID, lessonID, id, in)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, n)
}

// delete answers DELETE /api/courses/:course/lessons/:lesson/notes/:note.
func (h *notes) delete(w http.ResponseWriter, r *http.Request) error {
	courseID, lessonID, err := lessonOf(r)
	if err != nil {
		return err
	}
	id, err := rest.PathID(r, "note", shop.ErrNoteNotFound)
	if err != nil {
		return err
	}
	if err := h.learning.Notes.Delete(r.Context(), viewerOf(r.Context()), courseID, lessonID, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

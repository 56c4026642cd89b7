package learning

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Notes are what learners write for themselves beside lessons.
type Notes struct {
	cfg   Config
	doors *doors
}

// List are the viewer's own notes in a lesson, also after the access has ended.
func (n *Notes) List(ctx context.Context, v Viewer, courseID, lessonID string) ([]shop.Note, error) {
	if _, _, err := n.doors.lesson(ctx, courseID, lessonID); err != nil {
		return nil, err
	}
	all, err := n.cfg.Store.Notes.Get(ctx, v.UserID, courseID, lessonID)
	if err != nil {
		return nil, err
	}
	return all.List(), nil
}

// Add writes a note beside a lesson that the viewer may open. id is the note's; "": a new one. Under an id that there
// is already nothing is added again.
func (n *Notes) Add(ctx context.Context, v Viewer, courseID, lessonID, id string, text shop.NoteText) (note shop.Note, err error) {
	if err := text.Check(); err != nil {
		return shop.Note{}, err
	}
	if _, _, err := n.doors.open(ctx, v, courseID, lessonID); err != nil {
		return shop.Note{}, err
	}
	if id == "" {
		id = store.NewID()
	}
	_, err = n.cfg.Store.Notes.Change(ctx, v.UserID, courseID, lessonID, func(all *shop.LessonNotes) error {
		if had, there := all.Note(id); there {
			note = had
			return store.Unchanged()
		}
		note, err = all.Add(id, text, n.cfg.Now())
		return err
	})
	return note, err
}

// Edit changes one of the viewer's own notes.
func (n *Notes) Edit(ctx context.Context, v Viewer, courseID, lessonID, id string, text shop.NoteText) (note shop.Note, err error) {
	if err := text.Check(); err != nil {
		return shop.Note{}, err
	}
	_, err = n.cfg.Store.Notes.Change(ctx, v.UserID, courseID, lessonID, func(all *shop.LessonNotes) error {
		note, err = all.Edit(id, text, n.cfg.Now())
		return err
	})
	return note, err
}

// Delete removes one of the viewer's own notes.
func (n *Notes) Delete(ctx context.Context, v Viewer, courseID, lessonID, id string) error {
	_, err := n.cfg.Store.Notes.Change(ctx, v.UserID, courseID, lessonID, func(all *shop.LessonNotes) error { return all.Delete(id) })
	return err
}

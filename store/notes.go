package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Notes are what learners write for themselves beside lessons: one document for the notes of a learner in a lesson.
type Notes struct {
	docs Collection[shop.LessonNotes]
}

func newNotes(b *base) *Notes {
	docs := newCollection[shop.LessonNotes](b, "lesson_notes")
	docs.version = func(d *shop.LessonNotes) *int64 { return &d.V }
	docs.blank = shop.NoLessonNotes
	return &Notes{docs: docs}
}

// Get reads a learner's notes in a lesson.
func (s *Notes) Get(ctx context.Context, userID, courseID, lessonID string) (*shop.LessonNotes, error) {
	n, err := s.docs.Get(ctx, shop.LessonNotesID(userID, courseID, lessonID))
	if err == ErrNotFound {
		return shop.NoLessonNotes(shop.LessonNotesID(userID, courseID, lessonID)), nil
	}
	return n, err
}

// Change is the collection's Change; where there are no notes, change works on none.
func (s *Notes) Change(ctx context.Context, userID, courseID, lessonID string, change func(*shop.LessonNotes) error) (*shop.LessonNotes, error) {
	return s.docs.Change(ctx, shop.LessonNotesID(userID, courseID, lessonID), change)
}

// DeleteOf removes all notes of a learner.
func (s *Notes) DeleteOf(ctx context.Context, userID string) error {
	all, err := s.docs.All(ctx, bson.M{"user_id": userID})
	if err != nil {
		return err
	}
	for i := range all {
		if _, err := s.docs.DeleteByID(ctx, all[i].ID); err != nil {
			return err
		}
	}
	return nil
}

// StaffNote is what a member of staff writes down about a person, for colleagues.
type StaffNote struct {
	ID        string    `bson:"_id"`
	UserID    string    `bson:"user_id"`
	By        string    `bson:"by"` // user id
	Text      string    `bson:"text"`
	CreatedAt time.Time `bson:"created_at"`
}

// StaffNotes are what staff write down about people, append only.
type StaffNotes struct {
	docs Collection[StaffNote]
}

func newStaffNotes(b *base) *StaffNotes {
	return &StaffNotes{newCollection[StaffNote](b, "staff_notes")}
}

// Insert adds a note and reports whether its id was free: the same id twice is one note.
func (s *StaffNotes) Insert(ctx context.Context, n *StaffNote) (bool, error) {
	return s.docs.Insert(ctx, n)
}

// Get reads a note; ErrNotFound where there is none.
func (s *StaffNotes) Get(ctx context.Context, id string) (*StaffNote, error) {
	return s.docs.Get(ctx, id)
}

// Of lists the notes about a person, newest first.
func (s *StaffNotes) Of(ctx context.Context, userID string, limit int, cursor string) ([]StaffNote, string, error) {
	return s.docs.Page(ctx, bson.M{"user_id": userID}, limit, cursor, func(n StaffNote) (any, string) { return n.CreatedAt, n.ID })
}

// DeleteOf removes all notes about a person.
func (s *StaffNotes) DeleteOf(ctx context.Context, userID string) error {
	all, err := s.docs.All(ctx, bson.M{"user_id": userID})
	if err != nil {
		return err
	}
	for i := range all {
		if _, err := s.docs.DeleteByID(ctx, all[i].ID); err != nil {
			return err
		}
	}
	return nil
}

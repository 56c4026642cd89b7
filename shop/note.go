package shop

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Limits of a learner's own notes.
const (
	MaxNotes   = 200  // in one lesson
	maxNoteLen = 2000 // characters
)

// LessonNotes are what one learner has written beside one lesson, for no other eyes.
type LessonNotes struct {
	ID     string `bson:"_id"` // user:course:lesson
	UserID string `bson:"user_id"`
	Notes  []Note `bson:"notes"`
	V      int64  `bson:"v"`
}

// Note is one of them.
type Note struct {
	ID        string    `bson:"id" json:"id"`
	Text      string    `bson:"text" json:"text"`
	At        *int      `bson:"at_s,omitempty" json:"at_s,omitempty"` // seconds into the lesson; nil: of the whole lesson
	CreatedAt time.Time `bson:"created_at" json:"created_at"`
	UpdatedAt time.Time `bson:"updated_at" json:"updated_at"`
}

// LessonNotesID is the key of a learner's notes in a lesson.
func LessonNotesID(userID, courseID, lessonID string) string {
	return EnrolmentID(userID, courseID) + ":" + lessonID
}

// NoLessonNotes are the notes under a key before the first.
func NoLessonNotes(id string) *LessonNotes {
	userID, _, _ := strings.Cut(id, ":")
	return &LessonNotes{ID: id, UserID: userID, Notes: []Note{}}
}

// NoteText is what a learner writes into a note.
type NoteText struct {
	Text string `json:"text"`
	At   *int   `json:"at_s"`
}

// Check cleans the text, or refuses it.
func (n *NoteText) Check() (err error) {
	if n.At != nil && (*n.At < 0 || *n.At > MaxPosition) {
		return ErrInvalidField.At("at_s")
	}
	n.Text, err = CleanText("text", n.Text, 1, maxNoteLen)
	return err
}

// Note finds a note by its id.
func (n *LessonNotes) Note(id string) (Note, bool) {
	if i := n.index(id); i >= 0 {
		return n.Notes[i], true
	}
	return Note{}, false
}

// Add adds a note; ErrTooManyNotes where there are MaxNotes.
func (n *LessonNotes) Add(id string, text NoteText, now time.Time) (Note, error) {
	if len(n.Notes) >= MaxNotes {
		return Note{}, ErrTooManyNotes
	}
	note := Note{ID: id, Text: text.Text, At: text.At, CreatedAt: noteTime(now), UpdatedAt: noteTime(now)}
	n.Notes = append(n.Notes, note)
	return note, nil
}

// Edit changes a note; ErrNoteNotFound where there is none of that id.
func (n *LessonNotes) Edit(id string, text NoteText, now time.Time) (Note, error) {
	i := n.index(id)
	if i < 0 {
		return Note{}, ErrNoteNotFound
	}
	note := &n.Notes[i]
	note.Text, note.At, note.UpdatedAt = text.Text, text.At, noteTime(now)
	return *note, nil
}

// Delete removes a note; ErrNoteNotFound where there is none of that id.
func (n *LessonNotes) Delete(id string) error {
	i := n.index(id)
	if i < 0 {
		return ErrNoteNotFound
	}
	n.Notes = slices.Delete(n.Notes, i, i+1)
	return nil
}

// List are the notes in the order of the lesson, those of the whole lesson first.
func (n *LessonNotes) List() []Note {
	place := func(x Note) int {
		if x.At == nil {
			return -1
		}
		return *x.At
	}
	all := append([]Note{}, n.Notes...)
	for i := range all {
		all[i].CreatedAt, all[i].UpdatedAt = all[i].CreatedAt.UTC(), all[i].UpdatedAt.UTC()
	}
	slices.SortStableFunc(all, func(a, b Note) int { return cmp.Or(place(a)-place(b), a.CreatedAt.Compare(b.CreatedAt)) })
	return all
}

func (n *LessonNotes) index(id string) int {
	return slices.IndexFunc(n.Notes, func(x Note) bool { return x.ID == id })
}

// noteTime is a time as the database keeps it.
func noteTime(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

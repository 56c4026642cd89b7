package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// LessonText is the text of a lesson, in Markdown. It is apart from the course, which is read whole for every
// page of the catalogue.
type LessonText struct {
	ID        string    `bson:"_id"` // course:lesson
	CourseID  string    `bson:"course_id"`
	LessonID  string    `bson:"lesson_id"`
	Text      string    `bson:"text"`
	Media     []string  `bson:"media"` // ids of the files that it shows
	By        string    `bson:"by"`    // the editor's user id
	UpdatedAt time.Time `bson:"updated_at"`
	V         int64     `bson:"v"` // grows by one with every edit, from 1
}

// LessonTexts are the texts of lessons.
type LessonTexts struct {
	*base
	docs Collection[LessonText]
}

func newLessonTexts(b *base) *LessonTexts {
	docs := newCollection[LessonText](b, "lesson_texts")
	docs.version = func(d *LessonText) *int64 { return &d.V }
	docs.blank = func(id string) *LessonText { return &LessonText{ID: id} }
	return &LessonTexts{base: b, docs: docs}
}

// LessonTextID is the id of a lesson's text.
func LessonTextID(courseID, lessonID string) string { return courseID + ":" + lessonID }

// Get reads the text of a lesson; one that was never written is empty, in version 0.
func (s *LessonTexts) Get(ctx context.Context, courseID, lessonID string) (*LessonText, error) {
	t, err := s.docs.Get(ctx, LessonTextID(courseID, lessonID))
	if errors.Is(err, ErrNotFound) {
		return &LessonText{ID: LessonTextID(courseID, lessonID), CourseID: courseID, LessonID: lessonID}, nil
	}
	return t, err
}

// Put writes the text of a lesson. Where seen names a version and another one is there, it is
// shop.ErrEditConflict and nothing is written.
func (s *LessonTexts) Put(ctx context.Context, t LessonText, seen *int64) (*LessonText, error) {
	return s.docs.Change(ctx, LessonTextID(t.CourseID, t.LessonID), func(d *LessonText) error {
		if seen != nil && *seen != d.V {
			return shop.ErrEditConflict
		}
		d.CourseID, d.LessonID, d.Text, d.Media, d.By = t.CourseID, t.LessonID, t.Text, t.Media, t.By
		d.UpdatedAt = s.now().UTC()
		return nil
	})
}

// InUse reads the files of all texts of lessons that are there, and reports of a file whether one of them
// shows it.
func (s *LessonTexts) InUse(ctx context.Context, isThere func(courseID, lessonID string) bool) (func(id string) bool, error) {
	used := map[string]bool{}
	err := s.docs.Each(ctx, bson.M{}, func(t *LessonText) error {
		if isThere(t.CourseID, t.LessonID) {
			for _, id := range t.Media {
				used[id] = true
			}
		}
		return nil
	}, options.Find().SetProjection(bson.M{"text": 0}))
	return func(id string) bool { return used[id] }, err
}

// Shows reports whether the text shows a file.
func (t *LessonText) Shows(mediaID string) bool { return slices.Contains(t.Media, mediaID) }

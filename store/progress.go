package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// CourseProgress is how far a learner has come in a course. It is apart from the enrolment, so
// that watching never contends with money. Lessons are keyed by their id.
type CourseProgress struct {
	ID      string                    `bson:"_id" json:"-"` // user:course
	Lessons map[string]LessonProgress `bson:"lessons" json:"lessons"`
}

// LessonProgress is one lesson of it. Position is in seconds.
type LessonProgress struct {
	OpenedAt time.Time `bson:"opened_at" json:"opened_at"`
	Position int       `bson:"position_s" json:"position_s"`
	Done     bool      `bson:"done" json:"done"`
}

// Opened reports whether a lesson was opened.
func (p *CourseProgress) Opened(lessonID string) bool {
	_, there := p.Lessons[lessonID]
	return there
}

// Progress is how far learners have come.
type Progress struct {
	*base
	docs Collection[CourseProgress]
}

func newProgress(b *base) *Progress {
	return &Progress{base: b, docs: newCollection[CourseProgress](b, "progress")}
}

// Get reads a learner's progress in a course; empty where nothing was opened.
func (s *Progress) Get(ctx context.Context, userID, courseID string) (*CourseProgress, error) {
	id := shop.EnrolmentID(userID, courseID)
	p, err := s.docs.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return noProgress(id), nil
	}
	return p, err
}

// Open notes that the learner has opened the lesson; the first time counts.
func (s *Progress) Open(ctx context.Context, userID, courseID, lessonID string, now time.Time) error {
	p, err := s.Get(ctx, userID, courseID)
	if err != nil {
		return err
	}
	if _, opened := p.Lessons[lessonID]; opened {
		return nil
	}
	return s.set(ctx, p.ID, bson.M{"lessons." + lessonID + ".opened_at": now.UTC()})
}

// Put notes how far the learner is in a lesson; done, once true, stays.
func (s *Progress) Put(ctx context.Context, userID, courseID, lessonID string, position int, done bool, now time.Time) (*CourseProgress, error) {
	if err := s.Open(ctx, userID, courseID, lessonID, now); err != nil {
		return nil, err
	}
	set := bson.M{"lessons." + lessonID + ".position_s": position}
	if done {
		set["lessons."+lessonID+".done"] = true
	}
	if err := s.set(ctx, shop.EnrolmentID(userID, courseID), set); err != nil {
		return nil, err
	}
	return s.Get(ctx, userID, courseID)
}

func noProgress(id string) *CourseProgress {
	return &CourseProgress{ID: id, Lessons: map[string]LessonProgress{}}
}

func (s *Progress) set(ctx context.Context, id string, set bson.M) error {
	if _, err := s.docs.Insert(ctx, noProgress(id)); err != nil {
		return err
	}
	_, err := s.docs.Update(ctx, bson.M{"_id": id}, bson.M{"$set": set})
	return err
}

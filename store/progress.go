package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Progress is how far learners have come.
type Progress struct {
	*base
	docs Collection[shop.CourseProgress]
}

func newProgress(b *base) *Progress {
	return &Progress{base: b, docs: newCollection[shop.CourseProgress](b, "progress")}
}

// Get reads a learner's progress in a course; empty where nothing was opened.
func (s *Progress) Get(ctx context.Context, userID, courseID string) (*shop.CourseProgress, error) {
	id := shop.EnrolmentID(userID, courseID)
	p, err := s.docs.Get(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return shop.NoProgress(id), nil
	}
	return p, err
}

// In reads a learner's progress in these courses, by the course; courses in which nothing was opened are left out.
func (s *Progress) In(ctx context.Context, userID string, courseIDs []string) (map[string]*shop.CourseProgress, error) {
	ids := make([]string, 0, len(courseIDs))
	for _, c := range courseIDs {
		ids = append(ids, shop.EnrolmentID(userID, c))
	}
	all, err := s.docs.ByIDs(ctx, ids)
	return byID(all, func(p *shop.CourseProgress) string { return p.ID[len(userID)+1:] }), err
}

// Each calls each with the progress of every learner in every course.
func (s *Progress) Each(ctx context.Context, each func(*shop.CourseProgress) error) error {
	return s.docs.Each(ctx, bson.M{}, each)
}

// Open notes that the learner has opened the lesson; the first time counts. It returns the progress before and after.
func (s *Progress) Open(ctx context.Context, userID, courseID, lessonID string, now time.Time) (was, is *shop.CourseProgress, err error) {
	p, err := s.Get(ctx, userID, courseID)
	if err != nil || p.Opened(lessonID) {
		return p, p, err
	}
	return s.merge(ctx, p.ID, lessonID, shop.LessonProgress{OpenedAt: now.UTC().Truncate(time.Millisecond)})
}

// Put merges what a device reports of a lesson: one command, whatever else is written at the time. It returns the
// progress before and after.
func (s *Progress) Put(ctx context.Context, userID, courseID, lessonID string, l shop.LessonProgress) (was, is *shop.CourseProgress, err error) {
	return s.merge(ctx, shop.EnrolmentID(userID, courseID), lessonID, l)
}

// merge is shop.LessonProgress.Merge done by the database: greater values win, and the earlier opening. A field that
// is zero is not sent.
func (s *Progress) merge(ctx context.Context, id, lessonID string, l shop.LessonProgress) (was, is *shop.CourseProgress, err error) {
	at := "lessons." + lessonID + "."
	greatest := bson.M{at + "done": l.Done}
	if l.Newest != 0 {
		greatest[at+"newest"], greatest[at+"furthest_s"] = l.Newest, l.Furthest
	}
	if l.Watched > 0 {
		greatest[at+"watched_s"] = l.Watched
	}
	was, err = s.docs.Merge(ctx, id, bson.M{"$max": greatest, "$min": bson.M{at + "opened_at": l.OpenedAt}})
	if err != nil {
		return nil, nil, err
	}
	if was == nil {
		was = shop.NoProgress(id)
	}
	return was, was.With(lessonID, l), nil
}

// Finish notes that the learner has finished the course, and reports whether this call did it.
func (s *Progress) Finish(ctx context.Context, userID, courseID string, now time.Time) (bool, error) {
	return s.docs.Update(ctx, bson.M{"_id": shop.EnrolmentID(userID, courseID), "finished_at": nil},
		bson.M{"$set": bson.M{"finished_at": now.UTC().Truncate(time.Millisecond)}})
}

// LearningCounts are the numbers of learners of each course that editors see.
type LearningCounts struct {
	docs   Collection[shop.LearningCounts]
	claims Collection[countClaim]
}

// countClaim says that an instance counts again on a day: whatever is in the collection under an id with a colon.
type countClaim struct {
	ID string `bson:"_id"`
}

func newLearningCounts(b *base) *LearningCounts {
	const name = "learning_counts"
	return &LearningCounts{newCollection[shop.LearningCounts](b, name), newCollection[countClaim](b, name)}
}

// Get reads the counts of a course; zeros where no learner has opened anything.
func (s *LearningCounts) Get(ctx context.Context, courseID string) (*shop.LearningCounts, error) {
	n, err := s.docs.Get(ctx, courseID)
	if errors.Is(err, ErrNotFound) {
		return &shop.LearningCounts{CourseID: courseID}, nil
	}
	return n, err
}

// Add adds changes to the counts of a course, by the name of the field.
func (s *LearningCounts) Add(ctx context.Context, courseID string, changes map[string]int64) error {
	if len(changes) == 0 {
		return nil
	}
	_, err := s.docs.Merge(ctx, courseID, bson.M{"$inc": changes})
	return err
}

// Claim reports whether this call is the first for the day and may count the day's; the claim of the day before is
// forgotten.
func (s *LearningCounts) Claim(ctx context.Context, day, before shop.Date) (bool, error) {
	first, err := s.claims.Insert(ctx, &countClaim{"day:" + string(day)})
	if err != nil || !first {
		return false, err
	}
	_, err = s.claims.DeleteByID(ctx, "day:"+string(before))
	return true, err
}

// Unclaim gives the day back to whichever instance asks next.
func (s *LearningCounts) Unclaim(ctx context.Context, day shop.Date) error {
	_, err := s.claims.DeleteByID(ctx, "day:"+string(day))
	return err
}

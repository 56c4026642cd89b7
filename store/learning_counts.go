package store

import (
	"context"
	"errors"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// LearningCounts are the numbers of learners of each course that editors see.
type LearningCounts struct {
	docs   Collection[shop.LearningCounts]
	claims Collection[countClaim]
}

// countClaim says that an instance counts anew on a day: whatever is in the collection under an id with a colon.
type countClaim struct {
	ID string `bson:"_id"`
}

func newLearningCounts(b *base) *LearningCounts {
	const name = "learning_counts"
	return &LearningCounts{newCollection[shop.LearningCounts](b, name), newCollection[countClaim](b, name)}
}

// Get reads the counts of a course; zeros where nobody has opened anything.
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

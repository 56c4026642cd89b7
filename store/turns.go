package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// A Turn is an instant at which an enrolment changes by itself: a period begins, or access
// ends. What the enrolment is then follows from the clock; the row is there so that open
// pages are told.
type Turn struct {
	ID       string    `bson:"_id"` // user:course:unix seconds
	UserID   string    `bson:"user_id"`
	CourseID string    `bson:"course_id"`
	At       time.Time `bson:"at"`
}

// NoteTurn remembers that a learner's enrolment in a course changes at an instant.
func (s *Store) NoteTurn(ctx context.Context, userID, courseID string, at time.Time) error {
	row := Turn{ID: fmt.Sprintf("%s:%d", shop.EnrolmentID(userID, courseID), at.Unix()), UserID: userID, CourseID: courseID, At: at.UTC()}
	if _, err := s.insertOnce(ctx, s.coll("turns"), row); err != nil {
		return fmt.Errorf("note turn: %w", err)
	}
	return nil
}

// TurnsNow lists the turns that have come, earliest first.
func (s *Store) TurnsNow(ctx context.Context, now time.Time, limit int) ([]Turn, error) {
	return findAll[Turn](ctx, s.coll("turns"), bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// ForgetTurn removes a turn whose pages were told.
func (s *Store) ForgetTurn(ctx context.Context, t Turn) error {
	_, err := s.deleteByID(ctx, s.coll("turns"), t.ID)
	return err
}

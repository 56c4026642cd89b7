package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// An AccessEnd says when to look next at an access that ends by itself: to remind its learner,
// and at the end to tell open pages. There is one for each end of an enrolment, moved on
// from look to look, so that the rows to read every second stay few. It is only a wake-up:
// what is so then is read from the enrolment.
type AccessEnd struct {
	ID       string    `bson:"_id"` // user:course:unix seconds of the end
	UserID   string    `bson:"user_id"`
	CourseID string    `bson:"course_id"`
	End      time.Time `bson:"end"` // the first instant without access
	At       time.Time `bson:"at"`  // when to look
}

// AccessEnds say when to look at accesses that end by themselves.
type AccessEnds struct {
	*base
}

// Schedule makes sure that a learner's access to a course, which ends at end, is looked at
// from at on.
func (s *AccessEnds) Schedule(ctx context.Context, userID, courseID string, end, at time.Time) error {
	row := AccessEnd{
		ID:     fmt.Sprintf("%s:%d", shop.EnrolmentID(userID, courseID), end.Unix()),
		UserID: userID, CourseID: courseID, End: end.UTC(), At: at.UTC(),
	}
	if _, err := s.insertOnce(ctx, s.coll("turns"), row); err != nil {
		return fmt.Errorf("note turn: %w", err)
	}
	return nil
}

// Due lists the turns that have come, earliest first.
func (s *AccessEnds) Due(ctx context.Context, now time.Time, limit int) ([]AccessEnd, error) {
	return findAll[AccessEnd](ctx, s.coll("turns"), bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Reschedule sets when to look next, unless somebody else has since t was read.
func (s *AccessEnds) Reschedule(ctx context.Context, t AccessEnd, at time.Time) error {
	_, err := s.updateIf(ctx, s.coll("turns"), bson.M{"_id": t.ID, "at": t.At.UTC()}, bson.M{"$set": bson.M{"at": at.UTC()}})
	if err != nil {
		return fmt.Errorf("move turn: %w", err)
	}
	return nil
}

// Done removes a turn after which nothing happens by itself any more.
func (s *AccessEnds) Done(ctx context.Context, t AccessEnd) error {
	if _, err := s.deleteByID(ctx, s.coll("turns"), t.ID); err != nil {
		return fmt.Errorf("forget turn: %w", err)
	}
	return nil
}

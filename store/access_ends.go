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
	docs Collection[AccessEnd]
}

func newAccessEnds(b *base) *AccessEnds {
	return &AccessEnds{base: b, docs: newCollection[AccessEnd](b, "turns")}
}

// Schedule makes sure that a learner's access to a course, which ends at end, is looked at
// from at on.
func (s *AccessEnds) Schedule(ctx context.Context, userID, courseID string, end, at time.Time) error {
	row := &AccessEnd{
		ID:     fmt.Sprintf("%s:%d", shop.EnrolmentID(userID, courseID), end.Unix()),
		UserID: userID, CourseID: courseID, End: end.UTC(), At: at.UTC(),
	}
	_, err := s.docs.Insert(ctx, row)
	return err
}

// Due lists the rows whose time has come, earliest first.
func (s *AccessEnds) Due(ctx context.Context, now time.Time, limit int) ([]AccessEnd, error) {
	return s.docs.All(ctx, bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Reschedule sets when to look next, unless e has been moved since it was read.
func (s *AccessEnds) Reschedule(ctx context.Context, e AccessEnd, at time.Time) error {
	_, err := s.docs.Update(ctx, bson.M{"_id": e.ID, "at": e.At.UTC()}, bson.M{"$set": bson.M{"at": at.UTC()}})
	return err
}

// Done removes a row after which nothing happens by itself any more.
func (s *AccessEnds) Done(ctx context.Context, e AccessEnd) error {
	_, err := s.docs.DeleteByID(ctx, e.ID)
	return err
}

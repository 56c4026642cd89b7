package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// UnsentKind names what open pages have not been shown.
type UnsentKind string

// What may be unsent. Ref is the id of the thing named.
const (
	UnsentOrder     UnsentKind = "order"     // how an order stands
	UnsentEnrolment UnsentKind = "enrolment" // the state of a course for a learner, with the Why to publish
	UnsentCart      UnsentKind = "cart"      // the lines that an order bought leave the cart, and its pages see that
	UnsentNotice    UnsentKind = "notice"    // a notice of the inbox
	UnsentUnmatched UnsentKind = "unmatched" // a payment that fits no order
	UnsentBroadcast UnsentKind = "broadcast" // a broadcast to a user; without a user, to everybody
)

// Unsent says that open pages wait for news that Redis did not take. It names the thing; its state is read when it
// is shown at last, so that late news is never old news. The row is written instead of having the caller wait or
// fail, and deleted after the news is out. Seq changes with every note: news that is noted while the earlier is
// being shown stays.
type Unsent struct {
	ID     string     `bson:"_id"`
	Kind   UnsentKind `bson:"kind"`
	Ref    string     `bson:"ref"`
	UserID string     `bson:"user_id"`
	Why    string     `bson:"why"`
	At     time.Time  `bson:"at"` // when it was noted first
	Seq    string     `bson:"seq"`
}

// UnsentNews is what open pages have not been shown yet.
type UnsentNews struct {
	*base
	docs Collection[Unsent]
}

func newUnsentNews(b *base) *UnsentNews {
	return &UnsentNews{base: b, docs: newCollection[Unsent](b, "unsent")}
}

func (s *UnsentNews) fill(u Unsent) Unsent {
	u.ID = fmt.Sprintf("%s:%s:%s:%s", u.Kind, u.Ref, u.UserID, u.Why)
	u.At, u.Seq = s.now().UTC(), NewID()
	return u
}

// Note notes news to be shown later; ID, At and Seq are filled in.
func (s *UnsentNews) Note(ctx context.Context, u Unsent) error {
	row := s.fill(u)
	return s.docs.InsertOrUpdate(ctx, row.ID, &row, bson.M{"$set": bson.M{"seq": row.Seq}})
}

// NoteAll is Unsent.Note for things that never change.
func (s *UnsentNews) NoteAll(ctx context.Context, all []Unsent) error {
	rows := make([]Unsent, len(all))
	for i, u := range all {
		rows[i] = s.fill(u)
	}
	_, err := s.docs.InsertAll(ctx, rows)
	return err
}

// List lists what waits, oldest first.
func (s *UnsentNews) List(ctx context.Context, limit int) ([]Unsent, error) {
	return s.docs.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Done deletes a row whose news is out, unless the same was noted since the row was read.
func (s *UnsentNews) Done(ctx context.Context, u Unsent) error {
	_, err := s.docs.Delete(ctx, bson.M{"_id": u.ID, "seq": u.Seq})
	return err
}

package store

import (
	"context"
	"fmt"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// DueDelivery says from when on a message that waits is to be looked at. The row is written
// before the delivery and deleted once that waits no more, so that looking for work reads
// these few rows and no deliveries, and no message is ever forgotten. It is only a wake-up:
// what is so then is read from the delivery.
type DeliveryWakeup struct {
	ID    string    `bson:"_id"` // the delivery's
	Kind  string    `bson:"kind"`
	Rank  int       `bson:"rank"`
	At    time.Time `bson:"at"`
	Since time.Time `bson:"since"` // when the row was written
}

func dueDelivery(d shop.Delivery, now time.Time) DeliveryWakeup {
	return DeliveryWakeup{ID: d.ID, Kind: d.Kind, Rank: d.Rank, At: d.NextAt.UTC(), Since: now.UTC()}
}

// Due lists messages that are to be looked at now: the lowest rank first, within it
// the longest overdue.
func (s *Deliveries) Due(ctx context.Context, now time.Time, limit int) ([]DeliveryWakeup, error) {
	return findAll[DeliveryWakeup](ctx, s.coll("due_deliveries"), bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Reschedule sets from when on a waiting message is to be looked at. Whoever has written the
// delivery does this next, so that a row is only ever behind its delivery: early, not lost.
func (s *Deliveries) Reschedule(ctx context.Context, id string, at time.Time) error {
	_, err := s.updateIf(ctx, s.coll("due_deliveries"), bson.M{"_id": id}, bson.M{"$set": bson.M{"at": at.UTC()}})
	if err != nil {
		return fmt.Errorf("move delivery: %w", err)
	}
	return nil
}

// Done deletes the row of a message that waits no more, or never came to be.
func (s *Deliveries) Done(ctx context.Context, id string) error {
	if _, err := s.deleteByID(ctx, s.coll("due_deliveries"), id); err != nil {
		return fmt.Errorf("rest delivery: %w", err)
	}
	return nil
}

// messageNumber leads from WeChat's number of a message to its delivery, because only an _id
// is found at once in every store.
type messageNumber struct {
	ID       string `bson:"_id"` // the number in decimal
	Delivery string `bson:"delivery"`
}

func (s *Deliveries) number(ctx context.Context, d *shop.Delivery) error {
	_, err := s.insertOnce(ctx, s.coll("message_numbers"), messageNumber{strconv.FormatInt(d.MsgID, 10), d.ID})
	return err
}

// ByMsgID finds the delivery that WeChat gave a number; ok is false where none has it.
// The number is on record before the delivery says that it was sent.
func (s *Deliveries) ByMsgID(ctx context.Context, msgid int64) (d shop.Delivery, ok bool, err error) {
	n, err := findByID[messageNumber](ctx, s.coll("message_numbers"), strconv.FormatInt(msgid, 10), errNoDelivery)
	if err == nil {
		return s.Get(ctx, n.Delivery)
	}
	return d, false, orNone(err)
}

package store

import (
	"context"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Deliveries are the WeChat messages and their state.
type Deliveries struct {
	*base
	docs    Collection[shop.Delivery]
	wakeups Collection[DeliveryWakeup]
	numbers Collection[messageNumber]
}

func newDeliveries(b *base) *Deliveries {
	s := &Deliveries{base: b, docs: newCollection[shop.Delivery](b, "deliveries")}
	s.wakeups = newCollection[DeliveryWakeup](b, "due_deliveries")
	s.numbers = newCollection[messageNumber](b, "message_numbers")
	return s
}

// Insert notes a message that is to be sent and reports whether this call did it:
// the same id twice is sent once.
func (s *Deliveries) Insert(ctx context.Context, d shop.Delivery) (bool, error) {
	// The row first: one without its delivery is found and dropped, a delivery without its row
	// would never be.
	row := deliveryWakeup(d, s.now())
	if _, err := s.wakeups.Insert(ctx, &row); err != nil {
		return false, err
	}
	return s.docs.Insert(ctx, &d)
}

// InsertAll is Insert for many; it reports how many were not there yet. After an error some may be.
func (s *Deliveries) InsertAll(ctx context.Context, all []shop.Delivery) (fresh int, err error) {
	rows := make([]DeliveryWakeup, len(all))
	for i, d := range all {
		rows[i] = deliveryWakeup(d, s.now())
	}
	if _, err := s.wakeups.InsertAll(ctx, rows); err != nil {
		return 0, err
	}
	return s.docs.InsertAll(ctx, all)
}

// Save replaces a delivery, unless it has been written since it was read, and reports whether this
// call did it. d then is what stands there. Its next look is set afterwards; after a crash in
// between, the look comes too early and mends that.
func (s *Deliveries) Save(ctx context.Context, d *shop.Delivery) (bool, error) {
	next := *d
	next.V++
	if next.State == shop.DeliverySent && next.MsgID != 0 {
		if err := s.number(ctx, &next); err != nil {
			return false, err
		}
	}
	won, err := s.docs.Replace(ctx, bson.M{"_id": d.ID, "v": d.V}, &next)
	if err != nil || !won {
		return false, err
	}
	*d = next
	if next.State == shop.DeliveryWaiting {
		return true, s.Reschedule(ctx, d.ID, d.NextAt)
	}
	return true, s.Done(ctx, d.ID)
}

// Get reads one; ErrNotFound where there is none.
func (s *Deliveries) Get(ctx context.Context, id string) (*shop.Delivery, error) {
	return s.docs.Get(ctx, id)
}

// Count counts a broadcast's deliveries by what became of them; a state that none
// is in is left out.
func (s *Deliveries) Count(ctx context.Context, broadcast string) (map[shop.DeliveryState]int64, error) {
	return countBy[shop.DeliveryState](ctx, s.docs.in, bson.M{"broadcast": broadcast}, "state")
}

// DeliveryWakeup says from when on a message that waits is to be looked at. The row is written
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

func deliveryWakeup(d shop.Delivery, now time.Time) DeliveryWakeup {
	return DeliveryWakeup{ID: d.ID, Kind: d.Kind, Rank: d.Rank, At: d.NextAt.UTC(), Since: now.UTC()}
}

// Due lists messages that are to be looked at now: the lowest rank first, within it
// the longest overdue.
func (s *Deliveries) Due(ctx context.Context, now time.Time, limit int) ([]DeliveryWakeup, error) {
	return s.wakeups.All(ctx, bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Reschedule sets from when on a waiting message is to be looked at. It follows the write of the
// delivery, so that a row is only ever behind its delivery: early, not lost.
func (s *Deliveries) Reschedule(ctx context.Context, id string, at time.Time) error {
	_, err := s.wakeups.Update(ctx, bson.M{"_id": id}, bson.M{"$set": bson.M{"at": at.UTC()}})
	return err
}

// Done deletes the row of a message that waits no more, or never came to be.
func (s *Deliveries) Done(ctx context.Context, id string) error {
	_, err := s.wakeups.DeleteByID(ctx, id)
	return err
}

// messageNumber leads from WeChat's number of a message to its delivery, because only an _id
// is found at once in every store.
type messageNumber struct {
	ID       string `bson:"_id"` // the number in decimal
	Delivery string `bson:"delivery"`
}

func (s *Deliveries) number(ctx context.Context, d *shop.Delivery) error {
	_, err := s.numbers.Insert(ctx, &messageNumber{strconv.FormatInt(d.MsgID, 10), d.ID})
	return err
}

// ByMsgID finds the delivery that WeChat gave a number; ErrNotFound where none has it.
// The number is on record before the delivery says that it was sent.
func (s *Deliveries) ByMsgID(ctx context.Context, msgid int64) (*shop.Delivery, error) {
	n, err := s.numbers.Get(ctx, strconv.FormatInt(msgid, 10))
	if err != nil {
		return nil, err
	}
	return s.Get(ctx, n.Delivery)
}

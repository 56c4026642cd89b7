package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Deliveries are the WeChat messages and their state.
type Deliveries struct {
	*base
}

// Insert notes a message that is to be sent and reports whether this call did it:
// the same id twice is sent once.
func (s *Deliveries) Insert(ctx context.Context, d shop.Delivery) (bool, error) {
	// The row first: one without its delivery is found and dropped, a delivery without its row
	// would never be.
	_, err := s.insertOnce(ctx, s.coll("due_deliveries"), dueDelivery(d, s.now()))
	fresh := false
	if err == nil {
		fresh, err = s.insertOnce(ctx, s.coll("deliveries"), d)
	}
	if err != nil {
		return false, fmt.Errorf("insert delivery: %w", err)
	}
	return fresh, nil
}

// InsertAll is Deliveries.Insert for many; it reports how many were not there yet. After
// an error some may be.
func (s *Deliveries) InsertAll(ctx context.Context, all []shop.Delivery) (fresh int, err error) {
	rows, docs := make([]any, len(all)), make([]any, len(all))
	for i, d := range all {
		rows[i], docs[i] = dueDelivery(d, s.now()), d
	}
	_, err = s.insertFresh(ctx, s.coll("due_deliveries"), rows)
	if err == nil {
		fresh, err = s.insertFresh(ctx, s.coll("deliveries"), docs)
	}
	if err != nil {
		return fresh, fmt.Errorf("insert deliveries: %w", err)
	}
	return fresh, nil
}

// Save replaces a delivery, unless somebody has since it was read, and reports
// whether this call did it. d then is what stands there. When it is looked at next follows
// it; where the process dies before, whoever looks too early mends that.
func (s *Deliveries) Save(ctx context.Context, d *shop.Delivery) (bool, error) {
	next := *d
	next.V++
	if next.State == shop.DeliverySent && next.MsgID != 0 {
		if err := s.number(ctx, &next); err != nil {
			return false, fmt.Errorf("save delivery: %w", err)
		}
	}
	won, err := s.replaceIf(ctx, s.coll("deliveries"), bson.M{"_id": d.ID, "v": d.V}, next)
	if err != nil {
		return false, fmt.Errorf("save delivery: %w", err)
	}
	if !won {
		return false, nil
	}
	*d = next
	if next.State == shop.DeliveryWaiting {
		return true, s.Reschedule(ctx, d.ID, d.NextAt)
	}
	return true, s.Done(ctx, d.ID)
}

var errNoDelivery = errors.New("no such delivery")

// orNone is err, or nil where it says that there is no such delivery.
func orNone(err error) error {
	if errors.Is(err, errNoDelivery) {
		return nil
	}
	return fmt.Errorf("delivery: %w", err)
}

// Get reads one; ok is false where there is none.
func (s *Deliveries) Get(ctx context.Context, id string) (d shop.Delivery, ok bool, err error) {
	row, err := findByID[shop.Delivery](ctx, s.coll("deliveries"), id, errNoDelivery)
	if err != nil {
		return d, false, orNone(err)
	}
	return *row, true, nil
}

// Count counts a broadcast's deliveries by what became of them; a state that none
// is in is left out.
func (s *Deliveries) Count(ctx context.Context, broadcast string) (map[shop.DeliveryState]int64, error) {
	return countBy[shop.DeliveryState](ctx, s.coll("deliveries"), bson.M{"broadcast": broadcast}, "state")
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

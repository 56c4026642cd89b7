package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

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

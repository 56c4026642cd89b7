package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// InsertDelivery notes a message that is to be sent and reports whether this call did it:
// the same id twice is sent once.
func (s *Store) InsertDelivery(ctx context.Context, d shop.Delivery) (bool, error) {
	fresh, err := s.insertOnce(ctx, s.coll("deliveries"), d)
	if err != nil {
		return false, fmt.Errorf("insert delivery: %w", err)
	}
	return fresh, nil
}

// InsertDeliveries is InsertDelivery for many; it reports how many were not there yet. After
// an error some may be.
func (s *Store) InsertDeliveries(ctx context.Context, all []shop.Delivery) (fresh int, err error) {
	docs := make([]any, len(all))
	for i := range all {
		docs[i] = all[i]
	}
	fresh, err = s.insertFresh(ctx, s.coll("deliveries"), docs)
	if err != nil {
		return fresh, fmt.Errorf("insert deliveries: %w", err)
	}
	return fresh, nil
}

// insertFresh inserts those of docs whose _id is not there yet and counts them. The embedded
// store takes them one by one: it does not go on after a clash.
func (s *Store) insertFresh(ctx context.Context, c *mongo.Collection, docs []any) (fresh int, err error) {
	if s.embeddedMongo != nil {
		for _, doc := range docs {
			one, err := s.insertOnce(ctx, c, doc)
			if err != nil {
				return fresh, err
			}
			if one {
				fresh++
			}
		}
		return fresh, nil
	}
	if len(docs) == 0 {
		return 0, nil
	}
	ctx, cancel := s.writing(ctx)
	defer cancel()
	_, err = c.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	clashes, err := clashesOnly(err)
	if err != nil {
		return 0, failed("insert into "+c.Name(), err)
	}
	return len(docs) - clashes, nil
}

// clashesOnly counts the documents that were there already; an error that says anything else
// is passed on.
func clashesOnly(err error) (clashes int, _ error) {
	var many mongo.BulkWriteException
	if !errors.As(err, &many) || many.WriteConcernError != nil {
		return 0, err
	}
	for _, one := range many.WriteErrors {
		if !one.HasErrorCode(duplicateKey) {
			return 0, err
		}
	}
	return len(many.WriteErrors), nil
}

const duplicateKey = 11000 // MongoDB's error code

// DeliveriesDue lists deliveries that are to be sent now: the lowest rank first, within it
// the longest overdue.
func (s *Store) DeliveriesDue(ctx context.Context, now time.Time, limit int) ([]shop.Delivery, error) {
	return findAll[shop.Delivery](ctx, s.coll("deliveries"),
		bson.M{"state": shop.DeliveryWaiting, "next_at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "rank", Value: 1}, {Key: "next_at", Value: 1}}).SetLimit(int64(limit)))
}

// SaveDelivery replaces a delivery, unless somebody has since it was read, and reports
// whether this call did it. d then is what stands there.
func (s *Store) SaveDelivery(ctx context.Context, d *shop.Delivery) (bool, error) {
	next := *d
	next.V++
	won, err := s.replaceIf(ctx, s.coll("deliveries"), bson.M{"_id": d.ID, "v": d.V}, next)
	if err != nil {
		return false, fmt.Errorf("save delivery: %w", err)
	}
	if won {
		*d = next
	}
	return won, nil
}

var errNoDelivery = errors.New("no such delivery")

// Delivery reads one; ok is false where there is none.
func (s *Store) Delivery(ctx context.Context, id string) (d shop.Delivery, ok bool, err error) {
	row, err := findByID[shop.Delivery](ctx, s.coll("deliveries"), id, errNoDelivery)
	if errors.Is(err, errNoDelivery) {
		return d, false, nil
	}
	if err != nil {
		return d, false, fmt.Errorf("delivery: %w", err)
	}
	return *row, true, nil
}

// DeliveryByMsgID finds the delivery that WeChat gave a number; ok is false where none has it.
func (s *Store) DeliveryByMsgID(ctx context.Context, msgid int64) (d shop.Delivery, ok bool, err error) {
	all, err := findAll[shop.Delivery](ctx, s.coll("deliveries"), bson.M{"msgid": msgid}, options.Find().SetLimit(1))
	if err != nil || len(all) == 0 {
		return d, false, err
	}
	return all[0], true, nil
}

// CountDeliveries counts a broadcast's deliveries by what became of them; a state that none
// is in is left out.
func (s *Store) CountDeliveries(ctx context.Context, broadcast string) (map[shop.DeliveryState]int64, error) {
	counts := map[shop.DeliveryState]int64{}
	for _, state := range shop.DeliveryStates() {
		n, err := s.coll("deliveries").CountDocuments(ctx, bson.M{"broadcast": broadcast, "state": state})
		if err != nil {
			return nil, failed("count deliveries", err)
		}
		if n > 0 {
			counts[state] = n
		}
	}
	return counts, nil
}

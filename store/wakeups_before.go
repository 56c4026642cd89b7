package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// The version before kept wakeups in three collections and in the broadcasts. Its rows are moved at the
// start, and while instances of that version may still run.

// adoptMost is how many old rows are moved at once.
const adoptMost = 200

// oldWakeup is a row of the collections before: due (orders), turns (ends of access) and due_deliveries.
type oldWakeup struct {
	ID    string    `bson:"_id"`
	At    time.Time `bson:"at"`
	Seq   string    `bson:"seq"`
	Kind  string    `bson:"kind"`
	Rank  int       `bson:"rank"`
	Since time.Time `bson:"since"`
}

// oldWakeups are the collections before.
type oldWakeups struct {
	due, turns, deliveries Collection[oldWakeup]
}

func newOldWakeups(b *base) *oldWakeups {
	return &oldWakeups{
		due: newCollection[oldWakeup](b, "due"), turns: newCollection[oldWakeup](b, "turns"), deliveries: newCollection[oldWakeup](b, "due_deliveries"),
	}
}

// orders are the orders that have a row of the version before.
func (s *oldWakeups) orders(ctx context.Context) (map[string]bool, error) {
	due := map[string]bool{}
	err := s.due.Each(ctx, bson.M{}, func(w *oldWakeup) error {
		due[w.ID] = true
		return nil
	})
	return due, err
}

// Adoption moves the wakeups of the version before to where this one looks for them.
type Adoption struct {
	*base
	before     *oldWakeups
	wakeups    *Wakeups
	broadcasts *Broadcasts
}

// Adopt moves what there is. It may be done again, by several instances at once, and beside instances of
// the version before: a row that is moved while an instance of either version looks at it brings one look
// more. all: also broadcasts that are not due yet; else those that no instance of the version before
// has looked at in time.
func (s *Adoption) Adopt(ctx context.Context, all bool) error {
	for _, old := range []struct {
		from Collection[oldWakeup]
		as   func(oldWakeup) shop.Wakeup
	}{
		{s.before.due, func(w oldWakeup) shop.Wakeup { return shop.NewWakeup(shop.WakeOrder, w.ID, w.At) }},
		{s.before.turns, func(w oldWakeup) shop.Wakeup { return shop.NewWakeup(shop.WakeAccessEnd, w.ID, w.At) }},
		{s.before.deliveries, func(w oldWakeup) shop.Wakeup {
			return deliveryWakeup(shop.Delivery{ID: w.ID, Kind: w.Kind, Rank: w.Rank, NextAt: w.At})
		}},
	} {
		if err := s.move(ctx, old.from, old.as); err != nil {
			return err
		}
	}
	return s.adoptBroadcasts(ctx, all)
}

// move moves the rows of a collection, the longest overdue first. A row is written before the old one goes,
// which stays where it was written meanwhile.
func (s *Adoption) move(ctx context.Context, from Collection[oldWakeup], as func(oldWakeup) shop.Wakeup) error {
	for ctx.Err() == nil {
		rows, err := from.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(adoptMost))
		if err != nil || len(rows) == 0 {
			return err
		}
		for _, old := range rows {
			if err := s.sooner(ctx, as(old)); err != nil {
				return err
			}
			filter := bson.M{"_id": old.ID, "at": old.At}
			if old.Seq != "" {
				filter["seq"] = old.Seq
			}
			if _, err := from.Delete(ctx, filter); err != nil {
				return err
			}
		}
	}
	return ctx.Err()
}

// sooner writes a row, or has the one that is there looked at no later than at the row's time. That one gets
// another Seq in any case: a look that is under way does not see what the old row was written for.
func (s *Adoption) sooner(ctx context.Context, w shop.Wakeup) error {
	there, err := s.wakeups.docs.Get(ctx, w.ID)
	if err == nil && there.At.Before(w.At) {
		w.At = there.At
	}
	if err != nil && !errors.Is(err, ErrNotFound) {
		return err
	}
	return s.wakeups.put(ctx, w)
}

// overdueAfter is how long after its time a broadcast is given up by instances of the version before: they
// look at what is due twice a second, and renew what they are sending each second.
const overdueAfter = 2 * shop.BroadcastLease

// adoptBroadcasts gives broadcasts that are due at a time a wakeup. The time stays in them.
func (s *Adoption) adoptBroadcasts(ctx context.Context, all bool) error {
	filter := bson.M{"due_at": bson.M{"$gt": time.Unix(0, 0).UTC()}}
	if !all {
		filter = bson.M{"due_at": bson.M{"$lte": s.now().Add(-overdueAfter).UTC()}}
	}
	return s.broadcasts.docs.Each(ctx, filter, func(b *shop.Broadcast) error {
		w := broadcastWakeup(b)
		there, err := s.wakeups.docs.Get(ctx, w.ID)
		if err == nil && !there.At.After(w.At) {
			return nil
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return s.wakeups.put(ctx, w)
	})
}

package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Reconciliations are the days' comparisons with WeChat's bills.
type Reconciliations struct {
	*base
	docs Collection[shop.Reconciliation]
}

func newReconciliations(b *base) *Reconciliations {
	docs := newCollection[shop.Reconciliation](b, "reconciliations")
	docs.missing = shop.ErrReconciliationNotFound
	return &Reconciliations{base: b, docs: docs}
}

// Get reads the comparison of one day; shop.ErrReconciliationNotFound where
// there was none.
func (s *Reconciliations) Get(ctx context.Context, day shop.Date) (*shop.Reconciliation, error) {
	return s.docs.Get(ctx, string(day))
}

// Page lists the days that were compared, those in a state where one is named, newest first. The cursor is the last
// day of the page before.
func (s *Reconciliations) Page(ctx context.Context, state shop.ReconciliationState, limit int, cursor string) (items []shop.Reconciliation, next string, err error) {
	filter := bson.M{}
	if state != "" {
		filter["state"] = state
	}
	if cursor != "" {
		day, err := shop.ParseDate(cursor)
		if err != nil {
			return nil, "", shop.ErrInvalidCursor
		}
		filter["_id"] = bson.M{"$lt": string(day)}
	}
	limit = pageSize(limit)
	items, err = s.docs.All(ctx, filter,
		options.Find().SetSort(bson.D{{Key: "_id", Value: -1}}).SetLimit(int64(limit)+1))
	if err != nil || len(items) <= limit {
		return items, "", err
	}
	items = items[:limit]
	return items, string(items[limit-1].Day), nil
}

// Different lists the days whose bill and orders differ, in no order.
func (s *Reconciliations) Different(ctx context.Context) ([]shop.Reconciliation, error) {
	return s.docs.All(ctx, bson.M{"state": shop.ReconciliationDifferences})
}

// Begin makes a run of the day this caller's and reports whether it did:
// inserting the day decides, or replacing a run that has ended or died. What the earlier
// run found stays in the document until this one has ended.
func (s *Reconciliations) Begin(ctx context.Context, day shop.Date, by string, byHand bool, now time.Time) (*shop.Reconciliation, bool, error) {
	fresh := &shop.Reconciliation{
		Day: day, State: shop.ReconciliationRunning, Differences: []shop.Difference{}, By: by, StartedAt: now.UTC(), Run: NewID(),
	}
	first, err := s.docs.Insert(ctx, fresh)
	if err != nil || first {
		return fresh, first, err
	}
	held, err := s.Get(ctx, day)
	if err != nil || !held.Takeable(byHand, now) {
		return held, false, err
	}
	run := held.Run
	held.State, held.By, held.StartedAt, held.Run = shop.ReconciliationRunning, by, now.UTC(), fresh.Run
	held.FinishedAt, held.NextAt, held.Cause = nil, nil, ""
	mine, err := s.docs.Replace(ctx, bson.M{"_id": string(day), "run": run}, held)
	return held, mine, err
}

// End writes what a run came to and reports whether the run was still its
// own: one that was taken for dead changes nothing any more.
func (s *Reconciliations) End(ctx context.Context, r *shop.Reconciliation) (bool, error) {
	return s.docs.Replace(ctx, bson.M{"_id": string(r.Day), "run": r.Run}, r)
}

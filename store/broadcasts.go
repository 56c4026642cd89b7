package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Broadcasts are marketing's.
type Broadcasts struct {
	*base
	audiences *Audiences

	posted *kept[[]shop.Broadcast]
}

// Insert adds a broadcast with the users that its audience lists, and reports
// whether its id was free. The list is written first, under what the request says: a
// broadcast never lacks it, nor gets that of another request which died before this one.
func (s *Broadcasts) Insert(ctx context.Context, b *shop.Broadcast) (bool, error) {
	if len(b.Audience.UserIDs) > 0 {
		b.List = b.ID + "." + b.BodyHash
		if err := s.audiences.PutList(ctx, b.List, b.Audience.UserIDs); err != nil {
			return false, err
		}
	}
	fresh, err := s.insertOnce(ctx, s.coll("broadcasts"), b)
	if err != nil {
		return false, fmt.Errorf("insert broadcast: %w", err)
	}
	return fresh, nil
}

// Get reads a broadcast; shop.ErrBroadcastNotFound where there is none.
func (s *Broadcasts) Get(ctx context.Context, id string) (*shop.Broadcast, error) {
	return findByID[shop.Broadcast](ctx, s.coll("broadcasts"), id, shop.ErrBroadcastNotFound)
}

// Page lists all, newest first.
func (s *Broadcasts) Page(ctx context.Context, limit int, cursor string) ([]shop.Broadcast, string, error) {
	return page(ctx, s.coll("broadcasts"), bson.M{}, limit, cursor, func(b shop.Broadcast) (any, string) { return b.CreatedAt, b.ID })
}

// Due lists the broadcasts that somebody is to look at now, longest overdue first.
func (s *Broadcasts) Due(ctx context.Context, now time.Time, limit int) ([]shop.Broadcast, error) {
	return findAll[shop.Broadcast](ctx, s.coll("broadcasts"), bson.M{"due_at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "due_at", Value: 1}}).SetLimit(int64(limit)))
}

// Change reads a broadcast, lets change work on it and writes it on condition that
// nobody else has written it meanwhile, else again. Unchanged() from change writes nothing;
// any other error is returned as it is. The broadcast as it stands afterwards is returned.
func (s *Broadcasts) Change(ctx context.Context, id string, change func(*shop.Broadcast) error) (*shop.Broadcast, error) {
	for range maxConflicts {
		b, err := s.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		posted := b.PostedAt
		if err := change(b); errors.Is(err, errUnchanged) {
			return b, nil
		} else if err != nil {
			return b, err
		}
		seen := b.V
		b.V++
		won, err := s.replaceIf(ctx, s.coll("broadcasts"), bson.M{"_id": id, "v": seen}, b)
		if err != nil {
			return nil, fmt.Errorf("change broadcast %s: %w", id, err)
		}
		if won {
			if posted == nil && b.PostedAt != nil {
				s.changed(ctx, changePosted, id)
			}
			return b, nil
		}
	}
	return nil, fmt.Errorf("change broadcast %s: %w: too many writers", id, shop.ErrUnavailable)
}

// maxPosted is how many broadcasts to everybody the inboxes show: the latest.
const maxPosted = 100

const postedAge = time.Minute // a safety net

// Posted lists the latest broadcasts to everybody that are in the inboxes, newest first, from
// memory unless one was posted. The caller must not change them.
func (s *Broadcasts) Posted(ctx context.Context) ([]shop.Broadcast, error) {
	return s.posted.get(ctx, s.readPosted)
}

// readPosted lists the latest broadcasts to everybody that are in the inboxes, newest first.
func (s *Broadcasts) readPosted(ctx context.Context) ([]shop.Broadcast, error) {
	return findAll[shop.Broadcast](ctx, s.coll("broadcasts"), bson.M{"posted_at": bson.M{"$gt": time.Unix(0, 0).UTC()}},
		options.Find().SetSort(bson.D{{Key: "posted_at", Value: -1}, {Key: "_id", Value: -1}}).SetLimit(maxPosted))
}

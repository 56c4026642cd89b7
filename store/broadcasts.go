package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Broadcasts are marketing's.
type Broadcasts struct {
	*base
	docs      Collection[shop.Broadcast]
	audiences *Audiences

	posted *cached[[]shop.Broadcast]
}

func newBroadcasts(b *base) *Broadcasts {
	s := &Broadcasts{base: b, docs: newCollection[shop.Broadcast](b, "broadcasts")}
	s.docs.missing = shop.ErrBroadcastNotFound
	s.docs.version = func(d *shop.Broadcast) *int64 { return &d.V }
	s.posted = newCached[[]shop.Broadcast](b.bus, changePosted, postedAge)
	return s
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
	return s.docs.Insert(ctx, b)
}

// Get reads a broadcast; shop.ErrBroadcastNotFound where there is none.
func (s *Broadcasts) Get(ctx context.Context, id string) (*shop.Broadcast, error) {
	return s.docs.Get(ctx, id)
}

// Page lists all, newest first.
func (s *Broadcasts) Page(ctx context.Context, limit int, cursor string) ([]shop.Broadcast, string, error) {
	return s.docs.Page(ctx, bson.M{}, limit, cursor, func(b shop.Broadcast) (any, string) { return b.CreatedAt, b.ID })
}

// Due lists the broadcasts that somebody is to look at now, longest overdue first.
func (s *Broadcasts) Due(ctx context.Context, now time.Time, limit int) ([]shop.Broadcast, error) {
	return s.docs.All(ctx, bson.M{"due_at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "due_at", Value: 1}}).SetLimit(int64(limit)))
}

// Change is the collection's Change; the instances hear of a broadcast that is posted by it.
func (s *Broadcasts) Change(ctx context.Context, id string, change func(*shop.Broadcast) error) (*shop.Broadcast, error) {
	wasPosted := false
	b, wrote, err := s.docs.tryChange(ctx, id, nil, func(b *shop.Broadcast) error {
		wasPosted = b.PostedAt != nil
		return change(b)
	})
	if wrote && !wasPosted && b.PostedAt != nil {
		s.changed(ctx, changePosted, id)
	}
	return b, err
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
	return s.docs.All(ctx, bson.M{"posted_at": bson.M{"$gt": time.Unix(0, 0).UTC()}},
		options.Find().SetSort(bson.D{{Key: "posted_at", Value: -1}, {Key: "_id", Value: -1}}).SetLimit(maxPosted))
}

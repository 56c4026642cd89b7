package store

import (
	"context"
	"encoding/base64"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

const (
	defaultLimit = 20
	maxLimit     = 100
)

// position is where a page ended: a document's created_at and _id.
type position struct {
	At bson.DateTime `bson:"at"`
	ID string        `bson:"id"`
}

func (p position) cursor() (string, error) {
	raw, err := bson.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

func parseCursor(text string) (p position, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) > 256 {
		return p, shop.ErrInvalidCursor
	}
	if bson.Raw(raw).Validate() != nil || bson.Unmarshal(raw, &p) != nil || p.ID == "" {
		return p, shop.ErrInvalidCursor
	}
	return p, nil
}

// pageSize is limit kept within 1…100; 0 and less mean 20.
func pageSize(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// page lists documents newest first (by created_at, then _id), limit at most, after the
// place that cursor names. key is the created_at (a time.Time) and _id of a document.
// next is the cursor of the next page, "" after the last one.
func page[T any](ctx context.Context, c gated, filter bson.M, limit int, cursor string, key func(T) (any, string)) (items []T, next string, err error) {
	if cursor != "" {
		p, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		filter = bson.M{"$and": bson.A{filter, bson.M{"$or": bson.A{
			bson.M{"created_at": bson.M{"$lt": p.At}},
			bson.M{"created_at": p.At, "_id": bson.M{"$lt": p.ID}},
		}}}}
	}
	limit = pageSize(limit)
	items, err = findAll[T](ctx, c, filter, options.Find().
		SetSort(bson.D{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}}).
		SetLimit(int64(limit)+1))
	if err != nil || len(items) <= limit {
		return items, "", err
	}
	items = items[:limit]
	next, err = cursorAfter(key(items[limit-1]))
	return items, next, err
}

func cursorAfter(createdAt any, id string) (string, error) {
	typ, data, err := bson.MarshalValue(createdAt)
	if err != nil {
		return "", err
	}
	at, ok := bson.RawValue{Type: typ, Value: data}.DateTimeOK()
	if !ok {
		return "", fmt.Errorf("store: a page is ordered by a time, not by a %s", typ)
	}
	return position{bson.DateTime(at), id}.cursor()
}

package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
	"mstm/store/embedded"
)

// NewID makes an id: 26 characters of a-z and 2-7, 130 random bits.
func NewID() string { return newID() }

func newID() string { return strings.ToLower(rand.Text()) }

// writing is the context of a write: it does not end with the request, because a
// command that is cut off goes on inside the embedded store and would race the next
// one; it has its own deadline instead.
func (s *base) writing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// failed wraps a driver's error with what was being done; an outage becomes
// shop.ErrUnavailable, and a full disk shop.ErrStorageFull beside it. nil stays nil.
func failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fmt.Errorf("%s: %w: %w: %w", doing, shop.ErrStorageFull, shop.ErrUnavailable, err)
	case isOutage(err):
		return fmt.Errorf("%s: %w: %w", doing, shop.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// findByID reads one document; where there is none the error is missing.
func findByID[T any](ctx context.Context, c gated, id string, missing error) (*T, error) {
	var v T
	err := c.FindOne(ctx, bson.M{"_id": id}).Decode(&v)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, missing
	}
	if err != nil {
		return nil, failed("read from "+c.Name(), err)
	}
	return &v, nil
}

// findAll reads every document that filter matches, in the order of sort.
func findAll[T any](ctx context.Context, c gated, filter any, opts ...options.Lister[options.FindOptions]) ([]T, error) {
	ctx, leave, err := c.hold(ctx)
	if err != nil {
		return nil, failed("list "+c.Name(), err)
	}
	defer leave()
	return again(func() (all []T, err error) {
		cur, err := c.Find(ctx, filter, opts...)
		if err == nil {
			err = cur.All(ctx, &all)
		}
		return all, failed("list "+c.Name(), err)
	})
}

// findByIDs reads the documents with these ids, in no order; missing ones are left out.
// The embedded store finds one by its _id at once and several only by reading all, so
// there they are asked for one by one.
func findByIDs[T any](ctx context.Context, s *base, c gated, ids []string) ([]T, error) {
	if s.embeddedMongo == nil {
		return findAll[T](ctx, c, bson.M{"_id": bson.M{"$in": ids}})
	}
	var all []T
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		v, err := findByID[T](ctx, c, id, ErrNotFound)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, *v)
	}
	return all, nil
}

// insertOnce inserts doc and reports whether this call did it; false means that there
// is one with its _id already.
func (s *base) insertOnce(ctx context.Context, c gated, doc any) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	_, err := c.InsertOne(ctx, doc)
	if mongo.IsDuplicateKeyError(err) {
		return false, nil
	}
	if err != nil {
		return false, s.wrote("insert into "+c.Name(), err)
	}
	return true, nil
}

// insertFresh inserts those of docs whose _id is not there yet and counts them.
func (s *base) insertFresh(ctx context.Context, c gated, docs []any) (fresh int, err error) {
	if len(docs) == 0 {
		return 0, nil
	}
	ctx, cancel := s.writing(ctx)
	defer cancel()
	_, err = c.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	clashes, err := clashesOnly(err)
	if err != nil {
		return 0, s.wrote("insert into "+c.Name(), err)
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

// replaceIf replaces the document that filter names by doc and reports whether this
// call did it. The filter is an _id and the fields that must still hold, equal to the
// given values; of many callers who saw the same document exactly one wins.
func (s *base) replaceIf(ctx context.Context, c gated, filter bson.M, doc any) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	return s.onlyIf(ctx, c, filter, func(ctx context.Context, filter bson.M) (int64, error) {
		return matched(c.ReplaceOne(ctx, filter, doc))
	})
}

// updateIf is replaceIf for a few fields: update holds $set, $inc or $unset.
func (s *base) updateIf(ctx context.Context, c gated, filter, update bson.M) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	return s.onlyIf(ctx, c, filter, func(ctx context.Context, filter bson.M) (int64, error) {
		return matched(c.UpdateOne(ctx, filter, update))
	})
}

// deleteIf removes the document that filter names and reports whether this call did it;
// for the filter see replaceIf.
func (s *base) deleteIf(ctx context.Context, c gated, filter bson.M) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	return s.onlyIf(ctx, c, filter, func(ctx context.Context, filter bson.M) (int64, error) {
		res, err := c.DeleteOne(ctx, filter)
		if err != nil {
			return 0, err
		}
		return res.DeletedCount, nil
	})
}

func (s *base) deleteByID(ctx context.Context, c gated, id string) (bool, error) {
	return s.deleteIf(ctx, c, bson.M{"_id": id})
}

func matched(res *mongo.UpdateResult, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.MatchedCount, nil
}

// onlyIf does a conditional write. MongoDB checks the whole filter itself. The embedded
// store finds a document quickly by a filter of _id alone and by nothing else, so there
// the rest is checked here, with the one place at the gate held for both commands; this
// process is the only one (the lock on the data folder sees to it).
func (s *base) onlyIf(ctx context.Context, c gated, filter bson.M, write func(context.Context, bson.M) (int64, error)) (bool, error) {
	doing := "write to " + c.Name()
	if s.embeddedMongo != nil {
		var leave func()
		var err error
		if ctx, leave, err = c.hold(ctx); err != nil {
			return false, failed(doing, err)
		}
		defer leave()
		if ok, err := holds(ctx, c, filter); !ok || err != nil {
			return false, failed(doing, err)
		}
		filter = bson.M{"_id": filter["_id"]}
	}
	n, err := write(ctx, filter)
	if err != nil {
		return false, s.wrote(doing, err)
	}
	return n == 1, nil
}

// holds reports whether the document of filter's _id is there and the rest matches.
func holds(ctx context.Context, c gated, filter bson.M) (bool, error) {
	if len(filter) == 1 {
		return true, nil
	}
	raw, err := c.FindOne(ctx, bson.M{"_id": filter["_id"]}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return embedded.Matches(raw, filter)
}

// countAll counts the documents that match.
func countAll(ctx context.Context, c gated, filter bson.M) (int64, error) {
	n, err := c.CountDocuments(ctx, filter)
	return n, failed("count "+c.Name(), err)
}

// countBy counts the documents that match by the value of a field.
func countBy[V comparable](ctx context.Context, c gated, filter bson.M, field string) (map[V]int64, error) {
	ctx, leave, err := c.hold(ctx)
	if err != nil {
		return nil, failed("count "+c.Name(), err)
	}
	defer leave()
	cur, err := c.Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: filter}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$" + field}, {Key: "n", Value: bson.M{"$sum": 1}}}}},
	})
	if err != nil {
		return nil, failed("count "+c.Name(), err)
	}
	var rows []struct {
		Value V     `bson:"_id"`
		N     int64 `bson:"n"`
	}
	if err := cur.All(ctx, &rows); err != nil {
		return nil, failed("count "+c.Name(), err)
	}
	counts := make(map[V]int64, len(rows))
	for _, r := range rows {
		counts[r.Value] = r.N
	}
	return counts, nil
}

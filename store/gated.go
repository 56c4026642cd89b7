package store

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// gated is a collection whose commands pass the gate. It has the methods that the
// store uses and no others.
type gated struct {
	raw  *mongo.Collection
	gate *gate
}

func (s *base) coll(name string) gated { return gated{s.db.Collection(name), s.gate} }

func (c gated) Name() string             { return c.raw.Name() }
func (c gated) Indexes() mongo.IndexView { return c.raw.Indexes() }

// hold takes a place at the gate for several commands, which are sent with the context that
// it returns.
func (c gated) hold(ctx context.Context) (_ context.Context, leave func(), err error) {
	leave, err = c.gate.enter(ctx)
	return inside(ctx), leave, err
}

func (c gated) FindOne(ctx context.Context, filter any, opts ...options.Lister[options.FindOneOptions]) *mongo.SingleResult {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return mongo.NewSingleResultFromDocument(bson.D{}, err, nil)
	}
	defer leave()
	return c.raw.FindOne(ctx, filter, opts...)
}

// Find reads the first batch. What follows is read with advance.
func (c gated) Find(ctx context.Context, filter any, opts ...options.Lister[options.FindOptions]) (*mongo.Cursor, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.Find(ctx, filter, opts...)
}

// advance moves a cursor on, through the gate where that asks the database.
func (c gated) advance(ctx context.Context, cur *mongo.Cursor) (bool, error) {
	if cur.RemainingBatchLength() == 0 && cur.ID() != 0 {
		leave, err := c.gate.enter(ctx)
		if err != nil {
			return false, err
		}
		defer leave()
	}
	return cur.Next(ctx), cur.Err()
}

func (c gated) Aggregate(ctx context.Context, pipeline any, opts ...options.Lister[options.AggregateOptions]) (*mongo.Cursor, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.Aggregate(ctx, pipeline, opts...)
}

func (c gated) CountDocuments(ctx context.Context, filter any, opts ...options.Lister[options.CountOptions]) (int64, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return 0, err
	}
	defer leave()
	return c.raw.CountDocuments(ctx, filter, opts...)
}

func (c gated) InsertOne(ctx context.Context, doc any, opts ...options.Lister[options.InsertOneOptions]) (*mongo.InsertOneResult, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.InsertOne(ctx, doc, opts...)
}

func (c gated) InsertMany(ctx context.Context, docs any, opts ...options.Lister[options.InsertManyOptions]) (*mongo.InsertManyResult, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.InsertMany(ctx, docs, opts...)
}

func (c gated) UpdateOne(ctx context.Context, filter, update any, opts ...options.Lister[options.UpdateOneOptions]) (*mongo.UpdateResult, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.UpdateOne(ctx, filter, update, opts...)
}

func (c gated) ReplaceOne(ctx context.Context, filter, doc any, opts ...options.Lister[options.ReplaceOptions]) (*mongo.UpdateResult, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.ReplaceOne(ctx, filter, doc, opts...)
}

func (c gated) DeleteOne(ctx context.Context, filter any, opts ...options.Lister[options.DeleteOneOptions]) (*mongo.DeleteResult, error) {
	leave, err := c.gate.enter(ctx)
	if err != nil {
		return nil, err
	}
	defer leave()
	return c.raw.DeleteOne(ctx, filter, opts...)
}

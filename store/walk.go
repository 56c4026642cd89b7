package store

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// forEach calls each with one matching document after the other, in the order of sort, without
// ever holding more of them than one batch.
func forEach[T any](ctx context.Context, c gated, filter any, each func(*T) error, opts ...options.Lister[options.FindOptions]) error {
	cur, err := c.Find(ctx, filter, opts...)
	if err != nil {
		return failed("read "+c.Name(), err)
	}
	defer cur.Close(context.WithoutCancel(ctx))
	for {
		more, err := c.advance(ctx, cur)
		if err != nil || !more {
			return failed("read "+c.Name(), err)
		}
		var v T
		if err := cur.Decode(&v); err != nil {
			return failed("read "+c.Name(), err)
		}
		if err := each(&v); err != nil {
			return err
		}
	}
}

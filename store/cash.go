package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// EachWithCash calls each with every order whose money may have moved in [from, until):
// a payment, a refund by its beginning or its acceptance, or an order that cost nothing.
// It may call each with others too, as the two bounds may hold for two elements of a list
// ($elemMatch, which would tell, finds nothing in the embedded store): the order's own Cash
// says what moved when. On MongoDB an index answers each part; the embedded store reads all
// orders, which a development shop can afford.
func (s *Orders) EachWithCash(ctx context.Context, from, until time.Time, each func(*shop.Order) error) error {
	within := bson.M{"$gte": from.UTC(), "$lt": until.UTC()}
	filter := bson.M{"$or": bson.A{
		bson.M{"attempts.paid_at": within},
		bson.M{"refunds.created_at": within},
		bson.M{"refunds.accepted_at": within},
		bson.M{"total_fen": 0, "created_at": within},
	}}
	if err := walk(ctx, s.coll("orders"), filter, each); err != nil {
		return fmt.Errorf("orders with cash: %w", err)
	}
	return nil
}

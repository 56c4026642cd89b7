package store

import (
	"context"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// maxConflicts is how often a write that others keep getting in front of is tried.
const maxConflicts = 64

// A claim says which open order holds a course for a learner. Inserting it decides, so
// there is one open order per learner and course, whatever runs at once.
type claim struct {
	ID      string `bson:"_id"` // user:course
	OrderID string `bson:"order_id"`
}

// Claim takes the course for the order and returns the id of the order that holds it
// afterwards: this one, or the one that was first.
func (s *Store) Claim(ctx context.Context, userID, courseID, orderID string) (holder string, err error) {
	c := claim{ID: shop.EnrolmentID(userID, courseID), OrderID: orderID}
	for range maxConflicts {
		fresh, err := s.insertOnce(ctx, s.coll("claims"), c)
		if err != nil {
			return "", fmt.Errorf("claim %s: %w", c.ID, err)
		}
		if fresh {
			return orderID, nil
		}
		held, err := findByID[claim](ctx, s.coll("claims"), c.ID, shop.ErrOrderNotFound)
		if shop.CodeOf(err) == shop.ErrOrderNotFound.Code {
			continue // released between the two
		}
		if err != nil {
			return "", fmt.Errorf("claim %s: %w", c.ID, err)
		}
		return held.OrderID, nil
	}
	return "", fmt.Errorf("claim %s: %w: too many writers", c.ID, shop.ErrUnavailable)
}

// Release gives the course up, where it is this order that holds it.
func (s *Store) Release(ctx context.Context, userID, courseID, orderID string) error {
	_, err := s.deleteIf(ctx, s.coll("claims"), bson.M{"_id": shop.EnrolmentID(userID, courseID), "order_id": orderID})
	if err != nil {
		return fmt.Errorf("release claim: %w", err)
	}
	return nil
}

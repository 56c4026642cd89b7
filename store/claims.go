package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// maxConflicts is how often a write that others keep getting in front of is tried.
const maxConflicts = 64

// A Claim says which open order holds a course for a learner. Inserting it decides, so
// there is one open order per learner and course, whatever runs at once.
type Claim struct {
	ID      string    `bson:"_id"` // user:course
	OrderID string    `bson:"order_id"`
	At      time.Time `bson:"at"`
}

// Claims say which open order holds a course for a learner.
type Claims struct {
	*base
}

// Take takes the course for the order and returns the id of the order that holds it
// afterwards: this one, or the one that was first.
func (s *Claims) Take(ctx context.Context, userID, courseID, orderID string) (holder string, err error) {
	c := Claim{ID: shop.EnrolmentID(userID, courseID), OrderID: orderID, At: s.now().UTC()}
	for range maxConflicts {
		fresh, err := s.insertOnce(ctx, s.coll("claims"), c)
		if err != nil {
			return "", fmt.Errorf("claim %s: %w", c.ID, err)
		}
		if fresh {
			return orderID, nil
		}
		held, err := findByID[Claim](ctx, s.coll("claims"), c.ID, shop.ErrOrderNotFound)
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

// Holder is the order that holds the course, "" where none does.
func (s *Claims) Holder(ctx context.Context, userID, courseID string) (orderID string, err error) {
	held, err := findByID[Claim](ctx, s.coll("claims"), shop.EnrolmentID(userID, courseID), shop.ErrOrderNotFound)
	if shop.CodeOf(err) == shop.ErrOrderNotFound.Code {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("holder of a claim: %w", err)
	}
	return held.OrderID, nil
}

// Release gives the course up, where it is this order that holds it.
func (s *Claims) Release(ctx context.Context, userID, courseID, orderID string) error {
	return s.Remove(ctx, Claim{ID: shop.EnrolmentID(userID, courseID), OrderID: orderID})
}

// Remove gives a claim up, where it is still this one.
func (s *Claims) Remove(ctx context.Context, c Claim) error {
	_, err := s.deleteIf(ctx, s.coll("claims"), bson.M{"_id": c.ID, "order_id": c.OrderID})
	if err != nil {
		return fmt.Errorf("release claim: %w", err)
	}
	return nil
}

// Of lists what an order holds.
func (s *Claims) Of(ctx context.Context, orderID string) ([]Claim, error) {
	return findAll[Claim](ctx, s.coll("claims"), bson.M{"order_id": orderID})
}

// All lists the claims. There are as many as courses in open orders.
func (s *Claims) All(ctx context.Context) ([]Claim, error) {
	return findAll[Claim](ctx, s.coll("claims"), bson.M{})
}

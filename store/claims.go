package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

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
	docs Collection[Claim]
}

func newClaims(b *base) *Claims {
	return &Claims{base: b, docs: newCollection[Claim](b, "claims")}
}

// Take takes the course for the order and returns the id of the order that holds it
// afterwards: this one, or the one that was first.
func (s *Claims) Take(ctx context.Context, userID, courseID, orderID string) (holder string, err error) {
	mine := &Claim{ID: shop.EnrolmentID(userID, courseID), OrderID: orderID, At: s.now().UTC()}
	err = untilDone("claim "+mine.ID, func() (bool, error) {
		if fresh, err := s.docs.Insert(ctx, mine); fresh || err != nil {
			holder = orderID
			return fresh, err
		}
		held, err := s.docs.Get(ctx, mine.ID)
		if errors.Is(err, ErrNotFound) {
			return false, nil // released between the two
		}
		if err != nil {
			return false, err
		}
		holder = held.OrderID
		return true, nil
	})
	if err != nil {
		return "", err
	}
	return holder, nil
}

// Get is the claim of a course; ErrNotFound where no order holds it.
func (s *Claims) Get(ctx context.Context, userID, courseID string) (*Claim, error) {
	return s.docs.Get(ctx, shop.EnrolmentID(userID, courseID))
}

// Release gives the course up, where it is this order that holds it.
func (s *Claims) Release(ctx context.Context, userID, courseID, orderID string) error {
	return s.Remove(ctx, Claim{ID: shop.EnrolmentID(userID, courseID), OrderID: orderID})
}

// Remove gives a claim up, where it is still this one.
func (s *Claims) Remove(ctx context.Context, c Claim) error {
	_, err := s.docs.Delete(ctx, bson.M{"_id": c.ID, "order_id": c.OrderID})
	return err
}

// Of lists what an order holds.
func (s *Claims) Of(ctx context.Context, orderID string) ([]Claim, error) {
	return s.docs.All(ctx, bson.M{"order_id": orderID})
}

// All lists the claims. There are as many as courses in open orders.
func (s *Claims) All(ctx context.Context) ([]Claim, error) {
	return s.docs.All(ctx, bson.M{})
}

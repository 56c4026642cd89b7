package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// OrderWakeups say when orders are to be looked at.
type OrderWakeups struct {
	*Wakeups
	orders *Orders
	before *oldWakeups
}

// Schedule makes sure that the order is looked at no later than at.
func (s *OrderWakeups) Schedule(ctx context.Context, orderID string, at time.Time) error {
	return s.put(ctx, shop.NewWakeup(shop.WakeOrder, orderID, at))
}

// Advance is Schedule for an order that most likely has a row, and returns the row as it is now, but for the
// lease that another instance may have.
func (s *OrderWakeups) Advance(ctx context.Context, orderID string, at time.Time) (*shop.Wakeup, error) {
	w := shop.NewWakeup(shop.WakeOrder, orderID, at)
	w.Seq = NewID()
	done, err := s.docs.Update(ctx, bson.M{"_id": w.ID}, bson.M{"$set": bson.M{"at": w.At, "seq": w.Seq}})
	if err == nil && !done {
		w, err = s.written(ctx, w)
	}
	return &w, err
}

// Get is the order's row; ErrNotFound where it rests.
func (s *OrderWakeups) Get(ctx context.Context, orderID string) (*shop.Wakeup, error) {
	return s.Wakeups.Get(ctx, shop.WakeupID(shop.WakeOrder, orderID))
}

// Done deletes the row of an order that nothing will happen to by itself any more, unless
// the row was touched since w was read, or the order was changed since o was, which must be
// after w. No kill and no slow writer comes between them: the order gets another version
// before its row goes, so a writer that read it before fails, and a writer that reads it from then
// on and wakes it (see Orders.Change) touches the row first.
func (s *OrderWakeups) Done(ctx context.Context, o *shop.Order, w shop.Wakeup) (bool, error) {
	next := *o
	next.V++
	same, err := s.orders.docs.Replace(ctx, bson.M{"_id": o.ID, "state": o.State, "v": o.V}, &next)
	if err != nil || !same {
		return false, err
	}
	return s.Remove(ctx, w)
}

// Orders are the orders with a wakeup: those that are under way.
func (s *OrderWakeups) Orders(ctx context.Context) (map[string]bool, error) {
	due, err := s.before.orders(ctx)
	if err != nil {
		return nil, err
	}
	err = s.docs.Each(ctx, bson.M{"kind": shop.WakeOrder}, func(w *shop.Wakeup) error {
		due[w.Key()] = true
		return nil
	})
	return due, err
}

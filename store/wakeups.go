package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Wakeup says when an order is to be looked at next. The row is written before the order and
// deleted after the order has come to rest, so a sweep reads these few rows and no
// orders, and no order is ever forgotten. Seq changes with every write of the row: a sweeper
// deletes the row after its look only if the row has not been touched since.
type Wakeup struct {
	OrderID string    `bson:"_id"`
	At      time.Time `bson:"at"`
	Seq     string    `bson:"seq"`
}

// Wakeups say when orders are to be looked at.
type Wakeups struct {
	*base
	docs   Collection[Wakeup]
	orders *Orders
}

func newWakeups(b *base) *Wakeups {
	return &Wakeups{base: b, docs: newCollection[Wakeup](b, "due")}
}

// Schedule makes sure that the order is looked at no later than at.
func (s *Wakeups) Schedule(ctx context.Context, orderID string, at time.Time) error {
	row := &Wakeup{OrderID: orderID, At: at.UTC(), Seq: NewID()}
	return s.docs.InsertOrUpdate(ctx, orderID, row, bson.M{"$set": bson.M{"at": row.At, "seq": row.Seq}})
}

// Advance is Schedule for an order that most likely has a row, and returns the row as it is now.
func (s *Wakeups) Advance(ctx context.Context, orderID string, at time.Time) (*Wakeup, error) {
	row := &Wakeup{OrderID: orderID, At: at.UTC(), Seq: NewID()}
	return row, s.docs.Put(ctx, orderID, row)
}

// Due lists the orders to be looked at, longest overdue first.
func (s *Wakeups) Due(ctx context.Context, now time.Time, limit int) ([]Wakeup, error) {
	return s.docs.All(ctx, bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Get is the order's row; ErrNotFound where it rests.
func (s *Wakeups) Get(ctx context.Context, orderID string) (*Wakeup, error) {
	return s.docs.Get(ctx, orderID)
}

// Lease moves a due row out of the other instances' sight for a while and reports whether
// this call did it. It saves double work; nothing correct rests on it.
func (s *Wakeups) Lease(ctx context.Context, d *Wakeup, until time.Time) (bool, error) {
	next := Wakeup{OrderID: d.OrderID, At: until.UTC(), Seq: NewID()}
	won, err := s.put(ctx, *d, next)
	if won {
		*d = next
	}
	return won, err
}

// Reschedule sets when the order is looked at next, unless the row was touched since d was read.
func (s *Wakeups) Reschedule(ctx context.Context, d Wakeup, at time.Time) error {
	_, err := s.put(ctx, d, Wakeup{OrderID: d.OrderID, At: at.UTC(), Seq: NewID()})
	return err
}

func (s *Wakeups) put(ctx context.Context, seen, next Wakeup) (bool, error) {
	return s.docs.Replace(ctx, bson.M{"_id": seen.OrderID, "seq": seen.Seq}, &next)
}

// Done deletes the row of an order that nothing will happen to by itself any more, unless
// the row was touched since d was read, or the order was changed since o was, which must be
// after d. No kill and no slow writer comes between them: the order gets another version
// before its row goes, so a writer that read it before fails, and a writer that reads it from then
// on and wakes it (see Orders.Change) touches the row first.
func (s *Wakeups) Done(ctx context.Context, o *shop.Order, d Wakeup) error {
	next := *o
	next.V++
	same, err := s.orders.docs.Replace(ctx, bson.M{"_id": o.ID, "state": o.State, "v": o.V}, &next)
	if err != nil || !same {
		return err
	}
	return s.Remove(ctx, d)
}

// Remove deletes the row of an order that is at rest by the caller's own write, unless the row
// was touched since d was read or written, which must be before that write. Then the order need
// not get another version as in Done: a process that read the order before that write writes in
// vain, and one that has read it since has touched the row.
func (s *Wakeups) Remove(ctx context.Context, d Wakeup) error {
	_, err := s.docs.Delete(ctx, bson.M{"_id": d.OrderID, "seq": d.Seq})
	return err
}

// Orders are the orders with a wakeup: those that are under way.
func (s *Wakeups) Orders(ctx context.Context) (map[string]bool, error) {
	due := map[string]bool{}
	err := s.docs.Each(ctx, bson.M{}, func(d *Wakeup) error {
		due[d.OrderID] = true
		return nil
	})
	return due, err
}

package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Wakeup says when an order is to be looked at next. The row is written before the order and
// deleted after the order has come to rest, so a sweep reads these few rows and no
// orders, and no order is ever forgotten. Seq changes with every write of the row: who
// has looked puts the row away only if nobody has touched it since.
type Wakeup struct {
	OrderID string    `bson:"_id"`
	At      time.Time `bson:"at"`
	Seq     string    `bson:"seq"`
}

// Wakeups say when orders are to be looked at.
type Wakeups struct {
	*base
}

// Schedule makes sure that the order is looked at no later than at.
func (s *Wakeups) Schedule(ctx context.Context, orderID string, at time.Time) error {
	row := Wakeup{OrderID: orderID, At: at.UTC(), Seq: NewID()}
	for range maxConflicts {
		there, err := s.insertOnce(ctx, s.coll("due"), row)
		if err == nil && !there {
			// It may be put away in between: then it is inserted after all.
			there, err = s.updateIf(ctx, s.coll("due"), bson.M{"_id": orderID}, bson.M{"$set": bson.M{"at": row.At, "seq": row.Seq}})
		}
		if err != nil {
			return fmt.Errorf("remind of order %s: %w", orderID, err)
		}
		if there {
			return nil
		}
	}
	return fmt.Errorf("remind of order %s: %w: too many writers", orderID, shop.ErrUnavailable)
}

// Due lists the orders to be looked at, longest overdue first.
func (s *Wakeups) Due(ctx context.Context, now time.Time, limit int) ([]Wakeup, error) {
	return findAll[Wakeup](ctx, s.coll("due"), bson.M{"at": bson.M{"$lte": now.UTC()}},
		options.Find().SetSort(bson.D{{Key: "at", Value: 1}}).SetLimit(int64(limit)))
}

// Get is the order's row; ok is false where it rests.
func (s *Wakeups) Get(ctx context.Context, orderID string) (d Wakeup, ok bool, err error) {
	row, err := findByID[Wakeup](ctx, s.coll("due"), orderID, shop.ErrOrderNotFound)
	if shop.CodeOf(err) == shop.ErrOrderNotFound.Code {
		return Wakeup{}, false, nil
	}
	if err != nil {
		return Wakeup{}, false, fmt.Errorf("due row of %s: %w", orderID, err)
	}
	return *row, true, nil
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
	won, err := s.replaceIf(ctx, s.coll("due"), bson.M{"_id": seen.OrderID, "seq": seen.Seq}, next)
	if err != nil {
		return false, fmt.Errorf("due row of %s: %w", seen.OrderID, err)
	}
	return won, nil
}

// Done deletes the row of an order that nothing will happen to by itself any more, unless
// the row was touched since d was read, or the order was changed since o was, which must be
// after d. No kill and no slow writer comes between them: the order gets another version
// before its row goes, so whoever read it before writes in vain, and whoever reads it from
// then on and wakes it (see Orders.Change) touches the row first.
func (s *Wakeups) Done(ctx context.Context, o *shop.Order, d Wakeup) error {
	next := *o
	next.V++
	same, err := s.replaceIf(ctx, s.coll("orders"), bson.M{"_id": o.ID, "state": o.State, "v": o.V}, &next)
	if err != nil {
		return fmt.Errorf("lay order %s to rest: %w", o.ID, err)
	}
	if !same {
		return nil
	}
	_, err = s.deleteIf(ctx, s.coll("due"), bson.M{"_id": d.OrderID, "seq": d.Seq})
	if err != nil {
		return fmt.Errorf("due row of %s: %w", d.OrderID, err)
	}
	return nil
}

// Orders says which orders somebody will look at. They are those that are under way.
func (s *Wakeups) Orders(ctx context.Context) (map[string]bool, error) {
	due := map[string]bool{}
	err := walk(ctx, s.coll("due"), bson.M{}, func(d *Wakeup) error {
		due[d.OrderID] = true
		return nil
	})
	return due, err
}

package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// errUnchanged tells change that there is nothing to write.
var errUnchanged = errors.New("unchanged")

// Unchanged is what a change function returns to leave a document as it is.
func Unchanged() error { return errUnchanged }

// Orders are all orders, one document each with its attempts, refunds and history.
type Orders struct {
	*base
	audit   *Audit
	wakeups *Wakeups
}

// Insert writes a new order and reports whether its id was free.
func (s *Orders) Insert(ctx context.Context, o *shop.Order) (bool, error) {
	fresh, err := s.insertOnce(ctx, s.coll("orders"), o)
	if err != nil {
		return false, fmt.Errorf("insert order %s: %w", o.ID, err)
	}
	if fresh {
		s.auditMoves(ctx, o, 0)
	}
	return fresh, nil
}

// Get reads an order by its id; shop.ErrOrderNotFound where there is none.
func (s *Orders) Get(ctx context.Context, id string) (*shop.Order, error) {
	o, err := findByID[shop.Order](ctx, s.coll("orders"), id, shop.ErrOrderNotFound)
	if err != nil {
		return nil, fmt.Errorf("order %s: %w", id, err)
	}
	return o, nil
}

// Change reads an order, lets change work on it and replaces it on condition that its
// state and version are still those that were read; when another writer was first,
// change is called again on what that one left. Unchanged() from change writes nothing;
// any other error is returned as it is. The order as it stands afterwards is returned.
//
// A change that wakes an order at rest reminds of it first, in the same try: so whatever the
// caller has reminded of before, an order that needs a look has its row (see Rest).
func (s *Orders) Change(ctx context.Context, id string, change func(*shop.Order) error) (*shop.Order, error) {
	for range maxConflicts {
		o, err := s.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		state, v, moves := o.State, o.V, len(o.History)
		_, awake := o.NextLook()
		if err := change(o); errors.Is(err, errUnchanged) {
			return o, nil
		} else if err != nil {
			return o, err
		}
		if at, wakes := o.NextLook(); wakes && !awake {
			if err := s.wakeups.Schedule(ctx, id, at); err != nil {
				return nil, err
			}
		}
		o.V = v + 1
		won, err := s.replaceIf(ctx, s.coll("orders"), bson.M{"_id": id, "state": state, "v": v}, o)
		if err != nil {
			return nil, fmt.Errorf("change order %s: %w", id, err)
		}
		if won {
			s.auditMoves(ctx, o, moves)
			return o, nil
		}
	}
	return nil, fmt.Errorf("change order %s: %w: too many writers", id, shop.ErrUnavailable)
}

// Of lists a learner's orders, newest first.
func (s *Orders) Of(ctx context.Context, userID string, limit int, cursor string) ([]shop.Order, string, error) {
	return page[shop.Order](ctx, s.coll("orders"), bson.M{"user_id": userID}, limit, cursor,
		func(o shop.Order) (any, string) { return o.CreatedAt, o.ID })
}

// OrderFilter narrows a list of orders; what is empty matches all.
type OrderFilter struct {
	State  shop.OrderState
	UserID string
}

// Page lists all learners' orders, newest first. Orders that were never finished placing
// are left out.
func (s *Orders) Page(ctx context.Context, f OrderFilter, limit int, cursor string) ([]shop.Order, string, error) {
	filter := bson.M{"user_id": bson.M{"$ne": ""}}
	if f.UserID != "" {
		filter["user_id"] = f.UserID
	}
	if f.State != "" {
		filter["state"] = f.State
	}
	return page(ctx, s.coll("orders"), filter, limit, cursor,
		func(o shop.Order) (any, string) { return o.CreatedAt, o.ID })
}

// OfTransaction lists the ids of the orders that a payment of WeChat belongs to, also
// one that did not fit its order. An index answers; the embedded store reads all orders.
func (s *Orders) OfTransaction(ctx context.Context, transactionID string) (ids []string, err error) {
	err = walk(ctx, s.coll("orders"), bson.M{"attempts.transaction_id": transactionID}, func(o *shop.Order) error {
		ids = append(ids, o.ID)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("orders of a transaction: %w", err)
	}
	strays, err := findAll[UnmatchedPayment](ctx, s.coll("quarantine"), bson.M{"payment.transaction_id": transactionID})
	if err != nil {
		return nil, fmt.Errorf("strays of a transaction: %w", err)
	}
	for _, x := range strays {
		if id, ok := shop.OrderOfTrade(x.OutTradeNo); ok {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// OpenFor lists the ids of the unpaid orders that have the course in them.
func (s *Orders) OpenFor(ctx context.Context, courseID string) (ids []string, err error) {
	for _, state := range []shop.OrderState{shop.OrderPending, shop.OrderClosing} {
		filter := bson.M{"state": state, "lines.course_id": courseID}
		err := walk(ctx, s.coll("orders"), filter, func(o *shop.Order) error {
			ids = append(ids, o.ID)
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("open orders for course %s: %w", courseID, err)
		}
	}
	return ids, nil
}

// auditMoves copies the moves from the n-th on into the audit. The order's own history is
// the truth; a copy that fails here is made up by Audit.AddOrder.
func (s *Orders) auditMoves(ctx context.Context, o *shop.Order, n int) {
	for _, r := range o.History[n:] {
		if err := s.audit.add(ctx, moveAudit(o, r)); err != nil {
			s.log.WarnContext(ctx, "audit is behind", "order", o.ID, "move", r.Move, slog.Any("err", err))
			return
		}
	}
}

// AddOrder makes sure that every move of the order stands in the audit.
func (s *Audit) AddOrder(ctx context.Context, o *shop.Order) error {
	for _, r := range o.History {
		if err := s.add(ctx, moveAudit(o, r)); err != nil {
			return err
		}
	}
	return nil
}

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

// Each calls each with every order.
func (s *Orders) Each(ctx context.Context, each func(*shop.Order) error) error {
	return walk(ctx, s.coll("orders"), bson.M{}, each)
}

// ByID reads the orders with these ids; missing ones are left out.
func (s *Orders) ByID(ctx context.Context, ids []string) (map[string]*shop.Order, error) {
	all, err := findByIDs[*shop.Order](ctx, s.base, s.coll("orders"), ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*shop.Order, len(all))
	for _, o := range all {
		found[o.ID] = o
	}
	return found, nil
}

// EachPaid calls each with every order that was paid in from … to.
func (s *Orders) EachPaid(ctx context.Context, from, to time.Time, each func(*shop.Order) error) error {
	return walk(ctx, s.coll("orders"), bson.M{"paid_at": bson.M{"$gte": from.UTC(), "$lte": to.UTC()}}, each)
}

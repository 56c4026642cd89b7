package store

import (
	"context"
	"log/slog"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
	"mstm/shop/stats"
)

// Orders are all orders, one document each with its attempts, refunds and history.
type Orders struct {
	*base
	docs              Collection[shop.Order]
	audit             *Audit
	wakeups           *OrderWakeups
	figures           *Figures
	unmatchedPayments *UnmatchedPayments
}

func newOrders(b *base) *Orders {
	docs := newCollection[shop.Order](b, "orders")
	docs.missing = shop.ErrOrderNotFound
	docs.version = func(d *shop.Order) *int64 { return &d.V }
	docs.clone = (*shop.Order).Clone
	docs.also = func(o *shop.Order) bson.M { return bson.M{"state": o.State} }
	return &Orders{base: b, docs: docs}
}

// Insert writes a new order and reports whether its id was free.
func (s *Orders) Insert(ctx context.Context, o *shop.Order) (bool, error) {
	fresh, err := s.docs.Insert(ctx, o)
	if fresh {
		s.figures.Note(stats.Order(o))
		s.auditMoves(ctx, o, 0)
	}
	return fresh, err
}

// Get reads an order by its id; shop.ErrOrderNotFound where there is none.
func (s *Orders) Get(ctx context.Context, id string) (*shop.Order, error) {
	return s.docs.Get(ctx, id)
}

// Change is the collection's Change; its condition is the order's state and version, and the
// audit gets the new moves.
//
// A change that wakes an order at rest schedules its wakeup first, in the same try: so whatever
// the caller has scheduled before, an order that needs a look has its row (see Wakeups.Done).
func (s *Orders) Change(ctx context.Context, id string, change func(*shop.Order) error) (*shop.Order, error) {
	o, _, err := s.change(ctx, id, nil, change)
	return o, err
}

// ChangeFrom is Change for an order that the caller has read or written before: it is read
// again only where another writer was first. seen stays as it is. wrote reports whether this
// call wrote the order that it returns.
func (s *Orders) ChangeFrom(ctx context.Context, seen *shop.Order, change func(*shop.Order) error) (o *shop.Order, wrote bool, err error) {
	return s.change(ctx, seen.ID, seen, change)
}

func (s *Orders) change(ctx context.Context, id string, seen *shop.Order, change func(*shop.Order) error) (*shop.Order, bool, error) {
	moves := 0
	o, wrote, err := s.docs.tryChange(ctx, id, seen, func(o *shop.Order) error {
		moves = len(o.History)
		_, awake := o.NextLook()
		if err := change(o); err != nil {
			return err
		}
		if at, wakes := o.NextLook(); wakes && !awake {
			return s.wakeups.Schedule(ctx, id, at)
		}
		return nil
	})
	if wrote {
		s.figures.Note(stats.Order(o))
		s.auditMoves(ctx, o, moves)
		if len(o.History) > moves {
			s.tally.add("order:" + string(o.State))
		}
	}
	return o, wrote, err
}

// Open counts the orders that are not at rest, by state. Those that are closed, fulfilled or refunded are too many to count.
func (s *Orders) Open(ctx context.Context) (map[shop.OrderState]int64, error) {
	open := []shop.OrderState{shop.OrderPending, shop.OrderClosing, shop.OrderPaid, shop.OrderRefunding, shop.OrderException}
	counts, err := countBy[shop.OrderState](ctx, s.docs.raw(), bson.M{"state": bson.M{"$in": open}}, "state")
	for _, state := range open {
		if _, there := counts[state]; !there && err == nil {
			counts[state] = 0
		}
	}
	return counts, err
}

// OldestIn is when the oldest order in a state was placed; the zero time where there is none.
func (s *Orders) OldestIn(ctx context.Context, state shop.OrderState) (time.Time, error) {
	first, err := s.docs.All(ctx, bson.M{"state": state}, options.Find().SetSort(bson.D{{Key: "created_at", Value: 1}, {Key: "_id", Value: 1}}).SetLimit(1))
	if err != nil || len(first) == 0 {
		return time.Time{}, err
	}
	return first[0].CreatedAt, nil
}

// orderKey is an order's place in a list.
func orderKey(o shop.Order) (any, string) { return o.CreatedAt, o.ID }

// Of lists a learner's orders, newest first.
func (s *Orders) Of(ctx context.Context, userID string, limit int, cursor string) ([]shop.Order, string, error) {
	return s.docs.Page(ctx, bson.M{"user_id": userID}, limit, cursor, orderKey)
}

// OrderFilter narrows a list of orders; what is empty matches all.
type OrderFilter struct {
	State       shop.OrderState
	UserID      string
	CourseID    string // of one of its lines
	Referral    string
	From, Until time.Time // placed at From or later, and before Until
}

// Admits reports whether an order is among those that the filter lets through.
func (f OrderFilter) Admits(o *shop.Order) bool {
	return o.UserID != "" && (f.UserID == "" || o.UserID == f.UserID) && (f.State == "" || o.State == f.State) &&
		(f.CourseID == "" || slices.ContainsFunc(o.Lines, func(l shop.OrderLine) bool { return l.CourseID == f.CourseID })) &&
		(f.Referral == "" || o.Referral == f.Referral) && !o.CreatedAt.Before(f.From) && (f.Until.IsZero() || o.CreatedAt.Before(f.Until))
}

func (f OrderFilter) query() bson.M {
	q := bson.M{"user_id": bson.M{"$ne": ""}}
	if f.UserID != "" {
		q["user_id"] = f.UserID
	}
	if f.State != "" {
		q["state"] = f.State
	}
	if f.CourseID != "" {
		q["lines.course_id"] = f.CourseID
	}
	if f.Referral != "" {
		q["referral"] = f.Referral
	}
	placed := bson.M{}
	if !f.From.IsZero() {
		placed["$gte"] = f.From
	}
	if !f.Until.IsZero() {
		placed["$lt"] = f.Until
	}
	if len(placed) > 0 {
		q["created_at"] = placed
	}
	return q
}

// Page lists all learners' orders, newest first. Orders that were never finished placing
// are left out.
func (s *Orders) Page(ctx context.Context, f OrderFilter, limit int, cursor string) ([]shop.Order, string, error) {
	return s.docs.Page(ctx, f.query(), limit, cursor, orderKey)
}

// OfTransaction lists the ids of the orders that a payment of WeChat belongs to, also
// one that did not fit its order. An index answers; the embedded store reads all orders.
func (s *Orders) OfTransaction(ctx context.Context, transactionID string) (ids []string, err error) {
	err = s.docs.Each(ctx, bson.M{"attempts.transaction_id": transactionID}, func(o *shop.Order) error {
		ids = append(ids, o.ID)
		return nil
	})
	if err != nil {
		return nil, err
	}
	unmatched, err := s.unmatchedPayments.docs.All(ctx, bson.M{"payment.transaction_id": transactionID})
	if err != nil {
		return nil, err
	}
	for _, x := range unmatched {
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
		err := s.docs.Each(ctx, filter, func(o *shop.Order) error {
			ids = append(ids, o.ID)
			return nil
		})
		if err != nil {
			return nil, err
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
	rows := make([]AuditRow, 0, len(o.History))
	for _, r := range o.History {
		rows = append(rows, moveAudit(o, r))
	}
	_, err := s.docs.InsertAll(ctx, rows)
	return err
}

// EachWithCash calls each with every order whose money may have moved in [from, until):
// a payment, a refund by its beginning or its acceptance, or an order that cost nothing.
// The order's own Cash says what moved when. On MongoDB an index answers each part.
//
// FerretDB has no $elemMatch, so there the two bounds may hold for two elements of a list, and each is called
// with other orders too; it reads all orders, which a development shop can afford.
func (s *Orders) EachWithCash(ctx context.Context, from, until time.Time, each func(*shop.Order) error) error {
	within := bson.M{"$gte": from.UTC(), "$lt": until.UTC()}
	filter := bson.M{"$or": bson.A{
		bson.M{"attempts.paid_at": within},
		bson.M{"refunds.created_at": within},
		bson.M{"refunds.accepted_at": within},
		bson.M{"total_fen": 0, "created_at": within},
	}}
	if !s.ferret {
		filter = bson.M{"$or": bson.A{
			bson.M{"attempts": bson.M{"$elemMatch": bson.M{"paid_at": within}}},
			bson.M{"refunds": bson.M{"$elemMatch": bson.M{"created_at": within}}},
			bson.M{"refunds": bson.M{"$elemMatch": bson.M{"accepted_at": within}}},
			bson.M{"total_fen": 0, "created_at": within},
		}}
	}
	return s.docs.Each(ctx, filter, each)
}

// Each calls each with every order.
func (s *Orders) Each(ctx context.Context, each func(*shop.Order) error) error {
	return s.docs.Each(ctx, bson.M{}, each)
}

// ByID reads the orders with these ids; missing ones are left out.
func (s *Orders) ByID(ctx context.Context, ids []string) (map[string]*shop.Order, error) {
	all, err := s.docs.ByIDs(ctx, ids)
	return byID(all, func(o *shop.Order) string { return o.ID }), err
}

// EachPaid calls each with every order that was paid in from … to.
func (s *Orders) EachPaid(ctx context.Context, from, to time.Time, each func(*shop.Order) error) error {
	return s.docs.Each(ctx, bson.M{"paid_at": bson.M{"$gte": from.UTC(), "$lte": to.UTC()}}, each)
}

package store

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// What the invariant checker reads. Large collections are walked with a cursor; of the
// audit and the keys only what is compared is kept, some 100 bytes an order.

// Each calls each with every order.
func (s *Orders) Each(ctx context.Context, each func(*shop.Order) error) error {
	return walk(ctx, s.coll("orders"), bson.M{}, each)
}

// Each calls each with every enrolment.
func (s *Enrolments) Each(ctx context.Context, each func(*shop.Enrolment) error) error {
	return walk(ctx, s.coll("enrolments"), bson.M{}, each)
}

// Each calls each with every notice.
func (s *Notices) Each(ctx context.Context, each func(*shop.Notice) error) error {
	return walk(ctx, s.coll("notices"), bson.M{}, each)
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

// ByID reads the enrolments with these ids (user:course); missing ones are left out.
func (s *Enrolments) ByID(ctx context.Context, ids []string) (map[string]*shop.Enrolment, error) {
	all, err := findByIDs[*shop.Enrolment](ctx, s.base, s.coll("enrolments"), ids)
	if err != nil {
		return nil, err
	}
	found := make(map[string]*shop.Enrolment, len(all))
	for _, e := range all {
		found[e.ID] = e
	}
	return found, nil
}

// Existing says which of the notices with these ids there are.
func (s *Notices) Existing(ctx context.Context, ids []string) (map[string]bool, error) {
	all, err := findByIDs[shop.Notice](ctx, s.base, s.coll("notices"), ids)
	if err != nil {
		return nil, err
	}
	there := make(map[string]bool, len(all))
	for _, n := range all {
		there[n.ID] = true
	}
	return there, nil
}

// Orders says which order used each of these free stages up, by user:course.
func (s *Trials) Orders(ctx context.Context, enrolmentIDs []string) (map[string]string, error) {
	ids := make([]string, 0, len(enrolmentIDs))
	byTrial := map[string]string{}
	for _, id := range enrolmentIDs {
		user, course, _ := strings.Cut(id, ":")
		ids = append(ids, trialID(course, user))
		byTrial[trialID(course, user)] = id
	}
	all, err := findByIDs[trial](ctx, s.base, s.coll("trials"), ids)
	if err != nil {
		return nil, err
	}
	orders := make(map[string]string, len(all))
	for _, t := range all {
		orders[byTrial[t.ID]] = t.OrderID
	}
	return orders, nil
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

// CountMoves says how many moves of each order stand in the audit.
func (s *Audit) CountMoves(ctx context.Context) (map[string]int, error) {
	const prefix = "order:"
	moves := bson.M{"_id": bson.M{"$gte": prefix, "$lt": "order;"}} // ';' follows ':'
	counts := map[string]int{}
	err := walk(ctx, s.coll("audit"), moves, func(row *AuditRow) error {
		id, _, ok := strings.Cut(strings.TrimPrefix(row.ID, prefix), ":")
		if ok {
			counts[id]++
		}
		return nil
	}, options.Find().SetProjection(bson.M{"_id": 1}))
	return counts, err
}

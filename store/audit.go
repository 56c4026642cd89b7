package store

import (
	"context"
	"fmt"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// AuditRow is one act of a user, a program or the shop, kept for ever. ID makes a repeat of the
// same act the same row.
type AuditRow struct {
	ID     string            `bson:"_id"`
	Object string            `bson:"object"` // order:ID, course:ID, user:ID …
	Act    string            `bson:"act"`
	By     string            `bson:"by"`
	At     time.Time         `bson:"at"`
	Data   map[string]string `bson:"data,omitempty"`

	// Before and After are what the act has changed, by name, where that is known.
	Before map[string]string `bson:"before,omitempty"`
	After  map[string]string `bson:"after,omitempty"`
}

type actorKey struct{}

// ActingAs is a context in which the user or program by changes things: the audit names it.
func ActingAs(ctx context.Context, by string) context.Context {
	return context.WithValue(ctx, actorKey{}, by)
}

// actor is the user or program that changes things in a context; shop.ByShop where the shop does it by itself.
func actor(ctx context.Context) string {
	if by, ok := ctx.Value(actorKey{}).(string); ok {
		return by
	}
	return shop.ByShop
}

// Audit is what people did, append only.
type Audit struct {
	*base
	docs Collection[AuditRow]
}

func newAudit(b *base) *Audit {
	return &Audit{base: b, docs: newCollection[AuditRow](b, "audit")}
}

// Add appends a row; the same id twice is one row.
func (s *Audit) Add(ctx context.Context, row AuditRow) error {
	if row.ID == "" {
		row.ID = NewID()
	}
	return s.add(ctx, row)
}

// AddOnce adds a row that has an id of its own, and reports whether it is new.
func (s *Audit) AddOnce(ctx context.Context, row AuditRow) (fresh bool, err error) {
	return s.docs.Insert(ctx, &row)
}

func (s *Audit) add(ctx context.Context, row AuditRow) error {
	_, err := s.docs.Insert(ctx, &row)
	return err
}

// moveAudit is an order's move as the audit keeps it, keyed by order and move, so that
// there are exactly as many rows as moves.
func moveAudit(o *shop.Order, r shop.Record) AuditRow {
	data := map[string]string{"from": string(r.From), "to": string(r.To)}
	for k, v := range r.Data {
		data[k] = v
	}
	return AuditRow{
		ID: moveID(o.ID, r.V), Object: "order:" + o.ID, Act: string(r.Move), By: r.By, At: r.At, Data: data,
	}
}

func moveID(orderID string, v int64) string { return fmt.Sprintf("order:%s:%d", orderID, v) }

// Each calls each with the rows about an object, oldest first.
func (s *Audit) Each(ctx context.Context, object string, each func(*AuditRow) error) error {
	return s.docs.Each(ctx, bson.M{"object": object}, each, options.Find().SetSort(bson.D{{Key: "at", Value: 1}}))
}

// AuditFilter narrows a list of the audit; what is empty matches all.
type AuditFilter struct {
	Objects     []string // one of these
	By          []string // one of these
	Act         string
	From, Until time.Time // done at From or later, and before Until
	Calls       bool      // with the calls of staff and programs, which stand beside what the calls did
}

// The acts that say no more than that an address was called.
const (
	ActStaffCall  = "staff_call"
	ActAPIKeyCall = "api_key_call"
)

func (f AuditFilter) query() bson.M {
	q := bson.M{}
	if f.Objects != nil {
		q["object"] = bson.M{"$in": f.Objects}
	}
	if f.By != nil {
		q["by"] = bson.M{"$in": f.By}
	}
	switch {
	case f.Act != "":
		q["act"] = f.Act
	case !f.Calls:
		q["$and"] = bson.A{bson.M{"act": bson.M{"$ne": ActStaffCall}}, bson.M{"act": bson.M{"$ne": ActAPIKeyCall}}}
	}
	at := bson.M{}
	if !f.From.IsZero() {
		at["$gte"] = f.From
	}
	if !f.Until.IsZero() {
		at["$lt"] = f.Until
	}
	if len(at) > 0 {
		q["at"] = at
	}
	return q
}

// Page lists the audit, newest first.
func (s *Audit) Page(ctx context.Context, f AuditFilter, limit int, cursor string) ([]AuditRow, string, error) {
	return pageBy(ctx, s.docs.raw(), "at", f.query(), limit, cursor, func(r AuditRow) (any, string) { return r.At, r.ID })
}

// AddBroadcast appends the moves of a broadcast that the audit does not have yet.
func (s *Audit) AddBroadcast(ctx context.Context, b *shop.Broadcast) error {
	for i, r := range b.History {
		row := AuditRow{
			ID: fmt.Sprintf("broadcast:%s:%d", b.ID, i), Object: "broadcast:" + b.ID, Act: string(r.Move), By: r.By, At: r.At,
			Data: map[string]string{"to": string(r.To)},
		}
		if err := s.add(ctx, row); err != nil {
			return err
		}
	}
	return nil
}

// addCourse appends an edit of a course, keyed by its version, with what it has changed; before is its summary, nil of a
// new one.
func (s *Audit) addCourse(ctx context.Context, before map[string]string, after *shop.Course) error {
	row := AuditRow{
		ID: fmt.Sprintf("course:%s:%d", after.ID, after.V), Object: "course:" + after.ID, Act: "course_edited", By: actor(ctx), At: after.UpdatedAt,
	}
	if before == nil {
		row.Act = "course_created"
	}
	row.Before, row.After = differing(before, after.Summary())
	return s.add(ctx, row)
}

// AddPlan appends how a course's plan has ended, once, in the name of the editor that made it.
func (s *Audit) AddPlan(ctx context.Context, c *shop.Course) error {
	p := c.Plan
	row := AuditRow{
		ID: fmt.Sprintf("course:%s:plan:%s", c.ID, p.ID), Object: "course:" + c.ID, Act: "course_plan_" + string(p.State), By: p.By, At: *p.EndedAt,
		Data: map[string]string{"action": string(p.Action), "planned_for": p.At.UTC().Format(time.RFC3339)},
	}
	if p.Reason != "" {
		row.Data["reason"] = p.Reason
	}
	return s.add(ctx, row)
}

// differing are the entries of two maps that are not in both alike.
func differing(a, b map[string]string) (before, after map[string]string) {
	before, after = map[string]string{}, map[string]string{}
	for name, v := range a {
		if b[name] != v {
			before[name] = v
		}
	}
	for name, v := range b {
		if a[name] != v {
			after[name] = v
		}
	}
	return before, after
}

// CountMovesOf says how many moves of one order stand in the audit, and whether there is one more than the order has made.
func (s *Audit) CountMovesOf(ctx context.Context, o *shop.Order) (int, error) {
	ids := make([]string, len(o.History)+1)
	for i := range ids {
		ids[i] = moveID(o.ID, int64(i+1))
	}
	rows, err := s.docs.ByIDs(ctx, ids)
	return len(rows), err
}

// CountMoves says how many moves of each order stand in the audit.
func (s *Audit) CountMoves(ctx context.Context) (map[string]int, error) {
	const prefix = "order:"
	moves := bson.M{"_id": bson.M{"$gte": prefix, "$lt": "order;"}} // ';' follows ':'
	counts := map[string]int{}
	err := s.docs.Each(ctx, moves, func(row *AuditRow) error {
		id, _, ok := strings.Cut(strings.TrimPrefix(row.ID, prefix), ":")
		if ok {
			counts[id]++
		}
		return nil
	}, options.Find().SetProjection(bson.M{"_id": 1}))
	return counts, err
}

package checkout

import (
	"context"
	"slices"
	"time"

	"mstm/shop"
	"mstm/shop/stats"
	"mstm/store"
)

// Invariants are what must hold for all that is stored.
type Invariants struct {
	basics
	store Collections
	news  *News
}

const (
	checkBatch = 200             // orders or enrolments that are read together with what belongs to them
	checkAgain = time.Second / 2 // what is only on its way has arrived by then
	claimFresh = 5 * time.Minute // a younger claim's order may still come

	nightlyEvery = time.Minute // of real time, between two looks whether the nightly check is due
)

// Check holds everything against the invariants I1 … I8 and returns what breaks them. It
// only reads, and may run beside a shop that sells: what is broken at a first look is
// looked at again, and counts only if it is still broken then.
func (c *Invariants) Check(ctx context.Context) ([]shop.Violation, error) {
	return c.twice(ctx, c.check)
}

// Checked is what one check of all data has found.
type Checked struct {
	Violations []shop.Violation
	Orders     int64     // that were looked at
	At         time.Time // when the look began
}

// CheckAndNote is Check, and notes for the console what was found: a check that dies before leaves the note of the one before it,
// and of two at once that stays which began later.
func (c *Invariants) CheckAndNote(ctx context.Context) (done Checked, err error) {
	done.Violations, err = c.twice(ctx, func(ctx context.Context) ([]shop.Violation, error) {
		done.At = c.now()
		k, err := c.look(ctx)
		done.Orders = k.seen
		return k.found, err
	})
	if err != nil {
		return done, err
	}
	found := stats.Accounts{Violations: int64(len(done.Violations)), Orders: done.Orders, CheckedAt: done.At}
	_, err = c.store.Figures.Change(ctx, stats.PageOfCheck, func(page stats.Sums) bool { return stats.NoteCheck(page, found) })
	if err == nil && c.news.hub != nil { // a command has none
		err = c.news.publish(ctx, shop.StatsChanged(c.now()))
	}
	if err != nil {
		c.log.WarnContext(ctx, "the check's outcome is not noted for the console", "err", err)
	}
	return done, nil
}

// checkIfDue checks all data once a night, on one instance, and at once where it was never done.
func (c *Invariants) checkIfDue(ctx context.Context) error {
	now := c.now()
	due, err := c.store.Figures.Change(ctx, stats.PageOfCheck, func(page stats.Sums) bool { return stats.BeginCheck(page, now) })
	if !due || err != nil {
		return err
	}
	done, err := c.CheckAndNote(ctx)
	if err != nil {
		return err
	}
	for _, v := range done.Violations {
		c.alarm(ctx, "the nightly check found what breaks an invariant", "invariant", v.Invariant, "object", v.Object, "detail", v.Detail)
	}
	return nil
}

// twice looks, and where something is broken looks again: what counts is what is broken both times.
func (c *Invariants) twice(ctx context.Context, look func(context.Context) ([]shop.Violation, error)) ([]shop.Violation, error) {
	first, err := look(ctx)
	if err != nil || len(first) == 0 {
		return first, err
	}
	select {
	case <-time.After(checkAgain):
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	second, err := look(ctx)
	return slices.DeleteFunc(second, func(v shop.Violation) bool {
		return !slices.ContainsFunc(first, func(w shop.Violation) bool { return v.Invariant == w.Invariant && v.Object == w.Object })
	}), err
}

// checker is one look at everything.
type checker struct {
	store   Collections
	now     time.Time
	claims  map[string]store.Claim // by user:course
	due     map[string]bool
	audited map[string]int
	keyed   map[string][]store.KeyedOrder
	found   []shop.Violation
	seen    int64 // orders
}

func (c *Invariants) check(ctx context.Context) ([]shop.Violation, error) {
	k, err := c.look(ctx)
	return k.found, err
}

func (c *Invariants) look(ctx context.Context) (*checker, error) {
	k := &checker{store: c.store, now: c.now(), claims: map[string]store.Claim{}}
	for _, look := range []func(context.Context) error{k.read, k.orders, k.enrolments, k.notices, k.leftClaims, k.leftKeys, k.leftAudit} {
		if err := look(ctx); err != nil {
			return &checker{}, err
		}
	}
	return k, nil
}

// read takes in what is small, or small enough to be kept.
func (k *checker) read(ctx context.Context) (err error) {
	claims, err := k.store.Claims.All(ctx)
	if err != nil {
		return err
	}
	for _, c := range claims {
		k.claims[c.ID] = c
	}
	if k.due, err = k.store.Wakeups.Orders(ctx); err != nil {
		return err
	}
	if k.audited, err = k.store.Audit.CountMoves(ctx); err != nil {
		return err
	}
	k.keyed, err = k.store.IdempotencyKeys.Orders(ctx)
	return err
}

// orders looks at every order, some at a time.
func (k *checker) orders(ctx context.Context) error {
	return inBatches(ctx, k.store.Orders.Each, k.orderBatch)
}

func (k *checker) orderBatch(ctx context.Context, batch []*shop.Order) error {
	k.seen += int64(len(batch))
	var enrolments, notices []string
	for _, o := range batch {
		enrolments = append(enrolments, enrolmentIDs(o)...)
		notices = append(notices, o.NoticesDue()...)
	}
	enrolled, err := k.store.Enrolments.ByID(ctx, enrolments)
	if err != nil {
		return err
	}
	told, err := k.store.Notices.Existing(ctx, notices)
	if err != nil {
		return err
	}
	trials, err := k.store.Trials.Orders(ctx, enrolments)
	if err != nil {
		return err
	}
	for _, o := range batch {
		a := shop.Around{
			Enrolments: map[string]*shop.Enrolment{}, Claims: map[string]string{}, Trials: map[string]string{},
			Told: told, Due: k.due[o.ID], Audited: k.audited[o.ID],
		}
		for _, l := range o.Lines {
			id := shop.EnrolmentID(o.UserID, l.CourseID)
			a.Enrolments[l.CourseID], a.Claims[l.CourseID], a.Trials[l.CourseID] = enrolled[id], k.claims[id].OrderID, trials[id]
		}
		k.found = append(k.found, shop.CheckOrder(o, a, k.now)...)
		k.checkKeys(o)
		delete(k.audited, o.ID)
		delete(k.keyed, o.ID)
	}
	return nil
}

// checkKeys is I4: one order for one key of one learner.
func (k *checker) checkKeys(o *shop.Order) {
	keys := k.keyed[o.ID]
	if len(keys) > 1 {
		k.add("I4", "order:"+o.ID, "several idempotency keys stand for it")
	}
	for _, key := range keys {
		switch {
		case o.CloseReason == shop.CloseAbandoned && key.Placed:
			k.add("I4", "key:"+key.KeyID, "it was answered with order "+o.ID+", which was never placed")
		case o.CloseReason != shop.CloseAbandoned && key.UserID != o.UserID:
			k.add("I4", "key:"+key.KeyID, "it stands for order "+o.ID+" of another learner")
		}
	}
}

func (k *checker) add(invariant, object, detail string) {
	k.found = append(k.found, shop.Violation{Invariant: invariant, Object: object, Detail: detail})
}

// enrolments looks at every enrolment and the orders of its grants.
func (k *checker) enrolments(ctx context.Context) error {
	return inBatches(ctx, k.store.Enrolments.Each, k.enrolmentBatch)
}

func (k *checker) enrolmentBatch(ctx context.Context, batch []*shop.Enrolment) error {
	var ids []string
	for _, e := range batch {
		for _, g := range e.Grants {
			ids = append(ids, g.OrderID)
		}
	}
	orders, err := k.store.Orders.ByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, e := range batch {
		k.found = append(k.found, shop.CheckEnrolment(e, func(id string) *shop.Order { return orders[id] })...)
	}
	return nil
}

func (k *checker) notices(ctx context.Context) error {
	return k.store.Notices.Each(ctx, func(n *shop.Notice) error {
		k.found = append(k.found, shop.CheckNotice(n)...)
		return nil
	})
}

// leftClaims looks at the orders that hold a course.
func (k *checker) leftClaims(ctx context.Context) error {
	var ids []string
	for _, c := range k.claims {
		ids = append(ids, c.OrderID)
	}
	orders, err := k.store.Orders.ByID(ctx, ids)
	if err != nil {
		return err
	}
	for _, c := range k.claims {
		fresh := k.now.Sub(c.At).Abs() < 2*claimFresh
		k.found = append(k.found, shop.CheckClaim(c.ID, c.OrderID, orders[c.OrderID], k.due[c.OrderID], fresh)...)
	}
	return nil
}

// leftKeys looks at the keys without an order. An unanswered key is fine: its order was refused,
// or is on its way.
func (k *checker) leftKeys(context.Context) error {
	for id, keys := range k.keyed {
		for _, key := range keys {
			if key.Placed {
				k.add("I4", "key:"+key.KeyID, "it was answered with order "+id+", which does not exist")
			}
		}
	}
	return nil
}

// leftAudit looks at the audit rows without an order.
func (k *checker) leftAudit(context.Context) error {
	for id := range k.audited {
		k.add("I8", "order:"+id, "the audit has moves of it, and it does not exist")
	}
	return nil
}

// inBatches hands on what each reads, some at a time.
func inBatches[T any](ctx context.Context, each func(context.Context, func(*T) error) error, do func(context.Context, []*T) error) error {
	var batch []*T
	err := each(ctx, func(v *T) error {
		if batch = append(batch, v); len(batch) < checkBatch {
			return nil
		}
		full := batch
		batch = nil
		return do(ctx, full)
	})
	if err != nil {
		return err
	}
	return do(ctx, batch)
}

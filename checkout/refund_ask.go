package checkout

import (
	"context"
	"errors"
	"math/rand/v2"

	"mstm/shop"
	"mstm/store"
)

// RefundQuote says what the owner of an order would get back now, by the shop's rule.
func (c *Checkout) RefundQuote(ctx context.Context, userID, orderID string) (shop.OrderRefund, error) {
	o, err := c.OrderOf(ctx, userID, orderID)
	if err != nil {
		return shop.OrderRefund{}, err
	}
	p, err := c.pastOf(ctx, o)
	if err != nil {
		return shop.OrderRefund{}, err
	}
	return shop.RefundOrder(o, p.of, c.Now())
}

// Refund begins the refund that the owner of an order asks for. seen is the amount that
// the page showed, nil where it showed none; another amount now is ErrRefundNotExpected
// with the new quote. key is the request's idempotency key, "" for none: one key begins one
// refund.
func (c *Checkout) Refund(ctx context.Context, userID, key, orderID, reason string, seen *shop.Fen) (*shop.Order, error) {
	if _, err := c.OrderOf(ctx, userID, orderID); err != nil {
		return nil, err
	}
	return c.beginRefund(ctx, orderID, reason, userID, key, func(o *shop.Order, p past) (shop.OrderRefund, error) {
		q, err := shop.RefundOrder(o, p.of, c.Now())
		if err == nil && seen != nil && *seen != q.Amount {
			return q, shop.ErrRefundNotExpected.With("quote", q)
		}
		return q, err
	})
}

// FinanceRefund begins a refund that a person with the finance role decided. later also
// refunds, first, what stands on top of this order in its courses, or in those that are
// named (the stage after this one). For key see Refund.
func (c *Checkout) FinanceRefund(ctx context.Context, by, key, orderID string, ask shop.RefundRequest, reason string, later bool) (*shop.Order, error) {
	if !shop.ValidID(orderID) {
		return nil, shop.ErrOrderNotFound
	}
	o, err := c.Store.Orders.Get(ctx, orderID)
	if err != nil {
		return nil, err
	}
	if later && !o.MovedUnder(key) {
		if err := c.refundLater(ctx, by, o, ask, reason); err != nil {
			return nil, err
		}
	}
	return c.beginRefund(ctx, orderID, reason, by, key, func(o *shop.Order, p past) (shop.OrderRefund, error) {
		return shop.FinanceRefund(o, ask, func(id string) *shop.Enrolment {
			e := p[id].Enrolment
			if later {
				e = e.WithoutRefunding(orderID)
			}
			return e
		}, c.Now())
	})
}

// refundLater refunds in full the lines with grants that came after this order's, newest first,
// and waits for none of them: a grant that is frozen for its refund no longer stands in the way.
// Other lines of their orders stay as they are.
func (c *Checkout) refundLater(ctx context.Context, by string, o *shop.Order, ask shop.RefundRequest, reason string) error {
	p, err := c.pastOf(ctx, o)
	if err != nil {
		return err
	}
	for course, l := range p {
		if !ask.Names(course) {
			continue
		}
		for _, id := range l.Enrolment.After(o.ID) {
			if err := c.refundOneLater(ctx, by, id, course, reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// refundOneLater refunds one of those in full. One that is on its way back, or is back and
// has yet to be taken away, will do: a repeat after a crash finds these states.
func (c *Checkout) refundOneLater(ctx context.Context, by, orderID, course, reason string) error {
	line := shop.RefundRequest{Lines: []shop.RefundRequestLine{{CourseID: course}}}
	_, err := c.FinanceRefund(ctx, by, "", orderID, line, reason, false)
	if err != nil && !errors.Is(err, shop.ErrRefundUnderWay) && !errors.Is(err, shop.ErrNotRefundable) {
		return err
	}
	if failed := c.drive(ctx, orderID); failed != nil || err == nil {
		return failed
	}
	o, failed := c.Store.Orders.Get(ctx, orderID)
	if failed != nil {
		return failed
	}
	if o.Grants(course) != shop.GrantLive {
		return nil
	}
	return err
}

// beginRefund writes a refund down and sets it going. What it gives back is decided on the
// enrolments as they are, and the grants that it ends are frozen on condition that they
// are still so: a purchase that is granted at the same moment comes before the decision or
// after the freeze, never in between.
func (c *Checkout) beginRefund(ctx context.Context, orderID, reason, by, key string, quote refundRule) (*shop.Order, error) {
	for range refundTries {
		try, err := c.decideRefund(ctx, orderID, reason, by, key, quote)
		switch {
		case try.before != nil:
			c.behind(ctx, orderID)
			return try.before, nil
		case errors.Is(err, errOvertaken):
			if err := pause(ctx, rand.N(2*twinPause)); err != nil {
				return nil, err
			}
			continue
		case err != nil && !try.froze:
			return nil, err
		}
		if driven := c.drive(ctx, orderID); driven != nil {
			c.Log.WarnContext(ctx, "refund waits", "order", orderID, "err", driven)
		}
		if err != nil {
			return nil, err
		}
		if try.begun {
			c.Log.InfoContext(ctx, "refund begins", "order", orderID, "amount_fen", try.quote.Amount)
			return c.Store.Orders.Get(ctx, orderID)
		}
	}
	return nil, shop.ErrOrderInProgress
}

// refundRule says what a refund of an order gives back.
type refundRule func(*shop.Order, past) (shop.OrderRefund, error)

// refundTry is what came of one try to decide a refund.
type refundTry struct {
	before *shop.Order // the order, where its refund was begun under the key before: an earlier try, or one at the same moment
	quote  shop.OrderRefund
	froze  bool // the order and its grants were written to
	begun  bool // the refund is written down; else the grants are not as they were, and it is to be decided again
}

// decideRefund decides a refund and writes it down. Calls on this instance come one at a time,
// for they would only get in each other's way.
func (c *Checkout) decideRefund(ctx context.Context, orderID, reason, by, key string, rule refundRule) (try refundTry, err error) {
	unlock, _, err := c.locks.lock(ctx, "refund:"+orderID)
	if err != nil {
		return try, err
	}
	defer unlock()
	o, err := c.Store.Orders.Get(ctx, orderID)
	if err != nil {
		return try, err
	}
	if o.MovedUnder(key) {
		try.before = o
		return try, nil
	}
	p, err := c.pastOf(ctx, o)
	if err != nil {
		return try, err
	}
	if try.quote, err = rule(o, p); err != nil {
		return try, err
	}
	call := store.NewID()
	try.froze = true
	try.begun, err = c.freeze(ctx, o, try.quote, p, call)
	if err == nil && try.begun {
		err = c.writeRefund(ctx, orderID, key, call, func(o *shop.Order) error {
			q, err := rule(o, p)
			if err == nil {
				o.BeginRefund(q, reason, by, c.Now())
			}
			return err
		})
	}
	if (err != nil || !try.begun) && !errors.Is(err, errOvertaken) {
		err = errors.Join(err, c.thaw(ctx, orderID))
	}
	return try, err
}

// errOvertaken says that another call has begun to freeze the order's grants since: what this
// one has frozen is that one's now.
var errOvertaken = errors.New("another call decides a refund of the order")

// writeRefund begins a refund under a key, once, while the call still is the one that may.
func (c *Checkout) writeRefund(ctx context.Context, orderID, key, call string, begin func(*shop.Order) error) error {
	_, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		moved, err := o.Under(key, func() error {
			if o.FreezeBy != call {
				return errOvertaken
			}
			return begin(o)
		})
		if err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	return err
}

// refundTries is how often a refund is decided again because a course of it was granted or
// refunded in between.
const refundTries = 8

// freeze stops the grants that a refund would end, each on condition that its enrolment is
// still the one that was looked at, and reports whether all were. The order owes it to its
// grants to look after them before the first is touched, so a process that dies in between
// leaves none frozen; it owes it a little later, lest another instance thaws at once what is
// frozen here. A grant that an earlier call has frozen is written again: a thaw of it that is
// under way comes too late then (see follow).
func (c *Checkout) freeze(ctx context.Context, o *shop.Order, q shop.OrderRefund, p past, call string) (all bool, err error) {
	if err := c.Store.Wakeups.Schedule(ctx, o.ID, c.Now().Add(lookSoon)); err != nil {
		return false, err
	}
	if _, err := c.Store.Orders.Change(ctx, o.ID, func(o *shop.Order) error { o.Freezing(call, c.Now().Add(lookSoon)); return nil }); err != nil {
		return false, err
	}
	for _, l := range q.Lines {
		if l.Problem != "" || !l.EndsAccess {
			continue
		}
		same := true
		_, err := c.Store.Enrolments.Change(ctx, o.UserID, l.CourseID, func(e *shop.Enrolment) error {
			if same = e.V == p[l.CourseID].Enrolment.V; !same {
				return store.Unchanged()
			}
			e.Freeze(o.ID)
			return nil
		})
		if err != nil || !same {
			return false, err
		}
	}
	return true, nil
}

// thaw makes the order look after its grants now: the refund that they were frozen for came
// to nothing.
func (c *Checkout) thaw(ctx context.Context, orderID string) error {
	if err := c.Store.Wakeups.Schedule(ctx, orderID, c.Now()); err != nil {
		return err
	}
	_, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error { o.OweGrants(c.Now()); return nil })
	return err
}

// past is what an order's owner has behind them in each of its courses.
type past map[string]shop.Learning

func (p past) of(courseID string) shop.Learning { return p[courseID] }

// pastOf reads it, as the refund rule looks at it. A grant that is frozen for no refund of the
// order counts as live: a call that died has frozen it, or one that will be overtaken.
func (c *Checkout) pastOf(ctx context.Context, o *shop.Order) (past, error) {
	p := past{}
	for _, l := range o.Lines {
		e, err := c.Store.Enrolments.Get(ctx, o.UserID, l.CourseID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if e != nil && o.Grants(l.CourseID) == shop.GrantLive {
			e.Unfreeze(o.ID)
		}
		progress, err := c.Store.Progress.Get(ctx, o.UserID, l.CourseID)
		if err != nil {
			return nil, err
		}
		course, err := c.Store.Courses.Get(ctx, l.CourseID)
		if errors.Is(err, shop.ErrCourseNotFound) {
			course = &shop.Course{}
		} else if err != nil {
			return nil, err
		}
		opened, of := l.Usage(progress.Opened, len(progress.Lessons), course)
		p[l.CourseID] = shop.Learning{Enrolment: e, Opened: opened, Lessons: of}
	}
	return p, nil
}

// refundRefused pays back the lines that could not be granted.
func (l *look) refundRefused(ctx context.Context) error {
	return l.change(ctx, func(o *shop.Order) error {
		if !o.RefundRefused(l.Now()) {
			return store.Unchanged()
		}
		return nil
	})
}

// refundNeedless pays back the stages that this order's full price has made needless.
func (c *Checkout) refundNeedless(ctx context.Context, o *shop.Order) error {
	for id, course := range o.Needless() {
		e, err := c.Store.Enrolments.Get(ctx, o.UserID, course)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		_, err = c.beginNeedless(ctx, id, course, e)
		if err != nil && !errors.Is(err, shop.ErrNotRefundable) && !errors.Is(err, shop.ErrRefundUnderWay) {
			return err
		}
	}
	return nil
}

func (c *Checkout) beginNeedless(ctx context.Context, orderID, course string, e *shop.Enrolment) (*shop.Order, error) {
	if err := c.Store.Wakeups.Schedule(ctx, orderID, c.Now().Add(lookSoon)); err != nil {
		return nil, err
	}
	return c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		if o.RefundFor(shop.ReasonNeedlessStage) {
			return store.Unchanged()
		}
		q, err := shop.NeedlessRefund(o, course, e, c.Now())
		if err != nil {
			return err
		}
		o.BeginRefund(shop.OrderRefund{Lines: []shop.RefundQuote{q}, Amount: q.Amount, Full: q.Full}, shop.ReasonNeedlessStage, shop.ByShop, c.Now())
		return nil
	})
}

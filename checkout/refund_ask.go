package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// RefundQuote says what the owner of an order would get back now, by the shop's rule.
func (c *Checkout) RefundQuote(ctx context.Context, userID, orderID string) (shop.OrderRefund, error) {
	o, err := c.OrderOf(ctx, userID, orderID)
	if err != nil {
		return shop.OrderRefund{}, err
	}
	past, err := c.learning(ctx, o)
	if err != nil {
		return shop.OrderRefund{}, err
	}
	return shop.RefundOrder(o, past, c.Now())
}

// Refund begins the refund that the owner of an order asks for. seen is the amount that
// the page showed, nil where it showed none; another amount now is ErrRefundNotExpected
// with the new quote.
func (c *Checkout) Refund(ctx context.Context, userID, orderID, reason string, seen *shop.Fen) (*shop.Order, error) {
	o, err := c.OrderOf(ctx, userID, orderID)
	if err != nil {
		return nil, err
	}
	past, err := c.learning(ctx, o)
	if err != nil {
		return nil, err
	}
	return c.beginRefund(ctx, orderID, func(o *shop.Order) error {
		q, err := shop.RefundOrder(o, past, c.Now())
		if err != nil {
			return err
		}
		if seen != nil && *seen != q.Amount {
			return shop.ErrRefundNotExpected.With("quote", q)
		}
		o.BeginRefund(q, reason, userID, c.Now())
		return nil
	})
}

// FinanceRefund begins a refund that somebody with the finance role decided: amount in fen,
// or nil for all that is left. later also refunds, first, what stands on top of this order
// in its courses (the stage after this one).
func (c *Checkout) FinanceRefund(ctx context.Context, by, orderID string, amount *shop.Fen, reason string, later bool) (*shop.Order, error) {
	if !shop.ValidID(orderID) {
		return nil, shop.ErrOrderNotFound
	}
	o, err := c.Store.Order(ctx, orderID)
	if err != nil {
		return nil, err
	}
	enrolments, err := c.enrolments(ctx, o)
	if err != nil {
		return nil, err
	}
	if later {
		if err := c.refundLater(ctx, by, o, enrolments, reason); err != nil {
			return nil, err
		}
		if enrolments, err = c.enrolments(ctx, o); err != nil {
			return nil, err
		}
		for id, e := range enrolments {
			enrolments[id] = e.Settling()
		}
	}
	return c.beginRefund(ctx, orderID, func(o *shop.Order) error {
		q, err := shop.FinanceRefund(o, amount, func(id string) *shop.Enrolment { return enrolments[id] }, c.Now())
		if err != nil {
			return err
		}
		o.BeginRefund(q, reason, by, c.Now())
		return nil
	})
}

// refundLater refunds in full the orders whose grants came after this one's, newest first,
// and waits for none of them: a grant that is frozen for its refund no longer stands in
// the way.
func (c *Checkout) refundLater(ctx context.Context, by string, o *shop.Order, enrolments map[string]*shop.Enrolment, reason string) error {
	for _, e := range enrolments {
		for _, id := range e.After(o.ID) {
			if _, err := c.FinanceRefund(ctx, by, id, nil, reason, false); err != nil && !errors.Is(err, shop.ErrRefundUnderWay) {
				return err
			}
			if err := c.drive(ctx, id); err != nil {
				return err
			}
		}
	}
	return nil
}

// beginRefund writes a refund down and sets it going. The reminder comes first: an order
// that rests is looked at again, whatever happens to this process.
func (c *Checkout) beginRefund(ctx context.Context, orderID string, begin func(*shop.Order) error) (*shop.Order, error) {
	if err := c.Store.Remind(ctx, orderID, c.Now().Add(lookSoon)); err != nil {
		return nil, err
	}
	o, err := c.Store.ChangeOrder(ctx, orderID, begin)
	if err != nil {
		c.behind(ctx, orderID) // nothing to do: this puts the reminder away
		return nil, err
	}
	c.Log.InfoContext(ctx, "refund begins", "order", o.ID, "amount_fen", o.Refunds[len(o.Refunds)-1].Amount)
	if err := c.drive(ctx, orderID); err != nil {
		c.Log.WarnContext(ctx, "refund waits", "order", o.ID, "err", err)
	}
	return c.Store.Order(ctx, orderID)
}

// learning is the past of an order's owner in its courses, as the refund rule looks at it.
func (c *Checkout) learning(ctx context.Context, o *shop.Order) (func(courseID string) shop.Learning, error) {
	past := map[string]shop.Learning{}
	for _, l := range o.Lines {
		e, err := c.Store.Enrolment(ctx, o.UserID, l.CourseID)
		if err != nil {
			return nil, err
		}
		progress, err := c.Store.Progress(ctx, o.UserID, l.CourseID)
		if err != nil {
			return nil, err
		}
		course, err := c.Store.Course(ctx, l.CourseID)
		if err != nil {
			return nil, err
		}
		past[l.CourseID] = shop.Learning{Enrolment: e, Opened: len(progress.Lessons), Lessons: course.Lessons()}
	}
	return func(id string) shop.Learning { return past[id] }, nil
}

func (c *Checkout) enrolments(ctx context.Context, o *shop.Order) (map[string]*shop.Enrolment, error) {
	all := map[string]*shop.Enrolment{}
	for _, l := range o.Lines {
		e, err := c.Store.Enrolment(ctx, o.UserID, l.CourseID)
		if err != nil {
			return nil, err
		}
		all[l.CourseID] = e
	}
	return all, nil
}

// refundRefused pays back the lines that could not be granted.
func (c *Checkout) refundRefused(ctx context.Context, o *shop.Order) error {
	_, err := c.Store.ChangeOrder(ctx, o.ID, func(o *shop.Order) error {
		q, any := o.RefusedRefund()
		if !any {
			return store.Unchanged()
		}
		o.BeginRefund(q, shop.ReasonLineRefused, shop.ByShop, c.Now())
		return nil
	})
	return err
}

// refundNeedless pays back the stages that this order's full price has made needless.
func (c *Checkout) refundNeedless(ctx context.Context, o *shop.Order) error {
	for id, course := range o.Needless() {
		e, err := c.Store.Enrolment(ctx, o.UserID, course)
		if err != nil {
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
	if err := c.Store.Remind(ctx, orderID, c.Now()); err != nil {
		return nil, err
	}
	return c.Store.ChangeOrder(ctx, orderID, func(o *shop.Order) error {
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

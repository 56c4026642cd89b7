package checkout

import (
	"context"
	"errors"
	"fmt"

	"mstm/shop"
	"mstm/store"
)

// do does one duty of the order. Each can be done again without harm.
func (l *look) do(ctx context.Context, duty shop.DutyName) error {
	c, o := l.Checkout, l.order
	switch duty {
	case shop.DutyAnnouncePaid, shop.DutyAnnounceClosed:
		return c.announceOrder(ctx, o)
	case shop.DutyEnrol:
		return l.enrol(ctx)
	case shop.DutyBuyer:
		return l.checkBuyer(ctx)
	case shop.DutyCart:
		return c.clearCart(ctx, o)
	case shop.DutyCount:
		return c.countLearners(ctx, o)
	case shop.DutyTell:
		return errors.Join(c.announceOrder(ctx, o), c.Teller.OrderFulfilled(ctx, o))
	case shop.DutyRefundRefused:
		return l.refundRefused(ctx)
	case shop.DutyRefundNeedless:
		return c.refundNeedless(ctx, o)
	case shop.DutyFreeze:
		return errors.Join(c.announceOrder(ctx, o), l.follow(ctx, duty))
	case shop.DutyRevoke:
		return l.follow(ctx, duty)
	case shop.DutyTellRefunded:
		return c.postRefunded(ctx, o)
	case shop.DutyTellPaidBack:
		return c.postPaidBack(ctx, o)
	case shop.DutyTellClosing:
		return c.remindClosing(ctx, o)
	}
	return fmt.Errorf("no such duty: %s", duty)
}

// enrol grants every line and then moves the order on (M5). What each line came to is
// written together with the move; until then granting again finds the grants there.
func (l *look) enrol(ctx context.Context) error {
	c, o := l.Checkout, l.order
	gone, err := c.gone(ctx, o.UserID)
	if err != nil {
		return err
	}
	if gone {
		if err := c.reportGone(ctx, o, ""); err != nil {
			return err
		}
	}
	refusals := map[string]*shop.Error{}
	for _, line := range o.Lines {
		if refusals[line.CourseID], err = c.grant(ctx, o, line, gone); err != nil {
			return fmt.Errorf("grant course %s: %w", line.CourseID, err)
		}
	}
	err = l.change(ctx, func(o *shop.Order) error {
		o.BuyerGone = o.BuyerGone || gone
		for i := range o.Lines {
			o.Lines[i].Came(refusals[o.Lines[i].CourseID])
		}
		if !o.Fulfil(c.Now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return l.release(ctx)
}

// grant opens one line's course, or says why it cannot: the learner has it by now, or there
// is no learner (gone) or no course any more.
func (c *Checkout) grant(ctx context.Context, o *shop.Order, l shop.OrderLine, gone bool) (refused *shop.Error, err error) {
	defer func() {
		if refused != nil {
			c.Log.WarnContext(ctx, "a paid line cannot be granted", "order", o.ID, "course", l.CourseID, "code", refused.Code)
		}
	}()
	if gone {
		return c.withhold(ctx, o, l, shop.ErrAccountDeleted)
	}
	course, err := c.Store.Courses.Get(ctx, l.CourseID)
	switch {
	case errors.Is(err, shop.ErrCourseNotFound):
		return c.withhold(ctx, o, l, shop.ErrCourseNotFound)
	case err != nil:
		return nil, err
	case course.TakenDown:
		if there, err := c.grantedBefore(ctx, o, l); err != nil {
			return nil, err
		} else if !there {
			return c.withhold(ctx, o, l, shop.ErrCourseOffSale)
		}
	}
	if l.FreeStage() {
		// The trial before the grant: a retry after a crash in between finds the trial taken by
		// this very order and goes on.
		mine, err := c.Store.Trials.Take(ctx, o.UserID, l.CourseID, o.ID, c.Now())
		if err != nil {
			return nil, err
		}
		if !mine {
			return shop.ErrTrialUsed, nil
		}
	}
	e, err := c.Store.Enrolments.Change(ctx, o.UserID, l.CourseID, func(e *shop.Enrolment) error {
		if _, there := e.Grant(o.ID); there {
			return store.Unchanged()
		}
		_, err := e.Add(o.ID, l, course.Current().Version, l.Price, l.List == 0, c.Now())
		return err
	})
	if errors.As(err, &refused) && refused.Kind == shop.Conflict {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	if g, _ := e.Grant(o.ID); g.State == shop.GrantRevoked {
		return shop.ErrCourseOffSale, nil // withheld by a look at the same order that ran beside this one
	}
	if err := c.noteTurn(ctx, o, e); err != nil {
		return nil, err
	}
	return nil, c.announceEnrolment(ctx, "grant:"+o.ID+":"+l.CourseID, e)
}

// noteTurn remembers that the order's grant ends. When it begins needs no row of its own:
// that is now, or at the end of the grant before it.
func (c *Checkout) noteTurn(ctx context.Context, o *shop.Order, e *shop.Enrolment) error {
	g, ok := e.Grant(o.ID)
	if !ok || g.Until == nil {
		return nil
	}
	at, more := shop.NextReminder(*g.Until, g.At)
	if !more {
		return nil
	}
	return c.Store.AccessEnds.Schedule(ctx, e.UserID, e.CourseID, *g.Until, at)
}

// grantedBefore reports whether an earlier try has granted a line.
func (c *Checkout) grantedBefore(ctx context.Context, o *shop.Order, l shop.OrderLine) (bool, error) {
	e, err := c.Store.Enrolments.Get(ctx, o.UserID, l.CourseID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	g, there := e.Grant(o.ID)
	return there && g.State != shop.GrantRevoked, err
}

// clearCart takes the bought lines, and only these, out of the cart, now or when Redis is back.
func (c *Checkout) clearCart(ctx context.Context, o *shop.Order) error {
	return c.orLater(ctx, c.takeBought(ctx, o), store.Unsent{Kind: store.UnsentCart, Ref: o.ID, UserID: o.UserID})
}

func (c *Checkout) takeBought(ctx context.Context, o *shop.Order) error {
	bought := make([]shop.CartBought, 0, len(o.Lines))
	for _, l := range o.Lines {
		bought = append(bought, shop.CartBought{CourseID: l.CourseID, PolicyID: l.PolicyID, Lifetime: l.Kind == shop.KindLifetime})
	}
	return c.Carts.RemoveBought(ctx, o.UserID, o.ID, bought)
}

// countLearners counts again how many learn each course. A recount, unlike adding one, may
// be done twice.
func (c *Checkout) countLearners(ctx context.Context, o *shop.Order) error {
	for _, l := range o.Lines {
		n, err := c.Store.Enrolments.CountLearners(ctx, l.CourseID)
		if err != nil {
			return err
		}
		if err := c.Store.Courses.SetLearners(ctx, l.CourseID, n); err != nil && !errors.Is(err, shop.ErrCourseNotFound) {
			return err
		}
	}
	return nil
}

// remindClosing reminds the buyer of an order that is about to close, unless there is nothing to
// remind of by now. WeChat is asked first: the callback may have been lost, and a buyer that has
// paid must not be asked to pay.
func (c *Checkout) remindClosing(ctx context.Context, o *shop.Order) error {
	if a := o.OpenAttempt(); a != nil && o.Reminds(c.Now()) {
		if _, err := c.ask(ctx, o, a); calmly(err) != nil {
			return err
		}
	}
	o, err := c.Store.Orders.Get(ctx, o.ID)
	if err != nil || !o.Reminds(c.Now()) {
		return err
	}
	if gone, err := c.gone(ctx, o.UserID); err != nil || gone {
		return err
	}
	return c.Teller.OrderClosing(ctx, o)
}

func (c *Checkout) postPaidBack(ctx context.Context, o *shop.Order) error {
	for i := range o.Refunds {
		if r := &o.Refunds[i]; r.Duplicate && r.State == shop.RefundSucceeded {
			if err := c.Teller.PaidBack(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

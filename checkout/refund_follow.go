package checkout

import (
	"context"
	"fmt"

	"mstm/shop"
	"mstm/store"
)

// follow brings the grants of an order to what its refunds make of them (frozen, revoked,
// so much paid back), and publishes those that changed to the learner's pages. It looks at the
// order alone, so doing it late or twice ends in the same.
//
// For DutyFreeze each enrolment gets a new version even where nothing changes. A process that
// read the grants before, and comes to freeze them only after the order has done this duty,
// is refused by that version; otherwise it could freeze a grant, die, and leave a grant frozen
// that nothing looks at any more.
func (l *look) follow(ctx context.Context, duty shop.DutyName) error {
	if err := l.endFreezing(ctx); err != nil {
		return err
	}
	o := l.order
	for _, line := range o.Lines {
		if line.Result != shop.LineGranted {
			continue
		}
		e, err := l.Store.Enrolments.Change(ctx, o.UserID, line.CourseID, func(e *shop.Enrolment) error {
			return l.followLine(ctx, e, o, line.CourseID, duty)
		})
		if err != nil {
			return fmt.Errorf("grant of course %s follows its refund: %w", line.CourseID, err)
		}
		if err := l.announceEnrolment(ctx, "enrolment:"+o.ID+":"+line.CourseID, e); err != nil {
			return err
		}
	}
	return nil
}

// endFreezing makes a call that froze the order's grants, and has not written its refund yet,
// decide again: it may be dead, and its grants are thawed now.
func (l *look) endFreezing(ctx context.Context) error {
	if l.order.FreezeBy == "" {
		return nil
	}
	return l.change(ctx, func(o *shop.Order) error {
		if o.FreezeBy == "" {
			return store.Unchanged()
		}
		o.FreezeBy = ""
		return nil
	})
}

// followLine is follow for one enrolment. Before it thaws, it reads the order once more, after
// the enrolment: where another call has begun to freeze since, that one either is seen here, or
// writes the enrolment before this call can.
func (c *Checkout) followLine(ctx context.Context, e *shop.Enrolment, o *shop.Order, courseID string, duty shop.DutyName) error {
	if g, ok := e.Grant(o.ID); ok && g.State == shop.GrantFrozen && o.Grants(courseID) == shop.GrantLive {
		now, err := c.Store.Orders.Get(ctx, o.ID)
		if err != nil {
			return err
		}
		if now.FreezeBy != "" {
			return store.Unchanged() // that call owes it to the grants to look after them
		}
		o = now
	}
	if !followRefunds(e, o, courseID) && duty != shop.DutyFreeze {
		return store.Unchanged()
	}
	return nil
}

func followRefunds(e *shop.Enrolment, o *shop.Order, courseID string) bool {
	changed := e.SetRefunded(o.ID, o.RefundedOf(courseID))
	switch o.Grants(courseID) {
	case shop.GrantRevoked:
		return e.Revoke(o.ID) || changed
	case shop.GrantFrozen:
		return e.Freeze(o.ID) || changed
	}
	return e.Unfreeze(o.ID) || changed
}

// postRefunded posts each refund that went through to the buyer.
func (c *Checkout) postRefunded(ctx context.Context, o *shop.Order) error {
	if err := c.announceOrder(ctx, o); err != nil {
		return err
	}
	for i := range o.Refunds {
		if r := &o.Refunds[i]; !r.Duplicate && r.State == shop.RefundSucceeded {
			if err := c.Teller.Refunded(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

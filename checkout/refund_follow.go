package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// follow is look.follow for one course.
func (c *grants) follow(ctx context.Context, o *shop.Order, courseID string, duty shop.DutyName) error {
	e, err := c.enrolments.Change(ctx, o.UserID, courseID, func(e *shop.Enrolment) error {
		return c.followLine(ctx, e, o, courseID, duty)
	})
	if err != nil {
		return err
	}
	return c.news.announceEnrolment(ctx, "enrolment:"+o.ID+":"+courseID, e)
}

// followLine is follow for one enrolment. Before it thaws, it reads the order once more, after
// the enrolment: where another call has begun to freeze since, that one either is seen here, or
// writes the enrolment before this call can.
func (c *grants) followLine(ctx context.Context, e *shop.Enrolment, o *shop.Order, courseID string, duty shop.DutyName) error {
	if g, ok := e.Grant(o.ID); ok && g.State == shop.GrantFrozen && o.Grants(courseID) == shop.GrantLive {
		now, err := c.orders.Get(ctx, o.ID)
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

package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// follow brings the grant of one course to what the order's refunds make of it. The order is read
// after the enrolment, in every try: the decision rests on its newest version, and a refund that
// begins or ends later writes the enrolment again, which refuses what was decided here. A process
// that stalls with an older order would freeze a grant for a refund that is over.
func (c *grants) follow(ctx context.Context, orderID, userID, courseID string, duty shop.DutyName) error {
	e, err := c.enrolments.Change(ctx, userID, courseID, func(e *shop.Enrolment) error {
		o, err := c.orders.Get(ctx, orderID)
		if err != nil {
			return err
		}
		if g, _ := e.Grant(orderID); g.State == shop.GrantFrozen && o.RefundBook().Grants(courseID) == shop.GrantLive && o.FreezeBy != "" {
			return store.Unchanged() // the call that freezes owes it to the grants to look after them
		}
		if !followRefunds(e, o, courseID) && duty != shop.DutyFreeze {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	return c.news.announceEnrolment(ctx, "enrolment:"+orderID+":"+courseID, e)
}

func followRefunds(e *shop.Enrolment, o *shop.Order, courseID string) bool {
	changed := e.SetRefunded(o.ID, o.RefundBook().RefundedOf(courseID))
	switch o.RefundBook().Grants(courseID) {
	case shop.GrantRevoked:
		return e.Revoke(o.ID) || changed
	case shop.GrantFrozen:
		return e.Freeze(o.ID) || changed
	}
	return e.Unfreeze(o.ID) || changed
}

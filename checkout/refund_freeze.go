package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// freeze stops the grants that a refund would end, each on condition that its enrolment is
// still the one that was looked at, and reports whether all were. The order owes it to its
// grants to look after them before the first is touched, so a process that dies in between
// leaves none frozen; it owes it a little later, lest another instance thaws at once what is
// frozen here. A grant that an earlier call has frozen is written again: a thaw of it that is
// under way comes too late then (see follow).
func (c *Refunds) freeze(ctx context.Context, o *shop.Order, q shop.OrderRefund, p past, call string) (all bool, err error) {
	if err := c.wakeups.Schedule(ctx, o.ID, c.now().Add(lookSoon)); err != nil {
		return false, err
	}
	if _, err := c.orders.Change(ctx, o.ID, func(o *shop.Order) error { o.RefundBook().Freezing(call, c.now().Add(lookSoon)); return nil }); err != nil {
		return false, err
	}
	for _, l := range q.Lines {
		if l.Problem != "" || !l.EndsAccess {
			continue
		}
		same := true
		_, err := c.enrolments.Change(ctx, o.UserID, l.CourseID, func(e *shop.Enrolment) error {
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
func (c *Refunds) thaw(ctx context.Context, orderID string) error {
	if err := c.wakeups.Schedule(ctx, orderID, c.now()); err != nil {
		return err
	}
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error { o.RefundBook().OweGrants(c.now()); return nil })
	return err
}

package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mstm/shop"
	"mstm/store"
)

// waitForRefund is the pause between two looks at an order with a refund under way that another
// one waits for: WeChat may take days.
const waitForRefund = time.Minute

// refundNeedless pays back the stages that this order's full price has made needless. A stage whose
// grant is frozen, or whose order has a refund under way, waits for the end of that: WeChat may
// close it, or it may be for another course. The error is shop.ErrRefundUnderWay then.
func (c *Refunds) refundNeedless(ctx context.Context, o *shop.Order) (waits error) {
	for _, stage := range o.Needless() {
		err := c.beginNeedless(ctx, stage)
		switch {
		case errors.Is(err, shop.ErrRefundUnderWay):
			waits = fmt.Errorf("order %s: %w", stage.OrderID, err)
		case err != nil && !errors.Is(err, shop.ErrNotRefundable):
			return err
		}
	}
	return waits
}

// beginNeedless begins the refund of one such stage, once. The enrolment is read in every try, after
// the order.
func (c *Refunds) beginNeedless(ctx context.Context, stage shop.NeedlessStage) error {
	if err := c.wakeups.Schedule(ctx, stage.OrderID, c.now().Add(lookSoon)); err != nil {
		return err
	}
	_, err := c.orders.Change(ctx, stage.OrderID, func(o *shop.Order) error {
		if o.RefundBook().RefundsNeedless(stage.CourseID) {
			return store.Unchanged()
		}
		e, err := c.enrolments.Get(ctx, o.UserID, stage.CourseID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		q, err := shop.NeedlessRefund(o, stage.CourseID, e, c.now())
		if err != nil {
			return err
		}
		o.RefundBook().Begin(shop.OrderRefund{Lines: []shop.RefundQuote{q}, Amount: q.Amount, Full: q.Full}, shop.ReasonNeedlessStage, shop.ByShop, c.now())
		return nil
	})
	return err
}

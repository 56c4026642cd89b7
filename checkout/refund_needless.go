package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// refundNeedless pays back the stages that this order's full price has made needless.
func (c *Refunds) refundNeedless(ctx context.Context, o *shop.Order) error {
	for id, course := range o.Needless() {
		err := c.beginNeedless(ctx, id, course)
		if err != nil && !errors.Is(err, shop.ErrNotRefundable) && !errors.Is(err, shop.ErrRefundUnderWay) {
			return err
		}
	}
	return nil
}

// beginNeedless begins the refund of one such stage, once. The enrolment is read in every try, after
// the order.
func (c *Refunds) beginNeedless(ctx context.Context, orderID, course string) error {
	if err := c.wakeups.Schedule(ctx, orderID, c.now().Add(lookSoon)); err != nil {
		return err
	}
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		if o.RefundFor(shop.ReasonNeedlessStage) {
			return store.Unchanged()
		}
		e, err := c.enrolments.Get(ctx, o.UserID, course)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return err
		}
		q, err := shop.NeedlessRefund(o, course, e, c.now())
		if err != nil {
			return err
		}
		o.BeginRefund(shop.OrderRefund{Lines: []shop.RefundQuote{q}, Amount: q.Amount, Full: q.Full}, shop.ReasonNeedlessStage, shop.ByShop, c.now())
		return nil
	})
	return err
}

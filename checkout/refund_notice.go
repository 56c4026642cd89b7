package checkout

import (
	"context"

	"mstm/shop"
)

func (c *News) postPaidBack(ctx context.Context, o *shop.Order) error {
	for i := range o.Refunds {
		if r := &o.Refunds[i]; r.Duplicate && r.State == shop.RefundSucceeded {
			if err := c.teller.PaidBack(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

// postRefunded posts each refund that went through to the buyer.
func (c *News) postRefunded(ctx context.Context, o *shop.Order) error {
	if err := c.announceOrder(ctx, o); err != nil {
		return err
	}
	for i := range o.Refunds {
		if r := &o.Refunds[i]; !r.Duplicate && r.State == shop.RefundSucceeded {
			if err := c.teller.Refunded(ctx, o, r); err != nil {
				return err
			}
		}
	}
	return nil
}

package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// driveRefund hands a refund to WeChat, or asks what became of it. It was written down
// before WeChat hears of it and keeps its number, so that asking twice pays back once.
func (c *Checkout) driveRefund(ctx context.Context, o *shop.Order, r *shop.Refund) error {
	if r.State != shop.RefundApproved {
		known, err := c.Config.Pay.QueryRefund(ctx, r.OutRefundNo)
		if !errors.Is(err, wechat.ErrRefundUnknown) {
			return c.refundAnswer(ctx, o.ID, r.OutRefundNo, known, err)
		}
	}
	if err := c.refundState(ctx, o.ID, r.OutRefundNo, shop.RefundSubmitted, time.Time{}); err != nil {
		return err
	}
	paid := o.Attempt(r.OutTradeNo)
	answer, err := c.Config.Pay.Refund(ctx, wechat.RefundRequest{
		OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, Reason: r.Reason, Refund: r.Amount, Total: paid.Amount,
	})
	return c.refundAnswer(ctx, o.ID, r.OutRefundNo, answer, err)
}

// refundAnswer applies what WeChat answered about a refund.
func (c *Checkout) refundAnswer(ctx context.Context, orderID, outRefundNo string, answer wechat.Refund, err error) error {
	if err != nil {
		c.Log.WarnContext(ctx, "refund waits", "order", orderID, "out_refund_no", outRefundNo, "err", err)
		if errors.Is(err, wechat.ErrRefused) || errors.Is(err, wechat.ErrNotEnough) {
			c.alarm(ctx, "WeChat refuses a refund", "order", orderID, "out_refund_no", outRefundNo, "err", err)
		}
		return c.refundState(ctx, orderID, outRefundNo, "", time.Time{})
	}
	state := refundStates[answer.Status]
	if state == shop.RefundAbnormal || state == shop.RefundClosed {
		c.alarm(ctx, "WeChat gave a refund up", "order", orderID, "out_refund_no", outRefundNo, "status", answer.Status)
	}
	return c.refundState(ctx, orderID, outRefundNo, state, answer.CreateTime)
}

var refundStates = map[string]shop.RefundState{
	"PROCESSING": shop.RefundProcessing, "SUCCESS": shop.RefundSucceeded,
	"CLOSED": shop.RefundClosed, "ABNORMAL": shop.RefundAbnormal,
}

// refundState notes a refund's state, and when WeChat accepted it (zero: not told); ""
// notes only that WeChat was asked.
func (c *Checkout) refundState(ctx context.Context, orderID, outRefundNo string, state shop.RefundState, accepted time.Time) error {
	_, err := c.Store.ChangeOrder(ctx, orderID, func(o *shop.Order) error {
		r := o.Refund(outRefundNo)
		if r == nil {
			return store.Unchanged()
		}
		if state == "" || r.State == state {
			r.Accept(accepted)
			r.Asked(c.Now())
			return nil
		}
		news := r.Accept(accepted)
		if !o.RefundAnswered(outRefundNo, state, c.Now()) && !news {
			return store.Unchanged()
		}
		return nil
	})
	return err
}

// RefundNotified applies a refund callback whose signature was verified. A number that is
// not ours is for people to look into; WeChat repeating it would not help.
func (c *Checkout) RefundNotified(ctx context.Context, answer wechat.Refund) error {
	id, ok := shop.OrderOfRefund(answer.OutRefundNo)
	if !ok || answer.MchID != c.Merchant.MchID {
		c.alarm(ctx, "refund callback for a number that is not ours", "out_refund_no", answer.OutRefundNo)
		return nil
	}
	o, err := c.Store.Order(ctx, id)
	if errors.Is(err, shop.ErrOrderNotFound) || err == nil && o.Refund(answer.OutRefundNo) == nil {
		c.alarm(ctx, "refund callback for a number that is not ours", "out_refund_no", answer.OutRefundNo)
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.Store.Remind(ctx, id, c.Now().Add(lookSoon)); err != nil {
		return err
	}
	if err := c.refundAnswer(ctx, id, answer.OutRefundNo, answer, nil); err != nil {
		return err
	}
	c.behind(ctx, id)
	return nil
}

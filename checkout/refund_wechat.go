package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// WeChatRefunds hand refunds that are written down to WeChat, and take its answers.
type WeChatRefunds struct {
	basics
	pay      *wechat.Pay
	merchant shop.Merchant
	orders   *store.Orders
	wakeups  *store.OrderWakeups
	driver   *Driver
}

// drive hands a refund to WeChat, or asks what became of it. It was written down
// before WeChat hears of it and keeps its number, so that asking twice pays back once.
func (c *WeChatRefunds) drive(ctx context.Context, o *shop.Order, r *shop.Refund) error {
	if r.State != shop.RefundApproved {
		known, err := c.pay.QueryRefund(ctx, r.OutRefundNo)
		if !errors.Is(err, wechat.ErrRefundUnknown) {
			return c.answer(ctx, o, r, known, err)
		}
	}
	if err := c.note(ctx, o.ID, r.OutRefundNo, shop.RefundSubmitted, time.Time{}); err != nil {
		return err
	}
	paid := o.Attempt(r.OutTradeNo)
	answer, err := c.pay.Refund(ctx, wechat.RefundRequest{
		OutTradeNo: r.OutTradeNo, OutRefundNo: r.OutRefundNo, Reason: r.Reason, Refund: r.Amount, Total: paid.Amount,
	})
	if errors.Is(err, wechat.ErrHeldBack) {
		return errors.Join(err, c.heldBack(ctx, o.ID, r.OutRefundNo))
	}
	return c.answer(ctx, o, r, answer, err)
}

// heldBack makes it a refund's turn at the next look, and not after the pause that is for a
// WeChat that was asked.
func (c *WeChatRefunds) heldBack(ctx context.Context, orderID, outRefundNo string) error {
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		r := o.RefundBook().Get(outRefundNo)
		if r == nil || !r.Open() {
			return store.Unchanged()
		}
		r.NotAsked()
		return nil
	})
	return err
}

// answer applies what WeChat answered about a refund of an order. An answer about other money
// than was asked for is for people, and asked for again.
func (c *WeChatRefunds) answer(ctx context.Context, o *shop.Order, r *shop.Refund, answer wechat.Refund, err error) error {
	log := c.log.With("order", o.ID, "out_refund_no", r.OutRefundNo)
	if err != nil {
		log.WarnContext(ctx, "refund waits", "err", err)
		if errors.Is(err, wechat.ErrRefused) || errors.Is(err, wechat.ErrNotEnough) || errors.Is(err, wechat.ErrTradeUnknown) {
			log.ErrorContext(ctx, "WeChat refuses a refund", "err", err, "alarm", true)
		}
		return c.note(ctx, o.ID, r.OutRefundNo, "", time.Time{})
	}
	if mismatch := refundMismatch(o, r, answer); mismatch != "" {
		log.ErrorContext(ctx, "WeChat answers with another refund than was asked for", "odd", mismatch, "status", answer.Status, "alarm", true)
		return c.note(ctx, o.ID, r.OutRefundNo, "", time.Time{})
	}
	state := refundStates[answer.Status]
	if state == shop.RefundAbnormal || state == shop.RefundClosed {
		log.ErrorContext(ctx, "WeChat gave a refund up", "status", answer.Status, "alarm", true)
	}
	return c.note(ctx, o.ID, r.OutRefundNo, state, answer.CreateTime)
}

// refundMismatch names what an answer has otherwise than what was asked for; "" where all fits.
func refundMismatch(o *shop.Order, r *shop.Refund, answer wechat.Refund) string {
	paid := o.Attempt(r.OutTradeNo)
	switch {
	case answer.OutTradeNo != r.OutTradeNo:
		return "out_trade_no"
	case answer.Refund != r.Amount:
		return "amount.refund"
	case paid != nil && answer.Total != paid.Amount:
		return "amount.total"
	}
	return ""
}

var refundStates = map[string]shop.RefundState{
	"PROCESSING": shop.RefundProcessing, "SUCCESS": shop.RefundSucceeded,
	"CLOSED": shop.RefundClosed, "ABNORMAL": shop.RefundAbnormal,
}

// note notes a refund's state, and when WeChat accepted it (zero: not known); "" notes only
// that WeChat was asked.
func (c *WeChatRefunds) note(ctx context.Context, orderID, outRefundNo string, state shop.RefundState, accepted time.Time) error {
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		r := o.RefundBook().Get(outRefundNo)
		if r == nil {
			return store.Unchanged()
		}
		if state == "" || r.State == state {
			r.Accept(accepted)
			r.Asked(c.now())
			return nil
		}
		news := r.Accept(accepted)
		if !o.RefundBook().Answered(outRefundNo, state, c.now()) && !news {
			return store.Unchanged()
		}
		return nil
	})
	return err
}

// Notified applies a refund callback with a verified signature. A number that is not ours is
// for people to look into; WeChat repeating it would not help.
func (c *WeChatRefunds) Notified(ctx context.Context, answer wechat.Refund) error {
	id, ok := shop.OrderOfRefund(answer.OutRefundNo)
	if !ok || answer.MchID != c.merchant.MchID {
		c.alarm(ctx, "refund callback for a number that is not ours", "out_refund_no", answer.OutRefundNo)
		return nil
	}
	o, err := c.orders.Get(ctx, id)
	if errors.Is(err, shop.ErrOrderNotFound) || err == nil && o.RefundBook().Get(answer.OutRefundNo) == nil {
		c.alarm(ctx, "refund callback for a number that is not ours", "out_refund_no", answer.OutRefundNo)
		return nil
	}
	if err != nil {
		return err
	}
	if err := c.wakeups.Schedule(ctx, id, c.now().Add(lookSoon)); err != nil {
		return err
	}
	if err := c.answer(ctx, o, o.RefundBook().Get(answer.OutRefundNo), answer, nil); err != nil {
		return err
	}
	c.driver.behind(ctx, id)
	return nil
}

package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

func orderOfEntry(e shop.BillEntry) (string, bool) {
	if e.OutRefundNo != "" {
		return shop.OrderOfRefund(e.OutRefundNo)
	}
	return shop.OrderOfTrade(e.OutTradeNo)
}

// repair asks WeChat what is behind a difference and applies the proven answer, by the same
// moves as a callback would. What amounts differ in is for people.
func (c *Reconciliations) repair(ctx context.Context, d *shop.Difference) {
	var said string
	var err error
	switch d.Kind {
	case shop.PaidThereNotHere, shop.PaidHereNotThere:
		said, err = c.askTrade(ctx, d)
	case shop.UnknownNumber:
		if d.OutRefundNo == "" {
			said, err = c.askTrade(ctx, d)
		}
	case shop.RefundThereNotHere, shop.RefundHereNotThere, shop.RefundStateDiffers, shop.OtherDay:
		if d.OutRefundNo != "" {
			said, err = c.askRefund(ctx, d)
		}
	}
	if err != nil {
		said = "repair failed: " + cause(err)
		c.log.WarnContext(ctx, "difference not repaired", "difference", d.Key(), "err", err)
	}
	if said != "" {
		d.Detail += "; " + said
	}
}

// askTrade settles a payment that WeChat confirms (M4, M9, M10), as its callback would have.
func (c *Reconciliations) askTrade(ctx context.Context, d *shop.Difference) (said string, err error) {
	tx, err := c.pay.Query(ctx, d.OutTradeNo)
	if errors.Is(err, wechat.ErrTradeUnknown) {
		return "WeChat knows no such trade", nil
	}
	if err != nil {
		return "", err
	}
	if d.Kind == shop.PaidHereNotThere || !tx.Paid() {
		return "WeChat says " + tx.State, nil
	}
	did, err := c.settlements.Settle(ctx, PaymentOf(tx), "reconciliation")
	if errors.Is(err, shop.ErrUnknownTrade) {
		return "kept as an unmatched payment", nil
	}
	return "settled: " + string(did), err
}

// askRefund applies what WeChat says about a refund, as its callback would have.
func (c *Reconciliations) askRefund(ctx context.Context, d *shop.Difference) (said string, err error) {
	answer, err := c.pay.QueryRefund(ctx, d.OutRefundNo)
	if errors.Is(err, wechat.ErrRefundUnknown) {
		return "WeChat knows no such refund", nil
	}
	if err != nil {
		return "", err
	}
	if err := c.wakeups.Schedule(ctx, d.OrderID, c.now().Add(lookSoon)); err != nil {
		return "", err
	}
	o, err := c.orders.Get(ctx, d.OrderID)
	if err != nil {
		return "", err
	}
	if r := o.RefundBook().Get(d.OutRefundNo); r != nil {
		err = c.weChatRefunds.answer(ctx, o, r, answer, nil)
	}
	c.driver.behind(ctx, d.OrderID)
	return "WeChat says " + answer.Status, err
}

// withDetails gives what is left the words of its repair.
func withDetails(left, found []shop.Difference) []shop.Difference {
	for i := range left {
		for _, d := range found {
			if d.Key() == left[i].Key() {
				left[i].Detail = d.Detail
			}
		}
	}
	return left
}

// openCases calls people to every difference that this run has found, and writes it into
// the audit, once for each time that it comes to be known in this state.
func (c *Reconciliations) openCases(ctx context.Context, r *shop.Reconciliation, earlier []shop.Difference) error {
	known := map[string]shop.DifferenceState{}
	for _, d := range earlier {
		known[d.Key()] = d.State
	}
	for _, d := range r.Differences {
		if known[d.Key()] == d.State {
			continue
		}
		c.alarm(ctx, "the bill and our orders differ", "day", r.Day, "kind", d.Kind, "order", d.OrderID, "out_trade_no", d.OutTradeNo,
			"out_refund_no", d.OutRefundNo, "theirs_fen", d.Theirs, "ours_fen", d.Ours, "detail", d.Detail, "state", d.State)
		err := c.audit.Add(ctx, store.AuditRow{
			Object: "reconciliation:" + string(r.Day), Act: "difference " + string(d.State), By: r.By, At: c.now().UTC(),
			Data: map[string]string{
				"kind": string(d.Kind), "order": d.OrderID, "out_trade_no": d.OutTradeNo, "out_refund_no": d.OutRefundNo,
				"theirs": d.Theirs.Yuan(), "ours": d.Ours.Yuan(), "detail": d.Detail,
			},
		})
		if err != nil {
			return err
		}
	}
	return nil
}

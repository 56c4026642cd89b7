package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// prepays ask WeChat for the way to pay an attempt.
type prepays struct {
	basics
	pay      *wechat.Pay
	orders   *store.Orders
	attempts *attempts
}

// prepay asks WeChat for the way to pay an attempt that was written down before. When the
// answer to an earlier try was lost, WeChat is asked what became of it first; the number
// stays the same, so there are never two live numbers for one channel.
func (c *prepays) prepay(ctx context.Context, o *shop.Order, a *shop.Attempt, try string) error {
	if a.State == shop.AttemptUnknown {
		if paid, err := c.attempts.ask(ctx, o, a); paid || err != nil {
			return err
		}
	}
	res, err := c.call(ctx, o, a)
	switch {
	case err == nil:
		return c.ready(ctx, o.ID, a.OutTradeNo, try, res)
	case errors.Is(err, wechat.ErrTradePaid), errors.Is(err, wechat.ErrTradeClosed):
		_, err := c.attempts.ask(ctx, o, a)
		return err
	case errors.Is(err, wechat.ErrNumberUsed):
		return c.numberUsed(ctx, o, a, try)
	case errors.Is(err, wechat.ErrOutcomeUnknown):
		return errors.Join(shop.ErrPayChannelBusy, c.attempts.set(ctx, o.ID, a.OutTradeNo, shop.AttemptUnknown))
	case errors.Is(err, wechat.ErrBusy):
		return shop.ErrPayChannelBusy
	default:
		c.alarm(ctx, "WeChat refuses a prepay", "order", o.ID, "err", err)
		return errors.Join(shop.ErrPayRefused, c.attempts.set(ctx, o.ID, a.OutTradeNo, shop.AttemptFailed))
	}
}

// call calls WeChat with parameters that are the same at every try of one number: WeChat
// refuses a number that comes again with others.
func (c *prepays) call(ctx context.Context, o *shop.Order, a *shop.Attempt) (wechat.Prepaid, error) {
	return c.pay.Prepay(ctx, wechat.Prepay{
		Channel: a.Channel, OutTradeNo: a.OutTradeNo, Description: describe(o), Total: a.Amount,
		ExpiresAt: o.ExpiresAt, Openid: a.Openid, PayerIP: a.PayerIP,
	})
}

// describe is what the payer's phone shows.
func describe(o *shop.Order) string {
	title := o.Lines[0].Title
	if shop.Cut(title, 30) != title {
		title = shop.Cut(title, 29) + "…"
	}
	if n := len(o.Lines); n > 1 {
		return fmt.Sprintf("%s等 %d 门课程", title, n)
	}
	return title
}

// ready keeps WeChat's answer (M3), unless the order moved on, or another try prepays the
// number: WeChat's answer to that one is the code that can be paid.
func (c *prepays) ready(ctx context.Context, orderID, outTradeNo, try string, res wechat.Prepaid) error {
	jsapi, err := jsapiMap(res.JSAPI)
	if err != nil {
		return err
	}
	o, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		if a := o.Attempt(outTradeNo); a == nil || a.PrepayBy != try || !o.AttemptReady(outTradeNo, res.CodeURL, res.H5URL, jsapi, c.now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err == nil && o.Payment() != nil {
		c.log.InfoContext(ctx, "order can be paid", "order", o.ID, "out_trade_no", outTradeNo, "total_fen", o.Total)
		c.attempts.news.announcePayment(ctx, o)
	}
	return err
}

func jsapiMap(p *wechat.JSAPIParams) (map[string]string, error) {
	if p == nil {
		return nil, nil
	}
	b, err := json.Marshal(p)
	if err != nil {
		return nil, err
	}
	m := map[string]string{}
	return m, json.Unmarshal(b, &m)
}

// prepaying is one call's part in prepaying a number. Two calls of WeChat at once for one number
// would make the code dead that the first was answered, or be refused.
type prepaying struct {
	try string
	had string // the number that it has prepaid; it takes no second turn there, so that two calls do not chase each other
}

// inTurn prepays a number when it is this call's turn, and waits for another's otherwise.
func (c *prepays) inTurn(ctx context.Context, o *shop.Order, a *shop.Attempt, p *prepaying) error {
	if a.PrepayBy == p.try {
		p.had = a.OutTradeNo
		err := c.prepay(ctx, o, a, p.try)
		if err != nil {
			err = errors.Join(err, c.endTurn(ctx, o.ID, a.OutTradeNo, p.try))
		}
		return err
	}
	if p.had == a.OutTradeNo || a.BeingPrepaid(c.now()) {
		return c.await(ctx, o.ID, a.OutTradeNo, p)
	}
	o, err := c.orders.Change(ctx, o.ID, func(o *shop.Order) error {
		now := o.Attempt(a.OutTradeNo)
		if now == nil || now.Prepaid() || now.PrepayBy != a.PrepayBy {
			return store.Unchanged()
		}
		now.HoldPrepay(p.try, c.now())
		return nil
	})
	if err != nil {
		return err
	}
	if now := o.Attempt(a.OutTradeNo); now != nil && !now.Prepaid() && now.PrepayBy == p.try {
		return c.inTurn(ctx, o, now, p)
	}
	return nil // another was quicker; the caller looks again
}

// endTurn lets the next call prepay at once where this one came to nothing.
func (c *prepays) endTurn(ctx context.Context, orderID, outTradeNo, try string) error {
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		a := o.Attempt(outTradeNo)
		if a == nil || a.PrepayBy != try {
			return store.Unchanged()
		}
		a.PrepayBy, a.PrepayAt = "", nil
		return nil
	})
	return err
}

// await waits until the number is prepaid, or given up, or it may be this call's turn.
func (c *prepays) await(ctx context.Context, orderID, outTradeNo string, p *prepaying) error {
	for {
		if err := pause(ctx, twinPause); err != nil {
			return errors.Join(shop.ErrPayChannelBusy, err)
		}
		o, err := c.orders.Get(ctx, orderID)
		if err != nil {
			return err
		}
		a := o.Attempt(outTradeNo)
		if o.State != shop.OrderPending || a == nil || a.Prepaid() || p.had != outTradeNo && !a.BeingPrepaid(c.now()) {
			return nil
		}
	}
}

// numberUsed deals with a number that WeChat knows with other parameters: an instance with another
// PUBLIC_URL prepaid it. Where that one's answer is there, it will do; else the number is given up,
// and the caller makes another.
func (c *prepays) numberUsed(ctx context.Context, o *shop.Order, a *shop.Attempt, try string) error {
	c.log.WarnContext(ctx, "WeChat knows a number with other parameters; do all instances have one PUBLIC_URL?",
		"order", o.ID, "out_trade_no", a.OutTradeNo)
	now, err := c.orders.Get(ctx, o.ID)
	if err != nil {
		return err
	}
	if b := now.Attempt(a.OutTradeNo); b == nil || b.Prepaid() || b.PrepayBy != try {
		return nil
	}
	return c.attempts.giveUp(ctx, o, a)
}

package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// prepaying is one call's part in prepaying a number. Two calls of WeChat at once for one number
// would make the code dead that the first was answered, or be refused.
type prepaying struct {
	try string
	had string // the number that it has prepaid; it takes no second turn there, so that two calls do not chase each other
}

// prepayInTurn prepays a number when it is this call's turn, and waits for another's otherwise.
func (c *Checkout) prepayInTurn(ctx context.Context, o *shop.Order, a *shop.Attempt, p *prepaying) error {
	if a.PrepayBy == p.try {
		p.had = a.OutTradeNo
		err := c.prepay(ctx, o, a, p.try)
		if err != nil {
			err = errors.Join(err, c.endTurn(ctx, o.ID, a.OutTradeNo, p.try))
		}
		return err
	}
	if p.had == a.OutTradeNo || a.BeingPrepaid(c.Now()) {
		return c.awaitPrepay(ctx, o.ID, a.OutTradeNo, p)
	}
	o, err := c.Store.Orders.Change(ctx, o.ID, func(o *shop.Order) error {
		now := o.Attempt(a.OutTradeNo)
		if now == nil || now.Prepaid() || now.PrepayBy != a.PrepayBy {
			return store.Unchanged()
		}
		now.HoldPrepay(p.try, c.Now())
		return nil
	})
	if err != nil {
		return err
	}
	if now := o.Attempt(a.OutTradeNo); now != nil && !now.Prepaid() && now.PrepayBy == p.try {
		return c.prepayInTurn(ctx, o, now, p)
	}
	return nil // another was quicker; the caller looks again
}

// endTurn lets the next call prepay at once where this one came to nothing.
func (c *Checkout) endTurn(ctx context.Context, orderID, outTradeNo, try string) error {
	_, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		a := o.Attempt(outTradeNo)
		if a == nil || a.PrepayBy != try {
			return store.Unchanged()
		}
		a.PrepayBy, a.PrepayAt = "", nil
		return nil
	})
	return err
}

// awaitPrepay waits until the number is prepaid, or given up, or it may be this call's turn.
func (c *Checkout) awaitPrepay(ctx context.Context, orderID, outTradeNo string, p *prepaying) error {
	for {
		if err := pause(ctx, twinPause); err != nil {
			return errors.Join(shop.ErrPayChannelBusy, err)
		}
		o, err := c.Store.Orders.Get(ctx, orderID)
		if err != nil {
			return err
		}
		a := o.Attempt(outTradeNo)
		if o.State != shop.OrderPending || a == nil || a.Prepaid() || p.had != outTradeNo && !a.BeingPrepaid(c.Now()) {
			return nil
		}
	}
}

// numberUsed deals with a number that WeChat knows with other parameters: an instance with another
// PUBLIC_URL prepaid it. Where that one's answer is there, it will do; else the number is given up,
// and the caller makes another.
func (c *Checkout) numberUsed(ctx context.Context, o *shop.Order, a *shop.Attempt, try string) error {
	c.Log.WarnContext(ctx, "WeChat knows a number with other parameters; do all instances have one PUBLIC_URL?",
		"order", o.ID, "out_trade_no", a.OutTradeNo)
	now, err := c.Store.Orders.Get(ctx, o.ID)
	if err != nil {
		return err
	}
	if b := now.Attempt(a.OutTradeNo); b == nil || b.Prepaid() || b.PrepayBy != try {
		return nil
	}
	return c.giveUpNumber(ctx, o, a)
}

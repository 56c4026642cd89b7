package checkout

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Pay lets the owner of a pending order pay it: by the attempt that is open on the same
// channel for the same payer, or by a new one, the old one being closed at WeChat first.
func (c *Checkout) Pay(ctx context.Context, userID, orderID string, ch shop.Channel, payer shop.Payer) (Placed, error) {
	o, err := c.OrderOf(ctx, userID, orderID)
	if err != nil {
		return Placed{}, err
	}
	if o.State != shop.OrderPending || !c.Now().Before(o.ExpiresAt) {
		return Placed{}, shop.ErrOrderNotPayable
	}
	if ch == shop.ChannelJSAPI && payer.Openid == "" {
		return Placed{}, shop.ErrOpenidRequired
	}
	return c.withPayment(ctx, o, ch, payer, store.NewID())
}

// OrderOf reads an order for its owner; another user's order is answered like a missing one.
func (c *Checkout) OrderOf(ctx context.Context, userID, orderID string) (*shop.Order, error) {
	if !shop.ValidID(orderID) {
		return nil, shop.ErrOrderNotFound
	}
	o, err := c.Store.Orders.Get(ctx, orderID)
	if err != nil {
		return nil, err
	}
	if o.UserID != userID {
		return nil, shop.ErrOrderNotFound
	}
	return o, nil
}

// payRounds is how many steps lead to a way to pay: a number is given up, another is made and
// prepaid, perhaps after others came in between.
const payRounds = 8

// withPayment brings an order to where the buyer can pay it on this channel. One that
// costs nothing is driven to its end instead. try names this call among others for the order.
func (c *Checkout) withPayment(ctx context.Context, o *shop.Order, ch shop.Channel, payer shop.Payer, try string) (Placed, error) {
	if o.State == shop.OrderPaid {
		return c.withoutPayment(ctx, o)
	}
	unlock, _, err := c.locks.lock(ctx, "pay:"+o.ID)
	if err != nil {
		return Placed{Order: o}, err
	}
	defer unlock()
	p := prepaying{try: try}
	for range payRounds {
		o, err := c.Store.Orders.Get(ctx, o.ID)
		if err != nil || o.State != shop.OrderPending {
			return Placed{Order: o}, err
		}
		a := o.OpenAttempt()
		switch {
		case a == nil:
			err = c.addAttempt(ctx, o.ID, ch, payer, try)
		case !a.Suits(ch, payer):
			err = c.giveUpNumber(ctx, o, a)
		case a.Faded(c.Now()):
			err = c.setAttempt(ctx, o.ID, a.OutTradeNo, shop.AttemptUnknown)
		case a.State == shop.AttemptReady:
			return Placed{Order: o, Payment: o.Payment()}, nil
		default:
			err = c.prepayInTurn(ctx, o, a, &p)
		}
		if err != nil {
			return Placed{Order: o}, err
		}
	}
	return Placed{Order: o}, shop.ErrPayChannelBusy
}

// giveUpNumber closes an attempt that will not do at WeChat. It is unknown first: a process that
// dies after WeChat has closed it must not leave a page with a code that cannot be paid.
func (c *Checkout) giveUpNumber(ctx context.Context, o *shop.Order, a *shop.Attempt) error {
	if err := c.setAttempt(ctx, o.ID, a.OutTradeNo, shop.AttemptUnknown); err != nil {
		return err
	}
	return c.closeAttempt(ctx, o, a)
}

func (c *Checkout) withoutPayment(ctx context.Context, o *shop.Order) (Placed, error) {
	if err := c.drive(ctx, o.ID); err != nil {
		c.Log.WarnContext(ctx, "order not fulfilled yet", "order", o.ID, "err", err)
	}
	o, err := c.Store.Orders.Get(ctx, o.ID)
	return Placed{Order: o}, err
}

// NewTrades is how many numbers at WeChat a person may have: 20 at once, then one in six seconds.
var NewTrades = store.Limit{Name: "placing", Burst: 20, Every: 6 * time.Second}

func (c *Checkout) addAttempt(ctx context.Context, orderID string, ch shop.Channel, payer shop.Payer, try string) error {
	added := false
	o, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		if added = o.OpenAttempt() == nil; !added {
			return store.Unchanged()
		}
		a, err := o.AddAttempt(ch, payer, c.Now())
		if err == nil {
			a.HoldPrepay(try, c.Now())
		}
		return err
	})
	if err == nil && added {
		c.countTrade(ctx, o.UserID)
	}
	return err
}

// countTrade counts a new number; the one after too many is refused before it is made.
func (c *Checkout) countTrade(ctx context.Context, userID string) {
	c.Store.Limits.Take(ctx, NewTrades, userID)
}

// prepay asks WeChat for the way to pay an attempt that was written down before. When the
// answer to an earlier try was lost, WeChat is asked what became of it first; the number
// stays the same, so there are never two live numbers for one channel.
func (c *Checkout) prepay(ctx context.Context, o *shop.Order, a *shop.Attempt, try string) error {
	if a.State == shop.AttemptUnknown {
		if paid, err := c.ask(ctx, o, a); paid || err != nil {
			return err
		}
	}
	res, err := c.callPrepay(ctx, o, a)
	switch {
	case err == nil:
		return c.attemptReady(ctx, o.ID, a.OutTradeNo, try, res)
	case errors.Is(err, wechat.ErrTradePaid), errors.Is(err, wechat.ErrTradeClosed):
		_, err := c.ask(ctx, o, a)
		return err
	case errors.Is(err, wechat.ErrNumberUsed):
		return c.numberUsed(ctx, o, a, try)
	case errors.Is(err, wechat.ErrOutcomeUnknown):
		return errors.Join(shop.ErrPayChannelBusy, c.setAttempt(ctx, o.ID, a.OutTradeNo, shop.AttemptUnknown))
	case errors.Is(err, wechat.ErrBusy):
		return shop.ErrPayChannelBusy
	default:
		c.alarm(ctx, "WeChat refuses a prepay", "order", o.ID, "err", err)
		return errors.Join(shop.ErrPayRefused, c.setAttempt(ctx, o.ID, a.OutTradeNo, shop.AttemptFailed))
	}
}

// callPrepay calls WeChat with parameters that are the same at every try of one number: WeChat
// refuses a number that comes again with others.
func (c *Checkout) callPrepay(ctx context.Context, o *shop.Order, a *shop.Attempt) (wechat.Prepaid, error) {
	return c.Config.Pay.Prepay(ctx, wechat.Prepay{
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

// attemptReady keeps WeChat's answer (M3), unless the order moved on, or another try prepays the
// number: WeChat's answer to that one is the code that can be paid.
func (c *Checkout) attemptReady(ctx context.Context, orderID, outTradeNo, try string, res wechat.Prepaid) error {
	jsapi, err := jsapiMap(res.JSAPI)
	if err != nil {
		return err
	}
	o, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		if a := o.Attempt(outTradeNo); a == nil || a.PrepayBy != try || !o.AttemptReady(outTradeNo, res.CodeURL, res.H5URL, jsapi, c.Now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err == nil && o.Payment() != nil {
		c.Log.InfoContext(ctx, "order can be paid", "order", o.ID, "out_trade_no", outTradeNo, "total_fen", o.Total)
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

func (c *Checkout) setAttempt(ctx context.Context, orderID, outTradeNo string, state shop.AttemptState) error {
	_, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		a := o.Attempt(outTradeNo)
		if a == nil || !a.Open() || a.State == state {
			return store.Unchanged()
		}
		a.State = state
		return nil
	})
	return err
}

// ask asks WeChat what became of an attempt and applies the answer. paid says that the money is
// there (or the order has moved on because of it).
func (c *Checkout) ask(ctx context.Context, o *shop.Order, a *shop.Attempt) (paid bool, err error) {
	tx, err := c.Config.Pay.Query(ctx, a.OutTradeNo)
	switch {
	case errors.Is(err, wechat.ErrTradeUnknown):
		return false, c.asked(ctx, o.ID, a.OutTradeNo)
	case err != nil:
		c.Log.WarnContext(ctx, "WeChat does not say what became of a payment", "order", o.ID, "err", err)
		return false, errors.Join(shop.ErrPayChannelBusy, c.asked(ctx, o.ID, a.OutTradeNo))
	case tx.Paid():
		_, err := c.Settle(ctx, PaymentOf(tx), "query")
		return true, err
	case tx.State == "CLOSED" || tx.State == "REVOKED" || tx.State == "PAYERROR":
		return false, c.setAttempt(ctx, o.ID, a.OutTradeNo, shop.AttemptClosed)
	default:
		return false, c.asked(ctx, o.ID, a.OutTradeNo)
	}
}

func (c *Checkout) asked(ctx context.Context, orderID, outTradeNo string) error {
	_, err := c.Store.Orders.Change(ctx, orderID, func(o *shop.Order) error {
		a := o.Attempt(outTradeNo)
		if a == nil || !a.Open() {
			return store.Unchanged()
		}
		a.Asked(c.Now())
		return nil
	})
	return err
}

// closeAttempt closes an attempt at WeChat and asks afterwards: a payment may have come
// in between, and then it counts.
func (c *Checkout) closeAttempt(ctx context.Context, o *shop.Order, a *shop.Attempt) error {
	err := c.Config.Pay.CloseTrade(ctx, a.OutTradeNo)
	if errors.Is(err, wechat.ErrTradeUnknown) {
		return c.setAttempt(ctx, o.ID, a.OutTradeNo, shop.AttemptClosed)
	}
	if errors.Is(err, wechat.ErrBusy) || errors.Is(err, wechat.ErrOutcomeUnknown) {
		return errors.Join(shop.ErrPayChannelBusy, c.asked(ctx, o.ID, a.OutTradeNo))
	}
	_, err = c.ask(ctx, o, a)
	return err
}

// PaymentOf is a transaction of WeChat in the words of the shop.
func PaymentOf(tx wechat.Transaction) shop.Payment {
	return shop.Payment{
		OutTradeNo: tx.OutTradeNo, TransactionID: tx.TransactionID, AppID: tx.AppID, MchID: tx.MchID,
		Currency: tx.Currency, Total: tx.Total, Paid: tx.Paid(), PaidAt: tx.SuccessTime.Truncate(time.Millisecond), Openid: tx.Openid,
	}
}

package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
	"mstm/wechat"
)

// attempts are an order's numbers at WeChat, one for each try to pay it.
type attempts struct {
	basics
	pay         *wechat.Pay
	orders      *store.Orders
	limits      *redisstore.Limits
	settlements *Settlements
	news        *News
}

// giveUp closes an attempt that will not do at WeChat. It is unknown first: a process that
// dies after WeChat has closed it must not leave a page with a code that cannot be paid. A page that shows the code
// hears of it before WeChat is asked.
func (c *attempts) giveUp(ctx context.Context, o *shop.Order, a *shop.Attempt) error {
	now, err := c.moved(ctx, o.ID, a.OutTradeNo, shop.AttemptUnknown)
	if err != nil {
		return err
	}
	c.news.announcePayment(ctx, now)
	return c.close(ctx, o, a)
}

// NewTrades is how many numbers at WeChat a person may have: 20 at once, then one in six seconds.
var NewTrades = redisstore.Limit{Name: "placing", Burst: 20, Every: 6 * time.Second}

func (c *attempts) add(ctx context.Context, orderID string, ch shop.Channel, payer shop.Payer, try string) error {
	added := false
	o, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		if added = o.OpenAttempt() == nil; !added {
			return store.Unchanged()
		}
		a, err := o.AddAttempt(ch, payer, c.now())
		if err == nil {
			a.HoldPrepay(try, c.now())
		}
		return err
	})
	if err == nil && added {
		c.count(ctx, o.UserID)
	}
	return err
}

// mayAdd refuses a person that has had too many new numbers of late. What is counted are new numbers at WeChat, so a
// request that is sent again costs nothing.
func (c *attempts) mayAdd(ctx context.Context, userID string) error {
	if wait := c.limits.Wait(ctx, NewTrades, userID); wait > 0 {
		return shop.TooManyRequests(wait)
	}
	return nil
}

// count counts a new number; the one after too many is refused before it is made.
func (c *attempts) count(ctx context.Context, userID string) {
	c.limits.Take(ctx, NewTrades, userID)
}

func (c *attempts) set(ctx context.Context, orderID, outTradeNo string, state shop.AttemptState) error {
	_, err := c.moved(ctx, orderID, outTradeNo, state)
	return err
}

// moved is the order after set.
func (c *attempts) moved(ctx context.Context, orderID, outTradeNo string, state shop.AttemptState) (*shop.Order, error) {
	return c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		a := o.Attempt(outTradeNo)
		if a == nil || !a.Open() || a.State == state {
			return store.Unchanged()
		}
		a.State = state
		return nil
	})
}

// ask asks WeChat what became of an attempt and applies the answer. paid says that the money is
// there (or the order has moved on because of it).
func (c *attempts) ask(ctx context.Context, o *shop.Order, a *shop.Attempt) (paid bool, err error) {
	tx, err := c.pay.Query(ctx, a.OutTradeNo)
	switch {
	case errors.Is(err, wechat.ErrTradeUnknown):
		return false, c.asked(ctx, o.ID, a.OutTradeNo)
	case err != nil:
		c.log.WarnContext(ctx, "WeChat does not say what became of a payment", "order", o.ID, "err", err)
		return false, errors.Join(shop.ErrPayChannelBusy, c.asked(ctx, o.ID, a.OutTradeNo))
	case tx.Paid():
		_, err := c.settlements.Settle(ctx, PaymentOf(tx), "query")
		return true, err
	case tx.State == "CLOSED" || tx.State == "REVOKED" || tx.State == "PAYERROR":
		return false, c.set(ctx, o.ID, a.OutTradeNo, shop.AttemptClosed)
	default:
		return false, c.asked(ctx, o.ID, a.OutTradeNo)
	}
}

func (c *attempts) asked(ctx context.Context, orderID, outTradeNo string) error {
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		a := o.Attempt(outTradeNo)
		if a == nil || !a.Open() {
			return store.Unchanged()
		}
		a.Asked(c.now())
		return nil
	})
	return err
}

// close closes an attempt at WeChat and asks afterwards: a payment may have come
// in between, and then it counts.
func (c *attempts) close(ctx context.Context, o *shop.Order, a *shop.Attempt) error {
	err := c.pay.CloseTrade(ctx, a.OutTradeNo)
	if errors.Is(err, wechat.ErrTradeUnknown) {
		return c.set(ctx, o.ID, a.OutTradeNo, shop.AttemptClosed)
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

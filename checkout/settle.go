package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Settlements apply payments that WeChat has proven.
type Settlements struct {
	basics
	merchant  shop.Merchant
	orders    *store.Orders
	wakeups   *store.OrderWakeups
	unmatched *store.UnmatchedPayments
	quotes    *Quotes
	claims    *Claims
	buyers    *buyers
	driver    *Driver
	news      *News
}

// unmatchedPatience is how long WeChat is asked to repeat a payment with an unknown number: the order
// may yet appear. Then it is answered, and people are called.
const unmatchedPatience = 10 * time.Minute

// Notified applies a payment callback with a verified signature. WeChat announces payments only; anything else is found out
// by asking.
func (c *Settlements) Notified(ctx context.Context, tx wechat.Transaction) error {
	if !tx.Paid() {
		return nil
	}
	_, err := c.Settle(ctx, PaymentOf(tx), "wechat")
	return err
}

// Settle applies a payment that WeChat has proven, by callback or by query, and returns
// what it did once that is durable. What must follow is done behind the answer. by is the source
// (callback, query, bill). After ErrUnknownTrade a callback must be answered so that WeChat
// repeats it.
func (c *Settlements) Settle(ctx context.Context, p shop.Payment, by string) (shop.Settlement, error) {
	id, ok := shop.OrderOfTrade(p.OutTradeNo)
	if !ok {
		return c.keepUnmatched(ctx, p)
	}
	o, err := c.orders.Get(ctx, id)
	if errors.Is(err, shop.ErrOrderNotFound) {
		return c.keepUnmatched(ctx, p)
	}
	if err != nil {
		return "", err
	}
	if o.SettledBy(p) {
		return shop.SettledRepeat, c.report(ctx, o, p, shop.SettledRepeat)
	}
	gone, err := c.buyers.gone(ctx, o.UserID)
	if err != nil {
		return "", err
	}
	wanted := false
	if !gone {
		if wanted, err = c.wanted(ctx, o); err != nil {
			return "", err
		}
	}
	// The reminder first, so that a process that dies right after the move is not missed.
	wakeup, err := c.wakeups.Advance(ctx, id, c.now().Add(lookSoon))
	if err != nil {
		return "", err
	}
	did, o, wrote, err := c.apply(ctx, o, p, wanted, gone, by)
	if err != nil {
		return "", err
	}
	if err := c.report(ctx, o, p, did); err != nil || did == shop.SettledUnknown {
		return did, err
	}
	c.driver.goBehind(ctx, id, func(ctx context.Context) error {
		return c.driver.driveOn(ctx, look{Driver: c.driver, order: o, wakeup: wakeup, wrote: wrote})
	})
	return did, nil
}

func (c *Settlements) apply(ctx context.Context, o *shop.Order, p shop.Payment, wanted, gone bool, by string) (did shop.Settlement, after *shop.Order, wrote bool, err error) {
	after, wrote, err = c.orders.ChangeFrom(ctx, o, func(o *shop.Order) error {
		o.BuyerGone = o.BuyerGone || gone && o.Unsettled()
		did = o.Settle(p, c.merchant, wanted, c.now(), by)
		if did == shop.SettledRepeat || did == shop.SettledUnknown {
			return store.Unchanged()
		}
		return nil
	})
	return did, after, wrote, err
}

// report logs a settlement, and calls people to one that does not fit. A repeat makes up for a process
// that died after the order's write: people are called once, by the record that this call is the
// first to keep.
func (c *Settlements) report(ctx context.Context, o *shop.Order, p shop.Payment, did shop.Settlement) error {
	log := c.log.With("order", o.ID, "out_trade_no", p.OutTradeNo, "transaction_id", p.TransactionID, "settlement", did)
	if did == shop.SettledRepeat {
		did = o.SettledAs(p, c.merchant)
	}
	switch did {
	case shop.SettledUnknown:
		_, err := c.keepUnmatched(ctx, p)
		return err
	case shop.SettledMismatch, shop.SettledHeld:
		mismatch := o.Mismatch(p, c.merchant)
		fresh, _, err := c.unmatched.Record(ctx, p, did, string(did)+": "+mismatch, c.now())
		if fresh {
			log.ErrorContext(ctx, "a payment does not fit its order", "odd", mismatch, "alarm", true)
		}
		if err != nil || o.State == shop.OrderException { // which is announced by itself
			return err
		}
		return c.news.announceUnmatched(ctx, store.UnmatchedID(p, did), p)
	case shop.SettledGone:
		if _, _, err := c.unmatched.Record(ctx, p, did, string(did)+": goes back by itself", c.now()); err != nil {
			return err
		}
		return c.buyers.reportGone(ctx, o, p.OutTradeNo)
	case shop.SettledDuplicate, shop.SettledLate:
		log.WarnContext(ctx, "a payment for nothing goes back")
	case shop.SettledPaid:
		log.InfoContext(ctx, "order paid", "paid_fen", o.Paid)
	}
	return nil
}

// wanted reports whether a closed order could still be fulfilled: its courses are free for
// the learner, can be bought as they were ordered, and are claimed for it again.
func (c *Settlements) wanted(ctx context.Context, o *shop.Order) (bool, error) {
	if o.State != shop.OrderClosed || len(o.Lines) == 0 {
		return false, nil
	}
	lines := make([]shop.LineRequest, 0, len(o.Lines))
	for _, l := range o.Lines {
		lines = append(lines, shop.LineRequest{CourseID: l.CourseID, PolicyID: l.PolicyID})
	}
	if err := c.wakeups.Schedule(ctx, o.ID, c.now().Add(lookSoon)); err != nil {
		return false, err // the next wakeup releases the claims, should this end here
	}
	holder, err := c.claims.take(ctx, o.UserID, o.ID, courseIDs(lines))
	if err != nil || holder != "" {
		return false, err
	}
	quote, err := c.quotes.Quote(ctx, o.UserID, lines)
	if err != nil {
		return false, err
	}
	return len(quote.Problems) == 0, nil
}

// keepUnmatched keeps a payment for a number that is not ours.
func (c *Settlements) keepUnmatched(ctx context.Context, p shop.Payment) (shop.Settlement, error) {
	_, first, err := c.unmatched.Record(ctx, p, shop.SettledUnknown, "unknown out_trade_no", c.now())
	if err != nil {
		return "", err
	}
	x, err := c.unmatched.Get(ctx, store.UnmatchedID(p, shop.SettledUnknown))
	if err != nil || x.ResolvedAt != nil {
		return shop.SettledRepeat, err
	}
	// At each repeat again, under one key: the process that kept it first may have died here.
	if err := c.news.announceUnmatched(ctx, x.ID, p); err != nil {
		return "", err
	}
	if c.now().Sub(first) < unmatchedPatience {
		c.log.WarnContext(ctx, "payment for an unknown out_trade_no", "out_trade_no", p.OutTradeNo, "first_seen", first)
		return shop.SettledUnknown, shop.ErrUnknownTrade
	}
	c.alarm(ctx, "payment for an unknown out_trade_no stays unknown", "out_trade_no", p.OutTradeNo, "first_seen", first)
	return shop.SettledUnknown, nil
}

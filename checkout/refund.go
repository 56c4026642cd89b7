package checkout

import (
	"context"
	"errors"
	"math/rand/v2"

	"mstm/shop"
	"mstm/store"
)

// Refunds decide what goes back to a buyer, and write it down.
type Refunds struct {
	basics
	stepUpAbove shop.Fen
	locks       *keyedLocks
	orders      *store.Orders
	wakeups     *store.OrderWakeups
	enrolments  *store.Enrolments
	courses     *store.Courses
	progress    *store.Progress
	driver      *Driver
}

// maxReason bounds the reason of a refund, in characters; WeChat gets the first 80.
const maxReason = 200

// cleanReason checks the reason of a refund.
func cleanReason(s string) (string, error) { return shop.CleanLine("reason", s, 1, maxReason) }

// Quote says what the owner of an order would get back now, by the shop's rule.
func (c *Refunds) Quote(ctx context.Context, userID, orderID string) (shop.OrderRefund, error) {
	o, err := ownOrder(ctx, c.orders, userID, orderID)
	if err != nil {
		return shop.OrderRefund{}, err
	}
	p, err := c.pastOf(ctx, o)
	if err != nil {
		return shop.OrderRefund{}, err
	}
	return shop.RefundOrder(o, p.of, c.now())
}

// Refund begins the refund that the owner of an order asks for. seen is the amount that
// the page showed, nil where it showed none; another amount now is ErrRefundNotExpected
// with the new quote. key is the request's idempotency key, "" for none: one key begins one
// refund.
func (c *Refunds) Refund(ctx context.Context, userID, key, orderID, reason string, seen *shop.Fen) (*shop.Order, error) {
	reason, err := cleanReason(reason)
	if err != nil {
		return nil, err
	}
	if _, err := ownOrder(ctx, c.orders, userID, orderID); err != nil {
		return nil, err
	}
	return c.begin(ctx, orderID, reason, userID, key, func(o *shop.Order, p past) (shop.OrderRefund, error) {
		q, err := shop.RefundOrder(o, p.of, c.now())
		if err == nil && seen != nil && *seen != q.Amount {
			return q, shop.ErrRefundNotExpected.With("quote", q)
		}
		return q, err
	})
}

// begin writes a refund down and sets it going. What it gives back is decided on the
// enrolments as they are, and the grants that it ends are frozen on condition that they
// are still so: a purchase that is granted at the same moment comes before the decision or
// after the freeze, never in between.
func (c *Refunds) begin(ctx context.Context, orderID, reason, by, key string, quote refundRule) (*shop.Order, error) {
	for range refundTries {
		try, err := c.decide(ctx, orderID, reason, by, key, quote)
		switch {
		case try.before != nil:
			c.driver.behind(ctx, orderID)
			return try.before, nil
		case errors.Is(err, errOvertaken):
			if err := pause(ctx, rand.N(2*twinPause)); err != nil {
				return nil, err
			}
			continue
		case err != nil && !try.froze:
			return nil, err
		}
		if driven := c.driver.drive(ctx, orderID); driven != nil {
			c.log.WarnContext(ctx, "refund waits", "order", orderID, "err", driven)
		}
		if err != nil {
			return nil, err
		}
		if try.begun {
			c.log.InfoContext(ctx, "refund begins", "order", orderID, "amount_fen", try.quote.Amount)
			return c.orders.Get(ctx, orderID)
		}
	}
	return nil, shop.ErrOrderInProgress
}

// refundRule says what a refund of an order gives back.
type refundRule func(*shop.Order, past) (shop.OrderRefund, error)

// refundTry is what came of one try to decide a refund.
type refundTry struct {
	before *shop.Order // the order, where its refund was begun under the key before: an earlier try, or one at the same moment
	quote  shop.OrderRefund
	froze  bool // the order and its grants were written to
	begun  bool // the refund is written down; else the grants are not as they were, and it is to be decided again
}

// decide decides a refund and writes it down. Calls on this instance come one at a time,
// for they would only get in each other's way.
func (c *Refunds) decide(ctx context.Context, orderID, reason, by, key string, rule refundRule) (try refundTry, err error) {
	unlock, _, err := c.locks.lock(ctx, "refund:"+orderID)
	if err != nil {
		return try, err
	}
	defer unlock()
	o, err := c.orders.Get(ctx, orderID)
	if err != nil {
		return try, err
	}
	if o.MovedUnder(key) {
		try.before = o
		return try, nil
	}
	p, err := c.pastOf(ctx, o)
	if err != nil {
		return try, err
	}
	if try.quote, err = rule(o, p); err != nil {
		return try, err
	}
	call := store.NewID()
	try.froze = true
	try.begun, err = c.freeze(ctx, o, try.quote, p, call)
	if err == nil && try.begun {
		err = c.write(ctx, orderID, key, call, func(o *shop.Order) error {
			q, err := rule(o, p)
			if err == nil {
				o.RefundBook().Begin(q, reason, by, c.now())
			}
			return err
		})
	}
	if (err != nil || !try.begun) && !errors.Is(err, errOvertaken) {
		err = errors.Join(err, c.thaw(ctx, orderID))
	}
	return try, err
}

// errOvertaken says that another call has begun to freeze the order's grants since: what this
// one has frozen is that one's now.
var errOvertaken = errors.New("another call decides a refund of the order")

// write begins a refund under a key, once, while the call still is the one that may.
func (c *Refunds) write(ctx context.Context, orderID, key, call string, begin func(*shop.Order) error) error {
	_, err := c.orders.Change(ctx, orderID, func(o *shop.Order) error {
		moved, err := o.Under(key, func() error {
			if o.FreezeBy != call {
				return errOvertaken
			}
			return begin(o)
		})
		if err == nil && !moved {
			return store.Unchanged()
		}
		return err
	})
	return err
}

// refundTries is how often a refund is decided again because a course of it was granted or
// refunded in between.
const refundTries = 8

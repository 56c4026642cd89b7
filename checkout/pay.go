package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Payments lead buyers to a way to pay.
type Payments struct {
	basics
	locks    *keyedLocks
	payers   Payers // nil: no order is paid inside WeChat
	orders   *store.Orders
	attempts *attempts
	prepays  *prepays
	driver   *Driver
}

// Pay lets the owner of a pending order pay it: by the attempt that is open on the same
// channel for the same payer, or by a new one, the old one being closed at WeChat first.
func (c *Payments) Pay(ctx context.Context, userID, orderID string, by PayRequest) (Placed, error) {
	if err := c.resolve(ctx, userID, &by); err != nil {
		return Placed{}, err
	}
	p, err := c.payOwn(ctx, userID, orderID, by)
	return p, c.withPage(ctx, userID, err, by.Back)
}

func (c *Payments) payOwn(ctx context.Context, userID, orderID string, by PayRequest) (Placed, error) {
	o, err := ownOrder(ctx, c.orders, userID, orderID)
	if err != nil {
		return Placed{}, err
	}
	if o.State != shop.OrderPending || !c.now().Before(o.ExpiresAt) {
		return Placed{}, shop.ErrOrderNotPayable
	}
	if by.Channel == shop.ChannelJSAPI && by.Payer.Openid == "" {
		return Placed{}, shop.ErrOpenidRequired
	}
	return c.withPayment(ctx, o, by.Channel, by.Payer, store.NewID())
}

// payRounds is how many steps lead to a way to pay: a number is given up, another is made and
// prepaid, perhaps after others came in between.
const payRounds = 8

// withPayment brings an order to where the buyer can pay it on this channel. One that
// costs nothing is driven to its end instead. try names this call among others for the order.
func (c *Payments) withPayment(ctx context.Context, o *shop.Order, ch shop.Channel, payer shop.Payer, try string) (Placed, error) {
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
		o, err := c.orders.Get(ctx, o.ID)
		if err != nil || o.State != shop.OrderPending {
			return Placed{Order: o}, err
		}
		a := o.OpenAttempt()
		switch {
		case a == nil:
			err = c.attempts.add(ctx, o.ID, ch, payer, try)
		case !a.Suits(ch, payer):
			err = c.attempts.giveUp(ctx, o, a)
		case a.Faded(c.now()):
			err = c.attempts.set(ctx, o.ID, a.OutTradeNo, shop.AttemptUnknown)
		case a.State == shop.AttemptReady:
			return Placed{Order: o, Payment: o.Payment()}, nil
		default:
			err = c.prepays.inTurn(ctx, o, a, &p)
		}
		if err != nil {
			return Placed{Order: o}, err
		}
	}
	return Placed{Order: o}, shop.ErrPayChannelBusy
}

func (c *Payments) withoutPayment(ctx context.Context, o *shop.Order) (Placed, error) {
	if err := c.driver.drive(ctx, o.ID); err != nil {
		c.log.WarnContext(ctx, "order not fulfilled yet", "order", o.ID, "err", err)
	}
	o, err := c.orders.Get(ctx, o.ID)
	return Placed{Order: o}, err
}

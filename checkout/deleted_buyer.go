package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// Money for a deleted account goes back. The user's document decides: settling reads it
// before an order may become paid, granting reads it before it grants, and the duty "buyer"
// reads it once more after the granted order is durable. So an account that was deleted
// before the grants stood has its money back, whatever ran beside it, and one that is
// deleted later has had its courses.

// gone reports whether a buyer's account was deleted. A row that is missing says nothing: an
// account's row is never removed, and may not be written yet.
func (c *Checkout) gone(ctx context.Context, userID string) (bool, error) {
	u, err := c.Store.Users.Get(ctx, userID)
	if errors.Is(err, shop.ErrUserNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return u.DeletedAt != nil, nil
}

// checkBuyer begins the refund of an order if its buyer's account was deleted before the grants
// stood.
func (l *look) checkBuyer(ctx context.Context) error {
	gone, err := l.gone(ctx, l.order.UserID)
	if err != nil || !gone {
		return err
	}
	if err := l.reportGone(ctx, l.order, ""); err != nil {
		return err
	}
	return l.change(ctx, func(o *shop.Order) error {
		if !o.LoseBuyer(l.Now()) {
			return store.Unchanged()
		}
		return nil
	})
}

// reportGone informs finance, by an alarm and in the audit, that money of a deleted account goes
// back. outTradeNo is the payment, "" for the order's own.
func (c *Checkout) reportGone(ctx context.Context, o *shop.Order, outTradeNo string) error {
	c.alarm(ctx, "money for a deleted account goes back", "order", o.ID, "out_trade_no", outTradeNo, "total_fen", o.Total)
	return c.Store.Audit.Add(ctx, store.AuditRow{
		ID: "gone:" + o.ID + ":" + outTradeNo, Object: "order:" + o.ID, Act: "account_deleted_before_grant", By: shop.ByShop, At: c.Now().UTC(),
		Data: map[string]string{"user": o.UserID, "out_trade_no": outTradeNo, "amount": o.Total.Yuan()},
	})
}

// withhold refuses a line for good: neither this try nor one that runs beside it grants it.
func (c *Checkout) withhold(ctx context.Context, o *shop.Order, l shop.OrderLine, why *shop.Error) (*shop.Error, error) {
	_, err := c.Store.Enrolments.Change(ctx, o.UserID, l.CourseID, func(e *shop.Enrolment) error {
		if !e.Withhold(o.ID, l, c.Now()) {
			return store.Unchanged()
		}
		return nil
	})
	return why, err
}

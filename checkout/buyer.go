package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// buyers are whose money it is. Money for a deleted account goes back. The user's document decides:
// settling reads it before an order may become paid, granting reads it before it grants, and the
// duty "buyer" reads it once more after the granted order is durable. So an account that was deleted
// before the grants stood has its money back, whatever ran beside it, and one that is deleted later
// has had its courses.
type buyers struct {
	basics
	users *store.Users
	audit *store.Audit
}

// gone reports whether a buyer's account was deleted. A row that is missing says nothing: an
// account's row is never removed, and may not be written yet.
func (c *buyers) gone(ctx context.Context, userID string) (bool, error) {
	u, err := c.users.Get(ctx, userID)
	if errors.Is(err, shop.ErrUserNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return u.DeletedAt != nil, nil
}

// reportGone informs finance once, in the audit and by an alarm, that money of a deleted account goes
// back. outTradeNo is the payment, "" for the order's own.
func (c *buyers) reportGone(ctx context.Context, o *shop.Order, outTradeNo string) error {
	fresh, err := c.audit.AddOnce(ctx, store.AuditRow{
		ID: "gone:" + o.ID + ":" + outTradeNo, Object: "order:" + o.ID, Act: "account_deleted_before_grant", By: shop.ByShop, At: c.now().UTC(),
		Data: map[string]string{"user": o.UserID, "out_trade_no": outTradeNo, "amount": o.Total.Yuan()},
	})
	if fresh {
		c.alarm(ctx, "money for a deleted account goes back", "order", o.ID, "out_trade_no", outTradeNo, "total_fen", o.Total)
	}
	return err
}

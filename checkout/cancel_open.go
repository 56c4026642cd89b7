package checkout

import (
	"context"
	"errors"

	"mstm/shop"
)

// openMost is more than a user has of open orders: one closes by itself after half an hour, so they are among the newest.
const openMost = 100

// CancelOpen cancels what a user has not paid yet.
func (c *Checkout) CancelOpen(ctx context.Context, userID string) error {
	orders, _, err := c.Store.Orders.Of(ctx, userID, openMost, "")
	if err != nil {
		return err
	}
	for _, o := range orders {
		if o.State != shop.OrderPending {
			continue
		}
		if _, err := c.Cancel(ctx, userID, o.ID, ""); err != nil && !errors.Is(err, shop.ErrOrderNotCancellable) {
			return err
		}
	}
	return nil
}

package checkout

import (
	"context"

	"mstm/shop"
)

// CashBook is every movement of money on the days from … to (both included), as the shop's
// orders know it, in the order in which it happened.
func (c *Checkout) CashBook(ctx context.Context, from, to shop.Date) ([]shop.Cash, error) {
	if err := shop.CheckFinanceRange(from, to); err != nil {
		return nil, err
	}
	var all []shop.Cash
	err := c.Store.OrdersWithCash(ctx, from.Start(), to.End(), func(o *shop.Order) error {
		for _, m := range o.Cash() {
			if d := m.Day(); d >= from && d <= to {
				all = append(all, m)
			}
		}
		return nil
	})
	shop.SortCash(all)
	return all, err
}

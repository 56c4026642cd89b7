package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Cash is the money that moved, as the shop's orders know it.
type Cash struct {
	orders *store.Orders
}

// cashSpan is how many days are read at a time: a long export holds no more in memory, and
// the embedded store, which reads all orders each time, does so a few times only.
const cashSpan = 7

// Each calls each with every movement of money on the days from … to (both included), as
// the shop's orders know it, some days at a time, in the order in which it happened. It calls
// each once at least.
func (c *Cash) Each(ctx context.Context, from, to shop.Date, each func([]shop.Cash) error) error {
	if err := shop.CheckFinanceRange(from, to); err != nil {
		return err
	}
	for first := from; first <= to; first = first.Add(cashSpan) {
		cash, err := c.of(ctx, first, min(to, first.Add(cashSpan-1)))
		if err == nil {
			err = each(cash)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (c *Cash) of(ctx context.Context, from, to shop.Date) (all []shop.Cash, err error) {
	err = c.orders.EachWithCash(ctx, from.Start(), to.End(), func(o *shop.Order) error {
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

package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Cash is the money that moved, as the shop's orders know it.
type Cash struct {
	orders *store.Orders
	users  *store.Users
}

// cashSpan is how many days are read at a time: a long export holds no more in memory, and
// the embedded store, which reads all orders each time, does so a few times only.
const cashSpan = 7

// Export calls each with the lines of the finance export of the days from … to (both included), some days at a time: every
// movement of money, as the shop's orders know it, in the order in which it happened, after each day its sums, at the end
// those of all. It calls each twice at least.
func (c *Cash) Export(ctx context.Context, from, to shop.Date, each func([]shop.FinanceRow) error) error {
	var book shop.FinanceBook
	if err := shop.CheckFinanceRange(from, to); err != nil {
		return err
	}
	names := map[string]string{}
	for first := from; first <= to; first = first.Add(cashSpan) {
		cash, err := c.of(ctx, first, min(to, first.Add(cashSpan-1)))
		if err == nil {
			err = c.nameUsers(ctx, cash, names)
		}
		if err == nil {
			err = each(book.Rows(cash, func(id string) string { return names[id] }))
		}
		if err != nil {
			return err
		}
	}
	return each(book.End())
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

// nameUsers adds the names of the movements' owners. An account that is gone has none.
func (c *Cash) nameUsers(ctx context.Context, cash []shop.Cash, names map[string]string) error {
	var ids []string
	for _, m := range cash {
		if _, known := names[m.UserID]; !known {
			names[m.UserID] = ""
			ids = append(ids, m.UserID)
		}
	}
	users, err := c.users.Living(ctx, ids)
	for id, u := range users {
		names[id] = u.Username
	}
	return err
}

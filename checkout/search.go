package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// Search finds orders for people that have a number or a name.
type Search struct {
	orders *store.Orders
	users  *store.Users
}

// List is Find for a list of the console: with the names of the orders' learners, but for accounts that are gone.
func (c *Search) List(ctx context.Context, f store.OrderFilter, q string, rows int, cursor string) (list []shop.DeskOrder, next string, err error) {
	orders, next, err := c.Find(ctx, f, q, rows, cursor)
	if err != nil {
		return nil, "", err
	}
	ids := make([]string, 0, len(orders))
	for _, o := range orders {
		ids = append(ids, o.UserID)
	}
	users, err := c.users.Living(ctx, ids)
	if err != nil {
		return nil, "", err
	}
	list = make([]shop.DeskOrder, 0, len(orders))
	for i := range orders {
		row := shop.NewDeskOrder(&orders[i])
		if u := users[row.UserID]; u != nil {
			row.Username = u.Username
		}
		list = append(list, row)
	}
	return list, next, nil
}

// Find looks q up as what it can be: a number of ours by key, one of WeChat's, else a
// username. What a spreadsheet or a bill puts before a number may stay.
func (c *Search) Find(ctx context.Context, f store.OrderFilter, q string, rows int, cursor string) ([]shop.Order, string, error) {
	if q == "" {
		return c.orders.Page(ctx, f, rows, cursor)
	}
	number := shop.NumberIn(q)
	ids := shop.OrderIDsOf(number)
	if shop.IsTransaction(number) {
		more, err := c.orders.OfTransaction(ctx, number)
		if err != nil {
			return nil, "", err
		}
		ids = append(ids, more...)
	}
	for _, id := range ids {
		o, err := c.orders.Get(ctx, id)
		if err == nil && f.Admits(o) {
			return []shop.Order{*o}, "", nil
		}
		if err != nil && !errors.Is(err, shop.ErrOrderNotFound) {
			return nil, "", err
		}
	}
	u, err := c.users.ByUsername(ctx, q)
	if errors.Is(err, shop.ErrUserNotFound) {
		return nil, "", nil
	}
	if err != nil {
		return nil, "", err
	}
	f.UserID = u.ID
	return c.orders.Page(ctx, f, rows, cursor)
}

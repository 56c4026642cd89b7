package people

import (
	"context"
	"errors"
	"strings"
	"unicode/utf8"

	"mstm/shop"
	"mstm/store"
)

// maxSearch is the length of a search text in characters.
const maxSearch = 64

// Found is a page of people.
type Found struct {
	Users []shop.User
	Next  string // cursor of the next page, "" after the last
}

// Search finds people for staff that have a number or a name: the id of an account, a number of an order (ours or WeChat's)
// or an openid names one person; any other text begins usernames and names, or is a part of them. Without a text it lists all, newest
// first.
func (p *People) Search(ctx context.Context, text string, limit int, cursor string) (Found, error) {
	if utf8.RuneCountInString(text) > maxSearch {
		return Found{}, shop.ErrInvalidQuery.At("q")
	}
	if text = strings.TrimSpace(text); text != "" && cursor == "" {
		u, err := p.named(ctx, text)
		if err != nil {
			return Found{}, err
		}
		if u != nil {
			return Found{Users: []shop.User{*u}}, nil
		}
	}
	users, next, err := p.cfg.Store.Users.Page(ctx, text, limit, cursor)
	return Found{users, next}, err
}

// Staff are the people with a role besides the learner's, newest first.
func (p *People) Staff(ctx context.Context, limit int, cursor string) (Found, error) {
	users, next, err := p.cfg.Store.Users.Staff(ctx, limit, cursor)
	return Found{users, next}, err
}

// named is the person that a number names; nil where it names none.
func (p *People) named(ctx context.Context, text string) (*shop.User, error) {
	number := shop.NumberIn(text)
	for _, find := range []func(context.Context, string) (userID string, err error){p.account, p.buyer, p.weChatOwner} {
		id, err := find(ctx, number)
		if err != nil {
			return nil, err
		}
		if id == "" {
			continue
		}
		u, err := p.cfg.Store.Users.Get(ctx, id)
		if errors.Is(err, shop.ErrUserNotFound) {
			continue
		}
		return u, err
	}
	return nil, nil
}

// account takes the number for an account's id.
func (p *People) account(ctx context.Context, number string) (string, error) {
	if shop.ValidID(number) {
		if u, err := p.cfg.Store.Users.Get(ctx, number); !errors.Is(err, shop.ErrUserNotFound) {
			return idOf(u), err
		}
	}
	return "", nil
}

func idOf(u *shop.User) string {
	if u == nil {
		return ""
	}
	return u.ID
}

// buyer takes the number for an order's: ours, an out_trade_no, an out_refund_no or WeChat's transaction_id.
func (p *People) buyer(ctx context.Context, number string) (string, error) {
	ids := shop.OrderIDsOf(number)
	if shop.IsTransaction(number) {
		more, err := p.cfg.Store.Orders.OfTransaction(ctx, number)
		if err != nil {
			return "", err
		}
		ids = append(ids, more...)
	}
	for _, id := range ids {
		o, err := p.cfg.Store.Orders.Get(ctx, id)
		if err == nil && o.UserID != "" {
			return o.UserID, nil
		}
		if err != nil && !errors.Is(err, shop.ErrOrderNotFound) {
			return "", err
		}
	}
	return "", nil
}

// minOpenid is shorter than any openid, and longer than most names.
const minOpenid = 10

// weChatOwner takes the text for the openid of a WeChat.
func (p *People) weChatOwner(ctx context.Context, openid string) (string, error) {
	if len(openid) < minOpenid {
		return "", nil
	}
	h, err := p.cfg.Store.WeChats.Holder(ctx, openid)
	switch {
	case errors.Is(err, store.ErrNotFound):
		return "", nil
	case err != nil || h.User == nil || h.Openid != openid:
		return "", err
	}
	return h.User.ID, nil
}

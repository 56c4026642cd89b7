package account

import (
	"context"
	"log/slog"

	"mstm/hub"
	"mstm/shop"
)

// maxReason bounds why staff do something to an account, in characters.
const maxReason = 200

// Block keeps an account from logging in, in the name of the member of staff by, and ends its sessions and sockets at
// once. An account that is blocked already stays as it is. id is new, or that of an earlier try of the same act.
//
// Errors: shop.ErrUserNotFound, also for a deleted account; shop.ErrStaffAccount: an administrator takes the roles first.
func (a *Accounts) Block(ctx context.Context, v Visitor, userID, by, id, reason string) (*shop.User, error) {
	reason, err := shop.CleanLine("reason", reason, 1, maxReason)
	if err != nil {
		return nil, err
	}
	u, err := a.living(ctx, userID)
	switch {
	case err != nil:
		return nil, err
	case shop.IsStaff(u.Roles):
		return nil, shop.ErrStaffAccount
	case u.Blocked == nil:
		if u, err = a.block(ctx, u, shop.Block{ID: id, By: by, Reason: reason, At: a.Now().UTC()}); err != nil {
			return nil, err
		}
	}
	// Again: a login that has read the account before it was blocked takes its session back by itself, unless it was done
	// before.
	if err := a.Tokens.DeleteAll(ctx, u.ID); err != nil {
		return nil, err
	}
	b := u.Blocked
	row := auditRow("blocked:"+b.ID, u.ID, "blocked", b.By, b.At)
	row.Data = map[string]string{"reason": b.Reason}
	if err := a.Audit.Add(ctx, row); err != nil {
		return nil, err
	}
	a.pages.end(ctx, u.ID, "", "", hub.Refused)
	a.pages.show(ctx, shop.PersonChanged(u.ID, by))
	v.log(ctx, a.Log, "account blocked", slog.String("who", u.ID))
	return u, nil
}

// block writes a block. The sessions end first: a process that dies in between has blocked no account, or one without
// sessions.
func (a *Accounts) block(ctx context.Context, u *shop.User, b shop.Block) (*shop.User, error) {
	if err := a.Tokens.DeleteAll(ctx, u.ID); err != nil {
		return nil, err
	}
	if _, err := a.Users.Block(ctx, u, b); err != nil {
		return nil, err
	}
	now, err := a.living(ctx, u.ID)
	switch {
	case err != nil:
		return nil, err
	case now.Blocked == nil:
		return nil, shop.ErrEditConflict // its roles were changed since
	}
	return now, nil
}

// Unblock lets a blocked account log in again, in the name of the member of staff by. One that is not blocked stays as
// it is.
func (a *Accounts) Unblock(ctx context.Context, v Visitor, userID, by, reason string) (*shop.User, error) {
	reason, err := shop.CleanLine("reason", reason, 1, maxReason)
	if err != nil {
		return nil, err
	}
	u, err := a.living(ctx, userID)
	if err != nil || u.Blocked == nil {
		return u, err
	}
	b := u.Blocked
	row := auditRow("unblocked:"+b.ID, u.ID, "unblocked", by, a.Now())
	row.Data = map[string]string{"reason": reason}
	if err := a.Audit.Add(ctx, row); err != nil { // first: an account that is free again without a row would be free for no reason
		return nil, err
	}
	if _, err := a.Users.Unblock(ctx, u.ID, *b); err != nil {
		return nil, err
	}
	a.pages.show(ctx, shop.PersonChanged(u.ID, by))
	v.log(ctx, a.Log, "account unblocked", slog.String("who", u.ID))
	return a.living(ctx, userID)
}

// living is an account that is there; shop.ErrUserNotFound also for a deleted one.
func (a *Accounts) living(ctx context.Context, id string) (*shop.User, error) {
	u, err := a.Users.Get(ctx, id)
	if err == nil && u.DeletedAt != nil {
		err = shop.ErrUserNotFound
	}
	return u, err
}

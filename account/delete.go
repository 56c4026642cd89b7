package account

import (
	"context"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// confirmed is the account of a session whose owner has just given the password again or, where the account has none,
// has just logged in.
func (a *Accounts) confirmed(ctx context.Context, v Visitor, session store.TokenRow, password string) (*shop.User, error) {
	u, err := a.Users.Get(ctx, session.UserID)
	if err != nil {
		return nil, err
	}
	if u.Passwordless {
		return u, a.justLoggedIn(session)
	}
	return u, a.checkPassword(ctx, v, u, "password", password)
}

// Delete deletes the account of a session at once, with its name, its WeChat, its cart, its notes, its
// consents, its tokens and its sockets.
// Orders, enrolments, used free stages and the audit stay. Open orders are cancelled, so that no payment is made for an
// account that is gone. A staff member's account is shop.ErrStaffAccount.
func (a *Accounts) Delete(ctx context.Context, v Visitor, session store.TokenRow, password string) error {
	u, err := a.confirmed(ctx, v, session, password)
	if err != nil {
		return err
	}
	return a.remove(ctx, v, u, auditRow("deleted:"+u.ID, u.ID, "account_deleted", u.ID, a.Now()))
}

// DeleteFor is Delete on its owner's request, which has reached the member of staff by.
func (a *Accounts) DeleteFor(ctx context.Context, v Visitor, userID, by, reason string) error {
	reason, err := shop.CleanLine("reason", reason, 1, maxReason)
	if err != nil {
		return err
	}
	u, err := a.living(ctx, userID)
	if err != nil {
		return err
	}
	row := auditRow("deleted:"+u.ID, u.ID, "account_deleted", by, a.Now())
	row.Data = map[string]string{"reason": reason}
	if err := a.remove(ctx, v, u, row); err != nil {
		return err
	}
	a.pages.show(ctx, shop.PersonChanged(userID, by))
	return nil
}

// remove deletes an account; row is what the audit has of it.
func (a *Accounts) remove(ctx context.Context, v Visitor, u *shop.User, row store.AuditRow) error {
	if shop.IsStaff(u.Roles) {
		return shop.ErrStaffAccount
	}
	if err := a.Orders.CancelOpen(ctx, u.ID); err != nil {
		return err
	}
	if err := a.Notes.DeleteOf(ctx, u.ID); err != nil { // first: nothing would come back to them once the account is gone
		return err
	}
	gone, err := a.Users.Delete(ctx, u, a.Now())
	if err != nil {
		return err
	}
	if !gone {
		return shop.ErrEditConflict // the password was changed between the two
	}
	// Again: an order may have been placed between the first look and the deletion.
	if err := a.Orders.CancelOpen(ctx, u.ID); err != nil {
		a.Log.WarnContext(ctx, "open orders of a deleted account are left to their time", "user", u.ID, "err", err)
	}
	if err := a.Audit.Add(ctx, row); err != nil {
		return err
	}
	if err := a.StaffNotes.DeleteOf(ctx, u.ID); err != nil {
		a.Log.WarnContext(ctx, "what staff wrote about a deleted account is left", "user", u.ID, "err", err)
	}
	if err := a.Agreements.DeleteOf(ctx, u.ID); err != nil {
		a.Log.WarnContext(ctx, "consents of a deleted account are left", "user", u.ID, "err", err)
	}
	if err := a.Notes.DeleteOf(ctx, u.ID); err != nil { // again: one may have been written between the two
		a.Log.WarnContext(ctx, "notes of a deleted account are left", "user", u.ID, "err", err)
	}
	if _, err := a.Carts.Empty(ctx, u.ID); err != nil {
		a.Log.WarnContext(ctx, "the cart of a deleted account is left to expire", "user", u.ID, "err", err)
	}
	a.pages.end(ctx, u.ID, "", "", hub.LoggedOut)
	v.log(ctx, a.Log, "account deleted")
	return nil
}

package account

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// NewPassword is what the owner of an account wants to log in with from now on.
type NewPassword struct {
	Username string // for an account that came by WeChat and has none
	Current  string // for all others
	Password string
}

// ChangePassword answers as a login does, with a new token: all tokens from before are dead, sockets included, so a thief
// of the old password is out. The page that asked keeps its socket if it brings the new token within a second, which
// proves that it has this answer.
// An account that came by WeChat has no password and no username; it gets its first ones soon after a login.
func (a *Accounts) ChangePassword(ctx context.Context, v Visitor, session store.TokenRow, in NewPassword) (Session, error) {
	u, err := a.Users.Get(ctx, session.UserID)
	if err != nil {
		return Session{}, err
	}
	if u.Passwordless {
		err = a.firstPassword(ctx, v, session, u, in)
	} else {
		err = a.nextPassword(ctx, v, u, in)
	}
	if err != nil {
		return Session{}, err
	}
	token, row, err := a.Tokens.Renew(ctx, u, session, a.Now(), TokenTTL)
	if err != nil {
		return Session{}, err
	}
	a.pages.endOthers(ctx, u.ID, session.Session(), row.Session())
	v.log(ctx, a.Log, "password changed")
	return newSession(token, row, u), nil
}

func (a *Accounts) nextPassword(ctx context.Context, v Visitor, u *shop.User, in NewPassword) error {
	if err := a.Passwords.checkNew(in.Password, u.Username, leastPassword(u)); err != nil {
		return err
	}
	if err := a.checkPassword(ctx, v, u, "current_password", in.Current); err != nil {
		return err
	}
	return a.replacePassword(ctx, u, in.Password)
}

// firstPassword gives credentials to an account that has none. A token that was stolen long ago must not be enough for
// that, so the login has to be recent.
func (a *Accounts) firstPassword(ctx context.Context, v Visitor, session store.TokenRow, u *shop.User, in NewPassword) error {
	if err := a.justLoggedIn(session); err != nil {
		return err
	}
	name := shop.NormalUsername(in.Username)
	if !usernamePattern.MatchString(name) {
		return errUsername
	}
	if err := a.Passwords.checkNew(in.Password, name, leastPassword(u)); err != nil {
		return err
	}
	if wait := a.Limits.Take(ctx, Naming, u.ID); wait > 0 {
		v.log(ctx, a.Log, "too many usernames tried")
		return shop.TooManyRequests(wait)
	}
	hash, err := a.Passwords.hash(ctx, in.Password)
	if err != nil {
		return err
	}
	won, err := a.Users.SetCredentials(ctx, u.ID, name, hash, hasStaffLength(in.Password))
	if err != nil {
		return err
	}
	if !won {
		return shop.ErrEditConflict
	}
	u.Username = name
	u.StaffPassword = new(hasStaffLength(in.Password))
	return a.Tokens.DeleteAll(ctx, u.ID)
}

// checkPassword refuses a wrong password as a field's fault: the token is good, so the page must not log out over it as
// it does on a 401.
func (a *Accounts) checkPassword(ctx context.Context, v Visitor, u *shop.User, field, password string) error {
	key := "id:" + u.ID // not the login's: a stolen token must not shut its owner out
	if err := a.guesses.tryAccount(ctx, v, key); err != nil {
		return err
	}
	if err := a.matchPassword(ctx, v, u, field, password); err != nil {
		return err
	}
	a.guesses.forgive(ctx, key)
	return nil
}

// matchPassword is checkPassword without counting the tries. A right one is noted.
func (a *Accounts) matchPassword(ctx context.Context, v Visitor, u *shop.User, field, password string) error {
	ok, weak, err := a.Passwords.matches(ctx, password, u.PasswordHash)
	if err != nil {
		return err
	}
	if ok {
		a.notePassword(ctx, u, password, weak)
		return nil
	}
	v.log(ctx, a.Log, "password refused")
	return shop.WrongPassword(field)
}

// leastPassword is the least length of this account's password, in bytes.
func leastPassword(u *shop.User) int {
	if shop.IsStaff(u.Roles) {
		return minStaffPassword
	}
	return minPassword
}

// replacePassword writes the new hash on condition that the old one still holds, then ends all tokens.
func (a *Accounts) replacePassword(ctx context.Context, u *shop.User, password string) error {
	hash, err := a.Passwords.hash(ctx, password)
	if err != nil {
		return err
	}
	won, err := a.Users.ReplacePassword(ctx, u.ID, u.PasswordHash, hash, hasStaffLength(password))
	if err != nil {
		return err
	}
	if !won {
		return shop.ErrEditConflict
	}
	u.StaffPassword = new(hasStaffLength(password))
	return a.Tokens.DeleteAll(ctx, u.ID)
}

package account

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/shop/phone"
	"mstm/store"
)

// TokenTTL is how long a login lasts.
const TokenTTL = 30 * 24 * time.Hour

// Session is a login that has just begun.
type Session struct {
	Token     string // kept nowhere else
	ExpiresAt time.Time
	User      *shop.User
}

func newSession(token string, row store.TokenRow, u *shop.User) Session {
	return Session{token, row.ExpiresAt.UTC(), u}
}

// Credentials are what a login needs.
type Credentials struct {
	Username, Password string
	Client             string // one of store.Clients; "": web
	Device             string // the browser's own id; "": the client is the device
}

func (c *Credentials) normalise() error {
	c.Username = shop.NormalUsername(c.Username)
	if c.Client == "" {
		c.Client = "web"
	}
	return CheckDevice(c.Client, c.Device)
}

// Login begins a session of an account and ends the device's one before. An unknown username and a wrong password have
// the same answer, shop.ErrWrongCredentials, after the same work, and may be tried as often.
func (a *Accounts) Login(ctx context.Context, v Visitor, in Credentials) (Session, error) {
	if err := in.normalise(); err != nil {
		return Session{}, err
	}
	forgive, err := a.guesses.mayTry(ctx, v, a.guessed(in.Username))
	if err != nil {
		return Session{}, err
	}
	u, err := a.userNamed(ctx, in.Username)
	if err != nil {
		return Session{}, err
	}
	ok, weak, err := a.Passwords.matches(ctx, in.Password, u.PasswordHash)
	if err != nil {
		return Session{}, err
	}
	if !ok {
		v.log(ctx, a.Log, "login refused", slog.String("addr", v.Addr))
		return Session{}, shop.ErrWrongCredentials
	}
	forgive()
	a.notePassword(ctx, u, in.Password, weak)
	return a.open(ctx, v, u, in.Client, in.Device)
}

// userNamed is the account with a username, else the one with that phone number, an empty one where there is none: its
// hash is empty, which no password matches. What cannot be a name never reaches the store.
func (a *Accounts) userNamed(ctx context.Context, name string) (*shop.User, error) {
	if usernamePattern.MatchString(name) {
		if u, err := a.Users.ByUsername(ctx, name); !errors.Is(err, shop.ErrUserNotFound) {
			return u, err
		}
	}
	number := a.numberOf(name)
	if number == "" {
		return &shop.User{}, nil
	}
	u, err := a.phones.Phones.Holder(ctx, number)
	if errors.Is(err, shop.ErrPhoneUnknown) || err == nil && shop.IsStaff(u.Roles) {
		return &shop.User{}, nil
	}
	return u, err
}

// numberOf is the phone number that a name at a login is, "" for none.
func (a *Accounts) numberOf(name string) string {
	if a.phones == nil {
		return ""
	}
	number, err := phone.Parse(name, a.phones.Countries)
	if err != nil {
		return ""
	}
	return number
}

// guessed is the name under which tries at a password count: one for all ways to write a phone number.
func (a *Accounts) guessed(name string) string {
	if number := a.numberOf(name); number != "" {
		return numberKey(number)
	}
	return name
}

// numberKey is a phone number in the form of a username.
func numberKey(number string) string { return strings.TrimPrefix(number, "+") }

// notePassword keeps what can only be seen while the right password is there: its length, where that is not known yet,
// and the hash that it has today, where the kept one is weak. The login does not depend on it: the next one tries again.
func (a *Accounts) notePassword(ctx context.Context, u *shop.User, password string, weak bool) {
	long := hasStaffLength(password)
	if !weak && u.StaffPassword != nil && *u.StaffPassword == long {
		return
	}
	u.StaffPassword = &long
	hash, err := u.PasswordHash, error(nil)
	if weak {
		hash, err = a.Passwords.hash(ctx, password)
	}
	if err == nil {
		_, err = a.Users.ReplacePassword(ctx, u.ID, u.PasswordHash, hash, long)
	}
	if err != nil {
		a.Log.WarnContext(ctx, "what a password says is not kept", "user", u.ID, "err", err)
		return
	}
	u.PasswordHash = hash
}

// open makes the device's new token, which ends its old one and that one's sockets. Of too many sessions it ends those
// that were not used for longest.
func (a *Accounts) open(ctx context.Context, v Visitor, u *shop.User, client, device string) (Session, error) {
	if u.Blocked != nil {
		v.log(ctx, a.Log, "login refused", slog.String("who", u.ID), slog.String("why", "blocked"))
		return Session{}, shop.ErrAccountBlocked
	}
	now := a.Now()
	token, row, err := a.Tokens.Put(ctx, u, deviceOf(v, u.ID, client, device), now, TokenTTL)
	if err != nil {
		return Session{}, err
	}
	if err := a.stillSame(ctx, u, row); err != nil {
		return Session{}, err
	}
	ended, left, err := a.Tokens.EndOldest(ctx, u.ID, row.Key(), now)
	if err != nil {
		return Session{}, err
	}
	for _, old := range ended {
		a.pages.end(ctx, u.ID, old.Key(), "", hub.Replaced)
	}
	// Not where a newer login has replaced this one already: that one's sockets are good.
	if _, err := a.Tokens.Authenticate(ctx, token, now); err == nil {
		a.pages.end(ctx, u.ID, row.Key(), row.Session(), hub.Replaced)
	}
	if left > 1 {
		a.pages.show(ctx, shop.SessionsChanged(u.ID))
	}
	v.log(ctx, a.Log, "logged in", slog.String("who", u.ID), slog.String("client", client))
	return newSession(token, row, u), nil
}

// stillSame takes the new token back where the password or the roles changed, or the account was blocked, between reading
// the account and writing the token: that change could not see it.
func (a *Accounts) stillSame(ctx context.Context, u *shop.User, row store.TokenRow) error {
	now, err := a.Users.Get(ctx, u.ID)
	if err == nil && now.PasswordHash == u.PasswordHash && slices.Equal(now.Roles, u.Roles) && now.Blocked == nil {
		return nil
	}
	if _, dropErr := a.Tokens.End(ctx, row); dropErr != nil {
		return dropErr
	}
	switch {
	case err != nil:
		return err
	case now.Blocked != nil:
		return shop.ErrAccountBlocked
	}
	return shop.ErrWrongCredentials
}

// Logout ends a session and its sockets.
func (a *Accounts) Logout(ctx context.Context, v Visitor, session store.TokenRow) error {
	if _, err := a.endSession(ctx, session); err != nil {
		return err
	}
	a.pages.show(ctx, shop.SessionsChanged(session.UserID))
	v.log(ctx, a.Log, "logged out")
	return nil
}

package account

import (
	"context"
	"errors"
	"log/slog"

	"mstm/hub"
	"mstm/shop"
	"mstm/shop/papers"
	"mstm/shop/phone"
)

// PhoneLogin is what a page brings for a login by a code.
type PhoneLogin struct {
	Phone, Code string
	Client      string // one of store.Clients; "": web
	Device      string // the browser's own id; "": the client is the device
	// Consents are the editions of the shop's papers that a new account needs.
	Consents []papers.Edition
}

// Login begins a session of the account that has a number, which is made now where none has. An account of staff is
// shop.ErrStaffNoPhone: a number can be taken over at its provider. A new account
// without a consent to the shop's papers is shop.ErrNoConsent, and the code stays good.
func (p *Phones) Login(ctx context.Context, v Visitor, in PhoneLogin) (Session, error) {
	number, client, err := p.entering(in)
	if err != nil {
		return Session{}, err
	}
	c, err := p.check(ctx, v, tried{number: number, typed: in.Code, device: in.Device, purpose: phone.Login})
	if err != nil {
		return Session{}, err
	}
	u, err := p.Phones.Holder(ctx, number)
	isNew := errors.Is(err, shop.ErrPhoneUnknown)
	switch {
	case isNew:
		if _, err = p.accounts.Agreed.check(ctx, in.Consents); err == nil {
			err = p.accounts.guesses.mayRegister(ctx, v)
		}
	case err == nil && shop.IsStaff(u.Roles):
		err = shop.ErrStaffNoPhone
	}
	if err == nil {
		err = p.use(ctx, c)
	}
	if err == nil && isNew {
		u, err = p.register(ctx, v, number)
	}
	if err != nil {
		return Session{}, err
	}
	p.accounts.Agreed.noteGiven(ctx, u.ID, in.Consents, ByPhone)
	p.noteDevice(ctx, v, number, in.Device)
	return p.accounts.open(ctx, v, u, client, in.Device)
}

// entering checks what a page brings, but for the code.
func (p *Phones) entering(in PhoneLogin) (number, client string, err error) {
	if number, err = p.number(in.Phone); err != nil {
		return "", "", err
	}
	client = in.Client
	if client == "" {
		client = "web"
	}
	return number, client, CheckDevice(client, in.Device)
}

func (p *Phones) register(ctx context.Context, v Visitor, number string) (*shop.User, error) {
	fresh := &shop.User{
		Roles: []shop.Role{shop.RoleLearner}, CreatedAt: p.accounts.Now().UTC(), Passwordless: true, Name: "用户" + number[len(number)-4:],
	}
	if v.English {
		fresh.Locale = shop.LocaleEn
	}
	u, made, err := p.Phones.Register(ctx, fresh, number)
	if err == nil && made {
		v.log(ctx, p.accounts.Log, "registered by phone", slog.String("who", u.ID))
	}
	return u, err
}

// PasswordReset is a new password in place of a forgotten one.
type PasswordReset struct {
	PhoneLogin
	Password string
}

// ResetPassword gives the account that has a number a new password, ends all its sessions, and begins one. The code may be
// brought again with another password where this one is refused.
func (p *Phones) ResetPassword(ctx context.Context, v Visitor, in PasswordReset) (Session, error) {
	number, client, err := p.entering(in.PhoneLogin)
	if err != nil {
		return Session{}, err
	}
	c, err := p.check(ctx, v, tried{number: number, typed: in.Code, device: in.Device, purpose: phone.Reset})
	if err != nil {
		return Session{}, err
	}
	u, err := p.Phones.Holder(ctx, number)
	if err == nil && shop.IsStaff(u.Roles) {
		err = shop.ErrStaffNoPhone
	}
	if err == nil {
		err = p.accounts.Passwords.checkNew(in.Password, u.Username, leastPassword(u))
	}
	if err == nil {
		err = p.use(ctx, c)
	}
	if err == nil {
		err = p.accounts.resetPassword(ctx, u, in.Password)
	}
	if err != nil {
		return Session{}, err
	}
	p.accounts.pages.end(ctx, u.ID, "", "", hub.LoggedOut)
	p.accounts.guesses.forgive(ctx, u.Username)
	p.accounts.guesses.forgive(ctx, numberKey(number))
	if err := p.accounts.Audit.Add(ctx, auditRow("", u.ID, "password_reset", u.ID, p.accounts.Now())); err != nil {
		return Session{}, err
	}
	v.log(ctx, p.accounts.Log, "password reset", slog.String("who", u.ID))
	p.noteDevice(ctx, v, number, in.Device)
	return p.accounts.open(ctx, v, u, client, in.Device)
}

// resetPassword gives an account a password without asking for the one before, ends all tokens, and brings u up to date.
func (a *Accounts) resetPassword(ctx context.Context, u *shop.User, password string) error {
	if !u.Passwordless {
		if err := a.replacePassword(ctx, u, password); err != nil {
			return err
		}
	} else {
		hash, err := a.Passwords.hash(ctx, password)
		if err != nil {
			return err
		}
		won, err := a.Users.SetFirstPassword(ctx, u.ID, hash, hasStaffLength(password))
		if err == nil && !won {
			err = shop.ErrEditConflict
		}
		if err == nil {
			err = a.Tokens.DeleteAll(ctx, u.ID)
		}
		if err != nil {
			return err
		}
	}
	now, err := a.Users.Get(ctx, u.ID)
	if err != nil {
		return err
	}
	*u = *now
	return nil
}

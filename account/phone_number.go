package account

import (
	"context"
	"log/slog"

	"mstm/shop"
	"mstm/shop/phone"
	"mstm/store"
)

// PhoneChange is a number with the code that was sent to it for binding.
type PhoneChange struct{ Phone, Code, Device string }

// ChangeNumber gives the account of a session a number, in place of the one before. The caller makes sure that the owner has
// just proved to be there. A number of another account is shop.ErrPhoneTaken.
func (p *Phones) ChangeNumber(ctx context.Context, v Visitor, session store.TokenRow, in PhoneChange) (Profile, error) {
	number, err := p.number(in.Phone)
	if err != nil {
		return Profile{}, err
	}
	if in.Device != "" && !deviceID.MatchString(in.Device) {
		return Profile{}, shop.ErrInvalidField.At("device")
	}
	c, err := p.check(ctx, v, tried{number: number, typed: in.Code, device: in.Device, purpose: phone.Bind, userID: session.UserID})
	if err == nil {
		err = p.use(ctx, c)
	}
	if err == nil {
		err = p.Phones.Bind(ctx, session.UserID, number)
	}
	if err == nil {
		err = p.accounts.Audit.Add(ctx, auditRow("", session.UserID, "phone_bound", session.UserID, p.accounts.Now()))
	}
	if err != nil {
		return Profile{}, err
	}
	v.log(ctx, p.accounts.Log, "phone bound", slog.String("phone", phone.Masked(number)))
	p.noteDevice(ctx, v, number, in.Device)
	return p.accounts.Profile(ctx, session.UserID)
}

// RemoveNumber takes the number off the account of a session. An account that could not be entered without it keeps it:
// shop.ErrPhoneOnly. The caller makes sure that the owner has just proved to be there.
func (p *Phones) RemoveNumber(ctx context.Context, v Visitor, session store.TokenRow) error {
	u, err := p.accounts.Users.Get(ctx, session.UserID)
	if err != nil || u.Phone == "" {
		return err
	}
	if u.Passwordless || u.Username == "" {
		return shop.ErrPhoneOnly
	}
	if err := p.Phones.Unbind(ctx, u); err != nil {
		return err
	}
	v.log(ctx, p.accounts.Log, "phone unbound")
	return p.accounts.Audit.Add(ctx, auditRow("", u.ID, "phone_unbound", u.ID, p.accounts.Now()))
}

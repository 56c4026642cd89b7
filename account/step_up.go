package account

import (
	"context"
	"log/slog"
	"time"

	"mstm/shop"
	"mstm/store"
)

// recently is for how long a login or a password counts as a proof that the account's owner is there.
const recently = 10 * time.Minute

// CheckStaff refuses a staff member's session whose password is too short for staff: shop.ErrStaffPassword. The answer is
// the session as it was read last, from the database where that matters.
func (a *Accounts) CheckStaff(ctx context.Context, session store.TokenRow) (store.TokenRow, error) {
	if !session.WantsStaffPassword() {
		return session, nil
	}
	session, err := a.read(ctx, session)
	if err == nil && session.WantsStaffPassword() {
		err = shop.ErrStaffPassword.With("min_bytes", minStaffPassword)
	}
	return session, err
}

// read reads a session from the database: another instance may have just changed it.
func (a *Accounts) read(ctx context.Context, session store.TokenRow) (store.TokenRow, error) {
	row, err := a.Tokens.Fresh(ctx, session)
	if err == nil && row.Session() != session.Session() {
		err = shop.ErrUnauthenticated // replaced by another login
	}
	if err != nil {
		return session, err
	}
	return row, nil
}

// RequireProof refuses a session whose owner has neither logged in nor given the password within the last ten minutes:
// shop.ErrStepUp. The answer is the session as it was read last.
func (a *Accounts) RequireProof(ctx context.Context, session store.TokenRow) (store.TokenRow, error) {
	if a.hasProved(session) {
		return session, nil
	}
	session, err := a.read(ctx, session)
	if err == nil && !a.hasProved(session) {
		err = shop.ErrStepUp
	}
	return session, err
}

func (a *Accounts) hasProved(session store.TokenRow) bool {
	return a.Now().Sub(session.ProvedAt()) < recently
}

// NoteUse takes note that a session was used, for its list and for store.StaffIdle. It counts requests, not sockets.
func (a *Accounts) NoteUse(ctx context.Context, session store.TokenRow) {
	if err := a.Tokens.NoteUse(ctx, session, a.Now()); err != nil {
		a.Log.WarnContext(ctx, "the use of a session is not written down", "err", err)
	}
}

// StepUp lets a session whose owner gives the password again do what RequireProof asks it for, until the instant that is
// returned. An account that has no password does it by a fresh login with WeChat. Guesses count with those at the login.
func (a *Accounts) StepUp(ctx context.Context, v Visitor, session store.TokenRow, password string) (until time.Time, err error) {
	u, err := a.Users.Get(ctx, session.UserID)
	if err != nil {
		return until, err
	}
	now := a.Now()
	if u.Passwordless {
		return session.CreatedAt.Add(recently), a.justLoggedIn(session)
	}
	if err := a.provePassword(ctx, v, u, password); err != nil {
		return until, err
	}
	done, err := a.Tokens.StepUp(ctx, session, u.HasStaffPassword(), now)
	if err != nil {
		return until, err
	}
	if !done {
		return until, shop.ErrUnauthenticated // the session was replaced by another login
	}
	v.log(ctx, a.Log, "stepped up", slog.String("client", session.Client))
	return now.Add(recently), nil
}

// provePassword refuses a wrong password. Tries count with those at the login; of an account without a username, apart.
func (a *Accounts) provePassword(ctx context.Context, v Visitor, u *shop.User, password string) error {
	if u.Username == "" {
		return a.checkPassword(ctx, v, u, "password", password)
	}
	forgive, err := a.guesses.mayTry(ctx, v, u.Username)
	if err != nil {
		return err
	}
	if err := a.matchPassword(ctx, v, u, "password", password); err != nil {
		return err
	}
	forgive()
	return nil
}

// justLoggedIn refuses a session that did not begin just now: shop.ErrLoginTooOld.
func (a *Accounts) justLoggedIn(session store.TokenRow) error {
	if a.Now().Sub(session.CreatedAt) > recently {
		return shop.ErrLoginTooOld
	}
	return nil
}

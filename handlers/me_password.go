package handlers

import (
	"net/http"

	"mstm/shop"
)

// changePassword answers PUT /api/me/password `{current_password,password}` as a login does,
// with a new token: all tokens from before are dead, sockets included, so whoever else
// knew the old password is out. The page that asked keeps its socket if it brings the new token within a second, which
// proves that it has this answer.
// An account that came by WeChat has no password and no username; it gets its first ones by
// `{username,password}` soon after a login.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username string `json:"username"`
		Current  string `json:"current_password"`
		Password string `json:"password"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	ctx, me := r.Context(), callerOf(r.Context())
	u, err := s.Store.Users.Get(ctx, me.UserID)
	if err != nil {
		return err
	}
	if u.Passwordless {
		err = s.firstPassword(r, u, in.Username, in.Password)
	} else {
		err = s.nextPassword(r, u, in.Current, in.Password)
	}
	if err != nil {
		return err
	}
	token, row, err := s.Store.Tokens.Put(ctx, u, me.Client, s.Now(), tokenTTL)
	if err != nil {
		return err
	}
	s.endOtherSockets(r, u.ID, me.Session, row.Session())
	s.event(r, "password changed")
	return encode(w, http.StatusOK, newSession(token, row, u))
}

func (s *Server) nextPassword(r *http.Request, u *shop.User, current, password string) error {
	if err := s.hashing.checkNew(password, u.Username, leastPassword(u)); err != nil {
		return err
	}
	if err := s.checkPassword(r, u, "current_password", current); err != nil {
		return err
	}
	return s.replacePassword(r, u, password)
}

// firstPassword gives credentials to an account that has none. A token that was stolen long
// ago must not be enough for that, so the login has to be recent.
func (s *Server) firstPassword(r *http.Request, u *shop.User, name, password string) error {
	if err := s.justLoggedIn(r); err != nil {
		return err
	}
	name = shop.NormalUsername(name)
	if !usernamePattern.MatchString(name) {
		return shop.ErrInvalidField.At("username")
	}
	if err := s.hashing.checkNew(password, name, leastPassword(u)); err != nil {
		return err
	}
	if wait := s.Store.Limits.Take(r.Context(), naming, u.ID); wait > 0 {
		s.event(r, "too many usernames tried")
		return tooMany(wait)
	}
	hash, err := s.hashing.hash(r.Context(), password)
	if err != nil {
		return err
	}
	won, err := s.Store.Users.SetCredentials(r.Context(), u.ID, name, hash, hasStaffLength(password))
	if err != nil {
		return err
	}
	if !won {
		return shop.ErrEditConflict
	}
	u.Username = name
	u.StaffPassword = new(hasStaffLength(password))
	return s.Store.Tokens.DeleteAll(r.Context(), u.ID)
}

func (s *Server) justLoggedIn(r *http.Request) error {
	if s.Now().Sub(callerOf(r.Context()).Since) > recently {
		return shop.ErrLoginTooOld
	}
	return nil
}

// checkPassword refuses a wrong password as a field's fault: the token is good, so the page
// must not log out over it as it does on a 401.
func (s *Server) checkPassword(r *http.Request, u *shop.User, field, password string) error {
	key := "id:" + u.ID // not the login's: a stolen token must not shut its owner out
	if err := s.tryAccount(r, key); err != nil {
		return err
	}
	if err := s.matchPassword(r, u, field, password); err != nil {
		return err
	}
	s.forgive(r.Context(), key)
	return nil
}

// matchPassword is checkPassword without counting the tries. A right one is noted.
func (s *Server) matchPassword(r *http.Request, u *shop.User, field, password string) error {
	ok, weak, err := s.hashing.matches(r.Context(), password, u.PasswordHash)
	if err != nil {
		return err
	}
	if ok {
		s.notePassword(r, u, password, weak)
		return nil
	}
	s.event(r, "password refused")
	e := *shop.ErrWrongCredentials
	e.Kind = shop.Forbidden
	return e.At(field)
}

// leastPassword is the least length of this account's password, in bytes.
func leastPassword(u *shop.User) int {
	if shop.IsStaff(u.Roles) {
		return minStaffPassword
	}
	return minPassword
}

// replacePassword writes the new hash on condition that the old one still holds, then
// ends all tokens.
func (s *Server) replacePassword(r *http.Request, u *shop.User, password string) error {
	hash, err := s.hashing.hash(r.Context(), password)
	if err != nil {
		return err
	}
	won, err := s.Store.Users.ReplacePassword(r.Context(), u.ID, u.PasswordHash, hash, hasStaffLength(password))
	if err != nil {
		return err
	}
	if !won {
		return shop.ErrEditConflict
	}
	u.StaffPassword = new(hasStaffLength(password))
	return s.Store.Tokens.DeleteAll(r.Context(), u.ID)
}

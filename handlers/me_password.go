package handlers

import (
	"net/http"

	"mstm/hub"
	"mstm/shop"
)

// changePassword answers PUT /api/me/password `{current_password,password}` as a login does,
// with a new token: all tokens from before are dead, sockets included, so whoever else
// knew the old password is out. The page that asked keeps its socket and renews its token.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Current  string `json:"current_password"`
		Password string `json:"password"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	ctx, me := r.Context(), callerOf(r.Context())
	u, err := s.Store.User(ctx, me.UserID)
	if err != nil {
		return err
	}
	if err := s.hashing.checkNew(in.Password, u.Username, leastPassword(u)); err != nil {
		return err
	}
	if err := s.checkPassword(r, u, "current_password", in.Current); err != nil {
		return err
	}
	if err := s.replacePassword(r, u, in.Password); err != nil {
		return err
	}
	token, row, err := s.Store.PutToken(ctx, u.ID, me.Client, u.Roles, s.Now(), tokenTTL)
	if err != nil {
		return err
	}
	s.endSockets(r, u.ID, "", me.Session, hub.Refused)
	s.event(r, "password changed")
	return encode(w, http.StatusOK, newSession(token, row, u))
}

// checkPassword refuses a wrong password as a field's fault: the token is good, so the page
// must not log out over it as it does on a 401.
func (s *Server) checkPassword(r *http.Request, u *shop.User, field, password string) error {
	ok, _, err := s.hashing.matches(r.Context(), password, u.PasswordHash)
	if err != nil || ok {
		return err
	}
	s.event(r, "password refused")
	e := *shop.ErrWrongCredentials
	e.Kind = shop.Forbidden
	return e.At(field)
}

// leastPassword is the least length of this account's password, in bytes.
func leastPassword(u *shop.User) int {
	for _, r := range u.Roles {
		if r != shop.RoleLearner {
			return minStaffPassword
		}
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
	won, err := s.Store.ReplacePassword(r.Context(), u.ID, u.PasswordHash, hash)
	if err != nil {
		return err
	}
	if !won {
		return shop.ErrEditConflict
	}
	return s.Store.DeleteTokens(r.Context(), u.ID)
}

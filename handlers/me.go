package handlers

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/shop"
)

// meView is an account with what only its owner asks for.
type meView struct {
	userView
	WeChatBound   bool               `json:"wechat_bound"`
	Notifications shop.Notifications `json:"notifications"`
	Locale        string             `json:"locale"`
}

func answerProfile(w http.ResponseWriter, p account.Profile, err error) error {
	if err != nil {
		return err
	}
	u := p.User
	return encode(w, http.StatusOK, meView{viewUser(u), p.WeChatBound, u.Muted.Notifications(), u.Language()})
}

// showMe answers GET /api/me.
func (s *Server) showMe(w http.ResponseWriter, r *http.Request) error {
	p, err := s.Accounts.Profile(r.Context(), learnerID(r.Context()))
	return answerProfile(w, p, err)
}

// changeMe answers PATCH /api/me `{name?,locale?,notifications?:{orders?,reminders?,activities?}}`:
// what is not named stays as it is.
func (s *Server) changeMe(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name          *string              `json:"name"`
		Locale        *string              `json:"locale"`
		Notifications map[shop.Topic]*bool `json:"notifications"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	p, err := s.Accounts.ChangeProfile(r.Context(), learnerID(r.Context()), account.ProfileChange(in))
	return answerProfile(w, p, err)
}

// changePassword answers PUT /api/me/password `{current_password,password}` as a login does; an
// account that came by WeChat gets its first credentials by `{username,password}`.
func (s *Server) changePassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username string `json:"username"`
		Current  string `json:"current_password"`
		Password string `json:"password"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	begun, err := s.Accounts.ChangePassword(r.Context(), s.visitor(r), callerOf(r.Context()).row, account.NewPassword(in))
	return answerSession(w, http.StatusOK, begun, err)
}

// passwordOf reads the body `{password}`.
func passwordOf(w http.ResponseWriter, r *http.Request) (string, error) {
	var in struct {
		Password string `json:"password"`
	}
	err := decode(w, r, &in)
	return in.Password, err
}

// stepUp answers POST /api/me/step-up `{password}` with until when the session may do what asks for the
// password again.
func (s *Server) stepUp(w http.ResponseWriter, r *http.Request) error {
	password, err := passwordOf(w, r)
	if err != nil {
		return err
	}
	until, err := s.Accounts.StepUp(r.Context(), s.visitor(r), callerOf(r.Context()).row, password)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, struct {
		Until time.Time `json:"until"`
	}{utc(until)})
}

// deleteMe answers DELETE /api/me `{password}`: the account goes at once.
func (s *Server) deleteMe(w http.ResponseWriter, r *http.Request) error {
	password, err := passwordOf(w, r)
	if err != nil {
		return err
	}
	if err := s.Accounts.Delete(r.Context(), s.visitor(r), callerOf(r.Context()).row, password); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

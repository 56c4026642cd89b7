package handlers

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// profile is an account in its owner's hands.
type profile struct {
	accounts *account.Accounts
	live     live
}

// meView is an account with what only its owner asks for.
type meView struct {
	account.View
	WeChatBound   bool               `json:"wechat_bound"`
	Notifications shop.Notifications `json:"notifications"`
	Locale        string             `json:"locale"`
	Phone         string             `json:"phone"`
	HasPassword   bool               `json:"has_password"`
	Referral      string             `json:"referral"` // the tag of the links that this person shares
}

func answerProfile(w http.ResponseWriter, p account.Profile, err error) error {
	if err != nil {
		return err
	}
	u := p.User
	return rest.Encode(w, http.StatusOK, meView{account.ViewOf(u), p.WeChatBound, u.Muted.Notifications(), u.Language(), p.Phone(), !u.Passwordless, p.Referral})
}

// show answers GET /api/me.
func (h *profile) show(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	p, err := h.accounts.Profile(r.Context(), rest.LearnerID(r.Context()))
	return answerProfile(w, p, err)
}

// change answers PATCH /api/me `{name?,locale?,notifications?:{orders?,reminders?,activities?}}`:
// what is not named stays as it is.
func (h *profile) change(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name          *string              `json:"name"`
		Locale        *string              `json:"locale"`
		Notifications map[shop.Topic]*bool `json:"notifications"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	p, err := h.accounts.ChangeProfile(r.Context(), rest.LearnerID(r.Context()), account.ProfileChange(in))
	return answerProfile(w, p, err)
}

// changePassword answers PUT /api/me/password `{current_password,password}` as a login does; an
// account that came by WeChat gets its first credentials by `{username,password}`.
func (h *profile) changePassword(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Username string `json:"username"`
		Current  string `json:"current_password"`
		Password string `json:"password"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	begun, err := h.accounts.ChangePassword(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, account.NewPassword(in))
	return answerSession(w, http.StatusOK, begun, err)
}

// passwordOf reads the body `{password}`.
func passwordOf(w http.ResponseWriter, r *http.Request) (string, error) {
	var in struct {
		Password string `json:"password"`
	}
	err := rest.Decode(w, r, &in)
	return in.Password, err
}

// stepUp answers POST /api/me/step-up `{password}` with until when the session may do what asks for the
// password again.
func (h *profile) stepUp(w http.ResponseWriter, r *http.Request) error {
	password, err := passwordOf(w, r)
	if err != nil {
		return err
	}
	until, err := h.accounts.StepUp(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, password)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, struct {
		Until time.Time `json:"until"`
	}{rest.UTC(until)})
}

// delete answers DELETE /api/me `{password}`: the account goes at once.
func (h *profile) delete(w http.ResponseWriter, r *http.Request) error {
	password, err := passwordOf(w, r)
	if err != nil {
		return err
	}
	if err := h.accounts.Delete(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, password); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

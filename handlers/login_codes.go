package handlers

import (
	"context"
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// loginCodes are codes that a page shows to be scanned by a phone whose owner is logged in.
type loginCodes struct {
	codes *account.LoginCodes
}

// begin answers POST /api/login/codes with a code for the page that asks.
func (h *loginCodes) begin(w http.ResponseWriter, r *http.Request) error {
	shown, err := h.codes.Begin(r.Context(), rest.Visitor(r))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusCreated, struct {
		Code      string    `json:"code"`
		Secret    string    `json:"secret"`
		URL       string    `json:"url"`
		ExpiresAt time.Time `json:"expires_at"`
	}{shown.Code, shown.Secret, shown.URL, rest.UTC(shown.EndsAt)})
}

// show answers GET /api/login/codes/:code, for the phone, with the page that would be let in.
func (h *loginCodes) show(w http.ResponseWriter, r *http.Request) error {
	code, err := rest.PathID(r, "code", shop.ErrLoginCode)
	if err != nil {
		return err
	}
	page, err := h.codes.Waiting(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, code)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, struct {
		DeviceName string    `json:"device_name"`
		BegunAt    time.Time `json:"begun_at"`
		ExpiresAt  time.Time `json:"expires_at"`
	}{page.DeviceName, rest.UTC(page.BegunAt), rest.UTC(page.EndsAt)})
}

// letIn answers POST /api/login/codes/:code: the page comes into this account.
func (h *loginCodes) letIn(w http.ResponseWriter, r *http.Request) error {
	return h.answer(w, r, h.codes.LetIn)
}

// refuse answers DELETE /api/login/codes/:code.
func (h *loginCodes) refuse(w http.ResponseWriter, r *http.Request) error {
	return h.answer(w, r, h.codes.Refuse)
}

// answer is what the phone's owner says to the page with a code.
func (h *loginCodes) answer(w http.ResponseWriter, r *http.Request, say func(context.Context, account.Visitor, store.TokenRow, string) error) error {
	code, err := rest.PathID(r, "code", shop.ErrLoginCode)
	if err != nil {
		return err
	}
	if err := say(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, code); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// enter answers POST /api/login/code as a login does; 202 as long as the page was not let in.
func (h *loginCodes) enter(w http.ResponseWriter, r *http.Request) error {
	in := struct {
		Code   string `json:"code"`
		Secret string `json:"secret"`
		Client string `json:"client"`
		Device string `json:"device"`
	}{Client: "web"}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	begun, let, err := h.codes.Enter(r.Context(), rest.Visitor(r), account.CodeLogin(in))
	if err == nil && !let {
		w.WriteHeader(http.StatusAccepted)
		return nil
	}
	return answerSession(w, http.StatusOK, begun, err)
}

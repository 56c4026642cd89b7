package handlers

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
)

// bindings tie accounts to WeChats.
type bindings struct{ wechat *account.WeChat }

// bindingView is a code to be scanned. URL is what the code holds, for a page that draws
// it; image_url shows it drawn.
type bindingView struct {
	Ticket    string    `json:"ticket"`
	URL       string    `json:"url"`
	ImageURL  string    `json:"image_url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// create answers POST /api/wechat/bindings with a code: the WeChat that scans it
// first is bound to the account, and `wechat.bound` says so.
func (h *bindings) create(w http.ResponseWriter, r *http.Request) error {
	code, err := h.wechat.BindingCode(r.Context(), rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusCreated, bindingView{code.Ticket, code.URL, code.ImageURL, rest.UTC(code.ExpiresAt)})
}

// delete answers DELETE /api/wechat/bindings `{password}`.
func (h *bindings) delete(w http.ResponseWriter, r *http.Request) error {
	password, err := passwordOf(w, r)
	if err != nil {
		return err
	}
	if err := h.wechat.Unbind(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, password); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

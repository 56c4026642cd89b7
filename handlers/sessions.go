package handlers

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// sessions are an account's logins in its owner's hands, one for each device.
type sessions struct {
	accounts *account.Accounts
	live     live
}

// sessionView is a session in the list of its user's.
type sessionView struct {
	ID         string    `json:"id"`
	DeviceName string    `json:"device_name"`
	Client     string    `json:"client"`
	CreatedAt  time.Time `json:"created_at"`
	LastSeenAt time.Time `json:"last_seen_at"`
	Current    bool      `json:"current"`
}

// list answers GET /api/me/sessions: the one that asks, then the others, the one used last first.
func (h *sessions) list(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	all, err := h.accounts.Sessions(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row)
	if err != nil {
		return err
	}
	items := make([]sessionView, len(all))
	for i, s := range all {
		items[i] = sessionView{s.ID, s.DeviceName, s.Client, rest.UTC(s.CreatedAt), rest.UTC(s.LastSeenAt), s.Current}
	}
	return rest.Encode(w, http.StatusOK, rest.Page[sessionView]{Items: items})
}

// end answers DELETE /api/me/sessions/:session.
func (h *sessions) end(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "session", shop.ErrSessionNotFound)
	if err != nil {
		return err
	}
	if err := h.accounts.EndSession(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row, id); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// endOthers answers DELETE /api/me/sessions: all but the one that asks.
func (h *sessions) endOthers(w http.ResponseWriter, r *http.Request) error {
	if err := h.accounts.EndOtherSessions(r.Context(), rest.Visitor(r), rest.CallerOf(r.Context()).Row); err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}

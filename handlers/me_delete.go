package handlers

import (
	"errors"
	"net/http"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// confirmed is the account of who asks, who has just given its password again `{password}`
// or, where it has none, has just logged in.
func (s *Server) confirmed(w http.ResponseWriter, r *http.Request) (*shop.User, error) {
	var in struct {
		Password string `json:"password"`
	}
	if err := decode(w, r, &in); err != nil {
		return nil, err
	}
	u, err := s.Store.Users.Get(r.Context(), learnerID(r.Context()))
	if err != nil {
		return nil, err
	}
	if u.Passwordless {
		return u, s.justLoggedIn(r)
	}
	return u, s.checkPassword(r, u, "password", in.Password)
}

// userAudit is the row of what happened to an account; an id makes a repeat of it the same row.
func (s *Server) userAudit(id, user, act, by string) store.AuditRow {
	return store.AuditRow{ID: id, Object: "user:" + user, Act: act, By: by, At: s.Now().UTC()}
}

// deleteMe answers DELETE /api/me `{password}`: the account goes at once, with its name, its
// WeChat, its cart, its tokens and its sockets. Orders, enrolments, used free stages and the
// audit stay. Open orders are cancelled, so that nobody pays for an account that is gone.
func (s *Server) deleteMe(w http.ResponseWriter, r *http.Request) error {
	u, err := s.confirmed(w, r)
	if err != nil {
		return err
	}
	if shop.IsStaff(u.Roles) {
		return shop.ErrStaffAccount
	}
	if err := s.cancelOpenOrders(r, u.ID); err != nil {
		return err
	}
	gone, err := s.Store.Users.Delete(r.Context(), u, s.Now())
	if err != nil {
		return err
	}
	if !gone {
		return shop.ErrEditConflict // the password was changed meanwhile
	}
	// Again: an order may have been placed between the first look and the deletion.
	if err := s.cancelOpenOrders(r, u.ID); err != nil {
		s.Log.WarnContext(r.Context(), "open orders of a deleted account are left to their time", "user", u.ID, "err", err)
	}
	if err := s.Store.Audit.Add(r.Context(), s.userAudit("deleted:"+u.ID, u.ID, "account_deleted", u.ID)); err != nil {
		return err
	}
	if _, err := s.Store.Carts.Empty(r.Context(), u.ID); err != nil {
		s.Log.WarnContext(r.Context(), "the cart of a deleted account is left to expire", "user", u.ID, "err", err)
	}
	s.endSockets(r, u.ID, "", "", hub.LoggedOut)
	s.event(r, "account deleted")
	w.WriteHeader(http.StatusNoContent)
	return nil
}

// cancelOpenOrders cancels what is not paid yet. An open order is among the newest: it
// closes by itself after half an hour.
func (s *Server) cancelOpenOrders(r *http.Request, userID string) error {
	orders, _, err := s.Store.Orders.Of(r.Context(), userID, maxLimit, "")
	if err != nil {
		return err
	}
	for _, o := range orders {
		if o.State != shop.OrderPending {
			continue
		}
		_, err := s.Checkout.Cancel(r.Context(), userID, o.ID, "")
		if err != nil && !errors.Is(err, shop.ErrOrderNotCancellable) {
			return err
		}
	}
	return nil
}

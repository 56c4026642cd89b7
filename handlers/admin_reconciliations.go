package handlers

import (
	"context"
	"net/http"
	"time"

	"mstm/shop"
)

// reconcilePatience is how long a person waits for a run; a longer one goes on behind the
// answer. It leaves the request's deadline some room.
const reconcilePatience = 8 * time.Second

// listReconciliations answers GET /api/admin/reconciliations?limit=&cursor=, newest day first.
func (s *Server) listReconciliations(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := listQuery(r)
	if err != nil {
		return err
	}
	items, next, err := s.Store.Reconciliations.Page(r.Context(), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, page[shop.Reconciliation]{Items: items, NextCursor: next})
}

// showReconciliation answers GET /api/admin/reconciliations/:day.
func (s *Server) showReconciliation(w http.ResponseWriter, r *http.Request) error {
	day, err := date(exchangeOf(r.Context()).params.ByName("day"), shop.ErrReconciliationNotFound)
	if err != nil {
		return err
	}
	found, err := s.Store.Reconciliations.Get(r.Context(), day)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, found)
}

// runReconciliation answers POST /api/admin/reconciliations `{day}` with what the comparison
// came to, 200, or as far as it is, 202.
func (s *Server) runReconciliation(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Day string `json:"day"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	day, err := date(in.Day, shop.ErrInvalidField.At("day"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), reconcilePatience)
	defer cancel()
	ran, err := s.Checkout.Reconciliations.Reconcile(ctx, day, learnerID(r.Context()))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if ran.State == shop.ReconciliationRunning {
		status = http.StatusAccepted
	}
	return encode(w, status, ran)
}

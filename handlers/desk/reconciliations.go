package desk

import (
	"context"
	"net/http"
	"time"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// reconciliations compare WeChat's bills with our books.
type Reconciliations struct {
	Checkout *checkout.Checkout
	Kept     *store.Reconciliations
}

// reconcilePatience is how long a person waits for a run; a longer one goes on behind the
// answer. It leaves the request's deadline some room.
const reconcilePatience = 8 * time.Second

// List answers GET /api/admin/reconciliations?state=&limit=&cursor=, newest day first.
func (h *Reconciliations) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	state := shop.ReconciliationState(q.Get("state"))
	if state != "" && !state.Valid() {
		return shop.ErrInvalidQuery.At("state")
	}
	items, next, err := h.Kept.Page(r.Context(), state, rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Page[shop.Reconciliation]{Items: items, NextCursor: next})
}

// Show answers GET /api/admin/reconciliations/:day.
func (h *Reconciliations) Show(w http.ResponseWriter, r *http.Request) error {
	day, err := date(rest.Param(r, "day"), shop.ErrReconciliationNotFound)
	if err != nil {
		return err
	}
	found, err := h.Kept.Get(r.Context(), day)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, found)
}

// Run answers POST /api/admin/reconciliations `{day}` with what the comparison
// came to, 200, or as far as it is, 202.
func (h *Reconciliations) Run(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Day string `json:"day"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	day, err := date(in.Day, shop.ErrInvalidField.At("day"))
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(r.Context(), reconcilePatience)
	defer cancel()
	ran, err := h.Checkout.Reconciliations.Reconcile(ctx, day, rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	status := http.StatusOK
	if ran.State == shop.ReconciliationRunning {
		status = http.StatusAccepted
	}
	return rest.Encode(w, status, ran)
}

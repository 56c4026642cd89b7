package handlers

import (
	"net/http"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// courseAccess says which courses a caller is shown, and what the caller had of them before.
type courseAccess struct {
	catalogue  *store.CatalogueCache
	enrolments *store.Enrolments
}

// shownCourse is a course that is or was on sale. Drafts are for editors.
func (h *courseAccess) shownCourse(r *http.Request, id string) (*shop.Course, error) {
	all, err := h.catalogue.Get(r.Context())
	if err != nil {
		return nil, err
	}
	return all.Shown(id)
}

// history is the caller's past in the course, none for a visitor.
func (h *courseAccess) history(r *http.Request, courseID string) (shop.PurchaseHistory, error) {
	user := rest.LearnerID(r.Context())
	if user == "" {
		return shop.PurchaseHistory{}, nil
	}
	all, err := h.enrolments.Standing(r.Context(), user, courseID)
	return all[courseID], err
}

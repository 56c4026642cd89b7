package handlers

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/shop/papers"
)

// consents are what learners agree to of the shop's papers.
type consents struct{ accounts *account.Accounts }

// consentsIn is the part of a body that names editions.
type consentsIn struct {
	Consents []papers.Edition `json:"consents"`
}

// givenView is an edition that a learner has agreed to.
type givenView struct {
	papers.Edition
	At time.Time `json:"at"`
}

// agreementView is what a learner has agreed to, and what the shop still wants.
type agreementView struct {
	Wanted []papers.Edition `json:"wanted"`
	Given  []givenView      `json:"given"`
}

// show answers GET /api/me/consents.
func (h *consents) show(w http.ResponseWriter, r *http.Request) error {
	a, err := h.accounts.Agreed.Of(r.Context(), rest.LearnerID(r.Context()))
	if err != nil {
		return err
	}
	v := agreementView{Wanted: append([]papers.Edition{}, a.Wanted...), Given: make([]givenView, len(a.Given))}
	for i := range a.Given {
		v.Given[i] = givenView{a.Given[i].Edition(), rest.UTC(a.Given[i].At)}
	}
	return rest.Encode(w, http.StatusOK, v)
}

// give answers POST /api/me/consents `{consents}`: the editions of now, as the learner has seen them.
func (h *consents) give(w http.ResponseWriter, r *http.Request) error {
	var in consentsIn
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Consents == nil {
		return shop.ErrInvalidField.At("consents")
	}
	if err := h.accounts.Agreed.Give(r.Context(), rest.LearnerID(r.Context()), in.Consents); err != nil {
		return err
	}
	return h.show(w, r)
}

// first lets do be done for a learner that has agreed to the papers of now.
func (h *consents) first(do rest.HandlerFunc) rest.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) error {
		if err := h.accounts.Agreed.Require(r.Context(), rest.LearnerID(r.Context())); err != nil {
			return err
		}
		return do(w, r)
	}
}

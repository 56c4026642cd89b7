package handlers

import (
	"net/http"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
)

// refunds are those that learners ask for.
type refunds struct{ checkout *checkout.Checkout }

// show answers GET /api/orders/:order/refund: what the owner would get back now.
func (h *refunds) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	q, err := h.checkout.Refunds.Quote(r.Context(), rest.LearnerID(r.Context()), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, q)
}

// refund answers POST /api/orders/:order/refund `{reason,amount_fen?}` with the order.
// With the amount that the page showed, another amount now is refused with the new one.
func (h *refunds) refund(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Reason string    `json:"reason"`
		Amount *shop.Fen `json:"amount_fen"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	o, err := h.checkout.Refunds.Refund(r.Context(), rest.LearnerID(r.Context()), rest.MadeUnder(r), id, in.Reason, in.Amount)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, o.WithPayment())
}

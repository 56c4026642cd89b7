package handlers

import (
	"net/http"

	"mstm/shop"
)

// maxReason bounds the reason of a refund, in characters; WeChat gets the first 80.
const maxReason = 200

// reason checks the reason of a refund.
func reason(s string) (string, error) { return shop.CleanLine("reason", s, 1, maxReason) }

// showRefund answers GET /api/orders/:order/refund: what the owner would get back now.
func (s *Server) showRefund(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	q, err := s.Checkout.Refunds.Quote(r.Context(), learnerID(r.Context()), id)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, q)
}

// refundOrder answers POST /api/orders/:order/refund `{reason,amount_fen?}` with the order.
// With the amount that the page showed, another amount now is refused with the new one.
func (s *Server) refundOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Reason string    `json:"reason"`
		Amount *shop.Fen `json:"amount_fen"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	why, err := reason(in.Reason)
	if err != nil {
		return err
	}
	o, err := s.Checkout.Refunds.Refund(r.Context(), learnerID(r.Context()), madeUnder(r), id, why, in.Amount)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, o.WithPayment())
}

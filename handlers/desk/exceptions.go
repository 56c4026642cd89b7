package desk

import (
	"net/http"
	"time"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Exceptions are the orders and payments that wait for a person, for finance.
type Exceptions struct{ Checkout *checkout.Checkout }

// unmatchedRow is a genuine payment that fits no order, or not the order of its number.
type unmatchedRow struct {
	ID            string                  `json:"id"`
	OutTradeNo    string                  `json:"out_trade_no"`
	TransactionID string                  `json:"transaction_id"`
	Total         shop.Fen                `json:"total_fen"`
	Reason        string                  `json:"reason"`
	FirstSeen     time.Time               `json:"first_seen"`
	State         checkout.UnmatchedState `json:"state"`
	OrderID       string                  `json:"order_id,omitempty"`
	Decision      *decisionRow            `json:"decision,omitempty"`
}

type decisionRow struct {
	How     shop.Resolution `json:"how"`
	OrderID string          `json:"order_id,omitempty"`
	Reason  string          `json:"reason"`
	By      string          `json:"by"`
	At      time.Time       `json:"at"`
	DoneAt  *time.Time      `json:"done_at,omitempty"`
}

func viewUnmatched(x checkout.Unmatched) unmatchedRow {
	row := unmatchedRow{
		ID: x.ID, OutTradeNo: x.OutTradeNo, TransactionID: x.Payment.TransactionID, Total: x.Payment.Total, Reason: x.Reason,
		FirstSeen: rest.UTC(x.FirstSeen), State: x.State, OrderID: x.OrderID,
	}
	if d := x.Decision; d != nil {
		row.Decision = &decisionRow{d.How, d.OrderID, d.Reason, d.By, rest.UTC(d.At), x.ResolvedAt}
	}
	return row
}

// List answers GET /api/admin/strays: the genuine payments that did not fit an order
// of ours, by number, amount or parties, newest first, for people to decide on.
func (h *Exceptions) List(w http.ResponseWriter, r *http.Request) error {
	unmatched, err := h.Checkout.Exceptions.List(r.Context())
	if err != nil {
		return err
	}
	list := rest.Page[unmatchedRow]{Items: []unmatchedRow{}}
	for _, x := range unmatched {
		list.Items = append(list.Items, viewUnmatched(x))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Resolve answers POST /api/admin/orders/:order/resolve `{how,reason}` with the order's story: the
// money of its exception is taken as it is (grant), or goes back (refund).
func (h *Exceptions) Resolve(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	var in struct {
		How    shop.Resolution `json:"how"`
		Reason string          `json:"reason"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.How != shop.ResolveGrant && in.How != shop.ResolveRefund {
		return shop.ErrInvalidField.At("how")
	}
	if err := mayServe(r, h.Checkout, id); err != nil {
		return err
	}
	o, err := h.Checkout.Exceptions.Resolve(r.Context(), rest.LearnerID(r.Context()), rest.MadeUnder(r), id, in.How, in.Reason)
	if err != nil {
		return err
	}
	return answerStory(w, r, h.Checkout, http.StatusOK, o)
}

// ResolveUnmatched answers POST /api/admin/unmatched/:payment/resolve `{how,order_id?,reason}` with the
// payment: it pays an order (match), goes back (refund), or was looked into and moves no money (dismiss).
// An order alone says match.
func (h *Exceptions) ResolveUnmatched(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		How     shop.Resolution `json:"how"`
		OrderID string          `json:"order_id"`
		Reason  string          `json:"reason"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.How == "" && in.OrderID != "" {
		in.How = shop.ResolveMatch
	}
	switch in.How {
	case shop.ResolveMatch:
		if !shop.ValidID(in.OrderID) {
			return shop.ErrInvalidField.At("order_id")
		}
		if err := mayServe(r, h.Checkout, in.OrderID); err != nil {
			return err
		}
	case shop.ResolveRefund, shop.ResolveDismiss:
		if in.OrderID != "" {
			return shop.ErrInvalidField.At("order_id")
		}
	default:
		return shop.ErrInvalidField.At("how")
	}
	ruling := checkout.Ruling{How: in.How, OrderID: in.OrderID, Reason: in.Reason}
	x, err := h.Checkout.Exceptions.Rule(r.Context(), rest.LearnerID(r.Context()), rest.MadeUnder(r), rest.Param(r, "payment"), ruling)
	if err != nil {
		return err
	}
	shown, err := h.Checkout.Exceptions.Show(r.Context(), *x)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewUnmatched(shown))
}

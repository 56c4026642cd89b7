package handlers

import (
	"net/http"
	"net/url"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// orders are the learners' own.
type orders struct {
	checkout *checkout.Checkout
	orders   *store.Orders
	live     live
}

// placedView answers a placing: the order, how to pay it, and what was out of the
// ordinary. lowered says that it costs less than the page showed.
type placedView struct {
	Order   shop.OrderView    `json:"order"`
	Payment *shop.PaymentView `json:"payment,omitempty"`
	Reused  bool              `json:"reused,omitempty"`
	Lowered bool              `json:"lowered,omitempty"`
}

func viewPlaced(p checkout.Placed) placedView {
	return placedView{Order: p.Order.View(), Payment: p.Payment, Reused: p.Reused, Lowered: p.Lowered}
}

// answerPlaced is the answer to a placing: 201, or 200 where no order was made.
func answerPlaced(p checkout.Placed) (store.Answer, error) {
	status := http.StatusCreated
	if p.Reused {
		status = http.StatusOK
	}
	body, err := rest.Marshal(viewPlaced(p))
	return store.Answer{Status: status, Body: body}, err
}

// place answers POST /api/orders `{lines,total_fen,channel,referral?}`. A repeat under the same
// Idempotency-Key is answered with the same bytes.
func (h *orders) place(w http.ResponseWriter, r *http.Request) error {
	key, err := rest.IdempotencyKey(r)
	if err != nil {
		return err
	}
	var in struct {
		Lines    []shop.LineRequest `json:"lines"`
		Total    *shop.Fen          `json:"total_fen"`
		Channel  shop.Channel       `json:"channel"`
		Referral string             `json:"referral"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Total == nil || *in.Total < 0 {
		return shop.ErrInvalidField.At("total_fen")
	}
	answer, err := h.checkout.Placing.Place(r.Context(), checkout.PlaceRequest{
		UserID: rest.LearnerID(r.Context()), Key: key, Lines: in.Lines, Seen: *in.Total, Referral: in.Referral,
		PayRequest: checkout.PayRequest{Channel: in.Channel, Payer: shop.Payer{IP: rest.Address(r)}, Back: checkoutPage(in.Lines)},
	}, answerPlaced)
	if err != nil {
		return err
	}
	return rest.SendAnswer(w, answer)
}

// checkoutPage is where these lines are bought: one alone by its name, because it need not be in
// the cart, and several as the cart has them.
func checkoutPage(lines []shop.LineRequest) string {
	if len(lines) != 1 {
		return "/checkout"
	}
	return "/checkout?" + url.Values{"course": {lines[0].CourseID}, "policy": {lines[0].PolicyID}}.Encode()
}

// list answers GET /api/orders?limit=&cursor=: the learner's own, newest first.
func (h *orders) list(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	orders, next, err := h.orders.Of(r.Context(), rest.LearnerID(r.Context()), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[shop.OrderView]{Items: []shop.OrderView{}, NextCursor: next}
	for i := range orders {
		list.Items = append(list.Items, orders[i].View())
	}
	return rest.Encode(w, http.StatusOK, list)
}

// show answers GET /api/orders/:order for its owner.
func (h *orders) show(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	o, err := h.checkout.OrderOf(r.Context(), rest.LearnerID(r.Context()), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, o.WithPayment())
}

// pay answers POST /api/orders/:order/pay `{channel,authorise?}` with `{order,payment}`.
// authorise says that the WeChat at hand is another than the known one, and must be authorised
// again.
func (h *orders) pay(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Channel   shop.Channel `json:"channel"`
		Authorise bool         `json:"authorise"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	p, err := h.checkout.Payments.Pay(r.Context(), rest.LearnerID(r.Context()), id, checkout.PayRequest{
		Channel: in.Channel, Payer: shop.Payer{IP: rest.Address(r)}, Authorise: in.Authorise, Back: "/orders/" + id,
	})
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewPlaced(p))
}

// cancel answers POST /api/orders/:order/cancel with the order, closing.
func (h *orders) cancel(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	o, err := h.checkout.Closing.Cancel(r.Context(), rest.LearnerID(r.Context()), id, rest.MadeUnder(r))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, o.WithPayment())
}

package handlers

import (
	"net/http"
	"net/url"

	"mstm/checkout"
	"mstm/shop"
	"mstm/store"
)

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
	body, err := marshal(viewPlaced(p))
	return store.Answer{Status: status, Body: body}, err
}

// channel checks what the caller named; native where it named none.
func channel(c shop.Channel) (shop.Channel, error) {
	switch c {
	case "":
		return shop.ChannelNative, nil
	case shop.ChannelNative, shop.ChannelJSAPI, shop.ChannelH5:
		return c, nil
	}
	return "", shop.ErrInvalidField.At("channel")
}

// placeOrder answers POST /api/orders `{lines,total_fen,channel}`. A repeat under the same
// Idempotency-Key is answered with the same bytes.
func (s *Server) placeOrder(w http.ResponseWriter, r *http.Request) error {
	key, err := idempotencyKey(r)
	if err != nil {
		return err
	}
	var in struct {
		Lines   []shop.LineRequest `json:"lines"`
		Total   *shop.Fen          `json:"total_fen"`
		Channel shop.Channel       `json:"channel"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Total == nil || *in.Total < 0 {
		return shop.ErrInvalidField.At("total_fen")
	}
	if in.Channel, err = channel(in.Channel); err != nil {
		return err
	}
	payer, err := s.payer(r, in.Channel)
	if err != nil {
		return err
	}
	if err := s.mayPlace(r); err != nil {
		return err
	}
	answer, err := s.Checkout.Placing.Place(r.Context(), checkout.PlaceRequest{
		UserID: learnerID(r.Context()), Key: key, Lines: in.Lines, Seen: *in.Total, Channel: in.Channel, Payer: payer,
	}, answerPlaced)
	if err != nil {
		return s.WeChat.PayerPage(r.Context(), learnerID(r.Context()), err, checkoutPage(in.Lines))
	}
	return sendAnswer(w, answer)
}

// checkoutPage is where these lines are bought: one alone by its name, because it need not be in
// the cart, and several as the cart has them.
func checkoutPage(lines []shop.LineRequest) string {
	if len(lines) != 1 {
		return "/checkout"
	}
	return "/checkout?" + url.Values{"course": {lines[0].CourseID}, "policy": {lines[0].PolicyID}}.Encode()
}

// payer is the payer of an order. Inside WeChat that is the WeChat in which the learner authorised
// last, because no other can pay there, or else the bound one.
func (s *Server) payer(r *http.Request, ch shop.Channel) (shop.Payer, error) {
	p := shop.Payer{IP: s.address(r)}
	if ch != shop.ChannelJSAPI {
		return p, nil
	}
	var err error
	p.Openid, err = s.WeChat.Payer(r.Context(), learnerID(r.Context()))
	return p, err
}

// listOrders answers GET /api/orders?limit=&cursor=: the learner's own, newest first.
func (s *Server) listOrders(w http.ResponseWriter, r *http.Request) error {
	s.keepPlace(w, r)
	q, rows, err := listQuery(r)
	if err != nil {
		return err
	}
	orders, next, err := s.Store.Orders.Of(r.Context(), learnerID(r.Context()), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := page[shop.OrderView]{Items: []shop.OrderView{}, NextCursor: next}
	for i := range orders {
		list.Items = append(list.Items, orders[i].View())
	}
	return encode(w, http.StatusOK, list)
}

// showOrder answers GET /api/orders/:order for its owner.
func (s *Server) showOrder(w http.ResponseWriter, r *http.Request) error {
	s.keepPlace(w, r)
	id, err := pathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	o, err := s.Checkout.OrderOf(r.Context(), learnerID(r.Context()), id)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, o.WithPayment())
}

// payOrder answers POST /api/orders/:order/pay `{channel,authorise?}` with `{order,payment}`.
// authorise says that the WeChat at hand is another than the known one, and must be authorised
// again.
func (s *Server) payOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Channel   shop.Channel `json:"channel"`
		Authorise bool         `json:"authorise"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Channel, err = channel(in.Channel); err != nil {
		return err
	}
	payer, err := s.payer(r, in.Channel)
	if err != nil {
		return err
	}
	if in.Authorise {
		payer.Openid = ""
	}
	if err := s.mayPlace(r); err != nil {
		return err
	}
	p, err := s.Checkout.Payments.Pay(r.Context(), learnerID(r.Context()), id, in.Channel, payer)
	if err != nil {
		return s.WeChat.PayerPage(r.Context(), learnerID(r.Context()), err, "/orders/"+id)
	}
	return encode(w, http.StatusOK, viewPlaced(p))
}

// cancelOrder answers POST /api/orders/:order/cancel with the order, closing.
func (s *Server) cancelOrder(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	o, err := s.Checkout.Closing.Cancel(r.Context(), learnerID(r.Context()), id, madeUnder(r))
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, o.WithPayment())
}

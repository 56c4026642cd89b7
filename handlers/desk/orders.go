package desk

import (
	"net/http"
	"time"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// Orders are all orders, for finance.
type Orders struct {
	Checkout *checkout.Checkout
}

// Order is an order as finance and the console see it: everything that explains what
// became of a buyer's money, and no openid.
type Order struct {
	shop.OrderView
	UserID     string              `json:"user_id"`
	Username   string              `json:"username,omitempty"`
	Exception  string              `json:"exception,omitempty"`
	Referral   string              `json:"referral,omitempty"` // the tag of the link by which its buyer came
	Attempts   []attempt           `json:"attempts"`
	Duties     map[string]dutyRow  `json:"duties"`
	History    []shop.Record       `json:"history"`
	Unmatched  []unmatchedRow      `json:"strays,omitempty"`
	Standings  []shop.LineStanding `json:"standings"`
	Messages   []checkout.Message  `json:"messages"`
	Violations []shop.Violation    `json:"violations"`
}

type attempt struct {
	OutTradeNo    string            `json:"out_trade_no"`
	Channel       shop.Channel      `json:"channel"`
	State         shop.AttemptState `json:"state"`
	Amount        shop.Fen          `json:"amount_fen"`
	TransactionID string            `json:"transaction_id,omitempty"`
	CreatedAt     time.Time         `json:"created_at"`
	ReadyAt       *time.Time        `json:"ready_at,omitempty"` // when WeChat last answered with a way to pay
	AskedAt       *time.Time        `json:"asked_at,omitempty"` // when WeChat was last asked about it
	PaidAt        *time.Time        `json:"paid_at,omitempty"`
	Asks          int               `json:"asks"` // how often WeChat was asked about it
}

type dutyRow struct {
	Done  bool       `json:"done"`
	Tries int        `json:"tries"`
	Next  *time.Time `json:"next,omitempty"`
	Error string     `json:"error,omitempty"`
}

// List answers GET /api/admin/orders?state=&course=&referral=&from=&to=&q=&limit=&cursor=, newest first. q is a
// number that a buyer or WeChat's bill names (the order's id, an out_trade_no, an
// out_refund_no or WeChat's transaction_id) or a username, whole; from and to are the days of
// placing in Asia/Shanghai, both included.
func (h *Orders) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	f := store.OrderFilter{State: shop.OrderState(q.Get("state")), CourseID: q.Get("course"), Referral: q.Get("referral")}
	if f.From, f.Until, err = days(q); err != nil {
		return err
	}
	items, next, err := h.Checkout.Search.List(r.Context(), f, q.Get("q"), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, rest.Page[shop.DeskOrder]{Items: items, NextCursor: next})
}

// Show answers GET /api/admin/orders/:order with the order's whole story.
func (h *Orders) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "order", shop.ErrOrderNotFound)
	if err != nil {
		return err
	}
	story, err := h.Checkout.Stories.Of(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewStory(story))
}

// answerStory answers with the story of an order that was just changed.
func answerStory(w http.ResponseWriter, r *http.Request, c *checkout.Checkout, status int, o *shop.Order) error {
	story, err := c.Stories.Tell(r.Context(), o)
	if err != nil {
		return err
	}
	return rest.Encode(w, status, viewStory(story))
}

func viewStory(s *checkout.Story) Order {
	o := s.Order
	v := Order{
		OrderView: o.View(), UserID: o.UserID, Username: s.Username, Exception: o.Exception, Referral: o.Referral,
		Attempts: []attempt{}, Duties: map[string]dutyRow{}, History: o.History,
		Standings: s.Lines, Messages: s.Messages, Violations: s.Violations,
	}
	for _, a := range o.Attempts {
		v.Attempts = append(v.Attempts, attempt{
			a.OutTradeNo, a.Channel, a.State, a.Amount, a.TransactionID, rest.UTC(a.CreatedAt), a.ReadyAt, a.AskedAt, a.PaidAt, a.Asks,
		})
	}
	for _, x := range s.Unmatched {
		v.Unmatched = append(v.Unmatched, viewUnmatched(x))
	}
	for name, d := range o.Duties {
		v.Duties[string(name)] = viewDuty(d)
	}
	return v
}

func viewDuty(d *shop.Duty) dutyRow {
	row := dutyRow{Done: d.Done, Tries: d.Tries, Error: d.Error}
	if !d.Done {
		next := rest.UTC(d.Next)
		row.Next = &next
	}
	return row
}

// refundInput is what finance says of a refund.
type refundInput struct {
	Lines  []shop.RefundRequestLine `json:"lines"`
	Amount *shop.Fen                `json:"amount_fen"`
	Reason string                   `json:"reason"`
	Later  bool                     `json:"later"`
}

func (in refundInput) request() shop.RefundRequest {
	return shop.RefundRequest{Lines: in.Lines, Amount: in.Amount}
}

// decodeRefund reads the order's id and what is said of its refund.
func decodeRefund(w http.ResponseWriter, r *http.Request) (id string, in refundInput, err error) {
	if id, err = rest.PathID(r, "order", shop.ErrOrderNotFound); err != nil {
		return "", in, err
	}
	return id, in, rest.Decode(w, r, &in)
}

// mayServe refuses staff that would decide about an order of its own: shop.MayServe.
func mayServe(r *http.Request, c *checkout.Checkout, orderID string) error {
	owner, err := c.Stories.Owner(r.Context(), orderID)
	if err != nil {
		return err
	}
	return shop.MayServe(rest.LearnerID(r.Context()), rest.CallerOf(r.Context()).Roles, owner)
}

// staffRefund is the refund that a request asks for. Support refunds by the shop's rule alone.
func staffRefund(r *http.Request, id string, in refundInput) checkout.FinanceRefund {
	return checkout.FinanceRefund{
		By: rest.LearnerID(r.Context()), Key: rest.MadeUnder(r), OrderID: id, Reason: in.Reason, Later: in.Later,
		RefundRequest: in.request(), ByRule: !shop.MayActAs(rest.CallerOf(r.Context()).Roles, shop.RoleFinance),
		Prove: func() error { return rest.RequireProof(r) },
	}
}

// PreviewRefund answers POST /api/admin/orders/:order/refunds?dry_run=1 with what the refund would
// give back and take away.
func (h *Orders) PreviewRefund(w http.ResponseWriter, r *http.Request) error {
	id, in, err := decodeRefund(w, r)
	if err != nil {
		return err
	}
	if err := mayServe(r, h.Checkout, id); err != nil {
		return err
	}
	preview, err := h.Checkout.Refunds.Preview(r.Context(), staffRefund(r, id, in))
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, preview)
}

// Refund answers POST /api/admin/orders/:order/refunds
// `{lines?:[{course_id,amount_fen?}],amount_fen?,reason,later?}` with the order's story, 201.
// Lines name what it is for; without an amount it is all that is left (shop.FinanceRefund has
// the rules). later refunds what stands on top of it (the stages after it) as well, first.
func (h *Orders) Refund(w http.ResponseWriter, r *http.Request) error {
	id, in, err := decodeRefund(w, r)
	if err != nil {
		return err
	}
	if err := mayServe(r, h.Checkout, id); err != nil {
		return err
	}
	o, err := h.Checkout.Refunds.FinanceRefund(r.Context(), staffRefund(r, id, in))
	if err != nil {
		return err
	}
	return answerStory(w, r, h.Checkout, http.StatusCreated, o)
}

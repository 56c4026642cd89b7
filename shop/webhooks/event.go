package webhooks

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base32"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// Event is the body of a request. Its id is the webhook-id, which follows from what happened: the same thing is the same event,
// however often it is written or sent.
type Event struct {
	ID        string    `json:"id"`
	Type      Type      `json:"type"`
	CreatedAt time.Time `json:"created_at"` // when it happened
	Data      any       `json:"data"`
}

// Body is the event as it is signed and sent.
func (e Event) Body() ([]byte, error) { return json.Marshal(e) }

// OrderData is what order.paid and order.refunded carry.
type OrderData struct {
	Order  Order   `json:"order"`
	Refund *Refund `json:"refund,omitempty"` // of order.refunded: the one that went through
}

// Order is the whole state of an order, in ids: no name and no phone number of a person. A higher version is a later state.
type Order struct {
	ID          string          `json:"id"`
	Version     int64           `json:"version"`
	UserID      string          `json:"user_id"`
	State       shop.OrderState `json:"state"`
	Lines       []OrderLine     `json:"lines"`
	Total       shop.Fen        `json:"total_fen"`
	Paid        shop.Fen        `json:"paid_fen"`
	Refunded    shop.Fen        `json:"refunded_fen"`
	Transaction string          `json:"transaction_id,omitempty"` // WeChat Pay's number of the payment
	Referral    string          `json:"referral,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
	PaidAt      *time.Time      `json:"paid_at,omitempty"` // nil: there was nothing to pay
}

// OrderLine is a line of an order.
type OrderLine struct {
	CourseID string          `json:"course_id"`
	Title    string          `json:"title"`
	PolicyID string          `json:"policy_id"`
	Version  int             `json:"version"`
	Kind     shop.PolicyKind `json:"kind"`
	Stage    int             `json:"stage,omitempty"`
	Price    shop.Fen        `json:"price_fen"`
	Refunded shop.Fen        `json:"refunded_fen"`
}

// Refund is a refund of an order. Its reason, which a person has written, is not sent.
type Refund struct {
	OutRefundNo string          `json:"out_refund_no"`
	Amount      shop.Fen        `json:"amount_fen"`
	Lines       []shop.PartView `json:"lines"`
	DoneAt      time.Time       `json:"done_at"`
}

// EnrolmentData is what enrolment.changed carries.
type EnrolmentData struct {
	Enrolment Enrolment `json:"enrolment"`
}

// Enrolment is the whole of what a learner may watch of a course. A higher version is a later state.
type Enrolment struct {
	UserID  string `json:"user_id"`
	Version int64  `json:"version"`
	shop.EnrolmentView
}

// TestData is what webhook.test carries.
type TestData struct {
	Note string `json:"note"`
}

// NewOrderPaid is that an order was paid, or needed no payment; ok is false for access that staff gave by hand, which is no sale.
func NewOrderPaid(o *shop.Order) (_ Event, ok bool) {
	at := o.CreatedAt
	if o.PaidAt != nil {
		at = *o.PaidAt
	}
	return Event{idOf(string(OrderPaid), o.ID), OrderPaid, at.UTC(), OrderData{Order: orderOf(o)}}, o.Given == nil
}

// NewOrderRefunded are the refunds of an order that went through. What goes back of a payment for nothing is none: that payment
// was no event either.
func NewOrderRefunded(o *shop.Order) (all []Event) {
	for _, r := range o.Refunds {
		if r.Duplicate || r.State != shop.RefundSucceeded || r.DoneAt == nil {
			continue
		}
		refund := Refund{OutRefundNo: r.OutRefundNo, Amount: r.Amount, Lines: []shop.PartView{}, DoneAt: r.DoneAt.UTC()}
		for _, p := range r.Lines {
			refund.Lines = append(refund.Lines, shop.PartView{CourseID: p.CourseID, Amount: p.Amount})
		}
		all = append(all, Event{
			idOf(string(OrderRefunded), o.ID, r.OutRefundNo), OrderRefunded, r.DoneAt.UTC(), OrderData{Order: orderOf(o), Refund: &refund},
		})
	}
	return all
}

// NewEnrolmentChanged is how a learner stands in a course, each state of each version of the enrolment once: an access ends by time,
// without another version.
func NewEnrolmentChanged(e *shop.Enrolment, now time.Time) Event {
	view := e.View(now)
	return Event{
		idOf(string(EnrolmentChanged), e.ID, strconv.FormatInt(e.V, 10), string(view.State)), EnrolmentChanged, now.UTC(),
		EnrolmentData{Enrolment{e.UserID, e.V, view}},
	}
}

// NewTest is an event that says nothing.
func NewTest(key string, now time.Time) Event {
	return Event{idOf(string(Test), key), Test, now.UTC(), TestData{"This is a test. 这是一条测试。"}}
}

func orderOf(o *shop.Order) Order {
	v := o.View()
	order := Order{
		ID: o.ID, Version: o.V, UserID: o.UserID, State: o.State, Lines: make([]OrderLine, 0, len(v.Lines)), Total: o.Total, Paid: o.Paid,
		Refunded: o.Refunded, Transaction: o.Transaction, Referral: o.Referral, CreatedAt: v.CreatedAt, PaidAt: v.PaidAt,
	}
	for _, l := range v.Lines {
		order.Lines = append(order.Lines, OrderLine{l.CourseID, l.Title, l.PolicyID, l.Version, l.Kind, l.Stage, l.Price, l.Refunded})
	}
	return order
}

// idOf is an id that follows from its parts.
func idOf(parts ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(parts, "\x00")))
	return strings.ToLower(base32.StdEncoding.EncodeToString(sum[:]))[:26]
}

// The headers of a request, by Standard Webhooks 1.0.0 (https://www.standardwebhooks.com), which OpenAI, Svix and others send too, so
// that libraries of most languages verify what the shop sends.
const (
	HeaderID        = "webhook-id"
	HeaderTimestamp = "webhook-timestamp" // Unix seconds of the attempt, in real time
	HeaderSignature = "webhook-signature"

	secretPrefix = "whsec_"
)

// SecretLen is how many bytes a secret has; the standard asks for 24 to 64.
const SecretLen = 32

// SecretText is a secret as its receiver keeps it.
func SecretText(key []byte) string { return secretPrefix + base64.StdEncoding.EncodeToString(key) }

// Sign is the signature of a body by Standard Webhooks: for each key "v1," and the base64 of HMAC-SHA256 over id.timestamp.body, with
// a blank between them. A receiver takes it where one of them is right, which is what lets a secret be replaced.
func Sign(keys [][]byte, id string, at time.Time, body []byte) string {
	all := make([]string, len(keys))
	for i, key := range keys {
		mac := hmac.New(sha256.New, key)
		fmt.Fprintf(mac, "%s.%d.", id, at.Unix())
		mac.Write(body)
		all[i] = "v1," + base64.StdEncoding.EncodeToString(mac.Sum(nil))
	}
	return strings.Join(all, " ")
}

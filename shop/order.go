package shop

import (
	"slices"
	"strings"
	"time"
)

// Channel is how a payment reaches WeChat.
type Channel string

// Native shows a code to scan, JSAPI pays inside WeChat's browser, H5 from another one.
const (
	ChannelNative Channel = "native"
	ChannelJSAPI  Channel = "jsapi"
	ChannelH5     Channel = "h5"

	ChannelOther Channel = "other" // under a number that is not the shop's, matched to an order by a person
)

// OrderState is where an order is in its life; Moves says where it may go.
type OrderState string

// The states of an order.
const (
	OrderPending           OrderState = "pending"
	OrderClosing           OrderState = "closing"
	OrderClosed            OrderState = "closed"
	OrderPaid              OrderState = "paid"
	OrderFulfilled         OrderState = "fulfilled"
	OrderRefunding         OrderState = "refunding"
	OrderPartiallyRefunded OrderState = "partially_refunded"
	OrderRefunded          OrderState = "refunded"
	OrderException         OrderState = "exception"
)

// CloseReason says why an order was closed.
type CloseReason string

// Why an order closes.
const (
	CloseTimeout    CloseReason = "timeout"
	CloseUser       CloseReason = "user"
	CloseSuperseded CloseReason = "superseded"
	CloseOffSale    CloseReason = "off_sale"
	CloseAbandoned  CloseReason = "abandoned" // its placing never finished
	CloseReturned   CloseReason = "returned"  // its money did not fit, and a person gave it back
)

// Order is one purchase: lines frozen at placing, payment attempts, refunds, and the
// duties that its last move brought, all in one document so that no crash can part a
// decision from what follows it.
type Order struct {
	ID          string             `bson:"_id"`
	UserID      string             `bson:"user_id"`
	State       OrderState         `bson:"state"`
	V           int64              `bson:"v"` // writes so far; every write names the one it has seen
	Lines       []OrderLine        `bson:"lines"`
	Total       Fen                `bson:"total_fen"`
	Paid        Fen                `bson:"paid_fen"`
	Refunded    Fen                `bson:"refunded_fen"`
	CloseReason CloseReason        `bson:"close_reason,omitempty"`
	Attempts    []Attempt          `bson:"attempts"`
	Refunds     []Refund           `bson:"refunds"`
	Duties      map[DutyName]*Duty `bson:"duties"`
	History     []Record           `bson:"history"`              // every move, oldest first
	Exception   string             `bson:"exception,omitempty"`  // the mismatch of the payment
	BuyerGone   bool               `bson:"buyer_gone,omitempty"` // the account was deleted before its courses were granted
	CreatedAt   time.Time          `bson:"created_at"`
	ExpiresAt   time.Time          `bson:"expires_at"`
	ClosingAt   *time.Time         `bson:"closing_at,omitempty"`
	PaidAt      *time.Time         `bson:"paid_at,omitempty"`
	FulfilledAt *time.Time         `bson:"fulfilled_at,omitempty"`
	ClosedAt    *time.Time         `bson:"closed_at,omitempty"`
	Transaction string             `bson:"transaction_id,omitempty"`
	FreezeBy    string             `bson:"freeze_by,omitempty"` // the call that freezes grants for a refund not yet written
	Referral    string             `bson:"referral,omitempty"`  // the tag of the link by which its buyer came (package referral)
	Given       *Given             `bson:"given,omitempty"`     // why a member of staff gives it for nothing; nil: it was placed by its owner
}

// Given says why access is given by hand, and by which user.
type Given struct {
	By     string `bson:"by"`
	Reason string `bson:"reason"`
}

// Clone is a copy of the order whose changes leave o as it is.
func (o *Order) Clone() *Order {
	c := *o
	c.Lines, c.Attempts, c.History = slices.Clone(o.Lines), slices.Clone(o.Attempts), slices.Clone(o.History)
	c.Refunds = slices.Clone(o.Refunds)
	for i := range c.Refunds {
		c.Refunds[i].Lines = slices.Clone(o.Refunds[i].Lines)
	}
	c.Duties = make(map[DutyName]*Duty, len(o.Duties))
	for name, d := range o.Duties {
		duty := *d
		c.Duties[name] = &duty
	}
	return &c
}

// OrderLine is one course under one price policy, as it was when the order was placed.
// Price = Base − Credit + Adjust; List is what the policy cost everybody.
type OrderLine struct {
	CourseID     string     `bson:"course_id"`
	Title        string     `bson:"title"`
	PolicyID     string     `bson:"policy_id"`
	PolicyName   string     `bson:"policy_name"`
	Version      int        `bson:"version"`
	Kind         PolicyKind `bson:"kind"`
	Stage        int        `bson:"stage,omitempty"`
	Period       *Period    `bson:"period,omitempty"`
	Until        *time.Time `bson:"until,omitempty"` // given by hand, as a period that ends then: the first instant too late
	List         Fen        `bson:"list_price_fen"`
	Credit       Fen        `bson:"credit_fen"`
	CreditOrders []string   `bson:"credit_orders,omitempty"` // the orders whose stage money is the credit
	Needless     []string   `bson:"needless,omitempty"`      // orders of stages not begun, paid back once this line is granted
	Price        Fen        `bson:"price_fen"`
	Adjust       Fen        `bson:"adjust_fen,omitempty"` // the line's share of what a payment that was taken as it is differs in from the order
	Lessons      []string   `bson:"lessons"`              // of the course at placing: what "hardly used" is measured against; nil in orders from before
	Result       LineResult `bson:"result,omitempty"`
	Refusal      string     `bson:"refusal,omitempty"`      // refused: the code of why
	Refunded     Fen        `bson:"refunded_fen,omitempty"` // of Price, gone back; read it by Order.RefundedOf
}

// FreeStage reports whether the line is the free first stage, which a person has once.
func (l OrderLine) FreeStage() bool { return l.Kind == KindStage && l.Stage == 1 && l.List == 0 }

// LineResult is what became of a paid line.
type LineResult string

// A line is granted, or refused (OrderLine.Refusal says why) and its share paid back.
const (
	LineGranted LineResult = "granted"
	LineRefused LineResult = "refused"
)

// Usage is how many of how many lessons were opened, as the refund rule counts them: those
// that the course had when the order was placed, whatever an editor removed or added since.
// An order from before that list was kept is judged in its buyer's favour: what was opened
// counts only while the course still has it, and its removal makes the course no smaller.
func (l OrderLine) Usage(opened func(lessonID string) bool, openedAll int, now *Course) (n, of int) {
	if l.Lessons != nil {
		return countOpened(l.Lessons, opened), len(l.Lessons)
	}
	n = countOpened(now.LessonIDs(), opened)
	return n, now.Lessons() + openedAll - n
}

func countOpened(lessons []string, opened func(lessonID string) bool) (n int) {
	for _, id := range lessons {
		if opened(id) {
			n++
		}
	}
	return n
}

// Came notes what became of a paid line: granted, or refused for a reason.
func (l *OrderLine) Came(refused *Error) {
	if l.Result, l.Refusal = LineGranted, ""; refused != nil {
		l.Result, l.Refusal = LineRefused, refused.Code
	}
}

// AttemptState is where one payment attempt is.
type AttemptState string

// The states of a payment attempt.
const (
	AttemptNew          AttemptState = "new"     // written before WeChat is called
	AttemptReady        AttemptState = "ready"   // WeChat answered, the buyer can pay
	AttemptUnknown      AttemptState = "unknown" // WeChat did not answer
	AttemptSucceeded    AttemptState = "succeeded"
	AttemptClosed       AttemptState = "closed"
	AttemptFailed       AttemptState = "failed"
	AttemptDupRefunding AttemptState = "dup_refunding" // a second payment, going back
	AttemptDupRefunded  AttemptState = "dup_refunded"
)

// Attempt is one out_trade_no at WeChat.
type Attempt struct {
	OutTradeNo    string            `bson:"out_trade_no"`
	Channel       Channel           `bson:"channel"`
	State         AttemptState      `bson:"state"`
	Amount        Fen               `bson:"amount_fen"`
	Agreed        Fen               `bson:"agreed_fen,omitempty"` // what it was to be, where another amount came and a person decided about it
	CodeURL       string            `bson:"code_url,omitempty"`
	H5URL         string            `bson:"h5_url,omitempty"`
	JSAPI         map[string]string `bson:"jsapi,omitempty"`
	Openid        string            `bson:"openid,omitempty"`
	PayerIP       string            `bson:"payer_ip,omitempty"` // H5; WeChat wants the same at every try
	TransactionID string            `bson:"transaction_id,omitempty"`
	CreatedAt     time.Time         `bson:"created_at"`
	PrepayBy      string            `bson:"prepay_by,omitempty"` // the call that prepays it, or did last
	PrepayAt      *time.Time        `bson:"prepay_at,omitempty"` // since when
	ReadyAt       *time.Time        `bson:"ready_at,omitempty"`  // when WeChat last answered with a way to pay
	AskedAt       *time.Time        `bson:"asked_at,omitempty"`  // when WeChat was last asked about it
	Asks          int               `bson:"asks,omitempty"`
	PaidAt        *time.Time        `bson:"paid_at,omitempty"`
}

// RefundState is where one refund is.
type RefundState string

// The states of a refund.
const (
	RefundRequested  RefundState = "requested"
	RefundApproved   RefundState = "approved"
	RefundRejected   RefundState = "rejected"
	RefundSubmitted  RefundState = "submitted"
	RefundProcessing RefundState = "processing"
	RefundSucceeded  RefundState = "succeeded"
	RefundAbnormal   RefundState = "abnormal"
	RefundClosed     RefundState = "closed"
)

// Refund is money on its way back, under its own out_refund_no at WeChat.
type Refund struct {
	OutRefundNo string       `bson:"out_refund_no"`
	OutTradeNo  string       `bson:"out_trade_no"`
	State       RefundState  `bson:"state"`
	Amount      Fen          `bson:"amount_fen"`
	Reason      string       `bson:"reason"`
	By          string       `bson:"by"` // user id, or "shop"
	Rule        RefundRule   `bson:"rule,omitempty"`
	Lines       []RefundPart `bson:"lines,omitempty"`     // what of it belongs to which course
	Duplicate   bool         `bson:"duplicate,omitempty"` // of a payment for nothing: no part of the order's own cash
	CreatedAt   time.Time    `bson:"created_at"`
	AcceptedAt  *time.Time   `bson:"accepted_at,omitempty"` // by WeChat; the refund is on the bill of that day
	AskedAt     *time.Time   `bson:"asked_at,omitempty"`
	Asks        int          `bson:"asks,omitempty"`
	DoneAt      *time.Time   `bson:"done_at,omitempty"`
}

// RefundPart is one course's part of a refund. Revokes says that the course's grant ends
// with it.
type RefundPart struct {
	CourseID string `bson:"course_id"`
	Amount   Fen    `bson:"amount_fen"`
	Revokes  bool   `bson:"revokes"`
}

// NumberIn is the number that a person copied, in the plain form of its characters (see
// Fold), without the blanks in it and the mark that a spreadsheet or WeChat's bill puts
// before it.
func NumberIn(s string) string {
	return strings.TrimLeft(strings.ReplaceAll(Fold(s), " ", ""), "`'")
}

// OrderIDsOf are the ids of the orders that a number of ours may belong to: as an order's
// id, an out_trade_no or an out_refund_no.
func OrderIDsOf(number string) (ids []string) {
	if ValidID(number) {
		ids = append(ids, number)
	}
	if id, ok := OrderOfTrade(number); ok {
		ids = append(ids, id)
	}
	if id, ok := OrderOfRefund(number); ok {
		ids = append(ids, id)
	}
	return ids
}

// IsTransaction reports whether a number can be WeChat's transaction_id: at most 32 digits,
// and more than anybody types as a name.
func IsTransaction(number string) bool {
	return len(number) >= 10 && len(number) <= 32 && strings.Trim(number, "0123456789") == ""
}

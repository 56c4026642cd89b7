package shop

import "time"

// OrderView is an order as its owner sees it.
type OrderView struct {
	ID          string          `json:"id"`
	State       OrderState      `json:"state"`
	Lines       []OrderLineView `json:"lines"`
	Total       Fen             `json:"total_fen"`
	Paid        Fen             `json:"paid_fen"`
	Refunded    Fen             `json:"refunded_fen"`
	CloseReason CloseReason     `json:"close_reason,omitempty"`
	CreatedAt   time.Time       `json:"created_at"`
	ExpiresAt   time.Time       `json:"expires_at"`
	PaidAt      *time.Time      `json:"paid_at,omitempty"`
	Refunds     []RefundView    `json:"refunds,omitempty"`
}

// OrderWithPayment is an order, and how to pay it while it can be paid: the answer about one order, and what order.changed
// carries.
type OrderWithPayment struct {
	OrderView
	Payment *PaymentView `json:"payment,omitempty"`
}

// DeskOrder is an order of whichever learner as the console's lists and events show it.
type DeskOrder struct {
	OrderView
	UserID    string `json:"user_id"`
	Username  string `json:"username,omitempty"` // in lists
	Exception string `json:"exception,omitempty"`
	Referral  string `json:"referral,omitempty"` // the tag of the link by which its buyer came
}

// NewDeskOrder is an order for the console.
func NewDeskOrder(o *Order) DeskOrder {
	return DeskOrder{OrderView: o.View(), UserID: o.UserID, Exception: o.Exception, Referral: o.Referral}
}

// RefundView is one refund of it.
type RefundView struct {
	OutRefundNo string      `json:"out_refund_no"`
	State       RefundState `json:"state"`
	Amount      Fen         `json:"amount_fen"`
	Reason      string      `json:"reason"`
	Lines       []PartView  `json:"lines,omitempty"`
	CreatedAt   time.Time   `json:"created_at"`
	DoneAt      *time.Time  `json:"done_at,omitempty"`
}

// PartView is what of a refund belongs to one line.
type PartView struct {
	CourseID string `json:"course_id"`
	Amount   Fen    `json:"amount_fen"`
}

// OrderLineView is one line of it. list_price_fen − credit_fen explains price_fen where
// the learner was promised an older price or has stages counted.
type OrderLineView struct {
	CourseID     string     `json:"course_id"`
	Title        string     `json:"title"`
	PolicyID     string     `json:"policy_id"`
	PolicyName   string     `json:"policy_name"`
	Version      int        `json:"version"`
	Kind         PolicyKind `json:"kind"`
	Stage        int        `json:"stage,omitempty"`
	Price        Fen        `json:"price_fen"`
	List         Fen        `json:"list_price_fen"`
	Credit       Fen        `json:"credit_fen"`
	Adjust       Fen        `json:"adjust_fen,omitempty"` // what a payment that was taken as it is made the line cost more or less
	Refunded     Fen        `json:"refunded_fen"`         // gone back for this line
	CreditOrders []string   `json:"credit_orders,omitempty"`
	Result       LineResult `json:"result,omitempty"`
	Refusal      string     `json:"refusal,omitempty"`
}

// PaymentView is what a page needs to let the buyer pay.
type PaymentView struct {
	Channel    Channel           `json:"channel"`
	OutTradeNo string            `json:"out_trade_no"`
	CodeURL    string            `json:"code_url,omitempty"`
	JSAPI      map[string]string `json:"jsapi,omitempty"`
	H5URL      string            `json:"h5_url,omitempty"`
	ExpiresAt  time.Time         `json:"expires_at"`
}

// WithPayment is the order for its owner, with its payment.
func (o *Order) WithPayment() OrderWithPayment { return OrderWithPayment{o.View(), o.Payment()} }

// View is the order for its owner.
func (o *Order) View() OrderView {
	v := OrderView{
		ID: o.ID, State: o.State, Total: o.Total, Paid: o.Paid, Refunded: o.Refunded, CloseReason: o.CloseReason,
		CreatedAt: o.CreatedAt.UTC(), ExpiresAt: o.ExpiresAt.UTC(), Lines: make([]OrderLineView, 0, len(o.Lines)),
	}
	if o.PaidAt != nil {
		at := o.PaidAt.UTC()
		v.PaidAt = &at
	}
	back := o.RefundBook().refundedByLine()
	for i, l := range o.Lines {
		v.Lines = append(v.Lines, OrderLineView{
			CourseID: l.CourseID, Title: l.Title, PolicyID: l.PolicyID, PolicyName: l.PolicyName, Version: l.Version,
			Kind: l.Kind, Stage: l.Stage, Price: l.Price, List: l.List, Credit: l.Credit, Adjust: l.Adjust, CreditOrders: l.CreditOrders, Result: l.Result, Refusal: l.Refusal, Refunded: back[i],
		})
	}
	for _, r := range o.Refunds {
		v.Refunds = append(v.Refunds, r.view())
	}
	return v
}

func (r Refund) view() RefundView {
	v := RefundView{OutRefundNo: r.OutRefundNo, State: r.State, Amount: r.Amount, Reason: r.Reason, CreatedAt: r.CreatedAt.UTC(), DoneAt: r.DoneAt}
	for _, p := range r.Lines {
		v.Lines = append(v.Lines, PartView{p.CourseID, p.Amount})
	}
	return v
}

// Payment is the attempt by which the order can be paid now, nil where there is none or
// WeChat has not answered yet.
func (o *Order) Payment() *PaymentView {
	a := o.OpenAttempt()
	if o.State != OrderPending || a == nil || a.State != AttemptReady {
		return nil
	}
	return &PaymentView{
		Channel: a.Channel, OutTradeNo: a.OutTradeNo, CodeURL: a.CodeURL, JSAPI: a.JSAPI, H5URL: a.H5URL, ExpiresAt: o.ExpiresAt.UTC(),
	}
}

// LineStanding is what an order's line holds: of its money, and of the course.
type LineStanding struct {
	CourseID string     `json:"course_id"`
	Held     Fen        `json:"held_fen"`        // paid for it, and neither back nor on its way back
	Grant    *GrantView `json:"grant,omitempty"` // what the order gives of the course
	CourseAccess
	Later []string `json:"later,omitempty"` // the orders that stand on top of this one in the course, newest first
}

// CourseAccess is how a learner stands in a course by all orders. Until is nil for ever, and where there is no access.
type CourseAccess struct {
	Access GrantState `json:"access"`
	Until  *time.Time `json:"until"`
}

// AccessAt is the access of the enrolment's learner at now.
func (e *Enrolment) AccessAt(now time.Time) CourseAccess {
	_, until := e.Access(now)
	return CourseAccess{e.StateAt(now), utcOrNil(until)}
}

// StandingsOf are those of an order's lines, in their order.
func StandingsOf(o *Order, enrolment func(courseID string) *Enrolment, now time.Time) []LineStanding {
	held := o.RefundBook().held()
	all := make([]LineStanding, 0, len(o.Lines))
	for i, l := range o.Lines {
		e := enrolment(l.CourseID)
		s := LineStanding{CourseID: l.CourseID, Held: held[i], CourseAccess: e.AccessAt(now)}
		if g, ok := e.Grant(o.ID); ok {
			view := g.view(now)
			s.Grant = &view
			if g.State != GrantRevoked {
				s.Later = e.After(o.ID)
			}
		}
		all = append(all, s)
	}
	return all
}

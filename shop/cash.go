package shop

import (
	"slices"
	"time"
)

// CashKind says what a movement of money was for.
type CashKind string

// The kinds of movements. A duplicate is a payment that pays for nothing (a second one, or
// one that came too late) and goes back by itself.
const (
	CashPayment         CashKind = "payment"
	CashRefund          CashKind = "refund"
	CashFreeOrder       CashKind = "free_order" // moves nothing, and yet belongs in the books
	CashGiven           CashKind = "given"      // likewise: access that a member of staff gave by hand
	CashDuplicate       CashKind = "duplicate"
	CashDuplicateRefund CashKind = "duplicate_refund"
)

// Cash is one movement of an order's money, in fen. In and Out are never negative. List
// and Credit explain what a payment is short of the list prices; only the payment that the
// order was bought with, or the free order, has them.
type Cash struct {
	Kind          CashKind
	At            time.Time // by WeChat's clock where it is WeChat's money: the day of its bill
	OrderID       string
	UserID        string
	OutTradeNo    string
	OutRefundNo   string // refunds only
	TransactionID string
	Courses       []string // titles; of what was given by hand with the reason
	List, Credit  Fen
	In, Out       Fen
	State         string // of the refund; a payment's is succeeded
	Referral      string // of the order
}

// IsRefund reports whether the money went back.
func (c Cash) IsRefund() bool { return c.OutRefundNo != "" }

// Amount is what moved, in or out.
func (c Cash) Amount() Fen { return c.In + c.Out }

// Left is what went back to a buyer, or is on its way, in fen. A refund that WeChat closed is still in
// the bill of the day on which it was asked for, with Out; its money came back to the shop, and
// goes out under another number, if at all.
func (c Cash) Left() Fen {
	if c.IsRefund() && c.State == string(RefundClosed) {
		return 0
	}
	return c.Out
}

// Day is the day in the books on which the movement stands.
func (c Cash) Day() Date { return DateOf(c.At) }

// Cash is every movement of the order's money that has happened, as WeChat's bills list
// them: payments when they were made, refunds when they were accepted (what became of one
// later is in its state). An order that cost nothing has one without an amount.
func (o *Order) Cash() (all []Cash) {
	switch {
	case o.Given != nil:
		all = append(all, givenCash(o))
	case o.Total == 0 && o.State != OrderClosed:
		all = append(all, cashOf(o, CashFreeOrder, o.CreatedAt))
	}
	for i := range o.Attempts {
		if a := &o.Attempts[i]; a.Succeeded() && a.PaidAt != nil {
			all = append(all, paymentCash(o, a))
		}
	}
	for i := range o.Refunds {
		if r := &o.Refunds[i]; r.Accepted() && r.Amount > 0 {
			all = append(all, refundCash(o, r))
		}
	}
	return all
}

// Accepted reports whether WeChat has taken the refund on, whatever became of it.
func (r *Refund) Accepted() bool {
	switch r.State {
	case RefundProcessing, RefundSucceeded, RefundAbnormal, RefundClosed:
		return true
	}
	return false
}

func cashOf(o *Order, kind CashKind, at time.Time) Cash {
	c := Cash{Kind: kind, At: at, OrderID: o.ID, UserID: o.UserID, State: string(AttemptSucceeded), Referral: o.Referral}
	for _, l := range o.Lines {
		c.Courses = append(c.Courses, l.Title)
		if kind == CashPayment || kind == CashFreeOrder {
			c.List += l.List
			c.Credit += l.Credit
		}
	}
	return c
}

// givenCash names the reason beside the course: the books have no column for it.
func givenCash(o *Order) Cash {
	c := cashOf(o, CashGiven, o.CreatedAt)
	for i := range c.Courses {
		c.Courses[i] += "（人工开通：" + o.Given.Reason + "）"
	}
	return c
}

func paymentCash(o *Order, a *Attempt) Cash {
	kind := CashPayment
	if a.State != AttemptSucceeded {
		kind = CashDuplicate
	}
	c := cashOf(o, kind, *a.PaidAt)
	c.OutTradeNo, c.TransactionID, c.In = a.OutTradeNo, a.TransactionID, a.Amount
	return c
}

func refundCash(o *Order, r *Refund) Cash {
	kind, at := CashRefund, r.CreatedAt
	if r.Duplicate {
		kind = CashDuplicateRefund
	}
	if r.AcceptedAt != nil {
		at = *r.AcceptedAt
	}
	c := cashOf(o, kind, at)
	c.OutTradeNo, c.OutRefundNo, c.Out, c.State = r.OutTradeNo, r.OutRefundNo, r.Amount, string(r.State)
	if a := o.Attempt(r.OutTradeNo); a != nil {
		c.TransactionID = a.TransactionID
	}
	if len(r.Lines) > 0 {
		c.Courses = refundTitles(o, r)
	}
	return c
}

// refundTitles are the courses that a refund is about.
func refundTitles(o *Order, r *Refund) (titles []string) {
	for _, l := range o.Lines {
		if slices.ContainsFunc(r.Lines, func(p RefundPart) bool { return p.CourseID == l.CourseID }) {
			titles = append(titles, l.Title)
		}
	}
	return titles
}

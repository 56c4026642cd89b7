package shop

import (
	"fmt"
	"time"
)

// refundPause is how often WeChat is asked about a refund it has accepted.
const refundPause = 5 * time.Minute

// Open reports whether the refund is still on its way.
func (r *Refund) Open() bool {
	switch r.State {
	case RefundApproved, RefundSubmitted, RefundProcessing:
		return true
	}
	return false
}

// AskAt is when the refund is to be handed to WeChat, or asked about, next.
func (r *Refund) AskAt() time.Time {
	if r.AskedAt == nil {
		return r.CreatedAt
	}
	return r.AskedAt.Add(refundPause)
}

// Asked notes that WeChat was asked about the refund and had nothing new to say.
func (r *Refund) Asked(now time.Time) {
	at := now.UTC()
	r.Asks++
	r.AskedAt = &at
}

// RefundDue is the first refund that is to be handed to WeChat, or asked about, by now.
func (o *Order) RefundDue(now time.Time) *Refund {
	for i := range o.Refunds {
		if r := &o.Refunds[i]; r.Open() && !r.AskAt().After(now) {
			return r
		}
	}
	return nil
}

// Refund finds a refund by its number, nil where there is none.
func (o *Order) Refund(outRefundNo string) *Refund {
	for i := range o.Refunds {
		if o.Refunds[i].OutRefundNo == outRefundNo {
			return &o.Refunds[i]
		}
	}
	return nil
}

// OrderOfRefund is the id of the order that an out_refund_no of ours belongs to.
func OrderOfRefund(outRefundNo string) (id string, ok bool) {
	n := len(outRefundNo) - len("r00")
	if n <= 0 || !ValidID(outRefundNo) {
		return "", false
	}
	return outRefundNo[:n], true
}

func (o *Order) nextRefundNo() string { return fmt.Sprintf("%sr%02d", o.ID, len(o.Refunds)+1) }

// payBack begins the refund of money that pays for nothing: a second payment of the order,
// or one for an order that nobody can have any more.
func (o *Order) payBack(a *Attempt, reason string, now time.Time) {
	a.State = AttemptDupRefunding
	o.Refunds = append(o.Refunds, Refund{
		OutRefundNo: o.nextRefundNo(), OutTradeNo: a.OutTradeNo, State: RefundApproved, Amount: a.Amount,
		Reason: reason, By: "shop", Duplicate: true, CreatedAt: now.UTC(),
	})
}

// refundRank orders the states of a refund: it only moves forward. What WeChat calls
// abnormal or closed may still succeed, by hand in its console.
var refundRank = map[RefundState]int{
	RefundRequested: 1, RefundApproved: 2, RefundSubmitted: 3, RefundProcessing: 4,
	RefundAbnormal: 5, RefundClosed: 5, RefundSucceeded: 6, RefundRejected: 6,
}

// RefundAnswered notes what WeChat says about a refund; news that is known already, or
// older than what is known, changes nothing and reports false.
func (o *Order) RefundAnswered(outRefundNo string, state RefundState, now time.Time) bool {
	r := o.Refund(outRefundNo)
	if r == nil || refundRank[state] <= refundRank[r.State] {
		return false
	}
	at := now.UTC()
	r.State, r.AskedAt = state, &at
	if state != RefundSucceeded {
		return true
	}
	r.DoneAt = &at
	if r.Duplicate {
		if a := o.Attempt(r.OutTradeNo); a != nil {
			a.State = AttemptDupRefunded
		}
		o.owe(now, DutyTellPaidBack)
	}
	return true
}

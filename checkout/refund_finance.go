package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
)

// FinanceRefund is a refund that a person with the finance role, By, decides. Later also refunds, first, what stands on
// top of the order in its courses, or in those that are named (the stage after this one). For Key see Refunds.Refund.
type FinanceRefund struct {
	shop.RefundRequest
	By, Key, OrderID, Reason string
	Later                    bool

	// ByRule gives back what the shop's rule gives the buyer and nothing else: that is all that By, without the finance
	// role, may decide.
	ByRule bool

	// Prove is the proof that the person is there: nil, shop.ErrStepUp where it is missing, or another failure. Without
	// the function no proof is asked for.
	Prove func() error
}

// FinanceRefund begins a refund that finance decides.
func (c *Refunds) FinanceRefund(ctx context.Context, r FinanceRefund) (*shop.Order, error) {
	var err error
	if r.Reason, err = cleanReason(r.Reason); err != nil {
		return nil, err
	}
	if !shop.ValidID(r.OrderID) {
		return nil, shop.ErrOrderNotFound
	}
	if err := r.withinRule(); err != nil {
		return nil, err
	}
	proof := r.proof()
	if proof != nil && (r.Later || !errors.Is(proof, shop.ErrStepUp)) {
		return nil, proof // what Later refunds of other orders is not known ahead
	}
	o, err := c.orders.Get(ctx, r.OrderID)
	if err != nil {
		return nil, err
	}
	if proof != nil && c.needsProof(o, r.RefundRequest) {
		return nil, proof
	}
	if r.Later && !o.MovedUnder(r.Key) {
		if err := c.refundLater(ctx, r.By, o, r.RefundRequest, r.Reason); err != nil {
			return nil, err
		}
	}
	return c.begin(ctx, r.OrderID, r.Reason, r.By, r.Key, c.staffRule(r))
}

// staffRule is what a member of staff gives back.
func (c *Refunds) staffRule(r FinanceRefund) refundRule {
	return func(o *shop.Order, p past) (shop.OrderRefund, error) {
		if r.ByRule {
			return refundByRule(o, p, r.RefundRequest, c.now())
		}
		return shop.FinanceRefund(o, r.RefundRequest, func(id string) *shop.Enrolment {
			e := p[id].Enrolment
			if r.Later {
				e = e.WithoutRefunding(r.OrderID)
			}
			return e
		}, c.now())
	}
}

// refundByRule is what the shop's rule gives back for a whole order; shop.ErrRefundBeyondRule, with the rule's quote,
// where the request is for another amount.
func refundByRule(o *shop.Order, p past, ask shop.RefundRequest, now time.Time) (shop.OrderRefund, error) {
	q, err := shop.RefundOrder(o, p.of, now)
	if err == nil && ask.Amount != nil && *ask.Amount != q.Amount {
		err = shop.ErrRefundBeyondRule.At("amount_fen").With("quote", q)
	}
	return q, err
}

// withinRule refuses what only finance may ask for: single lines, and the orders on top of this one.
func (r FinanceRefund) withinRule() error {
	switch {
	case r.ByRule && r.Lines != nil:
		return shop.ErrRefundBeyondRule.At("lines")
	case r.ByRule && r.Later:
		return shop.ErrRefundBeyondRule.At("later")
	}
	return nil
}

func (r FinanceRefund) proof() error {
	if r.Prove == nil {
		return nil
	}
	return r.Prove()
}

// needsProof reports whether an order would have given back more than finance may without a proof, this refund included,
// so that many small ones are not another way.
func (c *Refunds) needsProof(o *shop.Order, ask shop.RefundRequest) bool {
	return o.Refunded+ask.AtMost(o) > c.stepUpAbove
}

// refundLater refunds in full the lines with grants that came after this order's, newest first,
// and waits for none of them: a grant that is frozen for its refund no longer stands in the way.
// Other lines of their orders stay as they are.
func (c *Refunds) refundLater(ctx context.Context, by string, o *shop.Order, ask shop.RefundRequest, reason string) error {
	p, err := c.pastOf(ctx, o)
	if err != nil {
		return err
	}
	for course, l := range p {
		if !ask.Names(course) {
			continue
		}
		for _, id := range l.Enrolment.After(o.ID) {
			if err := c.refundOneLater(ctx, by, id, course, reason); err != nil {
				return err
			}
		}
	}
	return nil
}

// refundOneLater refunds one of those in full. One that is on its way back, or is back and
// has yet to be taken away, will do: a repeat after a crash finds these states.
func (c *Refunds) refundOneLater(ctx context.Context, by, orderID, course, reason string) error {
	line := shop.RefundRequest{Lines: []shop.RefundRequestLine{{CourseID: course}}}
	_, err := c.FinanceRefund(ctx, FinanceRefund{By: by, OrderID: orderID, RefundRequest: line, Reason: reason})
	if err != nil && !errors.Is(err, shop.ErrRefundUnderWay) && !errors.Is(err, shop.ErrNotRefundable) {
		return err
	}
	if failed := c.driver.drive(ctx, orderID); failed != nil || err == nil {
		return failed
	}
	o, failed := c.orders.Get(ctx, orderID)
	if failed != nil {
		return failed
	}
	if o.RefundBook().Grants(course) != shop.GrantLive {
		return nil
	}
	return err
}

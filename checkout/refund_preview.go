package checkout

import (
	"context"
	"errors"

	"mstm/shop"
)

// Preview is what FinanceRefund would do now: nothing is written.
func (c *Refunds) Preview(ctx context.Context, r FinanceRefund) (p shop.RefundPreview, err error) {
	if err := r.withinRule(); err != nil {
		return p, err
	}
	o, err := c.orders.Get(ctx, r.OrderID)
	if err != nil {
		return p, err
	}
	past, err := c.pastOf(ctx, o)
	if err != nil {
		return p, err
	}
	p.Later = []shop.LaterRefund{}
	if r.Later {
		if p.Later, err = c.previewLater(ctx, o, r.RefundRequest, past); err != nil {
			return p, err
		}
	}
	if p.OrderRefund, err = c.staffRule(r)(o, past); err != nil {
		return p, err
	}
	p.Access = []shop.AccessAfter{}
	for _, q := range p.Lines {
		if e := past[q.CourseID].Enrolment; e != nil {
			p.Leaves(o, q, e, c.now())
		}
	}
	return p, nil
}

// previewLater is what refundLater would give back. In past its grants are frozen then, as it would leave them.
func (c *Refunds) previewLater(ctx context.Context, o *shop.Order, ask shop.RefundRequest, past past) ([]shop.LaterRefund, error) {
	all := []shop.LaterRefund{}
	for _, line := range o.Lines {
		e := past[line.CourseID].Enrolment
		if !ask.Names(line.CourseID) {
			continue
		}
		for _, id := range e.After(o.ID) {
			on, err := c.orders.Get(ctx, id)
			if err != nil {
				return nil, err
			}
			one := shop.RefundRequest{Lines: []shop.RefundRequestLine{{CourseID: line.CourseID}}}
			q, err := shop.FinanceRefund(on, one, func(string) *shop.Enrolment { return e.WithoutRefunding(id) }, c.now())
			if err != nil && !errors.Is(err, shop.ErrRefundUnderWay) && !errors.Is(err, shop.ErrNotRefundable) {
				return nil, err
			}
			if err == nil {
				all = append(all, shop.LaterRefund{OrderID: id, CourseID: line.CourseID, Amount: q.Amount})
			}
			e.Freeze(id)
		}
	}
	return all, nil
}

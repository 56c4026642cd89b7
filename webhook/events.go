package webhook

import (
	"context"

	"mstm/shop"
	"mstm/shop/webhooks"
)

// Events make deliveries of what happened. A shop without endpoints pays nothing for it: their list is in memory.
type Events struct {
	basics
}

// OrderPaid is of an order that was paid, or needed no payment. Once its deliveries are written, a repeat changes nothing.
func (h *Events) OrderPaid(ctx context.Context, o *shop.Order) error {
	to, err := h.wanting(ctx, webhooks.OrderPaid)
	if err != nil || len(to) == 0 {
		return err
	}
	if e, ok := webhooks.NewOrderPaid(o); ok {
		return h.write(ctx, to, e)
	}
	return nil
}

// OrderRefunded is of an order of which a refund went through.
func (h *Events) OrderRefunded(ctx context.Context, o *shop.Order) error {
	to, err := h.wanting(ctx, webhooks.OrderRefunded)
	if err != nil || len(to) == 0 {
		return err
	}
	return h.write(ctx, to, webhooks.NewOrderRefunded(o)...)
}

// EnrolmentChanged is of what a learner may watch of a course.
func (h *Events) EnrolmentChanged(ctx context.Context, e *shop.Enrolment) error {
	to, err := h.wanting(ctx, webhooks.EnrolmentChanged)
	if err != nil || len(to) == 0 {
		return err
	}
	return h.write(ctx, to, webhooks.NewEnrolmentChanged(e, h.now()))
}

// wanting are the endpoints that have chosen a type.
func (h *Events) wanting(ctx context.Context, t webhooks.Type) (to []webhooks.Endpoint, err error) {
	all, err := h.Config.Endpoints.Listed(ctx)
	for _, e := range all {
		if e.Wants(t) {
			to = append(to, e)
		}
	}
	return to, err
}

// write writes a delivery of each event to each endpoint.
func (h *Events) write(ctx context.Context, to []webhooks.Endpoint, events ...webhooks.Event) error {
	for _, ev := range events {
		body, err := ev.Body()
		if err != nil {
			return err
		}
		for i := range to {
			d, ok := webhooks.NewDelivery(&to[i], ev, body, h.now())
			if !ok {
				continue
			}
			if err := h.Deliveries.Insert(ctx, &d); err != nil {
				return err
			}
		}
	}
	h.Wake()
	return nil
}

package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// News reaches a learner's open pages at once, or as soon as Redis takes it.
type News struct {
	basics
	hub        *hub.Hub
	teller     Teller
	carts      Carts
	webhooks   Webhooks
	orders     *store.Orders
	enrolments *store.Enrolments
	playing    *store.Playing
	unsent     *store.UnsentNews
	unmatched  *store.UnmatchedPayments
}

const announceTime = 2 * time.Second // for one live event

// announceEnrolment publishes the state of a course to the learner's open pages, now or when Redis
// takes it, and hands it to the webhooks.
func (c *News) announceEnrolment(ctx context.Context, why string, e *shop.Enrolment) error {
	err := c.publishEnrolment(ctx, why, e)
	err = c.orLater(ctx, err, store.Unsent{Kind: store.UnsentEnrolment, Ref: e.CourseID, UserID: e.UserID, Why: why})
	return errors.Join(err, c.webhooks.EnrolmentChanged(ctx, e))
}

// publishEnrolment publishes the state of a course, each state once for one reason. Between the
// read and the publish another process may have changed the enrolment and published the newer
// state; so the enrolment is read again after each publish, until the state published last is the
// current one.
func (c *News) publishEnrolment(ctx context.Context, why string, e *shop.Enrolment) error {
	for range tellingMost {
		view := e.View(c.now())
		if err := c.publish(ctx, shop.EnrolmentChanged(why, e, view)); err != nil {
			return err
		}
		if err := c.endPlayback(ctx, why, e); err != nil {
			return err
		}
		now, err := c.enrolments.Get(ctx, e.UserID, e.CourseID)
		if err != nil || now.V == e.V && now.StateAt(c.now()) == view.State {
			return err
		}
		e = now
	}
	return nil
}

// endPlayback publishes to the clients on which the learner plays that there are no further keys, where the course is
// not open now.
func (c *News) endPlayback(ctx context.Context, why string, e *shop.Enrolment) error {
	if open, _ := e.Access(c.now()); open {
		return nil
	}
	clients, err := c.playing.Clients(ctx, e.UserID)
	for _, client := range clients {
		if err := c.publish(ctx, shop.PlaybackClosed(why, e, client, c.now())); err != nil {
			return err
		}
	}
	return err
}

// announceOrder publishes the order's present state to the learner's open pages, now or when Redis takes
// it.
func (c *News) announceOrder(ctx context.Context, o *shop.Order) error {
	return c.orLater(ctx, c.publishOrder(ctx, o), store.Unsent{Kind: store.UnsentOrder, Ref: o.ID, UserID: o.UserID})
}

// publishOrder publishes the order's state to its owner and to the console, once for each time that it came to this state.
func (c *News) publishOrder(ctx context.Context, o *shop.Order) error {
	if err := c.publish(ctx, shop.OrderChanged(o)); err != nil {
		return err
	}
	if err := c.publish(ctx, shop.OrderOnDesk(o)); err != nil || o.State != shop.OrderException {
		return err
	}
	return c.publish(ctx, shop.OrderExceptionOpened(o))
}

// announceUnmatched shows finance that a payment fits no order, now or when Redis takes it.
func (c *News) announceUnmatched(ctx context.Context, id string, p shop.Payment) error {
	return c.orLater(ctx, c.publish(ctx, shop.UnmatchedOpened(id, p)), store.Unsent{Kind: store.UnsentUnmatched, Ref: id})
}

func (c *News) announceQuietly(ctx context.Context, o *shop.Order) {
	if err := c.announceOrder(ctx, o); err != nil {
		c.log.WarnContext(ctx, "order not announced", "order", o.ID, "err", err)
	}
}

// announcePayment publishes how an unpaid order is paid from now on, now or when Redis takes it.
func (c *News) announcePayment(ctx context.Context, o *shop.Order) {
	err := c.orLater(ctx, c.publishPayment(ctx, o), store.Unsent{Kind: store.UnsentOrder, Ref: o.ID, UserID: o.UserID})
	if err != nil {
		c.log.WarnContext(ctx, "another way to pay is not announced", "order", o.ID, "err", err)
	}
}

// publishPayment says nothing of the first way to pay, which takes the place of none, nor of an order that waits for no
// payment: order.changed has said so.
func (c *News) publishPayment(ctx context.Context, o *shop.Order) error {
	if o.State != shop.OrderPending || len(o.Attempts) == 0 {
		return nil
	}
	if first := o.Attempts[0]; len(o.Attempts) == 1 && (o.Payment() != nil || first.ReadyAt == nil) {
		return nil
	}
	return c.publish(ctx, shop.PaymentChanged(o))
}

// publish publishes an event, at most once under its key.
func (c *News) publish(ctx context.Context, e shop.Event) error {
	ctx, cancel := context.WithTimeout(ctx, announceTime)
	defer cancel()
	_, err := c.hub.Publish(ctx, hub.Event(e))
	return err
}

// clearCart takes the bought lines, and only these, out of the cart, now or when Redis is back.
func (c *News) clearCart(ctx context.Context, o *shop.Order) error {
	return c.orLater(ctx, c.takeBought(ctx, o), store.Unsent{Kind: store.UnsentCart, Ref: o.ID, UserID: o.UserID})
}

func (c *News) takeBought(ctx context.Context, o *shop.Order) error {
	bought := make([]shop.CartBought, 0, len(o.Lines))
	for _, l := range o.Lines {
		bought = append(bought, shop.CartBought{CourseID: l.CourseID, PolicyID: l.PolicyID, Lifetime: l.Kind == shop.KindLifetime})
	}
	return c.carts.RemoveBought(ctx, o.UserID, o.ID, bought)
}

package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
)

// claimCourses takes every course for the order, or none: then it names the order that
// holds one of them.
func (c *Checkout) claimCourses(ctx context.Context, userID, orderID string, courses []string) (holder string, err error) {
	for i, course := range courses {
		holder, err := c.Store.Claims.Take(ctx, userID, course, orderID)
		if err == nil && holder == orderID {
			continue
		}
		return holder, errors.Join(err, c.release(ctx, userID, orderID, courses[:i]))
	}
	return "", nil
}

// release gives courses up that the order holds.
func (c *Checkout) release(ctx context.Context, userID, orderID string, courses []string) error {
	var errs []error
	for _, course := range courses {
		errs = append(errs, c.Store.Claims.Release(ctx, userID, course, orderID))
	}
	return errors.Join(errs...)
}

// releaseOrder gives up all that an order holds, once it is no longer open.
func (c *Checkout) releaseOrder(ctx context.Context, o *shop.Order) error {
	if o.Opens() {
		return nil
	}
	if o.CloseReason == shop.CloseAbandoned {
		return c.releaseAbandoned(ctx, o.ID)
	}
	courses := make([]string, 0, len(o.Lines))
	for _, l := range o.Lines {
		courses = append(courses, l.CourseID)
	}
	return c.release(ctx, o.UserID, o.ID, courses)
}

// releaseAbandoned gives up what is held for an order that was never written: it has no
// lines to tell what that is.
func (c *Checkout) releaseAbandoned(ctx context.Context, orderID string) error {
	claims, err := c.Store.Claims.Of(ctx, orderID)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if err := c.Store.Claims.Remove(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

// makeRoom deals with the order that holds a course which another request wants: the same
// lines again are answered by that order; another order is superseded, closed at WeChat
// first; one that was never finished is given up. nil, nil means: try again.
func (c *Checkout) makeRoom(ctx context.Context, holder string, req PlaceRequest) (reused *shop.Order, err error) {
	o, err := c.holding(ctx, holder, req)
	if o == nil || err != nil {
		return nil, err
	}
	payable := o.State == shop.OrderPending && c.Now().Before(o.ExpiresAt)
	switch {
	case payable && o.SameLines(req.Lines):
		return o, nil
	case !o.Opens():
		// It ended, or was given up, before it could let go.
		return nil, c.releaseOrder(ctx, o)
	case o.State == shop.OrderPaid:
		return nil, c.finish(ctx, o)
	default:
		return nil, c.supersede(ctx, o)
	}
}

// holding reads the order that holds a claim. Claims come before orders, so the order may
// still be on its way; one that does not come is given up by taking its id. nil, nil means
// that it was refused and has let go: try again.
func (c *Checkout) holding(ctx context.Context, id string, req PlaceRequest) (*shop.Order, error) {
	deadline := time.Now().Add(2 * time.Second)
	for {
		o, err := c.Store.Orders.Get(ctx, id)
		if !errors.Is(err, shop.ErrOrderNotFound) {
			return o, err
		}
		if held, err := c.stillHeld(ctx, id, req); err != nil || !held {
			return nil, err
		}
		if time.Now().After(deadline) {
			if _, err := c.abandon(ctx, id); err != nil {
				return nil, err
			}
			return c.Store.Orders.Get(ctx, id)
		}
		select {
		case <-time.After(twinPause):
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

// abandon takes the id of an order that was never written, so that it cannot be written any more,
// and reports whether it was free. The reminder comes first: should this process die here, the
// sweeper releases what is held for the order.
func (c *Checkout) abandon(ctx context.Context, orderID string) (bool, error) {
	if err := c.Store.Wakeups.Schedule(ctx, orderID, c.Now().Add(lookSoon)); err != nil {
		return false, err
	}
	return c.Store.Orders.Insert(ctx, shop.Abandoned(orderID, c.Now()))
}

// stillHeld reports whether the order holds one of the courses that a request wants.
func (c *Checkout) stillHeld(ctx context.Context, id string, req PlaceRequest) (bool, error) {
	for _, course := range courseIDs(req.Lines) {
		claim, err := c.Store.Claims.Get(ctx, req.UserID, course)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if err == nil && claim.OrderID == id {
			return true, nil
		}
	}
	return false, nil
}

// finish drives a paid order to its end, so that what it brings counts for the next.
func (c *Checkout) finish(ctx context.Context, o *shop.Order) error {
	if err := c.drive(ctx, o.ID); err != nil {
		return err
	}
	o, err := c.Store.Orders.Get(ctx, o.ID)
	if err == nil && o.State == shop.OrderPaid {
		return shop.ErrOrderInProgress
	}
	return err
}

// supersede ends an open order that stands in the way of a new one. WeChat closes it
// first: until then it could still be paid.
func (c *Checkout) supersede(ctx context.Context, o *shop.Order) error {
	o, err := c.Store.Orders.Change(ctx, o.ID, func(o *shop.Order) error {
		if !o.Hurry(c.Now()) {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return err
	}
	if err := c.drive(ctx, o.ID); err != nil {
		return err
	}
	o, err = c.Store.Orders.Get(ctx, o.ID)
	if err != nil {
		return err
	}
	if o.State == shop.OrderClosing {
		return shop.ErrPayChannelBusy
	}
	return nil
}

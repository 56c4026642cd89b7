package checkout

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Claims are the courses that open orders hold: no learner has two open orders for one course.
type Claims struct {
	basics
	claims  *store.Claims
	orders  *store.Orders
	wakeups *store.OrderWakeups
}

// take takes every course for the order, or none: then it names the order that
// holds one of them.
func (c *Claims) take(ctx context.Context, userID, orderID string, courses []string) (holder string, err error) {
	for i, course := range courses {
		holder, err := c.claims.Take(ctx, userID, course, orderID)
		if err == nil && holder == orderID {
			continue
		}
		return holder, errors.Join(err, c.release(ctx, userID, orderID, courses[:i]))
	}
	return "", nil
}

// release gives courses up that the order holds.
func (c *Claims) release(ctx context.Context, userID, orderID string, courses []string) error {
	var errs []error
	for _, course := range courses {
		errs = append(errs, c.claims.Release(ctx, userID, course, orderID))
	}
	return errors.Join(errs...)
}

// releaseOrder gives up all that an order holds, once it is no longer open.
func (c *Claims) releaseOrder(ctx context.Context, o *shop.Order) error {
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
func (c *Claims) releaseAbandoned(ctx context.Context, orderID string) error {
	claims, err := c.claims.Of(ctx, orderID)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if err := c.claims.Remove(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

// abandon takes the id of an order that was never written, so that it cannot be written any more,
// and reports whether it was free. The reminder comes first: should this process die here, the
// sweeper releases what is held for the order.
func (c *Claims) abandon(ctx context.Context, orderID string) (bool, error) {
	if err := c.wakeups.Schedule(ctx, orderID, c.now().Add(lookSoon)); err != nil {
		return false, err
	}
	return c.orders.Insert(ctx, shop.Abandoned(orderID, c.now()))
}

// holdsOne reports whether the order holds one of the courses that a request wants.
func (c *Claims) holdsOne(ctx context.Context, id string, req PlaceRequest) (bool, error) {
	for _, course := range courseIDs(req.Lines) {
		claim, err := c.claims.Get(ctx, req.UserID, course)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return false, err
		}
		if err == nil && claim.OrderID == id {
			return true, nil
		}
	}
	return false, nil
}

// courseIDs are the courses in the order in which they are claimed: always the same, so
// that two orders for the same courses meet at the first one.
func courseIDs(lines []shop.LineRequest) []string {
	ids := make([]string, 0, len(lines))
	for _, l := range lines {
		ids = append(ids, l.CourseID)
	}
	slices.SortFunc(ids, strings.Compare)
	return ids
}

const lostEvery = time.Minute // of real time

// GiveUpLost releases the courses that are held for nothing: a claim is made before its order, and
// its process may have died in between, or before releasing it.
func (c *Claims) GiveUpLost(ctx context.Context) error {
	claims, err := c.claims.All(ctx)
	if err != nil {
		return err
	}
	for _, claim := range claims {
		if c.now().Sub(claim.At).Abs() < claimFresh {
			continue
		}
		if err := c.giveUp(ctx, claim); err != nil {
			return err
		}
	}
	return nil
}

// giveUp takes the id of an order that was never written, so that it cannot be written any
// more, and releases a claim if its order holds nothing.
func (c *Claims) giveUp(ctx context.Context, claim store.Claim) error {
	o, err := c.orders.Get(ctx, claim.OrderID)
	if errors.Is(err, shop.ErrOrderNotFound) {
		o = shop.Abandoned(claim.OrderID, c.now())
		fresh, err := c.orders.Insert(ctx, o)
		if err != nil || !fresh {
			return err // it came after all
		}
	} else if err != nil {
		return err
	}
	if o.Opens() {
		return nil
	}
	if _, err := c.wakeups.Get(ctx, o.ID); !errors.Is(err, store.ErrNotFound) {
		return err // its next wakeup releases it
	}
	c.log.InfoContext(ctx, "a course was held for nothing", "order", o.ID, "claim", claim.ID)
	return c.claims.Remove(ctx, claim)
}

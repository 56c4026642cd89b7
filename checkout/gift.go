package checkout

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Gifts are access that staff give by hand: each is an order of nothing to pay, so it is granted, announced, audited, kept
// in the books and taken back as any other.
type Gifts struct {
	basics
	users      *store.Users
	courses    *store.Courses
	orders     *store.Orders
	enrolments *store.Enrolments
	wakeups    *store.OrderWakeups
	claims     *Claims
	driver     *Driver
}

// Gift is what a member of staff, By, gives to a user and why. Until is in the last day of the access, nil for ever. Key is
// the request's idempotency key: one key gives once.
type Gift struct {
	By, Key, UserID, CourseID, Reason string
	Until                             *time.Time
}

// maxGiftYears is how far ahead access by hand may end: what is longer is given for ever.
const maxGiftYears = 10

// giftTries is how often a key whose process died may be tried again, each time under another order's id.
const giftTries = 8

// Give gives access, or extends it, and returns the order that does it.
//
// The order's id follows from the key, so that a repeat finds the order. A try that died before it wrote the order has left
// claims; the sweeper gives them up and takes that id for good, and the next try goes on to the next id.
//
// Errors: shop.ErrUserNotFound, shop.ErrCourseNotFound, shop.ErrCourseOffSale, shop.ErrAlreadyOwned, shop.ErrAccessLonger,
// shop.ErrRefundUnderWay, shop.ErrOrderInProgress where another order holds the course.
func (c *Gifts) Give(ctx context.Context, g Gift) (*shop.Order, error) {
	var err error
	if g.Reason, err = cleanReason(g.Reason); err != nil {
		return nil, err
	}
	if !shop.ValidID(g.CourseID) {
		return nil, shop.ErrCourseNotFound.At("course_id")
	}
	for n := range giftTries {
		id := giftID(g.Key, n)
		o, err := c.orders.Get(ctx, id)
		if errors.Is(err, shop.ErrOrderNotFound) {
			o, err = c.make(ctx, id, g)
		}
		if err != nil {
			return nil, err
		}
		if o.CloseReason == shop.CloseAbandoned {
			continue
		}
		if err := c.driver.drive(ctx, id); err != nil {
			c.log.WarnContext(ctx, "a gift waits", "order", id, "err", err)
		}
		return c.orders.Get(ctx, id)
	}
	return nil, shop.ErrOrderInProgress
}

// giftID is the id of the n-th try's order.
func giftID(key string, n int) string {
	if n == 0 {
		return key
	}
	return key + string(rune('a'+n-1))
}

// make writes the order of a gift. Where another try has written it, or has given its id up, that one is returned.
func (c *Gifts) make(ctx context.Context, id string, g Gift) (*shop.Order, error) {
	course, until, err := c.check(ctx, g)
	if err != nil {
		return nil, err
	}
	if err := c.wakeups.Schedule(ctx, id, c.now().Add(lookSoon)); err != nil {
		return nil, err
	}
	holder, err := c.claims.take(ctx, g.UserID, id, []string{course.ID})
	if err != nil {
		return nil, err
	}
	if holder != "" {
		return nil, shop.ErrOrderInProgress.With("order_id", holder)
	}
	// Again: from the claim on no other order changes what the learner has of the course.
	if _, _, err := c.check(ctx, g); err != nil {
		return nil, errors.Join(err, c.claims.release(ctx, g.UserID, id, []string{course.ID}))
	}
	o := shop.GivenOrder(id, g.UserID, course, until, shop.Given{By: g.By, Reason: g.Reason}, c.now())
	fresh, err := c.orders.Insert(ctx, o)
	if err == nil && !fresh {
		return c.orders.Get(ctx, id)
	}
	if err == nil {
		c.log.InfoContext(ctx, "access is given by hand", "order", id, "user", g.UserID, "course", course.ID, "by", g.By)
	}
	return o, err
}

// check is the course of a gift and the end of its access, or why it cannot be given.
func (c *Gifts) check(ctx context.Context, g Gift) (*shop.Course, *time.Time, error) {
	u, err := c.users.Get(ctx, g.UserID)
	if err == nil && u.DeletedAt != nil {
		err = shop.ErrUserNotFound
	}
	if err != nil {
		return nil, nil, err
	}
	course, err := c.courses.Get(ctx, g.CourseID)
	switch {
	case errors.Is(err, shop.ErrCourseNotFound):
		return nil, nil, shop.ErrCourseNotFound.At("course_id")
	case err != nil:
		return nil, nil, err
	case course.State == shop.CourseDraft || course.TakenDown:
		return nil, nil, shop.ErrCourseOffSale
	}
	var until *time.Time
	if g.Until != nil {
		end := shop.EndOfDay(*g.Until)
		if until = &end; !end.After(c.now()) || end.After(c.now().AddDate(maxGiftYears, 0, 0)) {
			return nil, nil, shop.ErrInvalidField.At("until").Because(
				fmt.Sprintf("到期日须在今天或以后，且不超过 %d 年", maxGiftYears), fmt.Sprintf("The last day must be today or later, by at most %d years.", maxGiftYears))
		}
	}
	e, err := c.enrolments.Get(ctx, g.UserID, g.CourseID)
	if errors.Is(err, store.ErrNotFound) {
		return course, until, nil
	}
	if err == nil {
		err = e.MayBeGiven(until, c.now())
	}
	return course, until, err
}

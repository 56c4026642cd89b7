package checkout

import (
	"context"
	"errors"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
)

// AccessEnds are the ends of what learners may watch.
type AccessEnds struct {
	basics
	teller     Teller
	ends       *store.AccessEnds
	courses    *store.Courses
	enrolments *store.Enrolments
	buyers     *buyers
	news       *News
}

// Wakeups handle the wakeups of ends: learners are reminded of an end, and the end is published to open
// pages.
func (c *AccessEnds) Wakeups() runner.Handler {
	return runner.Handler{Kind: shop.WakeAccessEnd, Places: sweepers, Look: c.look}
}

// look does what is due at one end and notes when to look again.
func (c *AccessEnds) look(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	end, err := store.AccessEndOf(w)
	if err != nil {
		return false, err
	}
	now := c.now()
	if err := c.remind(store.WithRedisBudget(ctx), end, now); err != nil {
		if ctx.Err() == nil {
			c.log.WarnContext(ctx, "turn waits for its next look", "course", end.CourseID, "end", end.End, "err", err)
		}
		return false, err
	}
	if next, more := shop.NextReminder(end.End, now); more {
		return c.ends.Reschedule(ctx, w, next)
	}
	return c.ends.Remove(ctx, w)
}

// remind posts the reminder and publishes the end. The reminder comes first: it is in the inbox even
// while nothing can be published.
func (c *AccessEnds) remind(ctx context.Context, e store.AccessEnd, now time.Time) error {
	course, err := c.courses.Get(ctx, e.CourseID)
	if errors.Is(err, shop.ErrCourseNotFound) {
		return nil // nothing to remind of
	}
	if err != nil {
		return err
	}
	if gone, err := c.buyers.gone(ctx, e.UserID); err != nil || gone {
		return err
	}
	all, err := c.enrolments.Standing(ctx, e.UserID, e.CourseID)
	if err != nil {
		return err
	}
	history := all[e.CourseID]
	if r, ok := course.Remind(history, e.End, now); ok {
		if err := c.teller.AccessEnds(ctx, e.UserID, r); err != nil {
			return err
		}
	}
	if history.Enrolment == nil || now.Before(e.End) {
		return nil
	}
	return c.news.announceEnrolment(ctx, "turn:"+e.ID, history.Enrolment)
}

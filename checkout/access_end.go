package checkout

import (
	"context"
	"errors"
	"time"

	"golang.org/x/sync/errgroup"

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

// turnPause is when a turn that failed is looked at again: the one that cannot be done must
// not be in the way of those that can.
const turnPause = 10 * time.Second

// Turn looks at every access that is due: learners are reminded of an end, and the end is
// published to open pages.
func (c *AccessEnds) Turn(ctx context.Context) error {
	for ctx.Err() == nil {
		turns, err := c.ends.Due(ctx, c.now(), sweepMost)
		if err != nil {
			return err
		}
		g := errgroup.Group{}
		g.SetLimit(sweepers)
		for _, t := range turns {
			g.Go(func() error { return c.takeTurn(store.WithRedisBudget(ctx), t) })
		}
		if err := g.Wait(); err != nil || len(turns) < sweepMost {
			return err
		}
	}
	return ctx.Err()
}

// takeTurn does what is due at one turn and notes when to look again. What cannot be done
// now is tried again after a pause.
func (c *AccessEnds) takeTurn(ctx context.Context, t store.AccessEnd) error {
	now := c.now()
	if err := c.turn(ctx, t, now); err != nil {
		if ctx.Err() == nil {
			c.log.WarnContext(ctx, "turn waits for its next look", "course", t.CourseID, "end", t.End, "err", err)
		}
		return c.ends.Reschedule(ctx, t, now.Add(turnPause))
	}
	if next, more := shop.NextReminder(t.End, now); more {
		return c.ends.Reschedule(ctx, t, next)
	}
	return c.ends.Done(ctx, t)
}

// turn posts the reminder and publishes the end. The reminder comes first: it is in the inbox even
// while nothing can be published.
func (c *AccessEnds) turn(ctx context.Context, t store.AccessEnd, now time.Time) error {
	course, err := c.courses.Get(ctx, t.CourseID)
	if errors.Is(err, shop.ErrCourseNotFound) {
		return nil // nothing to remind of
	}
	if err != nil {
		return err
	}
	if gone, err := c.buyers.gone(ctx, t.UserID); err != nil || gone {
		return err
	}
	all, err := c.enrolments.Standing(ctx, t.UserID, t.CourseID)
	if err != nil {
		return err
	}
	history := all[t.CourseID]
	if r, ok := course.Remind(history, t.End, now); ok {
		if err := c.teller.AccessEnds(ctx, t.UserID, r); err != nil {
			return err
		}
	}
	if history.Enrolment == nil || now.Before(t.End) {
		return nil
	}
	return c.news.announceEnrolment(ctx, "turn:"+t.ID, history.Enrolment)
}

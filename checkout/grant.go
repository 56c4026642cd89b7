package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// grants open the courses of orders, and bring what is open to what refunds make of it.
type grants struct {
	basics
	orders     *store.Orders
	courses    *store.Courses
	enrolments *store.Enrolments
	trials     *store.Trials
	ends       *store.AccessEnds
	news       *News
}

// withhold refuses a line for good: neither this try nor one that runs beside it grants it.
func (c *grants) withhold(ctx context.Context, o *shop.Order, l shop.OrderLine, why *shop.Error) (*shop.Error, error) {
	_, err := c.enrolments.Change(ctx, o.UserID, l.CourseID, func(e *shop.Enrolment) error {
		if !e.Withhold(o.ID, l, c.now()) {
			return store.Unchanged()
		}
		return nil
	})
	return why, err
}

// grant opens one line's course, or says why it cannot: the learner has it by now, or there
// is no learner (gone) or no course any more.
func (c *grants) grant(ctx context.Context, o *shop.Order, l shop.OrderLine, gone bool) (refused *shop.Error, err error) {
	defer func() {
		if refused != nil {
			c.log.WarnContext(ctx, "a paid line cannot be granted", "order", o.ID, "course", l.CourseID, "code", refused.Code)
		}
	}()
	if gone {
		return c.withhold(ctx, o, l, shop.ErrAccountDeleted)
	}
	course, err := c.courses.Get(ctx, l.CourseID)
	switch {
	case errors.Is(err, shop.ErrCourseNotFound):
		return c.withhold(ctx, o, l, shop.ErrCourseNotFound)
	case err != nil:
		return nil, err
	case course.TakenDown:
		if there, err := c.grantedBefore(ctx, o, l); err != nil {
			return nil, err
		} else if !there {
			return c.withhold(ctx, o, l, shop.ErrCourseOffSale)
		}
	}
	if l.FreeStage() {
		// The trial before the grant: a retry after a crash in between finds the trial taken by
		// this very order and goes on.
		mine, err := c.trials.Take(ctx, o.UserID, l.CourseID, o.ID, c.now())
		if err != nil {
			return nil, err
		}
		if !mine {
			return shop.ErrTrialUsed, nil
		}
	}
	e, err := c.enrolments.Change(ctx, o.UserID, l.CourseID, func(e *shop.Enrolment) error {
		if _, there := e.Grant(o.ID); there {
			return store.Unchanged()
		}
		_, err := e.Add(o.ID, l, course.Current().Version, l.Price, l.List == 0, c.now())
		return err
	})
	if errors.As(err, &refused) && refused.Kind == shop.Conflict {
		return refused, nil
	}
	if err != nil {
		return nil, err
	}
	if g, _ := e.Grant(o.ID); g.State == shop.GrantRevoked {
		return shop.ErrCourseOffSale, nil // withheld by a look at the same order that ran beside this one
	}
	if err := c.scheduleEnd(ctx, o, e); err != nil {
		return nil, err
	}
	return nil, c.news.announceEnrolment(ctx, "grant:"+o.ID+":"+l.CourseID, e)
}

// scheduleEnd notes that the order's grant ends. When it begins needs no row of its own:
// that is now, or at the end of the grant before it.
func (c *grants) scheduleEnd(ctx context.Context, o *shop.Order, e *shop.Enrolment) error {
	g, ok := e.Grant(o.ID)
	if !ok || g.Until == nil {
		return nil
	}
	at, more := shop.NextReminder(*g.Until, g.At)
	if !more {
		return nil
	}
	return c.ends.Schedule(ctx, e.UserID, e.CourseID, *g.Until, at)
}

// grantedBefore reports whether an earlier try has granted a line.
func (c *grants) grantedBefore(ctx context.Context, o *shop.Order, l shop.OrderLine) (bool, error) {
	e, err := c.enrolments.Get(ctx, o.UserID, l.CourseID)
	if errors.Is(err, store.ErrNotFound) {
		return false, nil
	}
	g, there := e.Grant(o.ID)
	return there && g.State != shop.GrantRevoked, err
}

// countLearners counts again how many learn each course. A recount, unlike adding one, may
// be done twice.
func (c *grants) countLearners(ctx context.Context, o *shop.Order) error {
	for _, l := range o.Lines {
		n, err := c.enrolments.CountLearners(ctx, l.CourseID)
		if err != nil {
			return err
		}
		if err := c.courses.SetLearners(ctx, l.CourseID, n); err != nil && !errors.Is(err, shop.ErrCourseNotFound) {
			return err
		}
	}
	return nil
}

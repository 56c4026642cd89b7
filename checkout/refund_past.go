package checkout

import (
	"context"
	"errors"

	"mstm/shop"
	"mstm/store"
)

// past is what an order's owner has behind them in each of its courses.
type past map[string]shop.Learning

func (p past) of(courseID string) shop.Learning { return p[courseID] }

// pastOf reads it, as the refund rule looks at it. A grant that is frozen for no refund of the
// order counts as live: a call that died has frozen it, or one that will be overtaken.
func (c *Refunds) pastOf(ctx context.Context, o *shop.Order) (past, error) {
	p := past{}
	for _, l := range o.Lines {
		e, err := c.enrolments.Get(ctx, o.UserID, l.CourseID)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return nil, err
		}
		if e != nil && o.RefundBook().Grants(l.CourseID) == shop.GrantLive {
			e.Unfreeze(o.ID)
		}
		progress, err := c.progress.Get(ctx, o.UserID, l.CourseID)
		if err != nil {
			return nil, err
		}
		course, err := c.courses.Get(ctx, l.CourseID)
		if errors.Is(err, shop.ErrCourseNotFound) {
			course = &shop.Course{}
		} else if err != nil {
			return nil, err
		}
		opened, of := l.Usage(progress.Opened, len(progress.Lessons), course)
		p[l.CourseID] = shop.Learning{Enrolment: e, Opened: opened, Lessons: of}
	}
	return p, nil
}

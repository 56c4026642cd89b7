package catalogue

import (
	"context"
	"errors"
	"time"

	"mstm/runner"
	"mstm/shop"
	"mstm/store"
)

// Plans put courses on sale, or take them off sale, at a time. A plan stands in its course's document, so that it is carried
// out by one conditional write, whichever instances look at it. Its wakeup is written before it and deleted after the audit
// has how it ended.
type Plans struct {
	cfg     Config
	courses *Courses
}

// Planned is what an editor wants to become of a course at a time; without an action it is put on sale. Policies, where
// there are any, are published at that time; without a ladder that of the course stays.
type Planned struct {
	PublishAt *time.Time      `json:"publish_at"`
	Action    shop.PlanAction `json:"action"`
	Pricing
}

// Make gives a course a plan, in the name of the user by and in place of the one that it has. Where seen is not nil and not
// the version of the course, it is shop.ErrEditConflict. A plan that stands already, word for word, stays.
func (s *Plans) Make(ctx context.Context, id, by string, in Planned, seen *int64) (*shop.Course, error) {
	if in.PublishAt == nil {
		return nil, shop.ErrInvalidField.At("publish_at")
	}
	if in.Action == "" {
		in.Action = shop.PlanPublish
	}
	planID := store.NewID() // of all tries, so that there is one wakeup
	c, err := s.cfg.Store.Courses.Change(ctx, id, func(c *shop.Course) error {
		plan := shop.CoursePlan{ID: planID, Action: in.Action, At: *in.PublishAt, By: by}
		if in.Policies != nil {
			policies, ladder, err := in.of(c)
			if err != nil {
				return err
			}
			plan.Prices = &shop.PlannedPrices{Policies: policies, Ladder: ladder, After: c.Current().Version}
		}
		if isSame(c.Plan, &plan) {
			return store.Unchanged()
		}
		if err := checkSeen(c, seen); err != nil {
			return err
		}
		if err := s.endedIsKnown(ctx, c); err != nil {
			return err
		}
		return c.MakePlan(plan, s.cfg.Now())
	})
	if err == nil && s.cfg.Wake != nil {
		s.cfg.Wake()
	}
	return c, err
}

// isSame reports whether a plan that waits is the one that a repeated request wants.
func isSame(there, wanted *shop.CoursePlan) bool {
	return there.Waits() && there.Prices == nil && wanted.Prices == nil &&
		there.Action == wanted.Action && there.By == wanted.By && there.At.Equal(wanted.At.Truncate(time.Millisecond))
}

// Withdraw takes a course's plan away, also one that has ended. That there is none is what was wanted. The wakeup finds
// nothing to do.
func (s *Plans) Withdraw(ctx context.Context, id string) (*shop.Course, error) {
	return s.cfg.Store.Courses.Change(ctx, id, func(c *shop.Course) error {
		if c.Plan == nil {
			return store.Unchanged()
		}
		err := s.endedIsKnown(ctx, c)
		c.Plan = nil
		return err
	})
}

// endedIsKnown has the audit know how the plan of a course ended before the course forgets it: the instance that carried it
// out may have died before it wrote that.
func (s *Plans) endedIsKnown(ctx context.Context, c *shop.Course) error {
	if c.Plan == nil || c.Plan.Waits() {
		return nil
	}
	return s.cfg.Store.Audit.AddPlan(ctx, c)
}

// Makers are the names of the editors that made the plans of courses, by user id; accounts that are gone have none.
func (s *Plans) Makers(ctx context.Context, courses ...*shop.Course) (map[string]string, error) {
	var ids []string
	for _, c := range courses {
		if c.Plan != nil {
			ids = append(ids, c.Plan.By)
		}
	}
	names := map[string]string{}
	if len(ids) == 0 {
		return names, nil
	}
	users, err := s.cfg.Store.Users.ByID(ctx, ids)
	for id, u := range users {
		names[id] = u.Name
	}
	return names, err
}

const plansAtOnce = 8 // looks on an instance

// Wakeups handle the wakeups of plans.
func (s *Plans) Wakeups() runner.Handler {
	return runner.Handler{Kind: shop.WakePlan, Places: plansAtOnce, Look: func(ctx context.Context, w shop.Wakeup) (bool, error) {
		settled, err := s.look(store.Background(ctx, store.Lists), w)
		if err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "a plan of a course waits for its next look", "plan", w.Key(), "err", err)
		}
		return settled, err
	}}
}

// look carries a plan out, and has the audit and the open pages know. A look that comes again after a death repeats only the
// latter two, neither of which counts twice.
func (s *Plans) look(ctx context.Context, w shop.Wakeup) (settled bool, err error) {
	courseID, planID := store.PlanOf(w)
	c, err := s.cfg.Store.Courses.Get(ctx, courseID)
	if err == nil && c.Plan.Waits() && c.Plan.ID == planID {
		c, err = s.cfg.Store.Courses.Change(store.ActingAs(ctx, c.Plan.By), courseID, func(c *shop.Course) error {
			if !c.CarryOut(planID, store.NewID, s.cfg.Now()) {
				return store.Unchanged()
			}
			return nil
		})
	}
	switch {
	case errors.Is(err, shop.ErrCourseNotFound):
		return s.cfg.Store.Wakeups.Orphan(ctx, w)
	case err != nil:
		return false, err
	case c.Plan == nil || c.Plan.ID != planID: // withdrawn, or not written yet
		return s.cfg.Store.Wakeups.Orphan(ctx, w)
	case c.Plan.Waits(): // the clock was put back
		return s.cfg.Store.Wakeups.Reschedule(ctx, w, c.Plan.At)
	}
	if err := s.endedIsKnown(ctx, c); err != nil {
		return false, err
	}
	s.courses.announce(ctx, c)
	return s.cfg.Store.Wakeups.Remove(ctx, w)
}

package store

import (
	"context"
	"strings"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Courses are the courses as they are in the database now.
type Courses struct {
	*base
	docs    Collection[shop.Course]
	audit   *Audit
	wakeups *Wakeups
}

func newCourses(b *base) *Courses {
	docs := newCollection[shop.Course](b, "courses")
	docs.missing = shop.ErrCourseNotFound
	docs.version = func(d *shop.Course) *int64 { return &d.V }
	s := &Courses{base: b, docs: docs}
	docs.write = s.write
	return s
}

// Insert adds a course and reports whether its id was free.
func (s *Courses) Insert(ctx context.Context, c *shop.Course) (bool, error) {
	fresh, err := s.docs.Insert(ctx, c)
	if err != nil {
		return false, err
	}
	s.changed(ctx, changeCourses, c.ID)
	if fresh && actor(ctx) != shop.ByShop { // a fresh shop's sample is no act
		s.record(ctx, nil, c)
	}
	return fresh, nil
}

// record puts an edit into the audit. The call of the editor stands there already (rest), so an edit does not fail of it.
func (s *Courses) record(ctx context.Context, before map[string]string, after *shop.Course) {
	if err := s.audit.addCourse(ctx, before, after); err != nil {
		s.log.WarnContext(ctx, "audit is behind", "course", after.ID, "err", err)
	}
}

// Get reads a course as it is in the database now: charging asks this one, not the
// Catalogue. shop.ErrCourseNotFound where there is none.
func (s *Courses) Get(ctx context.Context, id string) (*shop.Course, error) {
	return s.docs.Get(ctx, id)
}

// Change is the collection's Change. The number of learners is SetLearners' alone, so that
// sales and editors do not get in each other's way. A change that makes a plan writes the plan's wakeup first.
func (s *Courses) Change(ctx context.Context, id string, change func(*shop.Course) error) (*shop.Course, error) {
	var before map[string]string
	c, wrote, err := s.docs.tryChange(ctx, id, nil, func(c *shop.Course) error {
		before = c.Summary()
		plan := c.Plan
		if err := change(c); err != nil {
			return err
		}
		c.UpdatedAt = s.now().UTC()
		if c.Plan.Waits() && (plan == nil || plan.ID != c.Plan.ID) {
			return s.wakeups.insert(ctx, planWakeup(c))
		}
		return nil
	})
	if wrote {
		s.changed(ctx, changeCourses, id)
		s.record(ctx, before, c)
	}
	return c, err
}

// planWakeup is of one plan alone: a course's next plan has a row of its own, so a look that finds another plan than its row
// names takes nothing away from that.
func planWakeup(c *shop.Course) shop.Wakeup {
	return shop.NewWakeup(shop.WakePlan, c.ID+":"+c.Plan.ID, c.Plan.At)
}

// PlanOf is the course and the plan that a wakeup is about.
func PlanOf(w shop.Wakeup) (courseID, planID string) {
	courseID, planID, _ = strings.Cut(w.Key(), ":")
	return courseID, planID
}

// CountIn counts the courses of a category in any state, as they are in the database now.
func (s *Courses) CountIn(ctx context.Context, categoryID string) (int64, error) {
	return s.docs.Count(ctx, bson.M{"category_id": categoryID})
}

// write writes a course without its number of learners.
func (s *Courses) write(ctx context.Context, filter bson.M, c *shop.Course) (bool, error) {
	raw, err := bson.Marshal(c)
	if err != nil {
		return false, err
	}
	var fields bson.M
	if err := bson.Unmarshal(raw, &fields); err != nil {
		return false, err
	}
	delete(fields, "_id")
	delete(fields, "learners")
	return s.docs.Update(ctx, filter, bson.M{"$set": fields})
}

// SetLearners keeps the number that the catalogue shows and sorts by. It reaches the
// Catalogue within seconds, not at once: sales must not make every instance read the
// catalogue again and again.
func (s *Courses) SetLearners(ctx context.Context, courseID string, n int64) error {
	ok, err := s.docs.Update(ctx, bson.M{"_id": courseID}, bson.M{"$set": bson.M{"learners": n}})
	if err != nil {
		return err
	}
	if !ok {
		return shop.ErrCourseNotFound
	}
	s.changed(ctx, changeLearners, courseID)
	return nil
}

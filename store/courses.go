package store

import (
	"context"
	"errors"
	"fmt"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// Courses are the courses as they are in the database now.
type Courses struct {
	*base
}

// Insert adds a course and reports whether its id was free.
func (s *Courses) Insert(ctx context.Context, c *shop.Course) (bool, error) {
	fresh, err := s.insertOnce(ctx, s.coll("courses"), c)
	if err != nil {
		return false, fmt.Errorf("insert course %s: %w", c.ID, err)
	}
	s.changed(ctx, changeCourses, c.ID)
	return fresh, nil
}

// Get reads a course as it is in the database now: charging asks this one, not the
// Catalogue. shop.ErrCourseNotFound where there is none.
func (s *Courses) Get(ctx context.Context, id string) (*shop.Course, error) {
	c, err := findByID[shop.Course](ctx, s.coll("courses"), id, shop.ErrCourseNotFound)
	if err != nil {
		return nil, fmt.Errorf("course %s: %w", id, err)
	}
	return c, nil
}

// Change reads a course, lets change work on it and writes it back if nobody else
// has meanwhile, else again. Unchanged() from change writes nothing; any other error is
// returned as it is. The course as it stands afterwards is returned. The number of
// learners is Courses.SetLearners' alone, so that sales and editors do not get in each other's
// way.
func (s *Courses) Change(ctx context.Context, id string, change func(*shop.Course) error) (*shop.Course, error) {
	for range maxConflicts {
		c, err := s.Get(ctx, id)
		if err != nil {
			return nil, err
		}
		seen := c.V
		if err := change(c); errors.Is(err, errUnchanged) {
			return c, nil
		} else if err != nil {
			return nil, err
		}
		c.V, c.UpdatedAt = seen+1, s.now().UTC()
		won, err := s.set(ctx, c, seen)
		if err != nil {
			return nil, fmt.Errorf("update course %s: %w", id, err)
		}
		if won {
			s.changed(ctx, changeCourses, id)
			return c, nil
		}
	}
	return nil, fmt.Errorf("update course %s: %w: too many writers", id, shop.ErrUnavailable)
}

func (s *Courses) set(ctx context.Context, c *shop.Course, seen int64) (bool, error) {
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
	return s.updateIf(ctx, s.coll("courses"), bson.M{"_id": c.ID, "v": seen}, bson.M{"$set": fields})
}

// SetLearners keeps the number that the catalogue shows and sorts by. It reaches the
// Catalogue within seconds, not at once: sales must not make every instance read the
// catalogue again and again.
func (s *Courses) SetLearners(ctx context.Context, courseID string, n int64) error {
	ok, err := s.updateIf(ctx, s.coll("courses"), bson.M{"_id": courseID}, bson.M{"$set": bson.M{"learners": n}})
	if err != nil {
		return fmt.Errorf("set learners of %s: %w", courseID, err)
	}
	if !ok {
		return shop.ErrCourseNotFound
	}
	s.changed(ctx, changeLearners, courseID)
	return nil
}

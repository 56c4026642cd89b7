package catalogue

import (
	"context"

	"mstm/shop"
)

// Shown are the courses that are or were on sale, as a learner or a visitor is shown them.
type Shown struct{ cfg Config }

// To is a course for a user, with what the user had of it before: nothing for "", a visitor. Drafts are
// shop.ErrCourseNotFound.
func (s *Shown) To(ctx context.Context, userID, courseID string) (*shop.Course, shop.PurchaseHistory, error) {
	all, err := s.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, shop.PurchaseHistory{}, err
	}
	c, err := all.Shown(courseID)
	if err != nil || userID == "" {
		return c, shop.PurchaseHistory{}, err
	}
	history, err := s.cfg.Store.Enrolments.Standing(ctx, userID, courseID)
	return c, history[courseID], err
}

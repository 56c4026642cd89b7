package cover

import (
	"context"

	"mstm/store"
)

// Covers are the drawn pictures of a shop's courses.
type Covers struct{ Catalogue *store.CatalogueCache }

// Of draws the picture of a course. It follows from the course's title and category alone. Drafts are
// shop.ErrCourseNotFound: a picture is asked for without a token.
func (c Covers) Of(ctx context.Context, courseID string) ([]byte, error) {
	all, err := c.Catalogue.Get(ctx)
	if err != nil {
		return nil, err
	}
	course, err := all.Shown(courseID)
	if err != nil {
		return nil, err
	}
	category, _ := all.Category(course.CategoryID)
	return SVG(course.Title, category.Name, course.ID), nil
}

package checkout

import (
	"context"

	"mstm/shop"
	"mstm/store"
)

// Quotes price what a learner asks for.
type Quotes struct {
	basics
	courses    *store.Courses
	enrolments *store.Enrolments
}

// Quote says what the lines would cost the learner now. Courses are read from the truth,
// never from a cache or a cart.
func (c *Quotes) Quote(ctx context.Context, userID string, lines []shop.LineRequest) (shop.Quote, error) {
	if err := shop.CheckLines(lines); err != nil {
		return shop.Quote{}, err
	}
	ids := make([]string, 0, len(lines))
	for _, l := range lines {
		if shop.ValidID(l.CourseID) {
			ids = append(ids, l.CourseID)
		}
	}
	history, err := c.enrolments.Standing(ctx, userID, ids...)
	if err != nil {
		return shop.Quote{}, err
	}
	return shop.MakeQuote(lines, func(id string) (*shop.Course, shop.PurchaseHistory, error) {
		course, err := c.courses.Get(ctx, id)
		return course, history[id], err
	}, c.now())
}

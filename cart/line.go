package cart

import (
	"context"
	"time"

	"mstm/shop"
)

// line is the line for a course as the learner may buy it now, with every policy that can
// be chosen instead. It reads the course from the database: the catalogue in memory may be
// a moment behind.
func (c *Carts) line(ctx context.Context, userID, courseID, policyID string) (shop.CartLine, error) {
	course, err := c.Store.Courses.Get(ctx, courseID)
	if err != nil {
		return shop.CartLine{}, err
	}
	histories, err := c.Store.Enrolments.Standing(ctx, userID, courseID)
	if err != nil {
		return shop.CartLine{}, err
	}
	if course.State == shop.CourseDraft {
		return shop.CartLine{}, shop.ErrCourseNotFound
	}
	now := c.Now()
	var o shop.Offer
	if policyID == "" {
		o, err = course.FirstOffer(histories[courseID], now)
	} else {
		o, err = course.Offer(policyID, histories[courseID], now)
	}
	if err != nil {
		return shop.CartLine{}, err
	}
	return newLine(course, histories[courseID], o, now), nil
}

// newLine freezes what the learner saw.
func newLine(c *shop.Course, history shop.PurchaseHistory, o shop.Offer, now time.Time) shop.CartLine {
	return shop.CartLine{
		CourseID: c.ID, Title: c.Title, Cover: c.Cover, Policies: selectable(c.Offers(history, now)),
		PolicyID: o.PolicyID, Price: o.Price, Seen: o.Price, AddedAt: stamp(now), ChosenAt: stamp(now), CourseV: c.V,
	}
}

// selectable are the policies of the select: the available offers, each at this learner's
// own price.
func selectable(offers []shop.Offer) []shop.PricePolicy {
	policies := []shop.PricePolicy{}
	for _, o := range shop.Available(offers) {
		policies = append(policies, shop.PricePolicy{
			ID: o.PolicyID, Kind: o.Kind, Name: o.Name, Stage: o.Stage, Period: o.Period, Price: o.Price,
		})
	}
	return policies
}

// stamp is t as a line keeps it.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

package cart

import (
	"context"
	"fmt"
	"time"

	"mstm/shop"
)

// GuestLine is a line that a visitor's page kept for itself.
type GuestLine struct {
	CourseID string    `json:"course_id"`
	PolicyID string    `json:"policy_id"`
	AddedAt  time.Time `json:"added_at"`
}

// LeftOut is a visitor's line that did not enter the cart, with the code that says why.
type LeftOut struct {
	CourseID string `json:"course_id"`
	PolicyID string `json:"policy_id,omitempty"`
	Code     string `json:"code"`
}

// Merge adds a visitor's lines to the learner's. Where both have a course, the newer choice
// wins. Prices come from the catalogue, whatever the page kept; what the learner cannot buy
// stays, flagged with its problem. Lines that do not enter the cart are answered as left
// out: of a course that is not there, or beyond what a cart holds. The latter make it
// shop.ErrCartFull, with the `cart` and what was `left_out`; the lines that fit are in it.
func (c *Carts) Merge(ctx context.Context, userID string, guest []GuestLine) (shop.Cart, []LeftOut, error) {
	if len(guest) > shop.MaxLines {
		return shop.Cart{}, nil, shop.ErrInvalidField.At("lines")
	}
	lines, left, err := c.guestLines(ctx, userID, guest)
	if err != nil {
		return shop.Cart{}, nil, err
	}
	now, full, err := c.Store.Carts.Merge(ctx, userID, lines)
	if err != nil {
		return shop.Cart{}, nil, err
	}
	now = c.changed(ctx, userID, now, nil)
	for _, id := range full {
		left = append(left, leftOut(guest, id, shop.ErrCartFull))
	}
	if len(full) > 0 {
		return shop.Cart{}, nil, shop.ErrCartFull.With("cart", now).With("left_out", left)
	}
	return now, left, nil
}

// leftOut is the visitor's line of a course, left out for a reason.
func leftOut(guest []GuestLine, courseID string, why *shop.Error) LeftOut {
	out := LeftOut{CourseID: courseID, Code: why.Code}
	for _, g := range guest {
		if g.CourseID == courseID {
			out.PolicyID = g.PolicyID
			break
		}
	}
	return out
}

// guestLines are the lines that a visitor's become in this learner's cart, and those of
// courses that are not there.
func (c *Carts) guestLines(ctx context.Context, userID string, guest []GuestLine) (lines []shop.CartLine, left []LeftOut, err error) {
	all, err := c.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, nil, err
	}
	ids := make([]string, len(guest))
	for i, g := range guest {
		if !shop.ValidID(g.CourseID) {
			return nil, nil, shop.ErrInvalidField.At(fmt.Sprintf("lines[%d].course_id", i))
		}
		if g.PolicyID != "" && !shop.ValidID(g.PolicyID) {
			return nil, nil, shop.ErrInvalidField.At(fmt.Sprintf("lines[%d].policy_id", i)) // a cart would show it for ever
		}
		ids[i] = g.CourseID
	}
	histories, err := c.Store.Enrolments.Standing(ctx, userID, ids...)
	if err != nil {
		return nil, nil, err
	}
	for _, g := range guest {
		course, ok := all.Course(g.CourseID)
		if !ok || course.State == shop.CourseDraft {
			left = append(left, LeftOut{g.CourseID, g.PolicyID, shop.ErrCourseNotFound.Code})
			continue
		}
		lines = append(lines, mergedLine(course, histories[course.ID], g, c.Now()))
	}
	return lines, left, nil
}

// mergedLine takes over a visitor's choice where this learner has it too, else what a new
// line would get, else the choice as it was, with what is wrong with it.
func mergedLine(c *shop.Course, history shop.PurchaseHistory, g GuestLine, now time.Time) shop.CartLine {
	o, err := c.Offer(g.PolicyID, history, now)
	if err != nil {
		o, err = c.FirstOffer(history, now)
	}
	var problem *shop.CartProblem
	if err != nil {
		o = shop.Offer{PolicyID: g.PolicyID}
		_, why := c.Offer(g.PolicyID, history, now)
		problem = problemOf(why, "", 0)
	}
	l := newLine(c, history, o, now)
	l.Problem = problem
	if at := stamp(g.AddedAt); !at.IsZero() && at.Before(l.AddedAt) {
		l.AddedAt, l.ChosenAt = at, at // a page's clock may be behind, but nothing was added in the future
	}
	return l
}

package cart

import (
	"context"
	"errors"
	"reflect"
	"slices"
	"time"

	"mstm/shop"
	"mstm/store"
)

// refresh writes the lines whose course has changed since they were written as they are
// sold now, and answers the cart that stands then; a cart that shows something else has
// another version. again names courses to look at besides. A line that cannot be bought as
// it stands says why and does not block the others. Where a store does not answer, it is
// the stored cart, and the next reader tries again.
func (c *Carts) refresh(ctx context.Context, userID string, cart shop.Cart, again []string) shop.Cart {
	for range rounds {
		lines, shown, err := c.outdated(ctx, userID, cart, again)
		if err == nil && len(lines) == 0 {
			return cart
		}
		written := false
		if err == nil {
			var now shop.Cart
			if now, written, err = c.Store.Carts.Refresh(ctx, userID, cart.Version, shown, lines); err == nil {
				cart = now
			}
		}
		if err != nil {
			c.Log.WarnContext(ctx, "a cart is not refreshed", "user", userID, "err", err)
			return cart
		}
		if written {
			return cart
		}
	}
	return cart
}

// outdated are the lines that are to be written again, and whether what they show differs.
func (c *Carts) outdated(ctx context.Context, userID string, cart shop.Cart, again []string) (lines []shop.CartLine, shown bool, err error) {
	all, err := c.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, false, err
	}
	var stale []shop.CartLine
	var ids []string
	for _, l := range cart.Lines {
		if isStale(l, all) || slices.Contains(again, l.CourseID) {
			stale, ids = append(stale, l), append(ids, l.CourseID)
		}
	}
	if len(stale) == 0 {
		return nil, false, nil
	}
	histories, err := c.Store.Enrolments.Standing(ctx, userID, ids...)
	if err != nil {
		return nil, false, err
	}
	for _, old := range stale {
		l := reprice(old, all, histories[old.CourseID], c.Now())
		differs := !sameShown(old, l)
		if differs || l.CourseV != old.CourseV {
			lines = append(lines, l)
		}
		shown = shown || differs
	}
	return lines, shown, nil
}

// isStale reports whether a line must be looked at again: its course is gone or was edited
// since, or the line's problem is one that the learner's own acts and time can end. A
// catalogue that is older than the line says nothing about it.
func isStale(l shop.CartLine, all *store.Catalogue) bool {
	c, ok := all.Course(l.CourseID)
	return !ok || c.V > l.CourseV || personal(l.Problem)
}

// personal reports whether a problem is this learner's own, so that the course alone does
// not tell whether it is over.
func personal(p *shop.CartProblem) bool {
	if p == nil {
		return false
	}
	switch p.Code {
	case shop.ErrPriceChanged.Code, shop.ErrCourseOffSale.Code, shop.ErrPolicyRetired.Code, shop.ErrPolicyNotFound.Code:
		return false
	}
	return true
}

// reprice is the line as the course sells it now. The price seen at the choice stays, so a
// difference is shown until the learner chooses again.
func reprice(l shop.CartLine, all *store.Catalogue, history shop.PurchaseHistory, now time.Time) shop.CartLine {
	c, ok := all.Course(l.CourseID)
	if !ok || c.State == shop.CourseDraft {
		l.Problem = problemOf(shop.ErrCourseNotFound, "", l.Seen)
		return l
	}
	l.Title, l.Cover, l.CourseV = c.Title, c.Cover, max(l.CourseV, c.V)
	l.Policies, l.Price, l.Problem = selectable(c.Offers(history, now)), l.Seen, nil
	o, err := c.Offer(l.PolicyID, history, now)
	switch {
	case err != nil:
		first, _ := c.FirstOffer(history, now)
		l.Problem = problemOf(err, first.PolicyID, l.Seen)
	case o.Price != l.Seen:
		l.Price, l.Problem = o.Price, problemOf(shop.ErrPriceChanged, o.PolicyID, l.Seen)
	}
	return l
}

// problemOf is what is wrong with a line, and which policy to choose instead.
func problemOf(err error, suggestion string, seen shop.Fen) *shop.CartProblem {
	e := shop.ErrInternal
	errors.As(err, &e)
	return shop.NewCartProblem(e.Code, suggestion, seen)
}

// sameShown reports whether two lines look the same to a reader.
func sameShown(a, b shop.CartLine) bool {
	a.CourseV, b.CourseV = 0, 0
	return reflect.DeepEqual(a, b)
}

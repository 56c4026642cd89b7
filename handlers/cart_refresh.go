package handlers

import (
	"net/http"
	"slices"

	"mstm/shop"
	"mstm/store"
)

// refreshed is the cart with the lines whose course has changed since they were written
// priced again. A line that cannot be bought as it stands says why and does not block the
// others; the total is what the rest costs.
func (s *Server) refreshed(r *http.Request, cart shop.Cart) (shop.Cart, error) {
	all, err := s.Store.Catalogue(r.Context())
	if err != nil {
		return cart, err
	}
	var stale []string
	for _, l := range cart.Lines {
		if isStale(l, all) {
			stale = append(stale, l.CourseID)
		}
	}
	if len(stale) == 0 {
		return cart, nil
	}
	standings, err := s.Store.Standing(r.Context(), learnerID(r.Context()), stale...)
	if err != nil {
		return cart, err
	}
	cart.Lines = slices.Clone(cart.Lines)
	cart.Total = 0
	for i := range cart.Lines {
		l := &cart.Lines[i]
		if slices.Contains(stale, l.CourseID) {
			s.repriceLine(r, l, all, standings[l.CourseID])
		}
		if l.Problem == nil || l.Problem.Code == shop.ErrPriceChanged.Code {
			cart.Total += l.Price
		}
	}
	return cart, nil
}

// isStale reports whether the line must be looked at again: its course is gone, off sale
// or has newer prices, or the chosen policy was none of the selectable ones to begin with
// (a visitor's line, merged).
func isStale(l shop.CartLine, all *store.Catalogue) bool {
	c, ok := all.Course(l.CourseID)
	return !ok || c.State != shop.CourseOnSale || c.Current().Version != l.CourseVersion || !hasPolicy(l.Policies, l.PolicyID)
}

func hasPolicy(policies []shop.PricePolicy, id string) bool {
	return slices.ContainsFunc(policies, func(p shop.PricePolicy) bool { return p.ID == id })
}

// repriceLine shows the line as the course sells it now. The line in Redis stays as it
// was until the learner chooses again, so the difference is shown until then.
func (s *Server) repriceLine(r *http.Request, l *shop.CartLine, all *store.Catalogue, standing shop.Standing) {
	c, ok := all.Course(l.CourseID)
	if !ok {
		l.Problem = lineProblem(r, shop.ErrCourseNotFound, "")
		return
	}
	now := s.Now()
	l.Policies = selectable(c.Offers(standing, now))
	o, err := c.Offer(l.PolicyID, standing, now)
	switch {
	case err != nil:
		first, _ := c.FirstOffer(standing, now)
		l.Problem = lineProblem(r, err, first.PolicyID)
	case o.Price != l.Price:
		l.Price = o.Price
		l.Problem = lineProblem(r, shop.ErrPriceChanged, o.PolicyID)
	}
}

// lineProblem says what is wrong with a line in the reader's language, and which policy
// to choose instead.
func lineProblem(r *http.Request, err error, suggestion string) *shop.CartProblem {
	e := codedError(err)
	return &shop.CartProblem{Code: e.Code, Detail: sentence(r, e), Suggestion: suggestion}
}

package handlers

import (
	"fmt"
	"net/http"
	"time"

	"mstm/hub"
	"mstm/shop"
)

// showCart answers GET /api/cart: one round trip to Redis. The catalogue in memory tells
// which courses have changed since their line was written; MongoDB is asked about the
// learner only for those.
func (s *Server) showCart(w http.ResponseWriter, r *http.Request) error {
	s.keepPlace(w, r)
	cart, err := s.Store.Cart(r.Context(), learnerID(r.Context()))
	if err != nil {
		return err
	}
	if cart, err = s.refreshed(r, cart); err != nil {
		return err
	}
	return encode(w, http.StatusOK, cart)
}

// putCartLine answers PUT /api/cart/:course `{policy_id?,version?}`: the course is added,
// or its policy chosen again. Without a policy it is the default one. With the version of
// the cart that the page shows, a change made elsewhere meanwhile is not overwritten.
func (s *Server) putCartLine(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	var in struct {
		PolicyID string `json:"policy_id"`
		Version  int64  `json:"version"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if in.Version < 0 {
		return shop.ErrInvalidField.At("version")
	}
	line, err := s.cartLine(r, id, in.PolicyID)
	if err != nil {
		return err
	}
	cart, err := s.Store.PutCartLine(r.Context(), learnerID(r.Context()), line, in.Version)
	return s.cartChanged(w, r, cart, err)
}

// cartLine is the line for a course as the learner may buy it now, with every policy that
// can be chosen instead. It reads the course from the database: the catalogue in memory
// may be a moment behind.
func (s *Server) cartLine(r *http.Request, courseID, policyID string) (shop.CartLine, error) {
	c, err := s.Store.Course(r.Context(), courseID)
	if err != nil {
		return shop.CartLine{}, err
	}
	standing, err := s.standing(r, courseID)
	if err != nil {
		return shop.CartLine{}, err
	}
	if c.State == shop.CourseDraft {
		return shop.CartLine{}, shop.ErrCourseNotFound
	}
	now := s.Now()
	var o shop.Offer
	if policyID == "" {
		o, err = c.FirstOffer(standing, now)
	} else {
		o, err = c.Offer(policyID, standing, now)
	}
	if err != nil {
		return shop.CartLine{}, err
	}
	return newCartLine(c, standing, o, now), nil
}

// newCartLine freezes what the learner saw.
func newCartLine(c *shop.Course, standing shop.Standing, o shop.Offer, now time.Time) shop.CartLine {
	return shop.CartLine{
		CourseID: c.ID, Title: c.Title, Cover: c.Cover, Policies: selectable(c.Offers(standing, now)),
		PolicyID: o.PolicyID, Price: o.Price, AddedAt: utc(now), ChosenAt: utc(now), CourseVersion: c.Current().Version,
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

// removeCartLine answers DELETE /api/cart/:course. That the line is not there is what was
// wanted.
func (s *Server) removeCartLine(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	cart, err := s.Store.RemoveCartLine(r.Context(), learnerID(r.Context()), id)
	return s.cartChanged(w, r, cart, err)
}

// emptyCart answers DELETE /api/cart.
func (s *Server) emptyCart(w http.ResponseWriter, r *http.Request) error {
	cart, err := s.Store.EmptyCart(r.Context(), learnerID(r.Context()))
	return s.cartChanged(w, r, cart, err)
}

// cartChanged answers with the cart as it is now and tells the learner's other pages. A
// conflict carries the cart that won.
func (s *Server) cartChanged(w http.ResponseWriter, r *http.Request, cart shop.Cart, err error) error {
	if err != nil {
		return err
	}
	if cart, err = s.refreshed(r, cart); err != nil {
		return err
	}
	s.tell(r, hub.UserTopic(learnerID(r.Context())), "cart.changed", cart)
	return encode(w, http.StatusOK, cart)
}

// guestLine is a line that a visitor's page kept for itself.
type guestLine struct {
	CourseID string    `json:"course_id"`
	PolicyID string    `json:"policy_id"`
	AddedAt  time.Time `json:"added_at"`
}

// mergeCart answers POST /api/cart/merge `{lines}`: a visitor's lines join the learner's.
// Where both have a course, the newer choice wins. Prices come from the catalogue,
// whatever the page kept; what the learner cannot buy stays, flagged with its problem.
func (s *Server) mergeCart(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lines []guestLine `json:"lines"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Lines) > shop.MaxLines {
		return shop.ErrInvalidField.At("lines")
	}
	lines, err := s.guestLines(r, in.Lines)
	if err != nil {
		return err
	}
	cart, err := s.Store.MergeCart(r.Context(), learnerID(r.Context()), lines)
	return s.cartChanged(w, r, cart, err)
}

func (s *Server) guestLines(r *http.Request, guest []guestLine) ([]shop.CartLine, error) {
	all, err := s.Store.Catalogue(r.Context())
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(guest))
	for i, g := range guest {
		if !shop.ValidID(g.CourseID) {
			return nil, shop.ErrInvalidField.At(fmt.Sprintf("lines[%d].course_id", i))
		}
		ids[i] = g.CourseID
	}
	standings, err := s.Store.Standing(r.Context(), learnerID(r.Context()), ids...)
	if err != nil {
		return nil, err
	}
	var lines []shop.CartLine
	for _, g := range guest {
		if c, ok := all.Course(g.CourseID); ok && c.State != shop.CourseDraft {
			lines = append(lines, mergedLine(c, standings[c.ID], g, s.Now()))
		}
	}
	return lines, nil
}

// mergedLine takes over a visitor's choice where this learner has it too, else what a new
// line would get, else the choice as it was: reading the cart says what is wrong with it.
func mergedLine(c *shop.Course, standing shop.Standing, g guestLine, now time.Time) shop.CartLine {
	o, err := c.Offer(g.PolicyID, standing, now)
	if err != nil {
		o, err = c.FirstOffer(standing, now)
	}
	if err != nil {
		o = shop.Offer{PolicyID: g.PolicyID}
	}
	l := newCartLine(c, standing, o, now)
	if at := utc(g.AddedAt); !at.IsZero() && at.Before(l.AddedAt) {
		l.AddedAt, l.ChosenAt = at, at // a page's clock may be behind, but nothing was added in the future
	}
	return l
}

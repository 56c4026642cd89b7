package handlers

import (
	"net/http"
	"slices"

	"mstm/cart"
	"mstm/shop"
)

// showCart answers GET /api/cart.
func (s *Server) showCart(w http.ResponseWriter, r *http.Request) error {
	s.keepPlace(w, r)
	now, err := s.Carts.Show(r.Context(), learnerID(r.Context()))
	return s.answerCart(w, r, now, err)
}

// putCartLine answers PUT /api/cart/:course `{policy_id?,version?}`: the course is added,
// or its policy chosen again. Without a policy it is the default one. With the version of
// the cart that the page shows, a change made elsewhere is not overwritten.
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
	now, err := s.Carts.Put(r.Context(), learnerID(r.Context()), id, in.PolicyID, in.Version)
	return s.answerCart(w, r, now, err)
}

// removeCartLine answers DELETE /api/cart/:course. That the line is not there is what was
// wanted.
func (s *Server) removeCartLine(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	now, err := s.Carts.Remove(r.Context(), learnerID(r.Context()), id)
	return s.answerCart(w, r, now, err)
}

// emptyCart answers DELETE /api/cart.
func (s *Server) emptyCart(w http.ResponseWriter, r *http.Request) error {
	now, err := s.Carts.Empty(r.Context(), learnerID(r.Context()))
	return s.answerCart(w, r, now, err)
}

// mergedCart is the cart after a merge, and the visitor's lines that are not in it.
type mergedCart struct {
	shop.Cart
	LeftOut []cart.LeftOut `json:"left_out,omitempty"`
}

// mergeCart answers POST /api/cart/merge `{lines}`: a visitor's lines join the learner's.
func (s *Server) mergeCart(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lines []cart.GuestLine `json:"lines"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	if len(in.Lines) > shop.MaxLines {
		return shop.ErrInvalidField.At("lines")
	}
	now, left, err := s.Carts.Merge(r.Context(), learnerID(r.Context()), in.Lines)
	if err != nil {
		return s.answerCart(w, r, now, err)
	}
	return encode(w, http.StatusOK, mergedCart{worded(r, now), left})
}

// answerCart answers with a cart, or with a refusal and the cart that it carries.
func (s *Server) answerCart(w http.ResponseWriter, r *http.Request, now shop.Cart, err error) error {
	if err != nil {
		if e := codedError(err); e.Extra != nil {
			if stands, ok := e.Extra["cart"].(shop.Cart); ok {
				return e.With("cart", worded(r, stands))
			}
		}
		return err
	}
	return encode(w, http.StatusOK, worded(r, now))
}

// worded is a cart with a sentence for each problem, in the reader's language.
func worded(r *http.Request, c shop.Cart) shop.Cart {
	if !slices.ContainsFunc(c.Lines, func(l shop.CartLine) bool { return l.Problem != nil }) {
		return c
	}
	c.Lines = slices.Clone(c.Lines)
	for i, l := range c.Lines {
		if l.Problem == nil {
			continue
		}
		p := *l.Problem
		if e := shop.ErrorOf(p.Code); e != nil {
			p.Detail = sentence(r, e)
		}
		c.Lines[i].Problem = &p
	}
	return c
}

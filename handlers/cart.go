package handlers

import (
	"net/http"
	"slices"

	"mstm/cart"
	"mstm/handlers/rest"
	"mstm/shop"
)

// carts are the learners' carts.
type carts struct {
	carts *cart.Carts
	live  live
}

// show answers GET /api/cart.
func (h *carts) show(w http.ResponseWriter, r *http.Request) error {
	h.live.keepPlace(w, r)
	now, err := h.carts.Show(r.Context(), rest.LearnerID(r.Context()))
	return h.answer(w, r, now, err)
}

// putLine answers PUT /api/cart/:course `{policy_id?,version?}`: the course is added,
// or its policy chosen again. Without a policy it is the default one. With the version of
// the cart that the page shows, a change made elsewhere is not overwritten.
func (h *carts) putLine(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	var in struct {
		PolicyID string `json:"policy_id"`
		Version  int64  `json:"version"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	if in.Version < 0 {
		return shop.ErrInvalidField.At("version")
	}
	now, err := h.carts.Put(r.Context(), rest.LearnerID(r.Context()), id, in.PolicyID, in.Version)
	return h.answer(w, r, now, err)
}

// removeLine answers DELETE /api/cart/:course. That the line is not there is what was
// wanted.
func (h *carts) removeLine(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	now, err := h.carts.Remove(r.Context(), rest.LearnerID(r.Context()), id)
	return h.answer(w, r, now, err)
}

// empty answers DELETE /api/cart.
func (h *carts) empty(w http.ResponseWriter, r *http.Request) error {
	now, err := h.carts.Empty(r.Context(), rest.LearnerID(r.Context()))
	return h.answer(w, r, now, err)
}

// mergedCart is the cart after a merge, and the visitor's lines that are not in it.
type mergedCart struct {
	shop.Cart
	LeftOut []cart.LeftOut `json:"left_out,omitempty"`
}

// merge answers POST /api/cart/merge `{lines}`: a visitor's lines join the learner's.
func (h *carts) merge(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lines []cart.GuestLine `json:"lines"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	now, left, err := h.carts.Merge(r.Context(), rest.LearnerID(r.Context()), in.Lines)
	if err != nil {
		return h.answer(w, r, now, err)
	}
	return rest.Encode(w, http.StatusOK, mergedCart{worded(r, now), left})
}

// answer answers with a cart, or with a refusal and the cart that it carries.
func (h *carts) answer(w http.ResponseWriter, r *http.Request, now shop.Cart, err error) error {
	if err != nil {
		if e := rest.CodedError(err); e.Extra != nil {
			if stands, ok := e.Extra["cart"].(shop.Cart); ok {
				return e.With("cart", worded(r, stands))
			}
		}
		return err
	}
	return rest.Encode(w, http.StatusOK, worded(r, now))
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
			p.Detail = rest.Sentence(r, e)
		}
		c.Lines[i].Problem = &p
	}
	return c
}

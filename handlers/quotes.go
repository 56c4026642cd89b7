package handlers

import (
	"net/http"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
)

// quotes say what lines would cost.
type quotes struct{ checkout *checkout.Checkout }

// quoteView is a quote with its problems worded in the reader's language.
type quoteView struct {
	shop.Quote
	Problems []problemLine `json:"problems"`
}

type problemLine struct {
	shop.Problem
	Detail string `json:"detail"`
}

func viewQuote(r *http.Request, q shop.Quote) quoteView {
	v := quoteView{Quote: q, Problems: []problemLine{}}
	for _, p := range q.Problems {
		v.Problems = append(v.Problems, problemLine{p, rest.Sentence(r, p.Err)})
	}
	return v
}

// quote answers POST /api/quotes `{lines:[{course_id,policy_id}]}`: what these lines would
// cost the learner now, read from the courses themselves. Nothing is kept of it.
func (h *quotes) quote(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lines []shop.LineRequest `json:"lines"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	q, err := h.checkout.Quotes.Quote(r.Context(), rest.LearnerID(r.Context()), in.Lines)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewQuote(r, q))
}

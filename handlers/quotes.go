package handlers

import (
	"net/http"

	"mstm/shop"
)

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
		v.Problems = append(v.Problems, problemLine{p, sentence(r, p.Err)})
	}
	return v
}

// quote answers POST /api/quotes `{lines:[{course_id,policy_id}]}`: what these lines would
// cost the learner now, read from the courses themselves. Nothing is kept of it.
func (s *Server) quote(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Lines []shop.LineRequest `json:"lines"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	q, err := s.Checkout.Quotes.Quote(r.Context(), learnerID(r.Context()), in.Lines)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, viewQuote(r, q))
}

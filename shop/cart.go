package shop

import (
	"slices"
	"time"
)

// Cart is what a learner means to buy. Its prices are what was seen; an order asks the
// courses again. Version grows with every change and never falls, so that a page that receives two
// carts knows the newer one.
type Cart struct {
	Version int64      `json:"version"`
	Lines   []CartLine `json:"lines"` // newest first
	Total   Fen        `json:"total_fen"`
}

// Sum sets the total to the price of the lines that can be bought.
func (c *Cart) Sum() {
	c.Total = 0
	for _, l := range c.Lines {
		if !l.Problem.Blocks() {
			c.Total += l.Price
		}
	}
}

// Has reports whether the cart has a line of a course.
func (c *Cart) Has(courseID string) bool {
	return slices.ContainsFunc(c.Lines, func(l CartLine) bool { return l.CourseID == courseID })
}

// CartLine is one course under the chosen price policy.
type CartLine struct {
	CourseID string        `json:"course_id"`
	Title    string        `json:"title"`
	Cover    string        `json:"cover"`
	Policies []PricePolicy `json:"policies"` // what can be chosen, as it was seen
	PolicyID string        `json:"policy_id"`
	Price    Fen           `json:"price_fen"` // as the course was when the line was written
	AddedAt  time.Time     `json:"added_at"`
	Problem  *CartProblem  `json:"problem,omitempty"`

	Seen     Fen       `json:"-"` // the price when the policy was chosen
	CourseV  int64     `json:"-"` // the course's V when the line was written
	ChosenAt time.Time `json:"-"` // when the policy was chosen last
}

// CartProblem says why a line cannot be bought as it stands. Suggestion is a policy to
// choose instead, "" where there is none. Detail is the sentence for the reader of one
// answer; a cart that is stored or published has none.
type CartProblem struct {
	Code       string             `json:"code"`
	Params     *CartProblemParams `json:"params,omitempty"`
	Detail     string             `json:"detail,omitempty"`
	Suggestion string             `json:"suggestion,omitempty"`
}

// CartProblemParams are the figures that a sentence about a problem may name: of
// PRICE_CHANGED the price that the learner chose, in fen.
type CartProblemParams struct {
	Seen Fen `json:"seen_fen"`
}

// NewCartProblem is the problem of a line that was chosen at the price seen.
func NewCartProblem(code, suggestion string, seen Fen) *CartProblem {
	p := &CartProblem{Code: code, Suggestion: suggestion}
	if code == ErrPriceChanged.Code {
		p.Params = &CartProblemParams{Seen: seen}
	}
	return p
}

// Blocks reports whether the line cannot be bought: a new price alone does not block it.
func (p *CartProblem) Blocks() bool { return p != nil && p.Code != ErrPriceChanged.Code }

// CartBought is a line of a paid order, as it matters to the cart: the line with the same
// policy goes, and after a purchase for ever whatever line the course has.
type CartBought struct {
	CourseID string
	PolicyID string
	Lifetime bool
}

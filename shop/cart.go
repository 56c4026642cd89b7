package shop

import "time"

// Cart is what a learner means to buy. Its prices are what was seen; an order asks the
// courses again. Version grows with every change and never falls, so that of two carts
// that reach a page the newer one can be told.
type Cart struct {
	Version int64      `json:"version"`
	Lines   []CartLine `json:"lines"` // newest first
	Total   Fen        `json:"total_fen"`
}

// Sum sets the total to the price of the lines without a problem.
func (c *Cart) Sum() {
	c.Total = 0
	for _, l := range c.Lines {
		if l.Problem == nil {
			c.Total += l.Price
		}
	}
}

// CartLine is one course under the chosen price policy.
type CartLine struct {
	CourseID string        `json:"course_id"`
	Title    string        `json:"title"`
	Cover    string        `json:"cover"`
	Policies []PricePolicy `json:"policies"` // what can be chosen, as it was seen
	PolicyID string        `json:"policy_id"`
	Price    Fen           `json:"price_fen"` // seen
	AddedAt  time.Time     `json:"added_at"`
	Problem  *CartProblem  `json:"problem,omitempty"`

	CourseVersion int       `json:"-"` // of the course's price policies when the line was written
	ChosenAt      time.Time `json:"-"` // when the policy was chosen last
}

// CartProblem says why a line cannot be bought as it stands. Suggestion is a policy to
// choose instead, "" where there is none.
type CartProblem struct {
	Code       string `json:"code"`
	Detail     string `json:"detail,omitempty"`
	Suggestion string `json:"suggestion,omitempty"`
}

// CartBought is a line of a paid order, as it matters to the cart: the line with the same
// policy goes, and after a purchase for ever whatever line the course has.
type CartBought struct {
	CourseID string
	PolicyID string
	Lifetime bool
}

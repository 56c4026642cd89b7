package catalogue

import (
	"fmt"
	"time"

	"mstm/shop"
	"mstm/store"
)

// Policy is one price policy as an editor writes it. The price must be there: a forgotten one is not "free".
type Policy struct {
	ID      string          `json:"id"`
	Kind    shop.PolicyKind `json:"kind"`
	Name    string          `json:"name"`
	Stage   int             `json:"stage"`
	Period  *shop.Period    `json:"period"`
	Price   *shop.Fen       `json:"price_fen"`
	Default bool            `json:"default"`
}

// Pricing is a whole list of policies with the ladder's rules; without a ladder the course's one stays.
type Pricing struct {
	Policies []Policy     `json:"policies"`
	Ladder   *shop.Ladder `json:"ladder"`
}

// publishTo makes the list the course's next version.
func (p Pricing) publishTo(c *shop.Course, now time.Time) error {
	policies, ladder, err := p.of(c)
	if err != nil {
		return err
	}
	return c.Publish(policies, ladder, store.NewID, now)
}

// of is the list as a course has it.
func (p Pricing) of(c *shop.Course) ([]shop.PricePolicy, shop.Ladder, error) {
	policies := make([]shop.PricePolicy, len(p.Policies))
	for i, in := range p.Policies {
		if in.Price == nil {
			return nil, shop.Ladder{}, shop.ErrInvalidField.At(fmt.Sprintf("policies[%d].price_fen", i))
		}
		policies[i] = shop.PricePolicy{
			ID: in.ID, Kind: in.Kind, Name: in.Name, Stage: in.Stage, Period: in.Period, Price: *in.Price, Default: in.Default,
		}
	}
	ladder := c.Current().Ladder
	if p.Ladder != nil {
		ladder = *p.Ladder
	}
	return policies, ladder, nil
}

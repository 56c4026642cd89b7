package shop

import "time"

// Standing is a learner's past in one course: all that its offers depend on besides the
// course and the time. The zero value is a visitor nobody knows.
type Standing struct {
	Enrolment *Enrolment // nil: never had anything granted
	TrialUsed bool       // the free stage was used by this person, under this or another account
}

// Offer is a price policy as one learner may buy it now. List is the policy's price for
// everybody; Price = min(then, now) − Credit is what this learner pays, in fen.
// Available is false with the code that buying it would give in Reason.
type Offer struct {
	PolicyID  string     `json:"policy_id"`
	Version   int        `json:"version"`
	Kind      PolicyKind `json:"kind"`
	Name      string     `json:"name"`
	Stage     int        `json:"stage,omitempty"`
	Period    *Period    `json:"period,omitempty"`
	Price     Fen        `json:"price_fen"`
	List      Fen        `json:"list_price_fen"`
	Credit    Fen        `json:"credit_fen"`
	Available bool       `json:"available"`
	Reason    string     `json:"reason,omitempty"`

	CreditOrders []string `json:"-"` // orders whose stage money is the credit
	Needless     []string `json:"-"` // orders of paid stages not begun, paid back once this is granted (credit mode none)
}

// Offers lists what the course's select shows a learner with this past, best choice
// first as the editor ordered them, with what cannot be bought marked so.
func (c *Course) Offers(s Standing, now time.Time) []Offer { panic("rules") }

// Available are the offers that can be bought.
func Available(offers []Offer) []Offer { panic("rules") }

// Offer is the one offer for a policy, or the refusal that buying it gives; the refusal
// carries what can be bought instead as `offers`.
func (c *Course) Offer(policyID string, s Standing, now time.Time) (Offer, error) { panic("rules") }

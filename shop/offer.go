package shop

import "time"

// PurchaseHistory is a learner's past in one course: all that its offers depend on besides the
// course and the time. The zero value is a visitor without an account.
type PurchaseHistory struct {
	Enrolment *Enrolment // nil: never had anything granted
	TrialUsed bool       // the free stage was used by this person, under this or another account
	TrialLack *Error     // why a free stage is not for this account yet; nil: it is
}

// TrialNeeds is what an account needs for a free stage, so that one person with many accounts
// has one.
type TrialNeeds string

// What there is.
const (
	TrialNeedsNone   TrialNeeds = "none"
	TrialNeedsWeChat TrialNeeds = "wechat"
	TrialNeedsPhone  TrialNeeds = "phone"
)

// Valid reports whether n is one of the three.
func (n TrialNeeds) Valid() bool {
	return n == TrialNeedsNone || n == TrialNeedsWeChat || n == TrialNeedsPhone
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

	CreditOrders   []string  `json:"-"` // the orders whose stage money is the credit
	Needless       []string  `json:"-"` // orders of paid stages not begun, paid back once this is granted (credit mode none)
	NeedlessRefund Fen       `json:"-"` // what goes back for them, in fen
	CreditUse      CreditUse `json:"-"` // what happens to a paid stage not begun, "" without one
}

// CreditUse says what buying the full price does to a paid stage that has not begun.
type CreditUse string

// It counts towards the full price, or its price goes back; never both.
const (
	UseAsCredit CreditUse = "credit"
	UseAsRefund CreditUse = "refund"
)

// Offers lists what the course's select shows a learner with this past, best choice
// first as the editor ordered them, with what cannot be bought marked so. After them come
// the steps that only a holder may still take. A draft and a course without policies
// offer nothing.
func (c *Course) Offers(s PurchaseHistory, now time.Time) []Offer {
	offers := []Offer{}
	if c.State == CourseDraft {
		return offers
	}
	v := c.viewFor(s, now)
	for _, p := range v.current.Policies {
		offers = append(offers, v.offer(p, v.current.Version))
	}
	for _, p := range v.held.Policies {
		if _, replaced := v.current.sameStep(p); p.Kind != KindPeriod && !replaced {
			offers = append(offers, v.offer(p, v.held.Version))
		}
	}
	return offers
}

// Available are the offers that can be bought.
func Available(offers []Offer) []Offer {
	can := []Offer{}
	for _, o := range offers {
		if o.Available {
			can = append(can, o)
		}
	}
	return can
}

// Offer is the one offer for a policy, or the refusal that buying it gives; the refusal
// carries what can be bought instead as `offers`. A draft is ErrCourseNotFound, an id that
// the course never had ErrPolicyNotFound.
func (c *Course) Offer(policyID string, s PurchaseHistory, now time.Time) (Offer, error) {
	if c.State == CourseDraft {
		return Offer{}, ErrCourseNotFound
	}
	v := c.viewFor(s, now)
	o, refusal := v.find(policyID)
	if refusal != nil {
		return Offer{}, refusal.With("offers", Available(c.Offers(s, now)))
	}
	return o, nil
}

// FirstOffer is what a new cart line gets: the default policy, or, where this learner
// cannot buy that, the first one that can be bought. The refusal of the default is the
// error where there is none, ErrNoPolicies where nothing was published.
func (c *Course) FirstOffer(s PurchaseHistory, now time.Time) (Offer, error) {
	p, ok := c.Current().Default()
	if !ok {
		return Offer{}, ErrNoPolicies
	}
	o, err := c.Offer(p.ID, s, now)
	if err == nil {
		return o, nil
	}
	if can := Available(c.Offers(s, now)); len(can) > 0 {
		return can[0], nil
	}
	return Offer{}, err
}

// view is one learner's look at the prices of one course at one moment. held is the version of the
// promise, zero for a learner without a grant.
type view struct {
	course        *Course
	history       PurchaseHistory
	now           time.Time
	current, held PolicyVersion
}

func (c *Course) viewFor(s PurchaseHistory, now time.Time) view {
	held, _ := c.Version(s.Enrolment.HeldVersion())
	return view{course: c, history: s, now: now, current: c.Current(), held: held}
}

// find is the offer for a policy id. A policy that the newest version lacks is retired;
// only the steps of the version held, by their old ids, are still sold to their holder.
func (v view) find(policyID string) (Offer, *Error) {
	if err := v.closed(); err != nil {
		return Offer{}, err
	}
	version := v.current.Version
	p, ok := v.current.Policy(policyID)
	if !ok {
		if _, known := v.course.pastPolicy(policyID); !known {
			return Offer{}, ErrPolicyNotFound
		}
		version = v.held.Version
		if p, ok = v.held.Policy(policyID); !ok || p.Kind == KindPeriod {
			return Offer{}, ErrPolicyRetired
		}
	}
	if err := v.refusal(p); err != nil {
		return Offer{}, err
	}
	return v.offer(p, version), nil
}

// offer prices a policy for this learner.
func (v view) offer(p PricePolicy, version int) Offer {
	o := Offer{
		PolicyID: p.ID, Version: version, Kind: p.Kind, Name: p.Name, Stage: p.Stage, Period: p.Period,
		Price: v.promised(p), List: p.Price, Available: true,
	}
	if p.Kind == KindLifetime {
		v.creditOrReturnStages(&o)
	}
	err := v.closed()
	if err == nil {
		err = v.refusal(p)
	}
	if err != nil {
		o.Available, o.Reason = false, err.Code
	}
	return o
}

// promised is the policy's price for this learner before any credit: for a step of the
// ladder and the full price, never more than in the version held nor than today.
func (v view) promised(p PricePolicy) Fen {
	price := p.Price
	if p.Kind == KindPeriod {
		return price
	}
	for _, version := range []PolicyVersion{v.current, v.held} {
		if same, ok := version.sameStep(p); ok {
			price = min(price, same.Price)
		}
	}
	return price
}

// creditOrReturnStages says what buying the full price does with the stages paid before it: under
// credit mode paid_total all their cash counts towards it; under none the money of those
// that have not begun goes back. Money that is on its way back already is neither.
func (v view) creditOrReturnStages(o *Offer) {
	credit := v.current.Ladder.CreditMode == CreditPaidTotal
	var total Fen
	for _, g := range v.history.Enrolment.Live() {
		if g.Kind != KindStage || g.State != GrantLive || g.cash() == 0 {
			continue
		}
		notBegun := g.scheduled(v.now)
		switch {
		case credit:
			total += g.cash()
			o.CreditOrders = append(o.CreditOrders, g.OrderID)
			if notBegun {
				o.CreditUse = UseAsCredit
			}
		case notBegun:
			o.Needless = append(o.Needless, g.OrderID)
			o.NeedlessRefund += g.cash()
			o.CreditUse = UseAsRefund
		}
	}
	o.Credit = min(total, o.Price)
	o.Price -= o.Credit
}

// closed is why the learner can buy nothing of the course at all.
func (v view) closed() *Error {
	switch {
	case v.history.Enrolment.OwnsLifetime():
		return ErrAlreadyOwned
	case v.course.State != CourseOnSale:
		return ErrCourseOffSale
	}
	return nil
}

// refusal is why the learner cannot buy this policy of a course that is on sale. The full
// price is possible at any time.
func (v view) refusal(p PricePolicy) *Error {
	if p.Kind == KindLifetime {
		return nil
	}
	if p.Kind == KindStage {
		if err := v.notNext(p.Stage); err != nil {
			return err
		}
		if lack := v.history.TrialLack; lack != nil && p.Stage == 1 && v.promised(p) == 0 {
			return lack
		}
	}
	switch e := v.history.Enrolment; {
	case e.refunding():
		return ErrRefundUnderWay
	case p.Kind == KindStage && p.Stage > 1 && v.lapsed():
		return ErrStageLapsed
	case e.any(func(g Grant) bool { return g.scheduled(v.now) }):
		return ErrPeriodNotBegun
	}
	return nil
}

// notNext is why stage n is not the learner's next one.
func (v view) notNext(n int) *Error {
	e, trialUsed := v.history.Enrolment, v.history.TrialUsed
	switch {
	case e.hadStage(n, trialUsed), n == 1 && e.paidEnrolment():
		return usedStage(n)
	case n > e.StagesHad(trialUsed)+1:
		return ErrStageNotEligible
	}
	return nil
}

// usedStage is the refusal of a stage that is behind the learner.
func usedStage(n int) *Error {
	if n == 1 {
		return ErrTrialUsed
	}
	return ErrStageAlreadyUsed
}

// lapsed reports whether the learner was away for longer than the ladder allows: after
// the last of so many days behind the last day of access.
func (v view) lapsed() bool {
	days, end := v.current.Ladder.LapseAfterDays, v.history.Enrolment.lastEnd()
	return days > 0 && end != nil && !v.now.Before(end.Add(time.Duration(days)*24*time.Hour))
}

// sameStep finds what stands for p in this version under whatever id: the same stage of
// the ladder, or the full price. Nothing stands for a period but itself.
func (v PolicyVersion) sameStep(p PricePolicy) (PricePolicy, bool) {
	for _, q := range v.Policies {
		if q.Kind == p.Kind && q.Stage == p.Stage && (p.Kind != KindPeriod || q.ID == p.ID) {
			return q, true
		}
	}
	return PricePolicy{}, false
}

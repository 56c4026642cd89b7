package shop

import (
	"slices"
	"time"
)

// PolicyKind says what a price policy sells.
type PolicyKind string

// A stage is one step of the course's ladder, sold once each and in order; a period is
// sold as often as wanted; lifetime is the full price, for ever.
const (
	KindStage    PolicyKind = "stage"
	KindPeriod   PolicyKind = "period"
	KindLifetime PolicyKind = "lifetime"
)

// PricePolicy is one row of the select that the buyer chooses from. Its id stays the
// same from version to version.
type PricePolicy struct {
	ID      string     `bson:"id" json:"id"`
	Kind    PolicyKind `bson:"kind" json:"kind"`
	Name    string     `bson:"name" json:"name"`
	Stage   int        `bson:"stage,omitempty" json:"stage,omitempty"`   // from 1, stages only
	Period  *Period    `bson:"period,omitempty" json:"period,omitempty"` // stages and periods
	Price   Fen        `bson:"price_fen" json:"price_fen"`
	Default bool       `bson:"default,omitempty" json:"default,omitempty"`
}

// Period is how long a policy opens a course: so many calendar months or days.
type Period struct {
	Unit  PeriodUnit `bson:"unit" json:"unit"`
	Count int        `bson:"count" json:"count"`
}

// PeriodUnit is what a period counts in.
type PeriodUnit string

// Periods count calendar months or days in Asia/Shanghai.
const (
	Month PeriodUnit = "month"
	Day   PeriodUnit = "day"
)

// CreditMode says whether stages already paid count towards the full price.
type CreditMode string

// CreditNone is the default; with CreditPaidTotal the full price falls by the cash
// really paid for the course's un-refunded stages.
const (
	CreditNone      CreditMode = "none"
	CreditPaidTotal CreditMode = "paid_total"
)

// Ladder is what holds for the stages of a course together. LapseAfterDays 0 means that
// a return is never too late.
type Ladder struct {
	CreditMode     CreditMode `bson:"credit_mode" json:"credit_mode"`
	LapseAfterDays int        `bson:"lapse_after_days" json:"lapse_after_days"`
}

// PolicyVersion is the whole list of policies as it was published at one moment. It is
// never edited; a change is the next version.
type PolicyVersion struct {
	Version     int           `bson:"version" json:"version"`
	PublishedAt time.Time     `bson:"published_at" json:"published_at"`
	Policies    []PricePolicy `bson:"policies" json:"policies"`
	Ladder      Ladder        `bson:"ladder" json:"ladder"`
}

// Default is the policy that a new cart line gets.
func (v PolicyVersion) Default() (PricePolicy, bool) {
	for _, p := range v.Policies {
		if p.Default {
			return p, true
		}
	}
	if len(v.Policies) > 0 {
		return v.Policies[0], true
	}
	return PricePolicy{}, false
}

// Lowest is the lowest price of all policies, 0 without one.
func (v PolicyVersion) Lowest() (lowest Fen) {
	for i, p := range v.Policies {
		if i == 0 || p.Price < lowest {
			lowest = p.Price
		}
	}
	return lowest
}

// Whole is what a buyer of all of the course pays in the end: the lowest price for ever, or without one the lowest
// that is not a free stage's. 0 says that the course really is free.
func (v PolicyVersion) Whole() Fen {
	lowest := func(counts func(PricePolicy) bool) (price Fen, ok bool) {
		for _, p := range v.Policies {
			if counts(p) && (!ok || p.Price < price) {
				price, ok = p.Price, true
			}
		}
		return price, ok
	}
	if price, ok := lowest(func(p PricePolicy) bool { return p.Kind == KindLifetime }); ok {
		return price
	}
	price, _ := lowest(func(p PricePolicy) bool { return p.Kind != KindStage || p.Price > 0 })
	return price
}

// AfterFree is the price of the stage that follows the free ones, or of the whole course where none does; ok is false where
// no stage is free.
func (v PolicyVersion) AfterFree() (price Fen, ok bool) {
	if !v.HasFreeStage() {
		return 0, false
	}
	next := 0
	for _, p := range v.Policies {
		if p.Kind == KindStage && p.Price > 0 && (next == 0 || p.Stage < next) {
			next, price = p.Stage, p.Price
		}
	}
	if next == 0 {
		price = v.Whole()
	}
	return price, true
}

// FreePeriod is how long the first free stage opens the course; nil without one.
func (v PolicyVersion) FreePeriod() (period *Period) {
	first := 0
	for _, p := range v.Policies {
		if p.Kind == KindStage && p.Price == 0 && (first == 0 || p.Stage < first) {
			first, period = p.Stage, p.Period
		}
	}
	return period
}

// HasFreeStage reports whether a stage costs nothing.
func (v PolicyVersion) HasFreeStage() bool {
	return slices.ContainsFunc(v.Policies, func(p PricePolicy) bool { return p.Kind == KindStage && p.Price == 0 })
}

// Policy finds a policy by its id.
func (v PolicyVersion) Policy(id string) (PricePolicy, bool) {
	for _, p := range v.Policies {
		if p.ID == id {
			return p, true
		}
	}
	return PricePolicy{}, false
}

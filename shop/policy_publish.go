package shop

import (
	"fmt"
	"slices"
	"time"
)

// The limits of a list of price policies.
const (
	maxPolicies     = 20
	maxPolicyName   = 40 // characters
	maxPeriodMonths = 120
	maxPeriodDays   = 3660
	maxLapseDays    = 3660
)

// Publish appends the next version of the course's price policies. Older versions stay as
// they are. A policy with an id is one that the course has or had, and keeps its kind and
// stage; one without gets newID(). Where no policy is the default, the first one is. Every
// refusal is ErrInvalidField at the field, `policies[2].price_fen`, and leaves the course
// as it was.
func (c *Course) Publish(policies []PricePolicy, ladder Ladder, newID func() string, now time.Time) error {
	if len(policies) == 0 || len(policies) > maxPolicies {
		return ErrInvalidField.At("policies").Because(fmt.Sprintf("须有 1 到 %d 个价格方案", maxPolicies), fmt.Sprintf("A course has 1 to %d price policies.", maxPolicies))
	}
	if ladder.CreditMode == "" {
		ladder.CreditMode = CreditNone
	}
	if err := ladder.validate(); err != nil {
		return err
	}
	policies = slices.Clone(policies)
	for i := range policies {
		p := &policies[i]
		field := c.wrongField(p)
		if field == "" {
			field = clashes(policies[:i], *p)
		}
		if field != "" {
			return unfitPolicy(field).At(fmt.Sprintf("policies[%d].%s", i, field))
		}
	}
	if i := stageWithoutPrevious(policies); i >= 0 {
		return unfitPolicy("stage").At(fmt.Sprintf("policies[%d].stage", i))
	}
	c.appendVersion(policies, ladder, newID, now)
	return nil
}

// unfitPolicy says what the field of a policy has to be.
func unfitPolicy(field string) *Error {
	switch field {
	case "name":
		return ErrInvalidField.Because(fmt.Sprintf("价格方案须有名称，最多 %d 个字", maxPolicyName), fmt.Sprintf("A price policy has a name of at most %d characters.", maxPolicyName))
	case "kind":
		return ErrInvalidField.Because("价格方案的类型不能更改，永久价格只能有一个", "The kind of a price policy cannot change, and one of them may be for ever.")
	case "stage":
		return ErrInvalidField.Because("阶段从 1 起连续编号，每个阶段一个价格，编号不能更改", "Stages are counted from 1 without a gap, one price each, and keep their number.")
	case "price_fen":
		return ErrInvalidField.Because(fmt.Sprintf("价格须在 ¥0 到 ¥%d 之间", MaxPrice/100), fmt.Sprintf("A price is between ¥0 and ¥%d.", MaxPrice/100))
	case "period", "period.unit", "period.count":
		return ErrInvalidField.Because(fmt.Sprintf("阶段和按期的价格须有时长：1 到 %d 个月，或 1 到 %d 天；永久价格没有时长", maxPeriodMonths, maxPeriodDays),
			fmt.Sprintf("A stage or period lasts 1 to %d months or 1 to %d days; what is for ever has no length.", maxPeriodMonths, maxPeriodDays))
	case "default":
		return ErrInvalidField.Because("只能有一个默认价格方案", "One price policy alone is the default.")
	}
	return ErrInvalidField
}

// appendVersion takes policies that are known to be right.
func (c *Course) appendVersion(policies []PricePolicy, ladder Ladder, newID func() string, now time.Time) {
	hasDefault := slices.ContainsFunc(policies, func(p PricePolicy) bool { return p.Default })
	for i := range policies {
		p := &policies[i]
		if p.ID == "" {
			p.ID = newID()
		}
		if p.Period != nil {
			own := *p.Period // what is published is never edited, not through the caller's pointer either
			p.Period = &own
		}
		p.Default = p.Default || !hasDefault && i == 0
	}
	c.Versions = append(slices.Clip(c.Versions), PolicyVersion{
		Version: c.Current().Version + 1, PublishedAt: now.UTC(), Policies: policies, Ladder: ladder,
	})
	c.UpdatedAt = now.UTC()
}

func (l Ladder) validate() error {
	if l.CreditMode != CreditNone && l.CreditMode != CreditPaidTotal {
		return ErrInvalidField.At("ladder.credit_mode")
	}
	if l.LapseAfterDays < 0 || l.LapseAfterDays > maxLapseDays {
		return ErrInvalidField.At("ladder.lapse_after_days")
	}
	return nil
}

// wrongField cleans the name of p and names the first field that cannot be, "" where all is well.
func (c *Course) wrongField(p *PricePolicy) string {
	before, known := c.pastPolicy(p.ID)
	switch {
	case p.ID != "" && !known:
		return "id"
	case p.Kind != KindStage && p.Kind != KindPeriod && p.Kind != KindLifetime, known && p.Kind != before.Kind:
		return "kind"
	case !isLine(&p.Name, 1, maxPolicyName):
		return "name"
	case (p.Kind == KindStage) != (p.Stage > 0), p.Stage < 0, known && p.Stage != before.Stage:
		return "stage"
	case p.Price < 0 || p.Price > MaxPrice:
		return "price_fen"
	case p.Kind == KindLifetime && p.Period != nil, p.Kind != KindLifetime && p.Period == nil:
		return "period"
	case p.Period != nil:
		return p.Period.wrongField()
	}
	return ""
}

func (p Period) wrongField() string {
	most := map[PeriodUnit]int{Month: maxPeriodMonths, Day: maxPeriodDays}[p.Unit]
	switch {
	case most == 0:
		return "period.unit"
	case p.Count < 1 || p.Count > most:
		return "period.count"
	}
	return ""
}

// clashes names the field of p that cannot be beside the policies before it.
func clashes(before []PricePolicy, p PricePolicy) string {
	for _, q := range before {
		switch {
		case p.ID != "" && p.ID == q.ID:
			return "id"
		case p.Kind == KindLifetime && q.Kind == KindLifetime:
			return "kind"
		case p.Kind == KindStage && p.Stage == q.Stage:
			return "stage"
		case p.Default && q.Default:
			return "default"
		}
	}
	return ""
}

// stageWithoutPrevious is the index of a stage without the stage before it, -1 where the ladder
// has no hole.
func stageWithoutPrevious(policies []PricePolicy) int {
	return slices.IndexFunc(policies, func(p PricePolicy) bool {
		return p.Stage > 1 && !slices.ContainsFunc(policies, func(q PricePolicy) bool { return q.Stage == p.Stage-1 })
	})
}

// pastPolicy is the policy with this id in whichever version had it last.
func (c *Course) pastPolicy(id string) (PricePolicy, bool) {
	for _, v := range slices.Backward(c.Versions) {
		if p, ok := v.Policy(id); ok {
			return p, true
		}
	}
	return PricePolicy{}, false
}

package sample

import "mstm/shop"

// prices is what a draft sells: policies without their ids, and what holds for its ladder.
type prices struct {
	policies []shop.PricePolicy
	ladder   shop.Ladder
}

// version publishes the prices of a course for the first time. A policy's id begins with
// the course's, so that no policy passes for one of another course.
func (p prices) version(courseID string) shop.PolicyVersion {
	v := shop.PolicyVersion{Version: 1, Ladder: p.ladder}
	if v.Ladder.CreditMode == "" {
		v.Ladder.CreditMode = shop.CreditNone
	}
	for i, policy := range p.policies {
		policy.ID = courseID + policy.ID
		policy.Default = i == 0
		v.Policies = append(v.Policies, policy)
	}
	return v
}

// credited counts what was paid for stages towards the full price.
func (p prices) credited() prices {
	p.ladder.CreditMode = shop.CreditPaidTotal
	return p
}

// lapsing leaves only the full price to a learner that stays away for longer than so many days.
func (p prices) lapsing(days int) prices {
	p.ladder.LapseAfterDays = days
	return p
}

// ladder is the first month free, the second at a fifth and the third at three tenths of
// the full price, or the full price for ever.
func ladder(full shop.Fen) prices {
	return selling(
		stage("s1", "首月免费", 1, 0),
		stage("s2", "第 2 个月", 2, roundTen(full*20/100)),
		stage("s3", "第 3 个月", 3, roundTen(full*30/100)),
		lifetime(full),
	)
}

// roundTen rounds to ten whole yuan: of ¥999, a fifth is ¥200.
func roundTen(price shop.Fen) shop.Fen {
	const ten = 1000
	return (price + ten/2) / ten * ten
}

// selling offers the policies in this order; the first is the default.
func selling(policies ...shop.PricePolicy) prices { return prices{policies: policies} }

// once sells the course for ever and in no other way.
func once(full shop.Fen) prices { return selling(lifetime(full)) }

func stage(id, name string, n int, price shop.Fen) shop.PricePolicy {
	return shop.PricePolicy{ID: id, Kind: shop.KindStage, Name: name, Stage: n, Period: span(1, shop.Month), Price: price}
}

func lifetime(price shop.Fen) shop.PricePolicy {
	return shop.PricePolicy{ID: "full", Kind: shop.KindLifetime, Name: "全款 永久学习", Price: price}
}

func week(price shop.Fen) shop.PricePolicy {
	return period("week", "7 天体验", span(7, shop.Day), price)
}

func month(price shop.Fen) shop.PricePolicy {
	return period("month", "包月", span(1, shop.Month), price)
}

func quarter(price shop.Fen) shop.PricePolicy {
	return period("quarter", "包季", span(3, shop.Month), price)
}

func year(price shop.Fen) shop.PricePolicy {
	return period("year", "包年", span(12, shop.Month), price)
}

func period(id, name string, p *shop.Period, price shop.Fen) shop.PricePolicy {
	return shop.PricePolicy{ID: id, Kind: shop.KindPeriod, Name: name, Period: p, Price: price}
}

func span(count int, unit shop.PeriodUnit) *shop.Period {
	return &shop.Period{Unit: unit, Count: count}
}

package modeltest

import (
	"cmp"
	"slices"
	"time"

	"mstm/shop"
)

// The rules of price once more, as simply as they can be said, so that the shop's own are
// held against something that was written apart from them.

var shanghai = time.FixedZone("+08:00", 8*60*60)

// course is what the model knows of a course: every price list that was ever published.
type course struct {
	id     string
	lists  []priceList
	onSale bool
}

// priceList is one version: what each policy id costs, which of them are stages, and the
// ladder's terms.
type priceList struct {
	at     time.Time
	prices map[string]shop.Fen // by policy id
	credit bool                // stages paid count towards the full price
	lapse  int                 // days after which only the full price is left, 0: never
}

// The policies that a course may have; lists differ in which, and in prices.
const (
	stage1, stage2, stage3 = "s1", "s2", "s3"
	monthly, tenDays       = "month", "tendays"
	full                   = "full"
)

var stageOf = map[string]int{stage1: 1, stage2: 2, stage3: 3}

func (c *course) now() priceList { return c.lists[len(c.lists)-1] }

// versionAt is the number of the price list that was the newest at t.
func (c *course) versionAt(t time.Time) int {
	n := 0
	for _, l := range c.lists {
		if !l.at.After(t) {
			n++
		}
	}
	return n
}

// had is one purchase of a course that was granted, as the model believes it.
type had struct {
	order       string
	policy      string
	free        bool // list price 0
	paid, back  shop.Fen
	version     int
	at, from    time.Time
	until       time.Time // zero: for ever
	frozen      bool      // a refund that ends it is under way
	revoked     bool
	revokedAt   time.Time
	creditFrom  []string
	anchor      time.Time // of the unbroken stretch
	months, day int       // bought in that stretch
}

func (h had) stage() int     { return stageOf[h.policy] }
func (h had) lifetime() bool { return h.policy == full }

// past is what one learner had of one course, in the order of granting.
type past []had

func (p past) standing() (all past) {
	for _, h := range p {
		if !h.revoked {
			all = append(all, h)
		}
	}
	return all
}

func (p past) any(is func(had) bool) bool { return slices.ContainsFunc(p, is) }

// counter is how many stages were had. A free one stays had whatever becomes of it.
func (p past) counter() int {
	n := 0
	for {
		next := n + 1
		if !p.any(func(h had) bool { return h.stage() >= next && !h.revoked || h.stage() == next && h.free }) {
			return n
		}
		n = next
	}
}

// refusal is the code with which a policy is refused at t, "" where it can be bought.
func (c *course) refusal(policy string, p past, t time.Time) string {
	up := p.standing()
	_, sold := c.now().prices[policy]
	n := stageOf[policy]
	switch {
	case up.any(had.lifetime):
		return "ALREADY_OWNED"
	case !c.onSale:
		return "COURSE_OFF_SALE"
	case !sold && !c.promised(policy, p):
		return "POLICY_RETIRED"
	case policy == full:
		return ""
	case n == 1 && (p.counter() > 0 || up.any(func(h had) bool { return !h.free })):
		return "TRIAL_USED"
	case n > 0 && n <= p.counter():
		return "STAGE_ALREADY_USED"
	case n > p.counter()+1:
		return "STAGE_NOT_ELIGIBLE"
	case up.any(func(h had) bool { return h.frozen }):
		return "REFUND_UNDER_WAY"
	case n > 1 && c.lapsed(up, t):
		return "STAGE_LAPSED"
	case up.any(func(h had) bool { return t.Before(h.from) }):
		return "PERIOD_NOT_BEGUN"
	}
	return ""
}

// held is the price list that a holder is promised.
func (c *course) held(p past) (priceList, bool) {
	if up := p.standing(); len(up) > 0 {
		return c.lists[up[0].version-1], true
	}
	return priceList{}, false
}

func (c *course) promised(policy string, p past) bool {
	list, holds := c.held(p)
	_, there := list.prices[policy]
	return holds && there && policy != monthly && policy != tenDays
}

func (c *course) lapsed(up past, t time.Time) bool {
	days := c.now().lapse
	var end time.Time
	for _, h := range up {
		if h.until.After(end) {
			end = h.until
		}
	}
	return days > 0 && !end.IsZero() && !t.Before(end.AddDate(0, 0, days))
}

// price is what a policy costs the learner, and how much of the full price earlier stages
// have paid.
func (c *course) price(policy string, p past) (price, credit shop.Fen) {
	price = -1
	lower := func(l priceList) {
		if v, ok := l.prices[policy]; ok && (price < 0 || v < price) {
			price = v
		}
	}
	lower(c.now())
	if c.promised(policy, p) {
		list, _ := c.held(p)
		lower(list)
	}
	if policy != full || !c.now().credit {
		return price, 0
	}
	for _, h := range p.standing() {
		if h.stage() > 0 && !h.frozen {
			credit += max(0, h.paid-h.back)
		}
	}
	credit = min(credit, price)
	return price - credit, credit
}

// grant adds a purchase to the past: a period begins where the last one ends, or at t
// where nothing is left. gone says whether an earlier one was undone by then.
func (p past) grant(h had, gone func(had) bool) past {
	h.from, h.anchor = h.at, midnight(h.at)
	if h.lifetime() {
		return append(p, h)
	}
	for _, e := range p {
		if !gone(e) && e.until.After(h.from) {
			h.from, h.anchor, h.months, h.day = e.until, e.anchor, e.months, e.day
		}
	}
	if h.policy == tenDays {
		h.day += 10
	} else {
		h.months++
	}
	h.until = lastDay(h.anchor, h.months).AddDate(0, 0, h.day+1)
	return append(p, h)
}

func midnight(t time.Time) time.Time {
	y, m, d := t.In(shanghai).Date()
	return time.Date(y, m, d, 0, 0, 0, 0, shanghai)
}

// lastDay is the day so many calendar months after the anchor, or the last of a month
// that is too short.
func lastDay(anchor time.Time, months int) time.Time {
	y, m, d := anchor.Date()
	first := time.Date(y, m+time.Month(months), 1, 0, 0, 0, 0, shanghai)
	return first.AddDate(0, 0, min(d, first.AddDate(0, 1, -1).Day())-1)
}

// open reports whether lessons are open at t.
func (p past) open(t time.Time) bool {
	return p.any(func(h had) bool {
		return !h.revoked && !h.frozen && !t.Before(h.from) && (h.until.IsZero() || t.Before(h.until))
	})
}

// refundOf is what the shop's rule gives back for one line of an order at t, or the code
// of its refusal.
func refundOf(o *shop.Order, line shop.OrderLine, p past, t time.Time) (amount shop.Fen, code string) {
	up := p.standing()
	i := slices.IndexFunc(up, func(h had) bool { return h.order == o.ID })
	switch {
	case i < 0:
		return 0, "NOT_REFUNDABLE"
	case up.any(func(h had) bool { return slices.Contains(h.creditFrom, o.ID) }):
		return 0, "CREDIT_CONSUMED"
	case i < len(up)-1:
		return 0, "REFUND_LATER_STAGE_FIRST"
	}
	h := up[i]
	paidAt := o.CreatedAt
	if o.PaidAt != nil {
		paidAt = *o.PaidAt
	}
	left := min(line.Price-h.back, o.Paid-o.Refunded)
	switch {
	case line.Price == 0 && line.Credit == 0:
		if !t.Before(h.until) && !h.until.IsZero() {
			return 0, "NOT_REFUNDABLE"
		}
		return 0, ""
	case !t.After(paidAt.AddDate(0, 0, 7)):
		amount = left
		if amount <= 0 && line.Price > 0 {
			return 0, "NOT_REFUNDABLE"
		}
	case h.until.IsZero():
		return 0, "NOT_REFUNDABLE"
	default:
		unused := days(later(t, h.from), h.until)
		amount = min(line.Price*shop.Fen(unused)/shop.Fen(days(h.from, h.until)), left)
		if amount <= 0 {
			return 0, "NOT_REFUNDABLE"
		}
	}
	return amount, tooSoon(o, amount, paidAt, t)
}

// tooSoon is why WeChat would not pay back now.
func tooSoon(o *shop.Order, amount shop.Fen, paidAt, t time.Time) string {
	switch {
	case amount == 0:
		return ""
	case t.After(paidAt.AddDate(0, 0, 365)):
		return "REFUND_WINDOW_CLOSED"
	case slices.ContainsFunc(o.Refunds, func(r shop.Refund) bool { return !r.Duplicate && t.Before(r.CreatedAt.Add(time.Minute)) }):
		return "REFUND_TOO_SOON"
	}
	return ""
}

func days(from, until time.Time) int64 { return max(0, int64(until.Sub(from)/(24*time.Hour))) }

func later(a, b time.Time) time.Time {
	if cmp.Compare(a.UnixNano(), b.UnixNano()) > 0 {
		return a
	}
	return b
}

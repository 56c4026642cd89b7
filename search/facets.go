package search

import "mstm/shop"

// The values of the facets, as the API names them.
const (
	PriceFree     = "free" // nothing has to be paid for any of it, ever
	PriceUnder100 = "under_100"
	PriceTo500    = "100_to_500"
	PriceOver500  = "over_500"

	LengthShort  = "short"  // under three hours
	LengthMedium = "medium" // up to ten
	LengthLong   = "long"
)

// The values of each facet in the order in which they are shown.
var (
	Prices  = []string{PriceFree, PriceUnder100, PriceTo500, PriceOver500}
	Lengths = []string{LengthShort, LengthMedium, LengthLong}
	Levels  = shop.Levels
)

// facets are what a course is filtered by.
type facets struct {
	price     string
	freeMonth bool
	length    string
	level     string
	cost      shop.Fen // what a price sorts by
}

func facetsOf(c *shop.Course) facets {
	prices := c.Current()
	f := facets{freeMonth: prices.HasFreeStage(), level: string(c.Level), cost: prices.Whole()}
	if p, ok := prices.Default(); ok && p.Price > 0 {
		f.cost = p.Price
	}
	switch {
	case f.cost == 0:
		f.price = PriceFree
	case f.cost < 100_00:
		f.price = PriceUnder100
	case f.cost <= 500_00:
		f.price = PriceTo500
	default:
		f.price = PriceOver500
	}
	const hour = 60 * 60
	switch s := c.Duration(); {
	case s < 3*hour:
		f.length = LengthShort
	case s <= 10*hour:
		f.length = LengthMedium
	default:
		f.length = LengthLong
	}
	return f
}

// Filter is what a listing is narrowed to; empty values narrow nothing.
type Filter struct {
	Category  string
	Price     string // of Prices
	FreeMonth bool
	Length    string // of Lengths
	Level     string // of Levels
}

// The facets of a filter, each of which is counted as if it were not narrowed to.
const (
	byCategory = iota
	byPrice
	byFreeMonth
	byLength
	byLevel
	facetCount
)

// misses says by which facets a document is out, as bits.
func (q *Filter) misses(d *document) (bits int) {
	out := func(facet int, is bool) {
		if is {
			bits |= 1 << facet
		}
	}
	out(byCategory, q.Category != "" && d.course.CategoryID != q.Category)
	out(byPrice, q.Price != "" && d.facets.price != q.Price)
	out(byFreeMonth, q.FreeMonth && !d.facets.freeMonth)
	out(byLength, q.Length != "" && d.facets.length != q.Length)
	out(byLevel, q.Level != "" && d.facets.level != q.Level)
	return bits
}

// Counts say how many of the courses that the words find have each value of a facet, under the other facets as they are
// chosen.
type Counts struct {
	Category  map[string]int
	Price     map[string]int
	FreeMonth int
	Length    map[string]int
	Level     map[string]int
}

func newCounts() Counts {
	return Counts{Category: map[string]int{}, Price: map[string]int{}, Length: map[string]int{}, Level: map[string]int{}}
}

// add counts a document that is out by the facets in bits.
func (c *Counts) add(d *document, bits int) {
	only := func(facet int) bool { return bits&^(1<<facet) == 0 }
	if only(byCategory) {
		c.Category[d.course.CategoryID]++
	}
	if only(byPrice) {
		c.Price[d.facets.price]++
	}
	if only(byFreeMonth) && d.facets.freeMonth {
		c.FreeMonth++
	}
	if only(byLength) {
		c.Length[d.facets.length]++
	}
	if only(byLevel) && d.facets.level != "" {
		c.Level[d.facets.level]++
	}
}

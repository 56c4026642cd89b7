// Package stats are the rules of the shop's figures: what an order, an enrolment and an account count for, on which
// day. Pure: no I/O, no clock.
//
// What is counted is a function of the thing as it stands (Order, Enrolment, User). Where the thing changes, the
// difference to what was counted before is added, so that counting it again adds nothing, and a refund that fails takes
// its money out of the figures again.
package stats

import (
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// The names of what is counted. Those of a course, or of a course and a policy, follow a name after a slash.
const (
	Orders     = "orders"     // placed
	Bought     = "bought"     // paid, or placed and free
	In         = "in"         // fen that came in, as in the finance export
	Out        = "out"        // fen that went back, as in the finance export
	People     = "people"     // new accounts
	Sold       = "sold"       // lines that were paid, by course and policy
	Exceptions = "exceptions" // orders whose money waits for a person
	Stuck      = "stuck"      // orders with a refund that WeChat could not carry out

	funnel = "funnel" // by course and step
)

// The steps of a course's funnel beside the numbers of the stages.
const (
	StepFull   = "full"   // bought for ever, by a learner that entered by a stage
	StepDirect = "direct" // bought for ever without a stage before
)

// NoPart stands for course and policy where money belongs to no line of an order.
const NoPart = "-"

// Sums are figures by name. A figure that is 0 is left out.
type Sums map[string]int64

// Add adds other to the sums.
func (s Sums) Add(other Sums) {
	for name, n := range other {
		s.add(name, n)
	}
}

func (s Sums) add(name string, n int64) {
	if s[name] += n; s[name] == 0 {
		delete(s, name)
	}
}

// Cell is one figure as it is stored.
type Cell struct {
	Name string `bson:"k"`
	N    int64  `bson:"n"`
}

// Cells are the sums as a list in the order of the names.
func (s Sums) Cells() []Cell {
	cells := make([]Cell, 0, len(s))
	for _, name := range slices.Sorted(maps.Keys(s)) {
		cells = append(cells, Cell{name, s[name]})
	}
	return cells
}

// SumsOf reads a list of cells.
func SumsOf(cells []Cell) Sums {
	s := Sums{}
	for _, c := range cells {
		s.add(c.Name, c.N)
	}
	return s
}

// Pages are sums by the page on which they stand.
type Pages map[string]Sums

func (p Pages) add(page, name string, n int64) {
	if p[page] == nil {
		p[page] = Sums{}
	}
	if p[page].add(name, n); len(p[page]) == 0 {
		delete(p, page)
	}
}

// Add adds other to the pages.
func (p Pages) Add(other Pages) {
	for page, sums := range other {
		for name, n := range sums {
			p.add(page, name, n)
		}
	}
}

// Negative is the pages with the other sign.
func (p Pages) Negative() Pages { return Pages{}.Minus(p) }

// Minus is what p has more, or less, than other.
func (p Pages) Minus(other Pages) Pages {
	diff := Pages{}
	diff.Add(p)
	for page, sums := range other {
		for name, n := range sums {
			diff.add(page, name, -n)
		}
	}
	return diff
}

// PageNow is the page of what is so now, whatever the day.
const PageNow = "now"

// The pages of a day, of the most that were there at once on a day, and of the learners that entered in a week.
const (
	dayPage  = "day:"
	peakPage = "peak:"
	weekPage = "week:"
)

// PageOfDay is the page of a day's figures.
func PageOfDay(d shop.Date) string { return dayPage + string(d) }

// PageOfPeaks is the page of a day's peaks.
func PageOfPeaks(d shop.Date) string { return peakPage + string(d) }

// PageOfWeek is the page of the week that a day is in, named by its Monday.
func PageOfWeek(d shop.Date) string { return weekPage + string(Monday(d)) }

// Monday is the first day of a day's week.
func Monday(d shop.Date) shop.Date {
	day := int(d.Start().Add(8 * time.Hour).Weekday()) // of the calendar in China
	return d.Add(-(day + 6) % 7)
}

// Source is a thing that figures are made of, at a version, and what it counts for.
type Source struct {
	ID string // kind:id
	V  int64
	Pages
}

// Order is what an order counts for. Money is Order.Cash, so that the sums of a day are those of the finance export.
func Order(o *shop.Order) Source {
	p := Pages{}
	if o.UserID != "" && !isStray(o) {
		p.add(PageOfDay(shop.DateOf(o.CreatedAt)), Orders, 1)
	}
	for _, c := range o.Cash() {
		addCash(p, o, c)
	}
	if o.State == shop.OrderException {
		p.add(PageNow, Exceptions, 1)
	}
	if slices.ContainsFunc(o.Refunds, func(r shop.Refund) bool { return r.State == shop.RefundAbnormal }) {
		p.add(PageNow, Stuck, 1)
	}
	return Source{OrderID(o.ID), o.V, p}
}

// isStray reports whether the order was made by a person, for the refund of a payment without one.
func isStray(o *shop.Order) bool { return len(o.History) > 0 && o.History[0].Move == shop.MoveStray }

func addCash(p Pages, o *shop.Order, c shop.Cash) {
	page := PageOfDay(c.Day())
	p.add(page, In, int64(c.In))
	p.add(page, Out, int64(c.Left()))
	if c.IsRefund() {
		addBack(p, page, o, c)
		return
	}
	fits := c.Kind == shop.CashFreeOrder || c.Kind == shop.CashPayment && c.TransactionID == o.Transaction && c.In == prices(o)
	if !fits {
		p.add(page, part(In, NoPart, NoPart), int64(c.In))
		return
	}
	p.add(page, Bought, 1)
	for _, l := range o.Lines {
		p.add(page, part(In, l.CourseID, l.PolicyID), int64(l.Price))
		p.add(page, part(Sold, l.CourseID, l.PolicyID), 1)
	}
}

// addBack adds what went back to the lines that it belongs to.
func addBack(p Pages, page string, o *shop.Order, c shop.Cash) {
	rest := c.Left()
	i := slices.IndexFunc(o.Refunds, func(r shop.Refund) bool { return r.OutRefundNo == c.OutRefundNo })
	if i >= 0 && rest > 0 {
		for _, back := range o.Refunds[i].Lines {
			line := slices.IndexFunc(o.Lines, func(l shop.OrderLine) bool { return l.CourseID == back.CourseID })
			if amount := min(back.Amount, rest); line >= 0 && amount > 0 {
				p.add(page, part(Out, back.CourseID, o.Lines[line].PolicyID), int64(amount))
				rest -= amount
			}
		}
	}
	p.add(page, part(Out, NoPart, NoPart), int64(rest))
}

func prices(o *shop.Order) (sum shop.Fen) {
	for _, l := range o.Lines {
		sum += l.Price
	}
	return sum
}

// User is what an account counts for. It stays counted when it is deleted.
func User(u *shop.User) Source {
	return Source{UserID(u.ID), 1, Pages{PageOfDay(shop.DateOf(u.CreatedAt)): {People: 1}}}
}

// Enrolment is how far a learner has come on a course's ladder, in the week of the first step. Grants that were revoked
// count no more.
func Enrolment(e *shop.Enrolment) Source {
	s := Source{EnrolmentID(e.ID), e.V, Pages{}}
	live := e.Live()
	if len(live) == 0 {
		return s
	}
	first := slices.MinFunc(live, func(a, b shop.Grant) int { return a.At.Compare(b.At) })
	page := PageOfWeek(shop.DateOf(first.At))
	if first.Kind == shop.KindLifetime {
		s.add(page, part(funnel, e.CourseID, StepDirect), 1)
		return s
	}
	for step := range steps(live) {
		s.add(page, part(funnel, e.CourseID, step), 1)
	}
	return s
}

// steps are those of the ladder that some grants make up. A learner that had no stage is in none.
func steps(live []shop.Grant) map[string]bool {
	had, full := map[string]bool{}, false
	for _, g := range live {
		if g.Kind == shop.KindStage && g.Stage > 0 {
			had[strconv.Itoa(g.Stage)] = true
		}
		full = full || g.Kind == shop.KindLifetime
	}
	if full && len(had) > 0 {
		had[StepFull] = true
	}
	return had
}

// The kinds of sources.
const (
	orderPrefix     = "order:"
	userPrefix      = "user:"
	enrolmentPrefix = "enrolment:"
)

// OrderID, UserID and EnrolmentID name sources.
func OrderID(id string) string { return orderPrefix + id }

// UserID names the source that an account is.
func UserID(id string) string { return userPrefix + id }

// EnrolmentID names the source that an enrolment is.
func EnrolmentID(id string) string { return enrolmentPrefix + id }

// OrderOf is the order's id that a source names.
func OrderOf(source string) (id string, ok bool) { return strings.CutPrefix(source, orderPrefix) }

// UserOf is the account's id that a source names.
func UserOf(source string) (id string, ok bool) { return strings.CutPrefix(source, userPrefix) }

func part(name, course, of string) string { return name + "/" + course + "/" + of }

// parted is the reverse of part.
func parted(name string) (what, course, of string, ok bool) {
	parts := strings.Split(name, "/")
	if len(parts) != 3 {
		return "", "", "", false
	}
	return parts[0], parts[1], parts[2], true
}

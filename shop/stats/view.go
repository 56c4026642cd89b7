package stats

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// MostDays is how many days one report covers at most.
const MostDays = 366

// The peaks of a day, and what is so now.
const (
	Online   = "online"   // sockets, pages of visitors included
	Watching = "watching" // learners that play a lesson
)

// PageOfRecount says when the figures were last held against what they are made of, and what was wrong.
const PageOfRecount = "recount"

// The figures on PageOfRecount.
const (
	RecountedAt = "at"       // Unix seconds
	Missed      = "missed"   // sources that were not counted as they stand
	Repaired    = "repaired" // figures of pages that were not the sum of what was counted
)

// IsSum reports whether a page is the sum of what sources count for.
func IsSum(page string) bool {
	return page != PageOfRecount && page != PageOfCheck && !strings.HasPrefix(page, peakPage)
}

// Sight is what a reader may see; what it may not is not in the report.
type Sight struct {
	Orders, Money, People, Presence, Funnel bool
}

// SightOf is what roles may see: finance the orders and the money, marketing the people and how many are there, the editors
// that number and how courses sell; these three the funnel, which has no money. Support sees the orders and the people.
func SightOf(roles []shop.Role) Sight {
	may := func(any ...shop.Role) bool {
		return slices.ContainsFunc(any, func(r shop.Role) bool { return shop.MayActAs(roles, r) })
	}
	return Sight{
		Orders:   may(shop.RoleFinance, shop.RoleMarketer, shop.RoleSupport),
		Money:    may(shop.RoleFinance),
		People:   may(shop.RoleMarketer, shop.RoleSupport),
		Presence: may(shop.RoleMarketer, shop.RoleEditor),
		Funnel:   may(shop.RoleFinance, shop.RoleMarketer, shop.RoleEditor),
	}
}

// DayFigures are those of one day. What the reader may not see is nil.
type DayFigures struct {
	Orders   *int64    `json:"orders,omitempty"`
	Bought   *int64    `json:"bought,omitempty"`
	In       *shop.Fen `json:"in_fen,omitempty"`
	Out      *shop.Fen `json:"out_fen,omitempty"`
	People   *int64    `json:"people,omitempty"`
	Online   *int64    `json:"online,omitempty"`
	Watching *int64    `json:"watching,omitempty"`
}

// Day is a day beside the same day a week before.
type Day struct {
	Day shop.Date `json:"day"`
	DayFigures
	WeekBefore DayFigures `json:"week_before"`
}

// Now is what is so now, whatever the day.
type Now struct {
	Online     *int64 `json:"online,omitempty"`
	Watching   *int64 `json:"watching,omitempty"`
	Exceptions *int64 `json:"exceptions,omitempty"`
	Stuck      *int64 `json:"stuck_refunds,omitempty"`
}

// CourseFunnel is how far the learners of a course came on its ladder, by the week in which they entered, the newest first.
type CourseFunnel struct {
	CourseID string `json:"course_id"`
	Title    string `json:"title"`
	Weeks    []Week `json:"weeks"`
}

// Week are the learners that entered in the week that begins on a Monday: how many had each stage, how many then bought the
// course for ever, and how many did so at once.
type Week struct {
	Week   shop.Date `json:"week"`
	Stages []int64   `json:"stages"`
	Full   int64     `json:"full"`
	Direct int64     `json:"direct"`
}

// CourseRevenue is what a course sold on the days of a report. Money that belongs to no line of an order has neither course
// nor policy.
type CourseRevenue struct {
	CourseID string          `json:"course_id"`
	Title    string          `json:"title"`
	Sold     int64           `json:"sold"`
	In       shop.Fen        `json:"in_fen"`
	Out      shop.Fen        `json:"out_fen"`
	Policies []PolicyRevenue `json:"policies"`
}

// PolicyRevenue is the part of one price policy.
type PolicyRevenue struct {
	PolicyID string   `json:"policy_id"`
	Name     string   `json:"name"`
	Sold     int64    `json:"sold"`
	In       shop.Fen `json:"in_fen"`
	Out      shop.Fen `json:"out_fen"`
}

// Report is what a reader sees of the figures.
type Report struct {
	Today     shop.Date       `json:"today"`
	Days      []Day           `json:"days"` // oldest first, the last one is today
	Now       Now             `json:"now"`
	Funnel    []CourseFunnel  `json:"funnel,omitempty"`
	Revenue   []CourseRevenue `json:"revenue,omitempty"`
	Recounted *time.Time      `json:"recounted_at"` // null: not yet
	Missed    int64           `json:"missed"`
	Repaired  int64           `json:"repaired"`
}

// Names finds a course in memory; nil where there is none.
type Names func(courseID string) *shop.Course

// Ranges are the pages that a report of so many days until today is made of.
func Ranges(today shop.Date, days int) [][2]string {
	first := today.Add(1 - days)
	return [][2]string{
		{PageOfDay(first.Add(-7)), PageOfDay(today)},
		{PageOfPeaks(first.Add(-7)), PageOfPeaks(today)},
		{PageOfWeek(first), PageOfWeek(today)},
		{PageNow, PageNow}, {PageOfRecount, PageOfRecount},
	}
}

// NewReport makes a report of pages.
func NewReport(pages Pages, today shop.Date, days int, see Sight, names Names) Report {
	r := Report{Today: today, Days: []Day{}}
	for d := today.Add(1 - days); d <= today; d = d.Add(1) {
		r.Days = append(r.Days, Day{d, see.day(pages, d), see.day(pages, d.Add(-7))})
	}
	now := pages[PageNow]
	if see.Money {
		r.Now.Exceptions, r.Now.Stuck = new(now[Exceptions]), new(now[Stuck])
		r.Revenue = revenue(pages, today.Add(1-days), today, names)
	}
	if see.Funnel {
		r.Funnel = funnels(pages, today.Add(1-days), names)
	}
	recount := pages[PageOfRecount]
	if at := recount[RecountedAt]; at > 0 {
		r.Recounted = new(time.Unix(at, 0).UTC())
	}
	r.Missed, r.Repaired = recount[Missed], recount[Repaired]
	return r
}

func (see Sight) day(pages Pages, d shop.Date) (f DayFigures) {
	day, peaks := pages[PageOfDay(d)], pages[PageOfPeaks(d)]
	if see.Orders {
		f.Orders, f.Bought = new(day[Orders]), new(day[Bought])
	}
	if see.Money {
		f.In, f.Out = new(shop.Fen(day[In])), new(shop.Fen(day[Out]))
	}
	if see.People {
		f.People = new(day[People])
	}
	if see.Presence {
		f.Online, f.Watching = new(peaks[Online]), new(peaks[Watching])
	}
	return f
}

// funnels are those of all courses from a day on, the course that most entered first.
func funnels(pages Pages, from shop.Date, names Names) []CourseFunnel {
	byCourse := map[string]map[shop.Date]*Week{}
	for page, sums := range pages {
		day, ok := strings.CutPrefix(page, weekPage)
		if !ok {
			continue
		}
		monday := shop.Date(day)
		for name, n := range sums {
			what, course, step, ok := parted(name)
			if !ok || what != funnel || monday < Monday(from) {
				continue
			}
			if byCourse[course] == nil {
				byCourse[course] = map[shop.Date]*Week{}
			}
			if byCourse[course][monday] == nil {
				byCourse[course][monday] = &Week{Week: monday, Stages: []int64{}}
			}
			byCourse[course][monday].set(step, n)
		}
	}
	all, entered := []CourseFunnel{}, map[string]int64{}
	for course, weeks := range byCourse {
		f := CourseFunnel{CourseID: course, Title: titleOf(names(course))}
		for _, w := range weeks {
			f.Weeks = append(f.Weeks, *w)
			entered[course] += w.Direct
			if len(w.Stages) > 0 {
				entered[course] += w.Stages[0]
			}
		}
		slices.SortFunc(f.Weeks, func(a, b Week) int { return cmp.Compare(b.Week, a.Week) })
		all = append(all, f)
	}
	slices.SortFunc(all, func(a, b CourseFunnel) int {
		return cmp.Or(cmp.Compare(entered[b.CourseID], entered[a.CourseID]), cmp.Compare(a.CourseID, b.CourseID))
	})
	return all
}

// mostStages is how many stages a row has at most, whatever a course's ladder once had.
const mostStages = 24

func (w *Week) set(step string, n int64) {
	switch step {
	case StepFull:
		w.Full = n
	case StepDirect:
		w.Direct = n
	default:
		stage, err := strconv.Atoi(step)
		if err != nil || stage < 1 || stage > mostStages {
			return
		}
		for len(w.Stages) < stage {
			w.Stages = append(w.Stages, 0)
		}
		w.Stages[stage-1] = n
	}
}

// revenue is that of all courses on some days, the greatest first.
func revenue(pages Pages, from, to shop.Date, names Names) []CourseRevenue {
	type key struct{ course, policy string }
	rows := map[key]*PolicyRevenue{}
	for d := from; d <= to; d = d.Add(1) {
		for name, n := range pages[PageOfDay(d)] {
			what, course, policy, ok := parted(name)
			if !ok {
				continue
			}
			k := key{course, policy}
			if rows[k] == nil {
				rows[k] = &PolicyRevenue{PolicyID: policy, Name: policyOf(names(course), policy)}
			}
			switch what {
			case In:
				rows[k].In += shop.Fen(n)
			case Out:
				rows[k].Out += shop.Fen(n)
			case Sold:
				rows[k].Sold += n
			}
		}
	}
	courses := map[string]*CourseRevenue{}
	for k, row := range rows {
		c := courses[k.course]
		if c == nil {
			c = &CourseRevenue{CourseID: k.course, Title: titleOf(names(k.course))}
			courses[k.course] = c
		}
		c.Sold, c.In, c.Out = c.Sold+row.Sold, c.In+row.In, c.Out+row.Out
		if k.course == NoPart {
			c.CourseID, row.PolicyID = "", ""
		}
		c.Policies = append(c.Policies, *row)
	}
	all := []CourseRevenue{}
	for _, id := range slices.Sorted(maps.Keys(courses)) {
		c := courses[id]
		slices.SortFunc(c.Policies, func(a, b PolicyRevenue) int {
			return cmp.Or(cmp.Compare(b.In, a.In), cmp.Compare(a.PolicyID, b.PolicyID))
		})
		all = append(all, *c)
	}
	slices.SortStableFunc(all, func(a, b CourseRevenue) int { return cmp.Compare(b.In, a.In) })
	return all
}

func titleOf(c *shop.Course) string {
	if c == nil {
		return ""
	}
	return c.Title
}

func policyOf(c *shop.Course, id string) string {
	if c == nil {
		return ""
	}
	for _, version := range slices.Backward(c.Versions) {
		for _, p := range version.Policies {
			if p.ID == id {
				return p.Name
			}
		}
	}
	return ""
}

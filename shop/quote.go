package shop

import (
	"errors"
	"fmt"
	"math"
	"time"
)

// MaxLines is how many lines a quote, an order or a cart may have.
const MaxLines = 50

// LineRequest asks for one course under one price policy.
type LineRequest struct {
	CourseID string `json:"course_id"`
	PolicyID string `json:"policy_id"`
}

// Quote is what some lines would cost one learner now. Total is the sum of the lines
// without a problem, in fen.
type Quote struct {
	Lines    []QuoteLine `json:"lines"`
	Problems []Problem   `json:"problems"`
	Total    Fen         `json:"total_fen"`
}

// QuoteLine is one line with its price. Price = promised price − Credit; List is what the
// policy costs everybody. A line that cannot be bought has the code in Problem.
// CreditUse says what happens to a paid stage that has not begun: its money is part of
// Credit, or NeedlessRefund goes back to the buyer once this line is granted.
type QuoteLine struct {
	CourseID       string     `json:"course_id"`
	Title          string     `json:"title"`
	Cover          string     `json:"cover"`
	PolicyID       string     `json:"policy_id"`
	Name           string     `json:"name"`
	Version        int        `json:"version"`
	Kind           PolicyKind `json:"kind"`
	Stage          int        `json:"stage,omitempty"`
	Period         *Period    `json:"period,omitempty"`
	Price          Fen        `json:"price_fen"`
	List           Fen        `json:"list_price_fen"`
	Credit         Fen        `json:"credit_fen"`
	CreditOrders   []string   `json:"credit_orders,omitempty"`
	CreditUse      CreditUse  `json:"credit_use,omitempty"`
	NeedlessRefund Fen        `json:"needless_refund_fen,omitempty"`
	Problem        string     `json:"problem,omitempty"`

	needless []string
	lessons  []string // that the course has now
}

// Problem is why one line cannot be bought, with what can be bought of the course
// instead. Err has the sentences for people.
type Problem struct {
	CourseID string  `json:"course_id"`
	PolicyID string  `json:"policy_id"`
	Code     string  `json:"code"`
	Offers   []Offer `json:"offers,omitempty"`
	Err      *Error  `json:"-"`
}

// MakeQuote prices the lines for one learner. course fetches a course and the learner's
// history in it; ErrCourseNotFound from it becomes a problem of that line, any other
// error ends the quote. No lines, more than MaxLines, or a course twice are refused.
func MakeQuote(lines []LineRequest, course func(id string) (*Course, PurchaseHistory, error), now time.Time) (Quote, error) {
	if err := CheckLines(lines); err != nil {
		return Quote{}, err
	}
	q := Quote{Lines: []QuoteLine{}, Problems: []Problem{}}
	for _, want := range lines {
		line, err := quoteLine(want, course, now)
		var refusal *Error
		if errors.As(err, &refusal) && refusal.Kind != Internal && refusal.Kind != Unavailable {
			line.Problem = refusal.Code
			q.Problems = append(q.Problems, newProblem(want, refusal))
		} else if err != nil {
			return Quote{}, fmt.Errorf("quote course %s: %w", want.CourseID, err)
		} else if q.Total, err = q.Total.plus(line.Price); err != nil {
			return Quote{}, err
		}
		q.Lines = append(q.Lines, line)
	}
	return q, nil
}

// CheckLines refuses what no quote can be made of: no lines, too many, a course twice.
func CheckLines(lines []LineRequest) error {
	switch {
	case len(lines) == 0:
		return ErrNoLines
	case len(lines) > MaxLines:
		return ErrInvalidField.At("lines").Because(fmt.Sprintf("一次最多购买 %d 门课程", MaxLines), fmt.Sprintf("At most %d courses can be bought at once.", MaxLines))
	}
	seen := map[string]bool{}
	for i, l := range lines {
		if seen[l.CourseID] {
			return ErrDuplicateLine.At(fmt.Sprintf("lines[%d].course_id", i))
		}
		seen[l.CourseID] = true
	}
	return nil
}

// quoteLine prices one line. With an error it still names what was asked for, as far as
// the course is known.
func quoteLine(want LineRequest, course func(id string) (*Course, PurchaseHistory, error), now time.Time) (QuoteLine, error) {
	line := QuoteLine{CourseID: want.CourseID, PolicyID: want.PolicyID}
	if !ValidID(want.CourseID) {
		return line, ErrCourseNotFound
	}
	c, history, err := course(want.CourseID)
	if err != nil {
		return line, err
	}
	if c.State != CourseDraft {
		line.Title, line.Cover = c.Title, c.Cover
	}
	o, err := c.Offer(want.PolicyID, history, now)
	if err != nil {
		return line, err
	}
	return QuoteLine{
		CourseID: c.ID, Title: c.Title, Cover: c.Cover, PolicyID: o.PolicyID, Name: o.Name, Version: o.Version,
		Kind: o.Kind, Stage: o.Stage, Period: o.Period, Price: o.Price, List: o.List, Credit: o.Credit,
		CreditOrders: o.CreditOrders, CreditUse: o.CreditUse, NeedlessRefund: o.NeedlessRefund, needless: o.Needless, lessons: c.LessonIDs(),
	}, nil
}

func newProblem(want LineRequest, refusal *Error) Problem {
	offers, _ := refusal.Extra["offers"].([]Offer)
	return Problem{CourseID: want.CourseID, PolicyID: want.PolicyID, Code: refusal.Code, Offers: offers, Err: refusal}
}

// plus adds amounts, which are never negative, and refuses a sum beyond what an amount
// can hold.
func (f Fen) plus(g Fen) (Fen, error) {
	if f < 0 || g < 0 || f > math.MaxInt64-g {
		return 0, fmt.Errorf("amounts %d and %d have no sum in fen", f, g)
	}
	return f + g, nil
}

// OrderLines are the lines without a problem, as an order freezes them.
func (q Quote) OrderLines() []OrderLine {
	lines := []OrderLine{}
	for _, l := range q.Lines {
		if l.Problem != "" {
			continue
		}
		lines = append(lines, OrderLine{
			CourseID: l.CourseID, Title: l.Title, PolicyID: l.PolicyID, PolicyName: l.Name, Version: l.Version,
			Kind: l.Kind, Stage: l.Stage, Period: l.Period, List: l.List, Credit: l.Credit,
			CreditOrders: l.CreditOrders, Needless: l.needless, Price: l.Price, Lessons: l.lessons,
		})
	}
	return lines
}

// CheckTotal is nil where q may become an order of a buyer that saw the total seen, in fen: every
// line can be bought, and for no more than that. Else the refusal carries the `quote`: the code of
// the problem where all lines share one, else ErrLinesNotSellable; ErrPriceChanged with `old_fen`
// and `new_fen`.
func CheckTotal(q Quote, seen Fen) error {
	if len(q.Problems) > 0 {
		return q.problem().With("quote", q)
	}
	if q.Total > seen {
		return ErrPriceChanged.With("old_fen", seen).With("new_fen", q.Total).With("quote", q)
	}
	return nil
}

// problem is the one error that speaks for all problems of the quote.
func (q Quote) problem() *Error {
	first := q.Problems[0].Err
	if len(q.Problems) == 1 {
		return first
	}
	for _, p := range q.Problems[1:] {
		if p.Code != first.Code {
			return ErrLinesNotSellable
		}
	}
	shared := *first
	shared.Extra = nil // the offers of one course do not speak for the others
	return &shared
}

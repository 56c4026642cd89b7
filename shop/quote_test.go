package shop

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strings"
	"testing"
)

// shelf is a catalogue with one learner's histories.
type shelf struct {
	courses   map[string]*Course
	histories map[string]PurchaseHistory
}

func (s shelf) course(id string) (*Course, PurchaseHistory, error) {
	c, ok := s.courses[id]
	if !ok {
		return nil, PurchaseHistory{}, ErrCourseNotFound
	}
	return c, s.histories[id], nil
}

func (s shelf) quote(t *testing.T, when string, lines ...string) Quote {
	t.Helper()
	q, err := MakeQuote(requests(lines...), s.course, at(when))
	if err != nil {
		t.Fatal(err)
	}
	return q
}

// requests reads "course policy" pairs.
func requests(lines ...string) (wanted []LineRequest) {
	for _, l := range lines {
		course, policy, _ := strings.Cut(l, " ")
		wanted = append(wanted, LineRequest{course, policy})
	}
	return wanted
}

func newShelf() shelf {
	d := &Course{ID: "d", State: CourseOnSale, Title: "课程 D"}
	publish(d, Ladder{}, PricePolicy{ID: "dfull", Kind: KindLifetime, Name: "全款", Price: 1999})
	off := &Course{ID: "off", State: CourseOffSale, Title: "下架"}
	publish(off, Ladder{}, lifetime("ofull", 50))
	draft := &Course{ID: "draft", State: CourseDraft, Title: "secret"}
	publish(draft, Ladder{}, lifetime("xfull", 50))
	return shelf{map[string]*Course{"c": ladderCourse(), "d": d, "off": off, "draft": draft}, map[string]PurchaseHistory{}}
}

func TestAQuoteOfSeveralCourses(t *testing.T) {
	s := newShelf()
	s.histories["c"] = PurchaseHistory{TrialUsed: true}
	q := s.quote(t, "2025-03-01", "c s2", "d dfull")
	if q.Total != 21999 || len(q.Problems) != 0 {
		t.Errorf("C46 total %d with %d problems, want 21999 and none", q.Total, len(q.Problems))
	}
	lines := q.OrderLines()
	if len(lines) != 2 || lines[0].PolicyName != "s2" || lines[0].Period == nil || lines[0].Stage != 2 || lines[1].Price != 1999 || lines[1].Title != "课程 D" || lines[1].Version != 1 {
		t.Errorf("order lines %+v", lines)
	}
	if err := CheckTotal(q, 21999); err != nil {
		t.Errorf("the total as seen: %v", err)
	}
}

func TestC18AProblemDoesNotBlockTheOtherLines(t *testing.T) {
	s := newShelf()
	q := s.quote(t, "2025-03-01", "off ofull", "d dfull", "nowhere x", "c s2", "c2;drop x", "draft xfull", "d2 dfull")
	want := "off COURSE_OFF_SALE, nowhere COURSE_NOT_FOUND, c STAGE_NOT_ELIGIBLE, c2;drop COURSE_NOT_FOUND, draft COURSE_NOT_FOUND, d2 COURSE_NOT_FOUND"
	var got []string
	for _, p := range q.Problems {
		got = append(got, p.CourseID+" "+p.Code)
	}
	if strings.Join(got, ", ") != want {
		t.Errorf("problems %q, want %q", got, want)
	}
	if listed(q.Problems[2].Offers) != "s1 0, full 999" {
		t.Errorf("instead of S2: %s", listed(q.Problems[2].Offers))
	}
	if q.Total != 1999 || len(q.OrderLines()) != 1 || len(q.Lines) != 7 {
		t.Errorf("total %d, %d lines to order, %d lines", q.Total, len(q.OrderLines()), len(q.Lines))
	}
	if q.Lines[0].Title != "下架" || q.Lines[0].Problem != "COURSE_OFF_SALE" || q.Lines[5].Title != "" {
		t.Errorf("lines with a problem: %+v, %+v; a draft must stay secret", q.Lines[0], q.Lines[5])
	}
}

func TestP18AStaleTabLearnsTheNextStage(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-04-02")
	err := CheckTotal(s.quote("s2", "2025-04-03"), 200*yuan)
	var refusal *Error
	if !errors.As(err, &refusal) || refusal.Code != "STAGE_ALREADY_USED" {
		t.Fatalf("got %v", err)
	}
	if offers, _ := refusal.Extra["offers"].([]Offer); listed(offers) != "s3 300, full 999" {
		t.Errorf("offers %q", listed(offers))
	}
	if q, _ := refusal.Extra["quote"].(Quote); len(q.Lines) != 1 || q.Total != 0 {
		t.Errorf("quote %+v", q)
	}
}

func TestCheckTotal(t *testing.T) {
	tests := []struct {
		name  string
		lines []string
		seen  Fen
		want  *Error
	}{
		{"as seen", []string{"d dfull"}, 1999, nil},
		{"P24 higher by a fen", []string{"d dfull"}, 1998, ErrPriceChanged},
		{"lower now is placed", []string{"d dfull"}, 2500, nil},
		{"nothing seen", []string{"d dfull"}, 0, ErrPriceChanged},
		{"0 yuan as seen", []string{"c s1"}, 0, nil},
		{"one problem gives its own code", []string{"off ofull", "d dfull"}, 1999, ErrCourseOffSale},
		{"problems of one kind give their code", []string{"nowhere x", "draft xfull", "d dfull"}, 1999, ErrCourseNotFound},
		{"problems of several kinds give their common one", []string{"off ofull", "c s2"}, 0, ErrLinesNotSellable},
		{"a policy of another course is unknown", []string{"d s1"}, 0, ErrPolicyNotFound},
		{"and so is no policy at all", []string{"d "}, 0, ErrPolicyNotFound},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := CheckTotal(newShelf().quote(t, "2025-03-01", tt.lines...), tt.seen)
			if tt.want == nil {
				if err != nil {
					t.Errorf("got %v, want none", err)
				}
				return
			}
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Code != tt.want.Code {
				t.Fatalf("got %v, want %s", err, tt.want.Code)
			}
			if q, ok := refusal.Extra["quote"].(Quote); !ok || len(q.Lines) != len(tt.lines) {
				t.Errorf("it carries the quote %+v", refusal.Extra["quote"])
			}
		})
	}
}

func TestP24ADearerQuoteSaysOldAndNew(t *testing.T) {
	s := newStory(t, ladderCourse())
	publish(s.c, Ladder{}, lifetime("full", 1099))
	var refusal *Error
	if !errors.As(CheckTotal(s.quote("full", "2025-03-01"), 999*yuan), &refusal) {
		t.Fatal("it was not refused")
	}
	if refusal.Extra["old_fen"] != 999*yuan || refusal.Extra["new_fen"] != 1099*yuan {
		t.Errorf("old %v, new %v", refusal.Extra["old_fen"], refusal.Extra["new_fen"])
	}
	if ErrPriceChanged.Extra != nil {
		t.Error("the catalogue's own error was changed")
	}
}

func TestWhatIsNoQuote(t *testing.T) {
	many := []string{}
	for i := range MaxLines + 1 {
		many = append(many, fmt.Sprintf("c%d x", i))
	}
	broken := errors.New("the store is gone")
	tests := []struct {
		name   string
		lines  []string
		course func(string) (*Course, PurchaseHistory, error)
		want   error
	}{
		{"nothing to buy", nil, newShelf().course, ErrNoLines},
		{"a course twice", []string{"c s1", "d dfull", "c full"}, newShelf().course, ErrDuplicateLine},
		{"more than fifty lines", many, newShelf().course, ErrInvalidField},
		{"a store that fails", []string{"c s1"}, func(string) (*Course, PurchaseHistory, error) { return nil, PurchaseHistory{}, broken }, broken},
		{"a store that is busy", []string{"c s1"}, func(string) (*Course, PurchaseHistory, error) { return nil, PurchaseHistory{}, ErrUnavailable }, ErrUnavailable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := MakeQuote(requests(tt.lines...), tt.course, at("2025-03-01")); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
	if q, err := MakeQuote(requests(many[:MaxLines]...), newShelf().course, at("2025-03-01")); err != nil || len(q.Problems) != MaxLines {
		t.Errorf("exactly fifty lines: %v", err)
	}
}

func TestASumThatDoesNotFitIsAnErrorOfOurs(t *testing.T) {
	s := newShelf()
	s.courses["c"].Versions[0].Policies[3].Price = math.MaxInt64 - 1998
	if _, err := MakeQuote(requests("c full", "d dfull"), s.course, at("2025-03-01")); err == nil || CodeOf(err) != "" {
		t.Errorf("got %v, want an error without a code", err)
	}
	s.courses["c"].Versions[0].Policies[3].Price--
	if q := s.quote(t, "2025-03-01", "c full", "d dfull"); q.Total != math.MaxInt64 {
		t.Errorf("a sum that just fits is %d", q.Total)
	}
}

func TestAQuoteInJSON(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-03-02")
	got, err := json.Marshal(s.quote("full", "2025-03-03"))
	if err != nil {
		t.Fatal(err)
	}
	want := `{"lines":[{"course_id":"c","title":"课程 C","cover":"/covers/c.svg","policy_id":"full","name":"full","version":1,"kind":"lifetime",` +
		`"price_fen":99900,"list_price_fen":99900,"credit_fen":0,"credit_use":"refund","needless_refund_fen":20000}],"problems":[],"total_fen":99900}`
	if string(got) != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

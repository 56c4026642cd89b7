package shop

import (
	"errors"
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// wentBack is a refund that went through, with its parts.
func wentBack(parts ...RefundPart) Refund {
	r := Refund{State: RefundSucceeded, Lines: parts, CreatedAt: at("2025-04-03")}
	for _, p := range parts {
		r.Amount += p.Amount
	}
	return r
}

// bought is a fulfilled order of full prices, in fen, under the courses a, b, c …
func bought(t *testing.T, prices ...Fen) (*Order, map[string]*Enrolment) {
	t.Helper()
	paid := at("2025-04-02 12:00")
	o := &Order{ID: "o", UserID: "u", State: OrderFulfilled, CreatedAt: paid, PaidAt: &paid, Duties: map[DutyName]*Duty{}}
	held := map[string]*Enrolment{}
	for i, price := range prices {
		l := OrderLine{CourseID: string(rune('a' + i)), PolicyID: "full", Kind: KindLifetime, List: price, Price: price, Result: LineGranted}
		e := NewEnrolment("u", l.CourseID, paid)
		if _, err := e.Add("o", l, 1, price, price == 0, paid); err != nil {
			t.Fatal(err)
		}
		held[l.CourseID] = e
		o.Lines, o.Total, o.Paid = append(o.Lines, l), o.Total+price, o.Paid+price
	}
	return o, held
}

// financeGives refunds an order by finance, through to the money's arrival.
func financeGives(o *Order, held map[string]*Enrolment, ask RefundRequest, now time.Time) error {
	q, err := FinanceRefund(o, ask, func(id string) *Enrolment { return held[id] }, now)
	if err != nil {
		return err
	}
	r := o.RefundBook().Begin(q, "kindness", "finance", now)
	o.RefundBook().Answered(r.OutRefundNo, RefundSucceeded, now)
	for _, l := range o.Lines {
		held[l.CourseID].SetRefunded(o.ID, o.RefundBook().RefundedOf(l.CourseID))
		if o.RefundBook().Grants(l.CourseID) == GrantRevoked {
			held[l.CourseID].Revoke(o.ID)
		}
	}
	return nil
}

func fen(n Fen) *Fen { return &n }

func backOf(o *Order) map[string]Fen {
	back := map[string]Fen{}
	for _, l := range o.View().Lines {
		back[l.CourseID] = l.Refunded
	}
	return back
}

func TestRefund_WithoutLines_IsSpreadInProportion(t *testing.T) {
	for _, tt := range []struct {
		name   string
		prices []Fen
		amount Fen
		want   string // fen of each line
	}{
		{"in proportion", []Fen{30000, 10000}, 10000, "[7500 2500]"},
		{"whatever the order", []Fen{10000, 30000}, 10000, "[2500 7500]"},
		{"the remainder to the line that holds most", []Fen{2999, 1999}, 1000, "[601 399]"},
		{"of equals to the one whose id comes last", []Fen{1000, 1000, 1000}, 1000, "[333 333 334]"},
		{"no line gives more than it holds", []Fen{1, 1, 1}, 2, "[0 1 1]"},
		{"a free line gives nothing", []Fen{0, 500}, 100, "[0 100]"},
		{"sums beyond 64 bits", []Fen{MaxPrice * 40, MaxPrice * 10}, MaxPrice * 49, fmt.Sprint([]Fen{MaxPrice * 392 / 10, MaxPrice * 98 / 10})},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, held := bought(t, tt.prices...)
			if got := o.RefundBook().spread(tt.amount, o.RefundBook().held()); fmt.Sprint(got) != tt.want {
				t.Errorf("spread %v, want %s", got, tt.want)
			}
			if err := financeGives(o, held, RefundRequest{Amount: &tt.amount}, at("2025-06-05")); err != nil || o.State != OrderPartiallyRefunded {
				t.Fatalf("%v, %s", err, o.State)
			}
			for course, e := range held {
				if g, _ := e.Grant("o"); g.State != GrantLive || g.Refunded != backOf(o)[course] {
					t.Errorf("course %s: grant %+v, back %v", course, g, backOf(o))
				}
			}
		})
	}
}

// What each line gave, and what the learner may still have back by the shop's rule, is the
// same for every order of the lines and through any refunds before.
func TestRefund_LinesInAnyOrder_LeaveTheSame(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	for range 300 {
		var prices []Fen
		for range 1 + rnd.IntN(5) {
			prices = append(prices, Fen(rnd.IntN(4000)))
		}
		var asks []RefundRequest
		for range 1 + rnd.IntN(3) {
			ask := RefundRequest{Amount: fen(1 + Fen(rnd.IntN(1500)))}
			if rnd.IntN(3) == 0 {
				ask = RefundRequest{Lines: []RefundRequestLine{{string(rune('a' + rnd.IntN(len(prices)))), fen(1 + Fen(rnd.IntN(900)))}}}
			}
			asks = append(asks, ask)
		}
		var first string
		for n := range 4 {
			o, held := bought(t, prices...)
			if n > 0 {
				rnd.Shuffle(len(o.Lines), func(i, j int) { o.Lines[i], o.Lines[j] = o.Lines[j], o.Lines[i] })
			}
			story := ""
			for i, ask := range asks {
				err := financeGives(o, held, ask, at("2025-04-04").Add(time.Duration(i)*time.Hour))
				story += fmt.Sprint(CodeOf(err), backOf(o))
				if got := total(o.RefundBook().refundedByLine()); got != o.Refunded {
					t.Fatalf("the lines gave %d, the order %d", got, o.Refunded)
				}
			}
			left, err := RefundOrder(o, func(id string) Learning { return Learning{Enrolment: held[id]} }, at("2025-04-06"))
			slices.SortFunc(left.Lines, func(a, b RefundQuote) int { return int(a.CourseID[0]) - int(b.CourseID[0]) })
			if err == nil && left.Amount != o.Paid-o.Refunded && !slices.ContainsFunc(left.Lines, func(q RefundQuote) bool { return q.Problem != "" }) && len(left.Lines) == len(o.Lines) {
				t.Errorf("%d may be had of %d", left.Amount, o.Paid-o.Refunded)
			}
			if err != nil { // several lines may each refuse; which is named first is their order's
				left = OrderRefund{}
			}
			story += fmt.Sprintf("%+v", left)
			if first == "" {
				first = story
			}
			if story != first {
				t.Fatalf("prices %v, asks %+v:\n%s\n%s", prices, asks, first, story)
			}
			for _, v := range findingsOfRefunds(o) {
				t.Error(v)
			}
		}
	}
}

func findingsOfRefunds(o *Order) []Violation {
	f := &findings{object: o.ID}
	checkRefundedLines(o, f)
	return f.all
}

func TestRefund_OfNamedLines_IsTheirsAlone(t *testing.T) {
	o, held := bought(t, 1000, 2000, 0)
	now := at("2025-06-05")
	must := func(ask RefundRequest) {
		t.Helper()
		if err := financeGives(o, held, ask, now); err != nil {
			t.Fatal(err)
		}
		now = now.Add(time.Minute)
	}
	want := func(state OrderState, back string, grants ...GrantState) {
		t.Helper()
		if got := fmt.Sprint(backOf(o)); o.State != state || got != back {
			t.Errorf("the order is %s, back %s", o.State, got)
		}
		for i, g := range grants {
			course := string(rune('a' + i))
			if got, _ := held[course].Grant("o"); got.State != g {
				t.Errorf("the grant of %s is %s, want %s", course, got.State, g)
			}
		}
	}
	must(RefundRequest{Lines: []RefundRequestLine{{"b", fen(500)}}, Amount: fen(500)})
	want(OrderPartiallyRefunded, "map[a:0 b:500 c:0]", GrantLive, GrantLive, GrantLive)
	must(RefundRequest{Lines: []RefundRequestLine{{"b", nil}}}) // all that it still holds ends it
	want(OrderPartiallyRefunded, "map[a:0 b:2000 c:0]", GrantLive, GrantRevoked, GrantLive)
	must(RefundRequest{Lines: []RefundRequestLine{{"c", nil}}}) // nothing was paid for it: its access ends
	want(OrderPartiallyRefunded, "map[a:0 b:2000 c:0]", GrantLive, GrantRevoked, GrantRevoked)
	must(RefundRequest{Lines: []RefundRequestLine{{"a", fen(1000)}}})
	want(OrderRefunded, "map[a:1000 b:2000 c:0]", GrantRevoked, GrantRevoked, GrantRevoked)
	for _, v := range findingsOfRefunds(o) {
		t.Error(v)
	}
}

func TestRefund_OfWhatCannotBe_IsRefusedWithItsCode(t *testing.T) {
	line := func(course string, amount *Fen) RefundRequestLine { return RefundRequestLine{course, amount} }
	for _, tt := range []struct {
		name  string
		ask   RefundRequest
		code  string
		param string
	}{
		{"no lines", RefundRequest{Lines: []RefundRequestLine{}}, "INVALID_FIELD", "lines"},
		{"a line that the order does not have", RefundRequest{Lines: []RefundRequestLine{line("a", nil), line("x", nil)}}, "REFUND_LINE_UNKNOWN", "lines[1].course_id"},
		{"a line twice", RefundRequest{Lines: []RefundRequestLine{line("a", fen(1)), line("a", fen(1))}}, "DUPLICATE_LINE", "lines[1].course_id"},
		{"more than the line holds", RefundRequest{Lines: []RefundRequestLine{line("a", fen(701))}}, "REFUND_TOO_MUCH", "lines[0].amount_fen"},
		{"more than a number holds", RefundRequest{Lines: []RefundRequestLine{line("a", fen(math.MaxInt64)), line("b", fen(math.MaxInt64))}}, "REFUND_TOO_MUCH", "lines[0].amount_fen"},
		{"nothing", RefundRequest{Lines: []RefundRequestLine{line("a", fen(0))}}, "INVALID_FIELD", "lines[0].amount_fen"},
		{"less than nothing", RefundRequest{Lines: []RefundRequestLine{line("b", fen(-1))}}, "INVALID_FIELD", "lines[0].amount_fen"},
		{"another sum than the lines'", RefundRequest{Lines: []RefundRequestLine{line("a", fen(10)), line("b", fen(10))}, Amount: fen(21)}, "REFUND_SUM_DIFFERS", "amount_fen"},
		{"a line that holds nothing any more", RefundRequest{Lines: []RefundRequestLine{line("c", nil)}}, "NOT_REFUNDABLE", ""},
		{"more than the order holds", RefundRequest{Amount: fen(2701)}, "REFUND_TOO_MUCH", ""},
		{"an amount of nothing", RefundRequest{Amount: fen(0)}, "INVALID_FIELD", "amount_fen"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			o, held := bought(t, 1000, 2000, 500)
			o.State, o.Refunded = OrderPartiallyRefunded, 800
			o.Refunds = []Refund{wentBack(RefundPart{"a", 300, false}, RefundPart{"c", 500, true})}
			held["c"].Revoke("o")
			_, err := FinanceRefund(o, tt.ask, func(id string) *Enrolment { return held[id] }, at("2025-06-05"))
			var refusal *Error
			if !errors.As(err, &refusal) || refusal.Code != tt.code || refusal.Param != tt.param {
				t.Errorf("got %v", err)
			}
		})
	}
}

// Stages stand on one another in their own course only.
func TestRefund_OfOneLine_IsNotHeldUpByAnothers(t *testing.T) {
	o, held := bought(t, 1000, 2000)
	later := OrderLine{CourseID: "a", Kind: KindPeriod, Period: &Period{Month, 1}, Price: 5}
	held["a"].Grants[0].Kind = KindPeriod
	if _, err := held["a"].Add("o2", later, 1, 5, false, at("2025-04-03")); err != nil {
		t.Fatal(err)
	}
	of := func(id string) *Enrolment { return held[id] }
	if _, err := FinanceRefund(o, RefundRequest{}, of, at("2025-06-05")); !errors.Is(err, ErrRefundLaterStage) {
		t.Errorf("all of it: %v", err)
	}
	if q, err := FinanceRefund(o, RefundRequest{Lines: []RefundRequestLine{{"b", nil}}}, of, at("2025-06-05")); err != nil || q.Amount != 2000 {
		t.Errorf("the other line: %+v, %v", q, err)
	}
}

// An order of the version before: its lines keep no sums, and its refunds gave the first
// line first and sometimes explain less than they gave.
func TestRefund_OfAnOldOrder_GoesOnFromItsRefunds(t *testing.T) {
	o, held := bought(t, 1000, 2000)
	o.State, o.Refunded = OrderPartiallyRefunded, 1500
	o.Refunds = []Refund{wentBack(RefundPart{"a", 300, false}, RefundPart{"b", 0, false}), {State: RefundSucceeded, Amount: 1200}}
	if got := fmt.Sprint(backOf(o)); got != "map[a:611 b:889]" { // 1200 over 700 and 2000, the remainder to b
		t.Errorf("back %s", got)
	}
	for _, v := range findingsOfRefunds(o) {
		t.Error(v)
	}
	if err := financeGives(o, held, RefundRequest{}, at("2025-06-05")); err != nil || o.State != OrderRefunded || fmt.Sprint(backOf(o)) != "map[a:1000 b:2000]" {
		t.Errorf("%v: %s, back %v", err, o.State, backOf(o))
	}
}

func TestCheck_LinesThatDoNotAddUp_AreFound(t *testing.T) {
	for name, harm := range map[string]func(*Order){
		"a line's own sum":                   func(o *Order) { o.Lines[0].Refunded++ },
		"a part of another course":           func(o *Order) { o.Refunds[0].Lines[0].CourseID = "x" },
		"parts of more than the refund":      func(o *Order) { o.Refunds[0].Lines[0].Amount++ },
		"more than was paid for the lines":   func(o *Order) { o.Refunded = o.Paid + 1 },
		"two lines' sums that are exchanged": func(o *Order) { o.Lines[0].Refunded, o.Lines[1].Refunded = o.Lines[1].Refunded, o.Lines[0].Refunded },
	} {
		o, held := bought(t, 1000, 2000)
		if err := financeGives(o, held, RefundRequest{Amount: fen(100)}, at("2025-06-05")); err != nil {
			t.Fatal(err)
		}
		if all := findingsOfRefunds(o); len(all) > 0 {
			t.Errorf("whole: %v", all)
		}
		if harm(o); len(findingsOfRefunds(o)) == 0 {
			t.Errorf("%s is not found", name)
		}
	}
}

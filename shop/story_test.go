package shop

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"
)

// at reads a time as people in Shanghai write it: a day, a day and a time, to the
// millisecond if need be.
func at(s string) time.Time {
	for _, layout := range []string{"2006-01-02", "2006-01-02 15:04", "2006-01-02 15:04:05"} {
		if t, err := time.ParseInLocation(layout, s, shanghai); err == nil {
			return t
		}
	}
	panic("no time: " + s)
}

const yuan Fen = 100

// ladderCourse is course C of the specification: first month free, second ¥200, third
// ¥300, full price ¥999.
func ladderCourse() *Course {
	c := &Course{ID: "c", State: CourseOnSale, Title: "课程 C", Cover: "/covers/c.svg"}
	publish(c, Ladder{}, stage("s1", 1, 0), stage("s2", 2, 200), stage("s3", 3, 300), lifetime("full", 999))
	return c
}

func stage(id string, n int, price Fen) PricePolicy {
	return PricePolicy{ID: id, Kind: KindStage, Name: cmp.Or(id, "新方案"), Stage: n, Period: &Period{Month, 1}, Price: price * yuan}
}

func period(id string, unit PeriodUnit, count int, price Fen) PricePolicy {
	return PricePolicy{ID: id, Kind: KindPeriod, Name: cmp.Or(id, "新方案"), Period: &Period{unit, count}, Price: price * yuan}
}

func lifetime(id string, price Fen) PricePolicy {
	return PricePolicy{ID: id, Kind: KindLifetime, Name: cmp.Or(id, "新方案"), Price: price * yuan}
}

// publish appends a version with ids that a test can read.
func publish(c *Course, l Ladder, policies ...PricePolicy) {
	if l.CreditMode == "" {
		l.CreditMode = CreditNone
	}
	c.Versions = append(c.Versions, PolicyVersion{Version: c.Current().Version + 1, Policies: policies, Ladder: l})
}

// story is one learner with one course. Orders are numbered o1, o2 … as they are granted.
type story struct {
	*testing.T
	c     *Course
	e     *Enrolment
	trial bool
	lines map[string]OrderLine
	paid  map[string]time.Time
}

func newStory(t *testing.T, c *Course) *story {
	return &story{T: t, c: c, e: NewEnrolment("u", c.ID, at("2025-01-01")),
		lines: map[string]OrderLine{}, paid: map[string]time.Time{}}
}

func (s *story) history() PurchaseHistory { return PurchaseHistory{Enrolment: s.e, TrialUsed: s.trial} }

func (s *story) quote(policy, when string) Quote {
	s.Helper()
	q, err := MakeQuote([]LineRequest{{s.c.ID, policy}}, func(string) (*Course, PurchaseHistory, error) {
		return s.c, s.history(), nil
	}, at(when))
	if err != nil {
		s.Fatalf("quote %s on %s: %v", policy, when, err)
	}
	return q
}

// buys quotes, pays and is granted a policy. The cash in fen and the order come back.
func (s *story) buys(policy, when string) (order string, cash Fen) {
	s.Helper()
	q := s.quote(policy, when)
	if len(q.Problems) > 0 {
		s.Fatalf("%s on %s: refused with %v", policy, when, q.Problems[0].Err)
	}
	order, line := fmt.Sprintf("o%d", len(s.e.Grants)+1), q.OrderLines()[0]
	g, err := s.e.Add(order, line, s.c.Current().Version, line.Price, line.List == 0, at(when))
	if err != nil {
		s.Fatalf("grant %s on %s: %v", policy, when, err)
	}
	if g.Free && g.Stage == 1 {
		s.trial = true
	}
	s.lines[order], s.paid[order] = line, at(when)
	return order, line.Price
}

// costs expects the price of a policy in yuan.
func (s *story) costs(policy, when string, want Fen) {
	s.Helper()
	o, err := s.c.Offer(policy, s.history(), at(when))
	if err != nil || o.Price != want*yuan {
		s.Errorf("%s on %s costs %d fen (%v), want %d yuan", policy, when, o.Price, err, want)
	}
}

// refused expects the code of a refusal, and what the refusal offers instead, as
// "policy price" with a comma between.
func (s *story) refused(policy, when string, want *Error, instead string) {
	s.Helper()
	_, err := s.c.Offer(policy, s.history(), at(when))
	if !errors.Is(err, want) {
		s.Errorf("%s on %s: %v, want %s", policy, when, err, want.Code)
		return
	}
	var refusal *Error
	errors.As(err, &refusal)
	offers, ok := refusal.Extra["offers"].([]Offer)
	if got := listed(offers); !ok || got != instead {
		s.Errorf("%s on %s: refused with offers %q, want %q", policy, when, got, instead)
	}
}

// offered expects what can be bought.
func (s *story) offered(when, want string) {
	s.Helper()
	if got := listed(Available(s.c.Offers(s.history(), at(when)))); got != want {
		s.Errorf("on %s the offers are %q, want %q", when, got, want)
	}
}

func listed(offers []Offer) string {
	var list []string
	for _, o := range offers {
		list = append(list, fmt.Sprintf("%s %d", o.PolicyID, o.Price/yuan))
	}
	return strings.Join(list, ", ")
}

// open expects access at now through the last day that is named, "ever" for no end.
func (s *story) open(now, through string) {
	s.Helper()
	open, until := s.e.Access(at(now))
	if !open {
		s.Errorf("on %s the course is closed, want open through %s", now, through)
		return
	}
	if got := lastDay(until); got != through {
		s.Errorf("on %s the course is open through %s, want %s", now, got, through)
	}
}

func (s *story) closed(now string) {
	s.Helper()
	if open, until := s.e.Access(at(now)); open {
		s.Errorf("on %s the course is open through %s, want closed", now, lastDay(until))
	}
}

func lastDay(until *time.Time) string {
	if until == nil {
		return "ever"
	}
	return until.Add(-time.Nanosecond).In(shanghai).Format("2006-01-02")
}

// order is the order of a grant as it is once fulfilled.
func (s *story) order(id string) *Order {
	l, paid := s.lines[id], s.paid[id]
	l.Result = LineGranted
	return &Order{ID: id, State: OrderFulfilled, Lines: []OrderLine{l}, Total: l.Price, Paid: l.Price, CreatedAt: paid, PaidAt: &paid}
}

// refund asks for the shop's rule with so many of 100 lessons opened.
func (s *story) refund(id string, opened int, when string) (RefundQuote, error) {
	return RefundAmount(s.order(id), s.c.ID, s.e, opened, 100, at(when))
}

// refunds gives an order back by the shop's rule, expecting the amount in fen.
func (s *story) refunds(id, when string, want Fen) {
	s.Helper()
	q, err := s.refund(id, 0, when)
	if err != nil || q.Amount != want {
		s.Fatalf("refund of %s on %s: %d fen, %v; want %d", id, when, q.Amount, err, want)
	}
	s.e.Freeze(id)
	s.e.Revoke(id)
}

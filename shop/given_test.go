package shop

import (
	"errors"
	"testing"
	"time"
)

// give grants one order by hand, as checkout does, and returns what broke of the invariants.
func give(t *testing.T, e *Enrolment, id, until string, now time.Time) (*Order, error) {
	t.Helper()
	var end *time.Time
	if until != "" {
		at := EndOfDay(at(until))
		end = &at
	}
	o := GivenOrder(id, e.UserID, ladderCourse(), end, Given{"sue", "补偿"}, now)
	line := &o.Lines[0]
	_, err := e.Add(o.ID, *line, line.Version, line.Price, line.List == 0, now)
	if err != nil {
		return o, err
	}
	line.Came(nil)
	o.Fulfil(now)
	return o, nil
}

func TestGivenOrder_ExtendsWhatIsThereToTheEndOfTheDay(t *testing.T) {
	now := at("2026-03-10 12:00")
	e := NewEnrolment("u1", "c", now)
	first, err := give(t, e, "o1", "2026-03-20 09:00", now)
	if err != nil {
		t.Fatal(err)
	}
	if open, until := e.Access(now); !open || !until.Equal(at("2026-03-21")) {
		t.Fatalf("access is %v until %v, want until the end of 20 March", open, until)
	}
	if _, err := give(t, e, "o2", "2026-03-20 10:00", now); !errors.Is(err, ErrAccessLonger) {
		t.Fatalf("the same day again: %v", err)
	}
	if _, err := give(t, e, "o3", "2026-04-05 00:00", now); err != nil {
		t.Fatal(err)
	}
	g, _ := e.Grant("o3")
	if !g.From.Equal(at("2026-03-21")) || !g.Until.Equal(at("2026-04-05")) {
		t.Errorf("the second goes from %v until %v", g.From, g.Until)
	}
	// A month that is bought afterwards begins where the gift ends, and is a whole one.
	bought, err := e.Add("o4", OrderLine{CourseID: "c", Kind: KindPeriod, Period: &Period{Month, 1}, Price: 100}, 1, 100, false, now)
	if err != nil || !bought.From.Equal(at("2026-04-05")) || !bought.Until.Equal(at("2026-05-05")) {
		t.Errorf("a month after it goes from %v until %v: %v", bought.From, bought.Until, err)
	}
	orders := map[string]*Order{"o1": first}
	if found := CheckEnrolment(e, func(id string) *Order {
		if o := orders[id]; o != nil {
			return o
		}
		return &Order{ID: id, UserID: "u1", State: OrderFulfilled, Lines: []OrderLine{{CourseID: "c", Result: LineGranted}}}
	}); len(found) != 0 {
		t.Errorf("the enrolment breaks %v", found)
	}
}

func TestGivenOrder_ForEverIsGivenOnce(t *testing.T) {
	now := at("2026-03-10 12:00")
	e := NewEnrolment("u1", "c", now)
	o, err := give(t, e, "o1", "", now)
	if err != nil || !e.OwnsLifetime() {
		t.Fatalf("owns it: %v, %v", e.OwnsLifetime(), err)
	}
	for _, until := range []string{"", "2027-01-01"} {
		if _, err := give(t, e, "o2", until, now); !errors.Is(err, ErrAlreadyOwned) {
			t.Errorf("again until %q: %v", until, err)
		}
	}
	around := Around{Enrolments: map[string]*Enrolment{"c": e}, Audited: len(o.History), Due: true}
	if found := CheckOrder(o, around, now); len(found) != 0 {
		t.Errorf("the order breaks %v", found)
	}
	cash := o.Cash()
	if len(cash) != 1 || cash[0].Kind != CashGiven || cash[0].In != 0 || cash[0].Courses[0] != "课程 C（人工开通：补偿）" {
		t.Errorf("the books have %+v", cash)
	}
}

func TestGivenOrder_WaitsForARefund(t *testing.T) {
	now := at("2026-03-10 12:00")
	e := NewEnrolment("u1", "c", now)
	if _, err := e.Add("o1", OrderLine{CourseID: "c", Kind: KindPeriod, Period: &Period{Day, 5}, Price: 100}, 1, 100, false, now); err != nil {
		t.Fatal(err)
	}
	e.Freeze("o1")
	if _, err := give(t, e, "o2", "2026-05-01", now); !errors.Is(err, ErrRefundUnderWay) {
		t.Errorf("beside a refund: %v", err)
	}
}

package shop

import (
	"errors"
	"slices"
	"testing"
	"time"
)

// inStage2 is a learner with S1 since 1 March and S2 bought on 2 April at noon: S2 runs through 2
// May, 30 whole days and the afternoon it was bought.
func inStage2(t *testing.T) *story {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	s.buys("s2", "2025-04-02 12:00")
	return s
}

func TestTheShopsRefundRule(t *testing.T) {
	tests := []struct {
		name   string
		opened int // of 100 lessons
		when   string
		amount Fen // fen
		rule   RefundRule
		unused int64
	}{
		{"P27 on day 3, hardly used, in full", 5, "2025-04-05 12:00", 20000, RefundFull, 0},
		{"with exactly 20 % of the lessons opened", 20, "2025-04-05 12:00", 20000, RefundFull, 0},
		{"with one lesson more, by the days", 21, "2025-04-05 12:00", 18000, RefundProRata, 27},
		{"at the last instant of the seventh day", 0, "2025-04-09 12:00", 20000, RefundFull, 0},
		{"a second later, by the days", 0, "2025-04-09 12:00:01", 15333, RefundProRata, 23},
		{"P28 on day 20, rounded down to the fen", 0, "2025-04-22 12:00", 6666, RefundProRata, 10},
		{"on the day before the last", 0, "2025-05-01 23:00", 666, RefundProRata, 1},
		{"at midnight the day that begins is unused", 0, "2025-05-02 00:00", 666, RefundProRata, 1},
		{"at once, but much used", 80, "2025-04-02 12:00", 20000, RefundProRata, 30},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			q, err := inStage2(t).refund("o2", tt.opened, tt.when)
			if err != nil || q.Amount != tt.amount || q.Rule != tt.rule || q.UnusedDays != tt.unused || !q.EndsAccess || q.Full != (tt.amount == 20000) {
				t.Errorf("got %+v, %v", q, err)
			}
		})
	}
	for _, tt := range []struct{ name, when string }{
		{"on the last day nothing is left", "2025-05-02 00:00:01"},
		{"nor after the end", "2025-06-01"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if q, err := inStage2(t).refund("o2", 0, tt.when); !errors.Is(err, ErrNotRefundable) {
				t.Errorf("got %+v, %v", q, err)
			}
		})
	}
	t.Run("a course without lessons was not used", func(t *testing.T) {
		s := inStage2(t)
		if q, err := RefundAmount(s.order("o2"), "c", s.e, 0, 0, at("2025-04-05")); err != nil || q.Rule != RefundFull {
			t.Errorf("got %+v, %v", q, err)
		}
	})
	t.Run("a period that has not begun is unused whole", func(t *testing.T) {
		s := newStory(t, ladderCourse())
		s.buys("s1", "2025-03-01")
		s.buys("s2", "2025-03-05")
		if q, err := s.refund("o2", 90, "2025-04-01 23:00"); err != nil || q.Amount != 20000 || q.UnusedDays != 30 || q.TotalDays != 30 || !q.Full {
			t.Errorf("got %+v, %v", q, err)
		}
	})
}

func TestALifetimeIsRefundedInFullOrByFinance(t *testing.T) {
	tests := []struct {
		name   string
		opened int
		when   string
		want   error
	}{
		{"within 7 days, hardly used", 10, "2025-03-08 10:00", nil},
		{"within 7 days, much used", 21, "2025-03-02", ErrNotRefundable},
		{"later there are no days to count", 0, "2025-03-08 10:00:01", ErrNotRefundable},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := newStory(t, ladderCourse())
			s.buys("full", "2025-03-01 10:00")
			q, err := s.refund("o1", tt.opened, tt.when)
			if !errors.Is(err, tt.want) || tt.want == nil && q.Amount != 999*yuan {
				t.Errorf("got %+v, %v", q, err)
			}
			all, err := FinanceRefund(s.order("o1"), RefundRequest{}, s.enrolmentOf, at(tt.when))
			if err != nil || all.Amount != 999*yuan || !all.Full || !all.Lines[0].EndsAccess {
				t.Errorf("finance: %+v, %v", all, err)
			}
		})
	}
}

func (s *story) enrolmentOf(string) *Enrolment { return s.e }

func TestP27ARefundedStageCanBeBoughtAgainOnce(t *testing.T) {
	s := inStage2(t)
	s.refunds("o2", "2025-04-05", 200*yuan)
	s.closed("2025-04-05")
	s.offered("2025-04-05", "s2 200, full 999")
	s.buys("s2", "2025-04-05 09:00")
	s.open("2025-04-05 09:00", "2025-05-05")
	s.refused("s2", "2025-05-06", ErrStageAlreadyUsed, "s3 300, full 999")
	if _, err := s.refund("o2", 0, "2025-04-06"); !errors.Is(err, ErrNotRefundable) {
		t.Errorf("the first S2 again: %v", err)
	}
}

func TestP29LastInFirstOut(t *testing.T) {
	s := inStage2(t)
	s.buys("s3", "2025-04-03")
	if _, err := s.refund("o2", 0, "2025-04-04"); !errors.Is(err, ErrRefundLaterStage) {
		t.Errorf("S2 while S3 is prepaid: %v", err)
	}
	if _, err := FinanceRefund(s.order("o2"), RefundRequest{}, s.enrolmentOf, at("2025-04-04")); !errors.Is(err, ErrRefundLaterStage) {
		t.Errorf("by finance: %v", err)
	}
	s.refunds("o3", "2025-04-04", 300*yuan)
	s.open("2025-04-04", "2025-05-02")
	s.refunds("o2", "2025-04-04", 200*yuan)
	if s.e.StagesHad(s.trial) != 1 || len(s.e.Grants) != 3 {
		t.Errorf("counter %d, %d grants", s.e.StagesHad(s.trial), len(s.e.Grants))
	}
}

func TestP30TheFreeStageGivesNothingBackButEnds(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01 10:00")
	q, err := s.refund("o1", 90, "2025-03-20")
	if err != nil || q.Amount != 0 || !q.Full || q.Rule != RefundFree || !q.EndsAccess {
		t.Fatalf("got %+v, %v", q, err)
	}
	all, err := FinanceRefund(s.order("o1"), RefundRequest{}, s.enrolmentOf, at("2025-03-20"))
	if err != nil || all.Amount != 0 || !all.Full || len(all.Lines) != 1 {
		t.Errorf("by finance: %+v, %v", all, err)
	}
	if _, err := s.refund("o1", 0, "2025-05-01"); !errors.Is(err, ErrNotRefundable) {
		t.Errorf("after it ended: %v", err)
	}
	s.refunds("o1", "2025-03-20", 0)
	s.closed("2025-03-20")
	s.refused("s1", "2025-03-20", ErrTrialUsed, "s2 200, full 999")
	s.trial = false // the enrolment alone remembers it too
	s.refused("s1", "2025-03-20", ErrTrialUsed, "s2 200, full 999")
}

func TestStageMoneyThatBecameCreditWaitsForTheFullPrice(t *testing.T) {
	s := inStage2(t)
	s.c.Versions[0].Ladder.CreditMode = CreditPaidTotal
	if _, cash := s.buys("full", "2025-04-04"); cash != 799*yuan {
		t.Fatalf("the full price cost %d fen", cash)
	}
	if _, err := s.refund("o2", 0, "2025-04-05"); !errors.Is(err, ErrCreditConsumed) {
		t.Errorf("S2: %v", err)
	}
	part := 10 * yuan
	if _, err := FinanceRefund(s.order("o2"), RefundRequest{Amount: &part}, s.enrolmentOf, at("2025-04-05")); !errors.Is(err, ErrCreditConsumed) {
		t.Errorf("a part of S2 by finance: %v", err)
	}
	if _, err := NeedlessRefund(s.order("o2"), "c", s.e, at("2025-04-05")); !errors.Is(err, ErrCreditConsumed) {
		t.Errorf("S2 by itself: %v", err)
	}
	s.refunds("o3", "2025-04-05", 799*yuan)
	s.open("2025-04-05", "2025-05-02")
	s.refunds("o2", "2025-04-05", 200*yuan)
}

func TestAFullPriceThatCreditPaidWholeGivesItBack(t *testing.T) {
	s := inStage2(t)
	publish(s.c, Ladder{CreditMode: CreditPaidTotal}, lifetime("full", 150))
	if _, cash := s.buys("full", "2025-04-04"); cash != 0 {
		t.Fatalf("cost %d fen", cash)
	}
	if _, err := s.refund("o3", 0, "2025-05-04"); !errors.Is(err, ErrNotRefundable) {
		t.Errorf("after the 7 days: %v", err)
	}
	s.refunds("o3", "2025-04-05", 0)
	s.refunds("o2", "2025-04-05", 200*yuan)
}

func TestANeedlessStageGoesBackByItself(t *testing.T) {
	s := newStory(t, ladderCourse())
	s.buys("s1", "2025-03-01")
	s.buys("s2", "2025-03-02")
	s.buys("full", "2025-03-30")
	if needless := s.lines["o3"].Needless; len(needless) != 1 || needless[0] != "o2" {
		t.Fatalf("needless %v, want o2", needless)
	}
	q, err := NeedlessRefund(s.order("o2"), "c", s.e, at("2025-04-05"))
	if err != nil || q.Amount != 200*yuan || !q.Full || q.Rule != RefundNeedless || !q.EndsAccess {
		t.Fatalf("got %+v, %v", q, err)
	}
	gone := s.order("o2")
	gone.State, gone.Refunded = OrderPartiallyRefunded, gone.Paid
	if _, err := NeedlessRefund(gone, "c", s.e, at("2025-04-05")); !errors.Is(err, ErrNotRefundable) {
		t.Errorf("with nothing left: %v", err)
	}
	s.e.Revoke("o2")
	if _, err := NeedlessRefund(s.order("o2"), "c", s.e, at("2025-04-05")); !errors.Is(err, ErrNotRefundable) {
		t.Errorf("twice: %v", err)
	}
	s.open("2025-04-05", "ever")
	s.refunds("o3", "2025-04-05", 999*yuan)
	s.closed("2025-04-05")
	s.offered("2025-04-05", "s2 200, full 999")
}

func TestTheLimitsOfARefund(t *testing.T) {
	refunds := func(n int, state RefundState, dup bool, last string) (list []Refund) {
		for range n {
			list = append(list, Refund{State: state, Duplicate: dup, CreatedAt: at(last)})
		}
		return list
	}
	tests := []struct {
		name   string
		change func(*Order)
		want   error
	}{
		{"a fulfilled order", func(*Order) {}, nil},
		{"one that was partly refunded", func(o *Order) { o.State = OrderPartiallyRefunded }, nil},
		{"one that is being refunded", func(o *Order) {
			o.State, o.Refunds = OrderRefunding, refunds(1, RefundProcessing, false, "2025-04-03")
		}, ErrRefundUnderWay},
		{"one whose refund WeChat gave up", func(o *Order) {
			o.State, o.Refunds = OrderRefunding, refunds(1, RefundClosed, false, "2025-04-03")
		}, nil},
		{"one that was refunded", func(o *Order) { o.State = OrderRefunded }, ErrNotRefundable},
		{"one that was not fulfilled yet", func(o *Order) { o.State = OrderPaid }, ErrNotRefundable},
		{"one for people to look at", func(o *Order) { o.State = OrderException }, ErrNotRefundable},
		{"a line that was never granted", func(o *Order) { o.Lines[0].Result = LineRefused }, ErrNotRefundable},
		{"a request that waits for finance", func(o *Order) { o.Refunds = refunds(1, RefundRequested, false, "2025-04-03") }, ErrRefundUnderWay},
		{"a refund that got stuck", func(o *Order) { o.Refunds = refunds(1, RefundAbnormal, false, "2025-04-03") }, ErrRefundUnderWay},
		{"a second payment on its way back", func(o *Order) { o.Refunds = refunds(60, RefundProcessing, true, "2025-04-05 11:59:30") }, nil},
		{"59 seconds after the last part", func(o *Order) { o.Refunds = refunds(1, RefundSucceeded, false, "2025-04-05 11:59:01") }, ErrRefundTooSoon},
		{"a minute after it", func(o *Order) { o.Refunds = refunds(1, RefundSucceeded, false, "2025-04-05 11:59:00") }, nil},
		{"a rejected request is no part", func(o *Order) { o.Refunds = refunds(60, RefundRejected, false, "2025-04-05 11:59:59") }, nil},
		{"the fiftieth part", func(o *Order) { o.Refunds = refunds(49, RefundSucceeded, false, "2025-04-03") }, nil},
		{"the fifty-first", func(o *Order) { o.Refunds = refunds(50, RefundSucceeded, false, "2025-04-03") }, ErrRefundTooMany},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			s := inStage2(t)
			o := s.order("o2")
			tt.change(o)
			if _, err := RefundAmount(o, "c", s.e, 0, 100, at("2025-04-05 12:00")); !errors.Is(err, tt.want) {
				t.Errorf("the learner gets %v, want %v", err, tt.want)
			}
			if tt.name == "a line that was never granted" {
				return // its money is finance's to give back
			}
			if _, err := FinanceRefund(o, RefundRequest{}, s.enrolmentOf, at("2025-04-05 12:00")); !errors.Is(err, tt.want) {
				t.Errorf("finance gets %v, want %v", err, tt.want)
			}
		})
	}
	t.Run("another course's line", func(t *testing.T) {
		s := inStage2(t)
		if _, err := RefundAmount(s.order("o2"), "d", s.e, 0, 100, at("2025-04-05")); !errors.Is(err, ErrNotRefundable) {
			t.Error(err)
		}
	})
	t.Run("a frozen grant", func(t *testing.T) {
		s := inStage2(t)
		s.e.Freeze("o2")
		if _, err := s.refund("o2", 0, "2025-04-05"); !errors.Is(err, ErrRefundUnderWay) {
			t.Error(err)
		}
		if _, err := FinanceRefund(s.order("o2"), RefundRequest{}, s.enrolmentOf, at("2025-04-05")); !errors.Is(err, ErrRefundUnderWay) {
			t.Error(err)
		}
	})
}

func TestC27AfterAYearWeChatPaysNothingBack(t *testing.T) {
	c := ladderCourse()
	publish(c, Ladder{}, period("long", Month, 24, 2400))
	s := newStory(t, c)
	s.buys("long", "2025-03-01 10:00")
	last := at("2025-03-01 10:00").Add(365 * 24 * time.Hour)
	if q, err := RefundAmount(s.order("o1"), "c", s.e, 100, 100, last); err != nil || q.UnusedDays != 365 {
		t.Errorf("on day 365: %+v, %v", q, err)
	}
	if _, err := RefundAmount(s.order("o1"), "c", s.e, 0, 100, last.Add(time.Second)); !errors.Is(err, ErrRefundWindow) {
		t.Errorf("a second later: %v", err)
	}
	if _, err := FinanceRefund(s.order("o1"), RefundRequest{}, s.enrolmentOf, last.Add(time.Second)); !errors.Is(err, ErrRefundWindow) {
		t.Errorf("by finance: %v", err)
	}
}

func TestNeverMoreThanIsLeft(t *testing.T) {
	s := inStage2(t)
	o := s.order("o2")
	o.State, o.Refunded = OrderPartiallyRefunded, 50*yuan
	s.e.SetRefunded("o2", 50*yuan)
	if q, err := RefundAmount(o, "c", s.e, 0, 100, at("2025-04-05")); err != nil || q.Amount != 150*yuan || !q.Full {
		t.Errorf("within 7 days: %+v, %v", q, err)
	}
	if q, err := RefundAmount(o, "c", s.e, 100, 100, at("2025-04-05 12:00")); err != nil || q.Amount != 150*yuan || !q.Full {
		t.Errorf("27 of 30 days come to 180, but 150 is left: %+v, %v", q, err)
	}
	if q, err := RefundAmount(o, "c", s.e, 100, 100, at("2025-04-22 12:00")); err != nil || q.Amount != 6666 || q.Full {
		t.Errorf("the days cost what they did: %+v, %v", q, err)
	}
	for _, tt := range []struct {
		amount Fen
		want   error
		full   bool
	}{
		{1, nil, false}, {150*yuan - 1, nil, false}, {150 * yuan, nil, true},
		{150*yuan + 1, ErrRefundTooMuch, false}, {0, ErrInvalidField, false}, {-1, ErrInvalidField, false},
	} {
		got, err := FinanceRefund(o, RefundRequest{Amount: &tt.amount}, s.enrolmentOf, at("2025-04-05"))
		if !errors.Is(err, tt.want) || err == nil && (got.Amount != tt.amount || got.Full != tt.full || got.Lines[0].EndsAccess != tt.full) {
			t.Errorf("finance gives %d fen: %+v, %v", tt.amount, got, err)
		}
	}
}

// twoCourses is an order of S2 of course C and the full price of course D, both granted.
func twoCourses(t *testing.T) (*Order, map[string]*Enrolment) {
	s := newShelf()
	s.histories["c"] = PurchaseHistory{TrialUsed: true}
	paid := at("2025-04-02 12:00")
	lines := s.quote(t, "2025-04-02 12:00", "c s2", "d dfull").OrderLines()
	o := &Order{ID: "o", State: OrderFulfilled, CreatedAt: paid, PaidAt: &paid}
	held := map[string]*Enrolment{}
	for _, l := range lines {
		e := NewEnrolment("u", l.CourseID, paid)
		if _, err := e.Add("o", l, 1, l.Price, false, paid); err != nil {
			t.Fatal(err)
		}
		l.Result = LineGranted
		held[l.CourseID] = e
		o.Lines, o.Total, o.Paid = append(o.Lines, l), o.Total+l.Price, o.Paid+l.Price
	}
	return o, held
}

func TestRefundOrder(t *testing.T) {
	refund := func(o *Order, held map[string]*Enrolment, opened int, when string) (OrderRefund, error) {
		return RefundOrder(o, func(id string) Learning { return Learning{held[id], opened, 100} }, at(when))
	}
	t.Run("gives all lines back together", func(t *testing.T) {
		o, held := twoCourses(t)
		if got, err := refund(o, held, 0, "2025-04-05"); err != nil || got.Amount != 21999 || !got.Full || len(got.Lines) != 2 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("gives back what it can and says what it cannot", func(t *testing.T) {
		o, held := twoCourses(t)
		got, err := refund(o, held, 0, "2025-04-22 12:00")
		if err != nil || got.Amount != 6666 || got.Full || got.Lines[1].Problem != "NOT_REFUNDABLE" {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("leaves out what went back before", func(t *testing.T) {
		o, held := twoCourses(t)
		held["c"].Revoke("o")
		o.State, o.Refunded, o.Refunds = OrderPartiallyRefunded, 200*yuan, []Refund{wentBack(RefundPart{"c", 200 * yuan, true})}
		if got, err := refund(o, held, 0, "2025-04-05"); err != nil || got.Amount != 1999 || !got.Full || len(got.Lines) != 1 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
	t.Run("gives the first reason where nothing goes back", func(t *testing.T) {
		o, held := twoCourses(t)
		if _, err := refund(o, held, 0, "2025-06-22"); !errors.Is(err, ErrNotRefundable) {
			t.Error(err)
		}
		o.State, o.Refunds = OrderRefunding, []Refund{{State: RefundProcessing}}
		if _, err := refund(o, held, 0, "2025-04-05"); !errors.Is(err, ErrRefundUnderWay) {
			t.Error(err)
		}
		o.State, o.Lines, o.Refunds = OrderFulfilled, nil, nil
		if _, err := refund(o, held, 0, "2025-04-05"); !errors.Is(err, ErrNotRefundable) {
			t.Error(err)
		}
	})
	t.Run("never gives more than finance left", func(t *testing.T) {
		o, held := twoCourses(t)
		o.State, o.Refunded = OrderPartiallyRefunded, 21000
		if got, err := refund(o, held, 0, "2025-04-05"); err != nil || got.Amount != 999 {
			t.Errorf("got %+v, %v", got, err)
		}
	})
}

// An order has stages of two courses, and another order the full price of both.
func TestNeedlessStages_OfTwoCoursesInOneOrder_AreAllNamed(t *testing.T) {
	full := &Order{Lines: []OrderLine{
		{CourseID: "a", Result: LineGranted, Needless: []string{"o1"}},
		{CourseID: "b", Result: LineGranted, Needless: []string{"o1"}},
		{CourseID: "c", Result: LineRefused, Needless: []string{"o1"}},
	}}
	if got := full.Needless(); !slices.Equal(got, []NeedlessStage{{"o1", "a"}, {"o1", "b"}}) {
		t.Errorf("needless are %v", got)
	}
	stages := &Order{Refunds: []Refund{{Reason: ReasonNeedlessStage, Lines: []RefundPart{{CourseID: "a"}}}}}
	if !stages.RefundBook().RefundsNeedless("a") || stages.RefundBook().RefundsNeedless("b") {
		t.Error("the refund of one course stands for the other")
	}
}

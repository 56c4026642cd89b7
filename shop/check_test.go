package shop

import (
	"slices"
	"strings"
	"testing"
	"time"
)

// wholeOrder is a fulfilled order of a free stage and a full price, and what is around it.
func wholeOrder(now time.Time) (*Order, Around, *Enrolment) {
	o := NewOrder("o1", "u1", []OrderLine{
		{CourseID: "c1", Kind: KindLifetime, List: 500, Price: 500},
		{CourseID: "c2", Kind: KindStage, Stage: 1, Period: &Period{Month, 1}},
	}, now)
	a, err := o.AddAttempt(ChannelNative, Payer{}, now)
	if err != nil {
		panic(err)
	}
	p := Payment{OutTradeNo: a.OutTradeNo, TransactionID: "t1", AppID: "app", MchID: "mch", Currency: "CNY", Total: 500, Paid: true, PaidAt: now}
	o.Settle(p, Merchant{"app", "mch"}, false, now, "wechat")
	e := NewEnrolment("u1", "c1", now)
	trial := NewEnrolment("u1", "c2", now)
	for i, of := range []*Enrolment{e, trial} {
		if _, err := of.Add("o1", o.Lines[i], 1, o.Lines[i].Price, o.Lines[i].List == 0, now); err != nil {
			panic(err)
		}
		o.Lines[i].Result = LineGranted
	}
	o.Fulfil(now)
	for name := range o.Duties {
		o.DutyDone(name, o.Duties[name].Owed)
	}
	return o, Around{
		Enrolments: map[string]*Enrolment{"c1": e, "c2": trial}, Claims: map[string]string{}, Trials: map[string]string{"c2": "o1"},
		Told: map[string]bool{NoticeID("u1", NoticeOrderFulfilled, "o1"): true}, Audited: len(o.History),
	}, e
}

func found(all []Violation) (which []string) {
	for _, v := range all {
		which = append(which, v.Invariant)
	}
	slices.Sort(which)
	return slices.Compact(which)
}

func TestWhatBreaksAnOrder(t *testing.T) {
	rows := []struct {
		name  string
		spoil func(o *Order, a *Around)
		after time.Duration
		want  string
	}{
		{"nothing", func(*Order, *Around) {}, time.Hour, ""},
		{"a course that is granted and not there", func(_ *Order, a *Around) { delete(a.Enrolments, "c1") }, 0, "I1"},
		{"a line that came to nothing", func(o *Order, _ *Around) { o.Lines[0].Result = "" }, 0, "I1"},
		{"a refused line that is not paid back", func(o *Order, _ *Around) { o.Lines[0].Result = LineRefused }, 0, "I1"},
		{"money for nothing that stays", func(o *Order, _ *Around) {
			o.Attempts = append(o.Attempts, Attempt{OutTradeNo: "o102", State: AttemptDupRefunding, Amount: 500})
		}, 0, "I1"},
		{"a refund number of another order", func(o *Order, _ *Around) {
			o.Refunds = []Refund{{OutRefundNo: "x1r01", OutTradeNo: "o101", State: RefundRejected}}
		}, 0, "I5"},
		{"more going back than came", func(o *Order, a *Around) {
			a.Due = true
			o.Refunds = []Refund{
				{OutRefundNo: "o1r01", OutTradeNo: "o101", State: RefundProcessing, Amount: 300, CreatedAt: booksNoon},
				{OutRefundNo: "o1r02", OutTradeNo: "o101", State: RefundProcessing, Amount: 201, CreatedAt: booksNoon},
			}
		}, 0, "I5"},
		{"refunds that the order does not add up", func(o *Order, _ *Around) { o.Refunded = 1 }, 0, "I5"},
		{"lines that do not add up", func(o *Order, _ *Around) { o.Lines[0].Price++ }, 0, "I6"},
		{"less paid than it costs", func(o *Order, _ *Around) { o.Paid-- }, 0, "I6"},
		{"no notice", func(_ *Order, a *Around) { a.Told = nil }, 0, "I7"},
		{"a trial of another order", func(_ *Order, a *Around) { a.Trials["c2"] = "o9" }, 0, "I7"},
		{"a move without its row", func(_ *Order, a *Around) { a.Audited-- }, 0, "I8"},
		{"a row on its way", func(_ *Order, a *Around) { a.Audited--; a.Due = true }, 0, ""},
		{"a row without its move", func(_ *Order, a *Around) { a.Audited++; a.Due = true }, 0, "I8"},
		{"a hole in its history", func(o *Order, a *Around) { o.History = slices.Delete(o.History, 1, 2); a.Audited-- }, 0, "I8"},
		{"a duty that waits for nine minutes", func(o *Order, a *Around) { o.Duties[DutyCount].Done = false; a.Due = true }, 9 * time.Minute, ""},
		{"a duty that waits for eleven", func(o *Order, a *Around) { o.Duties[DutyCount].Done = false; a.Due = true }, 11 * time.Minute, "I8"},
		{"a duty without a wakeup", func(o *Order, _ *Around) { o.Duties[DutyCount].Done = false }, 0, "I8"},
		{"a refund that is not asked about", func(o *Order, a *Around) {
			a.Due = true
			o.Refunds = []Refund{{OutRefundNo: "o1r01", OutTradeNo: "o101", State: RefundProcessing, Amount: 1, CreatedAt: booksNoon}}
		}, 11 * time.Minute, "I8"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o, a, _ := wholeOrder(booksNoon)
			row.spoil(o, &a)
			all := CheckOrder(o, a, booksNoon.Add(row.after))
			if got := strings.Join(found(all), " "); got != row.want {
				t.Fatalf("%q, not %q: %v", got, row.want, all)
			}
		})
	}
}

func TestHowLongAnOrderMayStayOpen(t *testing.T) {
	rows := []struct {
		name  string
		state func(o *Order)
		after time.Duration
		want  string
	}{
		{"pending within its time", func(*Order) {}, PayWithin, ""},
		{"pending four minutes after it", func(*Order) {}, PayWithin + 4*time.Minute, ""},
		{"pending six minutes after it", func(*Order) {}, PayWithin + 6*time.Minute, "I8"},
		{"closing for fourteen minutes, five of them by WeChat's rule", func(o *Order) { _ = o.Close(CloseUser, booksNoon, "u1") }, 14 * time.Minute, ""},
		{"closing for sixteen", func(o *Order) { _ = o.Close(CloseUser, booksNoon, "u1") }, 16 * time.Minute, "I8"},
		{"paid for 89 seconds", payOrder, 89 * time.Second, ""},
		{"paid for 91 seconds", payOrder, 91 * time.Second, "I1"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o := NewOrder("o1", "u1", []OrderLine{{CourseID: "c1", Kind: KindLifetime, List: 500, Price: 500}}, booksNoon)
			if _, err := o.AddAttempt(ChannelNative, Payer{}, booksNoon); err != nil {
				t.Fatal(err)
			}
			row.state(o)
			a := Around{Claims: map[string]string{"c1": "o1"}, Due: true, Audited: len(o.History)}
			all := CheckOrder(o, a, booksNoon.Add(row.after))
			if got := strings.Join(found(all), " "); got != row.want {
				t.Fatalf("%q, not %q: %v", got, row.want, all)
			}
		})
	}
}

func payOrder(o *Order) {
	p := Payment{OutTradeNo: "o101", TransactionID: "t1", AppID: "app", MchID: "mch", Currency: "CNY", Total: 500, Paid: true, PaidAt: booksNoon}
	o.Settle(p, Merchant{"app", "mch"}, false, booksNoon, "wechat")
}

func TestWhatBreaksAnEnrolment(t *testing.T) {
	rows := []struct {
		name  string
		spoil func(o *Order, e *Enrolment)
		want  string
	}{
		{"nothing", func(*Order, *Enrolment) {}, ""},
		{"a grant of no order", func(_ *Order, e *Enrolment) { e.Grants[0].OrderID = "o9" }, "I2"},
		{"a grant of another learner's order", func(o *Order, _ *Enrolment) { o.UserID = "u9" }, "I2"},
		{"a grant of an unpaid order", func(o *Order, _ *Enrolment) { o.State = OrderClosed }, "I2"},
		{"a grant of a refused line", func(o *Order, _ *Enrolment) { o.Lines[0].Result = LineRefused }, "I2"},
		{"a grant that outlives its refund", func(o *Order, _ *Enrolment) {
			o.Refunds = []Refund{{State: RefundSucceeded, Amount: 500, Lines: []RefundPart{{"c1", 500, true}}}}
		}, "I2"},
		{"a revoked grant gives no access", func(o *Order, e *Enrolment) { e.Revoke("o1"); o.State = OrderRefunded }, ""},
		{"the full price twice", func(_ *Order, e *Enrolment) { e.Grants = append(e.Grants, e.Grants[0]) }, "I3"},
		{"the key of another course", func(_ *Order, e *Enrolment) { e.ID = "u1:c9" }, "I3"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			o, _, e := wholeOrder(booksNoon)
			row.spoil(o, e)
			all := CheckEnrolment(e, func(id string) *Order {
				if id == o.ID {
					return o
				}
				return nil
			})
			if got := strings.Join(found(all), " "); got != row.want {
				t.Fatalf("%q, not %q: %v", got, row.want, all)
			}
		})
	}
}

func TestPeriodsOfAnEnrolmentDoNotOverlap(t *testing.T) {
	order := func(string) *Order {
		return &Order{UserID: "u1", State: OrderFulfilled, Lines: []OrderLine{{CourseID: "c1", Result: LineGranted}}}
	}
	month := func(n int) *time.Time { at := booksNoon.AddDate(0, n, 0); return &at }
	for name, row := range map[string]struct {
		begins int // months after the first
		broken bool
	}{"one after the other": {1, false}, "one within the other": {0, true}} {
		t.Run(name, func(t *testing.T) {
			e := NewEnrolment("u1", "c1", booksNoon)
			e.Grants = []Grant{
				{OrderID: "o1", Kind: KindStage, Stage: 1, From: *month(0), Until: month(1), State: GrantLive},
				{OrderID: "o2", Kind: KindStage, Stage: 2, From: *month(row.begins), Until: month(row.begins + 1), State: GrantLive},
			}
			if all := CheckEnrolment(e, order); (len(all) > 0) != row.broken {
				t.Fatalf("%v", all)
			}
		})
	}
}

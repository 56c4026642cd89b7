package stats

import (
	"fmt"
	"testing"
	"time"

	"mstm/shop"
)

var noon = time.Date(2026, 3, 4, 4, 0, 0, 0, time.UTC) // a Wednesday in China

// bought is an order of two lines, paid.
func bought() *shop.Order {
	o := shop.NewOrder("o1", "ann", []shop.OrderLine{
		{CourseID: "go1", PolicyID: "s2", Price: 20000, Kind: shop.KindStage, Stage: 2}, {CourseID: "go2", PolicyID: "full", Price: 99900},
	}, noon)
	at := noon.Add(13 * time.Hour) // past midnight in China
	o.State, o.Paid, o.PaidAt, o.Transaction = shop.OrderFulfilled, o.Total, &at, "T1"
	o.Attempts = []shop.Attempt{{OutTradeNo: "o101", State: shop.AttemptSucceeded, Amount: o.Total, TransactionID: "T1", PaidAt: &at}}
	return o
}

func want(t *testing.T, what string, got Pages, want Pages) {
	t.Helper()
	if diff := got.Minus(want); len(diff) > 0 {
		t.Errorf("%s: %v, differs by %v", what, got, diff)
	}
}

func TestOrder_PaidAfterMidnight_CountsOnBothDays(t *testing.T) {
	want(t, "the order", Order(bought()).Pages, Pages{
		"day:2026-03-04": {Orders: 1},
		"day:2026-03-05": {Bought: 1, In: 119900, "in/go1/s2": 20000, "in/go2/full": 99900, "sold/go1/s2": 1, "sold/go2/full": 1},
	})
}

func TestOrder_RefundOfALine_GoesBackOnItsDay_AndNotWhereWeChatClosedIt(t *testing.T) {
	o, at := bought(), noon.Add(72*time.Hour)
	o.Refunds = []shop.Refund{{
		OutRefundNo: "o1r01", OutTradeNo: "o101", State: shop.RefundProcessing, Amount: 20100, CreatedAt: at, AcceptedAt: &at,
		Lines: []shop.RefundPart{{CourseID: "go1", Amount: 20000}},
	}}
	p := Order(o).Pages
	want(t, "the refund's day", Pages{"d": p["day:2026-03-07"]}, Pages{"d": {Out: 20100, "out/go1/s2": 20000, "out/-/-": 100}})
	o.Refunds[0].State = shop.RefundAbnormal
	if now := Order(o).Pages[PageNow]; now[Stuck] != 1 {
		t.Errorf("a refund that failed: %v", now)
	}
	o.Refunds[0].State = shop.RefundClosed
	want(t, "a closed refund", Order(o).Pages, Order(bought()).Pages)
}

func TestOrder_MoneyThatFitsNoLine_StandsByItself(t *testing.T) {
	o := bought()
	at := noon
	o.Attempts = append(o.Attempts, shop.Attempt{OutTradeNo: "o102", State: shop.AttemptDupRefunding, Amount: 119900, TransactionID: "T2", PaidAt: &at})
	want(t, "the second payment", Pages{"d": Order(o).Pages["day:2026-03-04"]}, Pages{"d": {Orders: 1, In: 119900, "in/-/-": 119900}})
	free := shop.NewOrder("o2", "ann", []shop.OrderLine{{CourseID: "go1", PolicyID: "s1", Kind: shop.KindStage, Stage: 1}}, noon)
	want(t, "a free order", Order(free).Pages, Pages{"day:2026-03-04": {Orders: 1, Bought: 1, "sold/go1/s1": 1}})
	if gone := Order(shop.Abandoned("o3", noon)); len(gone.Pages) > 0 {
		t.Errorf("an order that was never placed counts: %v", gone.Pages)
	}
}

func TestOrder_TheSumsOfADay_AreThoseOfTheFinanceExport(t *testing.T) {
	o := bought()
	at := noon.Add(72 * time.Hour)
	for i, state := range []shop.RefundState{shop.RefundSucceeded, shop.RefundClosed, shop.RefundProcessing, shop.RefundRequested} {
		o.Refunds = append(o.Refunds, shop.Refund{OutRefundNo: fmt.Sprint("o1r", i), State: state, Amount: shop.Fen(100 << i), CreatedAt: at.Add(time.Duration(i) * 24 * time.Hour)})
	}
	days := map[string][2]int64{}
	for _, c := range o.Cash() {
		d := days[PageOfDay(c.Day())]
		days[PageOfDay(c.Day())] = [2]int64{d[0] + int64(c.In), d[1] + int64(c.Left())}
	}
	for page, d := range days {
		if got := Order(o).Pages[page]; got[In] != d[0] || got[Out] != d[1] {
			t.Errorf("%s: %v, the export %v", page, got, d)
		}
	}
}

func TestEnrolment_StepsOfTheLadder_CountInTheWeekOfTheFirst(t *testing.T) {
	grant := func(day int, stage int, state shop.GrantState) shop.Grant {
		g := shop.Grant{Kind: shop.KindStage, Stage: stage, State: state, At: noon.AddDate(0, 0, day)}
		if stage == 0 {
			g.Kind = shop.KindLifetime
		}
		return g
	}
	const monday = "week:2026-03-02"
	for _, tt := range []struct {
		name   string
		grants []shop.Grant
		want   Pages
	}{
		{"nothing", nil, Pages{}},
		{"a ladder", []shop.Grant{grant(0, 1, shop.GrantLive), grant(30, 2, shop.GrantLive), grant(60, 0, shop.GrantLive)},
			Pages{monday: {"funnel/go1/1": 1, "funnel/go1/2": 1, "funnel/go1/full": 1}}},
		{"for ever at once", []shop.Grant{grant(0, 0, shop.GrantLive)}, Pages{monday: {"funnel/go1/direct": 1}}},
		{"a stage that was given back", []shop.Grant{grant(0, 1, shop.GrantLive), grant(30, 2, shop.GrantRevoked)}, Pages{monday: {"funnel/go1/1": 1}}},
	} {
		want(t, tt.name, Enrolment(&shop.Enrolment{ID: "ann:go1", CourseID: "go1", Grants: tt.grants}).Pages, tt.want)
	}
}

func TestMonday_EveryDayOfAWeek_IsOfTheSame(t *testing.T) {
	for i := range 7 {
		if got := Monday(shop.Date("2026-03-02").Add(i)); got != "2026-03-02" {
			t.Errorf("the week of day %d begins on %s", i, got)
		}
	}
}

func TestReport_WhatARoleMayNotSee_IsNotInIt(t *testing.T) {
	pages := Pages{"day:2026-03-04": {Orders: 2, In: 100, "in/go1/s2": 100, People: 1}, "day:2026-02-25": {Orders: 7}, "peak:2026-03-04": {Online: 9}, "week:2026-03-02": {"funnel/go1/1": 3}, PageNow: {Exceptions: 1}}
	for _, tt := range []struct {
		role                                    shop.Role
		orders, money, people, presence, funnel bool
	}{
		{shop.RoleAdmin, true, true, true, true, true}, {shop.RoleFinance, true, true, false, false, true},
		{shop.RoleMarketer, true, false, true, true, true}, {shop.RoleEditor, false, false, false, true, true}, {shop.RoleSupport, true, false, true, false, false},
	} {
		r := NewReport(pages, "2026-03-04", 3, SightOf([]shop.Role{tt.role}), func(string) *shop.Course { return nil })
		if len(r.Days) != 3 || r.Days[2].Day != "2026-03-04" {
			t.Fatalf("%+v", r.Days)
		}
		d := r.Days[2]
		if got := [...]bool{d.Orders != nil, d.In != nil && r.Revenue != nil && r.Now.Exceptions != nil, d.People != nil, d.Online != nil, r.Funnel != nil}; got != [...]bool{tt.orders, tt.money, tt.people, tt.presence, tt.funnel} {
			t.Errorf("%s sees %v", tt.role, got)
		}
		if d.Orders != nil && (*d.Orders != 2 || *d.WeekBefore.Orders != 7) || d.In != nil && (*d.In != 100 || r.Revenue[0].Policies[0].In != 100) {
			t.Errorf("%s: %+v", tt.role, r)
		}
	}
}

package shop

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestTheCashOfAnOrder(t *testing.T) {
	second, late := booksNoon.Add(time.Minute), booksNoon.Add(-time.Minute)
	rows := []struct {
		name   string
		change func(o *Order)
		want   []string
	}{
		{"is what was paid and what went back", func(*Order) {}, []string{"payment 500", "refund -200"}},
		{"has no refund that WeChat has not accepted", func(o *Order) { o.Refunds[0].State = RefundSubmitted }, []string{"payment 500"}},
		{"has a refund that WeChat gave up, as the bill has", func(o *Order) { o.Refunds[0].State = RefundClosed }, []string{"payment 500", "refund -200"}},
		{"has a second payment and its way back apart", func(o *Order) {
			o.Attempts[0].State, o.Attempts[0].PaidAt = AttemptDupRefunding, &second
			o.Refunds = append(o.Refunds, Refund{OutRefundNo: "o1r02", OutTradeNo: "o101", State: RefundProcessing, Amount: 500, Duplicate: true, CreatedAt: second})
		}, []string{"duplicate 500", "payment 500", "refund -200", "duplicate_refund -500"}},
		{"of nothing is listed too", func(o *Order) { *o = Order{ID: "o2", State: OrderFulfilled, CreatedAt: late} }, []string{"free_order 0"}},
		{"that was never placed is none", func(o *Order) { *o = *Abandoned("o2", booksNoon) }, nil},
		{"that was never paid is none", func(o *Order) { *o = Order{ID: "o2", State: OrderPending, Total: 500, Attempts: o.Attempts[:1]} }, nil},
	}
	for _, row := range rows {
		t.Run("the cash of an order "+row.name, func(t *testing.T) {
			o := orderInBooks()
			row.change(o)
			var got []string
			for _, c := range o.Cash() {
				got = append(got, fmt.Sprintf("%s %d", c.Kind, c.In-c.Out))
			}
			if !slices.Equal(got, row.want) {
				t.Fatalf("%q, not %q", got, row.want)
			}
		})
	}
}

func TestFinanceRowsHaveSumsOfEachDayAndOfAll(t *testing.T) {
	cash := []Cash{
		{Kind: CashPayment, At: booksNoon, OrderID: "o1", OutTradeNo: "o101", UserID: "u1", Courses: []string{"=HYPERLINK(1)"}, List: 99900, Credit: 50000, In: 49901},
		{Kind: CashRefund, At: booksDay.End(), OrderID: "o1", OutTradeNo: "o101", OutRefundNo: "o1r01", UserID: "u1", Out: 1},
	}
	var got []string
	var book FinanceBook
	rows := book.Rows(cash[:1], func(string) string { return "@lin" })
	rows = append(rows, book.Rows(cash[1:], func(string) string { return "@lin" })...)
	for _, row := range append(rows, book.End()...) {
		if len(row.Text()) != len(FinanceHeader()) || len(row.Cells()) != len(FinanceHeader()) {
			t.Fatalf("%d texts, %d cells under %d columns", len(row.Text()), len(row.Cells()), len(FinanceHeader()))
		}
		got = append(got, strings.Join(row.Text(), "|"))
	}
	want := []string{
		"2025-03-05|12:00:00|payment|o1|o101||u1|'@lin|'=HYPERLINK(1)|999.00|500.00|499.01|0.00||",
		"2025-03-05||day_total||1|||||999.00|500.00|499.01|0.00||",
		"2025-03-06|00:00:00|refund|o1|o1r01||u1|'@lin||0.00|0.00|0.00|-0.01||",
		"2025-03-06||day_total||1|||||0.00|0.00|0.00|-0.01||",
		"||total||2|||||999.00|500.00|499.01|-0.01||",
	}
	if !slices.Equal(got, want) {
		t.Fatalf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

// WeChat closes a refund, and it is made again under another number: the money went out once.
func TestFinanceExport_RefundThatWeChatClosed_IsListedWithoutCash(t *testing.T) {
	o := orderInBooks()
	o.Refunds = append(o.Refunds, o.Refunds[0])
	o.Refunds[0].State, o.Refunds[1].State, o.Refunds[1].OutRefundNo = RefundClosed, RefundSucceeded, "o1r02"
	var book FinanceBook
	var got []string
	for _, row := range append(book.Rows(o.Cash(), func(string) string { return "" }), book.End()...) {
		got = append(got, fmt.Sprintf("%s %s %d %d %s", row.Kind, row.Number, row.CashIn, row.CashOut, row.State))
	}
	want := []string{"payment o102 500 0 succeeded", "refund o1r01 0 0 closed", "refund o1r02 0 -200 succeeded", "day_total  500 -200 ", "total  500 -200 "}
	if !slices.Equal(got, want) {
		t.Errorf("the export is\n%s\nnot\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestTextsAreNoFormulas(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "Go 入门": "Go 入门", "=1+1": "'=1+1", "+1": "'+1", "-1": "'-1", "@SUM": "'@SUM", " =1": "' =1", "\t=1": "'\t=1", "＝1": "'＝1", "a=1": "a=1",
	} {
		if got := defused(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

func TestNumbersOfDigits_AreMarkedAsText(t *testing.T) {
	for in, want := range map[string]string{
		"": "", "4200002233202503051234567890": "`4200002233202503051234567890", "13800138000": "`13800138000", "12e5": "`12e5",
		"3-4": "`3-4", "2026-11-30": "`2026-11-30", "12.50": "`12.50", "sept2": "`sept2", "1-jan": "`1-jan", "jan-1": "`jan-1", "true": "`true", "１２３": "`１２３",
		"may": "may", "mary": "mary", "lin-3": "lin-3", "3-4x": "3-4x", "march": "march", "juna7b": "juna7b", "o101": "o101", "12e5x": "12e5x", "-1": "'-1", "=1": "'=1",
	} {
		if got := marked(in); got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

func TestATitleOfDigits_StaysAsItIsWritten(t *testing.T) {
	for in, want := range map[string]string{"": "", "1984": "'1984", "123456789012345678": "'123456789012345678", "3-4": "'3-4", "=1": "'=1", "Go 1.26": "Go 1.26", "3；4": "3；4"} {
		if got := (FinanceRow{Courses: in, At: time.Unix(1, 0)}).Text()[8]; got != want {
			t.Errorf("%q becomes %q, not %q", in, got, want)
		}
	}
}

func TestDatesAreCountedInShanghai(t *testing.T) {
	if d := DateOf(time.Date(2025, 3, 4, 16, 0, 0, 0, time.UTC)); d != "2025-03-05" {
		t.Errorf("16:00 UTC is still %s", d)
	}
	if d := DateOf(time.Date(2025, 3, 4, 15, 59, 59, 999e6, time.UTC)); d != "2025-03-04" {
		t.Errorf("15:59 UTC is already %s", d)
	}
	if got := Date("2025-02-28").Add(1); got != "2025-03-01" {
		t.Errorf("the day after 28 February is %s", got)
	}
	if n := Date("2025-03-01").To("2025-03-31"); n != 31 {
		t.Errorf("March has %d days", n)
	}
	for _, s := range []string{"", "2025-3-5", "2025-02-30", "20250305", "2025-03-05T00:00:00Z", "1999-12-31"} {
		if d, err := ParseDate(s); err == nil {
			t.Errorf("%q is %s", s, d)
		}
	}
}

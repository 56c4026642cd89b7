package wechat_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"mstm/shop"
	"mstm/wechat"
)

var beijing = time.FixedZone("UTC+8", 8*60*60)

// toClock moves the business clock to an hour of a day in Beijing.
func (w *world) toClock(day time.Time, hour int) {
	w.t.Helper()
	y, m, d := day.In(beijing).Date()
	w.must("PUT", "/sandbox/clock", map[string]any{"now": time.Date(y, m, d, hour, 0, 0, 0, beijing)}, nil)
}

func TestTheBillHasYesterdaysTradesToTheFen(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(mode, func(t *testing.T) {
			w, ctx := newWorld(t, mode), context.Background()
			day := w.now().Add(48 * time.Hour)
			w.toClock(day, 12)
			odd := order("T00001")
			odd.Total, odd.Description = 1999, "摄影, 从零\n开始"
			p, err := w.pay.Prepay(ctx, odd)
			if err != nil {
				t.Fatal(err)
			}
			w.must("POST", "/sandbox/pay", map[string]string{"code_url": p.CodeURL}, nil)
			w.await(1)
			w.paid("T00002")
			w.prepay("T00003") // never paid
			if _, err := w.pay.Refund(ctx, refundOf("T00002", "R1", 5000)); err != nil {
				t.Fatal(err)
			}
			if _, _, err := w.pay.TradeBill(ctx, day, wechat.BillAll); !errors.Is(err, wechat.ErrRefused) {
				t.Errorf("today's bill: %v", err)
			}
			w.toClock(day.Add(24*time.Hour), 8)
			if _, _, err := w.pay.TradeBill(ctx, day, wechat.BillAll); !errors.Is(err, wechat.ErrBillNotReady) {
				t.Errorf("at eight in the morning: %v", err)
			}
			w.toClock(day.Add(24*time.Hour), 10)
			rows, sum, err := w.pay.TradeBill(ctx, day, wechat.BillAll)
			if err != nil || len(rows) != 3 {
				t.Fatalf("%d rows, %v", len(rows), err)
			}
			if want := (wechat.BillSummary{Count: 3, Total: 21899, Settled: 21899, RefundAsked: 5000, Refunded: 5000, Fee: 101}); sum != want {
				t.Errorf("sums %+v, want %+v", sum, want)
			}
			if r := rows[0]; r.OutTradeNo != "T00001" || r.Total != 1999 || r.Description != odd.Description || r.IsRefund() || r.RefundID != "" || r.Currency != "CNY" || r.TradeType != "NATIVE" {
				t.Errorf("payment row %+v", r)
			}
			if r := rows[2]; !r.IsRefund() || r.OutTradeNo != "T00002" || r.OutRefundNo != "R1" || r.RefundAsked != 5000 || r.Total != 0 || r.RefundState != "SUCCESS" {
				t.Errorf("refund row %+v", r)
			}
			if at := rows[0].At.In(beijing); at.Hour() != 12 || at.Day() != day.In(beijing).Day() {
				t.Errorf("paid at %s", at)
			}
			for kind, n := range map[string]int{wechat.BillSuccess: 2, wechat.BillRefund: 1} {
				if rows, _, err := w.pay.TradeBill(ctx, day, kind); err != nil || len(rows) != n {
					t.Errorf("%s bill: %d rows, %v", kind, len(rows), err)
				}
			}
			if _, _, err := w.pay.TradeBill(ctx, day.Add(-24*time.Hour), wechat.BillAll); !errors.Is(err, wechat.ErrNoBill) {
				t.Errorf("a day without trades: %v", err)
			}
			w.faults(`{"api":[{"api":"bill_file","status":200}]}`)
			if _, _, err := w.pay.TradeBill(ctx, day, wechat.BillAll); !errors.Is(err, wechat.ErrOutcomeUnknown) {
				t.Errorf("half a file: %v", err)
			}
			w.pass(100 * 24 * time.Hour)
			if _, _, err := w.pay.TradeBill(ctx, day, wechat.BillAll); !errors.Is(err, wechat.ErrRefused) {
				t.Errorf("after three months: %v", err)
			}
		})
	}
}

const (
	billHead = "交易时间,公众账号ID,商户号,商户订单号,交易状态,订单金额,手续费,商品名称\r\n"
	billRow  = "`2025-03-01 10:00:00,`wx1,`19,`T00001,`SUCCESS,`19.99,`0.11994,`摄影\r\n"
	billFoot = "总交易单数,订单总金额,手续费总金额\r\n"
)

func TestABillThatCannotBeTrustedIsRefused(t *testing.T) {
	for _, tt := range []struct {
		name, file string
		want       string // part of the error; empty: read well
	}{
		{"a whole bill", billHead + billRow + billFoot + "`1,`19.99,`0.11994\r\n", ""},
		{"a byte order mark in front", "\ufeff" + billHead + billRow + billFoot + "`1,`19.99,`0.11994\r\n", ""},
		{"lines that end in a bare newline", strings.ReplaceAll(billHead+billRow+billFoot+"`1,`19.99,`0.11994\n", "\r", ""), ""},
		{"an unescaped comma", billHead + strings.Replace(billRow, "摄影", "摄影,入门", 1) + billFoot + "`1,`19.99,`0.11994\r\n", ""},
		{"no rows at all", billHead + billFoot + "`0,`0.00,`0.00000\r\n", ""},
		{"nothing", "", "empty"},
		{"a header alone", billHead, "ends before"},
		{"rows without sums", billHead + billRow, "ends before"},
		{"sums' header without sums", billHead + billRow + billFoot, "ends before"},
		{"a row missing", billHead + billFoot + "`1,`19.99,`0.11994\r\n", "do not add up"},
		{"one fen too few", billHead + billRow + billFoot + "`1,`20.00,`0.11994\r\n", "do not add up"},
		{"an amount with parts of a fen", billHead + strings.Replace(billRow, "19.99", "19.991", 1) + billFoot, "parts of a fen"},
		{"an amount in words", billHead + strings.Replace(billRow, "19.99", "1e3", 1) + billFoot, "no amount"},
		{"a value too many", billHead + strings.Replace(billRow, "`19,", "`19,`20,", 1) + billFoot, "values under"},
		{"a header that repeats a name", "商品名称," + billHead + billRow, "values under"},
		{"no time", billHead + strings.Replace(billRow, "2025-03-01", "01.03.2025", 1) + billFoot, "交易时间"},
		{"a page of a gateway", "<html>\n<body>\n", "neither"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			rows, _, err := wechat.ParseBill(strings.NewReader(tt.file))
			if tt.want == "" && err != nil || tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)) {
				t.Fatalf("%v, want %q", err, tt.want)
			}
			if len(rows) == 1 && err == nil && (rows[0].Total != 1999 || rows[0].Fee != 12) {
				t.Errorf("row %+v", rows[0])
			}
		})
	}
}

// FuzzBill looks for a file that panics, or that is accepted although its rows do not add up.
func FuzzBill(f *testing.F) {
	f.Add(billHead + billRow + billFoot + "`1,`19.99,`0.11994\r\n")
	f.Add(billHead + billFoot + "`0,`0.00,`0.00000\r\n")
	f.Add("\ufeff总交易单数\n总交易单数\n`0\n")
	f.Fuzz(func(t *testing.T, file string) {
		rows, sum, err := wechat.ParseBill(strings.NewReader(file))
		if err != nil {
			return
		}
		var total shop.Fen
		for _, r := range rows {
			total += r.Total
		}
		if sum.Count != len(rows) || sum.Total != total {
			t.Errorf("accepted %d rows of %d fen under the sums %+v", len(rows), total, sum)
		}
	})
}

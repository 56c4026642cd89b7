package wechat_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"mstm/wechat"
)

func TestATradeIsOrderedPaidAndCalledBackInBothKeyModes(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(mode, func(t *testing.T) {
			w, ctx := newWorld(t, mode), context.Background()
			code := w.prepay("T00001").CodeURL
			if !strings.HasPrefix(code, "weixin://wxpay/bizpayurl/up?pr=") {
				t.Fatalf("code_url %q", code)
			}
			before, err := w.pay.Query(ctx, "T00001")
			if err != nil || before.State != "NOTPAY" || before.Paid() || before.TransactionID != "" {
				t.Fatalf("before paying: %+v, %v", before, err)
			}
			w.must("POST", "/sandbox/pay", map[string]string{"code_url": code, "openid": "oReader1"}, nil)
			told := w.await(1)[0]
			if told.err != nil || told.id == "" {
				t.Fatalf("callback: %+v", told)
			}
			want := wechat.Transaction{AppID: w.cfg.AppID, MchID: w.cfg.MchID, OutTradeNo: "T00001", TransactionID: told.tx.TransactionID,
				TradeType: "NATIVE", State: "SUCCESS", Total: 19900, Currency: "CNY", SuccessTime: told.tx.SuccessTime, Openid: "oReader1"}
			if told.tx != want || told.tx.TransactionID == "" || told.tx.SuccessTime.IsZero() {
				t.Errorf("callback says %+v", told.tx)
			}
			asked, err := w.pay.Query(ctx, "T00001")
			if err != nil || asked.TransactionID != want.TransactionID || !asked.SuccessTime.Equal(want.SuccessTime) || !asked.Paid() {
				t.Errorf("query says %+v, %v", asked, err)
			}
			if err := w.pay.CloseTrade(ctx, "T00001"); !errors.Is(err, wechat.ErrTradePaid) {
				t.Errorf("closing a paid trade: %v", err)
			}
		})
	}
}

func TestAnUnpaidTradeIsClosedOnceAndForEver(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(mode, func(t *testing.T) {
			w, ctx := newWorld(t, mode), context.Background()
			code := w.prepay("T00002").CodeURL
			for range 2 { // closing twice is closing once
				if err := w.pay.CloseTrade(ctx, "T00002"); err != nil {
					t.Fatal(err)
				}
			}
			if tx, err := w.pay.Query(ctx, "T00002"); err != nil || tx.State != "CLOSED" || tx.Paid() {
				t.Errorf("after closing: %+v, %v", tx, err)
			}
			var no struct{ Code string }
			if status := w.control("POST", "/sandbox/pay", map[string]string{"code_url": code}, &no); status != 409 || no.Code != "TRADE_CLOSED" {
				t.Errorf("paying a closed trade: %d %s", status, no.Code)
			}
			if _, err := w.pay.Prepay(ctx, order("T00002")); !errors.Is(err, wechat.ErrTradeClosed) {
				t.Errorf("ordering a closed number: %v", err)
			}
			if err := w.pay.CloseTrade(ctx, "T99999"); !errors.Is(err, wechat.ErrTradeUnknown) {
				t.Errorf("closing an unknown number: %v", err)
			}
			if _, err := w.pay.Query(ctx, "T99999"); !errors.Is(err, wechat.ErrTradeUnknown) {
				t.Errorf("asking for an unknown number: %v", err)
			}
		})
	}
}

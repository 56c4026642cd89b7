package wechat_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/shop"
	"mstm/wechat"
)

func refundOf(no, refundNo string, amount shop.Fen) wechat.RefundRequest {
	return wechat.RefundRequest{OutTradeNo: no, OutRefundNo: refundNo, Reason: "七天无理由", Refund: amount, Total: 19900}
}

func TestARefundIsAcceptedSettledAndCalledBackInBothKeyModes(t *testing.T) {
	for _, mode := range bothModes {
		t.Run(mode, func(t *testing.T) {
			w, ctx := newWorld(t, mode), context.Background()
			tx := w.paid("T00001")
			got, err := w.pay.Refund(ctx, refundOf("T00001", "R1", 5000))
			if err != nil || got.Status != "PROCESSING" || got.Refund != 5000 || got.Total != 19900 || got.TransactionID != tx.TransactionID {
				t.Fatalf("accepted: %+v, %v", got, err)
			}
			if tx, err := w.pay.Query(ctx, "T00001"); err != nil || tx.State != "REFUND" || !tx.Paid() {
				t.Errorf("a trade partly refunded is still a paid one: %+v, %v", tx, err)
			}
			w.pass(5 * time.Second)
			told := w.await(2)[1]
			if told.err != nil || told.rf.Status != "SUCCESS" || told.rf.OutRefundNo != "R1" || told.rf.RefundID != got.RefundID || told.rf.Refund != 5000 || told.rf.MchID != w.cfg.MchID {
				t.Errorf("callback: %+v", told)
			}
			asked, err := w.pay.QueryRefund(ctx, "R1")
			if err != nil || asked.Status != "SUCCESS" || !asked.SuccessTime.Equal(told.rf.SuccessTime) || asked.SuccessTime.IsZero() {
				t.Errorf("query: %+v, %v", asked, err)
			}
			if _, err := w.pay.QueryRefund(ctx, "R2"); !errors.Is(err, wechat.ErrRefundUnknown) {
				t.Errorf("unknown refund: %v", err)
			}
		})
	}
}

func TestWeChatsRulesOfRefunds(t *testing.T) {
	w, ctx := newWorld(t, publicKey), context.Background()
	w.paid("T00001")
	w.prepay("T00002")
	ask := func(in wechat.RefundRequest) error { _, err := w.pay.Refund(ctx, in); return err }

	if err := ask(refundOf("T00002", "R0", 100)); !errors.Is(err, wechat.ErrTradeUnknown) {
		t.Errorf("refund of an unpaid trade: %v", err)
	}
	if err := ask(refundOf("T00001", "R1", 19901)); !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("more than was paid: %v", err)
	}
	wrongTotal := refundOf("T00001", "R1", 100)
	wrongTotal.Total = 19899
	if err := ask(wrongTotal); !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("another total: %v", err)
	}
	if err := ask(refundOf("T00001", "R1", 10000)); err != nil {
		t.Fatalf("first refund: %v", err)
	}
	for range 3 {
		if err := ask(refundOf("T00001", "R1", 10000)); err != nil {
			t.Errorf("the same number again: %v", err)
		}
	}
	if err := ask(refundOf("T00001", "R1", 9000)); !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("the same number, another amount: %v", err)
	}
	if err := ask(refundOf("T00001", "R2", 100)); !errors.Is(err, wechat.ErrBusy) {
		t.Errorf("a second refund within a minute: %v", err)
	}
	w.pass(time.Minute)
	if err := ask(refundOf("T00001", "R2", 9901)); !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("more than is left: %v", err)
	}
	if err := ask(refundOf("T00001", "R2", 9900)); err != nil {
		t.Errorf("exactly what is left: %v", err)
	}
	w.paid("T00003")
	w.pass(366 * 24 * time.Hour)
	if err := ask(refundOf("T00003", "R3", 100)); !errors.Is(err, wechat.ErrRefused) || !strings.Contains(err.Error(), "TRADE_OVERDUE") {
		t.Errorf("after a year: %v", err)
	}
}

func TestTheFiftyFirstPartialRefundIsRefused(t *testing.T) {
	w, ctx := newWorld(t, publicKey), context.Background()
	w.paid("T00001")
	for i := range 50 {
		if _, err := w.pay.Refund(ctx, refundOf("T00001", fmt.Sprintf("R%d", i), 1)); err != nil {
			t.Fatalf("refund %d: %v", i+1, err)
		}
		w.pass(time.Minute)
	}
	if _, err := w.pay.Refund(ctx, refundOf("T00001", "R50", 1)); !errors.Is(err, wechat.ErrRefused) {
		t.Errorf("refund 51: %v", err)
	}
}

func TestARefundThatFailsLeavesTheMoneyForAnotherNumber(t *testing.T) {
	w, ctx := newWorld(t, publicKey), context.Background()
	w.paid("T00001")
	w.faults(`{"refund":{"settle":"HOLD"}}`)
	if _, err := w.pay.Refund(ctx, refundOf("T00001", "R1", 19900)); err != nil {
		t.Fatal(err)
	}
	w.pass(24 * time.Hour)
	if rf, err := w.pay.QueryRefund(ctx, "R1"); err != nil || rf.Status != "PROCESSING" {
		t.Errorf("held: %+v, %v", rf, err)
	}
	w.must("POST", "/sandbox/refunds/R1", map[string]string{"status": "ABNORMAL"}, nil)
	if told := w.await(2)[1]; told.rf.Status != "ABNORMAL" || !told.rf.SuccessTime.IsZero() {
		t.Errorf("callback: %+v", told)
	}
	w.must("POST", "/sandbox/refunds/R1", map[string]string{"status": "SUCCESS"}, nil)
	if told := w.await(3)[2]; told.rf.Status != "SUCCESS" {
		t.Errorf("an abnormal refund put right: %+v", told)
	}
	if status := w.control("POST", "/sandbox/refunds/R1", map[string]string{"status": "CLOSED"}, nil); status != 409 {
		t.Errorf("a settled refund moved again: %d", status)
	}

	w.paid("T00002")
	w.faults(`{"refund":{"settle":"CLOSED"}}`)
	if _, err := w.pay.Refund(ctx, refundOf("T00002", "R2", 19900)); err != nil {
		t.Fatal(err)
	}
	w.eventually("R2 closed", func() bool {
		rf, err := w.pay.QueryRefund(ctx, "R2")
		return err == nil && rf.Status == "CLOSED"
	})
	w.pass(time.Minute)
	if _, err := w.pay.Refund(ctx, refundOf("T00002", "R3", 19900)); err != nil {
		t.Errorf("a new number after a closed refund: %v", err)
	}
}

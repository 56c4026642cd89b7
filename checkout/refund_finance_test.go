package checkout

import (
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// TestFinanceRefund_ProofIsMissing_CountsWhatTheOrderGaveBackBefore asks for refunds of an order that cannot be refunded, so
// that a request which needs no proof is refused for that.
func TestFinanceRefund_ProofIsMissing_CountsWhatTheOrderGaveBackBefore(t *testing.T) {
	db, log := storetest.Open(t), slog.New(slog.DiscardHandler)
	c := New(Config{
		Store: CollectionsOf(db), Hub: hub.New(hub.Config{Redis: db.Redis(), Log: log}), Now: time.Now, Log: log, RefundStepUpAbove: 50_000,
	})
	o := &shop.Order{ID: store.NewID(), UserID: "lin", State: shop.OrderClosed, Paid: 100_000, Refunded: 20_000, CreatedAt: time.Now()}
	if _, err := db.Orders.Insert(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	away := errors.New("the sessions cannot be read")
	sum := func(fen shop.Fen) shop.RefundRequest { return shop.RefundRequest{Amount: &fen} }
	for name, row := range map[string]struct {
		ask   shop.RefundRequest
		order string
		later bool
		proof error
		want  error
	}{
		"up to the sum":                    {sum(30_000), o.ID, false, shop.ErrStepUp, shop.ErrNotRefundable},
		"a fen more":                       {sum(30_001), o.ID, false, shop.ErrStepUp, shop.ErrStepUp},
		"all that is left":                 {shop.RefundRequest{}, o.ID, false, shop.ErrStepUp, shop.ErrStepUp},
		"a fen more, with the proof":       {sum(30_001), o.ID, false, nil, shop.ErrNotRefundable},
		"later orders too":                 {sum(1), o.ID, true, shop.ErrStepUp, shop.ErrStepUp},
		"the proof cannot be looked up":    {sum(1), o.ID, false, away, away},
		"no such order":                    {sum(1), store.NewID(), false, shop.ErrStepUp, shop.ErrOrderNotFound},
		"later orders of no order, proven": {sum(1), store.NewID(), true, nil, shop.ErrOrderNotFound},
	} {
		_, err := c.Refunds.FinanceRefund(t.Context(), FinanceRefund{
			RefundRequest: row.ask, By: "fay", OrderID: row.order, Reason: "kindness", Later: row.later, Prove: func() error { return row.proof },
		})
		if !errors.Is(err, row.want) {
			t.Errorf("%s: %v, want %v", name, err, row.want)
		}
	}
	for _, reason := range []string{"", " ", strings.Repeat("长", maxReason+1)} {
		var e *shop.Error
		_, err := c.Refunds.FinanceRefund(t.Context(), FinanceRefund{By: "fay", OrderID: o.ID, Reason: reason})
		if !errors.As(err, &e) || e.Param != "reason" {
			t.Errorf("reason %q: %v", reason, err)
		}
		if _, err := c.Refunds.Refund(t.Context(), "lin", "", o.ID, reason, nil); !errors.As(err, &e) || e.Param != "reason" {
			t.Errorf("reason %q of the owner: %v", reason, err)
		}
	}
}

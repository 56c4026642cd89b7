package modeltest

import (
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/checkout"
	"mstm/shop"
)

// A refund is written down, and its writer stalls before it looks at the grant. Another instance
// takes the refund on, and WeChat closes it: the writer that goes on then must not freeze the grant
// for a refund that is over.
func TestRefund_ThatWeChatClosesWhileAWriterStalls_LeavesTheGrantLive(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	o := h.bought()
	slow, other := h.w.instances[0], h.w.instances[1]
	h.must(h.w.ask("PUT", "/sandbox/faults", rawJSON(`{"refund":{"settle":"CLOSED","after_s":1}}`), nil))
	held, goOn := slow.gate.holdAt("update enrolments")
	var refunding sync.WaitGroup
	refunding.Go(func() {
		_ = slow.call(h.ctx, func(ctx ctx) error {
			_, err := slow.checkout.Refunds.FinanceRefund(ctx, checkout.FinanceRefund{By: "finance", OrderID: o.ID, Reason: "kindness"})
			return err
		})
	})
	<-held
	let := goOn
	held, goOn = slow.gate.holdAt("find enrolments")
	let()
	<-held
	closed := func() bool {
		all, err := rows[shop.Order](h.ctx, h.w, "orders", bson.M{"_id": o.ID}, bson.D{})
		if err != nil || len(all) != 1 || len(all[0].Refunds) != 1 {
			t.Fatalf("the orders are %+v, %v", all, err)
		}
		_, more := all[0].NextLook()
		return all[0].Refunds[0].State == shop.RefundClosed && !more
	}
	for range 20 {
		h.w.clock.forward(time.Minute)
		if err := other.call(h.ctx, other.wakeups.LookOnce); err != nil {
			t.Fatal(err)
		}
	}
	if !closed() {
		t.Fatal("WeChat has not closed the refund")
	}
	goOn()
	refunding.Wait()
	h.ends()
	e, err := other.store.Enrolments.Get(h.ctx, h.user, h.courses[0].id)
	if err != nil {
		t.Fatal(err)
	}
	if g, _ := e.Grant(o.ID); g.State != shop.GrantLive {
		t.Errorf("the grant is %s after its refund was closed", g.State)
	}
}

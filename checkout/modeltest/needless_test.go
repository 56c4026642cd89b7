package modeltest

import (
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/checkout"
	"mstm/shop"
)

// The full price is paid while a stage that it makes needless is on its way back for another
// reason. WeChat closes that refund: the stage's price goes back all the same.
func TestNeedlessStage_UnderARefundThatWeChatCloses_GoesBackStill(t *testing.T) {
	h := newDueHistory(t, openWorld(t))
	h.buys(stage1)
	stage := h.buys(stage2)
	h.may(func() {
		_, err := h.send(h.w.instances[0], h.wants(full))
		h.must(err)
		h.awaitRest()
		h.must(h.w.ask("PUT", "/sandbox/faults", rawJSON(`{"refund":{"settle":"CLOSED","after_s":120}}`), nil))
		_, err = h.w.instances[0].checkout.Refunds.FinanceRefund(h.ctx, checkout.FinanceRefund{By: "finance", OrderID: stage.ID, Reason: "kindness"})
		h.must(err)
		a := h.attempts(h.payable)
		if len(a) != 1 || !h.charge(a[0]) {
			h.fail("the order cannot be paid")
		}
		h.deliver(a[0].OutTradeNo, 1, false)
		h.awaitRest()
		h.must(h.w.ask("PUT", "/sandbox/faults", struct{}{}, nil))
	})
	h.w.clock.forward(3 * time.Minute)
	h.ends()
	all, err := rows[shop.Order](h.ctx, h.w, "orders", bson.M{"_id": stage.ID}, bson.D{})
	if err != nil || len(all) != 1 {
		t.Fatalf("%d orders, %v", len(all), err)
	}
	if o := all[0]; o.State != shop.OrderRefunded || o.Refunded != o.Paid {
		t.Errorf("the needless stage's order is %s, %d of %d went back: %+v", o.State, o.Refunded, o.Paid, o.Refunds)
	}
}

// buys is an order of one policy that is paid, if it costs anything, fulfilled and at rest.
func (d dueHistory) buys(policy string) (o *shop.Order) {
	d.t.Helper()
	d.may(func() {
		answer, err := d.send(d.w.instances[0], d.wants(policy))
		d.must(err)
		d.look()
		for _, a := range d.attempts(d.payable) {
			if !d.charge(a) {
				d.fail("the order cannot be paid")
			}
			d.deliver(a.OutTradeNo, 1, false)
		}
		d.awaitRest()
		d.untilRest()
		d.look()
		if o = d.order(answer.Order.ID); o.State != shop.OrderFulfilled {
			d.fail("the order is %s", o.State)
		}
	})
	return o
}

package modeltest

import (
	"strings"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
	"mstm/store"
)

// The settling instance is killed after it has written the order and before it has kept the payment
// for people. WeChat repeats its callback, twice: the payment is kept once, with one alarm.
func TestSettle_KilledBeforeThePaymentIsKept_KeepsItOnceOnTheRepeat(t *testing.T) {
	w := openWorld(t)
	amount, parties := fault{"amount_delta": 1}, fault{"currency": "USD"}
	for _, tt := range []struct {
		name   string
		of     fault // what does not fit in the payment's callbacks
		before func(h dueHistory, outTradeNo string)
		reason string // of the kept payment, up to the colon
		alarm  string
	}{
		{"its amount differs", amount, nil, "odd", "a payment does not fit its order"},
		{"it fits an order that waits for people", nil, func(h dueHistory, no string) {
			h.deliverOddly(no, amount)
			h.awaitRest()
		}, "held", "a payment does not fit its order"},
		{"it does not fit, as another one before", parties, func(h dueHistory, no string) {
			h.deliverOddly(no, amount)
			h.awaitRest()
			_, err := h.w.db.Collection("quarantine").DeleteMany(h.ctx, bson.M{})
			h.must(err)
		}, "odd", "a payment does not fit its order"},
		{"its account is deleted", nil, func(h dueHistory, _ string) {
			db := h.w.instances[1].store
			buyer := &shop.User{ID: h.user, Username: h.user, Name: "buyer", PasswordHash: "x", Roles: []shop.Role{}, CreatedAt: h.w.clock.now()}
			h.must(db.Users.Insert(h.ctx, buyer))
			_, err := db.Users.Delete(h.ctx, buyer, h.w.clock.now())
			h.must(err)
		}, "gone", "money for a deleted account goes back"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newDueHistory(t, w)
			h.may(func() {
				_, err := h.send(h.w.instances[0], h.wants(full))
				h.must(err)
				h.awaitRest()
				a := h.attempts(h.payable)
				if len(a) != 1 || !h.charge(a[0]) {
					h.fail("the order cannot be paid")
				}
				no := a[0].OutTradeNo
				if tt.before != nil {
					tt.before(h, no)
				}
				h.w.log.reset()
				h.w.turn.Store(1) // the first instance hears of the payment
				h.w.instances[0].gate.armAt("update orders")
				h.deliverOddly(no, tt.of)
				for range 2 {
					h.w.turn.Store(0)
					h.deliverOddly(no, tt.of)
				}
				h.awaitInstances()
			})
			kept, err := rows[store.UnmatchedPayment](h.ctx, h.w, "quarantine", bson.M{"reason": bson.M{"$regex": "^" + tt.reason + ":"}}, bson.D{})
			if err != nil || len(kept) != 1 {
				t.Errorf("%d payments are kept for people, %v", len(kept), err)
			}
			if said := h.w.log.last(1000); strings.Count(said, tt.alarm) != 1 {
				t.Errorf("not one alarm:\n%s", said)
			}
			h.ends()
		})
	}
}

// fault is what a callback has otherwise than the payment that it is about.
type fault map[string]any

// deliverOddly has a callback about a payment arrive with what does not fit it (nil: all fits).
func (d dueHistory) deliverOddly(outTradeNo string, of fault) {
	ask := map[string]any{"event": "payment", "count": 1}
	if of != nil {
		ask["fault"] = of
	}
	d.must(d.w.ask("POST", "/sandbox/callbacks/"+outTradeNo, ask, nil))
}

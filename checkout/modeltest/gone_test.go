package modeltest

import (
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// An account is deleted while its payment is being settled, between any two writes of the
// instance that settles it: all of the money goes back, and no grant stays.
func TestSettle_WhileTheAccountIsDeleted_PaysAllBack(t *testing.T) {
	w := openWorld(t)
	for _, tt := range []struct {
		name  string
		holds []string // the settling instance's writes that are let through one by one; before the last the account goes
		other bool     // another instance takes the order on then
	}{
		{"before the payment is heard of", nil, false},
		{"before the order is paid", []string{"update orders"}, false},
		{"before the course is granted", []string{"insert enrolments"}, false},
		{"before the course is granted, and another instance goes on", []string{"insert enrolments"}, true},
		{"before the order is fulfilled", []string{"insert enrolments", "update orders"}, false},
		{"before the order is fulfilled, and another instance goes on", []string{"insert enrolments", "update orders"}, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			h := newDueHistory(t, w)
			db := h.w.instances[1].store
			buyer := &shop.User{ID: h.user, Username: h.user, Name: "buyer", PasswordHash: "x", Roles: []shop.Role{}, CreatedAt: h.w.clock.now()}
			leave := func() {
				if gone, err := db.Users.Delete(h.ctx, buyer, h.w.clock.now()); err != nil || !gone {
					t.Errorf("the account is not deleted: %t, %v", gone, err)
				}
			}
			h.must(db.Users.Insert(h.ctx, buyer))
			h.paidSlowly(tt.holds, func() {
				leave()
				if tt.other {
					h.w.clock.forward(time.Minute)
					h.must(h.w.instances[1].wakeups.LookOnce(h.ctx))
				}
			})
			h.wantAllBack(shop.ReasonAccountDeleted)
		})
	}
}

// A course is taken down by law, or is gone, after it was paid and before it is granted.
func TestSettle_WhileTheCourseGoes_PaysItBack(t *testing.T) {
	w := openWorld(t)
	for name, takeAway := range map[string]func(h dueHistory, id string) error{
		"taken down by law": func(h dueHistory, id string) error {
			_, err := h.w.instances[1].store.Courses.Change(h.ctx, id, func(c *shop.Course) error {
				c.State, c.TakenDown = shop.CourseOffSale, true
				return nil
			})
			return err
		},
		"gone": func(h dueHistory, id string) error {
			_, err := h.w.db.Collection("courses").DeleteOne(h.ctx, bson.M{"_id": id})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			h := newDueHistory(t, w)
			h.paidSlowly([]string{"update orders"}, func() { h.must(takeAway(h, h.courses[0].id)) })
			h.wantAllBack(shop.ReasonLineRefused)
		})
	}
}

// paidSlowly pays an order of the full price and settles it on the first instance (see
// settleSlowly), until everything is at rest.
func (d dueHistory) paidSlowly(holds []string, before func()) {
	d.t.Helper()
	d.may(func() {
		_, err := d.send(d.w.instances[0], d.wants(full))
		d.must(err)
		d.awaitRest()
		a := d.attempts(d.payable)
		if len(a) != 1 || !d.charge(a[0]) {
			d.fail("the order cannot be paid")
		}
		d.w.turn.Store(1) // the first instance hears of the payment
		d.settleSlowly(a[0].OutTradeNo, holds, before)
		d.awaitInstances()
		d.untilRest()
	})
}

// settleSlowly has the callback about a payment arrive, lets the named writes of the first
// instance come, and calls before while the last of them waits.
func (d dueHistory) settleSlowly(outTradeNo string, holds []string, before func()) {
	slow := d.w.instances[0]
	if len(holds) == 0 {
		before()
		d.deliver(outTradeNo, 1, false)
		return
	}
	held, goOn := slow.gate.holdAt(holds[0])
	var settling sync.WaitGroup
	settling.Go(func() { d.deliver(outTradeNo, 1, false) })
	for _, next := range holds[1:] {
		<-held
		let := goOn
		held, goOn = slow.gate.holdAt(next)
		let()
	}
	<-held
	before()
	goOn()
	settling.Wait()
	slow.rest()
}

// wantAllBack wants all money of the only order to be back, and no access left of it.
func (d dueHistory) wantAllBack(reason string) {
	d.t.Helper()
	orders, err := rows[shop.Order](d.ctx, d.w, "orders", bson.M{"user_id": d.user}, bson.D{})
	if err != nil || len(orders) != 1 {
		d.t.Fatalf("%d orders, %v", len(orders), err)
	}
	o := &orders[0]
	var back shop.Fen
	for _, r := range o.Refunds {
		if r.State == shop.RefundSucceeded && r.Reason == reason {
			back += r.Amount
		}
	}
	if back != o.Total {
		d.t.Errorf("the order is %s, %d of %d went back: %+v", o.State, back, o.Total, o.Refunds)
	}
	enrolments, err := rows[shop.Enrolment](d.ctx, d.w, "enrolments", bson.M{"user_id": d.user}, bson.D{})
	if err != nil {
		d.t.Fatal(err)
	}
	for _, e := range enrolments {
		if len(e.Live()) > 0 {
			d.t.Errorf("course %s stays granted: %+v", e.CourseID, e.Grants)
		}
	}
	if n, err := d.w.instances[1].store.Enrolments.CountLearners(d.ctx, d.courses[0].id); err != nil || n != 0 {
		d.t.Errorf("%d learners, %v", n, err)
	}
	found, err := d.w.instances[1].checkout.Invariants.Check(d.ctx)
	if err != nil || len(found) > 0 {
		d.t.Errorf("the invariants: %v, %v", found, err)
	}
}

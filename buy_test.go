package main

import (
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// TestBuyingACourseIsSeenOnEveryOpenPage is the whole path through the product: a cart
// filled over HTTP, a payment in the sandbox, and two pages of the same learner, one of
// them on a second instance over a real Redis.
func TestBuyingACourseIsSeenOnEveryOpenPage(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := startShop(t, withStores(mongo, redis))
	second := startShop(t, withStores(mongo, redis), withSandboxOf(first))
	learner := first.newLearner()
	here, there := learner.socket(), learner.at(second).socket()

	for _, policy := range []string{"go1s1", "go1full", "go1s1", "go1full"} {
		changed := time.Now()
		learner.put("/api/cart/go1", obj{"policy_id": policy}).want(200)
		answered := time.Since(changed)
		for name, page := range map[string]*hubtest.Client{"this instance": here, "the other instance": there} {
			page.Wait("cart.changed", 5*time.Second)
			t.Logf("the change was answered after %s, cart.changed on %s after %s", answered, name, time.Since(changed))
		}
	}

	var placed placedJSON
	learner.place(99900, wish{"go1", "go1full"}).want(201).into(&placed)
	first.scan(placed.Payment)
	learner.await(placed.Order.ID, "fulfilled")

	for name, page := range map[string]*hubtest.Client{"this instance": here, "the other instance": there} {
		page.Wait("notice.posted", 10*time.Second)
		t.Run("on "+name, func(t *testing.T) { wantStory(t, page) })
	}
}

// wantStory wants the events of one purchase, in order and once each.
func wantStory(t *testing.T, page *hubtest.Client) {
	want := []string{
		"cart.changed", "cart.changed", "cart.changed", "cart.changed", "order.changed pending", "order.changed paid", "enrolment.changed",
		"cart.changed", "order.changed fulfilled", "notice.posted",
	}
	var got []string
	for _, f := range page.All() {
		if f.Op != "event" {
			continue
		}
		name := f.Type
		if f.Type == "order.changed" {
			var o orderJSON
			f.Into(t, &o)
			name += " " + o.State
		}
		got = append(got, name)
	}
	if len(got) != len(want) {
		t.Fatalf("events %q, not %q", got, want)
	}
	for i := range want {
		if got[i] != want[i] {
			t.Fatalf("events %q, not %q", got, want)
		}
	}
}

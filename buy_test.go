package main

import (
	"slices"
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

	choices := []string{"go1s1", "go1full", "go1s1", "go1full"}
	for _, policy := range choices {
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
		t.Run("on "+name, func(t *testing.T) { wantStory(t, page, len(choices)) })
	}
}

// wantStory wants the events of one purchase, in order and once each; choices is how often
// the cart was changed before.
func wantStory(t *testing.T, page *hubtest.Client, choices int) {
	want := append(slices.Repeat([]string{"cart.changed"}, choices),
		"order.changed pending", "order.changed paid", "enrolment.changed",
		"cart.changed", "order.changed fulfilled", "notice.posted")
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
	if !slices.Equal(got, want) {
		t.Fatalf("events %q, not %q", got, want)
	}
}

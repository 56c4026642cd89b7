package orders

import (
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// TestBuyingACourseIsSeenOnEveryOpenPage is the whole path through the product: a cart
// filled over HTTP, a payment in the sandbox, and two pages of the same learner, one of
// them on a second instance over a real Redis.
func TestBuyingACourseIsSeenOnEveryOpenPage(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	second := shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithSandboxOf(first))
	learner := first.NewLearner()
	here, there := learner.Socket(), learner.At(second).Socket()

	choices := []string{"go1s1", "go1full", "go1s1", "go1full"}
	for _, policy := range choices {
		changed := time.Now()
		learner.Put("/api/cart/go1", obj{"policy_id": policy}).Want(200)
		answered := time.Since(changed)
		for name, page := range map[string]*hubtest.Client{"this instance": here, "the other instance": there} {
			page.Wait("cart.changed", time.Minute)
			t.Logf("the change was answered after %s, cart.changed on %s after %s", answered, name, time.Since(changed))
		}
	}

	var placed shoptest.Placed
	learner.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)
	first.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")

	for name, page := range map[string]*hubtest.Client{"this instance": here, "the other instance": there} {
		page.Wait("notice.posted", time.Minute)
		t.Run("on "+name, func(t *testing.T) { shoptest.WantStory(t, page, len(choices)) })
	}
}

package main

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"mstm/store/storetest"
)

// TestPaymentsThatRaceOnTwoInstancesAreNotRefused places and pays one order at once on two
// instances with different addresses for callbacks: WeChat refuses a number that comes again with
// other parameters, and the buyer must not see that. One way to pay comes out, and it works.
func TestPaymentsThatRaceOnTwoInstancesAreNotRefused(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	one := startShop(t, withStores(mongo, redis))
	two := startShop(t, withStores(mongo, redis), withSandboxOf(one))
	c := one.sell(usual())
	for round := range 20 {
		t.Run(fmt.Sprint("round ", round+1), func(t *testing.T) {
			learner := one.newLearner()
			keys := []string{rand.Text(), rand.Text(), rand.Text()}
			if round%2 == 0 {
				keys[1] = keys[0] // a double click
			}
			there := *learner
			there.url = two.url
			answers := make([]answer, 6)
			atOnce(t, len(answers), func(i int) (err error) {
				who := []*person{learner, &there}[i%2].with("Idempotency-Key", keys[i/2])
				answers[i], err = who.try("POST", "/api/orders", orderFor(99900, c.full))
				return err
			})
			id := wantOneWay(t, answers)
			atOnce(t, len(answers), func(i int) (err error) {
				answers[i], err = []*person{learner, &there}[i%2].try("POST", "/api/orders/"+id+"/pay", obj{"channel": "h5"})
				return err
			})
			wantOneWay(t, answers)
			atOnce(t, len(answers), func(i int) (err error) {
				answers[i], err = []*person{learner, &there}[i%2].try("POST", "/api/orders/"+id+"/pay", obj{"channel": "native"})
				return err
			})
			wantOneWay(t, answers)
			var got placedJSON
			answers[0].into(&got)
			one.scan(got.Payment)
			learner.await(id, "fulfilled")
		})
	}
}

func atOnce(t *testing.T, n int, do func(i int) error) {
	t.Helper()
	var all sync.WaitGroup
	for i := range n {
		all.Go(func() {
			if err := do(i); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
}

// wantOneWay wants every answer to name one order and one way to pay it.
func wantOneWay(t *testing.T, answers []answer) (order string) {
	t.Helper()
	var first placedJSON
	for i, a := range answers {
		var got placedJSON
		if a.status != 200 && a.status != 201 {
			t.Fatalf("%s answered %d %s", a.what, a.status, a.body)
		}
		a.into(&got)
		if i == 0 {
			first = got
		}
		if got.Payment == nil || got.Order.ID != first.Order.ID || *got.Payment != *first.Payment {
			t.Fatalf("two ways to pay: %s\nand %s", answers[0].body, a.body)
		}
	}
	return first.Order.ID
}

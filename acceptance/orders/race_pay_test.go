package orders

import (
	"crypto/rand"
	"fmt"
	"sync"
	"testing"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// TestPaymentsThatRaceOnTwoInstancesAreNotRefused places and pays one order at once on two
// instances with different addresses for callbacks: WeChat refuses a number that comes again with
// other parameters, and the buyer must not see that. One way to pay comes out, and it works.
func TestPaymentsThatRaceOnTwoInstancesAreNotRefused(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	one := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	two := shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithSandboxOf(one))
	c := one.Sell(shoptest.Usual())
	for round := range 20 {
		t.Run(fmt.Sprint("round ", round+1), func(t *testing.T) {
			learner := one.NewLearner()
			keys := []string{rand.Text(), rand.Text(), rand.Text()}
			if round%2 == 0 {
				keys[1] = keys[0] // a double click
			}
			there := *learner
			there.Url = two.Url
			answers := make([]shoptest.Answer, 6)
			atOnce(t, len(answers), func(i int) (err error) {
				who := []*shoptest.Person{learner, &there}[i%2].With("Idempotency-Key", keys[i/2])
				answers[i], err = who.Try("POST", "/api/orders", shoptest.OrderFor(99900, c.Full))
				return err
			})
			id := wantOneWay(t, answers)
			atOnce(t, len(answers), func(i int) (err error) {
				answers[i], err = []*shoptest.Person{learner, &there}[i%2].Try("POST", "/api/orders/"+id+"/pay", obj{"channel": "h5"})
				return err
			})
			wantOneWay(t, answers)
			atOnce(t, len(answers), func(i int) (err error) {
				answers[i], err = []*shoptest.Person{learner, &there}[i%2].Try("POST", "/api/orders/"+id+"/pay", obj{"channel": "native"})
				return err
			})
			wantOneWay(t, answers)
			var got shoptest.Placed
			answers[0].Into(&got)
			one.Scan(got.Payment)
			learner.Await(id, "fulfilled")
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
func wantOneWay(t *testing.T, answers []shoptest.Answer) (order string) {
	t.Helper()
	var first shoptest.Placed
	for i, a := range answers {
		var got shoptest.Placed
		if a.Status != 200 && a.Status != 201 {
			t.Fatalf("%s answered %d %s", a.What, a.Status, a.Body)
		}
		a.Into(&got)
		if i == 0 {
			first = got
		}
		if got.Payment == nil || got.Order.ID != first.Order.ID || *got.Payment != *first.Payment {
			t.Fatalf("two ways to pay: %s\nand %s", answers[0].Body, a.Body)
		}
	}
	return first.Order.ID
}

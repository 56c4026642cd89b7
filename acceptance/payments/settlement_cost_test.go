package payments

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/store"
	"mstm/store/storetest"
)

// commands are the commands to MongoDB that a shop has sent. A conditional write of the
// embedded store is two: it reads what MongoDB compares by itself.
type commands struct {
	mu  sync.Mutex
	all []command
}

type command struct {
	kind  string // "find orders"
	shape string // the kind, and which fields its filter names
}

func (c *commands) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		collection, ok := e.Command.Lookup(e.CommandName).StringValueOK()
		if !ok {
			return // hello, ping, endSessions
		}
		kind := e.CommandName + " " + collection
		filter, _ := e.Command.Lookup("filter").DocumentOK()
		var fields []string
		for _, f := range elements(filter) {
			fields = append(fields, f.Key())
		}
		slices.Sort(fields) // a map's come in any order
		c.mu.Lock()
		defer c.mu.Unlock()
		c.all = append(c.all, command{kind, kind + " " + strings.Join(fields, ",")})
	}}
}

func elements(doc bson.Raw) []bson.RawElement { all, _ := doc.Elements(); return all }

func (c *commands) take() []command {
	c.mu.Lock()
	defer c.mu.Unlock()
	taken := c.all
	c.all = nil
	return taken
}

// adopting are the shapes of the looks for what the version before has left, and for decisions that are left undone, which
// come a few times a minute.
var adopting = []string{"find due ", "find turns ", "find due_deliveries ", "find broadcasts due_at", "find quarantine decided_under,resolved_at"}

// isCounting reports whether a command counts figures: once a second at most, for all orders of that second together. That
// an order is enqueued for it is a part of its payment.
func (x command) isCounting() bool {
	return x.kind != "insert figure_queue" && strings.Contains(x.kind, " figure")
}

// quiet are the shapes of what a shop asks at which nothing happens, over a few looks of all
// its runners.
func (c *commands) quiet() map[string]bool {
	c.take()
	time.Sleep(2500 * time.Millisecond)
	shapes := map[string]bool{}
	for _, shape := range adopting {
		shapes[shape] = true
	}
	for _, x := range c.take() {
		shapes[x.shape] = true
	}
	return shapes
}

// TestAPaymentReadsItsOrderOnce counts what one callback costs MongoDB, from WeChat's request
// to the fulfilled order, its five events and the end of its wakeup, for an order of one line
// on a quiet shop.
func TestAPaymentReadsItsOrderOnce(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, mongo string // "" is the embedded store, which reads before each conditional write
		reads, most int
	}{
		{"MongoDB", storetest.Mongo(t), 1, 25},
		{"embedded", storetest.Own(t, ""), 4, 35},
	} {
		t.Run(tt.name, func(t *testing.T) {
			sent := &commands{}
			counts, total := sent.ofPayment(t, tt.mongo)
			t.Logf("%d commands: %v", total, counts)
			if n := counts["find orders"]; n > tt.reads {
				t.Errorf("the order was read %d times", n)
			}
			if total > tt.most {
				t.Errorf("the payment cost %d commands", total)
			}
		})
	}
}

// ofPayment counts the commands of one payment, by their kind and in all.
func (c *commands) ofPayment(t *testing.T, mongo string) (counts map[string]int, total int) {
	a := &app.App{
		Settings: shoptest.Settings(t, shoptest.WithStores(mongo, "")),
		Writes:   c.monitor(),
	}
	s := shoptest.StartApp(t, a)
	learner := s.NewLearner()
	page := learner.Socket()
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	placed := learner.Placed(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	page.Wait("order.changed", time.Minute)
	heard := len(page.All())
	quiet := c.quiet()

	s.Scan(placed.Payment)
	page.Wait("notice.posted", time.Minute)
	time.Sleep(500 * time.Millisecond)
	counts = map[string]int{}
	for _, x := range c.take() {
		if !quiet[x.shape] && !x.isCounting() {
			counts[x.kind]++
			total++
		}
	}
	if _, err := a.Store.OrderWakeups.Get(t.Context(), placed.Order.ID); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("the order is not at rest: %v", err)
	}
	var told []string
	for _, f := range page.All()[heard:] {
		told = append(told, f.Type)
	}
	slices.Sort(told)
	shoptest.WantSame(t, "the events of a payment", told, "cart.changed", "enrolment.changed", "notice.posted", "order.changed", "order.changed")
	return counts, total
}

//go:build unix

package outages

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/hub/hubtest"
	"mstm/store/redistest"
	"mstm/store/storetest"
)

// withRedis is a shop on a real Redis, all else embedded.
func withRedis(r *redistest.Server) shoptest.Option {
	return func(s *app.Settings) { s.RedisURL = r.URL() }
}

// condition reads what /readyz says of a part, and how it answers.
func condition(p *shoptest.Person, part string) string {
	p.T.Helper()
	a := p.Get("/readyz")
	var out struct {
		Parts  map[string]string `json:"status_of"`
		Code   string            `json:"code"`
		Status any               `json:"status"`
	}
	a.Into(&out)
	parts := out.Parts
	if parts == nil {
		parts = map[string]string{}
		a.Into(&parts)
	}
	return fmt.Sprint(a.Status, " ", out.Code, out.Status, " ", part, " ", parts[part])
}

// awaitCondition waits until /readyz says so.
func awaitCondition(p *shoptest.Person, part, want string) {
	p.T.Helper()
	shoptest.Eventually(p.T, time.Minute, func() error {
		if got := condition(p, part); got != want {
			return fmt.Errorf("/readyz says %q, want %q", got, want)
		}
		return nil
	})
}

// within wants one call to take less than most; the busiest of machines has two more tries.
func within(t *testing.T, most time.Duration, what string, call func()) {
	t.Helper()
	var all []time.Duration
	for range 3 {
		began := time.Now()
		call()
		took := time.Since(began)
		if all = append(all, took); took < most {
			t.Logf("%s: %s", what, took.Round(time.Millisecond))
			return
		}
	}
	t.Errorf("%s took %v, want less than %s", what, all, most)
}

// TestFrozenRedis_CostsARequestOneBudget stops redis-server's process: whatever a request asks of Redis, it loses 0.2 s at
// most, and carts say that they are away.
func TestFrozenRedis_CostsARequestOneBudget(t *testing.T) {
	r := redistest.Start(t)
	shop := shoptest.Start(t, withRedis(r))
	learner := shop.NewLearner()
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	others := make([]*shoptest.Person, 4)
	for i := range others {
		others[i] = shop.NewLearner()
	}
	r.Signal(syscall.SIGSTOP)
	defer r.Signal(syscall.SIGCONT)
	within(t, 300*time.Millisecond, "a cart", func() { learner.Get("/api/cart").WantCode(503, "CART_UNAVAILABLE") })
	time.Sleep(400 * time.Millisecond) // the breaker, should it be open, asks again
	within(t, 500*time.Millisecond, "a login", func() { learner.Again() })
	time.Sleep(400 * time.Millisecond)
	within(t, 400*time.Millisecond, "readyz", func() { awaitCondition(learner, "redis", "200 degraded redis down") })
	time.Sleep(400 * time.Millisecond)
	within(t, 400*time.Millisecond, "a logout", func() {
		others[0].Post("/api/logout", nil).Want(204)
		others = others[1:]
	})
	r.Signal(syscall.SIGCONT)
	awaitCondition(learner, "redis", "200 ready redis up")
	if cart := learner.Get("/api/cart").Want(200); !strings.Contains(string(cart.Body), "go1full") {
		t.Errorf("the cart is %s", cart.Body)
	}
	if n := strings.Count(shop.Log.String(), "no carts, and open pages"); n < 1 || n > 2 {
		t.Errorf("the log says %d times that Redis does not answer", n)
	}
}

// TestFullRedis_ReadyzSaysDegraded fills Redis to its maxmemory and makes room again.
func TestFullRedis_ReadyzSaysDegraded(t *testing.T) {
	r := redistest.Start(t)
	shop := shoptest.Start(t, withRedis(r))
	visitor := shop.Visitor()
	awaitCondition(visitor, "redis", "200 ready redis up")
	ctx := context.Background()
	r.Client.ConfigSet(ctx, "maxmemory", "1")
	awaitCondition(visitor, "redis", "200 degraded redis full")
	r.Client.ConfigSet(ctx, "maxmemory", "0")
	awaitCondition(visitor, "redis", "200 ready redis up")
}

// outage is a way for Redis to be of no use, and the end of it.
type outage struct {
	name       string
	begin, end func(r *redistest.Server)
}

var outages = []outage{
	{"killed", func(r *redistest.Server) { r.Kill() }, func(r *redistest.Server) { r.Again() }},
	{"frozen", func(r *redistest.Server) { r.Signal(syscall.SIGSTOP) }, func(r *redistest.Server) { r.Signal(syscall.SIGCONT) }},
	{"full", func(r *redistest.Server) { r.Client.ConfigSet(context.Background(), "maxmemory", "1") },
		func(r *redistest.Server) { r.Client.ConfigSet(context.Background(), "maxmemory", "0") }},
}

// TestPurchase_WithoutRedis_IsFulfilledAndAnnounced buys while Redis is of no use: the order is fulfilled, the course open and
// the notice in the inbox all the same, no alarm is raised, and the pages of both instances are right within five seconds
// of Redis' return, also when the instance that sold is gone by then. The times here allow for a busy machine.
func TestPurchase_WithoutRedis_IsFulfilledAndAnnounced(t *testing.T) {
	for _, tt := range outages {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			buyWithoutRedis(t, tt, tt.name == "killed")
		})
	}
}

func buyWithoutRedis(t *testing.T, tt outage, sellerEnds bool) {
	const soon = 20 * time.Second // the program alone takes under 1 s for the one and 2 s for the other
	r := redistest.Start(t)
	mongo := storetest.Mongo(t)
	shop := shoptest.Start(t, shoptest.WithStores(mongo, r.URL()))
	other := shoptest.Start(t, shoptest.WithStores(mongo, r.URL()), shoptest.WithSandboxOf(shop))
	t.Cleanup(func() {
		if loud := shoptest.Warnings(other.Log.String()); t.Failed() {
			t.Logf("the other instance said: %s", loud[max(0, len(loud)-2000):])
		}
	})
	learner := shop.NewLearner()
	learner.Put("/api/cart/go1", obj{"policy_id": "go1full"}).Want(200)
	page := learner.At(other).Socket()
	page.Ready()

	tt.begin(r)
	end := sync.OnceFunc(func() { tt.end(r) })
	defer end() // a frozen process would stay
	shop.Log.Reset()
	began := time.Now()
	placed := learner.Placed(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	shop.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")
	learner.WantOpenedOnce(placed.Order.ID, "go1")
	took := time.Since(began)
	if t.Logf("fulfilled, open and announced after %s", took.Round(time.Millisecond)); took > soon {
		t.Errorf("that took %s", took)
	}
	time.Sleep(2 * time.Second) // for tries and their lines
	loud := shoptest.Warnings(shop.Log.String())
	if strings.Contains(loud, `"alarm":true`) || strings.Count(loud, "\n") > 1 {
		t.Errorf("the log is loud:\n%s", loud)
	}
	if sellerEnds {
		shop.Stop()
	}

	end()
	began = time.Now()
	for _, what := range []string{"order.changed", "enrolment.changed", "notice.posted"} {
		page.WaitFor(what, 30*time.Second, func(f hubtest.Frame) bool {
			return f.Type == what && (what != "order.changed" || strings.Contains(string(f.Data), `"fulfilled"`))
		})
	}
	shoptest.Eventually(t, 30*time.Second, func() error {
		if cart := learner.At(other).Get("/api/cart"); cart.Status != 200 || strings.Contains(string(cart.Body), "go1full") {
			return fmt.Errorf("the cart is %s", cart.Body)
		}
		left, err := shoptest.Rows(shoptest.OpenDatabase(t, mongo), "unsent", nil)
		if err == nil && len(left) > 0 {
			err = fmt.Errorf("%d rows wait", len(left))
		}
		return err
	})
	took = time.Since(began)
	if t.Logf("pages are right %s after Redis is back", took.Round(time.Millisecond)); took > soon {
		t.Errorf("that took %s", took)
	}
}

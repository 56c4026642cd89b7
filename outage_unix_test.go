//go:build unix

package main

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mstm/app"
	"mstm/hub/hubtest"
	"mstm/store/redistest"
	"mstm/store/storetest"
)

// withRedis is a shop on a real Redis, all else embedded.
func withRedis(r *redistest.Server) shopOption {
	return func(s *app.Settings) { s.RedisURL = r.URL() }
}

// condition reads what /readyz says of a part, and how it answers.
func (p *person) condition(part string) string {
	p.t.Helper()
	a := p.get("/readyz")
	var out struct {
		Parts  map[string]string `json:"status_of"`
		Code   string            `json:"code"`
		Status any               `json:"status"`
	}
	a.into(&out)
	parts := out.Parts
	if parts == nil {
		parts = map[string]string{}
		a.into(&parts)
	}
	return fmt.Sprint(a.status, " ", out.Code, out.Status, " ", part, " ", parts[part])
}

// awaitCondition waits until /readyz says so.
func (p *person) awaitCondition(part, want string) {
	p.t.Helper()
	eventually(p.t, 10*time.Second, func() error {
		if got := p.condition(part); got != want {
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
	shop := startShop(t, withRedis(r))
	learner := shop.newLearner()
	learner.put("/api/cart/go1", obj{"policy_id": "go1full"}).want(200)
	others := make([]*person, 4)
	for i := range others {
		others[i] = shop.newLearner()
	}
	r.Signal(syscall.SIGSTOP)
	defer r.Signal(syscall.SIGCONT)
	within(t, 300*time.Millisecond, "a cart", func() { learner.get("/api/cart").wantCode(503, "CART_UNAVAILABLE") })
	time.Sleep(400 * time.Millisecond) // the breaker, should it be open, asks again
	within(t, 500*time.Millisecond, "a login", func() { learner.again() })
	time.Sleep(400 * time.Millisecond)
	within(t, 400*time.Millisecond, "readyz", func() { learner.awaitCondition("redis", "200 degraded redis down") })
	time.Sleep(400 * time.Millisecond)
	within(t, 400*time.Millisecond, "a logout", func() {
		others[0].post("/api/logout", nil).want(204)
		others = others[1:]
	})
	r.Signal(syscall.SIGCONT)
	learner.awaitCondition("redis", "200 ready redis up")
	if cart := learner.get("/api/cart").want(200); !strings.Contains(string(cart.body), "go1full") {
		t.Errorf("the cart is %s", cart.body)
	}
	if n := strings.Count(shop.log.String(), "no carts, and open pages"); n < 1 || n > 2 {
		t.Errorf("the log says %d times that Redis does not answer", n)
	}
}

// TestFullRedis_ReadyzSaysDegraded fills Redis to its maxmemory and makes room again.
func TestFullRedis_ReadyzSaysDegraded(t *testing.T) {
	r := redistest.Start(t)
	shop := startShop(t, withRedis(r))
	visitor := shop.visitor()
	visitor.awaitCondition("redis", "200 ready redis up")
	ctx := context.Background()
	r.Client.ConfigSet(ctx, "maxmemory", "1")
	visitor.awaitCondition("redis", "200 degraded redis full")
	r.Client.ConfigSet(ctx, "maxmemory", "0")
	visitor.awaitCondition("redis", "200 ready redis up")
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

// TestPurchase_WithoutRedis_IsFulfilledAndTold buys while Redis is of no use: the order is fulfilled, the course open and
// the notice in the inbox all the same, nobody is called, and the pages of both instances are right within five seconds
// of Redis' return, also when the instance that sold is gone by then. The times here allow for a busy machine.
func TestPurchase_WithoutRedis_IsFulfilledAndTold(t *testing.T) {
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
	shop := startShop(t, withStores(mongo, r.URL()))
	other := startShop(t, withStores(mongo, r.URL()), withSandboxOf(shop))
	t.Cleanup(func() {
		if loud := warnings(other.log.String()); t.Failed() {
			t.Logf("the other instance said: %s", loud[max(0, len(loud)-2000):])
		}
	})
	learner := shop.newLearner()
	learner.put("/api/cart/go1", obj{"policy_id": "go1full"}).want(200)
	page := learner.at(other).socket()
	page.Ready()

	tt.begin(r)
	end := sync.OnceFunc(func() { tt.end(r) })
	defer end() // a frozen process would stay
	shop.log.reset()
	began := time.Now()
	placed := learner.placed(99900, wish{"go1", "go1full"})
	shop.scan(placed.Payment)
	learner.await(placed.Order.ID, "fulfilled")
	learner.wantOpenedOnce(placed.Order.ID, "go1")
	took := time.Since(began)
	if t.Logf("fulfilled, open and told after %s", took.Round(time.Millisecond)); took > soon {
		t.Errorf("that took %s", took)
	}
	time.Sleep(2 * time.Second) // for tries and their lines
	loud := warnings(shop.log.String())
	if strings.Contains(loud, `"alarm":true`) || strings.Count(loud, "\n") > 1 {
		t.Errorf("the log is loud:\n%s", loud)
	}
	if sellerEnds {
		shop.stop()
	}

	end()
	began = time.Now()
	for _, what := range []string{"order.changed", "enrolment.changed", "notice.posted"} {
		page.WaitFor(what, 30*time.Second, func(f hubtest.Frame) bool {
			return f.Type == what && (what != "order.changed" || strings.Contains(string(f.Data), `"fulfilled"`))
		})
	}
	eventually(t, 30*time.Second, func() error {
		if cart := learner.at(other).get("/api/cart"); cart.status != 200 || strings.Contains(string(cart.body), "go1full") {
			return fmt.Errorf("the cart is %s", cart.body)
		}
		left, err := rows(openDatabase(t, mongo), "unsent", nil)
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

package catalogue

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"mstm/acceptance/shoptest"
	"mstm/store/redistest"
)

// TestAFullRedisTakesNothingIntoCartsAndLosesNothing: the whole program on a redis-server without
// room. What is put in is refused with 503, what is there is read and taken out, /readyz says why.
func TestAFullRedisTakesNothingIntoCartsAndLosesNothing(t *testing.T) {
	t.Parallel()
	url := redistest.Single(t, "--maxmemory-policy", "noeviction")
	s := shoptest.Start(t, shoptest.WithStores("", url))
	me := s.NewLearner()
	courses, _ := list(s.Visitor(), "limit=10")
	me.Put("/api/cart/"+courses[0].ID, obj{}).Want(200)
	was := me.Get("/api/cart").Want(200).Body

	opts, err := redis.ParseURL(url)
	if err != nil {
		t.Fatal(err)
	}
	admin := redis.NewClient(opts)
	defer admin.Close()
	if err := admin.ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	for i := range 40 {
		me.Put("/api/cart/"+courses[i%len(courses)].ID, obj{}).WantCode(503, "CART_UNAVAILABLE")
	}
	if now := me.Get("/api/cart").Want(200).Body; string(now) != string(was) {
		t.Errorf("the cart was %s, is %s", was, now)
	}
	var ready map[string]string
	s.Visitor().Get("/readyz").Want(200).Into(&ready)
	if ready["status"] != "degraded" || ready["redis"] != "full" {
		t.Errorf("readyz: %v", ready)
	}
	if me.Del("/api/cart").Want(200); len(me.Cart().Lines) != 0 {
		t.Errorf("emptied: %+v", me.Cart())
	}
	if err := admin.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	me.Put("/api/cart/"+courses[0].ID, obj{}).Want(200)
}

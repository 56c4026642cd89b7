package main

import (
	"testing"

	"github.com/redis/go-redis/v9"

	"mstm/store/redistest"
)

// TestAFullRedisTakesNothingIntoCartsAndLosesNothing: the whole program on a redis-server without
// room. What is put in is refused with 503, what is there is read and taken out, /readyz says why.
func TestAFullRedisTakesNothingIntoCartsAndLosesNothing(t *testing.T) {
	t.Parallel()
	url := redistest.Single(t, "--maxmemory-policy", "noeviction")
	s := startShop(t, withStores("", url))
	me := s.newLearner()
	courses, _ := s.visitor().list("limit=10")
	me.put("/api/cart/"+courses[0].ID, obj{}).want(200)
	was := me.get("/api/cart").want(200).body

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
		me.put("/api/cart/"+courses[i%len(courses)].ID, obj{}).wantCode(503, "CART_UNAVAILABLE")
	}
	if now := me.get("/api/cart").want(200).body; string(now) != string(was) {
		t.Errorf("the cart was %s, is %s", was, now)
	}
	var ready map[string]string
	s.visitor().get("/readyz").want(200).into(&ready)
	if ready["status"] != "degraded" || ready["redis"] != "full" {
		t.Errorf("readyz: %v", ready)
	}
	if me.del("/api/cart").want(200); len(me.cart().Lines) != 0 {
		t.Errorf("emptied: %+v", me.cart())
	}
	if err := admin.ConfigSet(t.Context(), "maxmemory", "0").Err(); err != nil {
		t.Fatal(err)
	}
	me.put("/api/cart/"+courses[0].ID, obj{}).want(200)
}

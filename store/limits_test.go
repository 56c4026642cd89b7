package store_test

import (
	"testing"
	"time"

	"mstm/store"
	"mstm/store/redisstore"
	"mstm/store/storetest"
)

// taken is how many of n tries about key were let through.
func taken(t *testing.T, db *store.DB, l redisstore.Limit, key string, n int) (passed int) {
	t.Helper()
	for range n {
		switch wait := db.Limits.Take(t.Context(), l, key); {
		case wait == 0:
			passed++
		case wait < 0 || wait > l.Every:
			t.Errorf("to wait %v", wait)
		}
	}
	return passed
}

func TestALimitIsCountedForAllInstancesTogether(t *testing.T) {
	for where, redis := range map[string]string{"embedded": "", "a real Redis": storetest.Redis(t)} {
		t.Run(where, func(t *testing.T) {
			db := storetest.Open(t, func(c *store.Config) { c.RedisURL = redis })
			other := db
			if redis != "" {
				other = storetest.Open(t, func(c *store.Config) { c.RedisURL = redis })
			}
			l := redisstore.Limit{Name: "knock", Burst: 5, Every: time.Hour}
			if n := taken(t, db, l, "a", 3) + taken(t, other, l, "a", 4); n != 5 {
				t.Errorf("%d let through", n)
			}
			if n := taken(t, db, l, "b", 5); n != 5 {
				t.Errorf("%d let through of another key", n)
			}
			db.Limits.Forgive(t.Context(), l, "a")
			if n := taken(t, other, l, "a", 7); n != 5 {
				t.Errorf("%d let through after it was forgiven", n)
			}
		})
	}
}

func TestWithoutRedisALimitHoldsAtHalf(t *testing.T) {
	db := storetest.Open(t, func(c *store.Config) { c.RedisURL = "redis://127.0.0.1:1/0" })
	l := redisstore.Limit{Name: "knock", Burst: 10, Every: time.Hour}
	if n := taken(t, db, l, "a", 20); n != 5 {
		t.Errorf("%d let through", n)
	}
	db.Limits.Forgive(t.Context(), l, "a")
	if n := taken(t, db, l, "a", 20); n != 5 {
		t.Errorf("%d let through after it was forgiven", n)
	}
}

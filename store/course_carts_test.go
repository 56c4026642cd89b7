package store

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/shop"
	"mstm/store/redisstore"
	"mstm/store/redistest"
)

func holding(t *testing.T, s *DB, course string) redisstore.CourseCarts {
	t.Helper()
	var err error
	for range 5 { // a Redis that a busy machine holds up answers the next time
		var n redisstore.CourseCarts
		if n, err = s.Carts.Holding(t.Context(), course); err == nil {
			return n
		}
	}
	t.Fatal(err)
	return redisstore.CourseCarts{}
}

func TestCartsWithACourse_AreCountedAsTheyChange(t *testing.T) {
	t.Parallel()
	s := redisOnly(t, redistest.Single(t))
	for i := range 3 {
		if _, err := s.Carts.Put(t.Context(), fmt.Sprint("u", i), cartLine("a", "p", 1), 0); err != nil {
			t.Fatal(err)
		}
	}
	if _, _, err := s.Carts.Merge(t.Context(), "u3", []shop.CartLine{cartLine("a", "p", 1), cartLine("b", "p", 1)}); err != nil {
		t.Fatal(err)
	}
	want := func(when, course string, people int) {
		t.Helper()
		if n := holding(t, s, course); n.People != people || !n.Exact {
			t.Errorf("%s: %+v have %s, want %d", when, n, course, people)
		}
	}
	want("put", "a", 4)
	want("put", "b", 1)
	if _, err := s.Carts.Remove(t.Context(), "u0", "a"); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Carts.RemoveBought(t.Context(), "u1", "o1", []shop.CartBought{{CourseID: "a", PolicyID: "p"}}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Carts.Empty(t.Context(), "u3"); err != nil {
		t.Fatal(err)
	}
	want("removed, bought and emptied", "a", 1)
	want("emptied", "b", 0)
	if n := s.redis.ZCard(t.Context(), "course_carts_{b}").Val(); n != 0 { // as when its owner deletes the account
		t.Errorf("%d users are kept under a course that none has", n)
	}
}

func TestCartsWithACourse_SecondWriteLost_IsMadeUpFor(t *testing.T) {
	t.Parallel()
	s := redisOnly(t, redistest.Single(t))
	put(t, s, cartLine("a", "p", 1))
	s.redis.Del(t.Context(), "course_carts_{a}") // the process died between the two writes
	put(t, s, cartLine("b", "p", 1))
	if n := holding(t, s, "a"); n.People != 1 {
		t.Errorf("after the cart's next change: %+v", n)
	}
	s.redis.Del(t.Context(), "course_carts_{a}")
	s.redis.PExpire(t.Context(), "shopping_car_version_{"+buyer+"}", redisstore.CartTTL-25*time.Hour)
	read(t, s)
	if n := holding(t, s, "a"); n.People != 1 {
		t.Errorf("after the cart's first look of a day: %+v", n)
	}

	old := float64(time.Now().Add(-time.Hour).UnixMilli())
	s.redis.ZAdd(t.Context(), "course_carts_{a}", redis.Z{Score: old, Member: "gone"}, redis.Z{Score: float64(time.Now().UnixMilli()), Member: "coming"},
		redis.Z{Score: float64(time.Now().AddDate(0, 0, -40).UnixMilli()), Member: "expired"})
	if n := holding(t, s, "a"); n.People != 1 {
		t.Errorf("with carts that have it no more: %+v", n)
	}
	left := s.redis.ZRange(t.Context(), "course_carts_{a}", 0, -1).Val()
	if len(left) != 2 { // the buyer, and the one whose cart may be on its way
		t.Errorf("kept: %v", left)
	}
}

func TestCartsWithACourse_LateWriterOfAnOlderCart_TakesNothingAway(t *testing.T) {
	t.Parallel()
	s := redisOnly(t, redistest.Single(t))
	put(t, s, cartLine("a", "p", 1))
	removed, err := s.Carts.Remove(t.Context(), buyer, "a")
	if err != nil {
		t.Fatal(err)
	}
	put(t, s, cartLine("a", "p", 1))
	s.Carts.Forget(t.Context(), buyer, removed.Version, "a") // its second write comes late
	if n := holding(t, s, "a"); n.People != 1 {
		t.Errorf("%+v", n)
	}
}

func TestCartsWithACourse_MoreThanACountLooksAt_AreEstimated(t *testing.T) {
	t.Parallel()
	s := redisOnly(t, redistest.Single(t))
	for i := range 500 {
		if _, err := s.Carts.Put(t.Context(), fmt.Sprint("u", i), cartLine("a", "p", 1), 0); err != nil {
			t.Fatal(err)
		}
	}
	var others []redis.Z
	for i := range 1500 {
		others = append(others, redis.Z{Score: float64(time.Now().Add(-time.Hour).UnixMilli()), Member: fmt.Sprint("x", i)})
	}
	s.redis.ZAdd(t.Context(), "course_carts_{a}", others...)
	if n := holding(t, s, "a"); n.People != 1000 || n.Exact {
		t.Errorf("500 of the 1000 looked at, of 2000: %+v", n)
	}
	holding(t, s, "a")
	if n := holding(t, s, "a"); n.People != 500 || !n.Exact {
		t.Errorf("once all were looked at: %+v", n)
	}
}

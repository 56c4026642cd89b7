package store

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"mstm/shop"
	"mstm/store/redisstore"
)

const buyer = "7"

func cartLine(course, policy string, price shop.Fen) shop.CartLine {
	at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	return shop.CartLine{
		CourseID: course, Title: "围棋入门 " + course, Cover: "/covers/" + course + ".svg",
		Policies: []shop.PricePolicy{
			{ID: policy, Kind: shop.KindStage, Name: "第 2 个月", Stage: 2, Period: &shop.Period{Unit: shop.Month, Count: 1}, Price: price},
			{ID: "full", Kind: shop.KindLifetime, Name: "全款", Price: 99900, Default: true},
		},
		PolicyID: policy, Price: price, AddedAt: at, ChosenAt: at, CourseV: 3, Seen: price,
	}
}

func put(t *testing.T, s *DB, line shop.CartLine) shop.Cart {
	t.Helper()
	cart, err := s.Carts.Put(t.Context(), buyer, line, 0)
	if err != nil {
		t.Fatal(err)
	}
	return cart
}

func read(t *testing.T, s *DB) shop.Cart {
	t.Helper()
	cart, err := s.Carts.Get(t.Context(), buyer)
	if err != nil {
		t.Fatal(err)
	}
	return cart
}

func merge(t *testing.T, s *DB, lines ...shop.CartLine) (shop.Cart, error) {
	t.Helper()
	cart, leftOut, err := s.Carts.Merge(t.Context(), buyer, lines)
	if len(leftOut) > 0 {
		t.Errorf("left out: %v", leftOut)
	}
	return cart, err
}

func courseIDs(c shop.Cart) (ids []string) {
	for _, l := range c.Lines {
		ids = append(ids, l.CourseID)
	}
	return ids
}

func TestACartLineComesBackAsItWasPut(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		want := cartLine("go1", "s2", 20000)
		for what, cart := range map[string]shop.Cart{"the change": put(t, s, want), "a read": read(t, s)} {
			if diff := cmp.Diff([]shop.CartLine{want}, cart.Lines); diff != "" {
				t.Errorf("%s: %s", what, diff)
			}
			if cart.Total != 20000 || cart.Version == 0 {
				t.Errorf("%s: total %d, version %d", what, cart.Total, cart.Version)
			}
		}
	})
}

func TestTheKeysOfACart(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		put(t, s, cartLine("go1", "s2", 20000))
		for key, kind := range map[string]string{"shopping_car_{7}_go1": "hash", "shopping_car_{7}": "zset", "shopping_car_version_{7}": "string"} {
			if got := s.redis.Type(t.Context(), key).Val(); got != kind {
				t.Errorf("%s is a %s, want a %s", key, got, kind)
			}
			if ttl := s.redis.PTTL(t.Context(), key).Val(); ttl < redisstore.CartTTL-time.Minute || ttl > redisstore.CartTTL {
				t.Errorf("%s lives %v, want 30 days", key, ttl)
			}
		}
		line := s.redis.HGetAll(t.Context(), "shopping_car_{7}_go1").Val()
		if line["policy_id"] != "s2" || line["price_fen"] != "20000" || len(line) != len(redisstore.LineFields) {
			t.Errorf("the hash is %v", line)
		}
	})
}

func TestEveryChangeRaisesTheVersionAndNothingElseDoes(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		last := read(t, s).Version
		if again := read(t, s).Version; again != last || last == 0 {
			t.Fatalf("an empty cart's version went from %d to %d by reading", last, again)
		}
		steps := []struct {
			name    string
			do      func() (shop.Cart, error)
			changes bool
		}{
			{"adding", func() (shop.Cart, error) { return s.Carts.Put(t.Context(), buyer, cartLine("a", "p", 1), 0) }, true},
			{"choosing again", func() (shop.Cart, error) { return s.Carts.Put(t.Context(), buyer, cartLine("a", "q", 2), 0) }, true},
			{"reading", func() (shop.Cart, error) { return s.Carts.Get(t.Context(), buyer) }, false},
			{"removing what is not there", func() (shop.Cart, error) { return s.Carts.Remove(t.Context(), buyer, "b") }, false},
			{"removing", func() (shop.Cart, error) { return s.Carts.Remove(t.Context(), buyer, "a") }, true},
			{"emptying an empty one", func() (shop.Cart, error) { return s.Carts.Empty(t.Context(), buyer) }, false},
			{"merging nothing", func() (shop.Cart, error) { return merge(t, s) }, false},
			{"merging", func() (shop.Cart, error) {
				return merge(t, s, cartLine("c", "p", 1))
			}, true},
			{"emptying", func() (shop.Cart, error) { return s.Carts.Empty(t.Context(), buyer) }, true},
		}
		for _, step := range steps {
			cart, err := step.do()
			if err != nil {
				t.Fatalf("%s: %v", step.name, err)
			}
			if grew := cart.Version > last; grew != step.changes || cart.Version < last {
				t.Errorf("%s: version %d after %d", step.name, cart.Version, last)
			}
			last = cart.Version
		}
		if cart := read(t, s); len(cart.Lines) != 0 {
			t.Errorf("left: %v", courseIDs(cart))
		}
	})
}

func TestVersionsGrowAlsoAfterRedisLostEverything(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		before := put(t, s, cartLine("a", "p", 1))
		time.Sleep(2 * time.Millisecond) // the version is a time in ms
		if err := s.redis.FlushAll(t.Context()).Err(); err != nil {
			t.Fatal(err)
		}
		if empty := read(t, s); empty.Version <= before.Version || len(empty.Lines) != 0 {
			t.Errorf("after the loss: version %d, before %d", empty.Version, before.Version)
		}
	})
}

func TestChoosingAgainKeepsTheTimeItWasAdded(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		first := cartLine("a", "p", 1)
		put(t, s, first)
		again := cartLine("a", "q", 2)
		again.AddedAt, again.ChosenAt = first.AddedAt.Add(time.Hour), first.ChosenAt.Add(time.Hour)
		got := put(t, s, again).Lines[0]
		if !got.AddedAt.Equal(first.AddedAt) || !got.ChosenAt.Equal(again.ChosenAt) || got.PolicyID != "q" {
			t.Errorf("got %+v", got)
		}
	})
}

func TestAStaleChangeIsRefusedWithTheCartAsItIs(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		seen := put(t, s, cartLine("a", "p", 1))
		now := put(t, s, cartLine("b", "p", 1))
		stands, err := s.Carts.Put(t.Context(), buyer, cartLine("a", "q", 2), seen.Version)
		if !errors.Is(err, shop.ErrCartConflict) {
			t.Fatalf("got %v, want CART_CONFLICT", err)
		}
		if diff := cmp.Diff(now, stands); diff != "" {
			t.Error(diff)
		}
		if _, err := s.Carts.Put(t.Context(), buyer, cartLine("a", "q", 2), now.Version); err != nil {
			t.Errorf("with the version of now: %v", err)
		}
	})
}

func TestTheFiftyFirstLineIsRefused(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		for i := range shop.MaxLines {
			put(t, s, cartLine(fmt.Sprintf("c%d", i), "p", 1))
		}
		if _, err := s.Carts.Put(t.Context(), buyer, cartLine("more", "p", 1), 0); !errors.Is(err, shop.ErrCartFull) {
			t.Errorf("got %v, want CART_FULL", err)
		}
		if _, err := s.Carts.Put(t.Context(), buyer, cartLine("c7", "q", 2), 0); err != nil {
			t.Errorf("choosing again in a full cart: %v", err)
		}
		if cart := read(t, s); len(cart.Lines) != shop.MaxLines || cart.Total != shop.MaxLines+1 {
			t.Errorf("%d lines, total %d", len(cart.Lines), cart.Total)
		}
	})
}

func TestAGuestsCartIsMerged(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		line := func(course, policy string, added, chosen int) shop.CartLine {
			l := cartLine(course, policy, 1)
			l.AddedAt, l.ChosenAt = l.AddedAt.Add(time.Duration(added)*time.Minute), l.ChosenAt.Add(time.Duration(chosen)*time.Minute)
			return l
		}
		put(t, s, line("mine", "p", 1, 1))
		put(t, s, line("both1", "p", 2, 9))
		put(t, s, line("both2", "p", 3, 3))
		cart, err := merge(t, s, line("both1", "q", 4, 4), line("both2", "q", 5, 5), line("theirs", "q", 6, 6))
		if err != nil {
			t.Fatal(err)
		}
		got := map[string]string{}
		for _, l := range cart.Lines {
			got[l.CourseID] = fmt.Sprintf("%s added %d", l.PolicyID, l.AddedAt.Minute())
		}
		want := map[string]string{"mine": "p added 1", "both1": "p added 2", "both2": "q added 3", "theirs": "q added 6"}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if diff := cmp.Diff([]string{"theirs", "both2", "both1", "mine"}, courseIDs(cart)); diff != "" {
			t.Errorf("not newest first: %s", diff)
		}
	})
}

func TestAMergeFillsTheCartWithTheNewestLines(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		for i := range shop.MaxLines - 1 {
			put(t, s, cartLine(fmt.Sprintf("c%d", i), "p", 1))
		}
		older, newer := cartLine("older", "p", 1), cartLine("newer", "p", 1)
		newer.AddedAt = newer.AddedAt.Add(time.Hour)
		cart, leftOut, err := s.Carts.Merge(t.Context(), buyer, []shop.CartLine{older, newer})
		if fmt.Sprint(leftOut) != "[older]" {
			t.Errorf("left out: %v", leftOut)
		}
		if err != nil || len(cart.Lines) != shop.MaxLines || cart.Lines[0].CourseID != "newer" {
			t.Errorf("%d lines, first %s, %v", len(cart.Lines), cart.Lines[0].CourseID, err)
		}
	})
}

func TestOnlyBoughtLinesGo(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		put(t, s, cartLine("bought", "p", 1))
		put(t, s, cartLine("rechosen", "q", 1))
		put(t, s, cartLine("forever", "q", 1))
		put(t, s, cartLine("other", "p", 1))
		bought := []shop.CartBought{{CourseID: "bought", PolicyID: "p"}, {CourseID: "rechosen", PolicyID: "p"}, {CourseID: "forever", PolicyID: "p", Lifetime: true}, {CourseID: "gone", PolicyID: "p"}}
		for _, again := range []struct {
			order   string
			changed bool
		}{{"one", true}, {"one", true}, {"another", false}} { // a repeat of an order reports what the first did
			cart, changed, err := s.Carts.RemoveBought(t.Context(), buyer, again.order, bought)
			if err != nil || changed != again.changed || len(cart.Lines) != 2 {
				t.Fatalf("%s: changed %v, left %v, %v", again.order, changed, courseIDs(cart), err)
			}
		}
	})
}

func TestHalfStatesHeal(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		put(t, s, cartLine("whole", "p", 1))
		put(t, s, cartLine("lost", "p", 1))
		s.redis.Del(t.Context(), redisstore.CartLineKey(buyer, "lost"))
		s.redis.ZAdd(t.Context(), redisstore.CartKey(buyer), redis.Z{Score: 1, Member: "odd"})
		s.redis.Set(t.Context(), redisstore.CartLineKey(buyer, "odd"), "not a hash", 0)
		s.redis.HSet(t.Context(), redisstore.CartLineKey(buyer, "unlisted"), "title", "old", "policy_id", "x")
		if cart := read(t, s); fmt.Sprint(courseIDs(cart)) != "[whole]" {
			t.Errorf("read %v", courseIDs(cart))
		}
		if n := s.redis.ZCard(t.Context(), redisstore.CartKey(buyer)).Val(); n != 1 {
			t.Errorf("%d index entries left", n)
		}
		want := cartLine("unlisted", "p", 2)
		for _, l := range put(t, s, want).Lines {
			if l.CourseID == "unlisted" {
				if diff := cmp.Diff(want, l); diff != "" {
					t.Errorf("the unlisted line: %s", diff)
				}
			}
		}
		s.redis.Set(t.Context(), redisstore.CartKey(buyer), "not a set", 0)
		if cart := read(t, s); len(cart.Lines) != 0 {
			t.Errorf("with a broken index: %v", courseIDs(cart))
		}
		if cart := put(t, s, cartLine("a", "p", 1)); len(cart.Lines) != 1 {
			t.Errorf("after the broken index: %v", courseIDs(cart))
		}
	})
}

func TestParallelChangesAllLand(t *testing.T) {
	const racers = 16
	onBothRedises(t, func(t *testing.T, s *DB) {
		var wg sync.WaitGroup
		versions := make(chan int64, racers)
		for i := range racers {
			wg.Go(func() {
				cart, err := s.Carts.Put(t.Context(), buyer, cartLine(fmt.Sprintf("c%d", i), "p", 1), 0)
				if err != nil {
					t.Error(err)
				}
				versions <- cart.Version
			})
		}
		wg.Wait()
		close(versions)
		seen := map[int64]bool{}
		for v := range versions {
			if seen[v] {
				t.Errorf("two changes made version %d", v)
			}
			seen[v] = true
		}
		if cart := read(t, s); len(cart.Lines) != racers {
			t.Errorf("%d lines", len(cart.Lines))
		}
	})
}

func TestIDsThatCouldForgeAKeyAreRefused(t *testing.T) {
	s := redisOnly(t, "redis://127.0.0.1:1") // must not be asked at all
	for _, id := range []string{"", "1_2", "*", "{x}", "1\n2", "7}_1", strings.Repeat("a", 33)} {
		if _, err := s.Carts.Get(t.Context(), id); !errors.Is(err, shop.ErrUnauthenticated) {
			t.Errorf("user %q: %v", id, err)
		}
		if _, err := s.Carts.Put(t.Context(), buyer, cartLine(id, "p", 1), 0); !errors.Is(err, shop.ErrCourseNotFound) {
			t.Errorf("course %q: %v", id, err)
		}
		if _, err := s.Carts.Remove(t.Context(), buyer, id); !errors.Is(err, shop.ErrCourseNotFound) {
			t.Errorf("remove %q: %v", id, err)
		}
	}
}

func TestOneUsersCartIsNotAnothers(t *testing.T) {
	onBothRedises(t, func(t *testing.T, s *DB) {
		if _, err := s.Carts.Put(t.Context(), "11", cartLine("a", "p", 1), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Carts.Put(t.Context(), "1", cartLine("b", "p", 1), 0); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Carts.Empty(t.Context(), "1"); err != nil {
			t.Fatal(err)
		}
		cart, err := s.Carts.Get(t.Context(), "11")
		if err != nil || len(cart.Lines) != 1 {
			t.Errorf("%v, %v", courseIDs(cart), err)
		}
	})
}

func TestWithoutRedisTheCartSaysSo(t *testing.T) {
	s := redisOnly(t, "redis://127.0.0.1:1")
	if _, err := s.Carts.Get(t.Context(), buyer); !errors.Is(err, shop.ErrCartUnavailable) {
		t.Errorf("got %v", err)
	}
}

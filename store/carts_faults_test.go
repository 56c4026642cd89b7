package store

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mstm/shop"
	"mstm/store/redisstore"
	"mstm/store/redistest"
)

// contents are all keys of a small Redis with what they hold.
func contents(t *testing.T, s *DB) map[string]string {
	t.Helper()
	all := map[string]string{}
	for _, key := range s.redis.Keys(t.Context(), "*").Val() {
		dump, err := s.redis.Dump(t.Context(), key).Result()
		if err != nil {
			t.Fatal(err)
		}
		all[key] = dump
	}
	return all
}

func TestAFullRedisRefusesWhatIsPutAndChangesNothing(t *testing.T) {
	t.Parallel()
	s := redisOnly(t, redistest.Single(t, "--maxmemory-policy", "noeviction"))
	put(t, s, cartLine("a", "p", 1))
	put(t, s, cartLine("b", "p", 1))
	if err := s.redis.ConfigSet(t.Context(), "maxmemory", "1mb").Err(); err != nil {
		t.Fatal(err)
	}
	if err := s.redis.Set(t.Context(), "x", "y", 0).Err(); err == nil || !strings.HasPrefix(err.Error(), "OOM") {
		t.Fatalf("Redis is not full: %v", err)
	}
	before, was := contents(t, s), read(t, s)
	const tries = 160
	for i := range tries {
		line := cartLine(fmt.Sprint("c", i), "p", 1)
		line.ChosenAt = line.ChosenAt.AddDate(1, 0, 0)
		var err error
		switch i % 4 {
		case 0:
			_, err = s.Carts.Put(t.Context(), buyer, line, 0)
		case 1:
			line.CourseID = "a"
			_, err = s.Carts.Put(t.Context(), buyer, line, was.Version)
		case 2:
			_, _, err = s.Carts.Merge(t.Context(), buyer, []shop.CartLine{line})
		case 3:
			line.CourseID = "b"
			_, _, err = s.Carts.Merge(t.Context(), fmt.Sprint("new", i), []shop.CartLine{line})
		}
		if !errors.Is(err, shop.ErrCartUnavailable) {
			t.Fatalf("put %d: %v, want CART_UNAVAILABLE", i, err)
		}
	}
	if diff := cmp.Diff(before, contents(t, s)); diff != "" {
		t.Errorf("Redis has changed: %s", diff)
	}
	if diff := cmp.Diff(was, read(t, s)); diff != "" {
		t.Errorf("the cart has changed: %s", diff)
	}
	if empty, err := s.Carts.Get(t.Context(), "stranger"); err != nil || empty.Version == 0 || len(empty.Lines) != 0 {
		t.Errorf("an empty cart reads as %+v, %v", empty, err)
	}
	refreshed := was.Lines[0]
	refreshed.CourseV, refreshed.Title = 4, "又改名"
	now, written, err := s.Carts.Refresh(t.Context(), buyer, was.Version, true, []shop.CartLine{refreshed})
	if err != nil || !written || now.Lines[0].Title != "又改名" || now.Version <= was.Version {
		t.Errorf("refreshed: %v, %+v, %v", written, now, err)
	}
	if cart, err := s.Carts.Remove(t.Context(), buyer, "a"); err != nil || fmt.Sprint(courseIDs(cart)) != "[b]" || cart.Version <= now.Version {
		t.Errorf("removing: %+v, %v", cart, err)
	}
	if cart, err := s.Carts.Empty(t.Context(), buyer); err != nil || len(cart.Lines) != 0 {
		t.Errorf("emptying: %+v, %v", cart, err)
	}
}

// forgetful is a proxy before a Redis. While it is armed it takes the next script of those
// that hold word there, and cuts the connection when the answer is on its way back.
type forgetful struct {
	ln    net.Listener
	word  atomic.Pointer[string]
	drops atomic.Int32
}

func newForgetful(t *testing.T, addr string) *forgetful {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	f := &forgetful{ln: ln}
	go func() {
		for {
			near, err := ln.Accept()
			if err != nil {
				return
			}
			far, err := net.Dial("tcp", addr)
			if err != nil {
				near.Close()
				return
			}
			go f.carry(near, far)
		}
	}()
	return f
}

func (f *forgetful) url() string { return "redis://" + f.ln.Addr().String() }

func (f *forgetful) arm(word string) { f.word.Store(&word) }

func (f *forgetful) carry(near, far net.Conn) {
	defer near.Close()
	defer far.Close()
	var cut atomic.Bool
	go func() {
		buf := make([]byte, 64<<10)
		for {
			n, err := near.Read(buf)
			if word := f.word.Load(); word != nil && bytes.Contains(buf[:n], []byte(*word)) && f.word.CompareAndSwap(word, nil) {
				cut.Store(true)
			}
			if _, e := far.Write(buf[:n]); e != nil || err != nil {
				far.Close()
				return
			}
		}
	}()
	buf := make([]byte, 64<<10)
	for {
		n, err := far.Read(buf)
		if err != nil && n == 0 {
			return
		}
		if cut.Load() {
			f.drops.Add(1)
			return
		}
		if _, err := near.Write(buf[:n]); err != nil && err != io.EOF {
			return
		}
	}
}

func TestAChangeWhoseAnswerIsLostIsMadeOnce(t *testing.T) {
	t.Parallel()
	addr := strings.TrimPrefix(redistest.Single(t), "redis://")
	proxy := newForgetful(t, addr)
	s, direct := redisOnly(t, proxy.url()), redisOnly(t, "redis://"+addr)
	// The first use of each script is answered NOSCRIPT and sent again whole.
	was := put(t, s, cartLine("warm", "p", 1))
	if _, err := merge(t, s); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Carts.RemoveBought(t.Context(), buyer, "warm", nil); err != nil {
		t.Fatal(err)
	}
	was = put(t, s, cartLine("a", "p", 1))
	lost := func(what string, wantLines string, change func() (shop.Cart, error)) {
		t.Helper()
		drops := proxy.drops.Load()
		proxy.arm("shopping_car_{" + buyer + "}")
		cart, err := change()
		if err != nil || proxy.drops.Load() != drops+1 {
			t.Fatalf("%s: %v after %d lost answers", what, err, proxy.drops.Load()-drops)
		}
		ids := courseIDs(cart)
		slices.Sort(ids)
		if fmt.Sprint(ids) != wantLines {
			t.Errorf("%s: %v, want %s", what, ids, wantLines)
		}
		if now := read(t, direct); now.Version != cart.Version || cart.Version <= was.Version {
			t.Errorf("%s: version %d, Redis has %d, before %d", what, cart.Version, now.Version, was.Version)
		}
		was = cart
	}
	lost("a conditional put", "[a b warm]", func() (shop.Cart, error) {
		return s.Carts.Put(t.Context(), buyer, cartLine("b", "p", 1), was.Version)
	})
	lost("a removal", "[b warm]", func() (shop.Cart, error) { return s.Carts.Remove(t.Context(), buyer, "a") })
	lost("a merge", "[b c warm]", func() (shop.Cart, error) { return merge(t, s, cartLine("c", "p", 1)) })
	lost("a purchase", "[c warm]", func() (shop.Cart, error) {
		cart, changed, err := s.Carts.RemoveBought(t.Context(), buyer, "o1", []shop.CartBought{{CourseID: "b", PolicyID: "p"}})
		if !changed {
			t.Error("a purchase: reported as no change")
		}
		return cart, err
	})
	lost("emptying", "[]", func() (shop.Cart, error) { return s.Carts.Empty(t.Context(), buyer) })
}

// TestALockWhoseAnswerIsLostIsHeld: the repeat finds the lock taken by itself.
func TestALockWhoseAnswerIsLostIsHeld(t *testing.T) {
	t.Parallel()
	proxy := newForgetful(t, strings.TrimPrefix(redistest.Single(t), "redis://"))
	shelf := redisOnly(t, proxy.url()).SharedCache
	proxy.arm(redisstore.SharedPrefix + "work")
	back, mine, err := shelf.Take(t.Context(), "work", redisstore.CartTTL)
	if err != nil || !mine || proxy.drops.Load() != 1 {
		t.Fatalf("mine %v, %v, after %d lost answers", mine, err, proxy.drops.Load())
	}
	if _, other, err := shelf.Take(t.Context(), "work", redisstore.CartTTL); err != nil || other {
		t.Errorf("taken twice: %v", err)
	}
	back()
	if _, again, err := shelf.Take(t.Context(), "work", redisstore.CartTTL); err != nil || !again {
		t.Errorf("not given back: %v", err)
	}
}

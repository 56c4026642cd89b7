package hub_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// wanderer is a page that goes from one instance to the other and comes back with its place.
type wanderer struct {
	page  *hubtest.Client
	seen  map[string]int // how often, by event
	from  map[string][]int
	since string
	read  int // how often it had to read the state
}

// move ends the page's socket and opens the next one on another instance.
func (w *wanderer) move(t *testing.T, to *instance) {
	t.Helper()
	since := map[string]string{}
	if w.page != nil {
		w.since = w.leave(t)
		since[hub.Activity] = w.since
	}
	w.page = hubtest.Resume(t, to.url, "", since)
	if len(since) > 0 && !w.page.Ready().Topics[hub.Activity].Resumed {
		w.read++
	}
}

// leave takes down what the page has heard and returns its place.
func (w *wanderer) leave(t *testing.T) string {
	t.Helper()
	w.page.Close()
	w.page.Ended(soon)
	place := ""
	for i, f := range w.page.All() {
		switch {
		case f.Op == "event":
			var name string
			f.Into(t, &name)
			w.seen[name]++
			var n int
			who, _, _ := strings.Cut(name, " ")
			fmt.Sscan(strings.TrimPrefix(name, who), &n)
			w.from[who] = append(w.from[who], n)
			place = f.Pos
		case i == 0 && f.Topics[hub.Activity].Resumed: // what it has missed is to come
			place = w.since
		case f.Op == "ready":
			place = f.Topics[hub.Activity].Pos
		}
	}
	return place
}

// accepted publishes until stop, and takes down what was answered 200 or 202.
func (in *instance) accepted(name string, stop <-chan struct{}) (taken []string, waited int) {
	for n := 1; ; n++ {
		select {
		case <-stop:
			return taken, waited
		case <-time.After(10 * time.Millisecond):
		}
		event := fmt.Sprint(name, " ", n)
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		_, err := in.Publish(ctx, hub.Event{Topic: hub.Activity, Type: "number", Data: event})
		cancel()
		if errors.Is(err, hub.ErrPending) {
			waited++
		}
		if err == nil || errors.Is(err, hub.ErrPending) {
			taken = append(taken, event)
		}
	}
}

// TestWhatWasAcceptedIsHeardOnce though Redis is killed and pages move between the instances: by those that
// stay and by those that are resumed, each publisher's events in order.
func TestWhatWasAcceptedIsHeardOnce(t *testing.T) {
	r := startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	dir := r.ConfigGet(t.Context(), "dir").Val()["dir"]
	impatient := func() redis.UniversalClient { // one that does not wait for Redis to come back
		client := redis.NewClient(&redis.Options{Addr: r.addr, MaxRetries: -1, DialerRetries: 1})
		t.Cleanup(func() { client.Close() })
		return client
	}
	in := []*instance{start(t, "", on(impatient())), start(t, "", on(impatient()))}
	stop := make(chan struct{})
	var publishing sync.WaitGroup
	taken, waited := make([][]string, 2), make([]int, 2)
	var pages []*wanderer
	for i := range 8 {
		w := &wanderer{seen: map[string]int{}, from: map[string][]int{}}
		w.move(t, in[i%2])
		pages = append(pages, w)
	}
	for i, name := range []string{"a", "b"} {
		publishing.Go(func() { taken[i], waited[i] = in[i].accepted(name, stop) })
	}
	for round := range 3 {
		time.Sleep(200 * time.Millisecond)
		r.kill()
		for i, w := range pages[:6] { // two stay
			time.Sleep(50 * time.Millisecond)
			w.move(t, in[(i+round)%2])
		}
		r.start("--dir", dir, "--appendonly", "yes", "--appendfsync", "always")
		for i, w := range pages[:4] {
			w.move(t, in[(i+round+1)%2])
		}
	}
	close(stop)
	publishing.Wait()
	eventually(t, "nothing waits any more", func() bool {
		return in[0].Waiting(hub.Activity) == 0 && in[1].Waiting(hub.Activity) == 0 && in[0].Healthy() == nil && in[1].Healthy() == nil
	})
	in[0].publish(t, hub.Activity, "last", "last 1")
	all := slices.Concat(taken...)
	if waited[0] == 0 || waited[1] == 0 || len(all) < 100 {
		t.Errorf("%d were accepted, of which %v waited: the test shows nothing", len(all), waited)
	}
	if lost := in[0].Stats().Restarts + in[1].Stats().Restarts; lost > 0 {
		t.Fatalf("an instance lost continuity %d times, though Redis lost nothing", lost)
	}
	exact := 0
	for i, w := range pages {
		w.page.Wait("last", 2*soon)
		w.leave(t)
		delete(w.seen, "last 1")
		if w.read > 0 && i < 6 {
			continue // it came to an instance that could not ask how far the log is, and read the state
		}
		exact++
		for _, event := range all {
			if w.seen[event] != 1 {
				t.Errorf("page %d heard %s %d times", i, event, w.seen[event])
			}
		}
		for who, numbers := range w.from {
			if !slices.IsSorted(numbers) {
				t.Errorf("page %d heard %s in the order %v", i, who, numbers)
			}
		}
	}
	t.Logf("%d accepted, %v of them while Redis was away; %d of %d pages were resumed all the time", len(all), waited, exact, len(pages))
}

// TestOfTwoInstancesEachPageHearsItsOwnFirst: what both publish while Redis is away has no common order, and what one
// publishes keeps its own.
func TestOfTwoInstancesEachPageHearsItsOwnFirst(t *testing.T) {
	r := startRedis(t, "--appendonly", "yes", "--appendfsync", "always")
	dir := r.ConfigGet(t.Context(), "dir").Val()["dir"]
	a, b := start(t, r.addr), start(t, r.addr)
	onA, onB := hubtest.Dial(t, a.url, "alice/web/s1"), hubtest.Dial(t, b.url, "alice/phone/s2")
	r.kill()
	for n := 1; n <= 3; n++ {
		a.offer(t, hub.UserTopic("alice"), n, "")
		b.offer(t, hub.UserTopic("alice"), 10*n, "")
	}
	r.start("--dir", dir, "--appendonly", "yes", "--appendfsync", "always")
	for _, page := range []struct {
		c    *hubtest.Client
		want []int
	}{{onA, []int{1, 2, 3, 10, 20, 30}}, {onB, []int{10, 20, 30, 1, 2, 3}}} {
		page.c.Events(6, 2*soon)
		if seen := numbers(t, page.c, "user"); !slices.Equal(seen, page.want) {
			t.Errorf("heard %v, want %v", seen, page.want)
		}
	}
}

// TestAFullRedisTakesAnEventWholeOrNotAtAll also where the event would begin its log.
func TestAFullRedisTakesAnEventWholeOrNotAtAll(t *testing.T) {
	for name, begun := range map[string]bool{"a log that is there": true, "a log that is not": false} {
		t.Run(name, func(t *testing.T) {
			ctx := context.Background()
			r := startRedis(t, "--maxmemory-policy", "noeviction")
			in := prepare(t, r.addr) // does not run: nothing stands in line
			if begun {
				in.publish(t, hub.Activity, "before", nil)
			}
			before := map[string]string{}
			for _, key := range r.Keys(ctx, "*").Val() {
				before[key] = r.Dump(ctx, key).Val()
			}
			heard := r.PSubscribe(ctx, "*")
			defer heard.Close()
			if _, err := heard.Receive(ctx); err != nil {
				t.Fatal(err)
			}
			r.ConfigSet(ctx, "maxmemory", "1")
			if pos, err := in.Publish(ctx, hub.Event{Topic: hub.Activity, Type: "x", Once: "key"}); err == nil || errors.Is(err, hub.ErrPending) {
				t.Errorf("published at %q: %v", pos, err)
			}
			after := map[string]string{}
			for _, key := range r.Keys(ctx, "*").Val() {
				after[key] = r.Dump(ctx, key).Val()
			}
			if !maps.Equal(before, after) {
				t.Errorf("it has changed: %v", slices.Collect(maps.Keys(after)))
			}
			r.ConfigSet(ctx, "maxmemory", "0")
			pos, err := in.Publish(ctx, hub.Event{Topic: hub.Activity, Type: "x", Once: "key"})
			if err != nil {
				t.Fatal(err)
			}
			m, err := heard.ReceiveMessage(ctx)
			if err != nil || !strings.Contains(m.Payload, strings.ReplaceAll(pos, "-", " ")) {
				t.Errorf("heard %v, %v; want the one at %s", m, err, pos)
			}
		})
	}
}

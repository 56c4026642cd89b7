package store

import (
	"context"
	"sync/atomic"
	"testing"

	"mstm/store/redistest"
)

// listener is a bus over the Redis at url, with a count of what it had to forget.
func listener(t *testing.T, url string) (b *bus, all, courses *atomic.Int64) {
	t.Helper()
	s := redisOnly(t, url)
	all, courses = new(atomic.Int64), new(atomic.Int64)
	s.bus.onChange(func(c change) {
		switch c.Kind {
		case changeAll:
			all.Add(1)
		case changeCourses:
			courses.Add(1)
		}
	})
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.bus.run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return s.bus, all, courses
}

func TestALostSubscriptionForgetsEverything(t *testing.T) {
	url := redistest.Single(t)
	b, all, courses := listener(t, url)
	eventually(t, "the bus is trusted", b.healthy)
	other := redisOnly(t, url)
	other.changed(t.Context(), changeCourses, "go1")
	eventually(t, "a change arrives", func() bool { return courses.Load() == 1 })

	seen := all.Load()
	if err := other.redis.Do(t.Context(), "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "everything is forgotten once the link is back", func() bool { return all.Load() > seen && b.healthy() })
	other.changed(t.Context(), changeCourses, "go1")
	eventually(t, "changes arrive again", func() bool { return courses.Load() == 2 })
}

func TestASilentLinkIsNotTrusted(t *testing.T) {
	url := redistest.Single(t)
	b, all, _ := listener(t, url)
	eventually(t, "the bus is trusted", b.healthy)
	seen := all.Load()
	other := redisOnly(t, url)
	if err := other.redis.Do(t.Context(), "CLIENT", "PAUSE", "2500", "ALL").Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the bus is not trusted", func() bool { return !b.healthy() })
	eventually(t, "after the pause it is, with everything forgotten", func() bool { return b.healthy() && all.Load() > seen })
}

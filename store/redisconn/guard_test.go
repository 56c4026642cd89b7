package redisconn

import (
	"log/slog"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/store/redistest"
)

// TestRedisGuard_TrialOnANewConnection_ClosesTheBreaker kills Redis, so that no connection is left to try the next one
// with: connecting sends commands of its own, which must not count as further trials.
func TestRedisGuard_TrialOnANewConnection_ClosesTheBreaker(t *testing.T) {
	r := redistest.Start(t)
	client := redis.NewClient(&redis.Options{Addr: r.Addr, ContextTimeoutEnabled: true, MaxRetries: 1, DialerRetries: 1})
	t.Cleanup(func() { _ = client.Close() })
	Guard(client, time.Second, slog.New(slog.DiscardHandler))
	ping := func() error { return client.Ping(WithBudget(t.Context())).Err() }
	if err := ping(); err != nil {
		t.Fatal(err)
	}
	r.Kill()
	for range guardAfter + 1 {
		if ping() == nil {
			t.Fatal("a dead Redis answers")
		}
	}
	r.Again()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		err := ping()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the breaker stays open: %v", err)
		}
	}
}

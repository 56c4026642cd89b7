package redisstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/go-redis/redis_rate/v10"
	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/redis/go-redis/v9"
	"golang.org/x/time/rate"
)

// A Limit is how often something may be done about one key: Burst times at once, and then
// once each Every.
type Limit struct {
	Name  string // of what is limited, in Redis' keys
	Burst int
	Every time.Duration
}

// limiter counts in Redis, for all instances together. While Redis is away it counts by
// itself and allows half: never nothing, never everything.
type limiter struct {
	shared *redis_rate.Limiter
	alone  *lru.Cache[string, *rate.Limiter]
}

// limitsAlone is how many keys are counted without Redis, about 10 MB; the one not seen for
// longest makes room.
const limitsAlone = 50_000

func newLimiter(client redis.UniversalClient) *limiter {
	alone, err := lru.New[string, *rate.Limiter](limitsAlone)
	if err != nil {
		panic(err) // only a size below one is refused
	}
	return &limiter{shared: redis_rate.NewLimiter(client), alone: alone}
}

// Limits count acts, in Redis.
type Limits struct {
	limits *limiter
	log    *slog.Logger
}

// NewLimits counts in client.
func NewLimits(client redis.UniversalClient, log *slog.Logger) *Limits {
	return &Limits{newLimiter(client), log}
}

// Take counts one act about key, and says how long to wait before the next try where that is
// one too many; 0 is a yes. What was refused is not counted.
func (s *Limits) Take(ctx context.Context, l Limit, key string) (wait time.Duration) {
	name := l.Name + ":" + key
	got, err := s.limits.shared.Allow(ctx, name, redis_rate.Limit{Rate: 1, Period: l.Every, Burst: l.Burst})
	if err != nil {
		return s.limits.takeAlone(l, name)
	}
	if got.Allowed > 0 {
		return 0
	}
	return got.RetryAfter
}

func (a *limiter) takeAlone(l Limit, name string) (wait time.Duration) {
	fresh := rate.NewLimiter(rate.Every(l.Every), max(1, l.Burst/2))
	bucket, known, _ := a.alone.PeekOrAdd(name, fresh)
	if !known {
		bucket = fresh
	} else {
		a.alone.Get(name) // it is in use
	}
	r := bucket.Reserve()
	if wait = r.Delay(); wait > 0 {
		r.Cancel()
	}
	return wait
}

// Wait is how long to wait before the next act about key, 0 where one is allowed now. It counts
// nothing.
func (s *Limits) Wait(ctx context.Context, l Limit, key string) time.Duration {
	name := l.Name + ":" + key
	got, err := s.limits.shared.AllowN(ctx, name, redis_rate.Limit{Rate: 1, Period: l.Every, Burst: l.Burst}, 0)
	if err != nil {
		if bucket, known := s.limits.alone.Peek(name); known && bucket.Tokens() < 1 {
			return l.Every
		}
		return 0
	}
	if got.Remaining > 0 {
		return 0
	}
	return max(time.Second, got.ResetAfter-time.Duration(l.Burst-1)*l.Every)
}

// Spend counts n acts about key that were done already, as many as there is room for, and says
// how long to wait before the next where there is none left. It is for what each instance counts
// by itself too: while Redis is away it says 0.
func (s *Limits) Spend(ctx context.Context, l Limit, key string, n int) (wait time.Duration) {
	got, err := s.limits.shared.AllowAtMost(ctx, l.Name+":"+key, redis_rate.Limit{Rate: 1, Period: l.Every, Burst: l.Burst}, n)
	if err != nil || got.Allowed == n {
		return 0
	}
	return got.RetryAfter
}

// Forgive forgets what was counted about key.
func (s *Limits) Forgive(ctx context.Context, l Limit, key string) {
	name := l.Name + ":" + key
	s.limits.alone.Remove(name)
	if err := s.limits.shared.Reset(ctx, name); err != nil {
		s.log.DebugContext(ctx, "a limit is not reset", "limit", l.Name, "err", err)
	}
}

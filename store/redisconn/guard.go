package redisconn

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/sony/gobreaker/v2"
)

// What a Redis that does not answer may cost a request that must be quick.
const (
	Budget       = 200 * time.Millisecond // one answer for a request; the first that is late ends the request's budget
	guardAfter   = 3                      // calls in a row without an answer open the breaker
	guardReopens = 300 * time.Millisecond // and as long after, one call tries whether Redis is back
	fullEnds     = 60                     // seconds without a refused write after which a full Redis is another outage
)

// errAway is what a call gets that is not sent to Redis.
var errAway = errors.New("store: Redis is not asked while it does not answer")

// budgetKey finds the budget of a request in its context: true once it is spent.
type budgetKey struct{}

// WithBudget bounds what a request, or one step of work behind requests, may lose to a Redis that does not
// answer: 0.2 s, once, however many calls follow in ctx, and nothing while the breaker is open. A context without a
// budget is for parts with a patience of their own: the hub's links, the bus. Nothing about money is decided by what a
// call in Redis returns, so neither does the breaker decide about it.
func WithBudget(ctx context.Context) context.Context {
	return context.WithValue(ctx, budgetKey{}, new(atomic.Bool))
}

// guard is the circuit breaker in front of one Redis, of a Cluster in front of each node. It gives an outage its
// one line in the log.
type guard struct {
	breaker *gobreaker.TwoStepCircuitBreaker[struct{}]
	answer  time.Duration // how long one call with a budget may take
	log     *slog.Logger

	missed atomic.Int64 // calls of anybody in a row without an answer
	fullAt atomic.Int64 // Unix seconds: when a write was refused for want of memory last
}

func newGuard(answer time.Duration, log *slog.Logger) *guard {
	return &guard{answer: answer, log: log, breaker: gobreaker.NewTwoStepCircuitBreaker[struct{}](gobreaker.Settings{
		Name: "redis", Timeout: guardReopens, MaxRequests: 1,
		ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= guardAfter },
	})}
}

// Guard puts a guard in front of a client.
func Guard(client redis.UniversalClient, answer time.Duration, log *slog.Logger) {
	if cluster, ok := client.(*redis.ClusterClient); ok {
		cluster.OnNewNode(func(node *redis.Client) { node.AddHook(newGuard(answer, log)) })
		return
	}
	client.AddHook(newGuard(answer, log))
}

// DialHook leaves connecting as it is.
func (g *guard) DialHook(next redis.DialHook) redis.DialHook { return next }

// ProcessHook guards one command.
func (g *guard) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		return g.call(ctx, func(ctx context.Context) error { return next(ctx, cmd) })
	}
}

// ProcessPipelineHook guards several commands that are sent together.
func (g *guard) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		err := g.call(ctx, func(ctx context.Context) error { return next(ctx, cmds) })
		if errors.Is(err, errAway) {
			for _, cmd := range cmds {
				cmd.SetErr(err)
			}
		}
		return err
	}
}

// call sends to Redis, if the budget in ctx and the breaker allow it.
func (g *guard) call(ctx context.Context, send func(context.Context) error) error {
	spent, limited := ctx.Value(budgetKey{}).(*atomic.Bool)
	if !limited {
		err := send(ctx)
		g.note(err)
		return err
	}
	if spent.Load() {
		return errAway
	}
	done, err := g.breaker.Allow()
	if err != nil {
		spent.Store(true)
		return fmt.Errorf("%w: %w", errAway, err)
	}
	// Connecting sends commands that pass the guard, too: they are part of this call.
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, budgetKey{}, nil), g.answer)
	defer cancel()
	err = send(ctx)
	answered := g.note(err)
	if done(answered); !answered {
		spent.Store(true)
	}
	return err
}

// note logs the beginning and the end of an outage, and reports whether Redis answered.
func (g *guard) note(err error) (answered bool) {
	if answered = Answered(err); !answered {
		if g.missed.Add(1) == guardAfter {
			g.log.Warn("Redis does not answer: no carts, and open pages hear the news when it does", "err", err)
		}
		return false
	}
	if g.missed.Load() != 0 && g.missed.Swap(0) >= guardAfter {
		g.log.Info("Redis answers again")
	}
	if err != nil && redis.HasErrorPrefix(err, "OOM") {
		now := time.Now().Unix()
		if now-g.fullAt.Swap(now) > fullEnds {
			g.log.Warn("Redis is full: no cart changes, and open pages hear the news when there is room", "err", err)
		}
	}
	return true
}

// Answered reports whether an error is Redis's own word, or there is none. A caller that hung up says nothing
// about Redis.
func Answered(err error) bool {
	var refusal redis.Error
	return err == nil || errors.As(err, &refusal) || errors.Is(err, context.Canceled)
}

package redisstore

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"github.com/redis/go-redis/v9"
)

// SharedCache is a place in Redis where instances share small things that can be had again: losing
// one costs asking for it again.
type SharedCache struct{ client redis.UniversalClient }

// NewSharedCache keeps things in client.
func NewSharedCache(client redis.UniversalClient) *SharedCache { return &SharedCache{client} }

// SharedPrefix begins the keys of the shared cache.
const SharedPrefix = "mstm:shelf:"

// Get reads what was put under key; "" where nothing was.
func (h *SharedCache) Get(ctx context.Context, key string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	text, err := h.client.Get(ctx, SharedPrefix+key).Result()
	if errors.Is(err, redis.Nil) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("shelf: %w", err)
	}
	return text, nil
}

// Put keeps value under key for ttl.
func (h *SharedCache) Put(ctx context.Context, key, value string, ttl time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	if err := h.client.Set(ctx, SharedPrefix+key, value, ttl).Err(); err != nil {
		return fmt.Errorf("shelf: %w", err)
	}
	return nil
}

// giveBack removes a key that still holds this value.
var giveBack = redis.NewScript(`
if redis.call('GET', KEYS[1]) == ARGV[1] then return redis.call('DEL', KEYS[1]) end
return 0`)

// Take gives the caller the key for ttl if it is free, and reports whether it did. giveBack ends
// it sooner. It saves double work; nothing correct rests on it.
func (h *SharedCache) Take(ctx context.Context, key string, ttl time.Duration) (back func(), mine bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, Timeout)
	defer cancel()
	holder := rand.Text()
	mine, err = h.client.SetNX(ctx, SharedPrefix+key, holder, ttl).Result()
	if err == nil && !mine {
		// The client sends a command again when its answer is lost: then the holder is this caller.
		var held string
		held, err = h.client.Get(ctx, SharedPrefix+key).Result()
		mine = held == holder
	}
	if err != nil && !errors.Is(err, redis.Nil) {
		return func() {}, false, fmt.Errorf("shelf: %w", err)
	}
	return func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), Timeout)
		defer cancel()
		_ = giveBack.Run(ctx, h.client, []string{SharedPrefix + key}, holder).Err() // else it ends by itself
	}, mine, nil
}

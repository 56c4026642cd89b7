package redisstore

import (
	"context"
	"log/slog"
	"time"

	"github.com/redis/go-redis/v9"
)

// Places are the addresses that users have logged in from, in Redis.
type Places struct {
	redis redis.UniversalClient
	log   *slog.Logger
}

// NewPlaces keeps addresses in client.
func NewPlaces(client redis.UniversalClient, log *slog.Logger) *Places { return &Places{client, log} }

// A place is an address from which the account has logged in.
const placeTTL = 60 * 24 * time.Hour

// Note remembers that a user has logged in from an address.
func (s *Places) Note(ctx context.Context, username, addr string) {
	if err := s.redis.Set(ctx, placeKey(username, addr), 1, placeTTL).Err(); err != nil {
		s.log.DebugContext(ctx, "a place is not noted", "err", err)
	}
}

// Knows reports whether a user has logged in from an address of late. Without Redis
// every place is strange.
func (s *Places) Knows(ctx context.Context, username, addr string) bool {
	n, err := s.redis.Exists(ctx, placeKey(username, addr)).Result()
	return err == nil && n > 0
}

func placeKey(username, addr string) string { return "place:" + username + ":" + addr }

package store

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"golang.org/x/sync/errgroup"
)

// What Ping says of a Redis that answers.
var (
	ErrRedisFull    = errors.New("store: Redis is full and takes no writes")
	ErrRedisRefuses = errors.New("store: Redis answers and takes no writes")
)

const (
	pingTime     = time.Second // for both stores together
	redisProbe   = "mstm:probe"
	redisProbeMS = 60_000
	diskProbe    = "disk_probe" // the setting that is written to see whether there is room again
	diskProbeLen = 16 << 10
	outOfDisk    = 14031 // MongoDB's code OutOfDiskSpace
)

// Ping asks both stores, at once, whether they are there and take writes: shop.ErrStorageFull, ErrRedisFull and
// ErrRedisRefuses are of stores that answer.
func (s *DB) Ping(ctx context.Context) (mongoErr, redisErr error) {
	ctx, cancel := context.WithTimeout(WithRedisBudget(ctx), pingTime)
	defer cancel()
	var both errgroup.Group
	both.Go(func() error { mongoErr = s.pingMongo(ctx); return nil })
	both.Go(func() error { redisErr = s.pingRedis(ctx); return nil })
	_ = both.Wait() // neither gives one
	return mongoErr, redisErr
}

// pingMongo writes only where there may be no room: after a write that found none, or with a disk that is almost full.
func (s *DB) pingMongo(ctx context.Context) error {
	if err := s.client.Ping(ctx, readpref.Primary()); err != nil {
		return failed("ping MongoDB", err)
	}
	if !s.full.Load() && (s.embeddedMongo == nil || s.embeddedMongo.Room() > 16*diskProbeLen) {
		return nil
	}
	err := s.Settings.Put(ctx, diskProbe, strings.Repeat("x", diskProbeLen))
	s.full.Store(isFull(err))
	return err
}

func (s *DB) pingRedis(ctx context.Context) error {
	err := s.redis.Set(ctx, redisProbe, 1, redisProbeMS*time.Millisecond).Err()
	var refusal redis.Error
	switch {
	case err == nil:
		return nil
	case redis.HasErrorPrefix(err, "OOM"):
		return ErrRedisFull
	case errors.As(err, &refusal):
		return fmt.Errorf("%w: %w", ErrRedisRefuses, err)
	}
	return err
}

// wrote is failed for a write. Of a disk that is full it takes note: Ping then looks whether there is room again.
func (s *base) wrote(doing string, err error) error {
	if isFull(err) {
		s.full.Store(true)
	}
	return failed(doing, err)
}

// isFull tells a database without room on its disk, by MongoDB's code or by SQLite's words, which FerretDB passes on.
func isFull(err error) bool {
	var refusal mongo.ServerError
	if errors.As(err, &refusal) && refusal.HasErrorCode(outOfDisk) {
		return true
	}
	for _, words := range []string{"database or disk is full", "disk I/O error", "no space left on device"} {
		if err != nil && strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

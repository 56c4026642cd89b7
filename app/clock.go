package app

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mstm/store"
)

// clock is the shop's: real time, and outside production moved by the offset that the sandbox
// sets. The offset is kept in the store, so that it outlives a restart and every instance goes by
// the same time.
type clock struct {
	offset atomic.Int64 // nanoseconds

	// mu is held while the store is asked: an offset read before the clock was moved must
	// not be taken for newer than the move.
	mu sync.Mutex
}

// clockSetting is the offset as the store keeps it.
type clockSetting struct {
	OffsetMS int64 `bson:"offset_ms"`
}

const clockKey = "clock"

// now is the shop's time, in milliseconds as the stores keep it.
func (c *clock) now() time.Time {
	return time.Now().Add(time.Duration(c.offset.Load())).UTC().Truncate(time.Millisecond)
}

// set moves the clock; it flows on from there.
func (c *clock) set(ctx context.Context, db *store.DB, now time.Time) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	offset := time.Until(now).Round(time.Millisecond)
	if err := db.Settings.Put(ctx, clockKey, clockSetting{offset.Milliseconds()}); err != nil {
		return err
	}
	c.offset.Store(int64(offset))
	return nil
}

// load takes the offset from the store.
func (c *clock) load(ctx context.Context, db *store.DB) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	var kept clockSetting
	if err := db.Settings.Get(ctx, clockKey, &kept); err != nil && !errors.Is(err, store.ErrNotFound) {
		return err
	}
	c.offset.Store(kept.OffsetMS * int64(time.Millisecond))
	return nil
}

// follow keeps up with other instances that move the clock, until ctx ends.
func (c *clock) follow(ctx context.Context, db *store.DB, log *slog.Logger) error {
	tick := time.NewTicker(500 * time.Millisecond)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
			if err := c.load(ctx, db); err != nil && ctx.Err() == nil {
				log.WarnContext(ctx, "clock not read", "err", err)
			}
		case <-ctx.Done():
			return nil
		}
	}
}

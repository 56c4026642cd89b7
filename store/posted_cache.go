package store

import (
	"context"
	"sync"
	"time"

	"mstm/shop"
)

// postedCache keeps what is in every inbox, so that reading an inbox does not read all of
// it again. The bus tells of what is posted; while that would not be heard, it is read
// each time.
type postedCache struct {
	mu   sync.Mutex
	gen  uint64 // counts what was forgotten
	list []shop.Broadcast
	at   time.Time // of the reading; zero: there is none
}

const postedAge = time.Minute // a safety net

func newPostedCache(b *bus) *postedCache {
	c := &postedCache{}
	b.onChange(func(ch change) {
		if ch.Kind == changePosted || ch.Kind == changeAll {
			c.mu.Lock()
			defer c.mu.Unlock()
			c.gen++
			c.at = time.Time{}
		}
	})
	return c
}

// get is the list, if it can be trusted, and the generation to give back to put.
func (c *postedCache) get() (list []shop.Broadcast, gen uint64, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.list, c.gen, !c.at.IsZero() && time.Since(c.at) < postedAge
}

// put keeps a list unless something was posted while it was read.
func (c *postedCache) put(list []shop.Broadcast, gen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == gen {
		c.list, c.at = list, time.Now()
	}
}

// Posted lists the latest broadcasts to everybody that are in the inboxes, newest first. The
// caller must not change them.
func (s *Store) Posted(ctx context.Context) ([]shop.Broadcast, error) {
	list, gen, ok := s.posted.get()
	if ok && s.bus.healthy() {
		return list, nil
	}
	list, err := s.readPosted(ctx)
	if err != nil {
		return nil, err
	}
	s.posted.put(list, gen)
	return list, nil
}

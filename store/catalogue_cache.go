package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/singleflight"

	"mstm/shop"
)

const (
	// How old a Catalogue may be: while the bus tells of changes, as a safety net; after
	// only numbers of learners changed; and while changes would not be heard of. Prices
	// in it are for showing, so a moment's age costs nobody anything.
	catalogueAge      = time.Minute
	catalogueAgeSoft  = 3 * time.Second
	catalogueAgeBlind = 2 * time.Second
)

// catalogueCache holds the newest Catalogue.
type catalogueCache struct {
	store   *Store
	current atomic.Pointer[datedCatalogue]
	flight  singleflight.Group

	mu    sync.Mutex
	gen   uint64 // counts what was forgotten
	stale bool   // the numbers of learners have changed
}

type datedCatalogue struct {
	*Catalogue
	at time.Time
}

func newCatalogueCache(s *Store) *catalogueCache {
	c := &catalogueCache{store: s}
	s.bus.onChange(c.forget)
	return c
}

func (c *catalogueCache) forget(ch change) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ch.Kind {
	case changeLearners:
		c.stale = true
	case changeCourses, changeAll:
		c.gen++
		c.current.Store(nil)
	}
}

// Catalogue is the shop's catalogue, from memory unless something in it has changed.
func (s *Store) Catalogue(ctx context.Context) (*Catalogue, error) {
	c := s.catalogue
	now := c.current.Load()
	if now != nil && time.Since(now.at) < c.age() {
		return now.Catalogue, nil
	}
	fresh := c.flight.DoChan(c.key(), func() (any, error) {
		// Shared: it must neither end with the request that began it nor wait in its class.
		ctx, cancel := s.writing(Background(ctx, Paying))
		defer cancel()
		return c.read(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, failed("read the catalogue", ctx.Err())
	case res := <-fresh:
		if res.Err != nil && now != nil {
			s.log.WarnContext(ctx, "the catalogue shown is an old one", "err", res.Err)
			return now.Catalogue, nil
		}
		if res.Err != nil {
			return nil, res.Err
		}
		return res.Val.(*Catalogue), nil
	}
}

func (c *catalogueCache) age() time.Duration {
	if !c.store.bus.healthy() {
		return catalogueAgeBlind
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.stale {
		return catalogueAgeSoft
	}
	return catalogueAge
}

// key makes whoever comes after a change read anew, instead of joining a reading that
// began before it.
func (c *catalogueCache) key() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.gen)
}

func (c *catalogueCache) read(ctx context.Context) (*Catalogue, error) {
	c.mu.Lock()
	seen := c.gen
	c.stale = false
	c.mu.Unlock()
	at := time.Now()
	categories, err := c.store.Categories(ctx)
	if err != nil {
		return nil, err
	}
	courses, err := findAll[shop.Course](ctx, c.store.coll("courses"), bson.M{})
	if err != nil {
		return nil, err
	}
	fresh := newCatalogue(categories, courses)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen == seen {
		c.current.Store(&datedCatalogue{fresh, at})
	}
	return fresh, nil
}

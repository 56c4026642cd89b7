package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"golang.org/x/sync/singleflight"
)

const (
	// How old a Catalogue may be: while the bus tells of changes, as a safety net; after
	// only numbers of learners changed; and while changes would not be heard of. Prices
	// in it are for showing, so a moment's age costs nobody anything.
	catalogueAge      = time.Minute
	catalogueAgeSoft  = 3 * time.Second
	catalogueAgeBlind = 2 * time.Second
)

// CatalogueCache holds the newest Catalogue.
type CatalogueCache struct {
	*base
	categories *Categories
	courses    *Courses

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

func newCatalogueCache(b *base, categories *Categories, courses *Courses) *CatalogueCache {
	c := &CatalogueCache{base: b, categories: categories, courses: courses}
	b.bus.onChange(c.forget)
	return c
}

func (c *CatalogueCache) forget(ch change) {
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

// Get is the shop's catalogue, from memory unless something in it has changed.
func (c *CatalogueCache) Get(ctx context.Context) (*Catalogue, error) {
	now := c.current.Load()
	if now != nil && time.Since(now.at) < c.age() {
		return now.Catalogue, nil
	}
	fresh := c.flight.DoChan(c.key(), func() (any, error) {
		// Shared: it must neither end with the request that began it nor wait in its class.
		ctx, cancel := c.writing(Background(ctx, Paying))
		defer cancel()
		return c.read(ctx)
	})
	select {
	case <-ctx.Done():
		return nil, failed("read the catalogue", ctx.Err())
	case res := <-fresh:
		if res.Err != nil && now != nil {
			c.log.WarnContext(ctx, "the catalogue shown is an old one", "err", res.Err)
			return now.Catalogue, nil
		}
		if res.Err != nil {
			return nil, res.Err
		}
		return res.Val.(*Catalogue), nil
	}
}

func (c *CatalogueCache) age() time.Duration {
	if !c.bus.healthy() {
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
func (c *CatalogueCache) key() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return fmt.Sprint(c.gen)
}

func (c *CatalogueCache) read(ctx context.Context) (*Catalogue, error) {
	c.mu.Lock()
	seen := c.gen
	c.stale = false
	c.mu.Unlock()
	at := time.Now()
	categories, err := c.categories.All(ctx)
	if err != nil {
		return nil, err
	}
	courses, err := c.courses.docs.All(ctx, bson.M{})
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

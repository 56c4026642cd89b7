package store

import (
	"bytes"
	"sync"
	"time"
)

const (
	tokensCached   = 50_000 // rows; about 20 MB
	tokensCacheTTL = 30 * time.Second
)

// tokenCache keeps rows of user_tokens for a short while, by user, and forgets a user's
// when the bus says so.
type tokenCache struct {
	bus *bus

	mu   sync.Mutex
	gen  uint64 // counts what was forgotten
	rows map[string]cachedToken
	keys map[string]map[string]struct{} // user id → row ids
}

type cachedToken struct {
	row TokenRow
	at  time.Time // a monotonic reading: not the shop's clock
}

func newTokenCache(b *bus) *tokenCache {
	c := &tokenCache{bus: b}
	c.clear()
	b.onChange(c.forget)
	return c
}

func (c *tokenCache) clear() {
	c.rows, c.keys = map[string]cachedToken{}, map[string]map[string]struct{}{}
}

// generation is taken before a row is read from the database, and given back to put.
func (c *tokenCache) generation() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.gen
}

// get finds a row by its key, unless word of its change could have been missed.
func (c *tokenCache) get(id string) (TokenRow, bool) {
	if !c.bus.healthy() {
		return TokenRow{}, false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	cached, ok := c.rows[id]
	return cached.row, ok && time.Since(cached.at) < tokensCacheTTL
}

// put keeps a row, unless something was forgotten since seen: then the row may be what
// was forgotten.
func (c *tokenCache) put(row TokenRow, seen uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.gen != seen {
		return
	}
	if len(c.rows) >= tokensCached {
		c.clear() // rare, and refilled by one look-up per user
	}
	c.rows[row.ID] = cachedToken{row, time.Now()}
	if c.keys[row.UserID] == nil {
		c.keys[row.UserID] = map[string]struct{}{}
	}
	c.keys[row.UserID][row.ID] = struct{}{}
}

// noteUse updates when a cached row was last used, if it is cached and is still that session's.
func (c *tokenCache) noteUse(row TokenRow) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if cached, ok := c.rows[row.ID]; ok && bytes.Equal(cached.row.Hash, row.Hash) {
		cached.row.SeenAt = row.SeenAt
		c.rows[row.ID] = cached
	}
}

func (c *tokenCache) forget(ch change) {
	if ch.Kind != changeTokens && ch.Kind != changeAll {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.gen++
	if ch.Kind == changeAll {
		c.clear()
		return
	}
	for id := range c.keys[ch.ID] {
		delete(c.rows, id)
	}
	delete(c.keys, ch.ID)
}

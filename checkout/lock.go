package checkout

import (
	"context"
	"fmt"
	"sync"

	"mstm/shop"
)

// keyedLocks lets one goroutine of this process at a time work on an order. It only saves
// double work.
type keyedLocks struct {
	mu   sync.Mutex
	held map[string]*keyedLock
}

type keyedLock struct {
	turn  chan struct{} // holds one element while the lock is held
	users int
}

// lock waits for its turn at the key, until ctx ends: shop.ErrUnavailable. waited reports whether
// another holder was before it.
func (l *keyedLocks) lock(ctx context.Context, key string) (unlock func(), waited bool, err error) {
	l.mu.Lock()
	if l.held == nil {
		l.held = map[string]*keyedLock{}
	}
	k := l.held[key]
	if k == nil {
		k = &keyedLock{turn: make(chan struct{}, 1)}
		l.held[key] = k
	}
	k.users++
	waited = k.users > 1
	l.mu.Unlock()
	select {
	case k.turn <- struct{}{}:
		return func() { <-k.turn; l.leave(key, k) }, waited, nil
	case <-ctx.Done():
		l.leave(key, k)
		return nil, waited, fmt.Errorf("wait for %s: %w: %w", key, shop.ErrUnavailable, ctx.Err())
	}
}

func (l *keyedLocks) leave(key string, k *keyedLock) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if k.users--; k.users == 0 {
		delete(l.held, key)
	}
}

package store

import (
	"context"
	"sync"
	"time"
)

// cached is one reading of what every request needs and people seldom change. The bus tells of a
// change; while that would not be heard, it is read each time.
type cached[T any] struct {
	bus *bus
	age time.Duration // a safety net: how old a reading may be, whatever the bus says

	mu    sync.Mutex
	gen   uint64 // counts what was forgotten
	value T
	at    time.Time // of the reading; zero: there is none
}

// newCached keeps what changes of a kind make wrong.
func newCached[T any](b *bus, kind string, age time.Duration) *cached[T] {
	k := &cached[T]{bus: b, age: age}
	b.onChange(func(ch change) {
		if ch.Kind == kind || ch.Kind == changeAll {
			k.mu.Lock()
			defer k.mu.Unlock()
			k.gen++
			k.at = time.Time{}
		}
	})
	return k
}

// get is the value from memory, if that can be trusted, else a reading of it.
func (k *cached[T]) get(ctx context.Context, read func(context.Context) (T, error)) (T, error) {
	value, gen, ok := k.last()
	if ok && k.bus.healthy() {
		return value, nil
	}
	value, err := read(ctx)
	if err == nil {
		k.put(value, gen)
	}
	return value, err
}

func (k *cached[T]) last() (value T, gen uint64, ok bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.value, k.gen, !k.at.IsZero() && time.Since(k.at) < k.age
}

// put keeps a reading unless something changed while it was made.
func (k *cached[T]) put(value T, gen uint64) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.gen == gen {
		k.value, k.at = value, time.Now()
	}
}

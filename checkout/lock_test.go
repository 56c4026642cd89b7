package checkout

import (
	"context"
	"errors"
	"testing"
	"time"

	"mstm/shop"
)

// TestALockIsNotWaitedForBeyondTheDeadline: a request is answered at its deadline while another
// still holds the lock; the lock goes on to the next.
func TestALockIsNotWaitedForBeyondTheDeadline(t *testing.T) {
	var locks keyedLocks
	unlock, _, err := locks.lock(t.Context(), "order")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, _, err := locks.lock(ctx, "order"); !errors.Is(err, shop.ErrUnavailable) {
		t.Errorf("waiting beyond the deadline ended with %v", err)
	}
	next := make(chan error, 1)
	go func() {
		free, _, err := locks.lock(t.Context(), "order")
		if err == nil {
			free()
		}
		next <- err
	}()
	unlock()
	if err := <-next; err != nil {
		t.Error(err)
	}
	if len(locks.held) != 0 {
		t.Errorf("%d locks are kept without a holder", len(locks.held))
	}
}

package checkout

import (
	"context"
	"time"

	"mstm/store"
)

const (
	keysEvery = 10 * time.Minute // of real time
	keysMost  = 200              // keys in one look
)

// runKeys forgets expired idempotency keys until ctx ends.
func (c *Checkout) runKeys(ctx context.Context) error {
	ctx = store.Background(ctx, store.Lists)
	tick := time.NewTicker(keysEvery)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return nil
		}
		if err := c.ForgetKeys(ctx); err != nil && ctx.Err() == nil {
			c.Log.WarnContext(ctx, "old idempotency keys stay", "err", err)
		}
	}
}

// ForgetKeys removes the expired idempotency keys; those of orders stay.
func (c *Checkout) ForgetKeys(ctx context.Context) error {
	for ctx.Err() == nil {
		seen, err := c.Store.IdempotencyKeys.Forget(ctx, c.Now(), keysMost)
		if err != nil || seen < keysMost {
			return err
		}
	}
	return ctx.Err()
}

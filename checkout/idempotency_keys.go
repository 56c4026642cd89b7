package checkout

import (
	"context"
	"time"
)

const (
	keysEvery = 10 * time.Minute // of real time
	keysMost  = 200              // keys in one look
)

// ForgetKeys removes the expired idempotency keys; those of orders stay.
func (c *Placing) ForgetKeys(ctx context.Context) error {
	for ctx.Err() == nil {
		seen, err := c.keys.Forget(ctx, c.now(), keysMost)
		if err != nil || seen < keysMost {
			return err
		}
	}
	return ctx.Err()
}

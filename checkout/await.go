package checkout

import (
	"context"
	"fmt"
	"runtime/debug"

	"mstm/shop"
)

// Await does work for somebody who waits only until ctx ends: WeChat, which takes five seconds
// without an answer for a failure. A write is not cut off for that, because it may have been done
// already; so work that is late goes on behind the answer ErrUnavailable, and whoever asks again
// finds it done. It must be safe to do twice.
func (c *Checkout) Await(ctx context.Context, work func(context.Context) error) error {
	done := make(chan error, 1)
	c.busy.Go(func() {
		defer func() {
			if p := recover(); p != nil {
				done <- fmt.Errorf("panic: %v\n%s", p, debug.Stack())
			}
		}()
		done <- work(ctx)
	})
	select {
	case err := <-done:
		return err
	case <-ctx.Done():
		return fmt.Errorf("not done in time: %w: %w", shop.ErrUnavailable, ctx.Err())
	}
}

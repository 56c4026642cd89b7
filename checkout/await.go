package checkout

import (
	"context"
	"fmt"
	"runtime/debug"

	"mstm/shop"
)

// Await does work for a caller that waits only until ctx ends: WeChat counts five seconds without
// an answer as a failure. A write is not cut off for that, because it may have been done already;
// so late work goes on behind the answer ErrUnavailable, and the caller's repeat finds it done.
// The work must be safe to do twice.
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

// Close waits until the work that was begun behind answered requests is done, or ctx ends.
// What is left then is the sweeper's after the next start.
func (c *Checkout) Close(ctx context.Context) error {
	done := make(chan struct{})
	go func() { c.busy.Wait(); close(done) }()
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

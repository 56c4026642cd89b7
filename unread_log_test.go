package main

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"
)

// TestUnreadLog_ShopAnswersAndSells gives a shop a pipe as standard error that nobody reads: requests and callbacks are
// answered, it stops in time, and it lives on when the pipe's reader is gone.
func TestUnreadLog_ShopAnswersAndSells(t *testing.T) {
	wechat := startShop(t)
	shop, pipe := shopWithPipe(t, wechat)
	learner := shop.register()
	began := time.Now()
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			for range 250 {
				a, err := learner.try("GET", "/api/no-such-address-"+strings.Repeat("x", 900), nil)
				if err == nil && a.status != 404 {
					err = fmt.Errorf("answered %d", a.status)
				}
				if err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatalf("of 2000 requests one is not answered: %v", err)
	}
	t.Logf("2000 requests in %s", time.Since(began))

	placed := learner.placed(99900, wish{"go1", "go1full"})
	wechat.scan(placed.Payment)
	learner.await(placed.Order.ID, "fulfilled")

	_ = pipe.Close() // now it is broken, not only full
	learner.get("/api/orders").want(200)
	learner.get("/api/no-such-address").want(404)
	shop.signal(syscall.SIGTERM)
	shop.awaitEnd()
	if shop.err != nil {
		t.Errorf("the shop ended with %v", shop.err)
	}
}

// shopWithPipe is shopProcess with a log that nobody reads, and the end of it that would have to be read.
func shopWithPipe(t *testing.T, wechat *testShop) (*process, *os.File) {
	t.Helper()
	dir, err := os.MkdirTemp("", "mstm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	unread, stderr, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unread.Close() })
	shop := newProcess(t, dir, sandboxEnv(t, wechat)...)
	shop.stderr = stderr
	shop.start()
	_ = stderr.Close() // the process has its own
	return shop, unread
}

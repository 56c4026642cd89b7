package outages

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"mstm/acceptance/shoptest"
)

// TestUnreadLog_ShopAnswersAndSells gives a shop an unread pipe as standard error: requests and callbacks are answered,
// it stops in time, and it lives on when the pipe's reader is gone.
func TestUnreadLog_ShopAnswersAndSells(t *testing.T) {
	wechat := shoptest.Start(t)
	shop, pipe := shopWithPipe(t, wechat)
	learner := shop.Register()
	began := time.Now()
	var all errgroup.Group
	for range 8 {
		all.Go(func() error {
			for range 250 {
				a, err := learner.Try("GET", "/api/no-such-address-"+strings.Repeat("x", 900), nil)
				if err == nil && a.Status != 404 {
					err = fmt.Errorf("answered %d", a.Status)
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

	placed := learner.Placed(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"})
	wechat.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")

	_ = pipe.Close() // now it is broken, not only full
	learner.Get("/api/orders").Want(200)
	learner.Get("/api/no-such-address").Want(404)
	shop.Signal(syscall.SIGTERM)
	shop.AwaitEnd()
	if shop.Err != nil {
		t.Errorf("the shop ended with %v", shop.Err)
	}
}

// shopWithPipe is shopProcess with an unread pipe as its log, and the pipe's reading end.
func shopWithPipe(t *testing.T, wechat *shoptest.Shop) (*shoptest.Process, *os.File) {
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
	shop := shoptest.NewProcess(t, dir, shoptest.SandboxEnv(t, wechat)...)
	shop.Stderr = stderr
	shop.Start()
	_ = stderr.Close() // the process has its own
	return shop, unread
}

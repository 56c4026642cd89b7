package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"mstm/checkout"
	"mstm/hub"
)

// How long a stop may take: for requests to finish and sockets to be closed, and for work behind
// answers.
const (
	shutdownTime = 8 * time.Second
	behindTime   = 5 * time.Second
)

// listen opens an address and names the setting that is wrong.
func listen(setting, addr string) (net.Listener, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", setting, err)
	}
	return ln, nil
}

// reachable is how this machine's own browser reaches a listener: one on every address is
// found on loopback.
func reachable(addr net.Addr) string {
	a, ok := addr.(*net.TCPAddr)
	if ok && a.IP.IsUnspecified() {
		return net.JoinHostPort("127.0.0.1", strconv.Itoa(a.Port))
	}
	return addr.String()
}

// group are the parts that run in the background until they are stopped, which is after
// the requests that need them have finished.
type group struct {
	*errgroup.Group
	cancel context.CancelFunc
	ctx    context.Context
}

// newGroup gives the parts a context that outlives ctx until stop.
func newGroup(ctx context.Context) *group {
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	g, ctx := errgroup.WithContext(ctx)
	return &group{Group: g, cancel: cancel, ctx: ctx}
}

// stop ends the parts and returns what one of them failed of.
func (g *group) stop() error {
	g.cancel()
	return g.Wait()
}

// front is the shop as the outside meets it, and what must end when it closes.
type front struct {
	ln       net.Listener
	api      http.Handler
	live     *hub.Hub
	checkout *checkout.Checkout
	stopping *atomic.Bool  // what /readyz goes by
	unready  time.Duration // how long the load balancer is given to see it
	log      *slog.Logger
}

// serve answers until ctx ends or one of the parts in g fails. Then requests finish while sockets are
// asked to come back elsewhere, where they receive the events of those requests: a request that takes all
// the time there is must not cost the pages their events. Work behind answers ends last.
func (f front) serve(ctx context.Context, g *group) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(g.ctx, cancel)()
	srv := newServer(f.api)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(f.ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	f.stopping.Store(true)
	f.log.Info("the shop closes")
	time.Sleep(f.unready)
	stop, done := context.WithTimeout(context.Background(), shutdownTime)
	defer done()
	told := make(chan error, 1)
	go func() { told <- f.live.Close(stop) }()
	err := f.late("requests", srv.Shutdown(stop))
	if stop.Err() != nil {
		err = errors.Join(err, srv.Close())
	}
	err = errors.Join(err, f.late("sockets", <-told))
	behind, done := context.WithTimeout(context.Background(), behindTime)
	defer done()
	return errors.Join(err, f.late("work behind answers", f.checkout.Close(behind)))
}

// late logs what a stop has cut off, which is no failure of the stop: a body that trickles in comes again from its
// client, and the sweeper finishes what an order has begun.
func (f front) late(what string, err error) error {
	if errors.Is(err, context.DeadlineExceeded) {
		f.log.Warn("the shop closes without waiting longer", "for", what)
		return nil
	}
	return err
}

// serve serves a side listener until ctx ends.
func serve(ctx context.Context, ln net.Listener, h http.Handler, grace time.Duration) error {
	srv := newServer(h)
	failed := make(chan error, 1)
	go func() { failed <- srv.Serve(ln) }()
	select {
	case err := <-failed:
		return err
	case <-ctx.Done():
	}
	stop, done := context.WithTimeout(context.Background(), grace)
	defer done()
	if err := srv.Shutdown(stop); err != nil {
		return srv.Close()
	}
	return nil
}

// newServer has the limits that keep slow and endless requests from piling up. Handlers
// have deadlines of their own; sockets leave the server when they are upgraded.
func newServer(h http.Handler) *http.Server {
	return &http.Server{
		Handler: h, ReadHeaderTimeout: 5 * time.Second, ReadTimeout: 15 * time.Second,
		WriteTimeout: 60 * time.Second, IdleTimeout: 120 * time.Second, MaxHeaderBytes: 32 << 10,
	}
}

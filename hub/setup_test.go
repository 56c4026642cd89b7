package hub_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

const soon = 15 * time.Second // a deadline for what happens in milliseconds, on the busiest of machines too

// instance is one hub behind a real HTTP server.
type instance struct {
	*hub.Hub
	url  string
	log  *logBuffer
	stop func() // ends Run, waits for it
}

// logBuffer keeps what a hub logs.
type logBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// accounts is the tests' store of tokens: "alice/web/s1" is Alice's on the web, session s1.
// Desk staff are called staff….
type accounts struct {
	mu      sync.Mutex
	dead    map[string]bool
	away    bool
	expires time.Time
	asked   func(token string) // called before an answer
}

func (a *accounts) authenticate(_ context.Context, token string) (hub.Identity, error) {
	a.mu.Lock()
	asked, dead, away, expires := a.asked, a.dead[token], a.away, a.expires
	a.mu.Unlock()
	part := strings.Split(token, "/")
	switch {
	case away:
		return hub.Identity{}, fmt.Errorf("store: %w", hub.ErrTryLater)
	case dead, len(part) != 3:
		return hub.Identity{}, errors.New("no such token")
	}
	if asked != nil {
		asked(token)
	}
	return hub.Identity{
		User: part[0], Client: part[1], Session: part[2],
		Desk: strings.HasPrefix(part[0], "staff"), ExpiresAt: expires,
	}, nil
}

// stillGood answers for the tokens that the identities came with.
func (a *accounts) stillGood(_ context.Context, ids []hub.Identity) (good []bool, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.away {
		return nil, errors.New("store: no answer")
	}
	for _, id := range ids {
		good = append(good, !a.dead[id.User+"/"+id.Client+"/"+id.Session])
	}
	return good, nil
}

func (a *accounts) set(change func(*accounts)) {
	a.mu.Lock()
	defer a.mu.Unlock()
	change(a)
}

// start runs one instance on the Redis at addr. It is up to date when start returns.
func start(t testing.TB, addr string, change ...func(*hub.Config)) *instance {
	t.Helper()
	return prepare(t, addr, change...).begin(t)
}

// startQuick is start with the protocol's intervals shortened to fractions of a second.
func startQuick(t testing.TB, addr string, change ...func(*hub.Config)) *instance {
	t.Helper()
	in := prepare(t, addr, change...)
	in.Quicken()
	return in.begin(t)
}

// begin runs an instance that has been prepared, and waits until it is up to date.
func (in *instance) begin(t testing.TB) *instance {
	t.Helper()
	in.run(t)
	eventually(t, "the instance reaches Redis", func() bool { return in.Healthy() == nil })
	return in
}

// hears waits until the instance has heard what is done.
func (in *instance) hears(t testing.TB, do func()) {
	t.Helper()
	before := in.Stats().Received
	do()
	eventually(t, "the order has passed", func() bool { return in.Stats().Received > before })
}

// joinedByGuests gives an instance sockets beside the one in question: of all, one is asked about every few seconds.
func (in *instance) joinedByGuests(t testing.TB) {
	t.Helper()
	for range 10 {
		hubtest.Dial(t, in.url, "")
	}
}

// prepare makes an instance that does not run yet.
func prepare(t testing.TB, addr string, change ...func(*hub.Config)) *instance {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: addr, DialTimeout: time.Second, MaxRetries: -1, ReadTimeout: time.Second})
	t.Cleanup(func() { client.Close() })
	logs := &logBuffer{}
	cfg := hub.Config{
		Redis: client, Authenticate: (&accounts{}).authenticate,
		Log: slog.New(slog.NewTextHandler(logs, nil)), Replaced: hub.Event{Type: "session.replaced", Data: struct{}{}},
	}
	for _, f := range change {
		f(&cfg)
	}
	return &instance{Hub: hub.New(cfg), log: logs}
}

func (in *instance) run(t testing.TB) *instance {
	t.Helper()
	return in.runBehind(t, httptest.NewServer)
}

// runBehind runs the instance behind a server of the test's choice.
func (in *instance) runBehind(t testing.TB, serve func(http.Handler) *httptest.Server) *instance {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); in.Run(ctx) }()
	in.stop = func() { cancel(); <-done }
	server := serve(in)
	in.url = server.URL
	t.Cleanup(func() {
		in.stop()
		closing, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := in.Close(closing); err != nil {
			t.Errorf("the sockets did not go: %v", err)
		}
		server.Close()
	})
	return in
}

func with(a *accounts) func(*hub.Config) {
	return func(c *hub.Config) { c.Authenticate, c.StillGood = a.authenticate, a.stillGood }
}

// publish publishes an event, and returns its position.
func (in *instance) publish(t testing.TB, topic, typ string, data any) string {
	t.Helper()
	return in.mustPublish(t, hub.Event{Topic: topic, Type: typ, Data: data})
}

// publishState is publish of whole state.
func (in *instance) publishState(t testing.TB, topic, typ string, version int, data any) string {
	t.Helper()
	return in.mustPublish(t, hub.Event{Topic: topic, Type: typ, Whole: true, Version: int64(version), Data: data})
}

func (in *instance) mustPublish(t testing.TB, e hub.Event) string {
	t.Helper()
	pos, err := in.Publish(context.Background(), e)
	if err != nil {
		t.Fatalf("publish: %v", err)
	}
	return pos
}

func (in *instance) publishNumbers(t testing.TB, topic string, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		in.publish(t, topic, "number", i)
	}
}

// numbers is the data of all events of a client, of one topic as clients see it.
func numbers(t testing.TB, c *hubtest.Client, topic string) (seen []int) {
	t.Helper()
	for _, f := range c.All() {
		if f.Op == "event" && f.Topic == topic {
			var n int
			f.Into(t, &n)
			seen = append(seen, n)
		}
	}
	return seen
}

// wantNumbers waits until the client has seen from..to and checks that it saw just that, in order.
func wantNumbers(t testing.TB, c *hubtest.Client, topic string, from, to int) {
	t.Helper()
	deadline := time.Now().Add(2 * soon)
	for len(numbers(t, c, topic)) < to-from+1 && time.Now().Before(deadline) && c.Open() {
		time.Sleep(2 * time.Millisecond)
	}
	seen := numbers(t, c, topic)
	for i, n := range seen {
		if n != from+i {
			t.Fatalf("%s: number %d came where %d was due: %v", topic, n, from+i, seen)
		}
	}
	if len(seen) != to-from+1 {
		t.Fatalf("%s: saw %d numbers, want %d..%d; the socket is open: %v", topic, len(seen), from, to, c.Open())
	}
}

// eventually polls until ok.
func eventually(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * soon); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", 2*soon, what)
		}
	}
}

func embedded(t testing.TB) string { return miniredis.RunT(t).Addr() }

// realRedis is a redis-server of the test's own.
type realRedis struct {
	t    testing.TB
	addr string
	cmd  *exec.Cmd
	redis.UniversalClient
}

// startRedis starts a redis-server on a free loopback port, or skips the test where there is
// none.
func startRedis(t testing.TB, flags ...string) *realRedis {
	t.Helper()
	if _, err := exec.LookPath("redis-server"); err != nil {
		t.Skip("redis-server is not installed: this test needs a real one")
	}
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := free.Addr().String()
	free.Close()
	r := &realRedis{t: t, addr: addr, UniversalClient: redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1})}
	r.start(flags...)
	t.Cleanup(func() { r.kill(); r.Close() })
	return r
}

func (r *realRedis) start(flags ...string) {
	r.t.Helper()
	_, port, _ := net.SplitHostPort(r.addr)
	flags = append([]string{"--port", port, "--bind", "127.0.0.1",
		"--save", "", "--appendonly", "no", "--dir", r.t.TempDir(), "--logfile", os.DevNull}, flags...)
	r.cmd = exec.Command("redis-server", flags...)
	if err := r.cmd.Start(); err != nil {
		r.t.Fatal(err)
	}
	eventually(r.t, "redis-server answers", func() bool { return r.Ping(context.Background()).Err() == nil })
}

func (r *realRedis) kill() {
	r.cmd.Process.Kill()
	r.cmd.Wait()
}

package modeltest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/store/storetest"
	"mstm/wechat/sandbox"
)

// world is what many histories have in common, one after the other: a database, a Redis, a
// WeChat, a clock, and two instances of the shop that may be killed at any write.
type world struct {
	mongo   *mongoServer
	redis   *miniredis.Miniredis
	wechat  *sandbox.Sandbox
	dir     string // of the sandbox
	front   *http.Server
	frontAt string // where WeChat's callbacks go
	clock   *clock
	log     *logBook

	db    *mongo.Database // as an auditor reads it, past both instances
	look  *redis.Client
	watch *gate

	instances [2]*instance
	turn      atomic.Int64 // the instance that gets the next callback
	funerals  sync.WaitGroup
}

// clock goes on by a millisecond at each reading, and else only when a history moves it, so that
// nothing depends on the speed of this machine.
type clock struct{ ns atomic.Int64 }

func (c *clock) now() time.Time            { return time.Unix(0, c.ns.Add(int64(time.Millisecond))).UTC() }
func (c *clock) set(t time.Time)           { c.ns.Store(t.Truncate(time.Millisecond).UnixNano()) }
func (c *clock) read() time.Time           { return time.Unix(0, c.ns.Load()).UTC() }
func (c *clock) forward(d time.Duration)   { c.ns.Add(int64(d.Truncate(time.Millisecond))) }
func (c *clock) stands(t time.Time) string { return t.In(shanghai).Format("2006-01-02 15:04:05.000") }

// newWorld opens a world with a database that is held up at a pace.
func newWorld(pace *storetest.Pace) (_ *world, err error) {
	w := &world{clock: &clock{}, log: &logBook{}}
	w.clock.set(time.Now())
	if w.mongo, err = startMongo(pace); err != nil {
		return nil, err
	}
	if w.redis, err = miniredis.Run(); err != nil {
		return nil, err
	}
	w.look = redis.NewClient(&redis.Options{Addr: w.redis.Addr()})
	if w.watch, err = w.mongo.gate(); err != nil {
		return nil, err
	}
	client, err := mongo.Connect(options.Client().ApplyURI(w.watch.uri))
	if err != nil {
		return nil, err
	}
	w.db = client.Database(w.mongo.name)
	if err := w.openWeChat(); err != nil {
		return nil, err
	}
	for i := range w.instances {
		if w.instances[i], err = w.open(string(rune('A' + i))); err != nil {
			return nil, err
		}
	}
	return w, nil
}

// openWeChat makes a WeChat with callbacks that only the histories deliver: its own delivery loop
// never runs.
func (w *world) openWeChat() (err error) {
	if w.dir, err = os.MkdirTemp("", "mstm-wechat-"); err != nil {
		return err
	}
	w.wechat, err = sandbox.New(sandbox.Config{
		Dir: w.dir, PublicURL: "http://127.0.0.1:1", Now: w.clock.now, Log: w.logger(),
		SetClock: func(_ context.Context, t time.Time) error { w.clock.set(t); return nil },
	})
	if err != nil {
		return err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /pay-notify", w.callback((*instance).payNotified))
	mux.HandleFunc("POST /refund-notify", w.callback((*instance).refundNotified))
	w.frontAt = "http://" + ln.Addr().String()
	w.front = &http.Server{Handler: mux, ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	go func() { _ = w.front.Serve(ln) }()
	return nil
}

// close waits for the killed instances, too: they may still wait for a database that does
// not answer any more.
func (w *world) close() {
	for _, i := range w.instances {
		if i != nil && !i.gate.isDead() {
			w.bury(i)
		}
	}
	w.funerals.Wait()
	_ = w.front.Close()
	_ = w.wechat.Close()
	_ = w.look.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	_ = w.db.Client().Disconnect(ctx)
	w.watch.close()
	w.mongo.stop()
	w.redis.Close()
	_ = os.RemoveAll(w.dir)
}

// callback hands one of WeChat's letters to an instance, in turn. One that dies over it
// has not answered.
func (w *world) callback(do func(*instance, context.Context, *http.Request) error) http.HandlerFunc {
	return func(rw http.ResponseWriter, r *http.Request) {
		i := w.next()
		if i == nil {
			panic(http.ErrAbortHandler)
		}
		err := i.call(r.Context(), func(ctx context.Context) error { return do(i, ctx, r) })
		switch {
		case i.gate.isDead():
			panic(http.ErrAbortHandler)
		case err != nil:
			rw.WriteHeader(http.StatusServiceUnavailable)
		}
	}
}

// next is the next living instance in turn, nil without one.
func (w *world) next() *instance {
	for range w.instances {
		if i := w.instances[w.turn.Add(1)%2]; !i.gate.isDead() {
			return i
		}
	}
	return nil
}

// ask calls the sandbox's control API; out may be nil. The error says what it refused.
func (w *world) ask(method, path string, in, out any) error {
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	req := httptest.NewRequest(method, "http://127.0.0.1:1"+path, bytes.NewReader(body))
	rec := httptest.NewRecorder()
	w.wechat.Handler().ServeHTTP(rec, req)
	if rec.Code >= 300 {
		var no struct{ Code, Message string }
		_ = json.Unmarshal(rec.Body.Bytes(), &no)
		return &refused{no.Code}
	}
	if out == nil {
		return nil
	}
	return json.Unmarshal(rec.Body.Bytes(), out)
}

// refused is the code with which the sandbox said no.
type refused struct{ code string }

func (e *refused) Error() string { return e.code }

// wiped are the collections that a history fills.
var wiped = []string{
	"orders", "order_keys", "claims", "wakeups", "enrolments", "trials", "courses", "notices", "quarantine", "audit",
}

// wipe empties the world for the next history. Numbers that WeChat knows are never used
// again, so its memory may stay.
func (w *world) wipe(ctx context.Context) error {
	for _, name := range wiped {
		if _, err := w.db.Collection(name).DeleteMany(ctx, bson.M{}); err != nil {
			return fmt.Errorf("wipe %s: %w", name, err)
		}
	}
	w.redis.FlushAll()
	w.log.reset()
	return w.ask("PUT", "/sandbox/faults", struct{}{}, nil)
}

// rows reads documents of a collection as an auditor would.
func rows[T any](ctx context.Context, w *world, collection string, filter bson.M, sort bson.D) (all []T, err error) {
	opts := options.Find()
	if len(sort) > 0 {
		opts.SetSort(sort)
	}
	cur, err := w.db.Collection(collection).Find(ctx, filter, opts)
	if err != nil {
		return nil, err
	}
	return all, cur.All(ctx, &all)
}

func (w *world) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(w.log, &slog.HandlerOptions{Level: slog.LevelWarn}))
}

// logBook keeps what the shop said during one history.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *logBook) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// last are the newest lines.
func (l *logBook) last(n int) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	lines := strings.Split(strings.TrimSpace(l.b.String()), "\n")
	return strings.Join(lines[max(0, len(lines)-n):], "\n")
}

package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/store/storetest"
)

// strait is the way to a MongoDB, on which commands can be held up.
type strait struct {
	addr, target string

	mu    sync.Mutex
	freed *sync.Cond
	held  func(command string) bool // nil: none
}

// newStrait leads to the server of a URI; the URI through it is the second value.
func newStrait(t testing.TB, uri string) (*strait, string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	rest := strings.TrimPrefix(uri, "mongodb://")
	target, database, _ := strings.Cut(rest, "/")
	s := &strait{addr: ln.Addr().String(), target: target}
	s.freed = sync.NewCond(&s.mu)
	t.Cleanup(func() { _ = ln.Close(); s.hold(nil) })
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go s.pass(in)
		}
	}()
	return s, "mongodb://" + s.addr + "/" + database
}

func (s *strait) pass(in net.Conn) {
	defer in.Close()
	out, err := net.Dial("tcp", s.target)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { _, _ = io.Copy(in, out); in.Close() }()
	for {
		message, err := storetest.Message(in)
		if err != nil {
			return
		}
		s.wait(commandOf(message))
		if _, err := out.Write(message); err != nil {
			return
		}
	}
}

// commandOf is the name of a command of MongoDB's wire protocol: its body's first field.
func commandOf(message []byte) string {
	const body = 16 + 4 + 1 // behind head, flags and the kind of section
	if len(message) < body {
		return ""
	}
	first, err := bson.Raw(message[body:]).IndexErr(0)
	if err != nil {
		return ""
	}
	return first.Key()
}

func (s *strait) wait(command string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.held != nil && s.held(command) {
		s.freed.Wait()
	}
}

// hold holds commands up until it is called again.
func (s *strait) hold(which func(command string) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = which
	s.freed.Broadcast()
}

// TestACallbackIsAnsweredInTimeThoughAStoreHangs has MongoDB or Redis take a command and say nothing,
// as a frozen machine does. WeChat waits five seconds: it is answered by then, that it shall come
// again, and when it does the payment counts, once.
func TestACallbackIsAnsweredInTimeThoughAStoreHangs(t *testing.T) {
	mongoURI, redisURI := storetest.Mongo(t), storetest.Redis(t)
	if strings.Contains(mongoURI, "@") || strings.Contains(mongoURI, "?") {
		t.Skip("MONGODB_URI is more than an address: the way to it cannot be held up")
	}
	way, through := newStrait(t, mongoURI)
	options, err := redis.ParseURL(redisURI)
	if err != nil {
		t.Fatal(err)
	}
	carts := redis.NewClient(options)
	info := carts.Info(context.Background(), "server").Val()
	_ = carts.Close()
	server, err := os.FindProcess(int(number(info, `process_id:(\d+)`)))
	if err != nil || server.Pid <= 0 {
		t.Fatalf("redis-server does not tell its process: %v\n%s", err, info)
	}
	signal := func(sig os.Signal) {
		if err := server.Signal(sig); err != nil {
			t.Error(err)
		}
	}
	t.Cleanup(func() { signal(syscall.SIGCONT) })
	shop := startShop(t, withStores(through, redisURI))
	learner, openid := shop.follower()
	prices := map[string]int64{}
	courses := learner.lifetimes(prices)
	for i, tt := range []struct {
		name       string
		hang, mend func()
		first      int // how the first callback is answered
	}{
		{"MongoDB answers reads and takes no writes", func() {
			way.hold(func(command string) bool {
				return strings.Contains(" insert update delete findAndModify ", " "+command+" ")
			})
		}, func() { way.hold(nil) }, 503},
		{"MongoDB answers nothing", func() { way.hold(func(string) bool { return true }) }, func() { way.hold(nil) }, 503},
		{"Redis answers nothing", func() { signal(syscall.SIGSTOP) }, func() { signal(syscall.SIGCONT) }, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := *shop
			s.t = t
			var placed placedJSON
			learner.place(prices[courses[i].PolicyID], courses[i]).want(201).into(&placed)
			tt.hang()
			s.scan(placed.Payment)
			var event scanJSON
			var pushed sync.WaitGroup
			pushed.Go(func() {
				if a, err := s.phone().try("POST", "/sandbox/push", obj{"openid": openid, "event": "subscribe"}); err == nil {
					a.into(&event)
				}
			})
			got := s.firstDelivery(placed.Payment.OutTradeNo)
			tt.mend()
			pushed.Wait()
			// WeChat itself gives up after five seconds; then there would be an error and no status.
			if got.Status != tt.first || got.Error != "" {
				t.Errorf("the callback was answered %+v, not %d in time", got, tt.first)
			}
			if n := len(event.Deliveries); n == 0 || event.Deliveries[0].Error != "" || event.Deliveries[n-1].Body != "success" {
				t.Errorf("the event was answered %+v", event.Deliveries)
			}
			if tt.first != 200 {
				s.pass(16 * time.Second) // WeChat comes again
			}
			learner.await(placed.Order.ID, "fulfilled")
			statuses := s.delivered(placed.Payment.OutTradeNo)
			if statuses[len(statuses)-1] != 200 || len(statuses) > 2 {
				t.Errorf("the callbacks were answered %v", statuses)
			}
			learner.wantOpenedOnce(placed.Order.ID, courses[i].CourseID)
		})
	}
}

// firstDelivery waits until WeChat has made one attempt at a trade's callback.
func (s *testShop) firstDelivery(outTradeNo string) (d deliveryJSON) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		for _, e := range s.trade(outTradeNo).Callbacks {
			if len(e.Deliveries) > 0 {
				d = e.Deliveries[0]
				return nil
			}
		}
		return fmt.Errorf("nothing delivered yet")
	})
	return d
}

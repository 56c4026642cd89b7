package outages

import (
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// strait is the way to a store, on which what is asked of it can be held up.
type strait struct {
	target string
	read   func(io.Reader) ([]byte, error) // one piece

	mu    sync.Mutex
	freed *sync.Cond
	held  func(piece []byte) bool // nil: none
}

// newStrait leads to the server of a URI; the URI through it is the second value.
func newStrait(t testing.TB, uri string, read func(io.Reader) ([]byte, error)) (*strait, string) {
	t.Helper()
	u, err := url.Parse(uri)
	if err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &strait{target: u.Host, read: read}
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
	u.Host = ln.Addr().String()
	return s, u.String()
}

// readSome reads a piece of a stream, whatever it holds.
func readSome(r io.Reader) ([]byte, error) {
	b := make([]byte, 32<<10)
	n, err := r.Read(b)
	return b[:n], err
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
		piece, err := s.read(in)
		if err != nil {
			return
		}
		s.wait(piece)
		if _, err := out.Write(piece); err != nil {
			return
		}
	}
}

func (s *strait) wait(piece []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for s.held != nil && s.held(piece) {
		s.freed.Wait()
	}
}

// hold holds pieces up until it is called again.
func (s *strait) hold(which func(piece []byte) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held = which
	s.freed.Broadcast()
}

// writes reports whether a message of MongoDB's wire protocol is a write: by the first field of its body.
func writes(message []byte) bool {
	const body = 16 + 4 + 1 // behind head, flags and the kind of section
	if len(message) < body {
		return false
	}
	first, err := bson.Raw(message[body:]).IndexErr(0)
	return err == nil && slices.Contains([]string{"insert", "update", "delete", "findAndModify"}, first.Key())
}

// TestACallbackIsAnsweredInTimeThoughAStoreHangs has MongoDB or Redis take a command and say nothing,
// as a frozen machine does. WeChat waits five seconds: it is answered by then, that it shall come
// again, and when it does the payment counts, once.
func TestACallbackIsAnsweredInTimeThoughAStoreHangs(t *testing.T) {
	mongoURI, redisURI := storetest.Mongo(t), storetest.Redis(t)
	if strings.Contains(mongoURI, "?") || strings.Contains(mongoURI, ",") {
		t.Skip("MONGODB_URI is more than an address: its servers are reached by ways of their own")
	}
	mongo, throughMongo := newStrait(t, mongoURI, storetest.Message)
	carts, throughRedis := newStrait(t, redisURI, readSome)
	shop := shoptest.Start(t, shoptest.WithStores(throughMongo, throughRedis))
	learner, openid := shop.Follower()
	prices := map[string]int64{}
	courses := learner.Lifetimes(prices)
	for i, tt := range []struct {
		name  string
		way   *strait
		hangs func(piece []byte) bool
		first int // how the first callback is answered
	}{
		{"MongoDB answers reads and takes no writes", mongo, writes, 503},
		{"MongoDB answers nothing", mongo, func([]byte) bool { return true }, 503},
		{"Redis answers nothing", carts, func([]byte) bool { return true }, 200},
	} {
		t.Run(tt.name, func(t *testing.T) {
			s := *shop
			s.T = t
			var placed shoptest.Placed
			learner.Place(prices[courses[i].PolicyID], courses[i]).Want(201).Into(&placed)
			tt.way.hold(tt.hangs)
			began := time.Now()
			s.Scan(placed.Payment)
			var event shoptest.Scan
			var pushed sync.WaitGroup
			pushed.Go(func() {
				if a, err := s.Phone().Try("POST", "/sandbox/push", obj{"openid": openid, "event": "subscribe"}); err == nil {
					a.Into(&event)
				}
			})
			got := firstDelivery(&s, placed.Payment.OutTradeNo)
			if took := time.Since(began); took > 3*time.Second+asksEvery {
				t.Errorf("the callback was answered after %s", took)
			}
			tt.way.hold(nil)
			pushed.Wait()
			// WeChat itself gives up after five seconds; then there would be an error and no status.
			if got.Status != tt.first || got.Error != "" {
				t.Errorf("the callback was answered %+v, not %d in time", got, tt.first)
			}
			if n := len(event.Deliveries); n == 0 || event.Deliveries[0].Error != "" || event.Deliveries[n-1].Body != "success" {
				t.Errorf("the event was answered %+v", event.Deliveries)
			}
			if tt.first != 200 {
				s.Pass(16 * time.Second) // WeChat comes again
			}
			learner.Await(placed.Order.ID, "fulfilled")
			statuses := s.Delivered(placed.Payment.OutTradeNo)
			if statuses[len(statuses)-1] != 200 || len(statuses) > 2 {
				t.Errorf("the callbacks were answered %v", statuses)
			}
			learner.WantOpenedOnce(placed.Order.ID, courses[i].CourseID)
		})
	}
}

// asksEvery is what a test adds to the time of what it waits for.
const asksEvery = 500 * time.Millisecond

// firstDelivery waits until WeChat has made one attempt at a trade's callback.
func firstDelivery(s *shoptest.Shop, outTradeNo string) (d shoptest.Delivery) {
	s.T.Helper()
	shoptest.Eventually(s.T, 20*time.Second, func() error {
		for _, e := range s.Trade(outTradeNo).Callbacks {
			if len(e.Deliveries) > 0 {
				d = e.Deliveries[0]
				return nil
			}
		}
		return fmt.Errorf("nothing delivered yet")
	})
	return d
}

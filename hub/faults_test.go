package hub_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/gorilla/websocket"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// publishThrough publishes from..to, once each, whatever happens to Redis in that time: Once makes
// a repeat after a lost answer harmless.
func (in *instance) publishThrough(t testing.TB, topic string, from, to int) {
	t.Helper()
	for i := from; i <= to; i++ {
		e := hub.Event{Topic: topic, Type: "number", Data: i, Once: fmt.Sprint("number ", i)}
		eventually(t, fmt.Sprint("number ", i, " is published"), func() bool {
			_, err := in.Publish(context.Background(), e)
			return err == nil
		})
	}
}

func TestOrderAndOnceHoldWhileRedisKillsTheSubscriptions(t *testing.T) {
	r := startRedis(t)
	a, b := start(t, r.addr), start(t, r.addr)
	clients := []*hubtest.Client{
		hubtest.Dial(t, a.url, "alice/web/s1"), hubtest.Dial(t, b.url, "alice/phone/s2"), hubtest.Dial(t, b.url, "alice/tv/s3"),
	}
	for i := 1; i <= 600; i += 20 {
		a.publishNumbers(t, hub.UserTopic("alice"), i, i+19)
		b.publishNumbers(t, hub.Activity, i, i+19)
		if err := r.Do(context.Background(), "CLIENT", "KILL", "TYPE", "pubsub").Err(); err != nil {
			t.Fatal(err)
		}
		// A page may lag behind, by less than its queue holds: this is no test of slow pages.
		eventually(t, "the pages keep up", func() bool {
			return !slices.ContainsFunc(clients, func(c *hubtest.Client) bool {
				return len(numbers(t, c, "user")) < i-60 || len(numbers(t, c, "activity")) < i-60
			})
		})
	}
	for _, c := range clients {
		wantNumbers(t, c, "user", 1, 600)
		wantNumbers(t, c, "activity", 1, 600)
	}
	st := b.Stats()
	if st.LinksLost == 0 || st.CaughtUp == 0 || st.Restarts != 0 {
		t.Errorf("stats %+v: want lost links, entries caught up and no restart", st)
	}
}

func TestWithRedisAwaySocketsStayAndAfterwardsEventsFlow(t *testing.T) {
	r := startRedis(t)
	in := start(t, r.addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishThrough(t, hub.UserTopic("alice"), 1, 3)
	wantNumbers(t, c, "user", 1, 3)
	before := lastPos(c, "user")
	r.kill()
	if _, err := in.Publish(context.Background(), hub.Event{Topic: hub.Activity, Type: "x"}); err == nil {
		t.Error("Publish says nothing though Redis is away")
	}
	eventually(t, "the instance says that it is behind", func() bool { return in.Healthy() != nil })
	guest := hubtest.Dial(t, in.url, "") // is served all the same

	if n := strings.Count(in.log.String(), "lost its subscription"); n != 2 {
		t.Errorf("the two lost subscriptions were logged %d times", n)
	}
	r.start() // empty: everything is lost, and every page learns it
	f := c.WaitFor("ready that says not resumed", soon, func(f hubtest.Frame) bool {
		st, ok := f.Topics["user"]
		return ok && !st.Resumed && st.Pos != before && f.Op == "ready" && len(f.Topics) == 1
	})
	eventually(t, "it is up to date again", func() bool { return in.Healthy() == nil })
	in.publishNumbers(t, hub.UserTopic("alice"), 4, 6)
	wantNumbers(t, c, "user", 1, 6)
	in.publish(t, hub.Activity, "back", nil)
	guest.Wait("back", soon)
	c.Close()

	old := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": before})
	if old.Ready().Topics["user"].Resumed {
		t.Error("resumed from a position of the lost log")
	}
	fresh := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": f.Topics["user"].Pos})
	wantNumbers(t, fresh, "user", 4, 6)
}

func TestAnInstanceStartedWithoutRedisServesOnceItIsThere(t *testing.T) {
	r := startRedis(t)
	r.kill()
	in := prepare(t, r.addr).run(t)
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/s1", nil)
	if st := c.Ready().Topics["user"]; st.Resumed || st.Pos != "" {
		t.Errorf("ready says %+v without Redis", st)
	}
	r.start()
	c.WaitFor("ready with a position", soon, func(f hubtest.Frame) bool { return f.Topics["user"].Pos != "" })
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 3)
	wantNumbers(t, c, "user", 1, 3)
}

func TestEndWithRedisAwayEndsTheSocketsHere(t *testing.T) {
	m := miniredis.RunT(t)
	in := start(t, m.Addr())
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	m.Close()
	if err := in.End(context.Background(), "alice", "", "", hub.LoggedOut); err == nil {
		t.Error("End says nothing though the other instances cannot have heard")
	}
	if end := c.Ended(soon); end.Code != 4004 {
		t.Errorf("ended with %+v", end)
	}
}

// TestAReplicaWithoutTheTailIsAnotherLog takes a log's head back, as a failover to a stale
// replica does.
func TestAReplicaWithoutTheTailIsAnotherLog(t *testing.T) {
	r := startRedis(t)
	in := start(t, r.addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 10)
	wantNumbers(t, c, "user", 1, 10)
	before := lastPos(c, "user")
	for _, key := range r.Keys(context.Background(), "mstm:hub:{user*}:meta").Val() {
		if r.HGet(context.Background(), key, "head").Val() == "10" {
			r.HSet(context.Background(), key, "head", 7)
		}
	}
	f := c.WaitFor("ready that says not resumed", soon, func(f hubtest.Frame) bool {
		st, ok := f.Topics["user"]
		return ok && !st.Resumed && len(f.Topics) == 1
	})
	if strings.Split(f.Topics["user"].Pos, "-")[0] == strings.Split(before, "-")[0] {
		t.Errorf("the epoch is still that of %s", before)
	}
	in.publishNumbers(t, hub.UserTopic("alice"), 11, 12)
	wantNumbers(t, c, "user", 1, 12)
}

// TestATailThatIsLostAndWrittenAgainIsAnotherLog: a stale replica takes over and gives the lost offsets
// to other events before any instance has looked at its head.
func TestATailThatIsLostAndWrittenAgainIsAnotherLog(t *testing.T) {
	for _, tt := range []struct {
		name     string
		anew     int  // events published after the failover, before any instance looks
		deaf     bool // nothing of them is heard
		followed bool // and then one is heard that seems to be next
	}{
		{"not as far as before", 1, false, false},
		{"just as far as before", 3, false, false},
		{"further than before", 5, false, false},
		{"unheard, just as far", 3, true, false},
		{"unheard, further", 5, true, false},
		{"unheard, and then the next is heard", 3, true, true},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := miniredis.RunT(t)
			p := startProxy(t, r.Addr())
			in, writer := start(t, p.addr), prepare(t, r.Addr())
			c := hubtest.Dial(t, in.url, "alice/web/s1")
			in.publishNumbers(t, hub.UserTopic("alice"), 1, 10)
			wantNumbers(t, c, "user", 1, 10)
			epoch, _, _ := strings.Cut(lastPos(c, "user"), "-")

			p.hearNothing(tt.deaf)
			release := in.Hold(hub.UserTopic("alice"))
			loseTail(t, r, 3)
			writer.publishNumbers(t, hub.UserTopic("alice"), 11, 10+tt.anew)
			p.hearNothing(false)
			if tt.followed {
				writer.publishNumbers(t, hub.UserTopic("alice"), 14, 14)
			}
			time.Sleep(50 * time.Millisecond) // lets the messages stand in line
			release()

			f := c.WaitFor("ready that says not resumed", soon, func(f hubtest.Frame) bool {
				st, ok := f.Topics["user"]
				return ok && !st.Resumed && len(f.Topics) == 1
			})
			if now, _, _ := strings.Cut(f.Topics["user"].Pos, "-"); now == epoch {
				t.Errorf("the epoch is still %s", epoch)
			}
			in.publish(t, hub.UserTopic("alice"), "mark", nil)
			c.Wait("mark", soon)
		})
	}
}

// loseTail takes the last n entries off every learner's log that has as many.
func loseTail(t *testing.T, r *miniredis.Miniredis, n int) {
	t.Helper()
	client := redis.NewClient(&redis.Options{Addr: r.Addr()})
	defer client.Close()
	ctx := context.Background()
	for _, key := range client.Keys(ctx, "mstm:hub:{user*}:log").Val() {
		all := client.XRange(ctx, key, "-", "+").Val()
		if len(all) <= n {
			continue
		}
		kept := all[:len(all)-n]
		client.Del(ctx, key)
		for _, m := range kept {
			if err := client.XAdd(ctx, &redis.XAddArgs{Stream: key, ID: m.ID, Values: m.Values}).Err(); err != nil {
				t.Fatal(err)
			}
		}
		last, meta := kept[len(kept)-1], strings.TrimSuffix(key, "log")+"meta"
		offset, _, _ := strings.Cut(last.ID, "-")
		client.HSet(ctx, meta, "head", offset)
		if tag, ok := last.Values["i"]; ok {
			client.HSet(ctx, meta, "tag", tag)
		}
	}
}

func TestAHoleOlderThanTheStreamGivesResumedFalse(t *testing.T) {
	r := startRedis(t)
	in := start(t, r.addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 2)
	wantNumbers(t, c, "user", 1, 2)
	for _, key := range r.Keys(context.Background(), "mstm:hub:{user*}:meta").Val() {
		if r.HGet(context.Background(), key, "head").Val() == "2" { // entries 3 and 4 came and went unheard
			r.HSet(context.Background(), key, "head", 4)
		}
	}
	c.WaitFor("ready that says not resumed", soon, func(f hubtest.Frame) bool {
		st, ok := f.Topics["user"]
		return ok && !st.Resumed && strings.HasSuffix(st.Pos, "-4")
	})
	in.publishNumbers(t, hub.UserTopic("alice"), 3, 4)
	wantNumbers(t, c, "user", 1, 4)
}

// deafProxy passes everything on until it has to swallow what Redis sends to subscribers.
type deafProxy struct {
	addr string
	mu   sync.Mutex
	deaf bool
	subs int // subscriptions begun
}

func startProxy(t *testing.T, to string) *deafProxy {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	p := &deafProxy{addr: l.Addr().String()}
	go func() {
		for {
			in, err := l.Accept()
			if err != nil {
				return
			}
			out, err := net.Dial("tcp", to)
			if err != nil {
				in.Close()
				continue
			}
			go p.pass(in, out)
		}
	}()
	return p
}

// hearNothing makes subscribers hear nothing, or hear again.
func (p *deafProxy) hearNothing(deaf bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.deaf = deaf
}

// pass copies both ways; a connection that subscribed while p was deaf or before hears nothing
// as long as p is deaf.
func (p *deafProxy) pass(client, server net.Conn) {
	var subscriber sync.Once
	subscribed := make(chan struct{})
	go func() {
		defer client.Close()
		buf := make([]byte, 32<<10)
		for {
			n, err := server.Read(buf)
			if err != nil {
				return
			}
			select {
			case <-subscribed:
				p.mu.Lock()
				deaf := p.deaf
				p.mu.Unlock()
				if deaf {
					continue
				}
			default:
			}
			client.Write(buf[:n])
		}
	}()
	defer server.Close()
	buf := make([]byte, 32<<10)
	for {
		n, err := client.Read(buf)
		if err != nil {
			return
		}
		if bytes.Contains(buf[:n], []byte("subscribe")) {
			subscriber.Do(func() {
				close(subscribed)
				p.mu.Lock()
				p.subs++
				p.mu.Unlock()
			})
		}
		if _, err := io.Copy(server, bytes.NewReader(buf[:n])); err != nil {
			return
		}
	}
}

func TestASilentlyDeadSubscriptionCostsUnderTwoSecondsAndIsReplaced(t *testing.T) {
	r := startRedis(t)
	p := startProxy(t, r.addr)
	in := start(t, p.addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	wantNumbers(t, c, "user", 1, 1)
	p.mu.Lock()
	p.deaf = true
	before := p.subs
	p.mu.Unlock()
	n := 1
	eventually(t, "another subscription is made", func() bool {
		n++
		in.publishNumbers(t, hub.UserTopic("alice"), n, n)
		time.Sleep(20 * time.Millisecond) // paces the events over several comparisons
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.subs > before
	})
	p.mu.Lock()
	p.deaf = false
	p.mu.Unlock()
	wantNumbers(t, c, "user", 1, n)
}

func TestADeadSubscriptionIsReplacedThoughNothingIsPublished(t *testing.T) {
	r := startRedis(t)
	p := startProxy(t, r.addr)
	in := start(t, p.addr)
	p.mu.Lock()
	p.deaf = true
	before := p.subs
	p.mu.Unlock()
	eventually(t, "both subscriptions are made again", func() bool {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.subs >= before+2
	})
	p.mu.Lock()
	p.deaf = false
	p.mu.Unlock()
	if !strings.Contains(in.log.String(), "deaf") {
		t.Error("the log does not say why")
	}
}

func TestAStuckFollowerThatNeverReadsAgainIsGoneInTheEnd(t *testing.T) {
	in := startQuick(t, embedded(t))
	stuck, _, err := hubtest.Try(in.url, hubtest.Options{ReceiveBytes: 32 << 10})
	if err != nil {
		t.Fatal(err)
	}
	defer stuck.Close()
	stuck.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello"}`))
	big := strings.Repeat("x", 100<<10)
	eventually(t, "the stuck one is gone", func() bool {
		in.publish(t, hub.Activity, "poster", big)
		return in.Stats().Accepted == 1 && in.Stats().Sockets == 0
	})
}

func TestManyEventsWaitingForOneSocketGoInFewWrites(t *testing.T) {
	in := start(t, embedded(t))
	first := in.publish(t, hub.UserTopic("alice"), "number", 0)
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 500)
	eventually(t, "they were fed", func() bool { return in.Stats().Received == 501 })
	before := in.Stats().Writes
	c := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": first})
	wantNumbers(t, c, "user", 1, 500)
	if writes := in.Stats().Writes - before; writes > 20 {
		t.Errorf("500 events took %d writes", writes)
	}
}

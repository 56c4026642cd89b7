package hub_test

import (
	"context"
	"errors"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// behind is a client of Redis that lets its instance fall behind the log: it compares no heads. What it publishes is
// refused while full, and while armed it is taken and its answer lost, once goOn is closed.
type behind struct {
	slowRedis
	blind, loses atomic.Bool
	taken        chan struct{}
}

func (b *behind) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	next = b.slowRedis.ProcessHook(next)
	return func(ctx context.Context, cmd redis.Cmder) error {
		err := next(ctx, cmd)
		if cmd.Name() != "evalsha" || err != nil || !b.loses.Load() {
			return err
		}
		close(b.taken)
		<-b.goOn
		cmd.SetErr(errors.New("the answer is lost"))
		return cmd.Err()
	}
}

func (b *behind) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error {
		if b.blind.Load() && slices.ContainsFunc(cmds, func(cmd redis.Cmder) bool { return cmd.Name() == "publish" }) {
			return errors.New("no heads")
		}
		return next(ctx, cmds)
	}
}

// fallBehind starts an instance that has 1 and 2 and gets nothing more until catchUp, and another with a page that
// has 1 to to as well; place is that page's.
func fallBehind(t *testing.T, to int) (late, ahead *instance, b *behind, place map[string]string, catchUp func()) {
	t.Helper()
	m := miniredis.RunT(t)
	way := startProxy(t, m.Addr())
	b = &behind{taken: make(chan struct{})}
	b.goOn = make(chan struct{})
	late, ahead = start(t, way.addr, func(c *hub.Config) { c.Redis.AddHook(b) }), start(t, m.Addr())
	page := hubtest.Dial(t, ahead.url, "alice/web/s1")
	late.publishNumbers(t, hub.UserTopic("alice"), 1, 2)
	eventually(t, "both have both", func() bool { return late.Stats().Received == 2 && ahead.Stats().Received == 2 })
	way.hearNothing(true)
	b.blind.Store(true)
	time.Sleep(50 * time.Millisecond) // a comparison that is under way
	ahead.publishNumbers(t, hub.UserTopic("alice"), 3, to)
	wantNumbers(t, page, "user", 1, to)
	return late, ahead, b, map[string]string{"user": lastPos(page, "user")}, func() {
		way.hearNothing(false)
		b.blind.Store(false)
	}
}

// cameBack is a page that was resumed.
func cameBack(t *testing.T, to *instance, since map[string]string) *hubtest.Client {
	t.Helper()
	c := hubtest.Resume(t, to.url, "alice/web/s1", since)
	if !c.Ready().Topics["user"].Resumed {
		t.Errorf("not resumed from %v", since)
	}
	return c
}

// TestAPageAheadOfItsInstanceDoesNotGoBack: an event that is pending there, and an answer to follow, have places that
// cover what the page has had elsewhere.
func TestAPageAheadOfItsInstanceDoesNotGoBack(t *testing.T) {
	late, ahead, b, place, catchUp := fallBehind(t, 4)
	page := cameBack(t, late, place)
	if at := page.Follow("user", "").Topics["user"].Pos; at != place["user"] {
		t.Errorf("is at %s, came with %v", at, place)
	}
	b.full.Store(true)
	late.offer(t, hub.UserTopic("alice"), 5, "")
	wantNumbers(t, page, "user", 5, 5)
	again := cameBack(t, ahead, map[string]string{"user": lastPos(page, "user")})
	b.full.Store(false)
	catchUp()
	if back := readyFalse(t, page, "user"); !strings.HasSuffix(back, "-5") {
		t.Errorf("all is in the log, and the page is at %s", back)
	}
	eventually(t, "the other has it", func() bool { return ahead.Stats().Received == 5 })
	ahead.publishNumbers(t, hub.UserTopic("alice"), 6, 6)
	wantNumbers(t, page, "user", 5, 6)
	wantNumbers(t, again, "user", 6, 6)
}

// TestAPageAheadOfItsInstanceHearsNothingTwice: Redis took an event but its answer was lost, and the page has
// received it from another instance before it came to the publisher's.
func TestAPageAheadOfItsInstanceHearsNothingTwice(t *testing.T) {
	late, ahead, b, _, catchUp := fallBehind(t, 2)
	other := hubtest.Dial(t, ahead.url, "alice/phone/s2")
	b.loses.Store(true)
	failed := make(chan error)
	go func() {
		_, err := late.Publish(context.Background(), hub.Event{Topic: hub.UserTopic("alice"), Type: "number", Data: 3})
		failed <- err
	}()
	<-b.taken
	wantNumbers(t, other, "user", 3, 3)
	stays := hubtest.Dial(t, late.url, "alice/tv/s3")
	page := cameBack(t, late, map[string]string{"user": lastPos(other, "user")})
	b.loses.Store(false)
	close(b.goOn)
	if err := <-failed; !errors.Is(err, hub.ErrPending) {
		t.Fatal(err)
	}
	wantNumbers(t, stays, "user", 3, 3)
	catchUp()
	readyFalse(t, page, "user")
	ahead.publishNumbers(t, hub.UserTopic("alice"), 4, 4)
	wantNumbers(t, stays, "user", 3, 4)
	wantNumbers(t, page, "user", 4, 4)
}

// TestEachEarlyEventOfAResumeNamesAllThatWereHad also those of which the page had the later one first, elsewhere,
// under the same key.
func TestEachEarlyEventOfAResumeNamesAllThatWereHad(t *testing.T) {
	m := miniredis.RunT(t)
	a, b := start(t, m.Addr()), start(t, m.Addr())
	c := hubtest.Dial(t, a.url, "alice/web/s1")
	a.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	wantNumbers(t, c, "user", 1, 1)
	eventually(t, "the other has it too", func() bool { return b.Stats().Received == 1 })
	m.Close()
	a.offer(t, hub.UserTopic("alice"), 3, "three")
	c.Events(2, soon)
	b.offer(t, hub.UserTopic("alice"), 2, "two")
	b.offer(t, hub.UserTopic("alice"), 3, "three")
	b.offer(t, hub.UserTopic("alice"), 4, "four")
	second := cameBack(t, b, map[string]string{"user": lastPos(c, "user")})
	second.Events(2, soon)
	if seen := numbers(t, second, "user"); !slices.Equal(seen, []int{2, 4}) {
		t.Fatalf("saw %v", seen)
	}
	third := cameBack(t, b, map[string]string{"user": second.All()[1].Pos}) // of 2
	wantNumbers(t, third, "user", 4, 4)
}

// TestAnEmptyLogLeavesThePlaceOfWhatIsEarly: a page that had to read the state does not get afterwards, elsewhere,
// what it has had as pending events.
func TestAnEmptyLogLeavesThePlaceOfWhatIsEarly(t *testing.T) {
	m := miniredis.RunT(t)
	a, b := start(t, m.Addr()), start(t, m.Addr())
	c := hubtest.Dial(t, a.url, "alice/web/s1")
	m.Close()
	a.offer(t, hub.UserTopic("alice"), 1, "")
	wantNumbers(t, c, "user", 1, 1)
	m.FlushAll()
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	place := readyFalse(t, c, "user")
	eventually(t, "both have it", func() bool {
		return a.Waiting(hub.UserTopic("alice")) == 0 && a.Healthy() == nil && b.Healthy() == nil && b.Position(hub.UserTopic("alice")) == a.Position(hub.UserTopic("alice"))
	})
	again := cameBack(t, b, map[string]string{"user": place})
	b.publishNumbers(t, hub.UserTopic("alice"), 2, 2)
	wantNumbers(t, again, "user", 2, 2)
}

// TestACommandThatANetworkBringsLateIsKnown: it was carried out, its answer lost, and a minute later the network brings
// the second try.
func TestACommandThatANetworkBringsLateIsKnown(t *testing.T) {
	m := miniredis.RunT(t)
	in := start(t, m.Addr(), func(c *hub.Config) { c.Redis.AddHook(&repeats{m: m}) })
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 3)
	wantNumbers(t, c, "user", 1, 3)
}

// repeats carries out each script twice, with a minute between.
type repeats struct {
	slowRedis
	m *miniredis.Miniredis
}

func (r *repeats) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if err := next(ctx, cmd); err != nil || cmd.Name() != "evalsha" {
			return err
		}
		r.m.FastForward(time.Minute)
		return next(ctx, cmd)
	}
}

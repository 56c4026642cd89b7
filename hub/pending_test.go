package hub_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// offer publishes what Redis does not take.
func (in *instance) offer(t testing.TB, topic string, n int, once string) {
	t.Helper()
	if pos, err := in.Publish(context.Background(), hub.Event{Topic: topic, Type: "number", Data: n, Once: once}); err == nil {
		t.Fatalf("%d was published at %s with Redis away", n, pos)
	}
}

// readyFalse waits for the ready that asks a page to read one topic's state, and returns its position.
func readyFalse(t testing.TB, c *hubtest.Client, topic string) string {
	t.Helper()
	return c.WaitFor("ready that says not resumed", soon, func(f hubtest.Frame) bool {
		st, ok := f.Topics[topic]
		return ok && !st.Resumed && len(f.Topics) == 1
	}).Topics[topic].Pos
}

// TestWithRedisAwayEventsArriveHereAndElsewhereAfterwards: each page has each event once and in order, those of
// the instance that published it at once.
func TestWithRedisAwayEventsArriveHereAndElsewhereAfterwards(t *testing.T) {
	for name, lost := range map[string]bool{"Redis comes back": false, "Redis comes back empty": true} {
		for _, topic := range []struct{ name, shown string }{{hub.UserTopic("alice"), "user"}, {hub.Activity, hub.Activity}} {
			t.Run(name+" "+topic.shown, func(t *testing.T) {
				m := miniredis.RunT(t)
				a, b := start(t, m.Addr()), start(t, m.Addr())
				here, there := hubtest.Dial(t, a.url, "alice/web/s1"), hubtest.Dial(t, b.url, "alice/phone/s2")
				a.publishNumbers(t, topic.name, 1, 2)
				wantNumbers(t, here, topic.shown, 1, 2)
				wantNumbers(t, there, topic.shown, 1, 2)
				m.Close()
				for i := 3; i <= 6; i++ {
					a.offer(t, topic.name, i, "")
				}
				a.offer(t, topic.name, 7, "under a key")
				a.offer(t, topic.name, 7, "under a key")
				wantNumbers(t, here, topic.shown, 1, 7)
				late := hubtest.Dial(t, a.url, "alice/tv/s3") // its state has it all
				if lost {
					m.FlushAll()
				}
				if err := m.Restart(); err != nil {
					t.Fatal(err)
				}
				if lost { // pages that have not had them read the state instead
					readyFalse(t, there, topic.shown)
				} else {
					wantNumbers(t, there, topic.shown, 1, 7)
				}
				readyFalse(t, late, topic.shown)
				place := readyFalse(t, here, topic.shown)
				if place == "" {
					t.Error("resumed false without a position")
				}
				eventually(t, "publishing works again", func() bool {
					_, err := a.Publish(context.Background(), hub.Event{Topic: topic.name, Type: "number", Data: 7, Once: "under a key"})
					return err == nil
				})
				a.publishNumbers(t, topic.name, 8, 9)
				wantNumbers(t, here, topic.shown, 1, 9)
				wantOnce(t, there, topic.shown, 9)
				wantOnce(t, late, topic.shown, 9)
				again := hubtest.Resume(t, b.url, "alice/web/s1", map[string]string{topic.shown: lastPos(here, topic.shown)})
				if !again.Ready().Topics[topic.shown].Resumed {
					t.Error("cannot resume from where it is")
				}
			})
		}
	}
}

// TestAnEventIsEarlyAndComesThroughTheLogOnlyOnce: Redis took it, and only the answer was lost. Whichever is first,
// the log or the failure, it reaches the page once.
func TestAnEventIsEarlyAndComesThroughTheLogOnlyOnce(t *testing.T) {
	addr := embedded(t)
	var armed atomic.Bool
	in := start(t, addr, func(c *hub.Config) { c.Redis = forgetfulRedis(t, addr, -1, &armed) })
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	lost := 0
	for i := 2; i <= 40; i++ {
		armed.Store(i%2 == 0)
		in.Publish(context.Background(), hub.Event{Topic: hub.UserTopic("alice"), Type: "number", Data: i})
		if i%2 == 0 && !armed.Load() { // else it stood in line behind one that had lost its answer
			lost++
		}
	}
	armed.Store(false)
	if lost == 0 {
		t.Error("no answer was lost")
	}
	eventually(t, "nothing stands in line", func() bool {
		_, err := in.Publish(context.Background(), hub.Event{Topic: hub.UserTopic("alice"), Type: "number", Data: 41, Once: "the last"})
		return err == nil
	})
	in.publishNumbers(t, hub.UserTopic("alice"), 42, 42)
	wantNumbers(t, c, "user", 1, 42)
}

// wantOnce waits for the last number and wants none twice and none after a higher one.
func wantOnce(t testing.TB, c *hubtest.Client, topic string, last int) {
	t.Helper()
	eventually(t, "the last number comes", func() bool { return slices.Contains(numbers(t, c, topic), last) })
	seen := numbers(t, c, topic)
	for i := 1; i < len(seen); i++ {
		if seen[i] <= seen[i-1] {
			t.Errorf("%s: saw %v", topic, seen)
		}
	}
}

// TestAnEarlyEventDoesNotOvertakeOneThatIsNotHeardYet: Redis has taken an event, and goes before it sends it.
func TestAnEarlyEventDoesNotOvertakeOneThatIsNotHeardYet(t *testing.T) {
	for _, tt := range []struct {
		name  string
		loses func(*testing.T, *miniredis.Miniredis)
	}{
		{"Redis comes back", func(*testing.T, *miniredis.Miniredis) {}},
		{"Redis comes back without it", func(t *testing.T, m *miniredis.Miniredis) { loseTail(t, m, 1) }},
		{"Redis comes back empty", func(_ *testing.T, m *miniredis.Miniredis) { m.FlushAll() }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			m := miniredis.RunT(t)
			way := startProxy(t, m.Addr())
			in := start(t, way.addr)
			c := hubtest.Dial(t, in.url, "alice/web/s1")
			in.publishNumbers(t, hub.UserTopic("alice"), 1, 2)
			wantNumbers(t, c, "user", 1, 2)

			way.hearNothing(true)
			in.publishNumbers(t, hub.UserTopic("alice"), 3, 4)
			tt.loses(t, m)
			m.Close()
			in.offer(t, hub.UserTopic("alice"), 5, "")
			wantNumbers(t, c, "user", 1, 5)

			way.hearNothing(false)
			if err := m.Restart(); err != nil {
				t.Fatal(err)
			}
			if place := readyFalse(t, c, "user"); place == "" {
				t.Error("resumed false without a position")
			}
			eventually(t, "publishing works again", func() bool {
				_, err := in.Publish(context.Background(), hub.Event{Topic: hub.UserTopic("alice"), Type: "number", Data: 6, Once: "number 6"})
				return err == nil
			})
			in.publishNumbers(t, hub.UserTopic("alice"), 7, 7)
			wantNumbers(t, c, "user", 1, 7)
			if n := in.Waiting(hub.UserTopic("alice")); n != 0 {
				t.Errorf("%d events are still taken for early", n)
			}
		})
	}
}

// TestAnEndThatRedisDidNotHearReachesTheOthersWhenItIsBack also looks at the sockets that are not concerned.
func TestAnEndThatRedisDidNotHearReachesTheOthersWhenItIsBack(t *testing.T) {
	m := miniredis.RunT(t)
	a, b := start(t, m.Addr()), start(t, m.Addr())
	here, there := hubtest.Dial(t, a.url, "alice/web/s1"), hubtest.Dial(t, b.url, "alice/web/s1")
	phone := hubtest.Dial(t, b.url, "alice/phone/s2")
	m.Close()
	if err := a.End(context.Background(), "alice", "web", "", hub.LoggedOut); err == nil {
		t.Error("End says nothing though the other instances cannot have heard")
	}
	if end := here.Ended(soon); end.Code != 4004 {
		t.Errorf("ended here with %+v", end)
	}
	if !there.Open() {
		t.Error("the other instance cannot have heard")
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	if end := there.Ended(soon); end.Code != 4004 {
		t.Errorf("ended there with %+v", end)
	}
	b.publish(t, hub.UserTopic("alice"), "after", nil)
	phone.Wait("after", soon)
}

// TestAFullRedisMakesNoInstanceUnready: it answers and takes no writes, and what is not written stands in line.
func TestAFullRedisMakesNoInstanceUnready(t *testing.T) {
	r := startRedis(t, "--maxmemory-policy", "noeviction")
	in := start(t, r.addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	limit := func(bytes int) {
		if err := r.ConfigSet(context.Background(), "maxmemory", fmt.Sprint(bytes)).Err(); err != nil {
			t.Fatal(err)
		}
	}
	limit(1)
	in.offer(t, hub.UserTopic("alice"), 1, "")
	wantNumbers(t, c, "user", 1, 1)
	for range 3 {
		before := in.InSyncAt()
		eventually(t, "it is in sync", func() bool { return in.InSyncAt() > before })
	}
	limit(0)
	readyFalse(t, c, "user")
	in.publishNumbers(t, hub.UserTopic("alice"), 2, 3)
	wantNumbers(t, c, "user", 1, 3)
}

// TestWhatStandsInLineIsBounded: beyond the bound an event is refused and reaches no page.
func TestWhatStandsInLineIsBounded(t *testing.T) {
	m := miniredis.RunT(t)
	in := start(t, m.Addr())
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	m.Close()
	in.offer(t, hub.Activity, 0, "")
	for i := 1; i <= 2*hub.EarlyEvents; i++ {
		_, err := in.Publish(context.Background(), hub.Event{Topic: hub.UserTopic("alice"), Type: "number", Data: i, Once: fmt.Sprint(i)})
		if stands := errors.Is(err, hub.ErrPending); stands != (i <= hub.EarlyEvents) {
			t.Errorf("%d stands in line: %v; %v", i, stands, err)
		}
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	readyFalse(t, c, "user")
	if seen := numbers(t, c, "user"); len(seen) != hub.EarlyEvents || !slices.IsSorted(seen) || seen[len(seen)-1] != len(seen) {
		t.Errorf("saw %v", seen)
	}
}

// forgetfulRedis is a client of Redis with connections that lose an answer when armed.
func forgetfulRedis(t testing.TB, addr string, retries int, armed *atomic.Bool) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: retries, ReadTimeout: time.Second, DialTimeout: time.Second, Dialer: forgetfulDialer(armed)})
	t.Cleanup(func() { client.Close() })
	return client
}

// TestARevocationThatStandsInLineBlocksNoPosition: no page has had it as an event.
func TestARevocationThatStandsInLineBlocksNoPosition(t *testing.T) {
	m := miniredis.RunT(t)
	in := start(t, m.Addr())
	phone := hubtest.Dial(t, in.url, "alice/phone/s2")
	m.Close()
	in.offer(t, hub.UserTopic("alice"), 1, "")
	in.End(context.Background(), "alice", "web", "", hub.LoggedOut)
	wantNumbers(t, phone, "user", 1, 1)
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	readyFalse(t, phone, "user")
}

// TestASocketThatComesBetweenEarlyEventsHasThemInOrder: one that resumes has all that it missed, one that is new only what
// comes.
func TestASocketThatComesBetweenEarlyEventsHasThemInOrder(t *testing.T) {
	m := miniredis.RunT(t)
	in := start(t, m.Addr())
	first := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 2)
	wantNumbers(t, first, "user", 1, 2)
	since := first.All()[1].Pos // of 1
	m.Close()
	in.offer(t, hub.UserTopic("alice"), 3, "")
	fresh := hubtest.Dial(t, in.url, "alice/phone/s2")
	resumed := hubtest.Resume(t, in.url, "alice/tv/s3", map[string]string{"user": since})
	if !resumed.Ready().Topics["user"].Resumed {
		t.Error("not resumed")
	}
	in.offer(t, hub.UserTopic("alice"), 4, "")
	wantNumbers(t, first, "user", 1, 4)
	wantNumbers(t, resumed, "user", 2, 4)
	wantNumbers(t, fresh, "user", 4, 4)
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	for _, c := range []*hubtest.Client{first, fresh, resumed} {
		readyFalse(t, c, "user")
	}
	eventually(t, "nothing stands in line", func() bool { return in.Waiting(hub.UserTopic("alice")) == 0 })
	in.publishNumbers(t, hub.UserTopic("alice"), 5, 5)
	wantNumbers(t, resumed, "user", 2, 5)
	wantNumbers(t, fresh, "user", 4, 5)
}

// TestAPlaceCoversWhatIsEarly: what comes through the log in that time has a place that names the pending event, and a page
// that comes back with it gets neither again.
func TestAPlaceCoversWhatIsEarly(t *testing.T) {
	addr, redis := embedded(t), &slowRedis{}
	in, elsewhere := start(t, addr, func(c *hub.Config) { c.Redis.AddHook(redis) }), start(t, addr)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	redis.full.Store(true)
	in.offer(t, hub.UserTopic("alice"), 1, "")
	elsewhere.publishNumbers(t, hub.UserTopic("alice"), 2, 2)
	wantNumbers(t, c, "user", 1, 2)
	place := map[string]string{"user": lastPos(c, "user")}
	var again []*hubtest.Client
	for _, at := range []*instance{in, elsewhere} {
		again = append(again, hubtest.Resume(t, at.url, "alice/web/s1", place))
	}
	redis.full.Store(false)
	readyFalse(t, c, "user")
	elsewhere.publishNumbers(t, hub.UserTopic("alice"), 3, 3)
	wantNumbers(t, c, "user", 1, 3)
	for _, at := range []*instance{in, elsewhere, start(t, addr)} {
		again = append(again, hubtest.Resume(t, at.url, "alice/web/s1", place))
	}
	for i, c := range again {
		if !c.Ready().Topics["user"].Resumed {
			t.Errorf("%d was not resumed from %v", i, place)
		}
		wantNumbers(t, c, "user", 3, 3)
	}
}

// TestEarlyEventsDoNotComeAgain wherever and whenever a page comes back with the place of one of them.
func TestEarlyEventsDoNotComeAgain(t *testing.T) {
	m := miniredis.RunT(t)
	a, b := start(t, m.Addr()), start(t, m.Addr())
	c := hubtest.Dial(t, a.url, "alice/web/s1")
	in := map[string]*instance{"here": a, "elsewhere": b}
	a.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	wantNumbers(t, c, "user", 1, 1)
	eventually(t, "the other has it too", func() bool { return b.Stats().Received == 1 })
	m.Close()
	for n := 2; n <= 4; n++ {
		a.offer(t, hub.UserTopic("alice"), n, "")
	}
	wantNumbers(t, c, "user", 1, 4)
	pages := map[string]*hubtest.Client{}
	first := map[string]int{}
	come := func(when string) {
		for where, in := range in {
			for i, f := range c.All()[1:5] {
				name := fmt.Sprint(when, ", ", where, ", from ", i+1)
				pages[name], first[name] = hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": f.Pos}), i+2
			}
		}
	}
	come("while Redis is away")
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all have all", func() bool {
		return a.Waiting(hub.UserTopic("alice")) == 0 && a.Stats().Received == 4 && b.Stats().Received == 4
	})
	in["on a new instance"] = start(t, m.Addr())
	come("afterwards")
	a.publishNumbers(t, hub.UserTopic("alice"), 5, 5)
	for name, page := range pages {
		t.Run(name, func(t *testing.T) {
			if !page.Ready().Topics["user"].Resumed {
				t.Error("not resumed")
			}
			wantNumbers(t, page, "user", first[name], 5)
		})
	}
}

// TestADraftThatAnOlderLogHasBlocksNoPosition: the key outlived the log in which its event was.
func TestADraftThatAnOlderLogHasBlocksNoPosition(t *testing.T) {
	m := miniredis.RunT(t)
	in := start(t, m.Addr())
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	m.Set(hub.OnceKey(hub.UserTopic("alice"), "key"), "ABCDEFGHIJ-7")
	m.Close()
	in.offer(t, hub.UserTopic("alice"), 1, "key")
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	readyFalse(t, c, "user")
	if n := in.Waiting(hub.UserTopic("alice")); n != 0 {
		t.Errorf("%d events still wait for the log", n)
	}
}

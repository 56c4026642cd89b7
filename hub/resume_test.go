package hub_test

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// lastPos is the position of the newest event of a topic that the client has seen, or where
// ready put it.
func lastPos(c *hubtest.Client, topic string) (pos string) {
	for _, f := range c.All() {
		if st, ok := f.Topics[topic]; ok {
			pos = st.Pos
		}
		if f.Op == "event" && f.Topic == topic {
			pos = f.Pos
		}
	}
	return pos
}

func TestAClientThatComesBackGetsExactlyWhatItMissedOnAnyInstance(t *testing.T) {
	addr := embedded(t)
	a, b := start(t, addr), start(t, addr)
	c := hubtest.Dial(t, a.url, "alice/web/s1")
	a.publishNumbers(t, hub.UserTopic("alice"), 1, 3)
	wantNumbers(t, c, "user", 1, 3)
	since := map[string]string{"user": lastPos(c, "user"), "activity": lastPos(c, "activity")}
	c.Close()

	a.publishNumbers(t, hub.UserTopic("alice"), 4, 20)
	a.publishNumbers(t, hub.UserTopic("bob"), 900, 905)
	b.publishNumbers(t, hub.Activity, 1, 2)
	for _, in := range []*instance{a, b} {
		again := hubtest.Resume(t, in.url, "alice/web/s1", since)
		if ready := again.Ready(); !ready.Topics["user"].Resumed || !ready.Topics["activity"].Resumed {
			t.Errorf("ready says %+v, want both resumed", ready.Topics)
		}
		wantNumbers(t, again, "user", 4, 20)
		wantNumbers(t, again, "activity", 1, 2)
		if first := again.All()[0]; first.Op != "ready" {
			t.Errorf("the first frame is %+v, want ready", first)
		}
	}
}

func TestAFollowedCourseIsResumedByFollowAndByHello(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "")
	pos := c.Follow("course:c1", "").Topics["course:c1"].Pos
	c.Close()
	in.publishNumbers(t, hub.CourseTopic("c1"), 1, 3)

	byFollow := hubtest.Dial(t, in.url, "")
	if f := byFollow.Follow("course:c1", pos); !f.Topics["course:c1"].Resumed {
		t.Errorf("follow answered %+v, want resumed", f)
	}
	wantNumbers(t, byFollow, "course:c1", 1, 3)

	byHello := hubtest.Resume(t, in.url, "", map[string]string{"course:c1": pos})
	if ready := byHello.Ready(); !ready.Topics["course:c1"].Resumed {
		t.Errorf("ready says %+v, want course:c1 resumed", ready.Topics)
	}
	byHello.Follow("course:c1", pos) // once more changes nothing
	in.publishNumbers(t, hub.CourseTopic("c1"), 4, 4)
	wantNumbers(t, byHello, "course:c1", 1, 4)
}

func TestWhereItCannotResumeReadySaysSo(t *testing.T) {
	in := start(t, embedded(t))
	var pos string
	in.hears(t, func() { pos = in.publish(t, hub.UserTopic("alice"), "number", 1) })
	for _, tt := range []struct{ name, since string }{
		{"no since", ""},
		{"another epoch", "ABCDEFGHIJ-1"},
		{"no position at all", "yesterday"},
		{"a negative offset", "ABCDEFGHIJ--1"},
		{"an offset beyond the log", pos + "00000000"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			since := map[string]string{}
			if tt.since != "" {
				since["user"] = tt.since
			}
			c := hubtest.Resume(t, in.url, "alice/web/s1", since)
			st := c.Ready().Topics["user"]
			if st.Resumed || st.Pos == "" {
				t.Errorf("ready says %+v, want not resumed with the current position", st)
			}
			n := len(numbers(t, c, "user"))
			in.publish(t, hub.UserTopic("alice"), "mark", nil)
			c.Wait("mark", soon)
			if n != 0 {
				t.Errorf("%d old events came", n)
			}
		})
	}
}

func TestOlderThanTheInstanceRemembersIsReadFromTheStream(t *testing.T) {
	addr := embedded(t)
	writer := start(t, addr)
	first := writer.publish(t, hub.UserTopic("alice"), "number", 0)
	writer.publishNumbers(t, hub.UserTopic("alice"), 1, 600)
	fresh := start(t, addr) // has read the last 256 only
	c := hubtest.Resume(t, fresh.url, "alice/web/s1", map[string]string{"user": first})
	if !c.Ready().Topics["user"].Resumed {
		t.Fatal("not resumed though the stream has it all")
	}
	wantNumbers(t, c, "user", 1, 600)
}

func TestTooMuchMissedIsReadOverRESTInstead(t *testing.T) {
	in := start(t, embedded(t))
	first := in.publish(t, hub.UserTopic("alice"), "number", 0)
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 1100)
	eventually(t, "all were fed", func() bool { return in.Stats().Received >= 1101 })
	c := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": first})
	if c.Ready().Topics["user"].Resumed {
		t.Error("1,100 events were replayed to one socket")
	}
}

func TestAPositionReadBeforeTheDataMissesNothing(t *testing.T) {
	in := start(t, embedded(t))
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 5)
	eventually(t, "they were fed", func() bool { return in.Stats().Received == 5 })
	pos := in.Position(hub.UserTopic("alice"))
	in.publishNumbers(t, hub.UserTopic("alice"), 6, 8)
	c := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": pos})
	wantNumbers(t, c, "user", 6, 8)
}

// TestClientsThatComeAndGoWhileEventsFlowMissNothing cuts clients at random moments and lets
// each come back, to either instance, with what it had.
func TestClientsThatComeAndGoWhileEventsFlowMissNothing(t *testing.T) {
	addr := embedded(t)
	instances := []*instance{start(t, addr), start(t, addr)}
	const events, clients = 400, 6
	first := instances[0].publish(t, hub.UserTopic("alice"), "number", 0)
	var wg sync.WaitGroup
	for range clients {
		wg.Go(func() { comeAndGo(t, instances, first, events) })
	}
	for i := 1; i <= events; i++ {
		instances[i%2].publishNumbers(t, hub.UserTopic("alice"), i, i)
		time.Sleep(time.Millisecond) // spreads the events over the clients' comings and goings
	}
	wg.Wait()
}

func comeAndGo(t *testing.T, instances []*instance, since string, last int) {
	next := 1
	for round := 0; next <= last; round++ {
		c := hubtest.Connect(t, instances[rand.N(2)].url, hubtest.Options{})
		c.Hello("alice/web/s1", map[string]string{"user": since})
		deadline := time.Now().Add(time.Duration(rand.N(40)) * time.Millisecond)
		for time.Now().Before(deadline) || (round == 0 && len(c.All()) == 0) {
			time.Sleep(time.Millisecond)
		}
		c.Close()
		for _, f := range c.All() {
			if f.Op == "ready" && !f.Topics["user"].Resumed {
				t.Errorf("round %d: not resumed from %s", round, since)
				return
			}
			if f.Op != "event" {
				continue
			}
			var n int
			json.Unmarshal(f.Data, &n)
			if n != next {
				t.Errorf("round %d: number %d came where %d was due", round, n, next)
				return
			}
			next, since = next+1, f.Pos
		}
	}
}

func TestAnExpiredTokenEndsItsSocket(t *testing.T) {
	clock := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	var mu sync.Mutex
	now := func() time.Time { mu.Lock(); defer mu.Unlock(); return clock }
	people := &accounts{expires: clock.Add(time.Hour)}
	in := startQuick(t, embedded(t), with(people), func(c *hub.Config) { c.Now = now })
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	mu.Lock()
	clock = clock.Add(2 * time.Hour)
	mu.Unlock()
	if end := c.Ended(soon); end.Code != 4001 || end.Word != "TOKEN_EXPIRED" {
		t.Errorf("ended with %+v", end)
	}
	late := hubtest.Connect(t, in.url, hubtest.Options{})
	late.Hello("alice/web/s1", nil)
	if end := late.Ended(soon); end.Code != 4001 {
		t.Errorf("hello with an expired token ended with %+v", end)
	}
}

// TestASocketEndedDuringHelloGetsNoNewPlace: without ready a page would not know that it has missed something before
// what it is given.
func TestASocketEndedDuringHelloGetsNoNewPlace(t *testing.T) {
	var in *instance
	held := make(chan func(), 1)
	people := &accounts{}
	people.asked = func(string) { held <- in.Hold(hub.CourseTopic("c1")) } // hello comes no further than this topic
	in = start(t, embedded(t), with(people))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/s1", map[string]string{"user": "ABCDEFGHIJ-1", "course:c1": ""})
	release := <-held
	eventually(t, "she follows her topic", func() bool { return in.Online().Topics["user"].Sockets == 1 })
	pos := in.publish(t, hub.UserTopic("alice"), "number", 1)
	eventually(t, "it was fed", func() bool { return in.Position(hub.UserTopic("alice")) == pos })
	closed := make(chan error, 1)
	go func() { closed <- in.Close(context.Background()) }()
	end := c.Ended(soon)
	release()
	if end.Code != 4101 || len(c.All()) > 0 {
		t.Errorf("ended with %+v after %+v", end, c.All())
	}
	if err := <-closed; err != nil {
		t.Error(err)
	}
}

// TestAPositionThatTheLogHasLostIsNotResumed: everything died at once, and Redis came back without the last events.
// Others will have their offsets.
func TestAPositionThatTheLogHasLostIsNotResumed(t *testing.T) {
	m := miniredis.RunT(t)
	before := start(t, m.Addr())
	before.publishNumbers(t, hub.UserTopic("alice"), 1, 4)
	since := before.publish(t, hub.UserTopic("alice"), "number", 5)
	before.stop()
	loseTail(t, m, 2)
	in := start(t, m.Addr())
	c := hubtest.Resume(t, in.url, "alice/web/s1", map[string]string{"user": since})
	if st := c.Ready().Topics["user"]; st.Resumed {
		t.Errorf("ready says %+v", st)
	}
	in.publishNumbers(t, hub.UserTopic("alice"), 6, 7)
	wantNumbers(t, c, "user", 6, 7)
}

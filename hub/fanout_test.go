package hub_test

import (
	"bytes"
	"io"
	"net"
	"sync/atomic"

	"context"
	"errors"
	"strings"
	"testing"

	"mstm/hub"
	"mstm/hub/hubtest"
)

func TestAnEventReachesEveryTabOfAUserOnEveryInstanceAndNoOtherUser(t *testing.T) {
	addr := embedded(t)
	a, b := start(t, addr), start(t, addr)
	web := hubtest.Dial(t, a.url, "alice/web/s1")
	tab := hubtest.Dial(t, a.url, "alice/web/s1")
	phone := hubtest.Dial(t, b.url, "alice/phone/s2")
	other := hubtest.Dial(t, b.url, "bob/web/s3")

	pos := b.publish(t, hub.UserTopic("alice"), "cart.changed", map[string]int{"version": 7})
	for _, c := range []*hubtest.Client{web, tab, phone} {
		f := c.Wait("cart.changed", soon)
		if f.Topic != "user" || f.Pos != pos || string(f.Data) != `{"version":7}` {
			t.Errorf("got %+v, want position %s of topic user", f, pos)
		}
	}
	a.publish(t, hub.Activity, "activity.begins", nil)
	other.Wait("activity.begins", soon)
	if got := len(other.All()); got != 2 {
		t.Errorf("bob got %d frames, want ready and the activity: %+v", got, other.All())
	}
}

func TestEventsOfOneTopicArriveInOrderOnceEachOnEveryInstance(t *testing.T) {
	addr := embedded(t)
	a, b := start(t, addr), start(t, addr)
	here, there := hubtest.Dial(t, a.url, "alice/web/s1"), hubtest.Dial(t, b.url, "alice/phone/s2")
	for i := range 100 {
		from := []*instance{a, b}[i%2]
		from.publishNumbers(t, hub.UserTopic("alice"), i+1, i+1)
	}
	wantNumbers(t, here, "user", 1, 100)
	wantNumbers(t, there, "user", 1, 100)
}

func TestACourseEventReachesItsFollowersUntilTheyUnfollow(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "")
	if f := c.Follow("course:c1", ""); f.Op != "ready" || f.Topics["course:c1"].Resumed {
		t.Fatalf("follow answered %+v", f)
	}
	in.publishNumbers(t, hub.CourseTopic("c1"), 1, 1)
	in.publishNumbers(t, hub.CourseTopic("c2"), 50, 50)
	wantNumbers(t, c, "course:c1", 1, 1)

	c.Send(map[string]string{"op": "unfollow", "topic": "course:c1"})
	c.Send(map[string]string{"op": "ping"})
	c.Wait("pong", soon)
	in.publishNumbers(t, hub.CourseTopic("c1"), 2, 2)
	in.publish(t, hub.Activity, "last", nil)
	c.Wait("last", soon)
	wantNumbers(t, c, "course:c1", 1, 1)
}

func TestARepeatedOncePublishesNothingAndReturnsTheFirstPosition(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	e := hub.Event{Topic: hub.UserTopic("alice"), Type: "order.changed", Data: "paid", Once: "order 1 paid"}
	var first string
	for range 3 {
		pos, err := in.Publish(context.Background(), e)
		if err != nil {
			t.Fatal(err)
		}
		if first == "" {
			first = pos
		}
		if pos != first {
			t.Errorf("position %s, want %s", pos, first)
		}
	}
	in.publish(t, hub.UserTopic("alice"), "last", nil)
	c.Wait("last", soon)
	if events := c.Events(2, soon); len(events) != 2 {
		t.Errorf("%d events, want one order.changed and the last: %+v", len(events), events)
	}
}

// forgetful is a connection that loses one answer: of the first script that it carries once armed.
type forgetful struct {
	net.Conn
	armed *atomic.Bool
	lose  bool
}

func (c *forgetful) Write(p []byte) (int, error) {
	if bytes.Contains(bytes.ToLower(p), []byte("evalsha")) && c.armed.CompareAndSwap(true, false) {
		c.lose = true
	}
	return c.Conn.Write(p)
}

func (c *forgetful) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	if c.lose {
		c.Close()
		return 0, io.EOF
	}
	return n, err
}

func forgetfulDialer(armed *atomic.Bool) func(context.Context, string, string) (net.Conn, error) {
	return func(ctx context.Context, network, addr string) (net.Conn, error) {
		conn, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		return &forgetful{Conn: conn, armed: armed}, err
	}
}

// TestAnAnswerThatIsLostDoublesNoEvent: the client of Redis repeats a command after a lost answer,
// though it had been carried out.
func TestAnAnswerThatIsLostDoublesNoEvent(t *testing.T) {
	addr := embedded(t)
	var armed atomic.Bool
	in := start(t, addr, func(c *hub.Config) { c.Redis = forgetfulRedis(t, addr, 1, &armed) })
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	for i := 2; i <= 6; i++ {
		armed.Store(true)
		in.publishNumbers(t, hub.UserTopic("alice"), i, i)
		if armed.Load() {
			t.Fatal("no answer was lost")
		}
	}
	wantNumbers(t, c, "user", 1, 6)
	in.publishNumbers(t, hub.UserTopic("alice"), 7, 7)
	wantNumbers(t, c, "user", 1, 7)
}

func TestPublishRefusesWhatCannotBeAnEvent(t *testing.T) {
	in := start(t, embedded(t))
	for _, tt := range []struct {
		name string
		e    hub.Event
		want error
	}{
		{"no topic", hub.Event{Type: "x"}, hub.ErrBadEvent},
		{"a user topic without a user", hub.Event{Topic: "user:", Type: "x"}, hub.ErrBadEvent},
		{"a topic with a space", hub.Event{Topic: "course:a b", Type: "x"}, hub.ErrBadEvent},
		{"a topic with braces", hub.Event{Topic: "course:{a}", Type: "x"}, hub.ErrBadEvent},
		{"an unknown kind of topic", hub.Event{Topic: "order:1", Type: "x"}, hub.ErrBadEvent},
		{"no type", hub.Event{Topic: hub.Activity}, hub.ErrBadEvent},
		{"a type that would break the frame", hub.Event{Topic: hub.Activity, Type: `x","y":"`}, hub.ErrBadEvent},
		{"data that is no JSON", hub.Event{Topic: hub.Activity, Type: "x", Data: func() {}}, hub.ErrBadEvent},
		{"data over 128 KiB", hub.Event{Topic: hub.Activity, Type: "x", Data: strings.Repeat("x", 128<<10)}, hub.ErrTooLarge},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, err := in.Publish(context.Background(), tt.e); !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
		})
	}
}

func TestStatsCountSocketsUsersAndWhatTheyGot(t *testing.T) {
	in := start(t, embedded(t))
	a, b := hubtest.Dial(t, in.url, "alice/web/s1"), hubtest.Dial(t, in.url, "alice/phone/s2")
	hubtest.Dial(t, in.url, "")
	in.publish(t, hub.UserTopic("alice"), "cart.changed", nil)
	a.Wait("cart.changed", soon)
	b.Wait("cart.changed", soon)
	st := in.Stats()
	if st.Sockets != 3 || st.Users != 1 || st.Published != 1 || st.Delivered != 2 || !st.Healthy {
		t.Errorf("stats %+v", st)
	}
	a.Close()
	b.Close()
	eventually(t, "the closed ones are gone from the figures", func() bool {
		st := in.Stats()
		return st.Sockets == 1 && st.Users == 0
	})
}

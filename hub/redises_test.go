package hub_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
	"mstm/store/redistest"
)

// on lets an instance use a Redis of another kind.
func on(client redis.UniversalClient) func(*hub.Config) {
	return func(c *hub.Config) { c.Redis = client }
}

// fleetOfTwo is two instances, each with two learners' pages and a visitor's.
type fleetOfTwo struct {
	a, b  *instance
	users []string
	pages map[string][]*hubtest.Client // by topic
	sent  int
}

func startTwo(t *testing.T, client func(testing.TB) redis.UniversalClient, users ...string) *fleetOfTwo {
	f := &fleetOfTwo{a: start(t, "", on(client(t))), b: start(t, "", on(client(t))), users: users, pages: map[string][]*hubtest.Client{}}
	for i, in := range []*instance{f.a, f.b} {
		for _, user := range users {
			c := hubtest.Dial(t, in.url, fmt.Sprintf("%s/web/s%d", user, i))
			f.pages[hub.UserTopic(user)] = append(f.pages[hub.UserTopic(user)], c)
		}
		f.pages[hub.Activity] = append(f.pages[hub.Activity], hubtest.Dial(t, in.url, ""))
	}
	return f
}

// send publishes the next n numbers to every topic, each once however often it has to be
// tried, and checks that all pages see each once and in order.
func (f *fleetOfTwo) send(t *testing.T, n int) {
	t.Helper()
	for range n {
		f.sent++
		for topic := range f.pages {
			e := hub.Event{Topic: topic, Type: "number", Data: f.sent, Once: fmt.Sprint(topic, f.sent)}
			deadline := time.Now().Add(6 * soon) // a change of masters takes its time
			for _, err := f.a.Publish(context.Background(), e); err != nil; _, err = f.a.Publish(context.Background(), e) {
				if time.Now().After(deadline) {
					t.Fatalf("%s %d is not published: %v", topic, f.sent, err)
				}
				time.Sleep(20 * time.Millisecond)
			}
		}
	}
	f.want(t)
}

func (f *fleetOfTwo) want(t *testing.T) {
	t.Helper()
	for topic, pages := range f.pages {
		shown := topic
		if topic != hub.Activity {
			shown = "user"
		}
		for _, c := range pages {
			wantNumbers(t, c, shown, 1, f.sent)
		}
	}
}

// whole checks that no page had to read the state again, and that a page comes back to
// the other instance without a hole.
func (f *fleetOfTwo) whole(t *testing.T, since map[string]string) {
	t.Helper()
	for _, in := range []*instance{f.a, f.b} {
		eventually(t, "it is up to date", func() bool { return in.Healthy() == nil })
		if st := in.Stats(); st.Restarts != 0 {
			t.Errorf("continuity was lost %d times", st.Restarts)
		}
	}
	for _, user := range f.users {
		c := hubtest.Resume(t, f.b.url, user+"/web/s1", map[string]string{"user": since[user]})
		if !c.Ready().Topics["user"].Resumed {
			t.Errorf("%s is not resumed", user)
		}
		wantNumbers(t, c, "user", 2, f.sent)
	}
}

// positions are the pages' on a.
func (f *fleetOfTwo) positions() map[string]string {
	at := map[string]string{}
	for _, user := range f.users {
		at[user] = f.a.Position(hub.UserTopic(user))
	}
	return at
}

func TestAMasterThatSentinelsReplaceLosesNoEvent(t *testing.T) {
	t.Parallel()
	w := redistest.Sentinel(t)
	f := startTwo(t, w.Client, "alice", "bob")
	f.send(t, 1)
	since := f.positions()
	f.send(t, 20)
	w.Replicated(t)
	w.Failover(t)
	f.send(t, 20)
	f.whole(t, since)
}

func TestOnAClusterSlotsAndMastersChangeWithoutALostEvent(t *testing.T) {
	t.Parallel()
	nodes := redistest.Cluster(t)
	users := make([]string, len(nodes.Masters)) // one on each master
	for i := range users {
		for n := 0; users[i] == ""; n++ {
			if name := fmt.Sprint("user", n); nodes.Owner(hub.ChannelOf(hub.UserTopic(name))) == nodes.Masters[i] {
				users[i] = name
			}
		}
	}
	f := startTwo(t, nodes.Client, users...)
	f.send(t, 1)
	since := f.positions()
	f.send(t, 20)
	nodes.MoveSlot(t, hub.ChannelOf(hub.UserTopic(users[1])), nodes.Masters[2])
	f.send(t, 20)
	for _, in := range []*instance{f.a, f.b} {
		eventually(t, "it hears that the slot is gone", func() bool { return strings.Contains(in.log.String(), "the slot has moved") })
	}
	nodes.Replicated(t)
	nodes.Failover(t)
	f.send(t, 20)
	f.whole(t, since)
	if users, err := f.b.OnlineUsers(context.Background()); err != nil || len(users) != len(f.users) {
		t.Errorf("online are %v: %v", users, err)
	}
}

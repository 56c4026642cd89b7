package hub

import (
	"context"
	"fmt"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"mstm/hub/feed"
	"mstm/hub/hubtest"
)

// While a fleet changes from the version before, which wrote no versions behind tags, both write one log and read it.

// wireOf is what Redis passes on and keeps of the events that publish makes on alice's topic.
func wireOf(t *testing.T, client *redis.Client, publish func()) (messages []string, kept []redis.XMessage) {
	t.Helper()
	topic := UserTopic("alice")
	sub := client.Subscribe(t.Context(), ChannelOf(topic))
	defer sub.Close()
	if _, err := sub.Receive(t.Context()); err != nil {
		t.Fatal(err)
	}
	publish()
	kept, err := client.XRange(t.Context(), wireOfTests().LogKey(partitionIndex(topic)), "-", "+").Result()
	if err != nil {
		t.Fatal(err)
	}
	for range kept {
		m, err := sub.ReceiveMessage(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		messages = append(messages, m.Payload)
	}
	return messages, kept
}

// TestAnInstanceOfBeforeReadsWhatThisOneWrites reads as that version does: six words of a message, of which the last is
// the body and goes to pages as it is, and the fields t, b and i of an entry. The tag is opaque to it; each message names
// the one before.
func TestAnInstanceOfBeforeReadsWhatThisOneWrites(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer client.Close()
	h := New(Config{Redis: client})
	messages, kept := wireOf(t, client, func() {
		for version := range int64(3) {
			e := Event{Topic: UserTopic("alice"), Type: "cart.changed", Whole: true, Version: version, Data: map[string]int64{"version": version}}
			if version == 1 {
				e.Whole, e.Version = false, 0
			}
			if _, err := h.Publish(t.Context(), e); err != nil {
				t.Fatal(err)
			}
		}
	})
	if len(kept) != 3 {
		t.Fatalf("%d entries are kept", len(kept))
	}
	before := ""
	for i, m := range messages {
		body := fmt.Sprintf(`"type":"cart.changed","data":{"version":%d}`, i)
		words := strings.SplitN(m, " ", 6)
		if words[1] != fmt.Sprint(i+1) || words[2] != before || words[4] != "user:alice" || words[5] != body {
			t.Errorf("message %d is %q", i, m)
		}
		before = words[3]
		if of := kept[i].Values; len(of) != 3 || of["t"] != "user:alice" || of["b"] != body || of["i"] != words[3] {
			t.Errorf("entry %d is %v", i, of)
		}
		if is := strings.HasSuffix(words[3], fmt.Sprintf(":%d", i)); is != (i != 1) {
			t.Errorf("the tag of %d is %q", i, words[3])
		}
	}
}

// TestWhatAnInstanceOfBeforeHasWrittenPassesAsNews: in order, each by itself, live and to a page that comes back, between
// events of this version, and without a loss of continuity.
func TestWhatAnInstanceOfBeforeHasWrittenPassesAsNews(t *testing.T) {
	client := redis.NewClient(&redis.Options{Addr: miniredis.RunT(t).Addr()})
	defer client.Close()
	h := New(Config{Redis: client, Authenticate: func(context.Context, string) (Identity, error) {
		return Identity{User: "alice", Client: "web", Session: "s1"}, nil
	}})
	ctx, cancel := context.WithCancel(t.Context())
	running := make(chan struct{})
	go func() { defer close(running); h.Run(ctx) }()
	server := httptest.NewServer(h)
	defer server.Close()
	defer func() { cancel(); <-running }()
	for h.Healthy() != nil {
		time.Sleep(time.Millisecond)
	}
	topic := UserTopic("alice")
	p := h.partitionOf(topic)
	page := hubtest.Dial(t, server.URL, "alice")
	since := map[string]string{"user": page.Ready().Topics["user"].Pos}
	publish := func(version int64) {
		t.Helper()
		d := feed.Draft{Topic: topic, Body: fmt.Sprintf(`"type":"cart.changed","data":{"version":%d}`, version), Tag: fmt.Sprint("TAG", version)}
		if version >= 4 { // of this version
			d.State = feed.State{Whole: true, Version: version}
		}
		if _, err := feed.NewRedis(client, "mstm", "", partitionSpecs()).Append(t.Context(), p.index, d); err != nil {
			t.Fatal(err)
		}
	}
	versions := func(c *hubtest.Client, n int) (all []int) {
		for _, f := range c.Events(n, time.Minute) {
			var cart struct{ Version int }
			f.Into(t, &cart)
			all = append(all, cart.Version)
		}
		return all
	}
	for version := range int64(5) {
		publish(version)
	}
	if got := versions(page, 5); !slices.Equal(got, []int{0, 1, 2, 3, 4}) {
		t.Errorf("the page heard %v", got)
	}
	publish(5) // now, for a slow page is spared a whole state that a newer one replaces
	if got := versions(page, 6); !slices.Equal(got, []int{0, 1, 2, 3, 4, 5}) {
		t.Errorf("the page heard %v", got)
	}
	back := hubtest.Resume(t, server.URL, "alice", since)
	if got := versions(back, 5); !slices.Equal(got, []int{0, 1, 2, 3, 5}) || !back.Ready().Topics["user"].Resumed {
		t.Errorf("back again, the page heard %v", got)
	}
	again := New(Config{Redis: client}) // that begins with the log as it is
	secondEnds := make(chan struct{})
	go func() { defer close(secondEnds); again.Run(ctx) }()
	defer func() { cancel(); <-secondEnds }()
	for again.Healthy() != nil {
		time.Sleep(time.Millisecond)
	}
	if at := again.partitionOf(topic).log.Head(); at != p.log.Head() || h.feed.Restarts.Load() != 0 {
		t.Errorf("another instance is at %+v, this one at %+v after %d losses", at, p.log.Head(), h.feed.Restarts.Load())
	}
}

package hub_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// TestAThiefOfTheOldTokenIsOutWithinASecondOfANewPassword and hears nothing in that second: the page that set it brings its
// new token, a thief of the old one cannot.
func TestAThiefOfTheOldTokenIsOutWithinASecondOfANewPassword(t *testing.T) {
	addr, people := embedded(t), &accounts{dead: map[string]bool{}}
	in, elsewhere := startDoors(t, addr, with(people)), start(t, addr, with(people))
	page := hubtest.Dial(t, in.url, "alice/web/s1")
	thieves := map[string]*hubtest.Client{
		"a thief here": hubtest.Dial(t, in.url, "alice/web/s1"), "a thief elsewhere": hubtest.Dial(t, elsewhere.url, "alice/web/s1"),
		"a stream": hubtest.Events{Token: "alice/web/s1"}.Listen(t, in.events()),
		"a thief that brings the old token again": hubtest.Dial(t, elsewhere.url, "alice/web/s1"),
	}
	if err := in.EndOthers(context.Background(), "alice", "s1", "s2"); err != nil {
		t.Fatal(err)
	}
	changed := time.Now()
	in.publish(t, hub.UserTopic("alice"), "secret", nil)
	eventually(t, "the order and the event have passed elsewhere", func() bool { return elsewhere.Stats().Received == 2 })
	shown := make(chan struct{})
	people.set(func(a *accounts) {
		a.asked = func(token string) {
			if token == "alice/web/s1" {
				close(shown)
			}
		}
	})
	thieves["a thief that brings the old token again"].Send(map[string]string{"op": "token", "token": "alice/web/s1"})
	page.Send(map[string]string{"op": "token", "token": "alice/web/s2"})
	page.Wait("secret", soon)
	<-shown // while it was good
	people.set(func(a *accounts) { a.dead["alice/web/s1"] = true })
	for name, thief := range thieves {
		if end := thief.Ended(soon); end.Code != 4103 || end.Word != "CHECK_AGAIN" {
			t.Errorf("%s: ended with %+v; its token is to decide", name, end)
		}
		for _, f := range thief.All() {
			if f.Type == "secret" {
				t.Errorf("%s heard what came after the change", name)
			}
		}
	}
	if took := time.Since(changed); took > 1500*time.Millisecond { // a second, on a machine that is not busy
		t.Errorf("the last was out after %s", took)
	}
	in.publish(t, hub.UserTopic("alice"), "after", nil)
	page.Wait("after", soon)
}

// TestAHelloWithTheOldTokenUnderWayIsSentBackAfterANewPassword: its token was good when the hub looked, and is not now.
func TestAHelloWithTheOldTokenUnderWayIsSentBackAfterANewPassword(t *testing.T) {
	for name, away := range map[string]bool{"Redis is there": false, "Redis is away": true} {
		t.Run(name, func(t *testing.T) {
			var in *instance
			m, people := miniredis.RunT(t), &accounts{}
			people.asked = func(string) {
				if away {
					in.EndOthers(context.Background(), "alice", "s1", "s2")
				} else {
					in.hears(t, func() { in.EndOthers(context.Background(), "alice", "s1", "s2") })
				}
			}
			in = start(t, m.Addr(), with(people))
			if away {
				m.Close()
			}
			c := hubtest.Connect(t, in.url, hubtest.Options{})
			c.Hello("alice/web/s1", nil)
			if end := c.Ended(soon); end.Word != "CHECK_AGAIN" {
				t.Errorf("ended with %+v", end)
			}
		})
	}
}

// TestARenewalUnderWayIsWaitedFor: the store is slow to find the new token's user.
func TestARenewalUnderWayIsWaitedFor(t *testing.T) {
	goOn, checking := make(chan struct{}), make(chan struct{})
	people := &accounts{asked: func(token string) {
		if token == "alice/web/s2" {
			close(checking)
			<-goOn
		}
	}}
	in := prepare(t, embedded(t), with(people))
	in.RenewWithin(50 * time.Millisecond)
	in.begin(t)
	page, thief := hubtest.Dial(t, in.url, "alice/web/s1"), hubtest.Dial(t, in.url, "alice/web/s1")
	page.Send(map[string]string{"op": "token", "token": "alice/web/s2"})
	<-checking
	if err := in.EndOthers(context.Background(), "alice", "s1", "s2"); err != nil {
		t.Fatal(err)
	}
	thief.Ended(soon)
	close(goOn)
	in.publish(t, hub.UserTopic("alice"), "after", nil)
	page.Wait("after", soon)
}

// TestASocketElsewhereDoesNotOutliveItsTokenWithRedisAway: the order to end it has not come, so the stores are asked.
func TestASocketElsewhereDoesNotOutliveItsTokenWithRedisAway(t *testing.T) {
	m, people := miniredis.RunT(t), &accounts{dead: map[string]bool{}}
	a, b := start(t, m.Addr(), with(people)), start(t, m.Addr(), with(people))
	var there []*hubtest.Client
	for i := range 20 {
		there = append(there, hubtest.Dial(t, b.url, fmt.Sprintf("alice/web/s%d", i%2+1)))
	}
	m.Close()
	people.set(func(a *accounts) { a.dead["alice/web/s1"] = true })
	a.End(context.Background(), "alice", "web", "s2", hub.Replaced)
	gone := time.Now()
	for i, c := range there {
		if i%2 == 1 {
			continue
		}
		if end := c.Ended(2 * soon); end.Code != 4103 || end.Word != "CHECK_AGAIN" {
			t.Errorf("ended with %+v", end)
		}
	}
	if took := time.Since(gone); took > 10*time.Second {
		t.Errorf("the last was out after %s", took)
	}
	for i, c := range there {
		if i%2 == 1 && !c.Open() {
			t.Error("a session that is good was ended")
		}
	}
}

// TestASocketElsewhereDoesNotOutliveItsTokenWithRedisFull: it takes no order, but passes on that there is one.
func TestASocketElsewhereDoesNotOutliveItsTokenWithRedisFull(t *testing.T) {
	r, people := startRedis(t, "--maxmemory-policy", "noeviction"), &accounts{dead: map[string]bool{}}
	a, b := start(t, r.addr, with(people)), start(t, r.addr, with(people))
	here, there := hubtest.Dial(t, a.url, "alice/web/s1"), hubtest.Dial(t, b.url, "alice/web/s1")
	other := hubtest.Dial(t, b.url, "alice/phone/s2")
	r.ConfigSet(context.Background(), "maxmemory", "1")
	people.set(func(a *accounts) { a.dead["alice/web/s1"] = true })
	if err := a.End(context.Background(), "alice", "web", "", hub.LoggedOut); err == nil {
		t.Error("a full Redis took the order")
	}
	gone := time.Now()
	if end := here.Ended(soon); end.Code != 4004 {
		t.Errorf("here: ended with %+v", end)
	}
	if end := there.Ended(soon); end.Word != "CHECK_AGAIN" || time.Since(gone) > 2*time.Second {
		t.Errorf("there: ended with %+v after %s", end, time.Since(gone))
	}
	if !other.Open() {
		t.Error("another client's socket was ended")
	}
}

// TestALogoutDoesNotWaitForARedisThatDoesNotAnswer: its sockets here end at once.
func TestALogoutDoesNotWaitForARedisThatDoesNotAnswer(t *testing.T) {
	slow := &slowRedis{goOn: make(chan struct{})}
	in := start(t, embedded(t), func(c *hub.Config) { c.Redis.AddHook(slow) })
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	slow.armed.Store(true)
	ended := make(chan error, 1)
	go func() { ended <- in.End(context.Background(), "alice", "web", "", hub.LoggedOut) }()
	if end := c.Ended(soon); end.Code != 4004 {
		t.Errorf("ended with %+v", end)
	}
	slow.armed.Store(false)
	close(slow.goOn)
	<-ended
}

// TestASparedSessionIsAskedAboutThoughItsHelloWasUnderWay: its token was good when the hub looked, and is not now.
func TestASparedSessionIsAskedAboutThoughItsHelloWasUnderWay(t *testing.T) {
	var in *instance
	people := &accounts{dead: map[string]bool{}}
	people.asked = func(token string) {
		if token != "alice/web/s1" {
			return
		}
		people.set(func(a *accounts) { a.dead[token] = true })
		in.hears(t, func() { in.End(context.Background(), "alice", "", "s1", hub.Refused) })
	}
	in = prepare(t, embedded(t), with(people))
	in.RenewWithin(10 * time.Millisecond)
	in.begin(t)
	in.joinedByGuests(t)
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/s1", nil)
	if end := c.Ended(2 * soon); end.Word != "CHECK_AGAIN" {
		t.Errorf("ended with %+v", end)
	}
}

// TestNoSocketIsEndedWhileItsTokenCannotBeChecked: the store is away.
func TestNoSocketIsEndedWhileItsTokenCannotBeChecked(t *testing.T) {
	m, people := miniredis.RunT(t), &accounts{dead: map[string]bool{"alice/web/s1": true}, away: true}
	asked := make(chan struct{}, 100)
	in := startQuick(t, m.Addr(), func(c *hub.Config) {
		c.StillGood = func(ctx context.Context, ids []hub.Identity) ([]bool, error) {
			select {
			case asked <- struct{}{}:
			default:
			}
			return people.stillGood(ctx, ids)
		}
	})
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	<-asked
	<-asked // the first answer was heeded
	in.publish(t, hub.UserTopic("alice"), "after", nil)
	c.Wait("after", soon)
	if !c.Open() {
		t.Error("it was ended")
	}
	people.set(func(a *accounts) { a.away = false })
	c.Ended(2 * soon)
}

// TestSocketsFromBeforeTheFirstContactWithRedisAreChecked: what is in the logs by then is not heard any more.
func TestSocketsFromBeforeTheFirstContactWithRedisAreChecked(t *testing.T) {
	addr, people := embedded(t), &accounts{dead: map[string]bool{}}
	elsewhere := start(t, addr)
	var there atomic.Bool
	in := prepare(t, addr, with(people), func(c *hub.Config) { c.Redis = redisFrom(t, addr, &there) }).run(t)
	in.joinedByGuests(t)
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	people.set(func(a *accounts) { a.dead["alice/web/s1"] = true })
	if err := elsewhere.End(context.Background(), "alice", "web", "", hub.LoggedOut); err != nil {
		t.Fatal(err)
	}
	there.Store(true)
	if end := c.Ended(2 * soon); end.Code != 4103 || end.Word != "CHECK_AGAIN" {
		t.Errorf("ended with %+v; it was to come back and show its token", end)
	}
}

// redisFrom is a client of a Redis that cannot be reached until it is there.
func redisFrom(t testing.TB, addr string, there *atomic.Bool) *redis.Client {
	client := redis.NewClient(&redis.Options{Addr: addr, MaxRetries: -1, DialerRetries: 1, Dialer: func(ctx context.Context, network, addr string) (net.Conn, error) {
		if !there.Load() {
			return nil, errors.New("no route to host")
		}
		return new(net.Dialer).DialContext(ctx, network, addr)
	}})
	t.Cleanup(func() { client.Close() })
	return client
}

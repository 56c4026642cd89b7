package hub_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

func TestEndClosesTheRightSocketsOnEveryInstance(t *testing.T) {
	for _, tt := range []struct {
		name           string
		client, except string
		reason         hub.EndReason
		ended          string // sessions
		code           int
	}{
		{"a replaced login ends the old session of that client", "web", "web2", hub.Replaced, "web1", 4002},
		{"a logout ends all sockets of that client", "phone", "", hub.LoggedOut, "phone1", 4004},
		{"a new password ends all but the session that set it", "", "web2", hub.Refused, "web1 phone1", 4001},
		{"a disabled account loses them all", "", "", hub.Refused, "web1 web2 phone1", 4001},
	} {
		t.Run(tt.name, func(t *testing.T) {
			addr := embedded(t)
			a, b := start(t, addr), start(t, addr)
			sockets := map[string]*hubtest.Client{
				"web1":   hubtest.Dial(t, a.url, "alice/web/web1"),
				"web2":   hubtest.Dial(t, b.url, "alice/web/web2"),
				"phone1": hubtest.Dial(t, b.url, "alice/phone/phone1"),
				"bob":    hubtest.Dial(t, a.url, "bob/web/bob"),
			}
			if err := a.End(context.Background(), "alice", tt.client, tt.except, tt.reason); err != nil {
				t.Fatal(err)
			}
			for _, session := range strings.Fields(tt.ended) {
				end := sockets[session].Ended(soon)
				if end.Code != tt.code || end.RetryMS != 0 {
					t.Errorf("%s ended with %+v, want %d", session, end, tt.code)
				}
				if tt.reason == hub.Replaced {
					sockets[session].Wait("session.replaced", soon)
				}
				delete(sockets, session)
			}
			a.publish(t, hub.Activity, "after", nil)
			for session, c := range sockets {
				if c.Wait("after", soon); !c.Open() {
					t.Errorf("%s was ended, too", session)
				}
			}
		})
	}
}

func TestOldOrdersToEndAreNotReplayed(t *testing.T) {
	addr := embedded(t)
	in := start(t, addr)
	pos := in.publish(t, hub.UserTopic("alice"), "number", 0)
	in.End(context.Background(), "alice", "web", "", hub.LoggedOut)
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 1)
	fresh := start(t, addr)
	for _, at := range []*instance{in, fresh} {
		c := hubtest.Resume(t, at.url, "alice/web/s2", map[string]string{"user": pos})
		wantNumbers(t, c, "user", 1, 1)
		if len(c.All()) != 2 || !c.Open() {
			t.Errorf("got %+v", c.All())
		}
	}
}

// TestAPositionAheadOfTheLogShieldsNobody: since is the client's word, and orders to end sockets are no
// events that it could claim to have seen.
func TestAPositionAheadOfTheLogShieldsNobody(t *testing.T) {
	in := start(t, embedded(t))
	here := in.publish(t, hub.UserTopic("alice"), "number", 0)
	eventually(t, "it was fed", func() bool { return in.Stats().Received == 1 })
	epoch, _, _ := strings.Cut(here, "-")
	c := hubtest.Resume(t, in.url, "alice/web/stolen", map[string]string{"user": epoch + "-4000"})
	if err := in.End(context.Background(), "alice", "", "", hub.Refused); err != nil {
		t.Fatal(err)
	}
	if end := c.Ended(soon); end.Code != 4001 {
		t.Errorf("ended with %+v", end)
	}
}

// TestALogoutWhileHelloIsBeingCheckedIsNotMissed ends the session after its token was found
// good and before the socket follows anything.
func TestALogoutWhileHelloIsBeingCheckedIsNotMissed(t *testing.T) {
	var in *instance
	people := &accounts{}
	people.asked = func(token string) {
		if token != "alice/web/s1" {
			return
		}
		in.hears(t, func() { in.End(context.Background(), "alice", "web", "", hub.LoggedOut) })
	}
	in = start(t, embedded(t), with(people))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/s1", nil)
	if end := c.Ended(soon); end.Code != 4001 {
		t.Errorf("ended with %+v", end)
	}
}

// TestALogoutWhileHelloIsBeingCheckedIsNotMissedWithRedisAway either: the order stands in line and is in no log.
func TestALogoutWhileHelloIsBeingCheckedIsNotMissedWithRedisAway(t *testing.T) {
	m := miniredis.RunT(t)
	var in *instance
	people := &accounts{}
	people.asked = func(string) { in.End(context.Background(), "alice", "web", "", hub.LoggedOut) }
	in = start(t, m.Addr(), with(people))
	m.Close()
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/s1", nil)
	if end := c.Ended(soon); end.Code != 4001 {
		t.Errorf("ended with %+v", end)
	}
}

// TestALoginAfterALogoutIsNotTakenForTheOneThatEnded: the order comes late, while the new token is being checked.
func TestALoginAfterALogoutIsNotTakenForTheOneThatEnded(t *testing.T) {
	addr, slow := embedded(t), &slowRedis{goOn: make(chan struct{})}
	elsewhere := start(t, addr, func(c *hub.Config) { c.Redis.AddHook(slow) })
	var in *instance
	people := &accounts{}
	people.asked = func(string) {
		in.hears(t, func() { close(slow.goOn) })
	}
	in = start(t, addr, with(people))
	slow.armed.Store(true)
	ended := make(chan error, 1)
	go func() { ended <- elsewhere.End(context.Background(), "alice", "web", "", hub.LoggedOut) }()
	eventually(t, "the order is given", func() bool { return slow.waits.Load() })
	for at := time.Now().UnixMilli(); time.Now().UnixMilli() == at; { // which is what orders are compared by
		time.Sleep(time.Millisecond)
	}
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/s2", nil)
	if end := c.Ended(soon); end.Code != 4103 || end.Word != "CHECK_AGAIN" {
		t.Errorf("ended with %+v; its token is to decide", end)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// slowRedis holds scripts up, once armed, until it is told to go on; one that is full takes none.
type slowRedis struct {
	armed, waits, full atomic.Bool
	goOn               chan struct{}
}

func (s *slowRedis) DialHook(next redis.DialHook) redis.DialHook { return next }

func (s *slowRedis) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error {
		if cmd.Name() == "evalsha" && s.armed.Load() {
			s.waits.Store(true)
			<-s.goOn
		}
		if cmd.Name() == "evalsha" && s.full.Load() {
			return errors.New("OOM command not allowed")
		}
		return next(ctx, cmd)
	}
}

func (s *slowRedis) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return next
}

func TestATokenIsRenewedInPlace(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	c.Send(map[string]string{"op": "token", "token": "alice/web/s2"})
	c.WaitFor("ready for the new token", soon, func(f hubtest.Frame) bool { return f.Op == "ready" && len(f.Topics) == 0 })
	if err := in.End(context.Background(), "alice", "web", "s2", hub.Replaced); err != nil {
		t.Fatal(err)
	}
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 2)
	wantNumbers(t, c, "user", 1, 2)
}

// TestANewPasswordSparesThePageThatSetIt also where the order to end the others comes while it brings its new token.
func TestANewPasswordSparesThePageThatSetIt(t *testing.T) {
	var in *instance
	people := &accounts{}
	people.asked = func(token string) {
		if token != "alice/web/s2" {
			return
		}
		in.hears(t, func() { in.EndOthers(context.Background(), "alice", "s1", "s2") })
	}
	in = start(t, embedded(t), with(people))
	page, thief := hubtest.Dial(t, in.url, "alice/web/s1"), hubtest.Dial(t, in.url, "alice/phone/s3")
	page.Send(map[string]string{"op": "token", "token": "alice/web/s2"})
	page.WaitFor("ready for the new token", soon, func(f hubtest.Frame) bool { return f.Op == "ready" && len(f.Topics) == 0 })
	if end := thief.Ended(soon); end.Code != 4001 {
		t.Errorf("ended with %+v", end)
	}
}

func TestWhatARenewalRefuses(t *testing.T) {
	for _, tt := range []struct {
		name, from, to string
		code           int
	}{
		{"another user's token", "alice/web/s1", "bob/web/s1", 4003},
		{"a token that is no good", "alice/web/s1", "rubbish", 4001},
		{"no token", "alice/web/s1", "", 4001},
	} {
		t.Run(tt.name, func(t *testing.T) {
			in := start(t, embedded(t))
			c := hubtest.Dial(t, in.url, tt.from)
			c.Send(map[string]string{"op": "token", "token": tt.to})
			if end := c.Ended(soon); end.Code != tt.code {
				t.Errorf("ended with %+v, want %d", end, tt.code)
			}
		})
	}
}

func TestAGuestLogsInOnTheOpenSocket(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "")
	c.Send(map[string]string{"op": "token", "token": "alice/web/s1"})
	f := c.WaitFor("ready for user", soon, func(f hubtest.Frame) bool { _, ok := f.Topics["user"]; return ok })
	if f.User == nil || *f.User != "alice" {
		t.Errorf("ready %+v", f)
	}
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 2)
	wantNumbers(t, c, "user", 1, 2)
}

func TestARefusedTokenDoesNotComeBackAndAnUncertainOneDoes(t *testing.T) {
	people := &accounts{}
	in := start(t, embedded(t), with(people))
	c := hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("secret-rubbish", nil)
	if end := c.Ended(soon); end.Code != 4001 || end.Word != "TOKEN_REFUSED" {
		t.Errorf("ended with %+v", end)
	}
	people.set(func(a *accounts) { a.away = true })
	c = hubtest.Connect(t, in.url, hubtest.Options{})
	c.Hello("alice/web/secret", nil)
	if end := c.Ended(soon); end.Code != 4103 || end.RetryMS <= 0 {
		t.Errorf("ended with %+v while the store was away", end)
	}
	if strings.Contains(in.log.String(), "secret") {
		t.Errorf("a token is in the log: %s", in.log)
	}
}

func TestALearnersOwnTopicCannotBeLeftSoThatLogoutFindsTheSocket(t *testing.T) {
	in := start(t, embedded(t))
	c := hubtest.Dial(t, in.url, "alice/web/s1")
	c.Send(map[string]string{"op": "unfollow", "topic": "user"})
	if f := c.Wait("error", soon); f.Code != "TOPIC_FORBIDDEN" {
		t.Errorf("answer %+v", f)
	}
	in.End(context.Background(), "alice", "", "", hub.LoggedOut)
	c.Ended(time.Second)
}

// TestASocketDoesNotOutliveItsTokenThoughTheOrderWasLost: the instance that was to give it died, or Redis did
// with the order in it.
func TestASocketDoesNotOutliveItsTokenThoughTheOrderWasLost(t *testing.T) {
	for name, lost := range map[string]bool{"nobody gave it": false, "Redis lost it": true} {
		t.Run(name, func(t *testing.T) {
			m, people := miniredis.RunT(t), &accounts{dead: map[string]bool{}}
			begin := startQuick
			if lost {
				begin = start // whose rounds are longer than this test
			}
			in := begin(t, m.Addr(), with(people))
			revoked, guest := hubtest.Dial(t, in.url, "alice/web/s1"), hubtest.Dial(t, in.url, "")
			renewed := hubtest.Dial(t, in.url, "alice/phone/s2")
			renewed.Send(map[string]string{"op": "token", "token": "alice/phone/s3"})
			renewed.WaitFor("ready for the new token", soon, func(f hubtest.Frame) bool { return f.Op == "ready" && len(f.Topics) == 0 })
			people.set(func(a *accounts) { a.dead["alice/web/s1"], a.dead["alice/phone/s2"] = true, true })
			if lost {
				m.FlushAll()
			}
			if end := revoked.Ended(2 * soon); end.Code != 4103 || end.Word != "CHECK_AGAIN" {
				t.Errorf("ended with %+v; it was to come back and show its token", end)
			}
			if lost { // what is published before these comes as state
				readyFalse(t, renewed, "user")
				readyFalse(t, guest, hub.Activity)
			}
			in.publish(t, hub.UserTopic("alice"), "after", nil)
			renewed.Wait("after", soon)
			in.publish(t, hub.Activity, "after", nil)
			guest.Wait("after", soon)
		})
	}
}

// TestWhoHasTheOldTokenTooIsOutWithinASecondOfANewPassword and hears nothing meanwhile: the page that set it brings its
// new token, a thief of the old one cannot.
func TestWhoHasTheOldTokenTooIsOutWithinASecondOfANewPassword(t *testing.T) {
	addr, people := embedded(t), &accounts{dead: map[string]bool{}}
	in, elsewhere := startDoors(t, addr, with(people)), start(t, addr, with(people))
	page := hubtest.Dial(t, in.url, "alice/web/s1")
	thieves := map[string]*hubtest.Client{
		"a thief here": hubtest.Dial(t, in.url, "alice/web/s1"), "a thief elsewhere": hubtest.Dial(t, elsewhere.url, "alice/web/s1"),
		"a stream":                               hubtest.Events{Token: "alice/web/s1"}.Listen(t, in.events()),
		"a thief who brings the old token again": hubtest.Dial(t, elsewhere.url, "alice/web/s1"),
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
	thieves["a thief who brings the old token again"].Send(map[string]string{"op": "token", "token": "alice/web/s1"})
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

// TestARenewalUnderWayIsWaitedFor: the store is slow to say whose the new token is.
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

// TestNobodyIsEndedWhileItCannotBeTold: the store is away.
func TestNobodyIsEndedWhileItCannotBeTold(t *testing.T) {
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

// TestWhoCameBeforeTheFirstContactWithRedisIsAskedAbout: what is in the logs by then is not heard any more.
func TestWhoCameBeforeTheFirstContactWithRedisIsAskedAbout(t *testing.T) {
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

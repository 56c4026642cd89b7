package hub_test

import (
	"context"
	"errors"
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

// TestAPositionAheadOfTheLogHidesNoEvent: since is the client's word, and orders to end sockets are no
// events that it could claim to have seen.
func TestAPositionAheadOfTheLogHidesNoEvent(t *testing.T) {
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

// slowRedis holds scripts up, once armed, until goOn; one that is full takes none.
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
	for name, lost := range map[string]bool{"no order was given": false, "Redis lost it": true} {
		t.Run(name, func(t *testing.T) {
			m, people := miniredis.RunT(t), &accounts{dead: map[string]bool{}}
			begin := startQuick
			if lost {
				begin = start // its rounds are longer than this test
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

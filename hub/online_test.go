package hub_test

import (
	"context"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/google/go-cmp/cmp"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// wantOnline waits until an instance knows what is so.
func (in *instance) wantOnline(t testing.TB, want hub.Online) {
	t.Helper()
	want.Complete = true
	deadline := time.Now().Add(2 * soon)
	for !cmp.Equal(want, in.Online()) && time.Now().Before(deadline) {
		time.Sleep(5 * time.Millisecond)
	}
	if diff := cmp.Diff(want, in.Online()); diff != "" {
		t.Fatalf("the users online: %s", diff)
	}
}

func TestUsersOnlineAreKnownOnEveryInstance(t *testing.T) {
	addr := embedded(t)
	a, b := startQuick(t, addr), startQuick(t, addr)
	both := func(want hub.Online) {
		t.Helper()
		want.Instances = 2
		a.wantOnline(t, want)
		b.wantOnline(t, want)
	}
	type topics = map[string]hub.Followers
	both(hub.Online{Topics: topics{}})
	hubtest.Dial(t, a.url, "alice/web/s1")
	phone := hubtest.Dial(t, b.url, "alice/phone/s2")
	hubtest.Dial(t, b.url, "staff/web/s3").Follow("desk", "")
	visitor := hubtest.Dial(t, a.url, "")
	visitor.Follow("course:go1", "")
	phone.Follow("course:go1", "")
	both(hub.Online{Sockets: 4, Anonymous: 1, Users: 2, Topics: topics{
		"user": {Users: 2, Sockets: 3}, "activity": {Users: 2, Sockets: 4},
		"course:go1": {Users: 1, Sockets: 2}, "desk": {Users: 1, Sockets: 1},
	}})
	visitor.Send(map[string]string{"op": "token", "token": "bob/web/s4"}) // logs in on the open socket
	phone.Close()
	both(hub.Online{Sockets: 3, Users: 3, Topics: topics{
		"user": {Users: 3, Sockets: 3}, "activity": {Users: 3, Sockets: 3},
		"course:go1": {Users: 1, Sockets: 1}, "desk": {Users: 1, Sockets: 1},
	}})
	for _, in := range []*instance{a, b} {
		users, err := in.OnlineUsers(context.Background())
		slices.Sort(users)
		if diff := cmp.Diff([]string{"alice", "bob", "staff"}, users); diff != "" || err != nil {
			t.Errorf("users online: %v %s", err, diff)
		}
	}
	visitor.Close()
	b.stop() // what is left on it does not count: it serves no page
	a.wantOnline(t, hub.Online{Instances: 1, Sockets: 1, Users: 1, Topics: topics{
		"user": {Users: 1, Sockets: 1}, "activity": {Users: 1, Sockets: 1},
	}})
}

func TestAnInstanceThatIsKilledDoesNotCountForLong(t *testing.T) {
	r := startRedis(t)
	here := startQuick(t, r.addr)
	doomed := startProcess(t, r.addr, quickInstance+"=1")
	hubtest.Dial(t, here.url, "alice/web/s1")
	hubtest.Dial(t, doomed.url, "bob/web/s1")
	one := hub.Followers{Users: 1, Sockets: 1}
	two := hub.Followers{Users: 2, Sockets: 2}
	here.wantOnline(t, hub.Online{Instances: 2, Sockets: 2, Users: 2, Topics: map[string]hub.Followers{"user": two, "activity": two}})
	doomed.kill()
	here.wantOnline(t, hub.Online{Instances: 1, Sockets: 1, Users: 1, Topics: map[string]hub.Followers{"user": one, "activity": one}})
}

func TestWithoutRedisNoUserIsGuessedToBeOnline(t *testing.T) {
	m := miniredis.RunT(t)
	a, b := startQuick(t, m.Addr()), startQuick(t, m.Addr())
	hubtest.Dial(t, b.url, "bob/web/s1")
	one := hub.Followers{Users: 1, Sockets: 1}
	want := hub.Online{Instances: 2, Sockets: 1, Users: 1, Topics: map[string]hub.Followers{"user": one, "activity": one}}
	a.wantOnline(t, want)
	m.Close()
	eventually(t, "only what is here is counted", func() bool { return a.Online().Instances == 1 && !a.Online().Complete })
	if users, err := a.OnlineUsers(context.Background()); err != hub.ErrFleetUnknown {
		t.Errorf("%v are said to be online: %v", users, err)
	}
	if n := b.Online().Users; n != 1 {
		t.Errorf("%d users are known where they are", n)
	}
	if err := m.Restart(); err != nil {
		t.Fatal(err)
	}
	a.wantOnline(t, want)
}

// TestTheFleetOutlivesAStreamThatBeginsEarlier is a replica without the tail and with a slow
// clock: its entries have lower ids than those which were read.
func TestTheFleetOutlivesAStreamThatBeginsEarlier(t *testing.T) {
	m := miniredis.RunT(t)
	m.SetTime(time.Now().Add(time.Hour))
	a, b := startQuick(t, m.Addr()), startQuick(t, m.Addr())
	hubtest.Dial(t, b.url, "")
	all := map[string]hub.Followers{"activity": {Sockets: 1}}
	a.wantOnline(t, hub.Online{Instances: 2, Sockets: 1, Anonymous: 1, Topics: all})
	m.Del("mstm:hub:{fleet}:log")
	m.SetTime(time.Now())
	hubtest.Dial(t, b.url, "")
	all["activity"] = hub.Followers{Sockets: 2}
	a.wantOnline(t, hub.Online{Instances: 2, Sockets: 2, Anonymous: 2, Topics: all})
}

func TestCapsCountTheSocketsOnAllInstances(t *testing.T) {
	addr := embedded(t)
	change := func(c *hub.Config) {
		c.MaxPerUser, c.MaxPerAddress = 2, 4
		c.RemoteAddr = func(r *http.Request) string { return r.Header.Get("X-Real-IP") }
	}
	from := func(addr string) hubtest.Options {
		return hubtest.Options{Header: http.Header{"X-Real-Ip": {addr}}}
	}
	a, b := startQuick(t, addr, change), startQuick(t, addr, change)
	for _, url := range []string{a.url, b.url} {
		hubtest.Connect(t, url, from("10.0.0.1")).Hello("alice/web/s1", nil)
	}
	hubtest.Connect(t, a.url, from("10.0.0.1"))
	last := hubtest.Connect(t, a.url, from("10.0.0.1"))
	for _, in := range []*instance{a, b} {
		eventually(t, "the four are known", func() bool { return in.Online().Sockets == 4 && in.Online().Topics["user"].Sockets == 2 })
		third := hubtest.Connect(t, in.url, from("10.0.0.2"))
		third.Hello("alice/web/s1", nil)
		if end := third.Ended(soon); end.Code != 4104 || end.RetryMS <= 0 || end.RetryMS > 10_000 {
			t.Errorf("a third socket of one user ended with %+v", end)
		}
		_, res, err := hubtest.Try(in.url, from("10.0.0.1"))
		if err == nil || res.StatusCode != http.StatusTooManyRequests || res.Header.Get("Retry-After") == "" {
			t.Errorf("a fifth socket of one address: %v, %+v", err, res)
		}
	}
	last.Close()
	eventually(t, "a place is free again", func() bool {
		ws, _, err := hubtest.Try(b.url, from("10.0.0.1"))
		if err == nil {
			ws.Close()
		}
		return err == nil
	})
}

// commandCount counts what a client sends to Redis.
type commandCount struct{ n atomic.Int64 }

func (c *commandCount) DialHook(next redis.DialHook) redis.DialHook {
	return func(ctx context.Context, network, addr string) (net.Conn, error) { return next(ctx, network, addr) }
}

func (c *commandCount) ProcessHook(next redis.ProcessHook) redis.ProcessHook {
	return func(ctx context.Context, cmd redis.Cmder) error { c.n.Add(1); return next(ctx, cmd) }
}

func (c *commandCount) ProcessPipelineHook(next redis.ProcessPipelineHook) redis.ProcessPipelineHook {
	return func(ctx context.Context, cmds []redis.Cmder) error { c.n.Add(int64(len(cmds))); return next(ctx, cmds) }
}

// TestAReconnectAsksNothingOfRedis comes back with caps on while nothing else runs.
func TestAReconnectAsksNothingOfRedis(t *testing.T) {
	addr := embedded(t)
	count := &commandCount{}
	change := func(c *hub.Config) {
		c.MaxPerUser, c.MaxPerAddress, c.MaxPerInstance = 10, 10, 10
		c.Redis.AddHook(count)
	}
	in := startQuick(t, addr, change)
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 5)
	first := hubtest.Dial(t, in.url, "alice/web/s1")
	since := map[string]string{"user": first.Ready().Topics["user"].Pos, "course:go1": "", "activity": first.Ready().Topics["activity"].Pos}
	in.stop()
	before := count.n.Load()
	for range 5 {
		c := hubtest.Resume(t, in.url, "alice/web/s1", since)
		if st := c.Ready().Topics["user"]; !st.Resumed {
			t.Errorf("ready says %+v", st)
		}
	}
	if n := count.n.Load() - before; n != 0 {
		t.Errorf("five sockets sent %d commands to Redis", n)
	}
	if strings.Contains(in.log.String(), "alice") {
		t.Errorf("the log names a user: %s", in.log)
	}
}

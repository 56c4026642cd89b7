package hub_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http/httptest"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// clusterOfOne is a Redis Cluster with one node for all slots: enough to refuse a script with keys
// in two slots.
func clusterOfOne(t *testing.T) *realRedis {
	r := startRedis(t, "--cluster-enabled", "yes")
	ctx := context.Background()
	if err := r.ClusterAddSlotsRange(ctx, 0, 16383).Err(); err != nil {
		t.Fatal(err)
	}
	eventually(t, "the cluster is up", func() bool {
		return strings.Contains(r.ClusterInfo(ctx).Val(), "cluster_state:ok")
	})
	return r
}

func TestOnARedisClusterEveryScriptKeepsToOneSlot(t *testing.T) {
	r := clusterOfOne(t)
	client := redis.NewClusterClient(&redis.ClusterOptions{Addrs: []string{r.addr}})
	t.Cleanup(func() { client.Close() })
	onCluster := func(c *hub.Config) { c.Redis = client }
	a, b := start(t, r.addr, onCluster), start(t, r.addr, onCluster)
	c := hubtest.Dial(t, a.url, "alice/web/s1")
	b.publishThrough(t, hub.UserTopic("alice"), 1, 20) // each with a key of its own for Once
	wantNumbers(t, c, "user", 1, 20)
	for i := range 40 { // every partition
		topic := hub.CourseTopic(fmt.Sprint("c", i))
		if i%2 == 0 {
			topic = hub.UserTopic(fmt.Sprint("u", i))
		}
		a.publish(t, topic, "x", nil)
	}
	if err := b.End(context.Background(), "alice", "", "", hub.LoggedOut); err != nil {
		t.Fatal(err)
	}
	c.Ended(soon)
	again := hubtest.Resume(t, b.url, "alice/web/s2", map[string]string{"user": c.All()[1].Pos})
	wantNumbers(t, again, "user", 2, 20)
}

// TestUnderTLSTheSamePromisesHold takes the way of writing that does not use the socket directly.
func TestUnderTLSTheSamePromisesHold(t *testing.T) {
	in := prepare(t, embedded(t)).runBehind(t, httptest.NewTLSServer)
	eventually(t, "the instance reaches Redis", func() bool { return in.Healthy() == nil })
	c := hubtest.Connect(t, in.url, hubtest.Options{Insecure: true})
	c.Hello("alice/web/s1", nil)
	c.Ready()
	in.publishNumbers(t, hub.UserTopic("alice"), 1, 200)
	wantNumbers(t, c, "user", 1, 200)
	in.End(context.Background(), "alice", "", "", hub.Replaced)
	c.Wait("session.replaced", soon)
	if end := c.Ended(soon); end.Code != 4002 {
		t.Errorf("ended with %+v", end)
	}
	eventually(t, "it is gone", func() bool { return in.Stats().Sockets == 0 })
}

// TestComingAndGoingLeavesNothingBehind lets sockets end in every way there is.
func TestComingAndGoingLeavesNothingBehind(t *testing.T) {
	in := startQuick(t, embedded(t))
	hubtest.Dial(t, in.url, "alice/web/s0").Close()
	eventually(t, "the first is gone", func() bool { return in.Stats().Sockets == 0 })
	before := runtime.NumGoroutine()
	ways := []func(*websocket.Conn){
		func(ws *websocket.Conn) {}, // never says hello
		func(ws *websocket.Conn) { ws.WriteMessage(websocket.TextMessage, []byte("rubbish")) },
		func(ws *websocket.Conn) { ws.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello"}`)) },
		func(ws *websocket.Conn) {
			ws.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello","token":"alice/web/s1"}`))
			ws.ReadMessage()
			in.End(context.Background(), "alice", "", "", hub.LoggedOut)
		},
		func(ws *websocket.Conn) {
			ws.WriteMessage(websocket.TextMessage, []byte(`{"op":"hello","token":"bob/web/s1"}`))
			ws.WriteControl(websocket.CloseMessage, websocket.FormatCloseMessage(1001, ""), time.Now().Add(time.Second))
		},
	}
	for i := range 150 {
		ws, _, err := hubtest.Try(in.url, hubtest.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ways[i%len(ways)](ws)
		if rand.N(2) == 0 {
			ws.Close()
		} else {
			defer ws.Close()
		}
	}
	eventually(t, "all are gone", func() bool {
		st := in.Stats()
		return st.Sockets == 0 && st.Topics == 0
	})
	eventually(t, "their goroutines, too", func() bool { return runtime.NumGoroutine() <= before+2 })
}

// FuzzFrames sends what it likes after hello: the socket may be closed, with a code of the
// contract, and no other page may notice.
func FuzzFrames(f *testing.F) {
	for _, seed := range []string{
		`{"op":"ping"}`, `{"op":"follow","topic":"course:c1","since":"x-1"}`, `{"op":"unfollow","topic":"activity"}`,
		`{"op":"token","token":"bob/web/s1"}`, `{"op":"hello"}`, `null`, `[]`, `{"op":"follow","topic":"user:bob"}`,
		"\xff\xfe", `{"op":{}}`, `{"since":{"a":1}}`,
	} {
		f.Add([]byte(seed), byte(0x81), byte(0))
	}
	for _, second := range []byte{0x05, 0x80, 0x83, 0xfe, 0xff, 0x7f} { // no mask, nothing, too little, lengths that lie
		f.Add([]byte("\x00\x00\x7f{\"op\":\"ping\"}"), byte(0x81), second)
	}
	in := start(f, embedded(f))
	witness := hubtest.Dial(f, in.url, "witness/web/s1")
	n := 0
	f.Fuzz(func(t *testing.T, payload []byte, first, second byte) {
		payload = payload[:min(len(payload), 100)]
		if second == 0 { // what it is to be
			second = 0x80 | byte(len(payload))
		}
		c := hubtest.Dial(t, in.url, "alice/web/s1")
		frame := append([]byte{first, second, 0, 0, 0, 0}, payload...) // a zero mask, where second says that there is one
		c.Conn().NetConn().Write(frame)
		in.End(context.Background(), "alice", "", "", hub.LoggedOut)
		if end := c.Ended(soon); end.Code == 1006 {
			t.Errorf("%x%x %q broke the connection: %+v", first, second, payload, end)
		}
		n++
		in.publishNumbers(t, hub.UserTopic("witness"), n, n)
		var all []hubtest.Frame
		eventually(t, "the witness hears it", func() bool { all = witness.All(); return len(all) > n })
		if latest := string(all[len(all)-1].Data); len(all) != n+1 || latest != fmt.Sprint(n) {
			t.Fatalf("the witness has %d frames, the latest with %s, when number %d was due", len(all), latest, n)
		}
		if st := in.Stats(); st.Restarts != 0 {
			t.Errorf("%x%x %q disturbed the hub: %+v", first, second, payload, st)
		}
	})
}

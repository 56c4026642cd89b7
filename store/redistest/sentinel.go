package redistest

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Watched is a master with one replica and three sentinels that take half a second's silence
// for death.
type Watched struct {
	URL             string // redis+sentinel://…
	Master, Replica *Server
	sentinels       []*Server
}

const masterName = "shop"

// Sentinel starts them all and waits until they know one another.
func Sentinel(t testing.TB) *Watched {
	t.Helper()
	w := &Watched{Master: start(t)}
	w.Replica = start(t, "--replicaof", "127.0.0.1 "+w.Master.port())
	await(t, "the replica follows", func() bool {
		return strings.Contains(w.Replica.info("replication"), "master_link_status:up")
	})
	for range 3 {
		w.sentinels = append(w.sentinels, startSentinel(t, w.Master))
	}
	for _, s := range w.sentinels {
		await(t, "the sentinels know one another and the replica", func() bool {
			state := s.do("SENTINEL", "MASTER", masterName)
			return strings.Contains(state, "num-slaves 1 ") && strings.Contains(state, "num-other-sentinels 2 ")
		})
	}
	w.URL = "redis+sentinel://" + addrs(w.sentinels) + "/0?master_name=" + masterName
	return w
}

func startSentinel(t testing.TB, master *Server) *Server {
	t.Helper()
	file, err := os.CreateTemp(t.TempDir(), "sentinel-*.conf") // a sentinel writes into its settings
	if err != nil {
		t.Fatal(err)
	}
	fmt.Fprintf(file, "bind 127.0.0.1\nsentinel monitor %[1]s 127.0.0.1 %[2]s 2\nsentinel down-after-milliseconds %[1]s 500\nsentinel failover-timeout %[1]s 2000\n",
		masterName, master.port())
	if err := file.Close(); err != nil {
		t.Fatal(err)
	}
	return launch(t, freePort(t), file.Name(), "--sentinel")
}

// Replicated waits until the replica has all that its master has: what it has not is lost by a
// failover.
func (w *Watched) Replicated(t testing.TB) {
	t.Helper()
	w.Replica.caughtUp(t, w.Master)
}

// Failover kills the master and waits until the sentinels have made the replica the master.
func (w *Watched) Failover(t testing.TB) {
	t.Helper()
	w.Master.Kill()
	await(t, "the replica is the master", func() bool {
		return strings.Contains(w.Replica.info("replication"), "role:master")
	})
}

// Client is a client that asks the sentinels for the master.
func (w *Watched) Client(t testing.TB) redis.UniversalClient {
	var addrs []string
	for _, s := range w.sentinels {
		addrs = append(addrs, s.Addr)
	}
	client := redis.NewFailoverClient(&redis.FailoverOptions{
		MasterName: masterName, SentinelAddrs: addrs, DialTimeout: time.Second, ReadTimeout: time.Second, DialerRetries: 1, MaxRetries: 1,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

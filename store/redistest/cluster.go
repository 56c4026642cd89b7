package redistest

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// Nodes is a cluster of three masters, each with a third of the slots, and one replica of the
// first.
type Nodes struct {
	URL     string // redis+cluster://…
	Masters [3]*Server
	Replica *Server
}

const slots = 16384

// Cluster starts the nodes and waits until each of them says that the cluster is there.
func Cluster(t testing.TB) *Nodes {
	t.Helper()
	c := &Nodes{}
	for i := range c.Masters {
		c.Masters[i] = startNode(t)
		c.Masters[i].do("CLUSTER", "SET-CONFIG-EPOCH", i+1)
		c.Masters[i].do("CLUSTER", "ADDSLOTSRANGE", i*slots/3, (i+1)*slots/3-1)
	}
	c.Replica = startNode(t)
	all := append(c.Masters[:], c.Replica)
	for _, s := range all[1:] {
		s.do("CLUSTER", "MEET", "127.0.0.1", c.Masters[0].port(), c.Masters[0].busPort())
	}
	first := c.Masters[0].do("CLUSTER", "MYID")
	await(t, "the replica has a master", func() bool {
		return c.Replica.Client.Do(context.Background(), "CLUSTER", "REPLICATE", first).Err() == nil
	})
	for _, s := range all {
		await(t, "the cluster is there", func() bool {
			info := s.do("CLUSTER", "INFO")
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_known_nodes:4") &&
				strings.Contains(s.do("CLUSTER", "NODES"), "slave "+first)
		})
	}
	await(t, "the replica follows", func() bool {
		return strings.Contains(c.Replica.info("replication"), "master_link_status:up")
	})
	c.URL = "redis+cluster://" + addrs(c.Masters[:])
	return c
}

func startNode(t testing.TB) *Server {
	t.Helper()
	return start(t, "--cluster-enabled", "yes", "--cluster-port", freePort(t), "--cluster-node-timeout", "1000",
		"--cluster-replica-validity-factor", "0")
}

// busPort is where the node speaks to the others.
func (s *Server) busPort() string {
	return s.Client.ConfigGet(context.Background(), "cluster-port").Val()["cluster-port"]
}

// Owner is the master that had the slot of a key when the cluster was made.
func (c *Nodes) Owner(key string) *Server {
	slot := c.slot(key)
	for i, s := range c.Masters {
		if slot < (i+1)*slots/3 {
			return s
		}
	}
	return nil
}

func (c *Nodes) slot(key string) int {
	return int(c.Masters[0].Client.ClusterKeySlot(context.Background(), key).Val())
}

// MoveSlot gives the slot of a key, with all that is in it, from its first owner to another master,
// as resharding does.
func (c *Nodes) MoveSlot(t testing.TB, key string, to *Server) {
	t.Helper()
	slot, from := c.slot(key), c.Owner(key)
	source, target := from.do("CLUSTER", "MYID"), to.do("CLUSTER", "MYID")
	to.do("CLUSTER", "SETSLOT", slot, "IMPORTING", source)
	from.do("CLUSTER", "SETSLOT", slot, "MIGRATING", target)
	for {
		keys := from.Client.ClusterGetKeysInSlot(context.Background(), slot, 100).Val()
		if len(keys) == 0 {
			break
		}
		for _, k := range keys {
			from.do("MIGRATE", "127.0.0.1", to.port(), k, 0, 5000)
		}
	}
	for _, s := range []*Server{to, from} {
		s.do("CLUSTER", "SETSLOT", slot, "NODE", target)
	}
}

// Replicated waits until the replica has all that its master has: what it has not is lost by a
// failover.
func (c *Nodes) Replicated(t testing.TB) {
	t.Helper()
	c.Replica.caughtUp(t, c.Masters[0])
}

// Failover kills the first master and waits until its replica has taken over.
func (c *Nodes) Failover(t testing.TB) {
	t.Helper()
	c.Masters[0].Kill()
	await(t, "the replica is a master", func() bool {
		return strings.Contains(c.Replica.info("replication"), "role:master") &&
			strings.Contains(c.Replica.Client.ClusterInfo(context.Background()).Val(), "cluster_state:ok")
	})
}

// Client is a client that knows the masters.
func (c *Nodes) Client(t testing.TB) redis.UniversalClient {
	client := redis.NewClusterClient(&redis.ClusterOptions{
		Addrs: strings.Split(addrs(c.Masters[:]), ","), DialTimeout: time.Second, ReadTimeout: time.Second, DialerRetries: 1,
	})
	t.Cleanup(func() { _ = client.Close() })
	return client
}

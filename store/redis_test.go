package store

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"time"

	"mstm/store/embedded"
	"mstm/store/redisconn"
	"mstm/store/redisstore"
	"mstm/store/redistest"
)

// onBothRedises runs a test of what needs Redis alone, on the embedded one and on a real one.
func onBothRedises(t *testing.T, test func(t *testing.T, s *DB)) {
	if strings.HasPrefix(t.Name(), "TestOnACluster/") {
		test(t, redisOnly(t, theCluster.URL))
		return
	}
	t.Run("embedded", func(t *testing.T) {
		e, err := embedded.StartRedis()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.Close)
		s := redisOnly(t, e.URL)
		s.embeddedRedis = e
		test(t, s)
	})
	t.Run("redis-server", func(t *testing.T) { test(t, redisOnly(t, redistest.Single(t))) })
}

// theCluster is the one of TestOnACluster.
var theCluster *redistest.Nodes

// TestOnACluster runs the tests of carts and of the bus on one Redis Cluster, empty for each.
func TestOnACluster(t *testing.T) {
	t.Parallel()
	theCluster = redistest.Cluster(t)
	for name, test := range map[string]func(*testing.T){
		"lines": TestACartLineComesBackAsItWasPut, "keys": TestTheKeysOfACart,
		"versions": TestEveryChangeRaisesTheVersionAndNothingElseDoes, "lost": TestVersionsGrowAlsoAfterRedisLostEverything,
		"again": TestChoosingAgainKeepsTheTimeItWasAdded, "stale": TestAStaleChangeIsRefusedWithTheCartAsItIs,
		"full": TestTheFiftyFirstLineIsRefused, "merge": TestAGuestsCartIsMerged, "newest": TestAMergeFillsTheCartWithTheNewestLines,
		"bought": TestOnlyBoughtLinesGo, "half": TestHalfStatesHeal, "parallel": TestParallelChangesAllLand,
		"others": TestOneUsersCartIsNotAnothers,
	} {
		t.Run(name, func(t *testing.T) {
			for _, master := range theCluster.Masters {
				master.Client.FlushAll(t.Context())
			}
			test(t)
		})
	}
	t.Run("changes of masters", func(t *testing.T) { surviveFailover(t, theCluster.URL, theCluster) })
}

func TestBehindSentinels(t *testing.T) {
	t.Parallel()
	watched := redistest.Sentinel(t)
	surviveFailover(t, watched.URL, watched)
}

// surviveFailover changes the master under a store that has a cart and listens for changes.
func surviveFailover(t *testing.T, url string, r interface {
	Replicated(testing.TB)
	Failover(testing.TB)
}) {
	b, _, courses := listener(t, url)
	other := redisOnly(t, url)
	eventually(t, "the bus is trusted", b.healthy)
	var users []string // as many as it takes to have some on each master
	for i := range 12 {
		users = append(users, fmt.Sprint("user", i))
		if _, err := other.Carts.Put(t.Context(), users[i], cartLine("go1", "s2", 20000), 0); err != nil {
			t.Fatal(err)
		}
	}
	other.changed(t.Context(), changeCourses, "go1")
	eventually(t, "a change arrives", func() bool { return courses.Load() == 1 })

	r.Replicated(t)
	r.Failover(t)
	for _, user := range users {
		eventually(t, "the cart is there", func() bool {
			cart, err := other.Carts.Get(t.Context(), user)
			return err == nil && len(cart.Lines) == 1
		})
		if _, err := other.Carts.Put(t.Context(), user, cartLine("go2", "s2", 20000), 0); err != nil {
			t.Errorf("%s: %v", user, err)
		}
	}
	eventually(t, "changes arrive again", func() bool {
		other.changed(t.Context(), changeCourses, "go1")
		return b.healthy() && courses.Load() > 1
	})
}

// redisOnly is a store without MongoDB.
func redisOnly(t testing.TB, url string) *DB {
	t.Helper()
	client, err := redisconn.Dial(url, redisstore.OwnTimeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	away, name, _, err := dialMongo("mongodb://127.0.0.1:1/x", true, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = away.Disconnect(context.Background()) })
	s := &DB{base: &base{
		log: slog.Default(), now: time.Now, db: away.Database(name), gate: newGate(1), redis: client, bus: newBus(client, slog.Default()),
	}}
	s.wire("")
	return s
}

package store

import (
	"fmt"
	"log/slog"
	"net"
	"os/exec"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// realRedis starts a redis-server of its own on loopback; without the program the test
// is skipped.
func realRedis(t testing.TB) (url string) {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed: the scripts are not tried on a real Redis")
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	port := l.Addr().(*net.TCPAddr).Port
	l.Close()
	cmd := exec.Command(program, "--port", fmt.Sprint(port), "--bind", "127.0.0.1", "--save", "", "--dir", t.TempDir())
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	url = fmt.Sprintf("redis://127.0.0.1:%d", port)
	client, err := dialRedis(url, ownTimeout)
	if err != nil {
		t.Fatal(err)
	}
	defer client.Close()
	eventually(t, "redis-server answers", func() bool { return client.Ping(t.Context()).Err() == nil })
	return url
}

// onBothRedises runs a test of what needs Redis alone, on the embedded one and on a real one.
func onBothRedises(t *testing.T, test func(t *testing.T, s *Store)) {
	t.Run("embedded", func(t *testing.T) {
		e, err := startEmbeddedRedis()
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(e.server.Close)
		s := redisOnly(t, e.url)
		s.embeddedRedis = e
		test(t, s)
	})
	t.Run("redis-server", func(t *testing.T) { test(t, redisOnly(t, realRedis(t))) })
}

// redisOnly is a store without MongoDB.
func redisOnly(t testing.TB, url string) *Store {
	t.Helper()
	client, err := dialRedis(url, ownTimeout)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { client.Close() })
	s := &Store{log: slog.Default(), now: time.Now, redis: client}
	s.bus = newBus(client, s.log)
	s.tokens = newTokenCache(s.bus)
	s.catalogue = newCatalogueCache(s)
	return s
}

func TestRedisURLs(t *testing.T) {
	for _, tt := range []struct {
		name, url, kind string
		addrs           []string
	}{
		{"one server", "redis://:pw@h1:6379/2", "", []string{"h1:6379"}},
		{"a comma list is a cluster", "h1:6379,h2:6379", "cluster", []string{"h1:6379", "h2:6379"}},
		{"a named cluster of one seed", "redis+cluster://u:p@h1:1", "cluster", []string{"h1:1"}},
		{"a sentinel group", "redis+sentinel://:pw@h1:1,h2:2/0?master_name=m", "sentinel", []string{"h1:1", "h2:2"}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			kind, seed := redisKind(tt.url)
			if kind != tt.kind {
				t.Fatalf("is %q, want %q (%s)", kind, tt.kind, seed)
			}
			if got := addrsOf(t, kind, seed); fmt.Sprint(got) != fmt.Sprint(tt.addrs) {
				t.Errorf("hosts %v, want %v", got, tt.addrs)
			}
			client, err := dialRedis(tt.url, redisTimeout)
			if err != nil {
				t.Fatal(err)
			}
			client.Close()
		})
	}
}

func addrsOf(t *testing.T, kind, seed string) []string {
	t.Helper()
	switch kind {
	case "cluster":
		o, err := redis.ParseClusterURL(seed)
		if err != nil {
			t.Fatal(err)
		}
		return o.Addrs
	case "sentinel":
		o, err := redis.ParseFailoverURL(seed)
		if err != nil {
			t.Fatal(err)
		}
		return o.SentinelAddrs
	}
	o, err := redis.ParseURL(seed)
	if err != nil {
		t.Fatal(err)
	}
	return []string{o.Addr}
}

package redisconn

import (
	"fmt"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

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
			kind, seed := kindOf(tt.url)
			if kind != tt.kind {
				t.Fatalf("is %q, want %q (%s)", kind, tt.kind, seed)
			}
			if got := addrsOf(t, kind, seed); fmt.Sprint(got) != fmt.Sprint(tt.addrs) {
				t.Errorf("hosts %v, want %v", got, tt.addrs)
			}
			client, err := Dial(tt.url, time.Second)
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

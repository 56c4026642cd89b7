package probe

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/store"
	"mstm/store/redisconn"
)

// Redis is what one server of Redis says of itself.
type Redis struct {
	Addr    string // "" where there is one server
	Version string
	Ahead   time.Duration // its clock against this machine's
	Policy  string        // maxmemory-policy
	Used    int64         // bytes
	Most    int64         // bytes; 0: no bound but the machine's
	AOF     bool          // appendonly
	Failing string        // what it says of its last write to the disk, where that failed
}

// redisTime is how long one answer may take.
const redisTime = 2 * time.Second

// LookAtRedis asks each server that a URL leads to: the one, the master of a Sentinel group, or the masters of a Cluster.
// writes is nil where a key was written and deleted again; err is of servers that do not answer.
func LookAtRedis(ctx context.Context, url string) (all []Redis, writes, err error) {
	client, err := redisconn.Dial(url, redisTime)
	if err != nil {
		return nil, nil, err
	}
	defer client.Close()
	if cluster, ok := client.(*redis.ClusterClient); ok {
		var mu sync.Mutex
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error {
			r, err := lookAtServer(ctx, node)
			r.Addr = node.Options().Addr
			mu.Lock()
			defer mu.Unlock()
			all = append(all, r)
			return err
		})
	} else {
		var r Redis
		r, err = lookAtServer(ctx, client)
		all = []Redis{r}
	}
	if err != nil {
		return nil, nil, err
	}
	key := "mstm:probe:" + store.NewID()
	if writes = client.Set(ctx, key, 1, time.Minute).Err(); writes == nil {
		writes = client.Del(ctx, key).Err()
	}
	return all, writes, nil
}

func lookAtServer(ctx context.Context, c redis.Cmdable) (r Redis, err error) {
	text, err := c.Info(ctx).Result()
	if err != nil {
		return r, err
	}
	asked := time.Now()
	at, err := c.Time(ctx).Result()
	if err != nil {
		return r, err
	}
	r.Ahead = ahead(at, asked)
	info := map[string]string{}
	for line := range strings.Lines(text) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			info[name] = value
		}
	}
	number := func(name string) int64 {
		n, e := strconv.ParseInt(info[name], 10, 64)
		if e != nil {
			err = errors.Join(err, errors.New("INFO has no "+name))
		}
		return n
	}
	r.Version, r.Policy, r.AOF = info["redis_version"], info["maxmemory_policy"], info["aof_enabled"] == "1"
	r.Used, r.Most = number("used_memory"), number("maxmemory")
	for _, name := range []string{"aof_last_write_status", "aof_last_bgrewrite_status", "rdb_last_bgsave_status"} {
		if v := info[name]; v != "" && v != "ok" {
			r.Failing = name + ":" + v
		}
	}
	return r, err
}

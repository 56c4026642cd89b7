// Package redisconn connects to Redis: one server, a Sentinel group or a Cluster, each behind a
// circuit breaker.
package redisconn

import (
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
)

const (
	dialTimeout = 2 * time.Second
	// A Cluster does not announce which node took over the slots of a master that died: the client has to ask.
	clusterReload = 2 * time.Second
)

// Dial makes a client for one Redis, a Sentinel group or a Cluster:
//
//	redis://user:password@host:6379/0          rediss:// for TLS
//	redis+sentinel://host1:26379,host2:26379/0?master_name=mymaster
//	redis+cluster://host1:6379,host2:6379
//	host1:6379,host2:6379                      a cluster as well
//
// It waits for an answer for the given time. Nothing is sent yet.
func Dial(text string, answer time.Duration) (redis.UniversalClient, error) {
	kind, seed := kindOf(text)
	switch kind {
	case "sentinel":
		o, err := redis.ParseFailoverURL(seed)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", hideURL(err))
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = dialTimeout, answer, answer, answer
		o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries, o.DisableIdentity = true, 1, 1, true
		return redis.NewFailoverClient(o), nil
	case "cluster":
		o, err := redis.ParseClusterURL(seed)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", hideURL(err))
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = dialTimeout, answer, answer, answer
		o.ContextTimeoutEnabled, o.DialerRetries, o.DisableIdentity = true, 1, true
		o.ClusterStateReloadInterval = clusterReload
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClusterClient(o), nil
	default:
		o, err := redis.ParseURL(seed)
		if err != nil {
			return nil, fmt.Errorf("REDIS_URL: %w", hideURL(err))
		}
		o.DialTimeout, o.ReadTimeout, o.WriteTimeout, o.PoolTimeout = dialTimeout, answer, answer, answer
		o.ContextTimeoutEnabled, o.MaxRetries, o.DialerRetries, o.DisableIdentity = true, 1, 1, true
		o.MaintNotificationsConfig = &maintnotifications.Config{Mode: maintnotifications.ModeDisabled}
		return redis.NewClient(o), nil
	}
}

// kindOf is what text names, and rewrites it into the library's form, in which
// further hosts are addr parameters.
func kindOf(text string) (kind, seed string) {
	scheme, rest, ok := strings.Cut(text, "://")
	if !ok {
		scheme, rest = "redis", text
	}
	base, group, _ := strings.Cut(scheme, "+")
	auth, hosts := "", rest
	if i := strings.LastIndex(rest, "@"); i >= 0 {
		auth, hosts = rest[:i+1], rest[i+1:]
	}
	tail := ""
	if i := strings.IndexAny(hosts, "/?"); i >= 0 {
		hosts, tail = hosts[:i], hosts[i:]
	}
	first, more, several := strings.Cut(hosts, ",")
	if group == "" && several {
		group = "cluster"
	}
	if several {
		path, query, _ := strings.Cut(tail, "?")
		values, _ := url.ParseQuery(query)
		for _, h := range strings.Split(more, ",") {
			values.Add("addr", h)
		}
		tail = path + "?" + values.Encode()
	}
	return group, base + "://" + auth + first + tail
}

// hideURL keeps the password in a URL that does not parse out of the logs.
func hideURL(err error) error {
	if e, ok := err.(*url.Error); ok {
		return e.Err
	}
	return err
}

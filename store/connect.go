package store

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"
	"github.com/redis/go-redis/v9/maintnotifications"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"
)

const (
	databaseName = "mstm"
	writeTimeout = 5 * time.Second // a write is given up after this
	dialTimeout  = 2 * time.Second

	// Without a primary a request is refused after this and may come again; an election
	// takes longer than anybody should wait.
	selectTimeout = time.Second
	// warmPool connections are kept open: the driver's wait for one also ends with
	// selectTimeout, and a burst on a cold pool would be answered 503.
	warmPool     = 8
	driverPool   = 100                    // connections that the driver opens where the URI says nothing
	startTimeout = 15 * time.Second       // how long MongoDB may take to start beside us
	redisTimeout = 500 * time.Millisecond // one answer of Redis; a slow one must not pile up requests
	ownTimeout   = 5 * time.Second        // one answer of the embedded Redis, which is as busy as this process

	// A Cluster's master that died tells nobody who took over its slots: the client has to ask.
	clusterReload = 2 * time.Second
)

// dialMongo makes a client whose writes are acknowledged only once a majority has them
// on disk, and whose reads go to the primary: money is decided on them. Nothing is sent
// yet.
func dialMongo(uri string, embedded bool, monitor *event.CommandMonitor) (client *mongo.Client, name string, places int, err error) {
	durable := true
	opts := options.Client().ApplyURI(uri).
		SetAppName("mstm").
		SetConnectTimeout(dialTimeout).
		SetServerSelectionTimeout(selectTimeout).
		SetTimeout(writeTimeout).
		SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &durable}).
		SetBSONOptions(&options.BSONOptions{NilSliceAsEmpty: true, NilMapAsEmpty: true})
	if opts.MaxPoolSize == nil && opts.MinPoolSize == nil && !embedded { // the URI may know better
		opts.SetMinPoolSize(warmPool)
	}
	if monitor != nil {
		opts.SetMonitor(monitor)
	}
	if embedded {
		// FerretDB's updates read, then write, with no transaction around: over two
		// connections both racers win. Over one connection they queue.
		opts.SetMaxPoolSize(1)
		opts.SetReadConcern(nil).SetWriteConcern(nil)
		opts.SetServerSelectionTimeout(writeTimeout) // no election here, at most a busy machine
	}
	if client, err = mongo.Connect(opts); err != nil {
		return nil, "", 0, fmt.Errorf("MONGODB_URI: %w", err)
	}
	places = driverPool
	if opts.MaxPoolSize != nil && *opts.MaxPoolSize > 0 {
		places = int(min(*opts.MaxPoolSize, 10_000))
	}
	return client, databaseOf(uri), places, nil
}

// awaitMongo waits until the primary answers: both may have been started together.
func awaitMongo(ctx context.Context, client *mongo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := client.Ping(ctx, readpref.Primary())
		if err == nil || !isOutage(err) || ctx.Err() != nil {
			return err
		}
	}
}

// databaseOf is the path of a MongoDB URI. It is cut out by hand, because a list of
// hosts is no URL to Go's parser.
func databaseOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(path, "?")
	if name, err := url.PathUnescape(name); err == nil && name != "" {
		return name
	}
	return databaseName
}

// dialRedis makes a client for one Redis, a Sentinel group or a Cluster:
//
//	redis://user:password@host:6379/0          rediss:// for TLS
//	redis+sentinel://host1:26379,host2:26379/0?master_name=mymaster
//	redis+cluster://host1:6379,host2:6379
//	host1:6379,host2:6379                      a cluster as well
//
// It waits for an answer for the given time. Nothing is sent yet.
func dialRedis(text string, answer time.Duration) (redis.UniversalClient, error) {
	kind, seed := redisKind(text)
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

// redisKind tells what text names, and rewrites it into the library's form, in which
// further hosts are addr parameters.
func redisKind(text string) (kind, seed string) {
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

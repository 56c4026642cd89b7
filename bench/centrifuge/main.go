// Command centrifuge is a server on github.com/centrifugal/centrifuge, the library inside
// Centrifugo, set up as its documentation does for several nodes: with the Redis broker. Each
// client that connects is subscribed to one channel by the server; POST /publish publishes to
// it. It keeps no history, which is the cheapest it can do.
package main

import (
	"context"
	"flag"
	"io"
	"log"
	"net/http"

	"github.com/centrifugal/centrifuge"
)

const channel = "activity"

func main() {
	addr := flag.String("addr", "127.0.0.1:0", "where to listen")
	redisAddr := flag.String("redis", "", "host:port of the broker's Redis")
	tuned := flag.Bool("tuned", false, "small read buffers and shared write buffers, for many idle sockets")
	flag.Parse()
	node, err := newNode(*redisAddr)
	if err != nil {
		log.Fatal(err)
	}
	http.Handle("/ws", newSockets(node, *tuned))
	http.HandleFunc("/publish", func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err == nil {
			_, err = node.Publish(channel, body)
		}
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadGateway)
		}
	})
	log.Fatal(http.ListenAndServe(*addr, nil))
}

func newNode(redisAddr string) (*centrifuge.Node, error) {
	node, err := centrifuge.New(centrifuge.Config{
		LogLevel:   centrifuge.LogLevelWarn,
		LogHandler: func(e centrifuge.LogEntry) { log.Println(e.Message, e.Fields) },
	})
	if err != nil {
		return nil, err
	}
	shard, err := centrifuge.NewRedisShard(node, centrifuge.RedisShardConfig{Address: redisAddr})
	if err != nil {
		return nil, err
	}
	broker, err := centrifuge.NewRedisBroker(node, centrifuge.RedisBrokerConfig{Shards: []*centrifuge.RedisShard{shard}})
	if err != nil {
		return nil, err
	}
	node.SetBroker(broker)
	node.OnConnecting(func(context.Context, centrifuge.ConnectEvent) (centrifuge.ConnectReply, error) {
		return centrifuge.ConnectReply{
			Credentials:   &centrifuge.Credentials{},
			Subscriptions: map[string]centrifuge.SubscribeOptions{channel: {}},
		}, nil
	})
	return node, node.Run()
}

func newSockets(node *centrifuge.Node, tuned bool) http.Handler {
	cfg := centrifuge.WebsocketConfig{CheckOrigin: func(*http.Request) bool { return true }}
	if tuned {
		cfg.ReadBufferSize, cfg.UseWriteBufferPool = 512, true
	}
	return centrifuge.NewWebsocketHandler(node, cfg)
}

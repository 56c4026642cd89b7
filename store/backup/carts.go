package backup

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"
)

// CartKey is one key of a cart, as the embedded Redis keeps it on the disk too: Values are fields and values of a hash,
// members and scores of a sorted set, or the one value of a string.
type CartKey struct {
	Key     string    `json:"key"`
	Type    string    `json:"type"`
	Values  []string  `json:"values"`
	Expires time.Time `json:"expires"`
}

// cartKeys are the keys of all carts; see redisstore.
const cartKeys = "shopping_car_*"

// ReadCarts reads the carts of a Redis, from all masters of a Cluster. A cart that changes in between may be read half; the
// shop mends such a one when it sees it.
func ReadCarts(ctx context.Context, client redis.UniversalClient) (all []CartKey, err error) {
	var mu sync.Mutex
	of := func(ctx context.Context, node redis.Cmdable) error {
		for it := node.Scan(ctx, 0, cartKeys, 500).Iterator(); ; {
			if !it.Next(ctx) {
				return it.Err()
			}
			k, err := readCart(ctx, node, it.Val())
			if err != nil {
				return err
			}
			if len(k.Values) > 0 {
				mu.Lock()
				all = append(all, k)
				mu.Unlock()
			}
		}
	}
	if cluster, ok := client.(*redis.ClusterClient); ok {
		err = cluster.ForEachMaster(ctx, func(ctx context.Context, node *redis.Client) error { return of(ctx, node) })
	} else {
		err = of(ctx, client)
	}
	return all, err
}

func readCart(ctx context.Context, node redis.Cmdable, key string) (k CartKey, err error) {
	k.Key = key
	if k.Type, err = node.Type(ctx, key).Result(); err != nil {
		return k, err
	}
	ttl, err := node.PTTL(ctx, key).Result()
	if err != nil || ttl <= 0 {
		return k, err // it is over, or is none of ours
	}
	k.Expires = time.Now().Add(ttl).UTC().Truncate(time.Second)
	switch k.Type {
	case "hash":
		var m map[string]string
		m, err = node.HGetAll(ctx, key).Result()
		for field, value := range m {
			k.Values = append(k.Values, field, value)
		}
	case "zset":
		var z []redis.Z
		z, err = node.ZRangeWithScores(ctx, key, 0, -1).Result()
		for _, m := range z {
			k.Values = append(k.Values, fmt.Sprint(m.Member), fmt.Sprintf("%.0f", m.Score))
		}
	case "string":
		var v string
		if v, err = node.Get(ctx, key).Result(); err == nil {
			k.Values = []string{v}
		}
	}
	if err == redis.Nil {
		return k, nil
	}
	return k, err
}

// WriteCarts puts carts into a Redis that has none of them, each with the rest of its life. Twice is as once.
func WriteCarts(ctx context.Context, client redis.UniversalClient, keys []CartKey) error {
	for _, k := range keys {
		if !strings.HasPrefix(k.Key, strings.TrimSuffix(cartKeys, "*")) || len(k.Values) == 0 || !time.Now().Before(k.Expires) {
			continue
		}
		pipe := client.TxPipeline()
		pipe.Del(ctx, k.Key)
		switch k.Type {
		case "hash":
			pipe.HSet(ctx, k.Key, k.Values)
		case "zset":
			for i := 0; i+1 < len(k.Values); i += 2 {
				pipe.Do(ctx, "ZADD", k.Key, k.Values[i+1], k.Values[i])
			}
		case "string":
			pipe.Set(ctx, k.Key, k.Values[0], 0)
		default:
			continue
		}
		pipe.ExpireAt(ctx, k.Key, k.Expires)
		if _, err := pipe.Exec(ctx); err != nil {
			return err
		}
	}
	return nil
}

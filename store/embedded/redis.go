package embedded

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"reflect"
	"sync"
	"time"

	"github.com/alicebob/miniredis/v2"
	"github.com/redis/go-redis/v9"
)

// Redis is miniredis in this process. It knows TCP only, so it listens on the
// loopback address with a random password. It keeps nothing on disk: the carts are
// copied to a file every few seconds and at Close; a kill loses the last seconds of
// them. What others keep in it (streams, counters) is gone with the process.
type Redis struct {
	server *miniredis.Miniredis
	URL    string
	file   string

	mu    sync.Mutex // guards saved and the file
	saved []savedKey
}

// CartsFile is the file of the data folder with the carts.
const CartsFile = "carts.json"

const saveEvery = 5 * time.Second

// StartRedis begins to listen; Load then brings the carts of the last run.
func StartRedis() (*Redis, error) {
	m := miniredis.NewMiniRedis()
	password := rand.Text()
	m.RequireAuth(password)
	if err := m.StartAddr("127.0.0.1:0"); err != nil {
		return nil, err
	}
	return &Redis{server: m, URL: "redis://:" + password + "@" + m.Addr()}, nil
}

// Run lets time pass for the keys, which miniredis does not do by itself, and copies
// the carts to disk.
func (e *Redis) Run(ctx context.Context, client redis.UniversalClient, log *slog.Logger) error {
	tick, save := time.NewTicker(time.Second), time.NewTicker(saveEvery)
	defer tick.Stop()
	defer save.Stop()
	last := time.Now()
	for {
		select {
		case <-ctx.Done():
			return nil
		case now := <-tick.C:
			e.server.FastForward(now.Sub(last))
			last = now
		case <-save.C:
			if err := e.Save(ctx, client); err != nil && ctx.Err() == nil {
				log.Warn("the carts could not be copied to disk", "err", err)
			}
		}
	}
}

// savedKey is one key of a cart on disk. Values are fields and values of a hash,
// members and scores of a sorted set, or the one value of a string.
type savedKey struct {
	Key     string    `json:"key"`
	Type    string    `json:"type"`
	Values  []string  `json:"values"`
	Expires time.Time `json:"expires"` // to the minute
}

// readCarts lists every cart key with type, rest of life in ms and values, in one
// script, so that no cart is caught half changed. It walks all keys, which only the
// embedded Redis, small and our own, may be asked to do.
const readCarts = `
local out = {}
local keys = redis.call('KEYS', 'shopping_car_*')
table.sort(keys)
for _, key in ipairs(keys) do
  local kind = redis.call('TYPE', key)['ok']
  local values
  if kind == 'hash' then values = redis.call('HGETALL', key)
  elseif kind == 'zset' then values = redis.call('ZRANGE', key, 0, -1, 'WITHSCORES')
  else values = { redis.call('GET', key) } end
  table.insert(out, { key, kind, redis.call('PTTL', key), values })
end
return out`

// Save writes the carts to the file, if they changed since the last time, by way of a
// new file that takes the old one's place whole.
func (e *Redis) Save(ctx context.Context, client redis.UniversalClient) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.file == "" { // nothing was loaded yet: do not overwrite it
		return nil
	}
	rows, err := client.Eval(ctx, readCarts, nil).Slice()
	if err != nil {
		return fmt.Errorf("read the carts: %w", err)
	}
	keys := make([]savedKey, 0, len(rows))
	for _, row := range rows {
		keys = append(keys, newSavedKey(row.([]any), time.Now()))
	}
	if reflect.DeepEqual(keys, e.saved) {
		return nil
	}
	text, err := json.Marshal(keys)
	if err != nil {
		return err
	}
	if err := writeFile(e.file, text); err != nil {
		return err
	}
	e.saved = keys
	return nil
}

func newSavedKey(row []any, now time.Time) savedKey {
	k := savedKey{Key: row[0].(string), Type: row[1].(string)}
	for _, v := range row[3].([]any) {
		k.Values = append(k.Values, fmt.Sprint(v))
	}
	ttl := time.Duration(row[2].(int64)) * time.Millisecond
	k.Expires = now.Add(ttl).Round(time.Minute).UTC()
	return k
}

// writeFile replaces a file whole: after a crash it is the old or the new one.
func writeFile(name string, text []byte) error {
	f, err := os.CreateTemp(filepath.Dir(name), filepath.Base(name)+".*")
	if err != nil {
		return err
	}
	_, err = f.Write(text)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), name)
	}
	if err != nil {
		return errors.Join(err, os.Remove(f.Name()))
	}
	return nil
}

// Load brings the carts of the last run back.
func (e *Redis) Load(ctx context.Context, client redis.UniversalClient, dataDir string) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.file = filepath.Join(dataDir, CartsFile)
	text, err := os.ReadFile(e.file)
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	var keys []savedKey
	if err := json.Unmarshal(text, &keys); err != nil {
		return fmt.Errorf("%s: %w", e.file, err)
	}
	pipe := client.Pipeline()
	for _, k := range keys {
		if k.restore(ctx, pipe) {
			pipe.ExpireAt(ctx, k.Key, k.Expires)
		}
	}
	_, err = pipe.Exec(ctx)
	return err
}

// restore sends one key, unless it has expired since.
func (k savedKey) restore(ctx context.Context, pipe redis.Pipeliner) bool {
	if len(k.Values) == 0 || !time.Now().Before(k.Expires) {
		return false
	}
	args := []any{}
	switch k.Type {
	case "hash":
		args = append(args, "HSET", k.Key)
		for _, v := range k.Values {
			args = append(args, v)
		}
	case "zset":
		args = append(args, "ZADD", k.Key)
		for i := 0; i+1 < len(k.Values); i += 2 {
			args = append(args, k.Values[i+1], k.Values[i])
		}
	case "string":
		args = append(args, "SET", k.Key, k.Values[0])
	default:
		return false
	}
	pipe.Do(ctx, args...)
	return true
}

// Addr is where the server listens.
func (e *Redis) Addr() string { return e.server.Addr() }

// Close ends the server. What was not saved is gone.
func (e *Redis) Close() { e.server.Close() }

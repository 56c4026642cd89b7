package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/store/embedded"
	"mstm/store/redisconn"
	"mstm/store/redisstore"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// open opens and runs a store of the given folder; real ones where the environment
// names them.
func open(t testing.TB, dir string) *DB {
	t.Helper()
	s, closeStore := openUntil(t, dir)
	t.Cleanup(closeStore)
	return s
}

func openUntil(t testing.TB, dir string, options ...func(*Config)) (*DB, func()) {
	t.Helper()
	cfg := Config{MongoURI: ownDatabase(t, dir), RedisURL: os.Getenv("REDIS_URL"), DataDir: dir}
	for _, o := range options {
		o(&cfg)
	}
	cfg.Monitor = recorded.monitor(cfg.Monitor)
	s, err := Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	var once sync.Once
	return s, func() {
		once.Do(func() {
			stop()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if err := s.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
}

// ownDatabase is a database of the folder's own on MONGODB_URI, dropped when the test ends;
// "" where that names none. Opening the same folder again finds it again.
func ownDatabase(t testing.TB, dir string) string {
	t.Helper()
	if os.Getenv("MONGODB_URI") == "" {
		return ""
	}
	u, err := url.Parse(os.Getenv("MONGODB_URI"))
	if err != nil {
		t.Fatal(err)
	}
	sum := sha256.Sum256([]byte(dir))
	u.Path = fmt.Sprintf("/mstm_test_%x", sum[:12])
	t.Cleanup(func() {
		client, err := mongo.Connect(options.Client().ApplyURI(u.String()))
		if err != nil {
			t.Fatal(err)
		}
		ctx := context.Background()
		if err := errors.Join(client.Database(u.Path[1:]).Drop(ctx), client.Disconnect(ctx)); err != nil {
			t.Errorf("drop the test's database: %v", err)
		}
	})
	return u.String()
}

func embeddedOnly(t testing.TB) {
	if os.Getenv("MONGODB_URI") != "" || os.Getenv("REDIS_URL") != "" {
		t.Skip("is about the embedded stores; MONGODB_URI or REDIS_URL is set")
	}
}

// eventually asks until what holds, at most for half a minute.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("never came true: %s", what)
}

func TestASecondProcessOnTheSameFolderIsRefused(t *testing.T) {
	embeddedOnly(t)
	dir := t.TempDir()
	open(t, dir)
	_, err := Open(t.Context(), Config{DataDir: dir})
	if err == nil || !strings.Contains(err.Error(), dir) {
		t.Fatalf("got %v, want an error that names the folder", err)
	}
}

func TestOnlyThisUserReachesTheEmbeddedStores(t *testing.T) {
	embeddedOnly(t)
	dir := t.TempDir()
	s := open(t, dir)
	for name, perm := range map[string]os.FileMode{dir: 0o700, filepath.Join(dir, "mongo"): 0o700} {
		info, err := os.Stat(name)
		if err != nil {
			t.Fatal(err)
		}
		if info.Mode().Perm() != perm {
			t.Errorf("%s has mode %v, want %v", name, info.Mode().Perm(), perm)
		}
	}
	if !strings.HasSuffix(s.embeddedMongo.Socket, ".sock") {
		t.Errorf("MongoDB listens on %s", s.embeddedMongo.Socket)
	}
	stranger, err := redisconn.Dial("redis://"+s.embeddedRedis.Addr(), redisstore.Timeout)
	if err != nil {
		t.Fatal(err)
	}
	defer stranger.Close()
	if err := stranger.Get(t.Context(), "x").Err(); err == nil || !strings.Contains(err.Error(), "NOAUTH") {
		t.Errorf("Redis answers a stranger with %v", err)
	}
}

func TestALongDataFolderStillWorks(t *testing.T) {
	embeddedOnly(t)
	dir := filepath.Join(t.TempDir(), strings.Repeat("long", 30))
	s, closeStore := openUntil(t, dir)
	info, err := os.Stat(filepath.Dir(s.embeddedMongo.Socket))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("the socket's folder: %v, %v", info, err)
	}
	closeStore()
	if _, err := os.Stat(s.embeddedMongo.TempDir); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the socket's folder is left behind: %v", err)
	}
}

func TestClosingIsQuick(t *testing.T) {
	embeddedOnly(t)
	quickest := time.Hour
	for range 3 { // one of them may meet a machine that is busy
		_, closeStore := openUntil(t, t.TempDir())
		begun := time.Now()
		closeStore()
		quickest = min(quickest, time.Since(begun))
	}
	if quickest > 2500*time.Millisecond { // FerretDB waits 3 s for a client that stays
		t.Errorf("took %v", quickest)
	}
}

func TestALookupByIDUsesAnIndex(t *testing.T) {
	embeddedOnly(t)
	s := open(t, t.TempDir())
	db, err := s.embeddedMongo.SQLite(databaseName)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	tables, err := embedded.TableNames(t.Context(), db)
	if err != nil {
		t.Fatal(err)
	}
	if len(tables) < len(collections) {
		t.Fatalf("%d tables for %d collections", len(tables), len(collections))
	}
	for _, table := range tables {
		var id, parent, unused int
		var plan string
		row := db.QueryRowContext(t.Context(), `EXPLAIN QUERY PLAN SELECT _ferretdb_sjson FROM "`+table+`" WHERE _ferretdb_sjson->'$._id' = ?`, `"x"`)
		if err := row.Scan(&id, &parent, &unused, &plan); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(plan, "SEARCH") {
			t.Errorf("%s: %s", table, plan)
		}
	}
}

func TestOfManyConditionalWritesOneWins(t *testing.T) {
	s := open(t, t.TempDir())
	c := s.coll("settings")
	for round := range 10 {
		id := newID()
		if _, err := s.insertOnce(t.Context(), c, bson.M{"_id": id, "v": int64(1), "state": "open"}); err != nil {
			t.Fatal(err)
		}
		var won atomic.Int32
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				ok, err := s.replaceIf(context.Background(), c, bson.M{"_id": id, "v": 1, "state": "open"}, bson.M{"_id": id, "v": 2, "state": "done"})
				if err != nil {
					t.Error(err)
				}
				if ok {
					won.Add(1)
				}
			})
		}
		wg.Wait()
		if won.Load() != 1 {
			t.Fatalf("round %d: %d winners", round, won.Load())
		}
	}
}

func TestAConditionalWriteChecksEveryField(t *testing.T) {
	s := open(t, t.TempDir())
	c := s.coll("settings")
	at := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	if _, err := s.insertOnce(t.Context(), c, bson.M{"_id": "doc", "n": int64(7), "s": "x", "at": at, "sub": bson.M{"a": true}}); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name   string
		filter bson.M
		want   bool
	}{
		{"all fields match", bson.M{"n": 7, "s": "x", "at": at, "sub.a": true}, true},
		{"a missing field equals nil", bson.M{"gone": nil}, true},
		{"a number differs", bson.M{"n": 8}, false},
		{"a string is not a number", bson.M{"n": "7"}, false},
		{"a time differs by a millisecond", bson.M{"at": at.Add(time.Millisecond)}, false},
		{"a field of a field differs", bson.M{"sub.a": false}, false},
		{"nil is not a value", bson.M{"s": nil}, false},
		{"another document", bson.M{"_id": "none"}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if _, ok := tt.filter["_id"]; !ok {
				tt.filter["_id"] = "doc"
			}
			got, err := s.updateIf(t.Context(), c, tt.filter, bson.M{"$inc": bson.M{"hits": 1}})
			if err != nil || got != tt.want {
				t.Errorf("got %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestPagesListEverythingOnceNewestFirst(t *testing.T) {
	type row struct {
		ID        string    `bson:"_id"`
		CreatedAt time.Time `bson:"created_at"`
	}
	s := open(t, t.TempDir())
	c := s.coll("notices")
	start := time.Date(2025, 3, 1, 10, 0, 0, 0, time.UTC)
	for i := range 25 { // several in each second, so that the id must decide
		if _, err := s.insertOnce(t.Context(), c, row{newID(), start.Add(time.Duration(i/4) * time.Second)}); err != nil {
			t.Fatal(err)
		}
	}
	key := func(r row) (any, string) { return r.CreatedAt, r.ID }
	seen := map[string]bool{}
	last, cursor := row{CreatedAt: start.Add(time.Hour)}, ""
	for range 10 {
		items, next, err := page(t.Context(), c, bson.M{}, 4, cursor, key)
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range items {
			if seen[r.ID] || r.CreatedAt.After(last.CreatedAt) || r.CreatedAt.Equal(last.CreatedAt) && r.ID >= last.ID {
				t.Fatalf("%v after %v", r, last)
			}
			seen[r.ID], last = true, r
		}
		if cursor = next; cursor == "" {
			break
		}
	}
	if len(seen) != 25 || cursor != "" {
		t.Errorf("%d of 25 rows, cursor %q", len(seen), cursor)
	}
}

func TestTheDatabaseIsThePathOfTheURI(t *testing.T) {
	for uri, want := range map[string]string{
		"mongodb://a:27017,b:27017/shop?replicaSet=rs": "shop",
		"mongodb://u:p%40w@a/":                         "mstm",
		"mongodb+srv://a.example":                      "mstm",
	} {
		if got := databaseOf(uri); got != want {
			t.Errorf("%s: %s, want %s", uri, got, want)
		}
	}
}

func TestEveryCollectionInUseIsMadeAtTheStart(t *testing.T) {
	made := map[string]bool{}
	for _, c := range collections {
		if made[c.name] {
			t.Errorf("%s is in the table twice", c.name)
		}
		made[c.name] = true
	}
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, use := range regexp.MustCompile(`coll\("([a-z_]+)"\)`).FindAllStringSubmatch(string(text), -1) {
			if !made[use[1]] {
				t.Errorf("%s uses %s, which the table in indexes.go does not have", file, use[1])
			}
		}
	}
}

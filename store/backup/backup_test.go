package backup_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/store"
	"mstm/store/backup"
	"mstm/store/redistest"
	"mstm/store/storetest"
)

// open is a database of the test's own.
func open(t *testing.T) *mongo.Database {
	t.Helper()
	db, err := store.Dial(storetest.Mongo(t), false)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Client().Disconnect(context.Background()) })
	return db
}

func put(t *testing.T, db *mongo.Database, collection string, docs ...any) {
	t.Helper()
	if _, err := db.Collection(collection).InsertMany(t.Context(), docs); err != nil {
		t.Fatal(err)
	}
}

// shop is a database with a little of everything, and a file.
func shop(t *testing.T) backup.Source {
	db := open(t)
	put(t, db, "settings", bson.M{"_id": "demo", "value": 1})
	put(t, db, "orders", bson.M{"_id": "o1", "total_fen": int64(1)}, bson.M{"_id": "o2", "at": time.Now()})
	var many []any
	for i := range 450 {
		many = append(many, bson.M{"_id": i, "text": strings.Repeat("x", 100)})
	}
	put(t, db, "audit", many...)
	return backup.Source{
		DB: db, Temp: t.TempDir(),
		Carts: func(context.Context) ([]backup.CartKey, error) {
			return []backup.CartKey{{Key: "shopping_car_{u}", Type: "string", Values: []string{"1"}, Expires: time.Now().Add(time.Hour)}}, nil
		},
		Files: func(_ context.Context, each func(backup.Object) error) error {
			gone := backup.Object{Key: "files/gone", Size: 3, Open: func() (io.ReadCloser, error) { return nil, backup.ErrGone }}
			there := backup.Object{Key: "files/a", Size: 5, Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("bytes")), nil }}
			return errors.Join(each(gone), each(there))
		},
	}
}

// archive writes one and returns its file.
func archive(t *testing.T, src backup.Source) *os.File {
	t.Helper()
	f, err := os.Create(filepath.Join(t.TempDir(), "archive"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	m, err := backup.Write(t.Context(), src, f)
	if err != nil {
		t.Fatal(err)
	}
	if m.Consistent != backup.Still && m.Consistent != backup.Snapshot || m.Documents() != 453 || m.Bytes() != 5 {
		t.Errorf("the manifest: %+v", m)
	}
	return f
}

// target keeps what is restored beside the database.
func target(db *mongo.Database, files map[string]string) backup.Target {
	return backup.Target{
		DB:    db,
		Carts: func(_ context.Context, keys []backup.CartKey) error { files["carts"] = keys[0].Key; return nil },
		Put: func(_ context.Context, p backup.Part, r io.Reader) error {
			b, err := io.ReadAll(r)
			files[p.Name] = string(b)
			return err
		},
	}
}

func TestRestore_ThatDiesAnywhere_IsBegunAgain(t *testing.T) {
	f := archive(t, shop(t))
	db, files := open(t), map[string]string{}
	died := errors.New("died")
	dying := target(db, files)
	dying.Put = func(context.Context, backup.Part, io.Reader) error { return died }
	if _, err := backup.Restore(t.Context(), f, dying); !errors.Is(err, died) {
		t.Fatalf("%v", err)
	}
	if yes, err := backup.Unfinished(t.Context(), db); !yes || err != nil {
		t.Errorf("a shop may open half a database: %v %v", yes, err)
	}
	if _, err := db.Collection("audit").DeleteMany(t.Context(), bson.M{"_id": bson.M{"$gte": 300}}); err != nil { // as if it had died sooner
		t.Fatal(err)
	}
	if _, err := backup.Restore(t.Context(), f, target(db, files)); err != nil {
		t.Fatal(err)
	}
	if yes, err := backup.Unfinished(t.Context(), db); yes || err != nil {
		t.Errorf("the mark stays: %v %v", yes, err)
	}
	if n, err := db.Collection("audit").CountDocuments(t.Context(), bson.M{}); n != 450 || err != nil {
		t.Errorf("%d rows, %v", n, err)
	}
	if files["files/a"] != "bytes" || files["carts"] != "shopping_car_{u}" {
		t.Errorf("beside the database: %v", files)
	}
	if _, err := backup.Restore(t.Context(), f, target(db, files)); !errors.Is(err, backup.ErrNotEmpty) {
		t.Errorf("into a database with data: %v", err)
	}
}

func TestRestore_BrokenArchive_WritesNothing(t *testing.T) {
	f := archive(t, shop(t))
	whole, err := os.ReadFile(f.Name())
	if err != nil {
		t.Fatal(err)
	}
	db := open(t)
	flipped := bytes.Clone(whole)
	flipped[len(flipped)/2] ^= 1
	for name, b := range map[string][]byte{"a byte is another": flipped, "it was cut off": whole[:len(whole)-200], "it is empty": nil} {
		path := filepath.Join(t.TempDir(), "broken")
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		f, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := backup.Restore(t.Context(), f, target(db, map[string]string{})); !errors.Is(err, backup.ErrBroken) {
			t.Errorf("%s: %v", name, err)
		}
		_ = f.Close()
	}
	if names, err := db.ListCollectionNames(t.Context(), bson.M{}); err != nil || len(names) > 0 {
		t.Errorf("written: %v %v", names, err)
	}
}

// TestWrite_OrdersThatMove_FailTheCopy places an order whenever a server without snapshots is asked for another collection.
func TestWrite_OrdersThatMove_FailTheCopy(t *testing.T) {
	if os.Getenv("MONGODB_URI") != "" {
		t.Skip("a replica set has snapshots")
	}
	for _, tt := range []struct {
		most int32 // orders that are placed
		want error
	}{{1, nil}, {100, backup.ErrMoved}} {
		uri := storetest.Mongo(t)
		other, err := store.Dial(uri, false)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = other.Client().Disconnect(context.Background()) })
		put(t, other, "orders", bson.M{"_id": "first"})
		put(t, other, "audit", bson.M{"_id": "first"})
		var placed atomic.Int32
		client, err := mongo.Connect(options.Client().ApplyURI(uri).SetMonitor(&event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
			if c, _ := e.Command.Lookup("find").StringValueOK(); c == "audit" && placed.Load() < tt.most {
				put(t, other, "orders", bson.M{"_id": placed.Add(1)})
			}
		}}))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
		m, err := backup.Write(t.Context(), backup.Source{DB: client.Database(other.Name()), Temp: t.TempDir()}, io.Discard)
		if !errors.Is(err, tt.want) || err == nil && m.Documents() != 3 {
			t.Errorf("%d orders are placed: %v, %+v", tt.most, err, m)
		}
	}
}

func TestCarts_OfOneRedis_AreTheSameInAnother(t *testing.T) {
	from, to := redistest.Start(t).Client, redistest.Start(t).Client
	ctx := t.Context()
	from.HSet(ctx, "shopping_car_{u}_go1", "title", "课", "price_fen", "1")
	from.ZAdd(ctx, "shopping_car_{u}", redis.Z{Score: 1700000000123, Member: "go1"})
	from.Set(ctx, "shopping_car_version_{u}", "1700000000124", 0)
	from.Set(ctx, "other", "1", time.Hour)
	for _, key := range []string{"shopping_car_{u}_go1", "shopping_car_{u}", "shopping_car_version_{u}"} {
		from.Expire(ctx, key, 20*time.Hour)
	}
	keys, err := backup.ReadCarts(ctx, from)
	if err != nil || len(keys) != 3 {
		t.Fatalf("%+v, %v", keys, err)
	}
	for range 2 {
		if err := backup.WriteCarts(ctx, to, keys); err != nil {
			t.Fatal(err)
		}
	}
	if got := to.HGetAll(ctx, "shopping_car_{u}_go1").Val(); got["title"] != "课" {
		t.Errorf("the line: %v", got)
	}
	if score := to.ZScore(ctx, "shopping_car_{u}", "go1").Val(); score != 1700000000123 {
		t.Errorf("the list: %v", score)
	}
	if all := to.Keys(ctx, "*").Val(); len(all) != 3 || slices.Contains(all, "other") {
		t.Errorf("keys: %v", all)
	}
	if ttl := to.TTL(ctx, "shopping_car_{u}").Val(); ttl < 19*time.Hour || ttl > 20*time.Hour {
		t.Errorf("lives for %s", ttl)
	}
}

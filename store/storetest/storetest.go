// Package storetest opens real stores for tests: what MONGODB_URI and REDIS_URL name,
// else the embedded ones, empty each time.
package storetest

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/store"
)

// Open opens a store with a database of its own, runs it, and closes it when the test
// ends. Each option may change the settings first.
func Open(t testing.TB, options ...func(*store.Config)) *store.DB {
	t.Helper()
	cfg := Config(t)
	for _, o := range options {
		o(&cfg)
	}
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatalf("open the store: %v", err)
	}
	if cfg.MongoURI != "" {
		t.Cleanup(func() { drop(t, cfg.MongoURI) })
	}
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- s.Run(ctx) }()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("run the store: %v", err)
		}
		ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
		defer cancel()
		if err := s.Close(ctx); err != nil {
			t.Errorf("close the store: %v", err)
		}
	})
	return s
}

// Config is what Open opens: two stores opened with the same Config share their data
// where MONGODB_URI and REDIS_URL are set.
func Config(t testing.TB) store.Config {
	t.Helper()
	dir := t.TempDir()
	if os.Getenv("MONGODB_URI") == "" {
		if err := unpack(dir); err != nil {
			t.Fatalf("lay out an empty store: %v", err)
		}
	}
	return store.Config{
		MongoURI: database(os.Getenv("MONGODB_URI"), "mstm_test_"+store.NewID()),
		RedisURL: os.Getenv("REDIS_URL"),
		DataDir:  dir,
		Log:      slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelWarn})),
	}
}

// empty is the database file of an embedded store that was opened and closed. Making one
// waits for the disk about a hundred times, writing a copy not once.
var empty = sync.OnceValues(func() (file []byte, err error) {
	dir, err := os.MkdirTemp("", "mstm-empty-")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	ctx := context.Background()
	s, err := store.Open(ctx, store.Config{DataDir: dir, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return nil, err
	}
	if err := s.Close(ctx); err != nil {
		return nil, err
	}
	return os.ReadFile(filepath.Join(dir, databaseFile))
})

const databaseFile = "mongo/mstm.sqlite"

// unpack lays an empty store into a data folder.
func unpack(dir string) error {
	file, err := empty()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(dir, filepath.Dir(databaseFile)), 0o700); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, databaseFile), file, 0o600)
}

// drop removes a test's database from a real MongoDB.
func drop(t testing.TB, uri string) {
	client, err := mongo.Connect(options.Client().ApplyURI(uri))
	if err != nil {
		t.Errorf("drop the database: %v", err)
		return
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	name := uri[strings.LastIndex(uri, "/")+1:]
	name, _, _ = strings.Cut(name, "?")
	err = errors.Join(client.Database(name).Drop(ctx), client.Disconnect(ctx))
	if err != nil {
		t.Errorf("drop the database: %v", err)
	}
}

// database puts a name into the path of a MongoDB URI; the path is cut out by hand,
// because a list of hosts is no URL to Go's parser.
func database(uri, name string) string {
	if uri == "" {
		return ""
	}
	scheme, rest, _ := strings.Cut(uri, "://")
	rest, query, _ := strings.Cut(rest, "?")
	hosts, _, _ := strings.Cut(rest, "/")
	if query != "" {
		query = "?" + query
	}
	return scheme + "://" + hosts + "/" + url.PathEscape(name) + query
}

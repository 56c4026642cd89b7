package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/FerretDB/FerretDB/ferretdb"
	"github.com/gofrs/flock"
	_ "modernc.org/sqlite" // the driver that FerretDB uses, for the index it lacks
)

// embeddedMongo is FerretDB in this process: MongoDB's protocol over SQLite files. It
// listens on a Unix socket in a folder that only this user may enter, because it asks
// for no password.
type embeddedMongo struct {
	uri     string
	dir     string // of the SQLite files
	sockDir string // to remove, if not "" (only where the data folder's path is too long for a socket)
	socket  string
	stop    context.CancelFunc
	done    chan struct{} // closed when FerretDB has ended
}

// maxSocketPath is a little less than the 108 bytes (with the closing zero) that a Unix
// socket's address holds on Linux, 104 on macOS.
const maxSocketPath = 100

func startEmbeddedMongo(dataDir string, log *slog.Logger) (_ *embeddedMongo, err error) {
	e := &embeddedMongo{done: make(chan struct{})}
	if e.dir, err = filepath.Abs(filepath.Join(dataDir, "mongo")); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return nil, err
	}
	if err := e.chooseSocket(); err != nil {
		return nil, err
	}
	f, err := ferretdb.New(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: e.socket},
		Logger:    slog.New(onlyErrors{log.Handler()}),
		Handler:   "sqlite",
		SQLiteURL: "file:" + (&url.URL{Path: e.dir + "/"}).EscapedPath() + "?" + sqlitePragmas,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(e.sockDir))
	}
	e.uri = f.MongoDBURI()
	ctx, stop := context.WithCancel(context.Background())
	e.stop = stop
	go func() {
		defer close(e.done)
		if err := f.Run(ctx); err != nil {
			log.Error("the embedded MongoDB ended", "err", err)
		}
	}()
	return e, nil
}

// sqlitePragmas: the write-ahead log with a full sync, so that an acknowledged write
// outlives a kill, and a wait for SQLite's lock that ends before our own deadline.
const sqlitePragmas = "_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"

// chooseSocket puts the socket into the data folder, or, where that path is too long,
// into a fresh private folder among the temporary files. One left by a killed process
// is removed: the lock on the data folder says that its owner is gone.
func (e *embeddedMongo) chooseSocket() (err error) {
	e.socket = filepath.Join(e.dir, "mongo.sock")
	if len(e.socket) > maxSocketPath {
		if e.sockDir, err = os.MkdirTemp("", "mstm-"); err != nil {
			return err
		}
		e.socket = filepath.Join(e.sockDir, "mongo.sock")
	}
	if err := os.Remove(e.socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// indexIDs gives every collection the index that FerretDB's look-up by _id needs. The
// one it makes itself is on another expression than the one it asks with, so that
// SQLite reads the whole table, about 5 µs a document. It is only speed: where it fails
// the shop goes on.
func (e *embeddedMongo) indexIDs(ctx context.Context, database string, log *slog.Logger) {
	if err := e.tryIndexIDs(ctx, database); err != nil {
		log.Warn("the embedded MongoDB has no fast index", "err", err)
	}
}

func (e *embeddedMongo) tryIndexIDs(ctx context.Context, database string) error {
	db, err := e.sqlite(database)
	if err != nil {
		return err
	}
	defer db.Close()
	tables, err := tableNames(ctx, db)
	if err != nil {
		return err
	}
	tx, err := db.BeginTx(ctx, nil) // one, because each waits for the disk
	if err != nil {
		return err
	}
	defer tx.Rollback()
	for _, t := range tables {
		q := fmt.Sprintf(`CREATE INDEX IF NOT EXISTS %q ON %q (_ferretdb_sjson->'$._id')`, t+"_mstm_id", t)
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return err
		}
	}
	return tx.Commit()
}

// sqlite is a second handle to the file in which FerretDB keeps a database.
func (e *embeddedMongo) sqlite(database string) (*sql.DB, error) {
	file := (&url.URL{Path: filepath.Join(e.dir, database+".sqlite")}).EscapedPath()
	return sql.Open("sqlite", "file:"+file+"?"+sqlitePragmas)
}

func tableNames(ctx context.Context, db *sql.DB) (names []string, err error) {
	rows, err := db.QueryContext(ctx, `SELECT table_name FROM _ferretdb_collections`)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		var name string
		if err := rows.Scan(&name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, rows.Err()
}

// close ends FerretDB. It waits up to 3 s for open connections, so the client must have
// been disconnected before; then it ends at once.
func (e *embeddedMongo) close(ctx context.Context) error {
	e.stop()
	select {
	case <-e.done:
	case <-ctx.Done():
		return fmt.Errorf("the embedded MongoDB is still closing: %w", ctx.Err())
	}
	if e.sockDir != "" {
		return os.RemoveAll(e.sockDir)
	}
	return nil
}

// onlyErrors keeps FerretDB's talk about its connections out of the log.
type onlyErrors struct{ slog.Handler }

func (h onlyErrors) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (h onlyErrors) WithAttrs(a []slog.Attr) slog.Handler         { return onlyErrors{h.Handler.WithAttrs(a)} }
func (h onlyErrors) WithGroup(name string) slog.Handler           { return onlyErrors{h.Handler.WithGroup(name)} }

// dataLock says that this process owns the data folder. FerretDB's locks are its
// process's own: two processes on one folder would both win the same sale.
type dataLock struct{ file *flock.Flock }

func lockDataDir(dir string) (*dataLock, error) {
	if dir == "" {
		return nil, errors.New("DATA_DIR is empty: the embedded stores need a folder")
	}
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	if err := os.Chmod(dir, 0o700); err != nil {
		return nil, fmt.Errorf("DATA_DIR: %w", err)
	}
	f := flock.New(filepath.Join(dir, "lock"))
	ok, err := f.TryLock()
	if err != nil {
		return nil, fmt.Errorf("lock DATA_DIR: %w", err)
	}
	if !ok {
		return nil, fmt.Errorf("the data folder %s is in use by another process: stop that one, or set DATA_DIR to another folder", dir)
	}
	return &dataLock{f}, nil
}

func (l *dataLock) release() error { return l.file.Unlock() }

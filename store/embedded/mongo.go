// Package embedded runs MongoDB's and Redis's protocols inside this process, for development,
// demonstrations and tests: FerretDB over SQLite files, and miniredis with a copy of the carts on
// disk. What those two do otherwise than the real ones is made good here and nowhere else.
package embedded

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"
	"sync"

	"github.com/FerretDB/FerretDB/ferretdb"
	_ "modernc.org/sqlite" // the driver that FerretDB uses, for the index it lacks
)

// Mongo is FerretDB in this process: MongoDB's protocol over SQLite files. It
// listens on a Unix socket in a folder that only this user may enter, because it asks
// for no password.
type Mongo struct {
	URI     string
	dir     string // of the SQLite files
	TempDir string // to remove, if not "" (only where the data folder's path is too long for a socket)
	Socket  string
	stop    context.CancelFunc
	done    chan struct{} // closed when FerretDB has ended
}

// maxSocketPath is a little less than the 108 bytes (with the closing zero) that a Unix
// socket's address holds on Linux, 104 on macOS.
const maxSocketPath = 100

// StartMongo begins to listen; the data is in a folder below dataDir.
func StartMongo(dataDir string, log *slog.Logger) (_ *Mongo, err error) {
	e := &Mongo{done: make(chan struct{})}
	if e.dir, err = filepath.Abs(filepath.Join(dataDir, "mongo")); err != nil {
		return nil, err
	}
	if err := os.MkdirAll(e.dir, 0o700); err != nil {
		return nil, err
	}
	if err := e.chooseSocket(); err != nil {
		return nil, err
	}
	f, err := NewFerretDB(&ferretdb.Config{
		Listener:  ferretdb.ListenerConfig{Unix: e.Socket},
		Logger:    slog.New(onlyErrors{log.Handler()}),
		Handler:   "sqlite",
		SQLiteURL: "file:" + (&url.URL{Path: e.dir + "/"}).EscapedPath() + "?" + sqlitePragmas,
	})
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(e.TempDir))
	}
	e.URI = f.MongoDBURI()
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

// making is held while FerretDB is made: it writes a variable that all of a program's share.
var making sync.Mutex

// NewFerretDB makes a FerretDB for this package and for tests, one at a time in the whole program.
func NewFerretDB(cfg *ferretdb.Config) (*ferretdb.FerretDB, error) {
	making.Lock()
	defer making.Unlock()
	return ferretdb.New(cfg)
}

// sqlitePragmas: the write-ahead log with a full sync, so that an acknowledged write
// outlives a kill, and a wait for SQLite's lock that ends before our own deadline.
const sqlitePragmas = "_pragma=busy_timeout(2000)&_pragma=journal_mode(wal)&_pragma=synchronous(full)"

// chooseSocket puts the socket into the data folder, or, where that path is too long,
// into a fresh private folder among the temporary files. One left by a killed process
// is removed: the lock on the data folder says that its owner is gone.
func (e *Mongo) chooseSocket() (err error) {
	e.Socket = filepath.Join(e.dir, "mongo.sock")
	if len(e.Socket) > maxSocketPath {
		if e.TempDir, err = os.MkdirTemp("", "mstm-"); err != nil {
			return err
		}
		e.Socket = filepath.Join(e.TempDir, "mongo.sock")
	}
	if err := os.Remove(e.Socket); err != nil && !errors.Is(err, os.ErrNotExist) {
		return err
	}
	return nil
}

// IndexIDs gives every collection the index that FerretDB's look-up by _id needs. The
// one it makes itself is on another expression than the one it asks with, so that
// SQLite reads the whole table, about 5 µs a document. It is only speed: where it fails
// the shop goes on.
func (e *Mongo) IndexIDs(ctx context.Context, database string, log *slog.Logger) {
	if err := e.tryIndexIDs(ctx, database); err != nil {
		log.Warn("the embedded MongoDB has no fast index", "err", err)
	}
}

func (e *Mongo) tryIndexIDs(ctx context.Context, database string) error {
	db, err := e.SQLite(database)
	if err != nil {
		return err
	}
	defer db.Close()
	tables, err := TableNames(ctx, db)
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

// SQLite is a second handle to the file in which FerretDB keeps a database.
func (e *Mongo) SQLite(database string) (*sql.DB, error) {
	file := (&url.URL{Path: filepath.Join(e.dir, database+".sqlite")}).EscapedPath()
	return sql.Open("sqlite", "file:"+file+"?"+sqlitePragmas)
}

// CopyMongo copies the database of a data folder into another folder, for StartMongo there. SQLite makes the copy in one
// read transaction: it is of one moment, and a shop that has the folder goes on writing.
func CopyMongo(ctx context.Context, dataDir, to string) (err error) {
	const file = "mstm"
	from := &Mongo{dir: filepath.Join(dataDir, "mongo")}
	if _, err := os.Stat(filepath.Join(from.dir, file+".sqlite")); err != nil {
		return err
	}
	if from.dir, err = filepath.Abs(from.dir); err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Join(to, "mongo"), 0o700); err != nil {
		return err
	}
	db, err := from.SQLite(file)
	if err != nil {
		return err
	}
	_, err = db.ExecContext(ctx, `VACUUM INTO ?`, filepath.Join(to, "mongo", file+".sqlite"))
	return errors.Join(err, db.Close())
}

// TableNames are the tables in which FerretDB keeps the collections of a database.
func TableNames(ctx context.Context, db *sql.DB) (names []string, err error) {
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

// Close ends FerretDB. It waits up to 3 s for open connections, so the client must have
// been disconnected before; then it ends at once.
func (e *Mongo) Close(ctx context.Context) error {
	e.stop()
	select {
	case <-e.done:
	case <-ctx.Done():
		return fmt.Errorf("the embedded MongoDB is still closing: %w", ctx.Err())
	}
	if e.TempDir != "" {
		return os.RemoveAll(e.TempDir)
	}
	return nil
}

// onlyErrors keeps FerretDB's talk about its connections out of the log.
type onlyErrors struct{ slog.Handler }

func (h onlyErrors) Enabled(_ context.Context, l slog.Level) bool { return l >= slog.LevelError }
func (h onlyErrors) WithAttrs(a []slog.Attr) slog.Handler         { return onlyErrors{h.Handler.WithAttrs(a)} }
func (h onlyErrors) WithGroup(name string) slog.Handler           { return onlyErrors{h.Handler.WithGroup(name)} }

// Room is how many bytes are free on the disk of the data; very many where that is not known.
func (e *Mongo) Room() uint64 { return roomOn(e.dir) }

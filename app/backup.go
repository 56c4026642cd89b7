package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path"
	"path/filepath"
	"strings"
	"time"

	"github.com/urfave/cli/v3"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/media"
	"mstm/store"
	"mstm/store/backup"
	"mstm/store/embedded"
	"mstm/store/redisconn"
)

// backupTime is how long a backup or a restore may take. The driver's own time-outs, made for requests, give way to it.
const backupTime = 24 * time.Hour

func backupCommand(p Program) *cli.Command {
	return &cli.Command{
		Name: "backup", Usage: "copy database, carts and files into one archive, beside a running shop", ArgsUsage: "FILE", HideHelpCommand: true,
		Description: "FILE is a tar file packed by zstd, such as mstm-2026-01-31.tar.zst, and is there whole or not at all. The copy shows one moment. Keys, " +
			"settings and the sandbox are not in it.",
		Flags: []cli.Flag{&cli.BoolFlag{Name: "without-files", Usage: "leave uploaded files out, where their bucket is copied by itself"}},
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.oneFile(c, func(cfg Settings, file string) error {
				return makeBackup(ctx, cfg, p.Log, file, !c.Bool("without-files"), p.Out)
			})
		},
	}
}

func restoreCommand(p Program) *cli.Command {
	return &cli.Command{
		Name: "restore", Usage: "put an archive of mstm backup into an empty database, and check it", ArgsUsage: "FILE", HideHelpCommand: true,
		Description: "No shop may run on the database. The archive is read and held against its sums before anything is written. A restore that was cut off is begun " +
			"again with the same archive; until it has ended no shop opens the database.",
		Action: func(ctx context.Context, c *cli.Command) error {
			return p.oneFile(c, func(cfg Settings, file string) error { return restore(ctx, cfg, p.Log, file, p.Out) })
		},
	}
}

// oneFile runs a command that takes a file.
func (p Program) oneFile(c *cli.Command, run func(cfg Settings, file string) error) error {
	cfg, err := p.Settings()
	if err != nil {
		return err
	}
	if c.Args().Len() != 1 {
		return fmt.Errorf("%s FILE", c.Name)
	}
	return run(cfg, c.Args().First())
}

// makeBackup writes the archive beside its place and moves it there when it is on the disk.
func makeBackup(ctx context.Context, cfg Settings, log *slog.Logger, file string, files bool, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, backupTime)
	defer cancel()
	if _, err := os.Stat(file); err == nil {
		return fmt.Errorf("%s is there already", file)
	}
	temp, err := os.MkdirTemp(filepath.Dir(file), ".mstm-backup-")
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return os.RemoveAll(temp) })
	src := backup.Source{Temp: temp, By: version()}
	var leave func() error
	if src.DB, src.SQLite, leave, err = backupDatabase(ctx, cfg, temp, log); err != nil {
		return err
	}
	defer closing(&err, leave)
	keys, err := readCarts(ctx, cfg)
	if err == nil {
		src.Carts = func(context.Context) ([]backup.CartKey, error) { return keys, nil }
	} else {
		log.WarnContext(ctx, "the backup is without carts: Redis does not give them", "err", err)
	}
	if files {
		storage, err := openFiles(ctx, cfg)
		if err != nil {
			return err
		}
		if storage != nil {
			defer closing(&err, storage.Close)
		}
		src.Files = filesOf(storage)
	}
	f, err := os.OpenFile(filepath.Join(temp, "archive"), os.O_CREATE|os.O_WRONLY|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	m, err := backup.Write(ctx, src, f)
	if err = errors.Join(err, f.Sync(), f.Close()); err != nil {
		return err
	}
	if err := os.Link(f.Name(), file); err != nil { // and not Rename, which would take the place of another archive
		return err
	}
	_, err = fmt.Fprintf(out, "%s: %s\n", file, describe(m))
	return err
}

// describe is an archive in a line.
func describe(m *backup.Manifest) string {
	text := fmt.Sprintf("%d documents of %d collections (%s)", m.Documents(), len(m.Collections), m.Consistent)
	if m.Carts != nil {
		text += fmt.Sprintf(", %d keys of carts", m.Carts.Count)
	} else {
		text += ", no carts"
	}
	if m.WithFiles {
		return text + fmt.Sprintf(", %d files of %s", len(m.Files), size(m.Bytes()))
	}
	return text + ", without files"
}

// backupDatabase is the database to read: MONGODB_URI's, or a copy that SQLite makes of the embedded one, which a running
// shop may have.
func backupDatabase(ctx context.Context, cfg Settings, temp string, log *slog.Logger) (db *mongo.Database, sqlite bool, leave func() error, err error) {
	if cfg.MongoURI != "" {
		db, err := store.Dial(cfg.MongoURI, false)
		if err != nil {
			return nil, false, nil, err
		}
		return db, false, func() error { return db.Client().Disconnect(context.WithoutCancel(ctx)) }, nil
	}
	if err := embedded.CopyMongo(ctx, cfg.DataDir, temp); err != nil {
		return nil, false, nil, fmt.Errorf("copy the embedded store in %s: %w", absolute(cfg.DataDir), err)
	}
	e, err := embedded.StartMongo(temp, log)
	if err != nil {
		return nil, false, nil, err
	}
	if db, err = store.Dial(e.URI, true); err != nil {
		return nil, false, nil, errors.Join(err, e.Close(context.WithoutCancel(ctx)))
	}
	return db, true, func() error {
		ctx := context.WithoutCancel(ctx)
		return errors.Join(db.Client().Disconnect(ctx), e.Close(ctx))
	}, nil
}

// readCarts are the carts in Redis, or those that the embedded one has left on the disk within five seconds.
func readCarts(ctx context.Context, cfg Settings) (keys []backup.CartKey, err error) {
	if cfg.RedisURL == "" {
		text, err := os.ReadFile(filepath.Join(cfg.DataDir, embedded.CartsFile))
		if errors.Is(err, fs.ErrNotExist) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
		return keys, json.Unmarshal(text, &keys)
	}
	client, err := redisconn.Dial(cfg.RedisURL, 5*time.Second)
	if err != nil {
		return nil, err
	}
	defer closing(&err, client.Close)
	return backup.ReadCarts(ctx, client)
}

// openFiles opens the place of files; nil where the folder is not there.
func openFiles(ctx context.Context, cfg Settings) (*media.Storage, error) {
	folder := cfg.mediaFolder()
	if _, err := os.Stat(folder); cfg.Media.URL == "" && errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return media.OpenStorage(ctx, cfg.Media.URL, folder)
}

// filesOf calls with each file of a place that a row may name: what a writer has under way is left out.
func filesOf(storage *media.Storage) func(context.Context, func(backup.Object) error) error {
	return func(ctx context.Context, each func(backup.Object) error) error {
		if storage == nil {
			return nil
		}
		return storage.Each(ctx, "", func(o media.Object) error {
			if strings.HasPrefix(path.Base(o.Key), "fileblob") || !strings.Contains(o.Key, "/") {
				return nil
			}
			kind, err := storage.Type(ctx, o.Key)
			if errors.Is(err, media.ErrNoObject) {
				return nil
			}
			if err != nil {
				return err
			}
			return each(backup.Object{Key: o.Key, Type: kind, Size: o.Size, Open: func() (io.ReadCloser, error) {
				r, err := storage.Open(ctx, o.Key)
				if errors.Is(err, media.ErrNoObject) {
					return nil, backup.ErrGone
				}
				return r, err
			}})
		})
	}
}

// restore puts an archive into the stores of the settings and holds what is there then against the invariants.
func restore(ctx context.Context, cfg Settings, log *slog.Logger, file string, out io.Writer) (err error) {
	ctx, cancel := context.WithTimeout(ctx, backupTime)
	defer cancel()
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer closing(&err, f.Close)
	clk := &clock{}
	db, err := openStore(ctx, cfg, clk, log)
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return db.Close(context.Background()) })
	storage, err := media.OpenStorage(ctx, cfg.Media.URL, cfg.mediaFolder())
	if err != nil {
		return err
	}
	defer closing(&err, storage.Close)
	m, err := backup.Restore(ctx, f, backup.Target{
		DB: db.Database(),
		Carts: func(ctx context.Context, keys []backup.CartKey) error {
			if err := backup.WriteCarts(ctx, db.Redis(), keys); err != nil {
				return fmt.Errorf("write the carts: %w", err)
			}
			return nil
		},
		Put: func(ctx context.Context, p backup.Part, r io.Reader) error {
			if n, err := storage.Size(ctx, p.Name); err == nil && n == p.Size {
				return nil
			}
			_, err := storage.Put(ctx, p.Name, p.Type, r)
			return err
		},
	})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(out, "%s of %s: %s\n", file, m.At.Format(time.RFC3339), describe(m)); err != nil {
		return err
	}
	if !cfg.production() {
		if err := clk.load(ctx, db); err != nil {
			return err
		}
	}
	return printInvariants(ctx, db, clk, log, out)
}

// refuseUnfinished fails where a restore into the database has begun and not ended.
func refuseUnfinished(ctx context.Context, db *store.DB) error {
	unfinished, err := backup.Unfinished(ctx, db.Database())
	if err == nil && unfinished {
		err = errors.New("MONGODB_URI: a restore into this database has not ended; run mstm restore again with the same archive")
	}
	return err
}

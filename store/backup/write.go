package backup

import (
	"archive/tar"
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"
	"strings"
	"time"

	"github.com/klauspost/compress/zstd"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A Source is what is copied.
type Source struct {
	DB     *mongo.Database
	SQLite bool                                            // DB is a copy that SQLite made of one moment
	Carts  func(context.Context) ([]CartKey, error)        // nil: there are none to be had
	Files  func(context.Context, func(Object) error) error // calls with each file; nil: they are left out
	Temp   string                                          // a folder for one collection at a time
	By     string                                          // the program's version
}

// Object is a file of the shop.
type Object struct {
	Key, Type string
	Size      int64
	Open      func() (io.ReadCloser, error) // ErrGone: it was deleted since
}

// ErrGone is of a file that is there no more.
var ErrGone = errors.New("backup: the file is gone")

// moves is how often a copy begins again because orders moved.
const moves = 5

// Write writes an archive of src to w and returns its manifest. Nothing of src is changed.
func Write(ctx context.Context, src Source, w io.Writer) (*Manifest, error) {
	packed, err := zstd.NewWriter(w)
	if err != nil {
		return nil, err
	}
	a := &writer{src: src, tar: tar.NewWriter(packed), Manifest: Manifest{
		Format: Format, Program: src.By, At: time.Now().UTC().Truncate(time.Second), WithFiles: src.Files != nil,
	}}
	for _, part := range []func(context.Context) error{a.carts, a.database, a.files, a.end} {
		if err := part(ctx); err != nil {
			return nil, errors.Join(err, packed.Close())
		}
	}
	return &a.Manifest, errors.Join(a.tar.Close(), packed.Close())
}

type writer struct {
	Manifest
	src   Source
	tar   *tar.Writer
	carry []byte // carts.json, which is read first and written after the collections
}

// carts reads the carts before the orders are read: a course that is bought in between is in the cart and owned, which
// the cart's next reading mends.
func (a *writer) carts(ctx context.Context) error {
	if a.src.Carts == nil {
		return nil
	}
	keys, err := a.src.Carts(ctx)
	if err != nil {
		return fmt.Errorf("read the carts: %w", err)
	}
	if a.carry, err = json.Marshal(keys); err != nil {
		return err
	}
	a.Carts = &Part{Name: cartsName, Count: int64(len(keys)), Size: int64(len(a.carry)), SHA256: sum(a.carry)}
	return nil
}

// database copies the collections in a way that shows one moment.
func (a *writer) database(ctx context.Context) (err error) {
	var hello struct {
		Set  string `bson:"setName"`
		Wire int    `bson:"maxWireVersion"`
	}
	if err := a.src.DB.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return err
	}
	names, err := a.src.DB.ListCollectionNames(ctx, bson.M{})
	if err != nil {
		return err
	}
	names = slices.DeleteFunc(names, func(n string) bool { return strings.HasPrefix(n, "system.") })
	slices.Sort(names)
	spools := make([]*spool, 0, len(names))
	defer func() {
		for _, s := range spools {
			err = errors.Join(err, s.close())
		}
	}()
	for _, name := range names {
		s, err := newSpool(a.src.Temp, name)
		if err != nil {
			return err
		}
		spools = append(spools, s)
	}
	const snapshotReads = 13 // the wire version of MongoDB 5.0
	switch {
	case a.src.SQLite:
		a.Consistent = SQLite
		err = a.readAll(ctx, spools)
	case hello.Set != "" && hello.Wire >= snapshotReads:
		a.Consistent = Snapshot
		err = a.readSnapshot(ctx, spools)
	default:
		a.Consistent = Still
		err = a.readStill(ctx, spools)
	}
	if err != nil {
		return err
	}
	for _, s := range spools {
		if err := a.collection(s); err != nil {
			return err
		}
	}
	return nil
}

func (a *writer) readAll(ctx context.Context, spools []*spool) error {
	for _, s := range spools {
		if err := s.fill(ctx, a.src.DB.Collection(s.Name)); err != nil {
			return fmt.Errorf("read %s: %w", s.Name, err)
		}
	}
	return nil
}

func (a *writer) readSnapshot(ctx context.Context, spools []*spool) error {
	session, err := a.src.DB.Client().StartSession(options.Session().SetSnapshot(true))
	if err != nil {
		return err
	}
	defer session.EndSession(context.WithoutCancel(ctx))
	err = a.readAll(mongo.NewSessionContext(ctx, session), spools)
	var refused mongo.CommandError
	const snapshotTooOld = 239
	if errors.As(err, &refused) && refused.Code == snapshotTooOld {
		return fmt.Errorf("the server keeps no moment for so long: raise minSnapshotHistoryWindowInSeconds: %w", err)
	}
	return err
}

// readStill reads until no order moved from the first reading to the last.
func (a *writer) readStill(ctx context.Context, spools []*spool) error {
	orders, err := newSpool(a.src.Temp, "orders")
	if err != nil {
		return err
	}
	defer func() { _ = orders.close() }()
	for range moves {
		if err := orders.fill(ctx, a.src.DB.Collection("orders")); err != nil {
			return err
		}
		if err := a.readAll(ctx, spools); err != nil {
			return err
		}
		before := orders.SHA256
		if err := orders.fill(ctx, a.src.DB.Collection("orders")); err != nil {
			return err
		}
		if orders.SHA256 == before {
			return nil
		}
	}
	return fmt.Errorf("%w: stop the shop, or take the copy when nothing is sold", ErrMoved)
}

func (a *writer) collection(s *spool) error {
	if _, err := s.file.Seek(0, io.SeekStart); err != nil {
		return err
	}
	a.Collections = append(a.Collections, s.Part)
	if err := a.header(dbPrefix+s.Name+bsonSuffix, s.Size); err != nil {
		return err
	}
	_, err := io.Copy(a.tar, s.file)
	return err
}

func (a *writer) header(name string, size int64) error {
	return a.tar.WriteHeader(&tar.Header{Name: name, Size: size, Mode: 0o600, ModTime: a.At, Format: tar.FormatPAX})
}

// files copies each file that is still there.
func (a *writer) files(ctx context.Context) error {
	if a.Carts != nil {
		if err := a.header(cartsName, a.Carts.Size); err != nil {
			return err
		}
		if _, err := a.tar.Write(a.carry); err != nil {
			return err
		}
	}
	a.Files = []Part{}
	if a.src.Files == nil {
		return nil
	}
	return a.src.Files(ctx, func(o Object) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		r, err := o.Open()
		if errors.Is(err, ErrGone) {
			return nil
		}
		if err != nil {
			return err
		}
		defer r.Close()
		if err := a.header(filesPrefix+o.Key, o.Size); err != nil {
			return err
		}
		h := sha256.New()
		n, err := io.Copy(io.MultiWriter(a.tar, h), r)
		if err == nil && n != o.Size {
			err = fmt.Errorf("has %d bytes, and had %d", n, o.Size)
		}
		if err != nil {
			return fmt.Errorf("copy the file %s: %w", o.Key, err)
		}
		a.Files = append(a.Files, Part{Name: o.Key, Type: o.Type, Size: n, SHA256: hex.EncodeToString(h.Sum(nil))})
		return nil
	})
}

func (a *writer) end(context.Context) error {
	text, err := json.MarshalIndent(&a.Manifest, "", " ")
	if err != nil {
		return err
	}
	if err := a.header(manifestName, int64(len(text))); err != nil {
		return err
	}
	_, err = a.tar.Write(text)
	return err
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}

// spool is one collection in a file: a tar entry says its size before its bytes.
type spool struct {
	Part
	file *os.File
}

func newSpool(dir, name string) (*spool, error) {
	f, err := os.CreateTemp(dir, "backup-*.bson")
	if err != nil {
		return nil, err
	}
	return &spool{Part{Name: name}, f}, nil
}

func (s *spool) close() error { return errors.Join(s.file.Close(), os.Remove(s.file.Name())) }

// readBatch is how many documents are fetched at a time.
const readBatch = 500

// fill reads a collection in the order of its ids, in place of what was read before.
func (s *spool) fill(ctx context.Context, c *mongo.Collection) (err error) {
	if err := errors.Join(s.file.Truncate(0), rewind(s.file)); err != nil {
		return err
	}
	s.Count, s.Size = 0, 0
	cur, err := c.Find(ctx, bson.M{}, options.Find().SetSort(bson.M{"_id": 1}).SetBatchSize(readBatch))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, cur.Close(context.WithoutCancel(ctx))) }()
	var h hash.Hash = sha256.New()
	var block bytes.Buffer
	flush := func() error {
		h.Write(block.Bytes())
		_, err := block.WriteTo(s.file)
		return err
	}
	for cur.Next(ctx) {
		block.Write(cur.Current)
		s.Count++
		s.Size += int64(len(cur.Current))
		if block.Len() >= 1<<20 {
			if err := flush(); err != nil {
				return err
			}
		}
	}
	if err := errors.Join(cur.Err(), flush()); err != nil {
		return err
	}
	s.SHA256 = hex.EncodeToString(h.Sum(nil))
	return nil
}

func rewind(f *os.File) error {
	_, err := f.Seek(0, io.SeekStart)
	return err
}

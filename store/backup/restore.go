package backup

import (
	"archive/tar"
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/klauspost/compress/zstd"
	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// A Target is where an archive goes: a database with its collections and indexes made and no document in it.
type Target struct {
	DB    *mongo.Database
	Carts func(context.Context, []CartKey) error
	// Put writes a file unless it is there with this size.
	Put func(ctx context.Context, f Part, r io.Reader) error
}

// MarkName is the row of settings that says that a restore is not done. Its value is the archive's sum.
const MarkName = "restore"

type mark struct {
	ID     string `bson:"_id"`
	SHA256 string `bson:"sha256"`
}

// Unfinished reports whether a restore into a database has begun and not ended: no shop may open it.
func Unfinished(ctx context.Context, db *mongo.Database) (bool, error) {
	err := db.Collection("settings").FindOne(ctx, bson.M{"_id": MarkName}).Err()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	return err == nil, err
}

// Verify reads a whole archive and holds every entry against the manifest; sum is that of the archive itself. The error is
// ErrBroken where anything is missing, too much or another than it was.
func Verify(f *os.File) (m *Manifest, whole string, err error) {
	if err := rewind(f); err != nil {
		return nil, "", err
	}
	h := sha256.New()
	got, m := map[string]Part{}, nil
	err = each(io.TeeReader(f, h), func(name string, r io.Reader) error {
		if m != nil {
			return broken("%s comes after the manifest", name)
		}
		if name == manifestName {
			return json.NewDecoder(r).Decode(&m)
		}
		sum := sha256.New()
		n, err := io.Copy(sum, r)
		got[name] = Part{Size: n, SHA256: hex.EncodeToString(sum.Sum(nil))}
		return err
	})
	if err != nil {
		return nil, "", fmt.Errorf("%w: %w", ErrBroken, err)
	}
	if m == nil {
		return nil, "", broken("it has no manifest: it was cut off")
	}
	if m.Format > Format {
		return nil, "", broken("it is of format %d, and this program reads up to %d", m.Format, Format)
	}
	hold := func(name string, p Part) error {
		g, ok := got[name]
		delete(got, name)
		if !ok || g.Size != p.Size || g.SHA256 != p.SHA256 {
			return broken("%s is not what the manifest says", name)
		}
		return nil
	}
	for _, c := range m.Collections {
		err = errors.Join(err, hold(dbPrefix+c.Name+bsonSuffix, c))
	}
	for _, o := range m.Files {
		err = errors.Join(err, hold(filesPrefix+o.Name, o))
	}
	if m.Carts != nil {
		err = errors.Join(err, hold(cartsName, *m.Carts))
	}
	for name := range got {
		err = errors.Join(err, broken("%s is in no manifest", name))
	}
	if _, e := io.Copy(h, f); e != nil { // what the unpacker left unread
		err = errors.Join(err, e)
	}
	return m, hex.EncodeToString(h.Sum(nil)), err
}

// each calls with every entry of an archive.
func each(r io.Reader, do func(name string, r io.Reader) error) error {
	unpacked, err := zstd.NewReader(r)
	if err != nil {
		return err
	}
	defer unpacked.Close()
	entries := tar.NewReader(unpacked)
	for {
		h, err := entries.Next()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := do(h.Name, entries); err != nil {
			return err
		}
	}
}

// Restore writes a verified archive into an empty database. It begins with a mark, for which no shop opens the database,
// and ends with taking it away: a restore that died is begun again with the same archive, and what is there already is
// left as it is. The error is ErrNotEmpty where there is a document of anything else.
func Restore(ctx context.Context, f *os.File, t Target) (*Manifest, error) {
	m, whole, err := Verify(f)
	if err != nil {
		return nil, err
	}
	if err := begin(ctx, t.DB, whole); err != nil {
		return nil, err
	}
	if err := rewind(f); err != nil {
		return nil, err
	}
	files := map[string]Part{}
	for _, o := range m.Files {
		files[o.Name] = o
	}
	err = each(f, func(name string, r io.Reader) error {
		if err := ctx.Err(); err != nil {
			return err
		}
		if key, ok := strings.CutPrefix(name, filesPrefix); ok {
			return t.Put(ctx, files[key], r)
		}
		if c, ok := strings.CutPrefix(name, dbPrefix); ok {
			c = strings.TrimSuffix(c, bsonSuffix)
			if err := insert(ctx, t.DB.Collection(c), r); err != nil {
				return fmt.Errorf("write %s: %w", c, err)
			}
			return nil
		}
		if name == cartsName {
			var keys []CartKey
			if err := json.NewDecoder(r).Decode(&keys); err != nil {
				return err
			}
			return t.Carts(ctx, keys)
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, c := range m.Collections {
		want := c.Count
		if c.Name == "settings" {
			want++ // the mark
		}
		if n, err := t.DB.Collection(c.Name).CountDocuments(ctx, bson.M{}); err != nil {
			return nil, err
		} else if n != want {
			return nil, fmt.Errorf("%s has %d documents and should have %d: does a shop run on this database?", c.Name, n, want)
		}
	}
	_, err = t.DB.Collection("settings").DeleteOne(ctx, bson.M{"_id": MarkName})
	return m, err
}

// begin marks an empty database, or finds the mark of the same archive.
func begin(ctx context.Context, db *mongo.Database, whole string) error {
	var there mark
	err := db.Collection("settings").FindOne(ctx, bson.M{"_id": MarkName}).Decode(&there)
	if err == nil && there.SHA256 != whole {
		return fmt.Errorf("%w: the restore of another archive has begun in it", ErrNotEmpty)
	}
	if err == nil || !errors.Is(err, mongo.ErrNoDocuments) {
		return err
	}
	names, err := db.ListCollectionNames(ctx, bson.M{})
	if err != nil {
		return err
	}
	for _, name := range names {
		if strings.HasPrefix(name, "system.") {
			continue
		}
		err := db.Collection(name).FindOne(ctx, bson.M{}).Err()
		if err == nil {
			return fmt.Errorf("%w: in %s; restore into an empty database", ErrNotEmpty, name)
		}
		if !errors.Is(err, mongo.ErrNoDocuments) {
			return err
		}
	}
	_, err = db.Collection("settings").InsertOne(ctx, mark{MarkName, whole})
	return err
}

// A block of documents that is written at once, and the longest document that MongoDB has.
const (
	blockDocuments = 200
	blockBytes     = 4 << 20
	maxDocument    = 16<<20 + 16<<10
)

// insert adds the documents of a stream; those whose ids are there already are left.
func insert(ctx context.Context, c *mongo.Collection, r io.Reader) error {
	in := bufio.NewReaderSize(r, 1<<20)
	var block []any
	size := 0
	flush := func() error {
		if len(block) == 0 {
			return nil
		}
		_, err := c.InsertMany(ctx, block, options.InsertMany().SetOrdered(false))
		block, size = nil, 0
		return exceptClashes(err)
	}
	for {
		doc, err := readDocument(in)
		if err == io.EOF {
			return flush()
		}
		if err != nil {
			return err
		}
		block, size = append(block, doc), size+len(doc)
		if len(block) >= blockDocuments || size >= blockBytes {
			if err := flush(); err != nil {
				return err
			}
		}
	}
}

func readDocument(in *bufio.Reader) (bson.Raw, error) {
	head, err := in.Peek(4)
	if len(head) == 0 && err == io.EOF {
		return nil, io.EOF
	}
	if err != nil {
		return nil, err
	}
	n := binary.LittleEndian.Uint32(head)
	if n < 5 || n > maxDocument {
		return nil, broken("a document of %d bytes", n)
	}
	doc := make(bson.Raw, n)
	_, err = io.ReadFull(in, doc)
	return doc, err
}

// exceptClashes leaves out that documents were there already.
func exceptClashes(err error) error {
	var many mongo.BulkWriteException
	const duplicateKey = 11000
	if !errors.As(err, &many) || many.WriteConcernError != nil {
		return err
	}
	for _, one := range many.WriteErrors {
		if !one.HasErrorCode(duplicateKey) {
			return err
		}
	}
	return nil
}

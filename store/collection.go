package store

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"maps"
	"strings"
	"sync"
	"sync/atomic"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// ErrNotFound is of an id that has no document, where shop has no error of its own for it.
var ErrNotFound = errors.New("store: not found")

// errUnchanged, returned to Change, means that there is nothing to write.
var errUnchanged = errors.New("unchanged")

// Unchanged is what a change function returns to leave a document as it is.
func Unchanged() error { return errUnchanged }

// maxConflicts is how often a write is tried that other writers get in front of.
const maxConflicts = 64

// untilDone calls try until it is done or fails. A try that is not done has lost to another
// writer; after maxConflicts of them the error is shop.ErrUnavailable.
func untilDone(doing string, try func() (done bool, err error)) error {
	for range maxConflicts {
		if done, err := try(); done || err != nil {
			return err
		}
	}
	return fmt.Errorf("%s: %w: too many writers", doing, shop.ErrUnavailable)
}

// Collection is a collection of MongoDB whose documents are T. The types around it, one for
// each collection, say what may be done with the documents; this one says how.
//
// An interface, for the compiler makes the methods of a generic struct again in every package that can reach it: forty
// collections in fifty packages were half of the time that the program takes to build.
type Collection[T any] interface {
	Get(ctx context.Context, id string) (*T, error)
	Insert(ctx context.Context, doc *T) (bool, error)
	InsertAll(ctx context.Context, docs []T) (fresh int, err error)
	Put(ctx context.Context, id string, doc *T) error
	InsertOrUpdate(ctx context.Context, id string, doc *T, update bson.M) error
	Merge(ctx context.Context, id string, update bson.M) (before *T, err error)
	Replace(ctx context.Context, filter bson.M, doc *T) (bool, error)
	Update(ctx context.Context, filter, update bson.M) (bool, error)
	Delete(ctx context.Context, filter bson.M) (bool, error)
	UpdateAll(ctx context.Context, filter, update bson.M) (int64, error)
	DeleteByID(ctx context.Context, id string) (bool, error)
	Change(ctx context.Context, id string, change func(*T) error) (*T, error)
	tryChange(ctx context.Context, id string, seen *T, change func(*T) error) (doc *T, wrote bool, err error)
	All(ctx context.Context, filter bson.M, opts ...options.Lister[options.FindOptions]) ([]T, error)
	ByIDs(ctx context.Context, ids []string) ([]T, error)
	Each(ctx context.Context, filter bson.M, f func(*T) error, opts ...options.Lister[options.FindOptions]) error
	Count(ctx context.Context, filter bson.M) (int64, error)
	Page(ctx context.Context, filter bson.M, limit int, cursor string, key func(T) (any, string)) (items []T, next string, err error)
	// raw is the collection itself, for a question that only one type asks.
	raw() gated
}

// collection is a Collection with the rules of its documents.
type collection[T any] struct {
	*base
	in gated

	// missing is the error of an id that has no document.
	missing error
	// version is where a document counts its changes. Only a collection with one has Change.
	version func(*T) *int64
	// blank is what Change begins with where there is no document; nil: that is missing.
	blank func(id string) *T
	// also is what a document must still have when a change of it is written, besides its version.
	also func(*T) bson.M
	// clone is a copy of a document that has nothing in common with it; nil: by way of BSON.
	clone func(*T) *T
	// write is the conditional write of a change; nil: the whole document is replaced.
	write func(ctx context.Context, filter bson.M, doc *T) (bool, error)
}

// newCollection is a collection whose missing documents are ErrNotFound.
func newCollection[T any](b *base, name string) *collection[T] {
	return &collection[T]{base: b, in: b.coll(name), missing: ErrNotFound}
}

func (c *collection[T]) raw() gated { return c.in }

// Get reads the document of an id.
func (c *collection[T]) Get(ctx context.Context, id string) (*T, error) {
	return findByID[T](ctx, c.in, id, c.missing)
}

// Insert adds a document and reports whether its id was free.
func (c *collection[T]) Insert(ctx context.Context, doc *T) (bool, error) {
	return c.insertOnce(ctx, c.in, doc)
}

// InsertAll adds those documents whose ids are free and counts them.
func (c *collection[T]) InsertAll(ctx context.Context, docs []T) (fresh int, err error) {
	rows := make([]any, len(docs))
	for i := range docs {
		rows[i] = &docs[i]
	}
	return c.insertFresh(ctx, c.in, rows)
}

// Put writes the document of an id in place of the one before, if there is one.
func (c *collection[T]) Put(ctx context.Context, id string, doc *T) error {
	return untilDone("put into "+c.in.Name(), func() (bool, error) {
		if done, err := c.Replace(ctx, bson.M{"_id": id}, doc); done || err != nil {
			return done, err
		}
		return c.Insert(ctx, doc)
	})
}

// InsertOrUpdate adds a document, or, where its id is taken, updates the one that is there.
func (c *collection[T]) InsertOrUpdate(ctx context.Context, id string, doc *T, update bson.M) error {
	return untilDone("put into "+c.in.Name(), func() (bool, error) {
		if done, err := c.Insert(ctx, doc); done || err != nil {
			return done, err
		}
		return c.Update(ctx, bson.M{"_id": id}, update) // false: it was deleted between the two
	})
}

// Merge updates the document of an id, or adds one where there is none, in one command and without a read before.
// It returns the document as it was just before; nil: there was none. update holds operators whose order does not
// matter ($max, $min, $inc) and $setOnInsert.
func (c *collection[T]) Merge(ctx context.Context, id string, update bson.M) (before *T, err error) {
	ctx, cancel := c.writing(ctx)
	defer cancel()
	err = untilDone("merge into "+c.in.Name(), func() (bool, error) {
		before = new(T)
		err := c.in.FindOneAndUpdate(ctx, bson.M{"_id": id}, update, options.FindOneAndUpdate().SetUpsert(true)).Decode(before)
		if errors.Is(err, mongo.ErrNoDocuments) {
			before, err = nil, nil
		}
		if mongo.IsDuplicateKeyError(err) {
			return false, nil // another call added it between the server's two steps
		}
		return true, c.wrote("merge into "+c.in.Name(), err)
	})
	return before, err
}

// Replace, Update and Delete write to the document that filter names by its _id, on condition
// that the other fields of filter still have their values, and report whether this call did it.
func (c *collection[T]) Replace(ctx context.Context, filter bson.M, doc *T) (bool, error) {
	return c.replaceIf(ctx, c.in, filter, doc)
}

// Update is Replace for some fields: update holds $set or $unset.
func (c *collection[T]) Update(ctx context.Context, filter, update bson.M) (bool, error) {
	return c.updateIf(ctx, c.in, filter, update)
}

// Delete removes the document; for filter see Replace.
func (c *collection[T]) Delete(ctx context.Context, filter bson.M) (bool, error) {
	return c.deleteIf(ctx, c.in, filter)
}

// UpdateAll updates every document that filter matches, in one command, and counts them. It is no conditional write: of two
// at once both may count a document.
func (c *collection[T]) UpdateAll(ctx context.Context, filter, update bson.M) (int64, error) {
	return c.updateAll(ctx, c.in, filter, update)
}

// DeleteByID removes the document of an id, whatever it holds, and reports whether there was one.
func (c *collection[T]) DeleteByID(ctx context.Context, id string) (bool, error) {
	return c.Delete(ctx, bson.M{"_id": id})
}

// Change reads a document, lets change work on a copy and writes that on condition that the document
// is still the one that was read; where another writer was first, change is called again on what
// that one left. Unchanged() from change writes nothing; any other error is returned as it is. The
// document as it stands afterwards is returned, without what a refused change has tried.
func (c *collection[T]) Change(ctx context.Context, id string, change func(*T) error) (doc *T, err error) {
	doc, _, err = c.tryChange(ctx, id, nil, change)
	return doc, err
}

// tryChange is Change that also reports whether anything was written. The first try works on a copy
// of seen, the document as it was last read or written; nil: it is read.
func (c *collection[T]) tryChange(ctx context.Context, id string, seen *T, change func(*T) error) (doc *T, wrote bool, err error) {
	err = untilDone("change "+c.in.Name()+" "+id, func() (bool, error) {
		isNew := false
		if doc, seen = seen, nil; doc == nil {
			doc, err = c.Get(ctx, id)
		}
		if errors.Is(err, c.missing) && c.blank != nil {
			doc, isNew, err = c.blank(id), true, nil
		}
		if err != nil {
			return false, err
		}
		filter := bson.M{"_id": id, "v": *c.version(doc)}
		if c.also != nil {
			maps.Copy(filter, c.also(doc))
		}
		before := doc
		if doc, err = c.copyOf(before); err != nil {
			return false, err
		}
		if err := change(doc); errors.Is(err, errUnchanged) {
			doc = before
			return true, nil
		} else if err != nil {
			doc = before
			return false, err
		}
		*c.version(doc) = filter["v"].(int64) + 1
		switch {
		case isNew:
			wrote, err = c.Insert(ctx, doc)
		case c.write != nil:
			wrote, err = c.write(ctx, filter, doc)
		default:
			wrote, err = c.Replace(ctx, filter, doc)
		}
		return wrote, failed("change "+id, err)
	})
	return doc, wrote, err
}

// copyOf is a copy that a change may work on.
func (c *collection[T]) copyOf(doc *T) (*T, error) {
	if c.clone != nil {
		return c.clone(doc), nil
	}
	raw, err := bson.Marshal(doc)
	if err != nil {
		return nil, fmt.Errorf("copy of %s: %w", c.in.Name(), err)
	}
	after := new(T)
	return after, bson.Unmarshal(raw, after)
}

// byID is a map of documents.
func byID[T any](all []T, id func(*T) string) map[string]*T {
	found := make(map[string]*T, len(all))
	for i := range all {
		found[id(&all[i])] = &all[i]
	}
	return found
}

// All reads every document that filter matches, in the order of a sort among opts.
func (c *collection[T]) All(ctx context.Context, filter bson.M, opts ...options.Lister[options.FindOptions]) ([]T, error) {
	return findAll[T](ctx, c.in, filter, opts...)
}

// ByIDs reads the documents of these ids, in no order; missing ones are left out.
func (c *collection[T]) ByIDs(ctx context.Context, ids []string) ([]T, error) {
	return findByIDs[T](ctx, c.base, c.in, ids)
}

// Each calls f with one document after the other that filter matches, and never holds more of
// them than a batch.
func (c *collection[T]) Each(ctx context.Context, filter bson.M, f func(*T) error, opts ...options.Lister[options.FindOptions]) error {
	return forEach(ctx, c.in, filter, f, opts...)
}

// Count is how many documents filter matches.
func (c *collection[T]) Count(ctx context.Context, filter bson.M) (int64, error) {
	return countAll(ctx, c.in, filter)
}

// Page lists documents newest first, limit at most, after the place that cursor names. key is a
// document's created_at and _id. next is the cursor of the next page, "" after the last one.
func (c *collection[T]) Page(ctx context.Context, filter bson.M, limit int, cursor string, key func(T) (any, string)) (items []T, next string, err error) {
	return page(ctx, c.in, filter, limit, cursor, key)
}

// walkBatch is how many documents a walk holds at once. Without it MongoDB fills batches up to 16 MB, of which several walks
// at once would keep all.
const walkBatch = 500

// forEach calls each with one matching document after the other, in the order of sort, without
// ever holding more of them than one batch.
func forEach[T any](ctx context.Context, c gated, filter any, each func(*T) error, opts ...options.Lister[options.FindOptions]) error {
	opts = append([]options.Lister[options.FindOptions]{options.Find().SetBatchSize(walkBatch)}, opts...)
	cur, err := c.Find(ctx, filter, opts...)
	if err != nil {
		return failed("read "+c.Name(), err)
	}
	defer cur.Close(context.WithoutCancel(ctx))
	for {
		more, err := c.advance(ctx, cur)
		if err != nil || !more {
			return failed("read "+c.Name(), err)
		}
		var v T
		if err := cur.Decode(&v); err != nil {
			return failed("read "+c.Name(), err)
		}
		if err := each(&v); err != nil {
			return err
		}
	}
}

const (
	defaultLimit = 20
	maxLimit     = 100
)

// position is where a page ended: a document's created_at and _id.
type position struct {
	At bson.DateTime `bson:"at"`
	ID string        `bson:"id"`
}

func (p position) cursor() (string, error) {
	raw, err := bson.Marshal(p)
	return base64.RawURLEncoding.EncodeToString(raw), err
}

func parseCursor(text string) (p position, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil || len(raw) > 256 {
		return p, shop.ErrInvalidCursor
	}
	if bson.Raw(raw).Validate() != nil || bson.Unmarshal(raw, &p) != nil || p.ID == "" {
		return p, shop.ErrInvalidCursor
	}
	return p, nil
}

// pageSize is limit kept within 1…100; 0 and less mean 20.
func pageSize(limit int) int {
	if limit <= 0 {
		return defaultLimit
	}
	return min(limit, maxLimit)
}

// page lists documents newest first (by created_at, then _id), limit at most, after the
// place that cursor names. key is the created_at (a time.Time) and _id of a document.
// next is the cursor of the next page, "" after the last one.
func page[T any](ctx context.Context, c gated, filter bson.M, limit int, cursor string, key func(T) (any, string)) (items []T, next string, err error) {
	return pageBy(ctx, c, "created_at", filter, limit, cursor, key)
}

// pageBy is page for documents with their time in another field.
func pageBy[T any](ctx context.Context, c gated, at string, filter bson.M, limit int, cursor string, key func(T) (any, string)) (items []T, next string, err error) {
	if cursor != "" {
		p, err := parseCursor(cursor)
		if err != nil {
			return nil, "", err
		}
		// The range is what the index begins at; $or alone would read every page before this one.
		filter = bson.M{"$and": bson.A{filter, bson.M{at: bson.M{"$lte": p.At}}, bson.M{"$or": bson.A{
			bson.M{at: bson.M{"$lt": p.At}},
			bson.M{at: p.At, "_id": bson.M{"$lt": p.ID}},
		}}}}
	}
	limit = pageSize(limit)
	items, err = findAll[T](ctx, c, filter, options.Find().
		SetSort(bson.D{{Key: at, Value: -1}, {Key: "_id", Value: -1}}).
		SetLimit(int64(limit)+1))
	if err != nil || len(items) <= limit {
		return items, "", err
	}
	items = items[:limit]
	next, err = cursorAfter(key(items[limit-1]))
	return items, next, err
}

func cursorAfter(createdAt any, id string) (string, error) {
	typ, data, err := bson.MarshalValue(createdAt)
	if err != nil {
		return "", err
	}
	at, ok := bson.RawValue{Type: typ, Value: data}.DateTimeOK()
	if !ok {
		return "", fmt.Errorf("store: a page is ordered by a time, not by a %s", typ)
	}
	return position{bson.DateTime(at), id}.cursor()
}

// EachRaw calls each with the documents of a collection that filter matches, one after the other, as the database has them.
func (s *DB) EachRaw(ctx context.Context, collection string, filter bson.M, each func(bson.Raw) error) error {
	return forEach(ctx, s.coll(collection), filter, func(doc *bson.Raw) error { return each(*doc) })
}

// tally counts what happened in this process, by name.
type tally struct{ counts sync.Map } // of *atomic.Int64

func (t *tally) add(name string) {
	n, _ := t.counts.LoadOrStore(name, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// of are the counts whose names begin so, by the rest of the name.
func (t *tally) of(prefix string) map[string]int64 {
	all := map[string]int64{}
	t.counts.Range(func(name, n any) bool {
		if rest, ok := strings.CutPrefix(name.(string), prefix); ok {
			all[rest] = n.(*atomic.Int64).Load()
		}
		return true
	})
	return all
}

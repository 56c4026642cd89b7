// Package backup copies a shop's data into one archive and back: the collections of MongoDB, the carts, which live in Redis
// alone, and the files. What Redis holds besides carts can be had again or counted again, and is left out.
//
// An archive is a tar file packed by zstd, whose entries are, in this order:
//
//	db/NAME.bson    the documents of a collection, one after the other, as mongodump writes them
//	carts.json      the keys of all carts
//	files/KEY       an object of the place of files
//	manifest.json   what is in it, with a SHA-256 of each entry
//
// The manifest is last: an archive that ends before it was cut off.
//
// # How a copy is consistent
//
// The shop writes one document at a time and finishes what a write brings later, so a copy must show one moment. A copy
// taken collection by collection could have an order that is fulfilled and not its enrolment, and no duty left that would
// make it. There are three ways, and the manifest names the one that was taken:
//
//   - "snapshot": a replica set reads all collections at one time of its own (read concern "snapshot"). The server keeps
//     that time for five minutes unless minSnapshotHistoryWindowInSeconds says more; a copy that takes longer fails.
//   - "sqlite": of the embedded store SQLite itself copies the one file that holds all, in one read transaction.
//   - "still": any other server is read collection by collection, orders first and once more at the end; where an order
//     moved, all is read again, and after five times the copy fails: stop the shop, or take it at night.
//
// Files are copied after the collections, so each one that these name is there, or was deleted since; what a shop adds to
// its files later the copy may have too, and the shop's sweep removes it. Carts are copied before them: a cart is only for
// showing, and charging reads the course.
package backup

import (
	"errors"
	"fmt"
	"time"
)

// Format is the version of archives that this program writes. It reads those up to it.
const Format = 1

// Manifest says what is in an archive.
type Manifest struct {
	Format      int       `json:"format"`
	Program     string    `json:"program"` // the version that wrote it
	At          time.Time `json:"at"`      // when the copy began
	Consistent  string    `json:"consistent"`
	Collections []Part    `json:"collections"`
	Carts       *Part     `json:"carts,omitempty"` // nil: Redis did not answer
	Files       []Part    `json:"files"`
	WithFiles   bool      `json:"with_files"`
}

// Part is one entry of the archive. Count is of documents or keys; Size is in bytes.
type Part struct {
	Name   string `json:"name"` // of the collection; the key of the file
	Type   string `json:"type,omitempty"`
	Count  int64  `json:"count,omitempty"`
	Size   int64  `json:"size"`
	SHA256 string `json:"sha256"`
}

// How the copy shows one moment; see the package.
const (
	Snapshot = "snapshot"
	SQLite   = "sqlite"
	Still    = "still"
)

// Documents are all of the archive's.
func (m *Manifest) Documents() (n int64) {
	for _, c := range m.Collections {
		n += c.Count
	}
	return n
}

// Bytes are those of the files.
func (m *Manifest) Bytes() (n int64) {
	for _, f := range m.Files {
		n += f.Size
	}
	return n
}

// What may be wrong with an archive or with where it is to go.
var (
	ErrMoved    = errors.New("backup: orders moved while they were copied")
	ErrBroken   = errors.New("backup: the archive is broken")
	ErrNotEmpty = errors.New("backup: there is data already")
)

func broken(why string, args ...any) error {
	return fmt.Errorf("%w: %s", ErrBroken, fmt.Sprintf(why, args...))
}

const (
	dbPrefix     = "db/"
	bsonSuffix   = ".bson"
	filesPrefix  = "files/"
	cartsName    = "carts.json"
	manifestName = "manifest.json"
)

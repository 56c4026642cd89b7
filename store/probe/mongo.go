// Package probe looks at the databases that a shop's settings name, and changes nothing there that lasts: what runs,
// whether it takes writes, how its clock goes, and what of its arrangement will cost data or time.
package probe

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/store"
)

// Mongo is what a MongoDB says of itself.
type Mongo struct {
	Version string
	Ferret  bool          // FerretDB, which speaks the protocol and is not MongoDB
	Set     string        // the replica set's name; "": it is none
	Hosts   int           // members of the set that hold data
	Ahead   time.Duration // its clock against this machine's
	Indexes store.IndexState
	// Writes is nil where a document was written and deleted again.
	Writes error
}

// LookAtMongo asks the database of a URI. embedded is whether this process runs it. The error is of a database that
// does not answer, or refuses to.
func LookAtMongo(ctx context.Context, uri string, embedded bool) (m Mongo, err error) {
	db, err := store.Dial(uri, embedded)
	if err != nil {
		return m, err
	}
	defer func() { err = errors.Join(err, db.Client().Disconnect(context.WithoutCancel(ctx))) }()

	var hello struct {
		Set   string    `bson:"setName"`
		Hosts []string  `bson:"hosts"`
		Now   time.Time `bson:"localTime"`
	}
	if err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return m, err // the first answer pays for the connection: its clock is asked again below
	}
	before := time.Now()
	if err := db.RunCommand(ctx, bson.D{{Key: "hello", Value: 1}}).Decode(&hello); err != nil {
		return m, err
	}
	m.Set, m.Hosts, m.Ahead = hello.Set, len(hello.Hosts), ahead(hello.Now, before)

	about, err := db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Raw()
	if err != nil {
		return m, err
	}
	m.Version, _ = about.Lookup("version").StringValueOK()
	if v, ok := about.Lookup("ferretdbVersion").StringValueOK(); ok {
		m.Ferret, m.Version = true, v
	}
	if m.Indexes, err = store.LookAtIndexes(ctx, db, !embedded); err != nil {
		return m, err
	}
	if m.Indexes.Collections == 0 {
		return m, nil // a probe would make the first collection
	}
	id := "probe:" + store.NewID()
	settings := db.Collection("settings")
	if _, m.Writes = settings.InsertOne(ctx, bson.M{"_id": id, "at": time.Now()}); m.Writes != nil {
		return m, nil
	}
	if _, err := settings.DeleteOne(context.WithoutCancel(ctx), bson.M{"_id": id}); err != nil {
		return m, fmt.Errorf("the row %s stays in settings: %w", id, err)
	}
	return m, nil
}

// ahead is how far a clock is ahead of this machine's, which was read before it was asked: the answer is taken to be of
// the middle.
func ahead(at, asked time.Time) time.Duration {
	now := time.Now()
	return at.Sub(asked.Add(now.Sub(asked) / 2))
}

package shoptest

import (
	"context"
	"net/url"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// embeddedURI leads to the embedded MongoDB of a data folder.
func embeddedURI(dir string) string {
	return "mongodb://" + url.QueryEscape(filepath.Join(dir, "mongo", "mongo.sock")) + "/mstm"
}

// OpenDatabase connects to the database that a URI names, to look into it.
func OpenDatabase(t testing.TB, uri string) *mongo.Database {
	t.Helper()
	// A client with a killed server must fail soon.
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(2 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	name, _, _ := strings.Cut(uri[strings.LastIndex(uri, "/")+1:], "?")
	return c.Database(name)
}

// Rows are the documents of a collection that match; nil matches all.
func Rows(db *mongo.Database, collection string, filter bson.M) (all []bson.M, err error) {
	return all, Find(db, collection, filter, &all)
}

// Find reads the documents of a collection that match into all, a pointer to a slice; nil matches all.
func Find(db *mongo.Database, collection string, filter bson.M, all any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if filter == nil {
		filter = bson.M{}
	}
	cur, err := db.Collection(collection).Find(ctx, filter, options.Find().SetSort(bson.M{"_id": 1}))
	if err != nil {
		return err
	}
	return cur.All(ctx, all)
}

// asking is what the sweeper writes by itself while an order waits to be paid.
var asking = regexp.MustCompile(`,?"(v|asks|asked_at)":(\d+|\{[^}]*\})`)

// leasing is what an instance writes to a wakeup that it looks at.
var leasing = regexp.MustCompile(`,"(seq|by|until|tries)":("[^"]*"|\d+|\{[^}]*\})`)

// counting are the collections of the figures, which are written when the shop comes to count.
var counting = []string{"figures", "figure_marks", "figure_queue"}

// Dump is all that a database holds, a line for each document, but for what the sweeper
// notes to itself, the figures and the collections named in but.
func Dump(t testing.TB, db *mongo.Database, but ...string) string {
	t.Helper()
	names, err := db.ListCollectionNames(context.Background(), bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	lines := []string{}
	for _, name := range names {
		if slices.Contains(but, name) || slices.Contains(counting, name) {
			continue
		}
		var all []bson.Raw
		if err := Find(db, name, nil, &all); err != nil {
			t.Fatal(err)
		}
		for _, row := range all {
			line, err := bson.MarshalExtJSON(row, false, false)
			if err != nil {
				t.Fatal(err)
			}
			if name == "wakeups" {
				if row.Lookup("kind").StringValue() == "order" {
					continue
				}
				line = leasing.ReplaceAll(line, nil)
			}
			lines = append(lines, name+" "+asking.ReplaceAllString(string(line), ""))
		}
	}
	return strings.Join(lines, "\n")
}

// Insert puts a row into a collection; undo takes it out again.
func Insert(t testing.TB, db *mongo.Database, collection string, row bson.M) (undo func()) {
	t.Helper()
	if _, err := db.Collection(collection).InsertOne(context.Background(), row); err != nil {
		t.Fatal(err)
	}
	return func() { Remove(t, db, collection, row["_id"].(string)) }
}

// Remove takes a row out of a collection; undo puts it back.
func Remove(t testing.TB, db *mongo.Database, collection, id string) (undo func()) {
	t.Helper()
	before, err := Rows(db, collection, bson.M{"_id": id})
	if err != nil || len(before) != 1 {
		t.Fatalf("%s %s: %v, %v", collection, id, before, err)
	}
	if _, err := db.Collection(collection).DeleteOne(context.Background(), bson.M{"_id": id}); err != nil {
		t.Fatal(err)
	}
	return func() { Insert(t, db, collection, before[0]) }
}

// Spoil changes one document behind the shop's back.
func Spoil(t testing.TB, db *mongo.Database, collection, id string, set bson.M) {
	t.Helper()
	res, err := db.Collection(collection).UpdateOne(context.Background(), bson.M{"_id": id}, bson.M{"$set": set})
	if err != nil || res.MatchedCount != 1 {
		t.Fatalf("spoil %s %s: %v, %+v", collection, id, err, res)
	}
}

// WantUntouched wants nothing but the named collections to have changed.
func WantUntouched(t testing.TB, before, after string, but ...string) {
	t.Helper()
	was := map[string]bool{}
	for _, line := range strings.Split(before, "\n") {
		was[line] = true
	}
	for _, line := range strings.Split(after, "\n") {
		collection, _, _ := strings.Cut(line, " ")
		if !was[line] && !strings.Contains(" "+strings.Join(but, " ")+" ", " "+collection+" ") {
			t.Errorf("the refusal left %s", line)
		}
		delete(was, line)
	}
	for line := range was {
		collection, _, _ := strings.Cut(line, " ")
		if !strings.Contains(" "+strings.Join(but, " ")+" ", " "+collection+" ") {
			t.Errorf("the refusal took away %s", line)
		}
	}
}

// Invariants are what the checker finds broken, `I2 order:ID why`.
func (p *Person) Invariants() (found []string) {
	p.T.Helper()
	var out struct {
		Whole      bool `json:"whole"`
		Violations []struct {
			Invariant string `json:"invariant"`
			Object    string `json:"object"`
			Detail    string `json:"detail"`
		} `json:"violations"`
	}
	p.Get("/api/admin/invariants").Want(200).Into(&out)
	for _, v := range out.Violations {
		found = append(found, v.Invariant+" "+v.Object+" "+v.Detail)
	}
	if out.Whole != (len(found) == 0) {
		p.T.Fatalf("whole is %t with %q", out.Whole, found)
	}
	return found
}

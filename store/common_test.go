package store

import (
	"context"
	"go/ast"
	"go/parser"
	"go/token"
	"path/filepath"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// What the store may ask of MongoDB: that which FerretDB 1.24 does as MongoDB does. A word
// is added here together with a row of TestTheCommonSubsetMeansTheSame that proves it.
var (
	commonOperators = []string{"$and", "$group", "$gt", "$gte", "$in", "$inc", "$lt", "$lte", "$match", "$max", "$min", "$ne", "$or", "$set", "$sum", "$unset"}
	mongoOnly       = []string{"$elemMatch"} // behind base.ferret, for the use of an index alone
	commonMethods   = []string{"Aggregate", "CountDocuments", "DeleteOne", "Find", "FindOne", "Indexes", "InsertMany", "InsertOne", "Name", "ReplaceOne", "UpdateMany", "UpdateOne"}
)

// TestTheStoreStaysInTheCommonSubset reads the store's source for the operators that it
// writes and the methods of collections that it calls.
func TestTheStoreStaysInTheCommonSubset(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil || len(files) < 10 {
		t.Fatal(files, err)
	}
	operators, methods := map[string]bool{}, map[string]bool{}
	collection := reflect.TypeFor[*mongo.Collection]()
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			switch n := n.(type) {
			case *ast.BasicLit:
				if text, err := strconv.Unquote(n.Value); n.Kind == token.STRING && err == nil && len(text) > 1 && text[0] == '$' {
					operators[text] = true
				}
			case *ast.CallExpr:
				if f, ok := n.Fun.(*ast.SelectorExpr); ok {
					if _, ok := collection.MethodByName(f.Sel.Name); ok && onCollection(f.X) {
						methods[f.Sel.Name] = true
					}
				}
			}
			return true
		})
	}
	wantWords(t, "operators", operators, slices.Concat(commonOperators, mongoOnly))
	wantWords(t, "methods of a collection", methods, commonMethods)
}

// onCollection recognises calls on a collection by the names that the store has for one: c, and
// coll(…) or Collection(…).
func onCollection(x ast.Expr) bool {
	switch x := x.(type) {
	case *ast.Ident:
		return x.Name == "c" || x.Name == "coll"
	case *ast.CallExpr:
		f, ok := x.Fun.(*ast.SelectorExpr)
		return ok && (f.Sel.Name == "coll" || f.Sel.Name == "Collection")
	}
	return false
}

func wantWords(t *testing.T, what string, used map[string]bool, want []string) {
	t.Helper()
	for word := range used {
		if !slices.Contains(want, word) {
			t.Errorf("%s: %s is in use and not in the common subset", what, word)
		}
	}
	for _, word := range want {
		if !used[word] {
			t.Errorf("%s: %s is in the common subset and not in use", what, word)
		}
	}
}

// TestTheCommonSubsetMeansTheSame asks each operator of whichever MongoDB the environment
// names, else of the embedded one, and wants what the MongoDB manual says.
func TestTheCommonSubsetMeansTheSame(t *testing.T) {
	words := &wireWords{seen: map[string]bool{}}
	s, closeStore := openUntil(t, t.TempDir(), func(c *Config) { c.Monitor = words.monitor() })
	t.Cleanup(closeStore)
	c := s.coll("notices")
	at := func(n int) time.Time { return time.Date(2025, 3, 1, 10, 0, n, 0, time.UTC) }
	for _, doc := range []bson.M{
		{"_id": "a", "kind": "x", "at": at(1), "n": int64(1), "user": "lin", "read_at": nil, "grants": bson.A{bson.M{"state": "live"}, bson.M{"state": "revoked"}}},
		{"_id": "b", "kind": "x", "at": at(2), "n": int32(2), "user": "LIN", "read_at": at(9), "grants": bson.A{bson.M{"state": "revoked"}}},
		{"_id": "c", "kind": "y", "at": at(3), "user": "", "grants": bson.A{}},
		{"_id": "d", "n": "2", "at": nil},
	} {
		if fresh, err := s.insertOnce(t.Context(), c, doc); !fresh || err != nil {
			t.Fatal(fresh, err)
		}
	}
	for _, row := range []struct {
		name   string
		filter bson.M
		want   string // ids, smallest first
	}{
		{"$lt leaves out other types and missing fields", bson.M{"at": bson.M{"$lt": at(2)}}, "a"},
		{"$lte takes the bound in", bson.M{"at": bson.M{"$lte": at(2)}}, "a b"},
		{"$gt leaves the bound out, and missing fields", bson.M{"at": bson.M{"$gt": at(2)}}, "c"},
		{"$gt goes on after an id", bson.M{"_id": bson.M{"$gt": "b"}}, "c d"},
		{"$gte and $lt bound a range", bson.M{"at": bson.M{"$gte": at(2), "$lt": at(3)}}, "b"},
		{"$gte and $lt bound ids", bson.M{"_id": bson.M{"$gte": "b", "$lt": "d"}}, "b c"},
		{"$gte compares numbers of all sizes, and no strings", bson.M{"n": bson.M{"$gte": 1}}, "a b"},
		{"$ne matches a missing field", bson.M{"user": bson.M{"$ne": ""}}, "a b d"},
		{"$in takes several", bson.M{"_id": bson.M{"$in": bson.A{"a", "d", "z"}}}, "a d"},
		{"$in of none takes none", bson.M{"_id": bson.M{"$in": bson.A{}}}, ""},
		{"$in looks into the documents of a list", bson.M{"grants.state": bson.M{"$in": bson.A{"live", "frozen"}}}, "a"},
		{"equality looks into the documents of a list", bson.M{"grants.state": "revoked"}, "a b"},
		{"nil matches a missing field", bson.M{"read_at": nil}, "a c d"},
		{"$or takes either", bson.M{"$or": bson.A{bson.M{"_id": "a"}, bson.M{"at": at(3)}}}, "a c"},
		{"$and of a filter and an $or", bson.M{"$and": bson.A{bson.M{"user": bson.M{"$ne": ""}}, bson.M{"$or": bson.A{bson.M{"_id": "a"}, bson.M{"_id": "c"}}}}}, "a"},
		{"a pattern that ignores case", bson.M{"user": bson.Regex{Pattern: "^li", Options: "i"}}, "a b"},
	} {
		t.Run(row.name, func(t *testing.T) {
			type id struct {
				ID string `bson:"_id"`
			}
			all, err := findAll[id](t.Context(), c, row.filter, options.Find().SetSort(bson.D{{Key: "_id", Value: 1}}).SetProjection(bson.M{"_id": 1}))
			if err != nil {
				t.Fatal(err)
			}
			ids := []string{}
			for _, x := range all {
				ids = append(ids, x.ID)
			}
			if got := strings.Join(ids, " "); got != row.want {
				t.Errorf("%q, not %q", got, row.want)
			}
			n, err := c.CountDocuments(t.Context(), row.filter)
			if err != nil || int(n) != len(ids) {
				t.Errorf("counted %d, %v", n, err)
			}
		})
	}
	t.Run("$match, $group and $sum count by a field", func(t *testing.T) {
		got, err := countBy[string](t.Context(), c, bson.M{"_id": bson.M{"$ne": "d"}}, "kind")
		if want := map[string]int64{"x": 2, "y": 1}; err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("%v, %v", got, err)
		}
		if got, err := countBy[string](t.Context(), c, bson.M{"_id": "z"}, "kind"); err != nil || len(got) != 0 {
			t.Errorf("of none: %v, %v", got, err)
		}
	})
	t.Run("$set and $unset change the fields they name", func(t *testing.T) {
		for _, update := range []bson.M{{"$set": bson.M{"sub.x": 1, "user": "mo"}}, {"$unset": bson.M{"at": ""}}} {
			if ok, err := s.updateIf(t.Context(), c, bson.M{"_id": "a"}, update); !ok || err != nil {
				t.Fatal(update, ok, err)
			}
		}
		got, err := findByID[bson.M](t.Context(), c, "a", ErrNotFound)
		if err != nil {
			t.Fatal(err)
		}
		_, there := (*got)["at"]
		if (*got)["user"] != "mo" || (*got)["n"] != int64(1) || there {
			t.Errorf("%v", *got)
		}
	})
	t.Run("$max, $min and $inc merge into what is there, and begin where nothing is", func(t *testing.T) {
		docs := collection[bson.M]{base: s.base, in: c, missing: ErrNotFound}
		first := bson.M{"$max": bson.M{"sub.most": int64(1 << 59), "sub.on": false}, "$min": bson.M{"sub.at": at(5)}, "$inc": bson.M{"sub.n": 2}}
		later := bson.M{"$max": bson.M{"sub.most": int64(1<<59 + 1), "sub.on": true}, "$min": bson.M{"sub.at": at(3)}, "$inc": bson.M{"sub.n": -5}}
		earlier := bson.M{"$max": bson.M{"sub.most": int64(7), "sub.on": false}, "$min": bson.M{"sub.at": at(4)}, "$inc": bson.M{"sub.n": 1}}
		for i, update := range []bson.M{first, later, earlier} {
			before, err := docs.Merge(t.Context(), "merged", update)
			if err != nil || (before == nil) != (i == 0) {
				t.Fatal(i, before, err)
			}
			if i == 1 { // as it was before the update, not after
				if sub := (*before)["sub"].(bson.D); len(sub) != 4 || !slices.Contains(sub, bson.E{Key: "most", Value: int64(1 << 59)}) {
					t.Errorf("before: %v", sub)
				}
			}
		}
		got, err := docs.Get(t.Context(), "merged")
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []bson.E{{Key: "most", Value: int64(1<<59 + 1)}, {Key: "on", Value: true}, {Key: "at", Value: bson.NewDateTimeFromTime(at(3))}, {Key: "n", Value: int32(-2)}} {
			if sub := (*got)["sub"].(bson.D); !slices.Contains(sub, want) {
				t.Errorf("%v, want %v", sub, want)
			}
		}
	})
	wantWords(t, "on the wire", words.seen, commonOperators)
}

// wireWords notes every operator and stage that is sent.
type wireWords struct {
	mu   sync.Mutex
	seen map[string]bool
}

func (w *wireWords) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		w.mu.Lock()
		defer w.mu.Unlock()
		w.note(e.Command)
	}}
}

func (w *wireWords) note(doc bson.Raw) {
	elements, err := doc.Elements()
	if err != nil {
		return
	}
	for _, e := range elements {
		if key := e.Key(); key[0] == '$' && key != "$db" && key != "$clusterTime" && key != "$readPreference" {
			w.seen[key] = true
		}
		if sub, ok := e.Value().DocumentOK(); ok {
			w.note(sub)
		}
		if list, ok := e.Value().ArrayOK(); ok {
			w.note(bson.Raw(list))
		}
	}
}

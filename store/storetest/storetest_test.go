package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/store"
)

func TestEachStoreIsEmptyAndRuns(t *testing.T) {
	for range 2 {
		s := Open(t, func(c *store.Config) { c.Now = func() time.Time { return time.Unix(0, 0) } })
		if err := s.Settings.Put(t.Context(), "seen", true); err != nil {
			t.Fatal(err)
		}
	}
	s := Open(t)
	var seen bool
	if err := s.Settings.Get(t.Context(), "seen", &seen); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a fresh store remembers: %v, %v", seen, err)
	}
	if mongoErr, redisErr := s.Ping(t.Context()); mongoErr != nil || redisErr != nil {
		t.Error(mongoErr, redisErr)
	}
}

func TestTheDatabaseInAURI(t *testing.T) {
	for uri, want := range map[string]string{
		"":                                   "",
		"mongodb://h":                        "mongodb://h/x",
		"mongodb://u:p@h1,h2/a?replicaSet=r": "mongodb://u:p@h1,h2/x?replicaSet=r",
	} {
		if got := database(uri, "x"); got != want {
			t.Errorf("%q: %q, want %q", uri, got, want)
		}
	}
}

// TestAConditionOfManyFieldsOnASharedStore is about the proxy before FerretDB: a conditional write
// means what it means to MongoDB.
func TestAConditionOfManyFieldsOnASharedStore(t *testing.T) {
	client, err := mongo.Connect(options.Client().ApplyURI(Mongo(t)))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Disconnect(context.Background()) })
	c := client.Database("mstm").Collection("things")
	at := time.UnixMilli(1700000000000).UTC()
	for _, id := range []string{"a", "b", "c"} {
		doc := bson.M{"_id": id, "v": int64(1), "state": "new", "at": at, "in": bson.M{"side": true}, "none": nil, "n": 0}
		if _, err := c.InsertOne(t.Context(), doc); err != nil {
			t.Fatal(err)
		}
	}
	for _, tt := range []struct {
		name  string
		and   bson.M
		holds bool
	}{
		{"a number of another width", bson.M{"v": 1}, true},
		{"another number", bson.M{"v": 2}, false},
		{"a number where there is a text", bson.M{"state": 1}, false},
		{"two fields", bson.M{"v": int64(1), "state": "new"}, true},
		{"two fields of which one differs", bson.M{"v": int64(1), "state": "old"}, false},
		{"a time", bson.M{"at": at}, true},
		{"another time", bson.M{"at": at.Add(time.Millisecond)}, false},
		{"a field inside", bson.M{"in.side": true}, true},
		{"nothing, and there is none", bson.M{"never": nil}, true},
		{"nothing, and there is nothing in it", bson.M{"none": nil}, true},
		{"nothing, and there is something", bson.M{"state": nil}, false},
		{"an operator that holds", bson.M{"v": bson.M{"$lt": 2}}, true},
		{"an operator that does not", bson.M{"v": bson.M{"$lt": 1}}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.and["_id"] = "b"
			res, err := c.UpdateOne(t.Context(), tt.and, bson.M{"$inc": bson.M{"n": 1}})
			if err != nil || (res.MatchedCount == 1) != tt.holds {
				t.Errorf("%+v, %v", res, err)
			}
		})
	}
	if n, err := c.CountDocuments(t.Context(), bson.M{"n": 7}); n != 1 || err != nil {
		t.Errorf("%d documents were written seven times, %v", n, err)
	}
	for _, tt := range []struct {
		ids  bson.A
		want int
	}{{bson.A{"a", "c", "a", "x"}, 2}, {bson.A{}, 0}, {bson.A{"x"}, 0}, {bson.A{"b"}, 1}} {
		var found []bson.M
		cur, err := c.Find(t.Context(), bson.M{"_id": bson.M{"$in": tt.ids}})
		if err == nil {
			err = cur.All(t.Context(), &found)
		}
		if err != nil || len(found) != tt.want {
			t.Errorf("of %v %v were found, %v", tt.ids, found, err)
		}
	}
	for _, tt := range []struct {
		filter bson.M
		gone   int64
	}{{bson.M{"_id": "b", "v": 9}, 0}, {bson.M{"_id": "x", "v": 1}, 0}, {bson.M{"_id": "b", "v": 1}, 1}, {bson.M{"_id": "b", "v": 1}, 0}} {
		if res, err := c.DeleteOne(t.Context(), tt.filter); err != nil || res.DeletedCount != tt.gone {
			t.Errorf("delete %v: %+v, %v", tt.filter, res, err)
		}
	}
	if n, err := c.CountDocuments(t.Context(), bson.M{"n": 0}); n != 2 || err != nil {
		t.Errorf("%d of the others are left as they were, %v", n, err)
	}
}

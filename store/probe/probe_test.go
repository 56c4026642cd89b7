package probe_test

import (
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/store"
	"mstm/store/probe"
	"mstm/store/storetest"
)

func TestLookAtMongo_DroppedAndRetiredIndexes_AreNamed(t *testing.T) {
	cfg := storetest.Config(t)
	if cfg.MongoURI == "" {
		cfg.MongoURI = storetest.Mongo(t)
	}
	s, err := store.Open(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close(t.Context()) })
	look := func() probe.Mongo {
		m, err := probe.LookAtMongo(t.Context(), cfg.MongoURI, false)
		if err != nil || m.Writes != nil {
			t.Fatal(err, m.Writes)
		}
		return m
	}
	if m := look(); len(m.Indexes.Missing)+len(m.Indexes.Retired) > 0 || m.Indexes.Collections != len(store.CollectionNames()) ||
		m.Version == "" || m.Ahead.Abs() > time.Minute {
		t.Errorf("a store that was opened just now: %+v", m)
	}
	db, err := store.Dial(cfg.MongoURI, false)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Client().Disconnect(t.Context()) }()
	drop := bson.D{{Key: "dropIndexes", Value: "claims"}, {Key: "index", Value: bson.D{{Key: "order_id", Value: 1}}}}
	old := bson.D{{Key: "createIndexes", Value: "notices"}, {Key: "indexes", Value: bson.A{bson.M{"key": bson.M{"broadcast": 1}, "name": "broadcast_1"}}}}
	for _, command := range []bson.D{drop, old} {
		if err := db.RunCommand(t.Context(), command).Err(); err != nil {
			t.Fatal(err)
		}
	}
	if m := look(); !slices.Equal(m.Indexes.Missing, []string{"claims(order_id)"}) || !slices.Equal(m.Indexes.Retired, []string{"notices(broadcast)"}) {
		t.Errorf("an index was dropped, and an old one made: %+v", m.Indexes)
	}
	if n, err := db.Collection("settings").CountDocuments(t.Context(), bson.M{}); err != nil || n != 0 {
		t.Errorf("the look left %d rows: %v", n, err)
	}
}

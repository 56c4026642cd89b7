package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// collections are all of the database's, each with the indexes it needs besides _id. A query's index has the fields that
// are compared for equality first, then those of the sort, then a range; TestQueries holds queries and indexes together.
// What must be unique is an _id, so none of these is unique. The embedded store cannot
// use an index to find anything (package embedded), so there they are left out.
var collections = []struct {
	name    string
	indexes []bson.D
}{
	{"users", []bson.D{
		{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "username", Value: 1}},
		{{Key: "name", Value: 1}},
		{{Key: "roles", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "muted.activities", Value: 1}},
	}},
	{"usernames", nil},
	{"user_tokens", []bson.D{{{Key: "user_id", Value: 1}}}},
	{"categories", nil},
	{"courses", []bson.D{{{Key: "category_id", Value: 1}}}},
	{"orders", []bson.D{
		{{Key: "user_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "state", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "lines.course_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "lines.course_id", Value: 1}, {Key: "state", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "total_fen", Value: 1}, {Key: "created_at", Value: 1}},
		{{Key: "referral", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "paid_at", Value: 1}},
		{{Key: "attempts.paid_at", Value: 1}},
		{{Key: "attempts.transaction_id", Value: 1}},
		{{Key: "refunds.created_at", Value: 1}},
		{{Key: "refunds.accepted_at", Value: 1}},
	}},
	{"reconciliations", []bson.D{{{Key: "state", Value: 1}, {Key: "_id", Value: -1}}}},
	{idempotencyKeys, []bson.D{{{Key: "expires_at", Value: 1}}}},
	{"claims", []bson.D{{{Key: "order_id", Value: 1}}}},
	{"wakeups", []bson.D{
		{{Key: "rank", Value: 1}, {Key: "at", Value: 1}},
		{{Key: "kind", Value: 1}, {Key: "rank", Value: 1}, {Key: "at", Value: 1}},
	}},
	{"enrolments", []bson.D{{{Key: "user_id", Value: 1}}, {{Key: "course_id", Value: 1}, {Key: "_id", Value: 1}}}},
	{"unsent", []bson.D{{{Key: "at", Value: 1}}}},
	{"trials", []bson.D{{{Key: "person", Value: 1}}}},
	{"bindings", nil},
	{"wechats", nil},
	{"scenes", nil},
	{"phones", nil},
	{"sms_codes", []bson.D{{{Key: "expires_at", Value: 1}}}},
	{"progress", nil},
	{"learning_counts", nil},
	{"lesson_notes", []bson.D{{{Key: "user_id", Value: 1}}}},
	{"media", []bson.D{
		{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "kind", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "job.kind", Value: 1}, {Key: "job.at", Value: 1}},
		{{Key: "job.kind", Value: 1}, {Key: "job.state", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "state", Value: 1}, {Key: "by", Value: 1}, {Key: "size", Value: 1}},
	}},
	{"playing", []bson.D{{{Key: "devices.seen_at", Value: 1}}}},
	{"lesson_texts", []bson.D{{{Key: "media", Value: 1}}}},
	{"notices", []bson.D{
		{{Key: "user_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "user_id", Value: 1}, {Key: "read_at", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "broadcast", Value: 1}, {Key: "read_at", Value: 1}},
	}},
	{"readers", []bson.D{{{Key: "marks.broadcast", Value: 1}}}},
	{"broadcasts", []bson.D{
		{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "due_at", Value: 1}},
		{{Key: "posted_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "state", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "started_at", Value: 1}},
	}},
	{"audiences", nil},
	{"deliveries", []bson.D{
		{{Key: "broadcast", Value: 1}, {Key: "state", Value: 1}},
	}},
	{"notice_templates", nil},
	{"shop_papers", nil},
	{"front_pages", nil},
	{"due", []bson.D{{{Key: "at", Value: 1}}}}, // this and the next two: of the version before, see Adoption
	{"turns", []bson.D{{{Key: "at", Value: 1}}}},
	{"due_deliveries", []bson.D{{{Key: "at", Value: 1}}}},
	{"message_numbers", nil},
	{"api_keys", nil},
	{"role_log", nil},
	{"settings", nil},
	{"proofs", []bson.D{{{Key: "expires_at", Value: 1}}}},
	{"quarantine", []bson.D{{{Key: "out_trade_no", Value: 1}}, {{Key: "payment.transaction_id", Value: 1}}, {{Key: "resolved_at", Value: 1}, {Key: "decided_under", Value: 1}}}},
	{"audit", []bson.D{
		{{Key: "object", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}, {Key: "act", Value: 1}},
		{{Key: "at", Value: -1}, {Key: "_id", Value: -1}, {Key: "act", Value: 1}},
		{{Key: "by", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}, {Key: "act", Value: 1}},
		{{Key: "act", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}},
	}},
	{"agreements", []bson.D{{{Key: "user_id", Value: 1}, {Key: "at", Value: 1}, {Key: "_id", Value: 1}}}},
	{"staff_notes", []bson.D{{{Key: "user_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}}}},
	{"webhooks", nil},
	{"webhook_deliveries", []bson.D{
		{{Key: "endpoint", Value: 1}, {Key: "state", Value: 1}, {Key: "next_at", Value: 1}},
		{{Key: "endpoint", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "endpoint", Value: 1}, {Key: "state", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
	}},
	{"figures", nil},
	{"figure_marks", nil},
	{"figure_queue", []bson.D{{{Key: "at", Value: 1}}}},
}

// retired are indexes of versions before that no query uses any more; they cost each write.
var retired = []struct {
	collection string
	keys       bson.D
}{
	{"courses", bson.D{{Key: "state", Value: 1}, {Key: "category_id", Value: 1}}},
	{"media", bson.D{{Key: "state", Value: 1}, {Key: "size", Value: 1}, {Key: "by", Value: 1}}},
	{"notices", bson.D{{Key: "broadcast", Value: 1}}},
	{"due_deliveries", bson.D{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}},
	{"audit", bson.D{{Key: "object", Value: 1}, {Key: "at", Value: -1}}},
	{"audit", bson.D{{Key: "at", Value: -1}}},
	{"audit", bson.D{{Key: "by", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}}},
}

// expiring are collections whose documents MongoDB deletes a while after they are over. Idempotency keys are not among
// them: a key that placed an order stays as long as the order (IdempotencyKeys.Forget). Nor are used proofs and codes,
// of which each new one removes some.
var expiring = []struct{ collection, field string }{
	{"user_tokens", "expires_at"},
	{"scenes", "expires_at"},
	{"webhook_deliveries", "expires_at"},
}

// expiredFor is how long a document stays after it is over: the instances' clocks and the database's differ.
const expiredFor = 24 * time.Hour

const (
	namespaceExists = 48 // MongoDB's error codes
	indexNotFound   = 27

	// indexTime is how long making indexes may take at start, for all together: a release with
	// a new one must come up on a big collection. The client's own time-out, made for requests,
	// gives way to the deadline of a context.
	indexTime = 2 * time.Hour
	longIndex = 10 * time.Second // an index that takes longer is logged
)

// makeIndexes makes every collection and index that is not there yet. Doing it again
// changes nothing.
func (s *DB) makeIndexes(ctx context.Context, expire bool) error {
	ctx, cancel := context.WithTimeout(ctx, indexTime)
	defer cancel()
	have, err := s.db.ListCollectionNames(ctx, bson.M{})
	if err != nil {
		return failed("list the collections", err)
	}
	there := make(map[string]bool, len(have))
	for _, name := range have {
		there[name] = true
	}
	for _, c := range collections {
		if !there[c.name] {
			if err := s.makeCollection(ctx, c.name); err != nil {
				return err
			}
		}
		if len(c.indexes) == 0 || s.embeddedMongo != nil {
			continue
		}
		for _, keys := range c.indexes { // one by one: FerretDB cannot make two in one command
			if err := s.makeIndex(ctx, c.name, mongo.IndexModel{Keys: keys}); err != nil {
				return err
			}
		}
	}
	if s.embeddedMongo != nil {
		return nil
	}
	for _, x := range expiring {
		if !expire {
			break
		}
		after := options.Index().SetExpireAfterSeconds(int32(expiredFor / time.Second))
		if err := s.makeIndex(ctx, x.collection, mongo.IndexModel{Keys: bson.D{{Key: x.field, Value: 1}}, Options: after}); err != nil {
			return err
		}
	}
	for _, x := range retired {
		if err := s.dropIndex(ctx, x.collection, x.keys); err != nil {
			return err
		}
	}
	return nil
}

// dropIndex drops an index where it is there. An instance of the version before makes it again at its start, which costs
// it time and nothing else.
func (s *DB) dropIndex(ctx context.Context, name string, keys bson.D) error {
	want, err := bson.Marshal(keys)
	if err != nil {
		return err
	}
	have, err := s.coll(name).Indexes().ListSpecifications(ctx)
	if err != nil {
		return failed("list the indexes of "+name, err)
	}
	for _, x := range have {
		if !sameKeys(x.KeysDocument, want) {
			continue
		}
		err := s.coll(name).Indexes().DropOne(ctx, x.Name)
		var refused mongo.CommandError
		if errors.As(err, &refused) && refused.Code == indexNotFound {
			err = nil // another instance was first
		}
		return failed("drop an index of "+name, err)
	}
	return nil
}

// sameKeys compares the keys of two indexes; a server may give the directions another number type.
func sameKeys(a, b bson.Raw) bool {
	x, err := a.Elements()
	y, e := b.Elements()
	return err == nil && e == nil && slices.EqualFunc(x, y, func(x, y bson.RawElement) bool {
		m, ok := x.Value().AsInt64OK()
		n, there := y.Value().AsInt64OK()
		return x.Key() == y.Key() && ok && there && m == n
	})
}

func (s *DB) makeIndex(ctx context.Context, name string, index mongo.IndexModel) error {
	slow := time.AfterFunc(longIndex, func() {
		s.log.WarnContext(ctx, "an index is being made, the shop starts when it is", "collection", name, "keys", index.Keys)
	})
	defer slow.Stop()
	_, err := s.coll(name).Indexes().CreateOne(ctx, index)
	return failed("make an index of "+name, err)
}

// makeCollection tolerates another instance that does the same at the same time.
func (s *DB) makeCollection(ctx context.Context, name string) error {
	err := s.db.CreateCollection(ctx, name)
	var refused mongo.CommandError
	if errors.As(err, &refused) && refused.Code == namespaceExists {
		return nil
	}
	return failed("make the collection "+name, err)
}

// IndexState is which collections and indexes a database has of those that Open makes. An index is written as its
// collection and fields.
type IndexState struct {
	Collections int      // that are there
	Missing     []string // collections and indexes that Open would make
	Retired     []string // indexes that Open would drop
}

// LookAtIndexes compares a database with what Open makes there, and makes nothing. indexes is false for the embedded
// store, which has none.
func LookAtIndexes(ctx context.Context, db *mongo.Database, indexes bool) (st IndexState, err error) {
	have, err := db.ListCollectionNames(ctx, bson.M{})
	if err != nil {
		return st, failed("list the collections", err)
	}
	for _, c := range collections {
		if !slices.Contains(have, c.name) {
			st.Missing = append(st.Missing, c.name)
			continue
		}
		st.Collections++
		if !indexes {
			continue
		}
		there, err := db.Collection(c.name).Indexes().ListSpecifications(ctx)
		if err != nil {
			return st, failed("list the indexes of "+c.name, err)
		}
		has := func(keys bson.D) bool {
			want, err := bson.Marshal(keys)
			return err == nil && slices.ContainsFunc(there, func(x mongo.IndexSpecification) bool { return sameKeys(x.KeysDocument, want) })
		}
		for _, keys := range c.indexes {
			if !has(keys) {
				st.Missing = append(st.Missing, indexName(c.name, keys))
			}
		}
		for _, x := range retired {
			if x.collection == c.name && has(x.keys) {
				st.Retired = append(st.Retired, indexName(c.name, x.keys))
			}
		}
	}
	return st, nil
}

func indexName(collection string, keys bson.D) string {
	fields := make([]string, len(keys))
	for i, k := range keys {
		fields[i] = k.Key
	}
	return collection + "(" + strings.Join(fields, ", ") + ")"
}

// CollectionNames are the names of all collections.
func CollectionNames() []string {
	names := make([]string, len(collections))
	for i, c := range collections {
		names[i] = c.name
	}
	return names
}

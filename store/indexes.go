package store

import (
	"context"
	"errors"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
)

// collections are all of the database's, each with the indexes it needs besides _id.
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
	}},
	{"usernames", nil},
	{"user_tokens", []bson.D{{{Key: "user_id", Value: 1}}}},
	{"categories", nil},
	{"courses", []bson.D{{{Key: "state", Value: 1}, {Key: "category_id", Value: 1}}}},
	{"orders", []bson.D{
		{{Key: "user_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "state", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "lines.course_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "paid_at", Value: 1}},
		{{Key: "attempts.paid_at", Value: 1}},
		{{Key: "attempts.transaction_id", Value: 1}},
		{{Key: "refunds.created_at", Value: 1}},
		{{Key: "refunds.accepted_at", Value: 1}},
	}},
	{"reconciliations", nil},
	{idempotencyKeys, []bson.D{{{Key: "expires_at", Value: 1}}}},
	{"claims", []bson.D{{{Key: "order_id", Value: 1}}}},
	{"wakeups", []bson.D{{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}}},
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
		{{Key: "job.kind", Value: 1}, {Key: "job.at", Value: 1}},
		{{Key: "state", Value: 1}, {Key: "size", Value: 1}, {Key: "by", Value: 1}},
	}},
	{"playing", []bson.D{{{Key: "devices.seen_at", Value: 1}}}},
	{"lesson_texts", nil},
	{"notices", []bson.D{
		{{Key: "user_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "broadcast", Value: 1}},
	}},
	{"readers", []bson.D{{{Key: "marks.broadcast", Value: 1}}}},
	{"broadcasts", []bson.D{
		{{Key: "created_at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "due_at", Value: 1}},
		{{Key: "posted_at", Value: -1}, {Key: "_id", Value: -1}},
	}},
	{"audiences", nil},
	{"deliveries", []bson.D{
		{{Key: "broadcast", Value: 1}, {Key: "state", Value: 1}},
	}},
	{"notice_templates", nil},
	{"due", []bson.D{{{Key: "at", Value: 1}}}}, // this and the next two: of the version before, see Adoption
	{"turns", []bson.D{{{Key: "at", Value: 1}}}},
	{"due_deliveries", []bson.D{{{Key: "rank", Value: 1}, {Key: "at", Value: 1}}}},
	{"message_numbers", nil},
	{"api_keys", nil},
	{"role_log", nil},
	{"settings", nil},
	{"proofs", []bson.D{{{Key: "expires_at", Value: 1}}}},
	{"quarantine", []bson.D{{{Key: "out_trade_no", Value: 1}}, {{Key: "payment.transaction_id", Value: 1}}}},
	{"audit", []bson.D{
		{{Key: "object", Value: 1}, {Key: "at", Value: -1}},
		{{Key: "at", Value: -1}},
		{{Key: "by", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}},
		{{Key: "act", Value: 1}, {Key: "at", Value: -1}, {Key: "_id", Value: -1}},
	}},
	{"staff_notes", []bson.D{{{Key: "user_id", Value: 1}, {Key: "created_at", Value: -1}, {Key: "_id", Value: -1}}}},
	{"figures", nil},
	{"figure_marks", nil},
	{"figure_queue", []bson.D{{{Key: "at", Value: 1}}}},
}

const (
	namespaceExists = 48 // MongoDB's error code

	// indexTime is how long making indexes may take at start, for all together: a release with
	// a new one must come up on a big collection. The client's own time-out, made for requests,
	// gives way to the deadline of a context.
	indexTime = 2 * time.Hour
	longIndex = 10 * time.Second // an index that takes longer is logged
)

// makeIndexes makes every collection and index that is not there yet. Doing it again
// changes nothing.
func (s *DB) makeIndexes(ctx context.Context) error {
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
			if err := s.makeIndex(ctx, c.name, keys); err != nil {
				return err
			}
		}
	}
	return nil
}

func (s *DB) makeIndex(ctx context.Context, name string, keys bson.D) error {
	slow := time.AfterFunc(longIndex, func() {
		s.log.WarnContext(ctx, "an index is being made, the shop starts when it is", "collection", name, "keys", keys)
	})
	defer slow.Stop()
	_, err := s.coll(name).Indexes().CreateOne(ctx, mongo.IndexModel{Keys: keys})
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

package store

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
	"go.mongodb.org/mongo-driver/v2/mongo/readconcern"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"go.mongodb.org/mongo-driver/v2/mongo/writeconcern"

	"mstm/shop"
	"mstm/store/embedded"
)

// NewID makes an id: 26 characters of a-z and 2-7, 130 random bits.
func NewID() string { return newID() }

func newID() string { return strings.ToLower(rand.Text()) }

// writing is the context of a write: it does not end with the request, because a
// command that is cut off goes on inside the embedded store and would race the next
// one; it has its own deadline instead.
func (s *base) writing(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.WithoutCancel(ctx), writeTimeout)
}

// failed wraps a driver's error with what was being done; an outage becomes
// shop.ErrUnavailable, and a full disk shop.ErrStorageFull beside it. nil stays nil.
func failed(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case isFull(err):
		return fmt.Errorf("%s: %w: %w: %w", doing, shop.ErrStorageFull, shop.ErrUnavailable, err)
	case isOutage(err):
		return fmt.Errorf("%s: %w: %w", doing, shop.ErrUnavailable, err)
	default:
		return fmt.Errorf("%s: %w", doing, err)
	}
}

// findByID reads one document; where there is none the error is missing.
func findByID[T any](ctx context.Context, c gated, id string, missing error) (*T, error) {
	var v T
	err := c.FindOne(ctx, bson.M{"_id": id}).Decode(&v)
	if errors.Is(err, mongo.ErrNoDocuments) {
		return nil, missing
	}
	if err != nil {
		return nil, failed("read from "+c.Name(), err)
	}
	return &v, nil
}

// findAll reads every document that filter matches, in the order of sort.
func findAll[T any](ctx context.Context, c gated, filter any, opts ...options.Lister[options.FindOptions]) ([]T, error) {
	ctx, leave, err := c.hold(ctx)
	if err != nil {
		return nil, failed("list "+c.Name(), err)
	}
	defer leave()
	return again(func() (all []T, err error) {
		cur, err := c.Find(ctx, filter, opts...)
		if err == nil {
			err = cur.All(ctx, &all)
		}
		return all, failed("list "+c.Name(), err)
	})
}

// findByIDs reads the documents with these ids, in no order; missing ones are left out.
// The embedded store finds one by its _id at once and several only by reading all, so
// there they are asked for one by one.
func findByIDs[T any](ctx context.Context, s *base, c gated, ids []string) ([]T, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	if s.embeddedMongo == nil {
		return findAll[T](ctx, c, bson.M{"_id": bson.M{"$in": ids}})
	}
	var all []T
	for _, id := range slices.Compact(slices.Sorted(slices.Values(ids))) {
		v, err := findByID[T](ctx, c, id, ErrNotFound)
		if errors.Is(err, ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		all = append(all, *v)
	}
	return all, nil
}

// insertOnce inserts doc and reports whether this call did it; false means that there
// is one with its _id already.
func (s *base) insertOnce(ctx context.Context, c gated, doc any) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	_, err := c.InsertOne(ctx, doc)
	if mongo.IsDuplicateKeyError(err) {
		return false, nil
	}
	if err != nil {
		return false, s.wrote("insert into "+c.Name(), err)
	}
	return true, nil
}

// insertFresh inserts those of docs with a new _id and counts them.
func (s *base) insertFresh(ctx context.Context, c gated, docs []any) (fresh int, err error) {
	if len(docs) == 0 {
		return 0, nil
	}
	ctx, cancel := s.writing(ctx)
	defer cancel()
	_, err = c.InsertMany(ctx, docs, options.InsertMany().SetOrdered(false))
	clashes, err := clashesOnly(err)
	if err != nil {
		return 0, s.wrote("insert into "+c.Name(), err)
	}
	return len(docs) - clashes, nil
}

// clashesOnly counts the documents that were there already; an error that says anything else
// is passed on.
func clashesOnly(err error) (clashes int, _ error) {
	var many mongo.BulkWriteException
	if !errors.As(err, &many) || many.WriteConcernError != nil {
		return 0, err
	}
	for _, one := range many.WriteErrors {
		if !one.HasErrorCode(duplicateKey) {
			return 0, err
		}
	}
	return len(many.WriteErrors), nil
}

const duplicateKey = 11000 // MongoDB's error code

// replaceIf replaces the document that filter names by doc and reports whether this
// call did it. The filter is an _id and the fields that must still hold, equal to the
// given values; of many callers that saw the same document exactly one wins.
func (s *base) replaceIf(ctx context.Context, c gated, filter bson.M, doc any) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	return s.onlyIf(ctx, c, filter, func(ctx context.Context, filter bson.M) (int64, error) {
		return matched(c.ReplaceOne(ctx, filter, doc))
	})
}

// updateIf is replaceIf for a few fields: update holds $set, $inc or $unset.
func (s *base) updateIf(ctx context.Context, c gated, filter, update bson.M) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	return s.onlyIf(ctx, c, filter, func(ctx context.Context, filter bson.M) (int64, error) {
		return matched(c.UpdateOne(ctx, filter, update))
	})
}

// deleteIf removes the document that filter names and reports whether this call did it;
// for the filter see replaceIf.
func (s *base) deleteIf(ctx context.Context, c gated, filter bson.M) (bool, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	return s.onlyIf(ctx, c, filter, func(ctx context.Context, filter bson.M) (int64, error) {
		res, err := c.DeleteOne(ctx, filter)
		if err != nil {
			return 0, err
		}
		return res.DeletedCount, nil
	})
}

// updateAll updates every document that filter matches and counts them.
func (s *base) updateAll(ctx context.Context, c gated, filter, update bson.M) (int64, error) {
	ctx, cancel := s.writing(ctx)
	defer cancel()
	n, err := matched(c.UpdateMany(ctx, filter, update))
	return n, s.wrote("write to "+c.Name(), err)
}

func (s *base) deleteByID(ctx context.Context, c gated, id string) (bool, error) {
	return s.deleteIf(ctx, c, bson.M{"_id": id})
}

func matched(res *mongo.UpdateResult, err error) (int64, error) {
	if err != nil {
		return 0, err
	}
	return res.MatchedCount, nil
}

// onlyIf does a conditional write. MongoDB checks the whole filter itself. The embedded
// store finds a document quickly by a filter of _id alone and by nothing else, so there
// the rest is checked here, with the one place at the gate held for both commands; this
// process is the only one (the lock on the data folder sees to it).
func (s *base) onlyIf(ctx context.Context, c gated, filter bson.M, write func(context.Context, bson.M) (int64, error)) (bool, error) {
	doing := "write to " + c.Name()
	if s.embeddedMongo != nil {
		var leave func()
		var err error
		if ctx, leave, err = c.hold(ctx); err != nil {
			return false, failed(doing, err)
		}
		defer leave()
		if ok, err := holds(ctx, c, filter); !ok || err != nil {
			return false, failed(doing, err)
		}
		filter = bson.M{"_id": filter["_id"]}
	}
	n, err := write(ctx, filter)
	if err != nil {
		return false, s.wrote(doing, err)
	}
	return n == 1, nil
}

// holds reports whether the document of filter's _id is there and the rest matches.
func holds(ctx context.Context, c gated, filter bson.M) (bool, error) {
	if len(filter) == 1 {
		return true, nil
	}
	raw, err := c.FindOne(ctx, bson.M{"_id": filter["_id"]}).Raw()
	if errors.Is(err, mongo.ErrNoDocuments) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	return embedded.Matches(raw, filter)
}

// countAll counts the documents that match.
func countAll(ctx context.Context, c gated, filter bson.M) (int64, error) {
	n, err := c.CountDocuments(ctx, filter)
	return n, failed("count "+c.Name(), err)
}

// sumAll adds up a field of the documents that match.
func sumAll(ctx context.Context, c gated, filter bson.M, field string) (int64, error) {
	ctx, leave, err := c.hold(ctx)
	if err != nil {
		return 0, failed("sum up "+c.Name(), err)
	}
	defer leave()
	cur, err := c.Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: filter}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: nil}, {Key: "sum", Value: bson.M{"$sum": "$" + field}}}}},
	})
	if err != nil {
		return 0, failed("sum up "+c.Name(), err)
	}
	var rows []struct {
		Sum int64 `bson:"sum"`
	}
	if err := cur.All(ctx, &rows); err != nil || len(rows) == 0 {
		return 0, failed("sum up "+c.Name(), err)
	}
	return rows[0].Sum, nil
}

// countBy counts the documents that match by the value of a field.
func countBy[V comparable](ctx context.Context, c gated, filter bson.M, field string) (map[V]int64, error) {
	ctx, leave, err := c.hold(ctx)
	if err != nil {
		return nil, failed("count "+c.Name(), err)
	}
	defer leave()
	cur, err := c.Aggregate(ctx, mongo.Pipeline{
		{{Key: "$match", Value: filter}},
		{{Key: "$group", Value: bson.D{{Key: "_id", Value: "$" + field}, {Key: "n", Value: bson.M{"$sum": 1}}}}},
	})
	if err != nil {
		return nil, failed("count "+c.Name(), err)
	}
	var rows []struct {
		Value V     `bson:"_id"`
		N     int64 `bson:"n"`
	}
	if err := cur.All(ctx, &rows); err != nil {
		return nil, failed("count "+c.Name(), err)
	}
	counts := make(map[V]int64, len(rows))
	for _, r := range rows {
		counts[r.Value] = r.N
	}
	return counts, nil
}

// outages are MongoDB's error codes of a server that cannot answer now: it stops, it is no
// primary any more or not yet, or its majority has not got so far. The driver tries most of
// these again by itself until its deadline; what is left of them is an outage and no bug.
var outages = append([]int{
	6, 7, 89, 9001, // HostUnreachable, HostNotFound, NetworkTimeout, SocketException
	50, 262, // MaxTimeMSExpired, ExceededTimeLimit
	91, 11600, // ShutdownInProgress, InterruptedAtShutdown
	134,        // ReadConcernMajorityNotAvailableYet
	189, 11602, // PrimarySteppedDown, InterruptedDueToReplStateChange
	10058, 10107, // NotWritablePrimary
	13435, 13436, // NotPrimaryNoSecondaryOk, NotPrimaryOrSecondary
}, cursorsLost...)

// cursorsLost are CursorNotFound and CursorKilled: the server went away half way through a list.
var cursorsLost = []int{43, 237}

// outageLabels are the driver's and the server's words for the same.
var outageLabels = []string{"RetryableWriteError", "RetryableError", "SystemOverloadedError", "NetworkError", "TransientTransactionError"}

// isOutage reports whether the store could not be reached or did not answer in time; a refused
// request is no outage.
func isOutage(err error) bool {
	if mongo.IsTimeout(err) || mongo.IsNetworkError(err) ||
		errors.Is(err, context.DeadlineExceeded) || errors.Is(err, mongo.ErrClientDisconnected) {
		return true
	}
	var labelled mongo.LabeledError
	return errors.As(err, &labelled) && slices.ContainsFunc(outageLabels, labelled.HasErrorLabel) || hasCode(err, outages)
}

func hasCode(err error, codes []int) bool {
	var refusal mongo.ServerError
	return errors.As(err, &refusal) && slices.ContainsFunc(codes, refusal.HasErrorCode)
}

// again does a read once more where its cursor was lost half way, as by an election.
func again[T any](read func() (T, error)) (T, error) {
	v, err := read()
	if hasCode(err, cursorsLost) {
		v, err = read()
	}
	return v, err
}

const (
	databaseName = "mstm"
	writeTimeout = 5 * time.Second // a write is given up after this
	dialTimeout  = 2 * time.Second

	// Without a primary a request is refused after this and may come again; an election
	// takes longer than anybody should wait.
	selectTimeout = time.Second
	// warmPool connections are kept open: the driver's wait for one also ends with
	// selectTimeout, and a burst on a cold pool would be answered 503.
	warmPool     = 8
	driverPool   = 100              // connections that the driver opens where the URI says nothing
	startTimeout = 15 * time.Second // how long MongoDB may take to start beside us
)

// dialMongo makes a client with writes that are acknowledged only after a majority has them on
// disk, and with reads from the primary: money is decided on them. Nothing is sent yet.
func dialMongo(uri string, embedded bool, monitor *event.CommandMonitor) (client *mongo.Client, name string, places int, err error) {
	durable := true
	opts := options.Client().ApplyURI(uri).
		SetAppName("mstm").
		SetConnectTimeout(dialTimeout).
		SetServerSelectionTimeout(selectTimeout).
		SetTimeout(writeTimeout).
		SetReadPreference(readpref.Primary()).
		SetReadConcern(readconcern.Majority()).
		SetWriteConcern(&writeconcern.WriteConcern{W: writeconcern.WCMajority, Journal: &durable}).
		SetBSONOptions(&options.BSONOptions{NilSliceAsEmpty: true, NilMapAsEmpty: true})
	if opts.MaxPoolSize == nil && opts.MinPoolSize == nil && !embedded { // the URI may know better
		opts.SetMinPoolSize(warmPool)
	}
	if monitor != nil {
		opts.SetMonitor(monitor)
	}
	if embedded {
		// FerretDB's updates read, then write, with no transaction around: over two
		// connections both racers win. Over one connection they queue.
		opts.SetMaxPoolSize(1)
		opts.SetReadConcern(nil).SetWriteConcern(nil)
		opts.SetServerSelectionTimeout(writeTimeout) // no election here, at most a busy machine
	}
	if client, err = mongo.Connect(opts); err != nil {
		return nil, "", 0, fmt.Errorf("MONGODB_URI: %w", err)
	}
	places = driverPool
	if opts.MaxPoolSize != nil && *opts.MaxPoolSize > 0 {
		places = int(min(*opts.MaxPoolSize, 10_000))
	}
	return client, databaseOf(uri), places, nil
}

// Dial connects to the database that a URI names as Open does, over one connection where it is the embedded one, and
// makes nothing there. Nothing is sent yet. The caller disconnects its client.
func Dial(uri string, embedded bool) (*mongo.Database, error) {
	client, name, _, err := dialMongo(uri, embedded, nil)
	if err != nil {
		return nil, err
	}
	return client.Database(name), nil
}

// awaitMongo waits until the primary answers: both may have been started together.
func awaitMongo(ctx context.Context, client *mongo.Client) error {
	ctx, cancel := context.WithTimeout(ctx, startTimeout)
	defer cancel()
	for {
		err := client.Ping(ctx, readpref.Primary())
		if err == nil || !isOutage(err) || ctx.Err() != nil {
			return err
		}
	}
}

// isFerretDB reports whether the server is FerretDB, wherever it runs: it lacks what MongoDB has (see common_test.go).
func isFerretDB(ctx context.Context, db *mongo.Database) (bool, error) {
	about, err := db.RunCommand(ctx, bson.D{{Key: "buildInfo", Value: 1}}).Raw()
	if err != nil {
		return false, failed("ask MongoDB for its version", err)
	}
	_, err = about.LookupErr("ferretdbVersion")
	return err == nil, nil
}

// databaseOf is the path of a MongoDB URI. It is cut out by hand, because a list of
// hosts is no URL to Go's parser.
func databaseOf(uri string) string {
	_, rest, _ := strings.Cut(uri, "://")
	_, path, _ := strings.Cut(rest, "/")
	name, _, _ := strings.Cut(path, "?")
	if name, err := url.PathUnescape(name); err == nil && name != "" {
		return name
	}
	return databaseName
}

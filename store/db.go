// Package store keeps the shop's data: MongoDB holds the truth, Redis holds carts and
// carries word of changes. Each file is one collection, or one noun in Redis. Driver
// errors stop here: callers see shop's errors, and whatever else went wrong is wrapped
// so that errors.Is(err, shop.ErrUnavailable) marks an outage, not a bug.
//
// Where no MongoDB or Redis is named, both run inside this process (package embedded)
// for development, demonstrations and tests. The code stays inside
// what both kinds do: look-ups by _id, uniqueness by _id, one-document writes that name
// what must still hold.
package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/event"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/readpref"
	"golang.org/x/sync/errgroup"

	"mstm/shop"
	"mstm/store/embedded"
	"mstm/store/redisconn"
	"mstm/store/redisstore"
)

// Config says where the data is. The zero value of a URL means embedded.
type Config struct {
	MongoURI string // the path names the database, "mstm" if there is none
	RedisURL string // redis://, rediss://, redis+sentinel://, redis+cluster://, or a comma list of a cluster's nodes
	DataDir  string // folder of the embedded stores, made with mode 0700

	Log     *slog.Logger
	Monitor *event.CommandMonitor // optional: sees every MongoDB command
	Now     func() time.Time      // the shop's clock

	// Expire has MongoDB delete sessions and scenes that are over, by its own clock: only for a shop whose clock is true.
	Expire bool

	TrialNeeds shop.TrialNeeds // what an account needs for a free stage; "": nothing
}

// DB is the shop's data: one field for each collection of MongoDB, and for each thing that
// Redis holds. All may be used from any goroutine.
type DB struct {
	Users             *Users
	Roles             *Roles
	Tokens            *Tokens
	APIKeys           *APIKeys
	Bindings          *Bindings
	Followers         *Followers
	WeChats           *WeChats
	Scenes            *Scenes
	Phones            *Phones
	Categories        *Categories
	Courses           *Courses
	Catalogue         *CatalogueCache
	Carts             *redisstore.Carts
	Orders            *Orders
	IdempotencyKeys   *IdempotencyKeys
	Claims            *Claims
	Wakeups           *Wakeups
	OrderWakeups      *OrderWakeups
	Adoption          *Adoption
	Enrolments        *Enrolments
	AccessEnds        *AccessEnds
	Trials            *Trials
	Progress          *Progress
	LessonTexts       *LessonTexts
	LearningCounts    *LearningCounts
	Notes             *Notes
	StaffNotes        *StaffNotes
	Media             *Media
	Playing           *Playing
	UnmatchedPayments *UnmatchedPayments
	Reconciliations   *Reconciliations
	Notices           *Notices
	NoticeTemplates   *NoticeTemplates
	Papers            *Papers
	Agreements        *Agreements
	Front             *Front
	Broadcasts        *Broadcasts
	Audiences         *Audiences
	Readers           *Readers
	Deliveries        *Deliveries
	Webhooks          *Webhooks
	WebhookDeliveries *WebhookDeliveries
	Unsent            *UnsentNews
	Audit             *Audit
	Figures           *Figures
	Settings          *Settings
	Proofs            *Proofs
	Limits            *redisstore.Limits
	Places            *redisstore.Places
	LoginCodes        *redisstore.LoginCodes
	SharedCache       *redisstore.SharedCache

	*base

	client *mongo.Client
	lock   *embedded.DataLock // nil where nothing is embedded
}

// base is what all collections share.
type base struct {
	log *slog.Logger
	now func() time.Time

	db    *mongo.Database
	gate  *gate
	redis redis.UniversalClient
	bus   *bus

	ferret        bool            // MongoDB is FerretDB, embedded or not
	embeddedMongo *embedded.Mongo // nil with a real MongoDB
	embeddedRedis *embedded.Redis // nil with a real Redis
	full          atomic.Bool     // a write found no room on the disk
	tally         tally
}

// Open connects to both stores, or starts the embedded ones, and makes the indexes. It
// fails where MongoDB does not answer; without Redis the shop can sell, so a Redis that
// does not answer is only logged. Close ends what Open began.
func Open(ctx context.Context, cfg Config) (_ *DB, err error) {
	s := &DB{base: &base{log: cfg.Log, now: cfg.Now}}
	if s.log == nil {
		s.log = slog.Default()
	}
	if s.now == nil {
		s.now = time.Now
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close(context.WithoutCancel(ctx)))
		}
	}()
	if cfg.MongoURI == "" || cfg.RedisURL == "" {
		if s.lock, err = embedded.Lock(cfg.DataDir); err != nil {
			return nil, err
		}
	}
	if err = s.openMongo(ctx, cfg); err != nil {
		return nil, err
	}
	if err = s.openRedis(ctx, cfg); err != nil {
		return nil, err
	}
	s.bus = newBus(s.redis, s.log)
	s.wire(cfg.TrialNeeds)
	return s, nil
}

func (s *DB) openMongo(ctx context.Context, cfg Config) error {
	uri := cfg.MongoURI
	if uri == "" {
		e, err := embedded.StartMongo(cfg.DataDir, s.log)
		if err != nil {
			return fmt.Errorf("start the embedded MongoDB in %s: %w", cfg.DataDir, err)
		}
		s.embeddedMongo, uri = e, e.URI
	}
	client, name, places, err := dialMongo(uri, s.embeddedMongo != nil, cfg.Monitor)
	if err != nil {
		return err
	}
	s.client, s.db, s.gate = client, client.Database(name), newGate(places)
	if err := awaitMongo(ctx, client); err != nil {
		return fmt.Errorf("MongoDB does not answer: %w", err)
	}
	if s.ferret, err = isFerretDB(ctx, s.db); err != nil {
		return err
	}
	if err := s.makeIndexes(ctx, cfg.Expire); err != nil {
		return err
	}
	if s.embeddedMongo != nil {
		s.embeddedMongo.IndexIDs(ctx, name, s.log)
	}
	return nil
}

func (s *DB) openRedis(ctx context.Context, cfg Config) error {
	url, answer, budget := cfg.RedisURL, redisstore.Timeout, redisconn.Budget
	if url == "" {
		e, err := embedded.StartRedis()
		if err != nil {
			return fmt.Errorf("start the embedded Redis: %w", err)
		}
		s.embeddedRedis, url, answer, budget = e, e.URL, redisstore.OwnTimeout, redisstore.OwnTimeout
	}
	client, err := redisconn.Dial(url, answer)
	if err != nil {
		return err
	}
	s.redis = client
	redisconn.Guard(client, budget, s.log)
	if s.embeddedRedis != nil {
		if err := s.embeddedRedis.Load(ctx, client, cfg.DataDir); err != nil {
			s.log.Warn("the carts of the last run are lost", "err", err)
		}
	}
	if err := client.Ping(ctx).Err(); err != nil {
		s.log.Warn("Redis does not answer; there are no carts until it does", "err", err)
	}
	return nil
}

// Run keeps the caches in step with the other instances, and the embedded Redis's clock
// and copy on disk going, until ctx ends.
func (s *DB) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return s.bus.run(ctx) })
	if s.embeddedRedis != nil {
		g.Go(func() error { return s.embeddedRedis.Run(ctx, s.redis, s.log) })
	}
	return g.Wait()
}

// Close saves the embedded carts, then ends both stores. Call it last: after it no
// method works.
func (s *DB) Close(ctx context.Context) error {
	var errs []error
	if s.redis != nil {
		if s.embeddedRedis != nil {
			errs = append(errs, s.embeddedRedis.Save(ctx, s.redis))
		}
		errs = append(errs, s.redis.Close())
	}
	if s.embeddedRedis != nil {
		s.embeddedRedis.Close()
	}
	if s.client != nil {
		errs = append(errs, s.client.Disconnect(ctx))
	}
	if s.embeddedMongo != nil {
		errs = append(errs, s.embeddedMongo.Close(ctx))
	}
	if s.lock != nil {
		errs = append(errs, s.lock.Release())
	}
	return errors.Join(errs...)
}

// OrderMoves and MessageMoves count what this instance wrote since its start, by the state that it led to.
func (s *DB) OrderMoves() map[string]int64   { return s.tally.of("order:") }
func (s *DB) MessageMoves() map[string]int64 { return s.tally.of("message:") }

// WebhookAttempts count the attempts to deliver an event that this instance made: those that succeeded, that come again, and after
// which the delivery had failed, by the state that each led to.
func (s *DB) WebhookAttempts() map[string]int64 { return s.tally.of("webhook:") }

// GateUse is how many commands of a class are at the database, and how many wait.
func (s *DB) GateUse() (running, waiting [Classes]int) { return s.gate.use() }

// Database is the connection to MongoDB, for commands that copy it as it is.
func (s *DB) Database() *mongo.Database { return s.db }

// Redis is the connection to Redis, for the parts that keep other things there.
func (s *DB) Redis() redis.UniversalClient { return s.redis }

// WithRedisBudget bounds what a request may lose to a Redis that does not answer; see redisconn.
func WithRedisBudget(ctx context.Context) context.Context { return redisconn.WithBudget(ctx) }

// Embedded reports which of the stores run inside this process.
func (s *DB) Embedded() (mongo, redis bool) {
	return s.embeddedMongo != nil, s.embeddedRedis != nil
}

// wire makes the collections and gives each those that it needs.
func (db *DB) wire(trialNeeds shop.TrialNeeds) {
	b := db.base
	db.Users = newUsers(b)
	db.Roles = newRoles(b)
	db.Tokens = newTokens(b)
	db.APIKeys = newAPIKeys(b)
	db.Bindings = newBindings(b)
	db.Scenes = newScenes(b)
	db.Phones = newPhones(b, db.Users)
	db.Categories = newCategories(b)
	db.Courses = newCourses(b)
	db.Orders = newOrders(b)
	db.IdempotencyKeys = newIdempotencyKeys(b)
	db.Claims = newClaims(b)
	db.Wakeups = newWakeups(b)
	before := newOldWakeups(b)
	db.OrderWakeups = &OrderWakeups{Wakeups: db.Wakeups, orders: db.Orders, before: before}
	db.Enrolments = newEnrolments(b)
	db.AccessEnds = &AccessEnds{db.Wakeups}
	db.Trials = newTrials(b)
	db.Progress = newProgress(b)
	db.LessonTexts = newLessonTexts(b)
	db.LearningCounts = newLearningCounts(b)
	db.Notes = newNotes(b)
	db.StaffNotes = newStaffNotes(b)
	db.Media = newMedia(b, db.Courses, db.LessonTexts)
	db.Playing = newPlaying(b)
	db.UnmatchedPayments = newUnmatchedPayments(b)
	db.Reconciliations = newReconciliations(b)
	db.Notices = newNotices(b)
	db.NoticeTemplates = newNoticeTemplates(b)
	db.Papers = newPapers(b)
	db.Agreements = newAgreements(b)
	db.Front = newFront(b)
	db.Media.front = db.Front
	db.Broadcasts = newBroadcasts(b)
	db.Audiences = newAudiences(b)
	db.Readers = newReaders(b)
	db.Deliveries = newDeliveries(b)
	db.Webhooks = newWebhooks(b)
	db.WebhookDeliveries = newWebhookDeliveries(b, db.Wakeups)
	db.Audit = newAudit(b)
	db.Figures = newFigures(b)
	db.Settings = newSettings(b)
	db.Proofs = newProofs(b)
	db.Unsent = newUnsentNews(b)
	db.Followers = &Followers{bindings: db.Bindings}
	db.WeChats = &WeChats{bindings: db.Bindings, users: db.Users}
	db.Catalogue = newCatalogueCache(b, db.Categories, db.Courses)
	db.Carts = redisstore.NewCarts(b.redis, b.embeddedRedis != nil, b.now)
	db.Limits = redisstore.NewLimits(b.redis, b.log)
	db.Places = redisstore.NewPlaces(b.redis, b.log)
	db.LoginCodes = redisstore.NewLoginCodes(b.redis)
	db.SharedCache = redisstore.NewSharedCache(b.redis)
	db.Users.bindings = db.Bindings
	db.Users.scenes = db.Scenes
	db.Users.tokens = db.Tokens
	db.Users.phones = db.Phones
	db.Roles.audit = db.Audit
	db.Roles.tokens = db.Tokens
	db.Roles.users = db.Users
	db.APIKeys.audit = db.Audit
	db.APIKeys.users = db.Users
	db.Bindings.trials = db.Trials
	db.Bindings.users = db.Users
	db.Trials.needs = trialNeeds
	db.Trials.users = db.Users
	db.Orders.unmatchedPayments = db.UnmatchedPayments
	db.Adoption = &Adoption{b, before, db.Wakeups, db.Broadcasts}
	db.Readers.notices = db.Notices
	db.Notices.broadcasts = db.Broadcasts
	db.Audiences.users = db.Users
	db.Audiences.enrolments = db.Enrolments
	db.Orders.audit = db.Audit
	db.Courses.audit = db.Audit
	db.Courses.wakeups = db.Wakeups
	db.Orders.wakeups = db.OrderWakeups
	db.Orders.figures = db.Figures
	db.Users.figures = db.Figures
	db.Enrolments.figures = db.Figures
	db.Deliveries.wakeups = db.Wakeups
	db.Broadcasts.wakeups = db.Wakeups
	db.IdempotencyKeys.orders = db.Orders
	db.Enrolments.trials = db.Trials
	db.Trials.bindings = db.Bindings
	db.NoticeTemplates.audit = db.Audit
	db.Papers.audit = db.Audit
	db.Front.audit = db.Audit
	db.Broadcasts.audiences = db.Audiences
	db.Audiences.catalogue = db.Catalogue
}

// What Ping says of a Redis that answers.
var (
	ErrRedisFull    = errors.New("store: Redis is full and takes no writes")
	ErrRedisRefuses = errors.New("store: Redis answers and takes no writes")
)

const (
	pingTime     = time.Second // for both stores together
	redisProbe   = "mstm:probe"
	redisProbeMS = 60_000
	diskProbe    = "disk_probe" // the setting that is written to see whether there is room again
	diskProbeLen = 16 << 10
	spareRoom    = 64 << 10 // bytes the embedded store leaves free: what fits into the last pages is chance
	outOfDisk    = 14031    // MongoDB's code OutOfDiskSpace
)

// Ping asks both stores, at once, whether they are there and take writes: shop.ErrStorageFull, ErrRedisFull and
// ErrRedisRefuses are of stores that answer.
func (s *DB) Ping(ctx context.Context) (mongoErr, redisErr error) {
	ctx, cancel := context.WithTimeout(redisconn.WithBudget(ctx), pingTime)
	defer cancel()
	var both errgroup.Group
	both.Go(func() error { mongoErr = s.pingMongo(ctx); return nil })
	both.Go(func() error { redisErr = s.pingRedis(ctx); return nil })
	_ = both.Wait() // neither gives one
	return mongoErr, redisErr
}

// pingMongo writes only where there may be no room: after a write that found none.
func (s *DB) pingMongo(ctx context.Context) error {
	if err := s.client.Ping(ctx, readpref.Primary()); err != nil {
		return failed("ping MongoDB", err)
	}
	if err := s.space(); err != nil {
		return failed("ping MongoDB", err)
	}
	if !s.full.Load() {
		return nil
	}
	err := s.Settings.Put(ctx, diskProbe, strings.Repeat("x", diskProbeLen))
	s.full.Store(isFull(err))
	return err
}

func (s *DB) pingRedis(ctx context.Context) error {
	err := s.redis.Set(ctx, redisProbe, 1, redisProbeMS*time.Millisecond).Err()
	var refusal redis.Error
	switch {
	case err == nil:
		return nil
	case redis.HasErrorPrefix(err, "OOM"):
		return ErrRedisFull
	case errors.As(err, &refusal):
		return fmt.Errorf("%w: %w", ErrRedisRefuses, err)
	}
	return err
}

// wrote is failed for a write. Of a disk that is full it takes note: Ping then looks whether there is room again.
func (s *base) wrote(doing string, err error) error {
	if isFull(err) {
		s.full.Store(true)
	}
	return failed(doing, err)
}

var errNoSpace = errors.New("store: no space left on device")

// space is errNoSpace where the embedded store has no room left. Its files have some pages to spare even on a disk that
// is full, so that without this one write would succeed and the next would not.
func (s *base) space() error {
	if s.embeddedMongo != nil && s.embeddedMongo.Room() < spareRoom {
		return errNoSpace
	}
	return nil
}

// isFull recognises a database without room on its disk, by MongoDB's code or by SQLite's words, which FerretDB
// passes on.
func isFull(err error) bool {
	var refusal mongo.ServerError
	if errors.As(err, &refusal) && refusal.HasErrorCode(outOfDisk) {
		return true
	}
	for _, words := range []string{"database or disk is full", "disk I/O error", "no space left on device"} {
		if err != nil && strings.Contains(err.Error(), words) {
			return true
		}
	}
	return false
}

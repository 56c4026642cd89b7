package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/store/storetest"
	"mstm/wechat/sandbox"
)

// crashSite is what all crashers begin from: a data folder with the sample catalogue, two
// courses with a ladder and many learners, and a WeChat that nobody has paid in.
type crashSite struct {
	folder   string
	mongo    string   // the URI of its database, "" where it is in the folder
	tokens   []string // of learners who have nothing yet
	finance  string   // the token of somebody who may refund
	full     []offered
	periods  []offered
	ladder   *sold // credit mode none
	credited *sold // credit mode paid_total
}

// offered is something to buy and what it costs.
type offered struct {
	wish
	price int64
}

const (
	// caseDay is the day on which all lives begin: some hours from when bills are compared.
	caseDay = "2031-03-05 14:00"
	// livesPerFolder is after how many lives a crasher begins with a fresh folder: what is
	// stored makes the embedded MongoDB slow, and one fault must not be blamed on many.
	livesPerFolder = 16
)

func newCrashSite(t *testing.T) *crashSite {
	site := &crashSite{folder: t.TempDir()}
	first := startShop(t, withDataDir(site.folder)).at(t, caseDay)
	site.mongo = first.mongo
	one := first.newLearner()
	site.full, site.periods = one.goods()
	site.ladder = first.sell(usual())
	paidTotal := usual()
	paidTotal.credit = "paid_total"
	site.credited = first.sell(paidTotal)
	site.finance = first.staff("finance").token
	site.tokens = first.crowdLike(one, livesPerFolder)
	first.stop()
	return site
}

// goods are what the sample sells for ever and for a while, one of each course at most.
func (p *person) goods() (full, periods []offered) {
	p.t.Helper()
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	p.get("/api/courses?limit=100").want(200).into(&list)
	for _, c := range list.Items {
		var detail struct {
			Offers []struct {
				PolicyID string `json:"policy_id"`
				Kind     string `json:"kind"`
				Price    int64  `json:"price_fen"`
			} `json:"offers"`
		}
		p.get("/api/courses/" + c.ID).want(200).into(&detail)
		seen := map[string]bool{}
		for _, o := range detail.Offers {
			switch {
			case o.Price == 0 || seen[o.Kind]:
			case o.Kind == "lifetime":
				full = append(full, offered{wish{c.ID, o.PolicyID}, o.Price})
			case o.Kind == "period":
				periods = append(periods, offered{wish{c.ID, o.PolicyID}, o.Price})
			}
			seen[o.Kind] = seen[o.Kind] || o.Price > 0
		}
	}
	return full, periods
}

// crowdLike makes learners behind the shop's back, for a password costs time, and lets
// nobody's token end. It answers their tokens.
func (s *testShop) crowdLike(one *person, n int) (tokens []string) {
	s.t.Helper()
	ctx, db := context.Background(), s.database()
	defer func() { _ = db.Client().Disconnect(ctx) }() // or the shop waits for it when it stops
	if _, err := db.Collection("user_tokens").UpdateMany(ctx, bson.M{}, bson.M{"$set": bson.M{"expires_at": time.Now().AddDate(100, 0, 0)}}); err != nil {
		s.t.Fatal(err)
	}
	model, err := rows(db, "user_tokens", bson.M{"client": "web", "roles": "learner"})
	if err != nil || len(model) == 0 {
		s.t.Fatalf("no learner to copy: %v", err)
	}
	user, err := rows(db, "users", bson.M{"_id": model[0]["user_id"]})
	if err != nil || len(user) != 1 {
		s.t.Fatalf("no learner to copy: %v", err)
	}
	for i := range n {
		id := fmt.Sprintf("crashed%02d", i)
		var secret [32]byte
		_, _ = rand.Read(secret[:]) // never fails
		hash := sha256.Sum256(secret[:])
		model[0]["_id"], model[0]["user_id"], model[0]["hash"] = id+":web", id, hash[:]
		user[0]["_id"], user[0]["username"] = id, id
		insert(s.t, db, "users", user[0])
		insert(s.t, db, "user_tokens", model[0])
		tokens = append(tokens, base64.RawURLEncoding.EncodeToString(secret[:])+"."+id+".web")
	}
	return tokens
}

// weChat is a WeChat that outlives the crashes of the shop it works for, and its clock.
type weChat struct {
	*testShop              // its sandbox alone
	ahead     atomic.Int64 // nanoseconds from the real time
	close     func()       // may be called twice
}

func (s *crashSite) openWeChat(t *testing.T) *weChat {
	t.Helper()
	w := &weChat{testShop: &testShop{t: t, dataDir: t.TempDir()}}
	dir := filepath.Join(w.dataDir, "sandbox")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(s.folder, "sandbox"))); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.sandbox = "http://" + ln.Addr().String()
	box, err := sandbox.New(sandbox.Config{Dir: dir, PublicURL: w.sandbox, Now: w.now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	server := &http.Server{Handler: box.Handler(), ErrorLog: slog.NewLogLogger(slog.DiscardHandler, slog.LevelError)}
	ctx, stop := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- box.Run(ctx) }()
	go func() { _ = server.Serve(ln) }()
	w.close = sync.OnceFunc(func() {
		_ = server.Close()
		stop()
		if err := errors.Join(<-ended, box.Close()); err != nil {
			t.Errorf("WeChat ended with: %v", err)
		}
	})
	t.Cleanup(w.close)
	return w
}

func (w *weChat) now() time.Time { return time.Now().Add(time.Duration(w.ahead.Load())) }

// crasher is a shop that is killed and started again on the same data, over a Redis and a
// WeChat that live on.
type crasher struct {
	*process
	site   *crashSite
	wechat *weChat
	redis  string
	lives  int // begun on this folder
}

// newCrasher opens a shop for some lives.
func (s *crashSite) newCrasher(t *testing.T, redisURL string) *crasher {
	t.Helper()
	dir, err := os.MkdirTemp("", "mstm-") // short, for the socket in it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.CopyFS(dir, os.DirFS(s.folder)); err != nil {
		t.Fatal(err)
	}
	if s.mongo != "" {
		copyDatabase(t, s.mongo, storetest.Own(t, dir))
	}
	c := &crasher{site: s, wechat: s.openWeChat(t), redis: redisURL}
	c.flushRedis(t)
	env := append(sandboxEnv(t, c.wechat.testShop), "REDIS_URL="+redisURL, "SEED_DEMO=off", "GOGC=400")
	c.process = newProcess(t, dir, env...)
	c.start()
	c.syncClocks()
	return c
}

// copyDatabase fills one database with all that another holds.
func copyDatabase(t *testing.T, from, to string) {
	t.Helper()
	source, target := openDatabase(t, from), openDatabase(t, to)
	names, err := source.ListCollectionNames(t.Context(), bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var all []bson.Raw
		if err := find(source, name, nil, &all); err != nil {
			t.Fatal(err)
		}
		if len(all) == 0 {
			continue
		}
		if _, err := target.Collection(name).InsertMany(t.Context(), all); err != nil {
			t.Fatal(err)
		}
	}
}

// flushRedis empties it: the learners of every folder are the same.
func (c *crasher) flushRedis(t *testing.T) {
	t.Helper()
	opts, err := redis.ParseURL(c.redis)
	if err != nil {
		t.Fatal(err)
	}
	client := redis.NewClient(opts)
	defer client.Close()
	if err := client.FlushAll(t.Context()).Err(); err != nil {
		t.Fatal(err)
	}
}

// syncClocks makes it the same time at WeChat as in the shop.
func (c *crasher) syncClocks() {
	c.t.Helper()
	var face struct {
		Now time.Time `json:"now"`
	}
	c.clock().get("/sandbox/clock").want(200).into(&face)
	c.wechat.ahead.Store(int64(time.Until(face.Now)))
}

// clock is the switch of the shop's clock.
func (p *process) clock() *person {
	return &person{t: p.t, url: p.sandbox, header: http.Header{}}
}

// belong makes a test the one that fails when something goes wrong here.
func (c *crasher) belong(t *testing.T) {
	c.process.t, c.wechat.t, c.process.db = t, t, nil
}

// crasherPool hands out a crasher for each life: the one before, or another one on a fresh folder
// once it has seen enough or something went wrong on it.
type crasherPool struct {
	t     *testing.T
	site  *crashSite
	redis string
	now   *crasher
}

func (s *crashSite) pool(t *testing.T) *crasherPool {
	return &crasherPool{t: t, site: s, redis: storetest.Redis(t)}
}

func (p *crasherPool) get() *crasher {
	if p.now != nil && p.now.lives >= livesPerFolder {
		p.drop()
	}
	if p.now == nil {
		p.now = p.site.newCrasher(p.t, p.redis)
	}
	p.now.lives++
	return p.now
}

// drop leaves the folder: what is broken there must not be blamed on the next life.
func (p *crasherPool) drop() {
	if p.now != nil {
		p.now.belong(p.t)
		p.now.kill()
		p.now.wechat.close()
		_ = os.RemoveAll(p.now.dir)
		p.now = nil
	}
}

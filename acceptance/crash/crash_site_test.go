package crash

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

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
	"mstm/wechat/sandbox"
)

// crashSite is what all crashers begin from: a data folder with the sample catalogue, two courses
// with a ladder and many learners, and a WeChat without payments.
type crashSite struct {
	folder   string
	mongo    string   // the URI of its database, "" where it is in the folder
	tokens   []string // of learners without purchases
	finance  string   // the token of a finance account
	full     []shoptest.Offered
	periods  []shoptest.Offered
	ladder   *shoptest.Course // credit mode none
	credited *shoptest.Course // credit mode paid_total
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
	first := shoptest.Start(t, shoptest.WithDataDir(site.folder)).At(t, caseDay)
	site.mongo = first.Mongo
	one := first.NewLearner()
	site.full, site.periods = one.Goods()
	site.ladder = first.Sell(shoptest.Usual())
	paidTotal := shoptest.Usual()
	paidTotal.Credit = "paid_total"
	site.credited = first.Sell(paidTotal)
	site.finance = first.Staff("finance").Token
	site.tokens = crowdLike(first, one, livesPerFolder)
	first.Stop()
	return site
}

// crowdLike makes learners behind the shop's back, for a password costs time, and lets
// no account's token end. It answers their tokens.
func crowdLike(s *shoptest.Shop, one *shoptest.Person, n int) (tokens []string) {
	s.T.Helper()
	ctx, db := context.Background(), s.Database()
	defer func() { _ = db.Client().Disconnect(ctx) }() // or the shop waits for it when it stops
	if _, err := db.Collection("user_tokens").UpdateMany(ctx, bson.M{}, bson.M{"$set": bson.M{"expires_at": time.Now().AddDate(100, 0, 0)}}); err != nil {
		s.T.Fatal(err)
	}
	model, err := shoptest.Rows(db, "user_tokens", bson.M{"client": "web", "roles": "learner"})
	if err != nil || len(model) == 0 {
		s.T.Fatalf("no learner to copy: %v", err)
	}
	user, err := shoptest.Rows(db, "users", bson.M{"_id": model[0]["user_id"]})
	if err != nil || len(user) != 1 {
		s.T.Fatalf("no learner to copy: %v", err)
	}
	for i := range n {
		id := fmt.Sprintf("crashed%02d", i)
		var secret [32]byte
		_, _ = rand.Read(secret[:]) // never fails
		hash := sha256.Sum256(secret[:])
		model[0]["_id"], model[0]["user_id"], model[0]["hash"] = id+":web", id, hash[:]
		user[0]["_id"], user[0]["username"] = id, id
		shoptest.Insert(s.T, db, "users", user[0])
		shoptest.Insert(s.T, db, "user_tokens", model[0])
		tokens = append(tokens, base64.RawURLEncoding.EncodeToString(secret[:])+"."+id+".web")
	}
	return tokens
}

// weChat is a WeChat that outlives the crashes of the shop it works for, and its clock.
type weChat struct {
	*shoptest.Shop              // its sandbox alone
	ahead          atomic.Int64 // nanoseconds from the real time
	close          func()       // may be called twice
}

func (s *crashSite) openWeChat(t *testing.T) *weChat {
	t.Helper()
	w := &weChat{Shop: &shoptest.Shop{T: t, DataDir: t.TempDir()}}
	dir := filepath.Join(w.DataDir, "sandbox")
	if err := os.CopyFS(dir, os.DirFS(filepath.Join(s.folder, "sandbox"))); err != nil {
		t.Fatal(err)
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	w.Sandbox = "http://" + ln.Addr().String()
	box, err := sandbox.New(sandbox.Config{Dir: dir, PublicURL: w.Sandbox, Now: w.now, Log: slog.New(slog.DiscardHandler)})
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
	*shoptest.Process
	site   *crashSite
	wechat *weChat
	redis  string
	lives  int // begun on this folder
	// finance is the token of a finance account: lives let months pass, and 12 hours without use end a session of staff.
	finance string
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
	c := &crasher{site: s, wechat: s.openWeChat(t), redis: redisURL, finance: s.finance}
	c.flushRedis(t)
	env := append(shoptest.SandboxEnv(t, c.wechat.Shop), "REDIS_URL="+redisURL, "SEED_DEMO=off", "GOGC=400")
	c.Process = shoptest.NewProcess(t, dir, env...)
	c.Start()
	c.syncClocks()
	return c
}

// copyDatabase fills one database with all that another holds.
func copyDatabase(t *testing.T, from, to string) {
	t.Helper()
	source, target := shoptest.OpenDatabase(t, from), shoptest.OpenDatabase(t, to)
	names, err := source.ListCollectionNames(t.Context(), bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		var all []bson.Raw
		if err := shoptest.Find(source, name, nil, &all); err != nil {
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
	c.T.Helper()
	var face struct {
		Now time.Time `json:"now"`
	}
	c.Clock().Get("/sandbox/clock").Want(200).Into(&face)
	c.wechat.ahead.Store(int64(time.Until(face.Now)))
}

// belong makes a test the one that fails when something goes wrong here.
func (c *crasher) belong(t *testing.T) {
	c.Process.T, c.wechat.T, c.Process.Db = t, t, nil
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
		p.now.Kill()
		p.now.wechat.close()
		_ = os.RemoveAll(p.now.Dir)
		p.now = nil
	}
}

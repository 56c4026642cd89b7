// Command mstm is a shop that sells courses: REST, live pages over WebSockets, WeChat Pay.
// It reads its settings from the environment, builds the parts, runs until it is told to
// stop, and closes them in reverse.
package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/joho/godotenv"
	"github.com/redis/go-redis/v9"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/cart"
	"mstm/checkout"
	"mstm/handlers"
	"mstm/hub"
	"mstm/notice"
	"mstm/shop"
	"mstm/store"
	"mstm/web"
)

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	signal.Ignore(syscall.SIGPIPE) // a reader of the log that is gone must not end the shop
	log, lines := newLog(os.Stderr)
	slog.SetDefault(log) // what net/http and other libraries print must not wait for a reader either
	redis.SetLogger(redisLog{log})
	code := 0
	if err := load(ctx, log); err != nil {
		log.Error("mstm ends", "err", err)
		code = 1
	}
	lines.flush()
	os.Exit(code)
}

// load reads the file .env, where there is one, and does what the command line asks for.
func load(ctx context.Context, log *slog.Logger) error {
	if err := godotenv.Load(); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("read .env: %w", err)
	}
	return start(ctx, log, os.Args[1:])
}

// start runs what the command line asks for. The sandbox alone has flags, and no settings.
func start(ctx context.Context, log *slog.Logger, args []string) error {
	if len(args) > 0 && args[0] == "sandbox" {
		return sandboxAlone(ctx, log, args[1:], os.Stdout)
	}
	cfg, err := readSettings()
	if err != nil {
		return err
	}
	return command(ctx, cfg, log, args, os.Stdout)
}

// redisLog takes what go-redis has to say, which is a line for each failed connection, to those who debug: an outage
// of Redis has one line of the store's.
type redisLog struct{ *slog.Logger }

func (l redisLog) Printf(ctx context.Context, format string, v ...any) {
	l.DebugContext(ctx, "redis", "says", fmt.Sprintf(format, v...))
}

// watch is what the outside may see of a running shop.
type watch struct {
	log    *slog.Logger
	ready  func(shopURL, sandboxURL string) // optional: called once both answer
	writes *event.CommandMonitor            // optional: sees every command to MongoDB
}

// run builds each part, hands it what it needs, and returns when ctx ends or a part fails.
// What is built last is closed first.
func run(ctx context.Context, cfg settings, w watch) (err error) {
	ln, err := listen("ADDR", cfg.Addr)
	if err != nil {
		return err
	}
	defer closing(&err, ln.Close)
	publicURL := cfg.shopURL(ln.Addr())

	clk := &clock{}
	db, err := store.Open(ctx, store.Config{
		MongoURI: cfg.MongoURI, RedisURL: cfg.RedisURL, DataDir: cfg.DataDir, Log: w.log, Monitor: w.writes, Now: clk.now, TrialNeeds: cfg.TrialNeeds,
	})
	if err != nil {
		return err
	}
	defer closing(&err, func() error { return db.Close(context.Background()) })
	if err := prepare(ctx, cfg, db, clk); err != nil {
		return err
	}

	sb, err := openSandbox(cfg, publicURL, clk, db, w.log)
	if err != nil {
		return err
	}
	defer closing(&err, sb.close)
	announce(w.log, cfg, db, publicURL, sb.address())

	g, bg := newGroup(ctx)
	defer closing(&err, g.stop)
	g.Go(func() error { return db.Run(bg) })
	if !cfg.production() {
		g.Go(func() error { return clk.follow(bg, db, w.log) })
	}
	sb.start(bg, g)

	pay, merchant, err := openPay(ctx, cfg, sb, publicURL, w.log)
	if err != nil {
		return err
	}
	defer pay.Close()
	account, err := openAccount(cfg, sb, clk, db)
	if err != nil {
		return err
	}
	defer account.Close()
	live := hub.New(hub.Config{
		Redis: db.Redis(), Authenticate: authenticate(db, clk.now), StillGood: stillGood(db, clk.now), AllowedOrigins: cfg.AllowedOrigins,
		MaxPerUser: cfg.Hub.User, MaxPerAddress: cfg.Hub.Address, MaxPerInstance: cfg.Hub.Instance,
		RemoteAddr: handlers.ClientAddr(cfg.TrustedProxies), Now: clk.now, Log: w.log,
	})
	g.Go(func() error { return live.Run(bg) })
	courier, err := openCourier(cfg, sb, account, publicURL, clk, db, w.log)
	if err != nil {
		return err
	}
	if courier != nil {
		g.Go(func() error { return courier.Run(bg) })
	}
	desk := notice.New(notice.Config{Store: db, Hub: live, Now: clk.now, Log: w.log, Courier: courier})
	crier := notice.NewBroadcaster(notice.BroadcasterConfig{
		Store: db, Hub: live, Now: clk.now, Log: w.log, Courier: courier, ConfirmAbove: cfg.Broadcast.ConfirmAbove,
	})
	g.Go(func() error { return crier.Run(store.Background(bg, store.Lists)) })
	carts := cart.New(cart.Config{Store: db, Hub: live, Now: clk.now, Log: w.log})
	till := checkout.New(checkout.Config{
		Store: db, Hub: live, Pay: pay, Merchant: merchant, Teller: desk, Carts: carts, Now: clk.now, Log: w.log,
		RemindBefore: cfg.OrderReminder,
	})
	g.Go(func() error { return till.Run(bg) })

	var stopping atomic.Bool
	api, err := handlers.New(handlers.Deps{
		Store: db, Hub: live, Carts: carts, Checkout: till, Desk: desk, Broadcaster: crier, Pay: pay, Account: account, Courier: courier, PublicURL: publicURL,
		Links: shop.Links{PublicURL: publicURL, Hosts: cfg.Broadcast.LinkHosts},
		Web:   web.Handler(web.Options{SandboxURL: sb.address()}), Docs: web.HasDocs(),
		Now: clk.now, Log: w.log, LogDropped: droppedBy(w.log), Production: cfg.production(),
		RefundStepUpAbove: cfg.RefundStepUpAbove, RegisterProofAfter: cfg.RegisterProofAfter,
		TrustedProxies: cfg.TrustedProxies, AllowedOrigins: cfg.AllowedOrigins, Stopping: stopping.Load,
	})
	if err != nil {
		return err
	}
	if w.ready != nil {
		w.ready(publicURL, sb.address())
	}
	return front{ln, api, live, till, &stopping, cfg.unreadyTime(), w.log}.serve(ctx, g)
}

// prepare brings the store to where the shop can open.
func prepare(ctx context.Context, cfg settings, db *store.DB, clk *clock) error {
	if cfg.production() {
		return refuseDemoAccounts(ctx, db)
	}
	if err := clk.load(ctx, db); err != nil {
		return err
	}
	if cfg.seeded() {
		return seedDemo(ctx, db, clk.now())
	}
	return nil
}

// authenticate is how the hub learns whose token it is. A store that is away is no reason
// to throw a learner out.
func authenticate(db *store.DB, now func() time.Time) func(context.Context, string) (hub.Identity, error) {
	return func(ctx context.Context, token string) (hub.Identity, error) {
		row, err := db.Tokens.Authenticate(ctx, token, now())
		if errors.Is(err, shop.ErrUnavailable) {
			return hub.Identity{}, fmt.Errorf("%w: %w", hub.ErrTryLater, err)
		}
		if err != nil {
			return hub.Identity{}, err
		}
		return identityOf(row), nil
	}
}

func identityOf(row store.TokenRow) hub.Identity {
	staff := shop.MayActAs(row.Roles, shop.RoleMarketer) || shop.MayActAs(row.Roles, shop.RoleFinance)
	return hub.Identity{User: row.UserID, Client: row.Client, Session: row.Session(), Desk: staff && !row.WantsStaffPassword(), ExpiresAt: row.ExpiresAt}
}

// stillGood is how the hub learns that an open socket's token has been replaced or taken away, or its
// rights have, should nobody have been there to say so.
func stillGood(db *store.DB, now func() time.Time) func(context.Context, []hub.Identity) ([]bool, error) {
	return func(ctx context.Context, ids []hub.Identity) ([]bool, error) {
		owners := make([]store.TokenOwner, len(ids))
		for i, id := range ids {
			owners[i] = store.TokenOwner{UserID: id.User, Client: id.Client}
		}
		rows, err := db.Tokens.Current(ctx, owners, now())
		if err != nil {
			return nil, err
		}
		good := make([]bool, len(ids))
		for i, row := range rows {
			is := identityOf(row)
			good[i] = row.ID != "" && is.Session == ids[i].Session && (is.Desk || !ids[i].Desk)
		}
		return good, nil
	}
}

// announce says in one line each what stands in for something real.
func announce(log *slog.Logger, cfg settings, db *store.DB, publicURL, sandboxURL string) {
	embeddedMongo, embeddedRedis := db.Embedded()
	if embeddedMongo {
		log.Info("no MONGODB_URI: the embedded FerretDB keeps the data", "data_dir", cfg.DataDir)
	}
	if embeddedRedis {
		log.Info("no REDIS_URL: the embedded miniredis keeps the carts", "data_dir", cfg.DataDir)
	}
	if !cfg.Pay.set() {
		log.Info("no WECHAT_PAY_ settings: the sandbox takes WeChat's place", "sandbox", sandboxURL)
	}
	if cfg.MP.plain() {
		log.Warn("WECHAT_MP_EVENTS: in plain mode nothing vouches for what an event says; the safe mode does")
	}
	log.Info("the shop is open", "url", publicURL, "sandbox", sandboxURL, "env", cfg.Env)
}

// Package app is the program: it reads settings from the environment, wires the parts of the shop to one
// another, runs them until a signal and closes them in reverse. Its commands are in commands.go.
package app

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/account"
	"mstm/cart"
	"mstm/catalogue"
	"mstm/checkout"
	"mstm/cover"
	"mstm/figures"
	"mstm/handlers"
	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/learning"
	"mstm/media"
	"mstm/notice"
	"mstm/people"
	"mstm/runner"
	"mstm/shop"
	"mstm/shop/webhooks"
	"mstm/sms"
	"mstm/store"
	"mstm/storefront"
	"mstm/web"
	"mstm/webhook"
	"mstm/wechat"
)

// An App is one shop in this process. Settings and Log are given; Open builds the other parts, Serve answers
// until its context ends, Close takes down what Open built, the last part first. Run does the three.
type App struct {
	Settings Settings
	Log      *slog.Logger
	Writes   *event.CommandMonitor   // optional: sees every command to MongoDB
	Store    *store.DB               // optional: one that is given is used, and closed by its owner
	Banner   io.Writer               // optional: a terminal, which gets a banner in place of the log's first lines
	Hashing  account.PasswordOptions // the zero value is the shop's; tests hash at less cost

	// What Open builds. A URL is how this machine's browser reaches it; SandboxURL is "" without a sandbox,
	// Account and Sender are nil without an official account.
	URL, SandboxURL string
	SMS             sms.Sender // nil: no text messages
	Pay             *wechat.Pay
	Account         *wechat.Account
	Hub             *hub.Hub
	Sender          *notice.WeChatSender
	Inbox           *notice.Inbox
	Broadcaster     *notice.Broadcaster
	Carts           *cart.Carts
	Checkout        *checkout.Checkout
	Catalogue       *catalogue.Catalogue
	Accounts        *account.Accounts
	WeChat          *account.WeChat
	Phones          *account.Phones
	Media           *media.Library
	Learning        *learning.Learning
	Figures         *figures.Figures
	Front           *storefront.Front
	Webhooks        *webhook.Webhooks

	clock    clock
	metrics  *metrics
	seeding  bool // the sample was put in by this start, its files are to come
	listener net.Listener
	sandbox  *localWeChat
	merchant shop.Merchant
	parts    *group        // run in the background from Open to Close
	work     []runner.Work // what the shop does by itself
	wakeups  *runner.Wakeups
	stopping atomic.Bool
	api      http.Handler
	closers  []func() error
}

// Run opens the shop, serves until ctx ends or a part fails, and closes it.
func (a *App) Run(ctx context.Context) (err error) {
	if err := a.Open(ctx); err != nil {
		return err
	}
	defer closing(&err, a.Close)
	return a.Serve(ctx)
}

// Open builds each part and hands it what it needs. The shop's addresses are known afterwards, and requests
// wait for Serve. What a failed Open has built is closed.
func (a *App) Open(ctx context.Context) (err error) {
	defer func() {
		if err != nil {
			closing(&err, a.Close)
		}
	}()
	a.metrics = newMetrics()
	for _, open := range []func(context.Context) error{
		a.openListener, a.openStore, a.openSandbox, a.startParts, a.openWeChat, a.openHub, a.openNotices, a.openMedia, a.openLearning, a.openFigures, a.openFront,
		a.openWebhooks, a.openCheckout, a.openCatalogue, a.openMetrics, a.startWork, a.openAccounts, a.endSeeding, a.openAPI,
	} {
		if err := open(ctx); err != nil {
			return err
		}
	}
	return a.announce()
}

// Close takes down what Open built, the last part first, and returns what a part failed of.
func (a *App) Close() (err error) {
	for _, shut := range slices.Backward(a.closers) {
		closing(&err, shut)
	}
	a.closers = nil
	return err
}

// Serve answers until ctx ends or a part fails; then requests finish, and sockets are sent elsewhere.
func (a *App) Serve(ctx context.Context) error {
	return front{a.listener, a.api, a.Hub, a.Checkout, &a.stopping, a.Settings.unreadyTime(), a.Log}.serve(ctx, a.parts)
}

// onClose has Close do one thing more, before all that was named until now.
func (a *App) onClose(shut func() error) { a.closers = append(a.closers, shut) }

func (a *App) openListener(context.Context) (err error) {
	if a.listener, err = listen("ADDR", a.Settings.Addr); err != nil {
		return err
	}
	a.onClose(a.listener.Close)
	a.URL = a.Settings.shopURL(a.listener.Addr())
	return nil
}

// openStore opens the data and brings it to where the shop can open.
func (a *App) openStore(ctx context.Context) error {
	cfg := a.Settings
	if a.Store == nil {
		db, err := store.Open(ctx, store.Config{
			MongoURI: cfg.MongoURI, RedisURL: cfg.RedisURL, DataDir: cfg.DataDir, Log: a.Log, Monitor: a.metrics.monitor(a.Writes), Now: a.clock.now, TrialNeeds: cfg.TrialNeeds,
			Expire: cfg.production(),
		})
		if err != nil {
			return err
		}
		a.Store = db
		a.onClose(func() error { return db.Close(context.WithoutCancel(ctx)) })
	}
	if err := refuseUnfinished(ctx, a.Store); err != nil {
		return err
	}
	if cfg.production() {
		return refuseDemoAccounts(ctx, a.Store)
	}
	if err := a.clock.load(ctx, a.Store); err != nil {
		return err
	}
	if cfg.seeded() {
		fresh, err := seedDemo(ctx, a.Store, a.Hashing, a.clock.now())
		a.seeding = fresh
		return err
	}
	return nil
}

// endSeeding puts in the rest of the sample, once the shop has its files.
func (a *App) endSeeding(ctx context.Context) error {
	if !a.seeding {
		return nil
	}
	return endSeeding(ctx, a.Store, a.Media, a.clock.now())
}

func (a *App) openSandbox(context.Context) (err error) {
	if a.sandbox, err = openSandbox(a.Settings, a.URL, &a.clock, a.Store, a.Log); err != nil {
		return err
	}
	a.onClose(a.sandbox.close)
	a.SandboxURL = a.sandbox.address()
	a.SMS, err = openSMS(a.Settings, a.sandbox)
	return err
}

// startParts begins the work in the background with those parts that later ones need at their own start.
func (a *App) startParts(ctx context.Context) error {
	a.parts = newGroup(ctx)
	a.onClose(a.parts.stop)
	a.background(a.Store.Run)
	if !a.Settings.production() {
		a.background(func(ctx context.Context) error { return a.clock.follow(ctx, a.Store, a.Log) })
	}
	a.sandbox.start(a.parts)
	a.wakeups = runner.NewWakeups(runner.WakeupsConfig{Queue: a.Store.Wakeups, By: store.NewID(), Now: a.clock.now, Log: a.Log})
	a.work = append(a.work, a.wakeups.Work()...)
	return nil
}

// background runs a part until Close, or until another part fails.
func (a *App) background(run func(context.Context) error) {
	a.parts.Go(func() error { return run(a.parts.ctx) })
}

func (a *App) openWeChat(ctx context.Context) (err error) {
	if a.Pay, a.merchant, err = openPay(ctx, a.Settings, a.sandbox, a.URL, a.metrics.answered, a.Log); err != nil {
		return err
	}
	a.onClose(func() error { a.Pay.Close(); return nil })
	if a.Account, err = openAccount(a.Settings, a.sandbox, &a.clock, a.Store, a.metrics.answered); err != nil {
		return err
	}
	a.onClose(func() error { a.Account.Close(); return nil })
	a.Sender, err = openWeChatSender(a.Settings, a.sandbox, a.Account, a.URL, &a.clock, a.Store, a.wakeups.Wake, a.Log)
	return err
}

func (a *App) openHub(context.Context) error {
	cfg := a.Settings
	a.Hub = hub.New(hub.Config{
		Redis: a.Store.Redis(), Authenticate: authenticate(a.Store, a.clock.now), StillGood: stillGood(a.Store, a.clock.now), AllowedOrigins: cfg.AllowedOrigins,
		MaxPerUser: cfg.Hub.User, MaxPerAddress: cfg.Hub.Address, MaxPerInstance: cfg.Hub.Instance,
		RemoteAddr: rest.ClientAddr(cfg.TrustedProxies), Now: a.clock.now, Log: a.Log,
		Explain: shop.ExplainFrame, Replaced: hub.Event(shop.SessionReplaced()), DeskShows: shop.ShownOnDesk,
	})
	a.background(a.Hub.Run)
	return nil
}

func (a *App) openNotices(context.Context) error {
	if a.Sender != nil {
		a.wakeups.Handle(a.Sender.Wakeups()...)
	}
	a.Inbox = notice.New(notice.Config{Store: notice.InboxCollectionsOf(a.Store), Hub: a.Hub, Now: a.clock.now, Log: a.Log, WeChatSender: a.Sender})
	a.Broadcaster = notice.NewBroadcaster(notice.BroadcasterConfig{
		Store: notice.BroadcasterCollectionsOf(a.Store), Hub: a.Hub, Now: a.clock.now, Log: a.Log, WeChatSender: a.Sender, Wake: a.wakeups.Wake,
		Links: shop.Links{PublicURL: a.URL, Hosts: a.Settings.Broadcast.LinkHosts}, ConfirmAbove: a.Settings.Broadcast.ConfirmAbove,
	})
	a.wakeups.Handle(a.Broadcaster.Wakeups())
	return nil
}

func (a *App) openLearning(context.Context) error {
	cfg := learning.Config{
		Store: learning.CollectionsOf(a.Store), Hub: a.Hub, Congrats: a.Inbox, Files: a.Media != nil, Now: a.clock.now, Log: a.Log,
	}
	if a.Media != nil {
		cfg.Hold = a.Media.Hold
	}
	a.Learning = learning.New(cfg)
	a.work = append(a.work, runner.Simple("numbers of learners", time.Minute, func(ctx context.Context) error {
		return a.Learning.Counts.Recount(store.Background(ctx, store.Lists))
	}))
	return nil
}

func (a *App) openFigures(context.Context) error {
	a.Figures = figures.New(figures.Config{Store: figures.CollectionsOf(a.Store), Hub: a.Hub, Now: a.clock.now, Log: a.Log})
	a.work = append(a.work, a.Figures.Work()...)
	return nil
}

func (a *App) openFront(context.Context) error {
	cfg := storefront.FrontConfig{
		Rows: a.Store.Front, Catalogue: a.Store.Catalogue, Media: a.Store.Media, Publish: a.Hub.Publish, Now: a.clock.now, Log: a.Log,
	}
	if a.Media != nil {
		cfg.Hold = a.Media.Hold
	}
	a.Front = storefront.NewFront(cfg)
	a.work = append(a.work, a.Front.Work()...)
	return nil
}

func (a *App) openWebhooks(context.Context) error {
	cfg := a.Settings
	a.Webhooks = webhook.New(webhook.Config{
		Endpoints: a.Store.Webhooks, Deliveries: a.Store.WebhookDeliveries, Wakeups: a.Store.Wakeups, Audit: a.Store.Audit,
		Addresses: webhooks.Addresses{Loopback: !cfg.production(), Private: cfg.WebhooksPrivate}, Now: a.clock.now, Wake: a.wakeups.Wake, Log: a.Log,
	})
	a.wakeups.Handle(a.Webhooks.Sender.Wakeups())
	return nil
}

func (a *App) openCheckout(context.Context) error {
	a.Carts = cart.New(cart.Config{Store: cart.CollectionsOf(a.Store), Hub: a.Hub, Now: a.clock.now, Log: a.Log})
	a.Checkout = checkout.New(checkout.Config{
		Store: checkout.CollectionsOf(a.Store), Hub: a.Hub, Pay: a.Pay, Merchant: a.merchant, Teller: a.Inbox, Carts: a.Carts, Now: a.clock.now, Log: a.Log,
		Payers: latePayers{a}, Webhooks: a.Webhooks.Events, RemindBefore: a.Settings.OrderReminder, RefundStepUpAbove: a.Settings.RefundStepUpAbove,
	})
	a.wakeups.Handle(a.Checkout.Wakeups()...)
	a.work = append(a.work, a.Checkout.Work()...)
	a.work = append(a.work, adoption(a.Store.Adoption))
	return nil
}

// startWork begins what the shop does by itself, once all of it is known.
func (a *App) startWork(context.Context) error {
	a.background(func(ctx context.Context) error { return runner.Run(ctx, a.Log, a.work...) })
	return nil
}

// latePayers are the accounts' WeChats for the checkout, which opens before the accounts: they end its open orders.
type latePayers struct{ app *App }

// Payer is account.WeChat's.
func (p latePayers) Payer(ctx context.Context, userID string) (string, error) {
	return p.app.WeChat.Payer(ctx, userID)
}

// PayerPage is account.WeChat's.
func (p latePayers) PayerPage(ctx context.Context, userID string, err error, back string) error {
	return p.app.WeChat.PayerPage(ctx, userID, err, back)
}

func (a *App) openCatalogue(context.Context) error {
	a.Catalogue = catalogue.New(catalogue.Config{
		Store: catalogue.CollectionsOf(a.Store), Hub: a.Hub, Orders: a.Checkout.Closing, Library: a.Media, Cover: cover.Path, Now: a.clock.now, Log: a.Log,
		Wake: a.wakeups.Wake,
	})
	a.wakeups.Handle(a.Catalogue.Plans.Wakeups())
	a.background(a.Catalogue.Finder.Warm)
	return nil
}

// adoptEvery is how often wakeups are looked for that an instance of the version before has written.
const adoptEvery = 30 * time.Second

// adoption moves the wakeups of the version before.
func adoption(a *store.Adoption) runner.Work {
	begun := false
	return runner.Simple("wakeups of the version before", adoptEvery, func(ctx context.Context) error {
		err := a.Adopt(store.Background(ctx, store.Lists), !begun)
		begun = begun || err == nil
		return err
	})
}

func (a *App) openAccounts(context.Context) (err error) {
	cfg := account.ConfigOf(a.Store)
	cfg.Orders, cfg.Hub, cfg.RegisterProofAfter, cfg.Now, cfg.Log = a.Checkout.Closing, a.Hub, a.Settings.RegisterProofAfter, a.clock.now, a.Log
	if cfg.Passwords, err = account.NewPasswords(a.Hashing); err != nil {
		return err
	}
	if a.Accounts, err = account.New(cfg); err != nil {
		return err
	}
	a.WeChat = account.NewWeChat(a.Accounts, account.WeChatConfig{
		WeChats: a.Store.WeChats, Scenes: a.Store.Scenes, Official: a.Account, PublicURL: a.URL,
	})
	a.Phones = account.NewPhones(a.Accounts, account.PhoneConfig{
		Phones: a.Store.Phones, Sender: a.SMS, Countries: a.Settings.SMS.Countries, MaxPerDay: a.Settings.SMS.MaxPerDay,
	})
	return nil
}

func (a *App) openAPI(ctx context.Context) (err error) {
	cfg := a.Settings
	papers := storefront.NewPapers(a.Store.Papers, a.clock.now)
	if cfg.production() {
		papers.LogMissing(ctx, a.Log)
	}
	pages := &storefront.Pages{PublicURL: strings.TrimRight(a.URL, "/"), Catalogue: a.Store.Catalogue, Papers: papers, Front: a.Front, FrontView: frontView, Log: a.Log}
	mediaOrigin, err := a.mediaOrigin(ctx)
	if err != nil {
		return err
	}
	a.api, err = handlers.New(handlers.Deps{
		People: people.New(people.Config{Store: people.CollectionsOf(a.Store), Hub: a.Hub, Now: a.clock.now, Log: a.Log}),
		Store:  a.Store, Hub: a.Hub, Carts: a.Carts, Checkout: a.Checkout, Inbox: a.Inbox, Broadcaster: a.Broadcaster, Pay: a.Pay,
		Accounts: a.Accounts, WeChat: a.WeChat, Phones: a.Phones, Roles: account.Roles{Users: a.Store.Users, Roles: a.Store.Roles, Hub: a.Hub, Log: a.Log},
		Webhooks: a.Webhooks.Endpoints,
		APIKeys:  account.APIKeys{Keys: a.Store.APIKeys, Users: a.Store.Users, Now: a.clock.now},
		Figures:  a.Figures, Catalogue: a.Catalogue, Learning: a.Learning, Media: a.Media, MediaRedirect: cfg.Media.redirects(),
		Playback:        rest.PlaybackLimits{PerPerson: cfg.Playback.Person, PerSecond: cfg.Playback.Second, PerInstance: cfg.Playback.Instance},
		PlaybackGuesses: cfg.Playback.Guesses,
		Followers:       &notice.Followers{Rows: a.Store.Followers, Scans: a.WeChat, Sender: a.Sender, Log: a.Log},
		Wordings:        &notice.Wordings{Templates: a.Store.NoticeTemplates, Now: a.clock.now},
		Papers:          papers,
		Front:           a.Front,
		Publisher:       &notice.Publisher{Hub: a.Hub, Catalogue: a.Store.Catalogue},
		Account:         a.Account, PublicURL: a.URL,
		Web: web.Handler(web.Options{SandboxURL: a.SandboxURL, WeChatScript: a.Account != nil, MediaOrigin: mediaOrigin, Pages: pages}), Docs: web.HasDocs(),
		Now: a.clock.now, Log: a.Log, LogDropped: droppedBy(a.Log), Metrics: []prometheus.Collector{a.metrics}, Production: cfg.production(),
		TrustedProxies: cfg.TrustedProxies, AllowedOrigins: cfg.AllowedOrigins, Stopping: a.stopping.Load,
	})
	return err
}

// closing closes a part and keeps what went wrong. A listener that its server has closed already is fine.
func closing(err *error, shut func() error) {
	if e := shut(); e != nil && !errors.Is(e, net.ErrClosed) && !errors.Is(e, context.Canceled) {
		*err = errors.Join(*err, e)
	}
}

// frontView is the front page as the API answers it.
func frontView(s *storefront.ShownFront) any { return handlers.ViewFront(s) }

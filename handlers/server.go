// Package handlers is the shop's REST API: a file and a type for each noun of it, and the table of all routes on one
// page; the nouns of the console are in desk. A handler decodes, calls, encodes; what every request passes is in rest, the rules are in shop, the data in
// store, the life of an order in checkout, that of a cart in cart, of an account in account, of a course in catalogue, of a
// message in notice.
package handlers

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mstm/account"
	"mstm/cart"
	"mstm/catalogue"
	"mstm/checkout"
	"mstm/cover"
	"mstm/figures"
	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/learning"
	"mstm/media"
	"mstm/notice"
	"mstm/people"
	"mstm/personal"
	"mstm/store"
	"mstm/storefront"
	"mstm/webhook"
	"mstm/wechat"
)

// Deps is what the API is made of. Every field without a note is needed.
type Deps struct {
	Store       *store.DB
	Hub         *hub.Hub
	Accounts    *account.Accounts
	WeChat      *account.WeChat
	Phones      *account.Phones
	Roles       account.Roles
	People      *people.People
	APIKeys     account.APIKeys
	Webhooks    *webhook.Endpoints
	Catalogue   *catalogue.Catalogue
	Carts       *cart.Carts
	Checkout    *checkout.Checkout
	Learning    *learning.Learning
	Figures     *figures.Figures
	Inbox       *notice.Inbox
	Followers   *notice.Followers
	Wordings    *notice.Wordings
	Publisher   *notice.Publisher
	Papers      *storefront.Papers
	Front       *storefront.Front
	Broadcaster *notice.Broadcaster
	Pay         *wechat.Pay     // verifies WeChat's callbacks
	Account     *wechat.Account // the official account; nil: the shop has none
	Web         http.Handler    // the pages; nil: none
	Media       *media.Library  // the files; nil: the shop keeps none
	// MediaRedirect is whether files are fetched at the object store, by signed addresses, instead of here.
	MediaRedirect bool
	Playback      rest.PlaybackLimits // the zero value limits nothing
	// PlaybackGuesses is how many addresses of playback that the shop never made one client tries a minute; 0: any number.
	PlaybackGuesses int
	Docs            bool // Web has the page that shows the contract, as /docs
	Now             func() time.Time
	Log             *slog.Logger

	PublicURL      string                 // how WeChat's pages come back to the shop
	Production     bool                   // adds HSTS
	TrustedProxies []netip.Prefix         // proxies whose X-Forwarded-For is believed
	AllowedOrigins []string               // exact scheme://host[:port] of pages served elsewhere; "*" any
	MetricsFrom    []netip.Prefix         // networks that may read /metrics besides this machine
	Stopping       func() bool            // true once the process is on its way out: not ready; nil: never
	LogDropped     func() uint64          // log lines lost since the start, for /metrics; nil: not counted
	Metrics        []prometheus.Collector // more of them, for /metrics
}

// New builds the whole router, /ws and the pages included. It fails on a route table that
// contradicts itself.
func New(d Deps) (http.Handler, error) {
	n, err := newNouns(d)
	if err != nil {
		return nil, err
	}
	rows := n.routes()
	table := make([]rest.Route, len(rows))
	for i, row := range rows {
		table[i] = rest.Route(row)
	}
	return rest.New(rest.Config{
		Store: rest.CollectionsOf(d.Store), Accounts: d.Accounts, Socket: n.sockets.open, Web: d.Web, Now: d.Now, Log: d.Log,
		Production: d.Production, TrustedProxies: d.TrustedProxies, AllowedOrigins: d.AllowedOrigins,
		Metrics: append([]prometheus.Collector{hubCollector{d.Hub}}, d.Metrics...), MetricsFrom: d.MetricsFrom, LogDropped: d.LogDropped,
		Options: n.adminMedia.Options, Playback: d.Playback, Player: n.playback.player, Granted: n.playback.granted,
	}, table)
}

// nouns are the handlers: a type for each noun of the API, with the few parts that it touches.
type nouns struct {
	courses    courses
	finder     finder
	covers     covers
	papers     shopPapers
	frontPage  frontPage
	lessons    lessons
	playback   playback
	enrolments enrolments
	notes      notes

	accounts     accounts
	profile      profile
	consents     consents
	exports      exports
	sessions     sessions
	bindings     bindings
	phones       phones
	loginCodes   loginCodes
	weChatLogins weChatLogins
	weChatPages  weChatPages

	carts   carts
	quotes  quotes
	orders  orders
	refunds refunds
	notices notices

	callbacks    callbacks
	payments     payments
	weChatEvents weChatEvents

	sockets    sockets
	hubAPI     hubAPI
	broadcasts broadcasts

	adminCourses    desk.Courses
	adminCategories desk.Categories
	adminFront      desk.Front
	adminTexts      adminTexts
	adminLearning   desk.Learning
	adminMedia      desk.Media
	noticeTemplates desk.NoticeTemplates
	adminOrders     desk.Orders
	adminExceptions desk.Exceptions
	reconciliations desk.Reconciliations
	finance         desk.Finance
	invariants      desk.Invariants
	stats           desk.Stats
	waiting         desk.Waiting
	apiKeys         desk.APIKeys
	webhooks        desk.Webhooks
	adminUsers      desk.Users
	adminPapers     desk.Papers
	audit           desk.Audit
	people          desk.People

	health health
	docs   docs
}

// newNouns gives each noun its parts.
func newNouns(d Deps) (*nouns, error) {
	contract, err := Contract()
	if err != nil {
		return nil, err
	}
	db, live := d.Store, live{d.Hub}
	return &nouns{
		courses:    courses{cache: db.Catalogue, catalogue: d.Catalogue, now: d.Now, live: live},
		finder:     finder{cache: db.Catalogue, catalogue: d.Catalogue},
		covers:     covers{covers: cover.Covers{Catalogue: db.Catalogue}},
		papers:     shopPapers{papers: d.Papers},
		lessons:    lessons{learning: d.Learning, publicURL: d.PublicURL, live: live},
		frontPage:  frontPage{front: d.Front, library: d.Media},
		playback:   playback{learning: d.Learning, library: d.Media, redirect: d.MediaRedirect, limits: db.Limits, guesses: guessesOf(d.PlaybackGuesses), grants: newGrants(), now: d.Now},
		enrolments: enrolments{learning: d.Learning, live: live},
		notes:      notes{d.Learning},

		accounts:     accounts{accounts: d.Accounts},
		profile:      profile{accounts: d.Accounts, live: live},
		consents:     consents{accounts: d.Accounts},
		exports:      exports{personal.New(personal.Config{Store: db, Now: d.Now, Log: d.Log}), d.Log},
		sessions:     sessions{accounts: d.Accounts, live: live},
		bindings:     bindings{wechat: d.WeChat},
		phones:       phones{d.Phones, d.WeChat},
		loginCodes:   loginCodes{account.NewLoginCodes(d.Accounts, db.LoginCodes, d.PublicURL)},
		weChatLogins: weChatLogins{wechat: d.WeChat, publicURL: d.PublicURL},
		weChatPages:  weChatPages{official: d.Account, publicURL: d.PublicURL},

		carts:   carts{carts: d.Carts, live: live},
		quotes:  quotes{checkout: d.Checkout},
		orders:  orders{checkout: d.Checkout, orders: db.Orders, live: live},
		refunds: refunds{checkout: d.Checkout},
		notices: notices{inbox: d.Inbox, live: live},

		callbacks:    callbacks{log: d.Log, refused: rest.NewSampler()},
		payments:     payments{pay: d.Pay, checkout: d.Checkout},
		weChatEvents: weChatEvents{official: d.Account, checkout: d.Checkout, followers: d.Followers},

		sockets:    sockets{hub: d.Hub, log: d.Log, unopened: rest.NewSampler()},
		hubAPI:     hubAPI{hub: d.Hub, publisher: d.Publisher},
		broadcasts: broadcasts{broadcaster: d.Broadcaster},

		adminCourses:    desk.Courses{Catalogue: d.Catalogue},
		adminCategories: desk.Categories{Catalogue: d.Catalogue},
		adminFront:      desk.Front{Front: d.Front, Catalogue: db.Catalogue, Now: d.Now},
		adminLearning:   desk.Learning{Learning: d.Learning},
		adminTexts:      adminTexts{learning: d.Learning, publicURL: d.PublicURL},
		adminMedia:      desk.Media{Library: d.Media, Catalogue: d.Catalogue, Learning: d.Learning},
		noticeTemplates: desk.NoticeTemplates{Wordings: d.Wordings},
		adminOrders:     desk.Orders{Checkout: d.Checkout},
		adminExceptions: desk.Exceptions{Checkout: d.Checkout},
		reconciliations: desk.Reconciliations{Checkout: d.Checkout, Kept: db.Reconciliations},
		finance:         desk.Finance{Checkout: d.Checkout, Log: d.Log},
		invariants:      desk.Invariants{Checkout: d.Checkout},
		stats:           desk.Stats{Figures: d.Figures},
		waiting:         desk.Waiting{Waiting: figures.NewWaiting(db, d.Checkout, d.Now)},
		apiKeys:         desk.APIKeys{Keys: d.APIKeys},
		webhooks:        desk.Webhooks{Endpoints: d.Webhooks, Now: d.Now},
		adminUsers:      desk.Users{Roles: d.Roles},
		adminPapers:     desk.Papers{Papers: d.Papers},
		audit:           desk.Audit{People: d.People},
		people:          desk.People{People: d.People, Accounts: d.Accounts, Checkout: d.Checkout},

		health: health{store: db, hub: d.Hub, stopping: d.Stopping},
		docs: docs{
			web: d.Web, docs: d.Docs, contract: rest.ReadyBytes(yamlType, contract), liveContract: rest.ReadyBytes(yamlType, hub.Document()),
		},
	}, nil
}

// Package handlers is the shop's REST API: a file and a type for each noun of it, and the table of all routes on one
// page. A handler decodes, calls, encodes; what every request passes is in rest, the rules are in shop, the data in
// store, the life of an order in checkout, that of a cart in cart, of an account in account.
package handlers

import (
	"log/slog"
	"net/http"
	"net/netip"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"mstm/account"
	"mstm/cart"
	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/hub"
	"mstm/learning"
	"mstm/media"
	"mstm/notice"
	"mstm/shop"
	"mstm/store"
	"mstm/wechat"
)

// Deps is what the API is made of. Every field without a note is needed.
type Deps struct {
	Store        *store.DB
	Hub          *hub.Hub
	Accounts     *account.Accounts
	WeChat       *account.WeChat
	Roles        account.Roles
	Carts        *cart.Carts
	Checkout     *checkout.Checkout
	Learning     *learning.Learning
	Inbox        *notice.Inbox
	Broadcaster  *notice.Broadcaster
	Pay          *wechat.Pay          // verifies WeChat's callbacks
	Account      *wechat.Account      // the official account; nil: the shop has none
	WeChatSender *notice.WeChatSender // the account's messages; nil: it sends none
	Web          http.Handler         // the pages; nil: none
	Media        *media.Library       // the files; nil: the shop keeps none
	// MediaRedirect is whether files are fetched at the object store, by signed addresses, instead of here.
	MediaRedirect bool
	Playback      rest.PlaybackLimits // the zero value limits nothing
	// PlaybackGuesses is how many addresses of playback that the shop never made one client tries a minute; 0: any number.
	PlaybackGuesses int
	// RefundStepUpAbove is how much finance may give back of an order without the password again.
	RefundStepUpAbove shop.Fen
	Docs              bool // Web has the page that shows the contract, as /docs
	Now               func() time.Time
	Log               *slog.Logger

	PublicURL      string         // how WeChat's pages come back to the shop
	Links          shop.Links     // where a broadcast's link may lead
	Production     bool           // adds HSTS
	TrustedProxies []netip.Prefix // proxies whose X-Forwarded-For is believed
	AllowedOrigins []string       // exact scheme://host[:port] of pages served elsewhere; "*" any
	MetricsFrom    []netip.Prefix // networks that may read /metrics besides this machine
	Stopping       func() bool    // true once the process is on its way out: not ready; nil: never
	LogDropped     func() uint64  // log lines lost since the start, for /metrics; nil: not counted
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
		Metrics: []prometheus.Collector{hubCollector{d.Hub}}, MetricsFrom: d.MetricsFrom, LogDropped: d.LogDropped,
		Options: n.adminMedia.options, Playback: d.Playback, Player: n.playback.player,
	}, table)
}

// nouns are the handlers: a type for each noun of the API, with the few parts that it touches.
type nouns struct {
	catalogue  catalogue
	covers     covers
	lessons    lessons
	playback   playback
	enrolments enrolments
	notes      notes

	accounts     accounts
	profile      profile
	sessions     sessions
	bindings     bindings
	weChatLogins weChatLogins

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

	adminCourses    adminCourses
	adminTexts      adminTexts
	adminLearning   adminLearning
	adminMedia      adminMedia
	noticeTemplates noticeTemplates
	adminOrders     adminOrders
	reconciliations reconciliations
	finance         finance
	invariants      invariants
	apiKeys         apiKeys
	adminUsers      adminUsers

	health health
	docs   docs
}

// newNouns gives each noun its parts.
func newNouns(d Deps) (*nouns, error) {
	contract, err := Contract()
	if err != nil {
		return nil, err
	}
	db, live := d.Store, live{d.Hub, d.Log}
	access := courseAccess{catalogue: db.Catalogue, enrolments: db.Enrolments}
	return &nouns{
		catalogue:  catalogue{catalogue: db.Catalogue, access: access, now: d.Now},
		covers:     covers{catalogue: db.Catalogue},
		lessons:    lessons{learning: d.Learning, publicURL: d.PublicURL},
		playback:   playback{learning: d.Learning, library: d.Media, redirect: d.MediaRedirect, limits: db.Limits, guesses: guessesOf(d.PlaybackGuesses)},
		enrolments: enrolments{learning: d.Learning, live: live},
		notes:      notes{d.Learning},

		accounts:     accounts{accounts: d.Accounts},
		profile:      profile{accounts: d.Accounts},
		sessions:     sessions{accounts: d.Accounts},
		bindings:     bindings{wechat: d.WeChat},
		weChatLogins: weChatLogins{official: d.Account, wechat: d.WeChat, publicURL: d.PublicURL},

		carts:   carts{carts: d.Carts, live: live},
		quotes:  quotes{checkout: d.Checkout},
		orders:  orders{checkout: d.Checkout, orders: db.Orders, wechat: d.WeChat, limits: db.Limits, live: live},
		refunds: refunds{checkout: d.Checkout},
		notices: notices{inbox: d.Inbox, live: live},

		callbacks:    callbacks{log: d.Log, refused: rest.NewSampler()},
		payments:     payments{pay: d.Pay, checkout: d.Checkout},
		weChatEvents: weChatEvents{official: d.Account, wechat: d.WeChat, checkout: d.Checkout, followers: db.Followers, sender: d.WeChatSender},

		sockets:    sockets{hub: d.Hub, log: d.Log, unopened: rest.NewSampler()},
		hubAPI:     hubAPI{hub: d.Hub, catalogue: db.Catalogue},
		broadcasts: broadcasts{broadcaster: d.Broadcaster, broadcasts: db.Broadcasts, sender: d.WeChatSender, links: d.Links, now: d.Now},

		adminCourses:    adminCourses{courses: db.Courses, catalogue: db.Catalogue, checkout: d.Checkout, library: d.Media, live: live, now: d.Now},
		adminLearning:   adminLearning{d.Learning},
		adminTexts:      adminTexts{learning: d.Learning, publicURL: d.PublicURL},
		adminMedia:      adminMedia{library: d.Media, media: db.Media, audit: db.Audit, learning: d.Learning, now: d.Now},
		noticeTemplates: noticeTemplates{templates: db.NoticeTemplates, now: d.Now},
		adminOrders: adminOrders{
			checkout: d.Checkout, orders: db.Orders, unmatched: db.UnmatchedPayments, refundStepUpAbove: d.RefundStepUpAbove,
		},
		reconciliations: reconciliations{checkout: d.Checkout, reconciliations: db.Reconciliations},
		finance:         finance{checkout: d.Checkout, log: d.Log},
		invariants:      invariants{checkout: d.Checkout, now: d.Now},
		apiKeys:         apiKeys{keys: db.APIKeys, users: db.Users, now: d.Now},
		adminUsers:      adminUsers{accounts: d.Accounts, roles: d.Roles},

		health: health{store: db, hub: d.Hub, stopping: d.Stopping},
		docs: docs{
			web: d.Web, docs: d.Docs, contract: rest.ReadyBytes(yamlType, contract), liveContract: rest.ReadyBytes(yamlType, hub.Document()),
		},
	}, nil
}

// Package handlers is the shop's REST API: a file for each part of it, the table of all
// routes on one page, one adapter that turns an error into an RFC 9457 answer, and what
// every request passes: its id, security headers, CORS, the token, a deadline, one log
// line. A handler decodes, calls, encodes; the rules are in shop, the data in store, the
// life of an order in checkout, that of a cart in cart, of an account in account.
package handlers

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hashicorp/golang-lru/v2/expirable"
	"github.com/julienschmidt/httprouter"
	"golang.org/x/time/rate"

	"mstm/account"
	"mstm/cart"
	"mstm/checkout"
	"mstm/hub"
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
	Inbox        *notice.Inbox
	Broadcaster  *notice.Broadcaster
	Pay          *wechat.Pay          // verifies WeChat's callbacks
	Account      *wechat.Account      // the official account; nil: the shop has none
	WeChatSender *notice.WeChatSender // the account's messages; nil: it sends none
	Web          http.Handler         // the pages; nil: none
	Media        *media.Library       // the files; nil: the shop keeps none
	// MediaRedirect is whether files are fetched at the object store, by signed addresses, instead of here.
	MediaRedirect bool
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

// Server holds the handlers. It has no state but caches.
type Server struct {
	Deps
	mux      *httprouter.Router
	origins  map[string]bool
	address  func(*http.Request) string
	answers  responseCache
	metrics  *metrics
	refused  *sampler // callbacks, in the log
	unopened *sampler // sockets, in the log
	shed     *sampler // requests, in the log
	doors    *admission
	refusals *rate.Limiter // of all, where a class is full

	played *expirable.LRU[string, *shop.Media] // rows of files that are being played

	contract, liveContract *readyMade // the documents of REST and of the socket
}

// New builds the whole router, /ws and the pages included. It fails on a route table that
// contradicts itself.
func New(d Deps) (http.Handler, error) {
	s := &Server{Deps: d, address: ClientAddr(d.TrustedProxies), origins: map[string]bool{}, refused: newSampler(), unopened: newSampler(), shed: newSampler()}
	s.played = expirable.NewLRU[string, *shop.Media](playedFiles, nil, playedAge)
	s.doors, s.refusals = newAdmission(d.Store), rate.NewLimiter(refusalsAll, refusalsAll)
	for _, o := range d.AllowedOrigins {
		s.origins[o] = true
	}
	contract, err := Contract()
	if err != nil {
		return nil, err
	}
	s.contract, s.liveContract = readyBytes(yamlType, contract), readyBytes(yamlType, hub.Document())
	s.metrics = newMetrics(d.Hub, d.LogDropped)
	if err := s.buildMux(s.routes()); err != nil {
		return nil, err
	}
	return s, nil
}

// buildMux registers a table. httprouter panics where two routes cannot live together;
// that is a mistake in the table and is reported as one.
func (s *Server) buildMux(table []route) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("route table: %v", p)
		}
	}()
	s.mux = httprouter.New()
	s.mux.RedirectTrailingSlash = false
	s.mux.RedirectFixedPath = false
	s.mux.NotFound = s.outside(s.notFound)
	s.mux.MethodNotAllowed = s.outside(s.methodNotAllowed)
	s.mux.GlobalOPTIONS = s.outside(preflight)
	for _, rt := range table {
		if rt.who.may == nil || rt.do == nil || rt.class == unclassed {
			return fmt.Errorf("route table: %s %s has no policy, no handler or no class", rt.method, rt.path)
		}
		s.mux.Handle(rt.method, rt.path, s.handle(rt))
		if rt.method == get {
			s.mux.Handle(http.MethodHead, rt.path, s.handle(rt)) // net/http drops the body
		}
	}
	return nil
}

// ServeHTTP is what every request passes. /ws goes straight to the hub: nothing that
// wraps the writer may stand between it and the connection it takes over.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/ws" && r.Method == http.MethodGet {
		s.openSocket(w, r)
		return
	}
	x := &exchange{ResponseWriter: w, id: requestID(r), began: time.Now(), route: "none", seen: s.metrics.other}
	r = r.WithContext(context.WithValue(r.Context(), exchangeKey{}, x))
	defer s.hold(r, x)
	defer s.finish(r, x)
	s.securityHeaders(w.Header(), r, x)
	s.mux.ServeHTTP(x, r)
}

// finish ends the request in the log and the metrics. A panic ends this one request with
// a 500 and not the process.
func (s *Server) finish(r *http.Request, x *exchange) {
	p := recover()
	if p != nil && p != http.ErrAbortHandler {
		s.Log.LogAttrs(r.Context(), slog.LevelError, "panic", slog.String("request_id", x.id),
			slog.String("route", x.route), slog.Any("panic", p), slog.String("stack", string(debug.Stack())))
		s.fail(x, r, shop.ErrInternal)
	}
	took := time.Since(x.began)
	x.seen.observe(x.status, took)
	s.log(r, x, took)
	if p == http.ErrAbortHandler {
		panic(p) // net/http's own way to drop a connection
	}
}

// How many rows of files are kept while those are played, and for how long: a change of one, such as a new
// transcoding, reaches players so much later.
const (
	playedFiles = 2048
	playedAge   = 20 * time.Second
)

// handlerFunc is the shape of every handler: what went wrong is returned.
type handlerFunc func(w http.ResponseWriter, r *http.Request) error

// deadline bounds what one request may spend in stores and at WeChat.
const deadline = 10 * time.Second

// handle makes a route an httprouter handle: its policy, its deadline, and the adapter from an
// error to an answer. A visitor's answer from memory costs no store anything and is given at once.
func (s *Server) handle(rt route) httprouter.Handle {
	seen := s.metrics.of(rt)
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		x := exchangeOf(r.Context())
		x.route, x.params, x.seen = rt.path, params, seen
		do := s.serve
		if rt.from == probe || rt.from == memory && r.Header["Authorization"] == nil {
			do = s.serveCheaply
		}
		if err := do(w, r, x, rt); err != nil {
			s.noteShed(r, x, rt.class, err)
			s.fail(w, r, err)
		}
	}
}

// serveCheaply answers what costs no store anything, and machines that ask whether the shop
// is well.
func (s *Server) serveCheaply(w http.ResponseWriter, r *http.Request, _ *exchange, rt route) error {
	if rt.from == probe {
		ctx, cancel := context.WithTimeout(r.Context(), deadline)
		defer cancel()
		r = r.WithContext(store.WithRedisBudget(ctx))
	}
	return rt.do(w, r)
}

// serve answers a request that costs the stores something: whether its sender has asked for too
// much, the sender's identity, the route's policy, and then the handler, all of it within the
// deadline and in the route's class.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, x *exchange, rt route) error {
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	bounded, end, err := s.identified(r.WithContext(store.WithRedisBudget(ctx)), x, rt)
	if err != nil {
		return err
	}
	defer func() { end(store.Commands(bounded.Context())) }()
	if err := s.admit(bounded, x, rt.who); err != nil {
		return err
	}
	if rt.from != stream {
		if x.who.UserID != "" {
			s.Accounts.NoteUse(bounded.Context(), x.who.row)
		}
		return rt.do(w, bounded)
	}
	end(store.Commands(bounded.Context()))
	end = func(int64) {} // a stream is counted by the hub
	return rt.do(w, r)
}

// identified is the request on the account of its sender, once that is known. A token that was
// looked up before is its owner's before it is looked up again; any other is looked up on the
// account of the address.
func (s *Server) identified(r *http.Request, x *exchange, rt route) (_ *http.Request, end func(int64), err error) {
	if rt.who.token == tokenIgnored {
		return s.entered(r, s.askerOf(r, "", rt), rt)
	}
	sum, owner := s.doors.ownerOf(r)
	asking, end, err := s.entered(r, s.askerOf(r, owner, rt), rt)
	if err != nil {
		return nil, nil, err
	}
	err = s.identify(asking, x, rt.who)
	id := x.who.id()
	if err == nil && id == owner {
		return asking, end, nil
	}
	end(store.Commands(asking.Context()))
	if shop.CodeOf(err) == shop.ErrUnauthenticated.Code || err == nil {
		s.doors.learn(sum, id)
	}
	if err != nil {
		return nil, nil, err
	}
	return s.entered(r, s.askerOf(r, id, rt), rt)
}

// entered counts the request for its person or address.
func (s *Server) entered(r *http.Request, who asker, rt route) (*http.Request, func(int64), error) {
	end, err := s.doors.begin(who, rt.class, time.Now())
	return r.WithContext(store.Request(r.Context(), rt.class.of(), who.name)), end, err
}

// outside adapts a handler of what the table does not have.
func (s *Server) outside(do handlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := do(w, r); err != nil {
			s.fail(w, r, err)
		}
	})
}

// notFound hands every path that is not the API's to the pages, which have their own
// router in the browser.
func (s *Server) notFound(w http.ResponseWriter, r *http.Request) error {
	if r.URL.Path == "/ws" {
		w.Header().Set("Allow", http.MethodGet)
		return shop.ErrMethod
	}
	reads := r.Method == http.MethodGet || r.Method == http.MethodHead
	if s.Web == nil || !reads || isAPI(r.URL.Path) {
		return shop.ErrRouteNotFound
	}
	exchangeOf(r.Context()).route = "pages"
	pageHeaders(w.Header())
	s.Web.ServeHTTP(w, r)
	return nil
}

// methodNotAllowed answers for httprouter, which has put Allow into the header.
func (s *Server) methodNotAllowed(_ http.ResponseWriter, r *http.Request) error {
	return shop.ErrMethod
}

func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

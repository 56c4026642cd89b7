// Package rest is what every request of the API passes, whatever it asks for: the router with the table of routes, the
// request's id, security headers, CORS, the token, the policy, admission, a deadline, idempotency keys, one log line,
// and the one adapter that turns an error into an RFC 9457 answer; for handlers, how a body is read and an answer
// written. It knows no noun of the shop's routes: those are in handlers.
package rest

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"
	"time"

	"github.com/julienschmidt/httprouter"
	"github.com/prometheus/client_golang/prometheus"
	"golang.org/x/time/rate"

	"mstm/account"
	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
)

// Collections are those that requests pass on their way.
type Collections struct {
	Tokens          *store.Tokens
	APIKeys         *store.APIKeys
	Audit           *store.Audit
	Limits          *redisstore.Limits
	IdempotencyKeys *store.IdempotencyKeys
}

// CollectionsOf are the collections of a database.
func CollectionsOf(db *store.DB) Collections {
	return Collections{Tokens: db.Tokens, APIKeys: db.APIKeys, Audit: db.Audit, Limits: db.Limits, IdempotencyKeys: db.IdempotencyKeys}
}

// Config is what a Server is made of. Every field without a note is needed.
type Config struct {
	Store    Collections
	Accounts *account.Accounts // what staff need besides their role
	Socket   HandlerFunc       // GET /ws
	Web      http.Handler      // the pages; nil: none
	Now      func() time.Time
	Log      *slog.Logger

	Production     bool           // adds HSTS
	TrustedProxies []netip.Prefix // proxies whose X-Forwarded-For is believed
	AllowedOrigins []string       // exact scheme://host[:port] of pages served elsewhere; "*" any
	MetricsFrom    []netip.Prefix // networks that may read /metrics besides this machine
	Metrics        []prometheus.Collector
	Options        func(path string, h http.Header) // adds to the header of an answer to OPTIONS; nil: nothing
	Playback       PlaybackLimits
	Player         func(*http.Request) string                                // the person that the address of a player's request was made for, "" for everybody; nil: none is known
	Granted        func(*http.Request) (who string, do HandlerFunc, ok bool) // a player's request whose right was found out a moment ago, see serveGranted; nil: none
	LogDropped     func() uint64                                             // log lines lost since the start, for /metrics; nil: not counted
}

// Server answers requests by a table of routes. It has no state but caches.
type Server struct {
	Config
	mux      *httprouter.Router
	origins  map[string]bool
	address  func(*http.Request) string
	metrics  *metrics
	shed     *Sampler // requests, in the log
	doors    *admission
	refusals *rate.Limiter // of all, where a class is full
}

// New builds the whole router, /ws and the pages included. It fails on a route table that
// contradicts itself.
func New(cfg Config, table []Route) (*Server, error) {
	s := &Server{Config: cfg, address: ClientAddr(cfg.TrustedProxies), origins: map[string]bool{}, shed: NewSampler()}
	s.doors, s.refusals = newAdmission(cfg.Store.Limits, cfg.Playback), rate.NewLimiter(refusalsAll, refusalsAll)
	for _, o := range cfg.AllowedOrigins {
		s.origins[o] = true
	}
	s.metrics = newMetrics(cfg.Metrics, cfg.LogDropped)
	if err := s.buildMux(table); err != nil {
		return nil, err
	}
	return s, nil
}

// buildMux registers a table. httprouter panics where two routes cannot live together;
// that is a mistake in the table and is reported as one.
func (s *Server) buildMux(table []Route) (err error) {
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
	s.mux.GlobalOPTIONS = s.outside(s.preflight)
	for _, rt := range table {
		if rt.Who.May == nil || rt.Do == nil || rt.Class == unclassed {
			return fmt.Errorf("route table: %s %s has no policy, no handler or no class", rt.Method, rt.Path)
		}
		s.mux.Handle(rt.Method, rt.Path, s.handle(rt))
		if rt.Method == http.MethodGet {
			s.mux.Handle(http.MethodHead, rt.Path, s.handle(rt)) // net/http drops the body
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
	x := &request{ResponseWriter: w, server: s, id: requestID(r), began: time.Now(), route: "none", seen: s.metrics.other}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, x))
	defer s.hold(r, x)
	defer s.finish(r, x)
	s.securityHeaders(w.Header(), r, x)
	s.mux.ServeHTTP(x, r)
}

// openSocket lets the hub take the connection over, so little of what other requests pass stands in between; a refusal
// is answered like any other.
func (s *Server) openSocket(w http.ResponseWriter, r *http.Request) {
	x := &request{ResponseWriter: w, server: s, id: requestID(r), began: time.Now(), route: "/ws"}
	r = r.WithContext(context.WithValue(r.Context(), requestKey{}, x))
	s.securityHeaders(w.Header(), r, x)
	if err := s.Socket(x, r); err != nil {
		s.fail(x, r, err)
	}
}

// finish ends the request in the log and the metrics. A panic ends this one request with
// a 500 and not the process.
func (s *Server) finish(r *http.Request, x *request) {
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

// HandlerFunc is the shape of every handler: what went wrong is returned.
type HandlerFunc func(w http.ResponseWriter, r *http.Request) error

// deadline bounds what one request may spend in stores and at WeChat.
const deadline = 10 * time.Second

// handle makes a route an httprouter handle: its policy, its deadline, and the adapter from an
// error to an answer. A visitor's answer from memory costs no store anything and is given at once.
func (s *Server) handle(rt Route) httprouter.Handle {
	seen := s.metrics.of(rt)
	return func(w http.ResponseWriter, r *http.Request, params httprouter.Params) {
		x := requestOf(r.Context())
		x.route, x.params, x.seen = rt.Path, params, seen
		do := s.serve
		if rt.Class == Playback && s.Granted != nil {
			do = s.serveGranted
		} else if rt.From == Probe || rt.From == Memory && r.Header["Authorization"] == nil {
			do = s.serveCheaply
		}
		if err := do(w, r, x, rt); err != nil {
			s.noteShed(r, x, rt.Class, err)
			s.fail(w, r, err)
		}
	}
}

// serveCheaply answers what costs no store anything, and machines that ask whether the shop
// is well.
func (s *Server) serveCheaply(w http.ResponseWriter, r *http.Request, _ *request, rt Route) error {
	if rt.From == Probe {
		ctx, cancel := context.WithTimeout(r.Context(), deadline)
		defer cancel()
		r = r.WithContext(store.WithRedisBudget(ctx))
	}
	return rt.Do(w, r)
}

// serveGranted answers a player's request. Where its right is known it costs no store anything, so it is counted for its
// person and done.
func (s *Server) serveGranted(w http.ResponseWriter, r *http.Request, x *request, rt Route) error {
	who, do, ok := s.Granted(r)
	if !ok {
		return s.serve(w, r, x, rt)
	}
	end, err := s.doors.begin(asker{name: who, times: 1}, rt.Class, time.Now())
	if err != nil {
		return err
	}
	defer end(0)
	return do(w, r)
}

// serve answers a request that costs the stores something: whether its sender has asked for too
// much, the sender's identity, the route's policy, and then the handler, all of it within the
// deadline and in the route's class.
func (s *Server) serve(w http.ResponseWriter, r *http.Request, x *request, rt Route) error {
	ctx, cancel := context.WithTimeout(r.Context(), deadline)
	defer cancel()
	bounded, end, err := s.identified(r.WithContext(store.WithRedisBudget(ctx)), x, rt)
	if err != nil {
		return err
	}
	defer func() { end(store.Commands(bounded.Context())) }()
	if err := s.admit(bounded, x, rt.Who); err != nil {
		return err
	}
	if rt.Who.staff {
		bounded = bounded.WithContext(store.ActingAs(bounded.Context(), x.who.ID()))
	}
	if rt.From != Stream {
		if x.who.UserID != "" {
			s.Accounts.NoteUse(bounded.Context(), x.who.Row)
		}
		return rt.Do(w, bounded)
	}
	if rt.Class == Playback { // until its last byte is sent
		return rt.Do(w, r.WithContext(store.Continue(r.Context(), bounded.Context())))
	}
	end(store.Commands(bounded.Context()))
	end = func(int64) {} // a stream is counted by the hub
	return rt.Do(w, r)
}

// identified is the request on the account of its sender, once that is known. A token that was
// looked up before is its owner's before it is looked up again; any other is looked up on the
// account of the address.
func (s *Server) identified(r *http.Request, x *request, rt Route) (_ *http.Request, end func(int64), err error) {
	if rt.Who.Token == TokenIgnored {
		return s.entered(r, s.askerOf(r, "", rt), rt)
	}
	sum, owner := s.doors.ownerOf(r)
	asking, end, err := s.entered(r, s.askerOf(r, owner, rt), rt)
	if err != nil {
		return nil, nil, err
	}
	err = s.identify(asking, x, rt.Who)
	id := x.who.ID()
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
func (s *Server) entered(r *http.Request, who asker, rt Route) (*http.Request, func(int64), error) {
	end, err := s.doors.begin(who, rt.Class, time.Now())
	return r.WithContext(store.Request(r.Context(), rt.Class.of(), who.name)), end, err
}

// outside adapts a handler of what the table does not have.
func (s *Server) outside(do HandlerFunc) http.Handler {
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
	requestOf(r.Context()).route = "pages"
	PageHeaders(w.Header())
	s.Web.ServeHTTP(w, r)
	return nil
}

// methodNotAllowed answers for httprouter, which has put Allow into the header.
func (s *Server) methodNotAllowed(_ http.ResponseWriter, r *http.Request) error {
	return shop.ErrMethod
}

func isAPI(path string) bool { return path == "/api" || strings.HasPrefix(path, "/api/") }

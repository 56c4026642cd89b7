package handlers

import (
	"context"
	"log/slog"
	"math"
	"net/http"
	"net/netip"
	"time"

	"mstm/shop"
	"mstm/store"
)

// How often passwords may be tried: OWASP ASVS 5.0 V6.3.1, NIST SP 800-63B-4 (at most 100
// failures in a row for an account). After some quick tries there is one a minute, after
// twice as many one an hour; a right password forgives them all. No account is ever locked:
// where somebody has logged in before, strangers' guesses do not count against them.
var (
	triesQuick   = store.Limit{Name: "login", Burst: 40, Every: time.Minute}
	triesSlow    = store.Limit{Name: "login-slow", Burst: 80, Every: time.Hour}
	triesAddress = store.Limit{Name: "login-address", Burst: 100, Every: time.Second}
)

// How often accounts may be made from an address: a class of a school at once, and then one in ten
// seconds. A username that is taken counts as well, so that names cannot be tried without end.
var registering = store.Limit{Name: "register", Burst: 40, Every: 10 * time.Second}

// How often an account without a username, which came by WeChat, may choose one: a choice that is taken
// says so, as it does at registering.
var naming = store.Limit{Name: "naming", Burst: 20, Every: time.Minute}

// mayRegister counts one registration.
func (s *Server) mayRegister(r *http.Request) error {
	addr := neighbourhood(s.address(r))
	if addr == "" {
		return nil
	}
	if wait := s.Store.Limits.Take(r.Context(), registering, addr); wait > 0 {
		s.event(r, "too many registrations", slog.String("addr", addr))
		return tooMany(wait)
	}
	return nil
}

// mayTry counts one try at username's password before it is hashed, so that many at once do
// not slip through. With the right one, the caller calls forgive.
func (s *Server) mayTry(r *http.Request, username string) (forgive func(), err error) {
	ctx, addr := r.Context(), neighbourhood(s.address(r))
	if addr != "" {
		if err := s.tryWithin(r, triesAddress, addr); err != nil {
			return nil, err
		}
	}
	if !usernamePattern.MatchString(username) {
		return func() {}, nil // nobody's
	}
	key := username
	if addr != "" && s.Store.Places.Knows(ctx, username, addr) {
		key += "@" + addr
	}
	if err := s.tryAccount(r, key); err != nil {
		return nil, err
	}
	return func() {
		s.forgive(ctx, key)
		if addr != "" {
			s.Store.Places.Note(ctx, username, addr)
		}
	}, nil
}

// tryAccount counts one try at the password of an account, or of an account from a place.
func (s *Server) tryAccount(r *http.Request, key string) error {
	if err := s.tryWithin(r, triesQuick, key); err != nil {
		return err
	}
	return s.tryWithin(r, triesSlow, key)
}

func (s *Server) forgive(ctx context.Context, key string) {
	s.Store.Limits.Forgive(ctx, triesQuick, key)
	s.Store.Limits.Forgive(ctx, triesSlow, key)
}

func (s *Server) tryWithin(r *http.Request, l store.Limit, key string) error {
	wait := s.Store.Limits.Take(r.Context(), l, key)
	if wait <= 0 {
		return nil
	}
	s.event(r, "too many passwords tried", slog.String("limit", l.Name), slog.String("addr", s.address(r)))
	return shop.ErrTooManyRequests.With("retry_after_s", int(math.Ceil(wait.Seconds())))
}

// neighbourhood is what one customer of a provider has: an IPv4 address, or 2^64 of IPv6. It
// is "" for this machine itself, which is also what everybody seems to be behind a proxy
// that TRUSTED_PROXIES forgot: they must not shut one another out.
func neighbourhood(addr string) string {
	ip, err := netip.ParseAddr(addr)
	switch {
	case err != nil || ip.IsLoopback():
		return ""
	case ip.Is4():
		return addr
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().Addr().String()
}

package account

import (
	"context"
	"log/slog"
	"net/netip"
	"time"

	"mstm/shop"
	"mstm/store/redisstore"
)

// How often passwords may be tried: OWASP ASVS 5.0 V6.3.1, NIST SP 800-63B-4 (at most 100
// failures in a row for an account). After some quick tries there is one a minute, after
// twice as many one an hour; a right password forgives them all. No account is ever locked:
// from a place of earlier logins, strangers' guesses do not count.
var (
	TriesQuick   = redisstore.Limit{Name: "login", Burst: 40, Every: time.Minute}
	TriesSlow    = redisstore.Limit{Name: "login-slow", Burst: 80, Every: time.Hour}
	TriesAddress = redisstore.Limit{Name: "login-address", Burst: 100, Every: time.Second}
)

// Registering is how often accounts may be made from an address: a class of a school at once, and then one in ten
// seconds. A username that is taken counts as well, so that names cannot be tried without end.
var Registering = redisstore.Limit{Name: "register", Burst: 40, Every: 10 * time.Second}

// Naming is how often an account without a username, which came by WeChat, may choose one: a choice that is taken
// says so, as it does at registering.
var Naming = redisstore.Limit{Name: "naming", Burst: 20, Every: time.Minute}

// guesses counts what strangers try.
type guesses struct {
	limits *redisstore.Limits
	places *redisstore.Places
	log    *slog.Logger
}

// mayRegister counts one registration.
func (g guesses) mayRegister(ctx context.Context, v Visitor) error {
	addr := Neighbourhood(v.Addr)
	if addr == "" {
		return nil
	}
	if wait := g.limits.Take(ctx, Registering, addr); wait > 0 {
		v.log(ctx, g.log, "too many registrations", slog.String("addr", addr))
		return shop.TooManyRequests(wait)
	}
	return nil
}

// mayTry counts one try at username's password before it is hashed, so that many at once do
// not slip through. With the right one, the caller calls forgive.
func (g guesses) mayTry(ctx context.Context, v Visitor, username string) (forgive func(), err error) {
	addr := Neighbourhood(v.Addr)
	if addr != "" {
		if err := g.tryWithin(ctx, v, TriesAddress, addr); err != nil {
			return nil, err
		}
	}
	if !usernamePattern.MatchString(username) {
		return func() {}, nil // no account's
	}
	key := username
	if addr != "" && g.places.Knows(ctx, username, addr) {
		key += "@" + addr
	}
	if err := g.tryAccount(ctx, v, key); err != nil {
		return nil, err
	}
	return func() {
		g.forgive(ctx, key)
		if addr != "" {
			g.places.Note(ctx, username, addr)
		}
	}, nil
}

// tryAccount counts one try at the password of an account, or of an account from a place.
func (g guesses) tryAccount(ctx context.Context, v Visitor, key string) error {
	if err := g.tryWithin(ctx, v, TriesQuick, key); err != nil {
		return err
	}
	return g.tryWithin(ctx, v, TriesSlow, key)
}

func (g guesses) forgive(ctx context.Context, key string) {
	g.limits.Forgive(ctx, TriesQuick, key)
	g.limits.Forgive(ctx, TriesSlow, key)
}

func (g guesses) tryWithin(ctx context.Context, v Visitor, l redisstore.Limit, key string) error {
	wait := g.limits.Take(ctx, l, key)
	if wait <= 0 {
		return nil
	}
	v.log(ctx, g.log, "too many passwords tried", slog.String("limit", l.Name), slog.String("addr", v.Addr))
	return shop.TooManyRequests(wait)
}

// Neighbourhood is what one customer of a provider has: an IPv4 address, or 2^64 of IPv6. It
// is "" for this machine itself, which is also what all visitors seem to be behind a proxy
// that TRUSTED_PROXIES forgot: they must not shut one another out.
func Neighbourhood(addr string) string {
	ip, err := netip.ParseAddr(addr)
	switch {
	case err != nil || ip.IsLoopback():
		return ""
	case ip.Is4():
		return addr
	}
	return netip.PrefixFrom(ip.WithZone(""), 64).Masked().Addr().String()
}

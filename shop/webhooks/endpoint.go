// Package webhooks has the rules of the events that the shop sends to its owner's other programs: which addresses may receive them,
// how they are signed, what they say, when a delivery is tried again and when an endpoint is paused. It does no I/O and has no clock.
package webhooks

import (
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"mstm/shop"
)

// Type is the type of an event.
type Type string

// The types of events. A test goes to the endpoint that asks for it, whatever types that has chosen.
const (
	OrderPaid        Type = "order.paid"
	OrderRefunded    Type = "order.refunded"
	EnrolmentChanged Type = shop.EnrolmentChangedType
	Test             Type = "webhook.test"
)

// Types are those that an endpoint chooses from.
func Types() []Type { return []Type{OrderPaid, OrderRefunded, EnrolmentChanged} }

// State says whether an endpoint is sent to.
type State string

// The states of an endpoint.
const (
	Active State = "active"
	Paused State = "paused"
)

// Reason is why an endpoint is paused.
type Reason string

// The reasons for a pause. All but the first are the shop's own, and wait for an administrator.
const (
	ByHand  Reason = "by_hand"
	Gone    Reason = "gone"    // it answered 410
	Failing Reason = "failing" // no delivery has succeeded for FailingMost
)

const (
	// MostEndpoints is how many endpoints a shop has at most. Each event is written once for each of them, and an instance works at
	// all of them at once (one place each), so that a slow one holds up no other.
	MostEndpoints = 20

	// FailingMost is how long deliveries to an endpoint may fail, without one that succeeds, before it is paused.
	FailingMost = 72 * time.Hour

	// OldSecret is how long the secret before the last rotation still signs, for the receiver to take the new one.
	OldSecret = 24 * time.Hour

	maxURL = 1024 // bytes
)

// Endpoint is an address that events are sent to.
type Endpoint struct {
	ID           string     `bson:"_id"`
	V            int64      `bson:"v"`
	URL          string     `bson:"url"`
	Name         string     `bson:"name"`
	Types        []Type     `bson:"types"`
	Secrets      []Secret   `bson:"secrets"` // the newest first
	State        State      `bson:"state"`
	Reason       Reason     `bson:"reason,omitempty"` // of the pause
	PausedAt     *time.Time `bson:"paused_at,omitempty"`
	FailingSince *time.Time `bson:"failing_since,omitempty"` // the first failure since the last success
	CreatedBy    string     `bson:"created_by"`
	CreatedAt    time.Time  `bson:"created_at"`
}

// Secret is a key that signs. It is kept as it is: a signature cannot be made with a hash of it.
type Secret struct {
	Key   []byte     `bson:"key"`
	Until *time.Time `bson:"until,omitempty"` // the first instant without it; nil: for good
}

// Wants reports whether the endpoint has chosen a type. A paused one has, too: its deliveries are kept for a replay.
func (e *Endpoint) Wants(t Type) bool { return slices.Contains(e.Types, t) }

// Rotate makes key the secret. The one before signs beside it for OldSecret, or, with keepOld false, not any more.
func (e *Endpoint) Rotate(key []byte, keepOld bool, now time.Time) {
	secrets := []Secret{{Key: key}}
	if keepOld && len(e.Secrets) > 0 {
		until := now.UTC().Add(OldSecret)
		secrets = append(secrets, Secret{e.Secrets[0].Key, &until})
	}
	e.Secrets = secrets
}

// Keys are the secrets that sign at now, the newest first.
func (e *Endpoint) Keys(now time.Time) (keys [][]byte) {
	for _, s := range e.Secrets {
		if s.Until == nil || now.Before(*s.Until) {
			keys = append(keys, s.Key)
		}
	}
	return keys
}

// OldUntil is until when the secret before the newest signs; nil: there is none at now.
func (e *Endpoint) OldUntil(now time.Time) *time.Time {
	if len(e.Secrets) < 2 || e.Secrets[1].Until == nil || !now.Before(*e.Secrets[1].Until) {
		return nil
	}
	return e.Secrets[1].Until
}

// Pause stops sending, and reports whether that is new.
func (e *Endpoint) Pause(why Reason, now time.Time) bool {
	if e.State == Paused {
		return false
	}
	at := now.UTC()
	e.State, e.Reason, e.PausedAt = Paused, why, &at
	return true
}

// Resume begins sending again, and reports whether that is new.
func (e *Endpoint) Resume() bool {
	if e.State == Active {
		return false
	}
	e.State, e.Reason, e.PausedAt, e.FailingSince = Active, "", nil, nil
	return true
}

// Outcomes are what came of some deliveries that were tried at about the same time.
type Outcomes struct{ Succeeded, Failed, Gone bool }

// Note keeps whether the endpoint works, pauses it where it has not for long or says itself that it is gone, and reports whether
// anything has changed. The outcome of a test counts, too; a paused endpoint stays paused.
func (e *Endpoint) Note(o Outcomes, now time.Time) bool {
	switch {
	case o.Gone:
		return e.Pause(Gone, now)
	case o.Succeeded:
		failing := e.FailingSince != nil
		e.FailingSince = nil
		return failing
	case o.Failed && e.FailingSince == nil:
		at := now.UTC()
		e.FailingSince = &at
		return true
	case o.Failed && now.Sub(*e.FailingSince) >= FailingMost:
		return e.Pause(Failing, now)
	}
	return false
}

// Waits reports whether the endpoint waits for an administrator: the shop itself has paused it.
func (e *Endpoint) Waits() bool { return e.State == Paused && e.Reason != ByHand }

// CheckTypes refuses a choice that is empty, doubled or unknown: shop.ErrInvalidField at types.
func CheckTypes(types []Type) ([]Type, error) {
	var chosen []Type
	for _, t := range Types() {
		if slices.Contains(types, t) {
			chosen = append(chosen, t)
		}
	}
	if len(chosen) == 0 || len(chosen) != len(types) {
		return nil, shop.ErrInvalidField.At("types").Because("请选择一种或几种事件", "Choose one or more types of events, each once.")
	}
	return chosen, nil
}

// Addresses are the networks that events may be sent to, besides the public internet.
type Addresses struct {
	Loopback bool // this machine, also without TLS: for development
	Private  bool // the private networks of RFC 1918, RFC 6598 and RFC 4193
}

// never are networks that no event goes to: of special use (IANA's registries of RFC 6890), and link-local, where clouds answer
// with the machine's own secrets.
var never = prefixes("0.0.0.0/8", "169.254.0.0/16", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15", "198.51.100.0/24",
	"203.0.113.0/24", "224.0.0.0/3", "2001::/32", "2001:db8::/32", "2002::/16")

var (
	private = prefixes("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "fc00::/7")
	public6 = netip.MustParsePrefix("2000::/3")
	nat64   = netip.MustParsePrefix("64:ff9b::/96")
)

func prefixes(texts ...string) (all []netip.Prefix) {
	for _, t := range texts {
		all = append(all, netip.MustParsePrefix(t))
	}
	return all
}

func in(nets []netip.Prefix, a netip.Addr) bool {
	return slices.ContainsFunc(nets, func(n netip.Prefix) bool { return n.Contains(a) })
}

// Allow reports whether events may be sent to an address. It is asked again when a connection is made: a name may lead to
// another address by then.
func (p Addresses) Allow(a netip.Addr) bool {
	a = a.Unmap().WithZone("")
	if nat64.Contains(a) { // an IPv4 address by way of a translator
		b := a.As16()
		a = netip.AddrFrom4([4]byte(b[12:]))
	}
	switch {
	case !a.IsValid() || in(never, a):
		return false
	case a.IsLoopback():
		return p.Loopback
	case in(private, a):
		return p.Private
	}
	return a.Is4() || public6.Contains(a)
}

// CheckURL is an endpoint's address as it is kept. It refuses what is not https (or http on loopback, where that is allowed), and
// what names no host or one that is not allowed: shop.ErrWebhookAddress at url.
func (p Addresses) CheckURL(text string) (string, error) {
	refuse := func(zh, en string) (string, error) { return "", shop.ErrWebhookAddress.At("url").Because(zh, en) }
	text = strings.TrimSpace(text)
	u, err := url.Parse(text)
	if err != nil || len(text) > maxURL || u.Hostname() == "" || u.Opaque != "" || shop.Hidden(text, false) {
		return refuse("请填写完整的网址，如 https://erp.example.com/hooks", "Give a whole address, as https://erp.example.com/hooks.")
	}
	if u.User != nil || u.Fragment != "" {
		return refuse("网址里不能有用户名、密码或 #", "The address must have no user, password or fragment.")
	}
	if port := u.Port(); port != "" {
		if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
			return refuse("端口不正确", "The port is not one.")
		}
	}
	host := strings.TrimSuffix(strings.ToLower(u.Hostname()), ".")
	local := host == "localhost" || strings.HasSuffix(host, ".localhost")
	if a, err := netip.ParseAddr(host); err == nil {
		local = a.Unmap().IsLoopback()
		if !p.Allow(a) {
			return refuse("不能发到这个地址：它不在公网上", "Nothing is sent to this address: it is not on the public internet.")
		}
	} else if local && !p.Loopback {
		return refuse("不能发到这台机器自己", "Nothing is sent to this machine itself.")
	}
	if u.Scheme != "https" && !(u.Scheme == "http" && local) {
		return refuse("网址须以 https:// 开头", "The address must begin with https://.")
	}
	return u.String(), nil
}

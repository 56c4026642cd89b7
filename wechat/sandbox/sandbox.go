// Package sandbox is a local WeChat: the server side of WeChat Pay API v3, complete enough that an
// unmodified SDK cannot tell the difference, the official account that the appid belongs to (access
// token, parametric codes, page authorisation, followers, events in every mode), a phone to pay with,
// and switches to make it misbehave. Beside it stands Tencent Cloud for text messages (SendSms, signed with
// TC3-HMAC-SHA256, at POST /), which arrive on the same phone. It is for development, demonstrations and tests, and never runs in production.
//
// Signatures and encryption are real. So are WeChat's rules: what a number may be used for again,
// when a code dies, what can be closed and refunded. Two clocks rule: signatures use the real one
// (SDKs compare them with theirs), everything else the business clock, which PUT /sandbox/clock moves.
//
// # The phone
//
// GET /phone scans, pays, follows and shows the messages that arrived. Its tab 商店 opens the shop
// in WeChat's own browser or in the phone's: names under phone.localhost on the sandbox's port
// (wechat1 to wechat3 for its three people, safari), which pass everything on to the shop under
// that browser's user agent and give pages the WeixinJSBridge to pay with. Browsers that do not
// look for names under localhost on this machine cannot show them.
//
// # Control
//
// JSON under /sandbox/, answered only to this machine. Refusals are {"code","message"}. GET /sandbox
// is this text.
//
//	POST /sandbox/pay {"code_url"|"h5_url"|"prepay_id"|"out_trade_no"|"jsapi", "openid"?}
//	POST /sandbox/look, the same body    what the payer is shown before, or why it cannot be paid
//	GET, PUT /sandbox/owner {"openid"}   the phone's owner: acts where no openid is given
//	GET  /sandbox/trades                 GET /sandbox/trades/:out_trade_no   (with its callbacks)
//	GET  /sandbox/refunds                POST /sandbox/refunds/:out_refund_no {"status"}
//	POST /sandbox/callbacks/:out_trade_no {"event"?,"count"?,"parallel"?,"fault"?}   sends it again, now
//	POST /sandbox/forge {"event"?,"out_trade_no","amount_fen",…}   a genuine callback of invented content
//	GET, PUT /sandbox/clock {"now"}      GET, PUT /sandbox/faults {…}
//	POST /sandbox/certificates {}        issues a further platform certificate, as at a rotation
//	POST /sandbox/scan {"ticket"|"scene"|"url", "openid"?, "unionid"?, "fault"?}   scans a parametric code
//	POST /sandbox/follow, /sandbox/unfollow {"openid"?, "unionid"?}   GET /sandbox/followers
//	POST /sandbox/push {"openid"?,"event","event_key"?,"fault"?}   a genuine push of an invented event
//	GET, PUT /sandbox/events {"mode"}    how events are posted: safe, plain, compatible
//	POST /sandbox/events/check {}        asks the shop whether the address of events is its own
//	POST /sandbox/access-token/expire {} what the account was given is good no more
//	POST /sandbox/page-config {"appId","timestamp","nonceStr","signature","url"}   what WeChat's app says to a page that is signed so
//	GET  /sandbox/page-ticket            how often a jsapi_ticket was asked for
//	GET, PUT /sandbox/access-token {"life_s"}   how long tokens live; how many were asked for and given out
//	GET  /sandbox/messages?openid=       what the official account sent, newest first
//	POST /sandbox/subscribe {"openid"?,"template_id"?,"accept"?}   agrees to one activity message (accept false: refuses)
//	GET  /sandbox/texts?phone=           text messages, newest first
//	GET, PUT /sandbox/message-quota {"template"}   messages a day
//	GET, PUT /sandbox/templates {"gone":[…]}   the templates; those that the account has deleted
//
// # Faults
//
// PUT /sandbox/faults replaces the whole set; {} clears it.
//
//	{"api":[{"api":"native","status":500,"times":2},{"api":"close","drop":true}],
//	 "callback":[{"event":"payment","repeat":20,"parallel":true}],
//	 "refund":{"settle":"ABNORMAL","after_s":0}, "clock_skew_s":600, "close_after_s":300}
//
// Of each list the first rule that matches acts. "times" is how often it does (0: until cleared),
// "out_trade_no" narrows it to one trade. The fields are documented at APIFault, CallbackFault and
// RefundFault.
package sandbox

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"
)

// Config is where a sandbox lives.
type Config struct {
	Dir       string // keys and state; made if need be, readable by its owner only
	PublicURL string // how this sandbox is reached, e.g. http://127.0.0.1:8090
	ShopURL   string // the shop's page: for the link back; page authorisation returns to its host
	EventsURL string // where the official account's events go; ShopURL/api/wechat/events when empty

	// Forward is where a callback for an address goes instead; to the address itself when nil.
	Forward func(address string) string

	// Now is the business clock, shared with the shop; SetClock moves it. Without Now the sandbox
	// has a clock of its own.
	Now      func() time.Time
	SetClock func(ctx context.Context, now time.Time) error

	Log *slog.Logger
}

// Sandbox is one simulated WeChat with one merchant. It is safe for concurrent use.
type Sandbox struct{ *core }

// core is what all parts share: the state, and one another.
type core struct {
	cfg    Config
	log    *slog.Logger
	db     *bbolt.DB
	keys   *keys
	clock  *clock
	faults *faultSet
	post   *http.Client  // delivers callbacks
	wake   chan struct{} // something may be due
	hosts  map[string]bool

	mu     sync.Mutex
	flying map[string]bool // events being delivered

	owner   atomic.Pointer[string] // openid of the phone's owner
	telling background             // of what became of messages

	merchant  *merchant  // WeChat Pay: prepaying, trades, refunds
	bills     *bills     // the bill of a day
	callbacks *callbacks // what WeChat Pay sends to the shop
	official  *official  // the official account: access tokens, messages, pages
	texts     *texts     // text messages
	followers *followers // its followers, and what it sends to the shop
	phones    *phones    // the phone: its pages, its payments, its owner
	controls  *controls  // faults and the clock, for developers
}

// The parts, each with all of the core.
type (
	merchant  struct{ *core }
	bills     struct{ *core }
	callbacks struct{ *core }
	official  struct{ *core }
	texts     struct{ *core }
	followers struct{ *core }
	phones    struct{ *core }
	controls  struct{ *core }
)

// New opens the state in cfg.Dir, generating keys on the first run. A second sandbox on the same
// directory is refused.
func New(cfg Config) (*Sandbox, error) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	public, err := url.Parse(cfg.PublicURL)
	if err != nil || public.Host == "" {
		return nil, fmt.Errorf("sandbox: PublicURL %q is no address", cfg.PublicURL)
	}
	cfg.PublicURL = strings.TrimSuffix(cfg.PublicURL, "/")
	cfg.EventsURL = cmp.Or(cfg.EventsURL, cfg.ShopURL+"/api/wechat/events")
	if cfg.Forward == nil {
		cfg.Forward = func(address string) string { return address }
	}
	if err := os.MkdirAll(cfg.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("sandbox: %w", err)
	}
	db, err := openState(filepath.Join(cfg.Dir, "state.db"))
	if err != nil {
		return nil, err
	}
	c := &core{cfg: cfg, log: cfg.Log, db: db, post: newPoster(), wake: make(chan struct{}, 1),
		hosts: map[string]bool{public.Hostname(): true}, flying: map[string]bool{}, telling: newBackground()}
	c.merchant, c.bills, c.callbacks = &merchant{c}, &bills{c}, &callbacks{c}
	c.official, c.followers, c.phones, c.controls = &official{c}, &followers{c}, &phones{c}, &controls{c}
	c.texts = &texts{c}
	s := &Sandbox{c}
	if err := s.load(); err != nil {
		return nil, errors.Join(fmt.Errorf("sandbox: %w", err), db.Close())
	}
	return s, nil
}

// load brings up what the directory holds: keys, clock, faults, and the settings file for others.
func (s *Sandbox) load() (err error) {
	if s.keys, err = openKeys(s.cfg.Dir); err != nil {
		return err
	}
	if s.clock, err = s.controls.openClock(); err != nil {
		return err
	}
	if s.faults, err = s.controls.openFaults(); err != nil {
		return err
	}
	if err = s.phones.openOwner(); err != nil {
		return err
	}
	return s.writeEnv()
}

// Close ends the sandbox; Run must have returned.
func (s *Sandbox) Close() error {
	s.telling.close()
	s.post.CloseIdleConnections()
	return s.db.Close()
}

// now is business time, in whole seconds as WeChat sends it.
func (s *core) now() time.Time { return s.clock.now().Truncate(time.Second) }

// nudge wakes Run because something may be due.
func (s *core) nudge() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

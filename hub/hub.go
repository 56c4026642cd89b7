package hub

import (
	"context"
	"crypto/rand"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub/conn"
	"mstm/hub/feed"
	"mstm/hub/fleet"
)

// ErrTryLater is what Authenticate wraps when it cannot know whether a token is good (its
// store is away): the socket is closed with 4103 and comes back, instead of losing its login.
var ErrTryLater = errors.New("hub: cannot tell now")

// Identity is the owner of a token.
type Identity struct {
	User, Client string    // Client is what the user has one session of: a device
	Session      string    // a stable id of this token, such as its hash; never the token
	Desk         bool      // may follow the topic desk
	DeskRoles    uint8     // what Config.DeskShows is asked with
	ExpiresAt    time.Time // zero: does not expire; the socket ends within one heartbeat of it
}

// Config is what a Hub needs to know. Redis and Authenticate are required.
type Config struct {
	Redis redis.UniversalClient
	// Authenticate returns the owner of a token. An error means the token is refused (4001),
	// unless it wraps ErrTryLater or context.DeadlineExceeded (4103).
	Authenticate func(ctx context.Context, token string) (Identity, error)
	// StillGood reports of some hundred identities at once whether the answers of Authenticate still hold. The hub calls
	// it now and then for every open socket: an order to end one may be lost. An error: it cannot be known now.
	// Optional.
	StillGood func(ctx context.Context, ids []Identity) (good []bool, err error)
	// AllowedOrigins lists exact scheme://host[:port]; "*" allows any (development only). The
	// request's own Host is always allowed, and so is a request without Origin: credentials
	// travel in the first frame, so a foreign page has nothing to ride on.
	AllowedOrigins []string
	// Caps, 0: none. Those of a user and of an address count the sockets on all instances, as
	// far as this one knows: see fleet.Fleet.Elsewhere.
	MaxPerUser, MaxPerAddress, MaxPerInstance int
	// RemoteAddr is the client's address; nil: the host of the request's RemoteAddr.
	RemoteAddr func(*http.Request) string
	// Explain is the sentence for people about a code of an error frame; nil: the code alone.
	Explain func(code string) string
	// DeskShows reports whether an event of a type on the topic desk is for an identity with these DeskRoles; nil: it is.
	DeskShows func(roles uint8, eventType string) bool
	// Replaced is the last event of a socket that ends because its client logged in again; without a Type there is none.
	// Its Topic and Once do not count.
	Replaced Event
	// Now serves token expiry only; nil: time.Now.
	Now func() time.Time
	Log *slog.Logger
	// Prefix of every Redis key and channel; default "mstm".
	Prefix string
}

// timing holds the intervals of the checks of tokens, apart so that tests can shorten them.
type timing struct {
	recheck time.Duration // between two questions whether a socket's token is good
	apart   time.Duration // likewise, while Redis is away
	spared  time.Duration // until a socket that was spared is asked about
	renewal time.Duration // for a socket to bring the token that takes the place of its dead one
}

func protocolTiming() timing {
	return timing{
		recheck: time.Minute, apart: 4 * time.Second, spared: 10 * time.Second, renewal: 700 * time.Millisecond,
	}
}

// Hub is one instance's part of the hub. Its methods may be called from any goroutine.
type Hub struct {
	cfg        Config
	log        *slog.Logger
	timing     timing
	instance   string
	partitions []*partition
	origins    conn.Origins
	roster     roster
	conns      *conn.Server
	admission  *conn.AdmissionLimiter
	count      counters
	feed       *feed.Feed
	fleet      *fleet.Fleet
	replaced   string // the body of Config.Replaced, "" without one
	started    time.Time
	running    atomic.Bool
	rechecks   chan struct{} // asks whether all tokens are still good
}

// New makes a hub. Nothing moves before Run; sockets are accepted at once.
func New(cfg Config) *Hub {
	if cfg.Prefix == "" {
		cfg.Prefix = "mstm"
	}
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.RemoteAddr == nil {
		cfg.RemoteAddr = remoteHost
	}
	if cfg.Explain == nil {
		cfg.Explain = func(code string) string { return code }
	}
	h := &Hub{
		cfg: cfg, log: cfg.Log, timing: protocolTiming(), instance: rand.Text()[:12], origins: conn.NewOrigins(cfg.AllowedOrigins), conns: conn.NewServer(cfg.Log),
		started: time.Now(), rechecks: make(chan struct{}, 1),
	}
	h.fleet = fleet.New(fleet.Config{
		Redis: cfg.Redis, Stream: cfg.Prefix + ":hub:{fleet}:log", Instance: h.instance,
		Sockets: h.roster.size, Own: ownTopic, Open: coursePrefix, Uncounted: loginPrefix,
	})
	h.feed = newFeed(h)
	if cfg.Replaced.Type != "" {
		h.replaced, _ = eventBody(cfg.Replaced) // "" where that cannot be marshalled
	}
	h.admission = conn.NewAdmissionLimiter(conn.HandshakeRate, conn.HandshakeBurst, cfg.MaxPerAddress)
	h.roster.init(cfg, h.fleet)
	return h
}

// Run receives from Redis, feeds the partitions and keeps the heartbeat until ctx ends. It
// returns nil then; Redis being away is no reason to return.
func (h *Hub) Run(ctx context.Context) error {
	if !h.running.CompareAndSwap(false, true) {
		return errors.New("hub: already running")
	}
	defer h.running.Store(false)
	var parts sync.WaitGroup
	parts.Go(func() { h.feed.Run(ctx) })
	parts.Go(func() { h.beat(ctx) })
	parts.Go(func() { h.fleet.Run(ctx) })
	parts.Go(func() { h.keepRechecking(ctx) })
	parts.Wait()
	return nil
}

// Healthy is nil while this instance is up to date with Redis, else the reason why it is not to be given new sockets.
func (h *Hub) Healthy() error { return h.feed.Healthy() }

// Close refuses new sockets, closes every socket with 4101, each with its own moment to come back,
// and waits until they are gone. When ctx ends first the rest are cut, and ctx's error is
// returned.
func (h *Hub) Close(ctx context.Context) error {
	all, empty := h.roster.close()
	h.fleet.Leave() // first: where they come back to, they are not to count twice
	window := conn.RestartWindow(len(all))
	for i, s := range all {
		s.socket.End(conn.ServerRestart.Slot(i, len(all), window))
	}
	select {
	case <-empty:
		return nil
	case <-ctx.Done():
	}
	for _, s := range all {
		s.socket.Abort()
	}
	return ctx.Err()
}

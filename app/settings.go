package app

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"path/filepath"
	"strings"
	"time"

	"github.com/caarlos0/env/v11"

	"mstm/notice"
	"mstm/shop"
)

// Settings is everything that the environment says. .env.example explains each.
type Settings struct {
	Env       string `env:"MSTM_ENV" envDefault:"development"`
	Addr      string `env:"ADDR" envDefault:"127.0.0.1:8080"`
	PublicURL string `env:"PUBLIC_URL"`
	DataDir   string `env:"DATA_DIR" envDefault:"./data"`
	MongoURI  string `env:"MONGODB_URI"`
	RedisURL  string `env:"REDIS_URL"`
	SeedDemo  string `env:"SEED_DEMO" envDefault:"on"`

	SandboxAddr    string   `env:"SANDBOX_ADDR" envDefault:"127.0.0.1:8090"`
	AllowedOrigins []string `env:"ALLOWED_ORIGINS"`
	TrustedProxies Networks `env:"TRUSTED_PROXIES"`

	// OrderReminder is how long before it closes the buyer of an unpaid order is reminded.
	OrderReminder time.Duration `env:"ORDER_REMINDER" envDefault:"10m"`

	// TrialNeeds is what an account needs for a free stage.
	TrialNeeds shop.TrialNeeds `env:"TRIAL_NEEDS" envDefault:"none"`

	// RegisterProofAfter is how often an address registers within ten minutes without a proof of work.
	RegisterProofAfter int `env:"REGISTER_PROOF_AFTER" envDefault:"5"`

	// RefundStepUpAbove is how much of an order finance may refund without giving the password again.
	RefundStepUpAbove shop.Fen `env:"REFUND_STEP_UP_ABOVE" envDefault:"50000"`

	// WebhooksPrivate lets events go to addresses of private networks.
	WebhooksPrivate bool `env:"WEBHOOKS_PRIVATE" envDefault:"false"`

	Broadcast BroadcastSettings `envPrefix:"BROADCAST_"`

	Media MediaSettings `envPrefix:"MEDIA_"`

	Playback PlaybackSettings `envPrefix:"PLAYBACK_MAX_"`

	Hub HubSettings `envPrefix:"HUB_MAX_PER_"`
	Pay PaySettings `envPrefix:"WECHAT_PAY_"`
	MP  MPSettings  `envPrefix:"WECHAT_MP_"`
	SMS SMSSettings `envPrefix:"SMS_"`
}

// Networks are address ranges. The word "none" is the empty list said on purpose: not nil.
type Networks []netip.Prefix

// UnmarshalText reads networks separated by commas, or "none".
func (n *Networks) UnmarshalText(text []byte) error {
	*n = Networks{}
	if strings.TrimSpace(string(text)) == "none" {
		return nil
	}
	for part := range strings.SplitSeq(string(text), ",") {
		p, err := netip.ParsePrefix(strings.TrimSpace(part))
		if err != nil {
			return err
		}
		*n = append(*n, p)
	}
	return nil
}

// checkProduction refuses a list that was forgotten, and networks that are the whole internet.
func (n Networks) checkProduction(refuse func(name, why string)) {
	if n == nil {
		refuse("TRUSTED_PROXIES", `is needed in production: the proxy's network, or "none" where clients connect directly`)
	}
	for _, p := range n {
		if p.Bits() == 0 {
			refuse("TRUSTED_PROXIES", "must not be everybody in production: any client could claim any address")
		}
	}
}

type HubSettings struct {
	User     int `env:"USER" envDefault:"10"`
	Address  int `env:"ADDRESS" envDefault:"100"`
	Instance int `env:"INSTANCE" envDefault:"15000"`
}

type BroadcastSettings struct {
	ConfirmAbove int64    `env:"CONFIRM_ABOVE" envDefault:"0"`
	LinkHosts    []string `env:"LINK_HOSTS"`
}

// check refuses what no link could match.
func (b BroadcastSettings) check(refuse func(name, why string)) {
	if b.ConfirmAbove < 0 {
		refuse("BROADCAST_CONFIRM_ABOVE", "is less than 0, which is off")
	}
	for _, h := range b.LinkHosts {
		if u, err := url.Parse("https://" + h); err != nil || u.Host != h || strings.Contains(h, "*") {
			refuse("BROADCAST_LINK_HOSTS", fmt.Sprintf("%q is not a host or host:port", h))
		}
	}
}

type PaySettings struct {
	BaseURL        string `env:"BASE_URL"`
	MchID          string `env:"MCHID"`
	AppID          string `env:"APPID"`
	Serial         string `env:"SERIAL"`
	PrivateKeyFile string `env:"PRIVATE_KEY_FILE"`
	APIv3Key       string `env:"APIV3_KEY"`
	PublicKeyID    string `env:"PUBLIC_KEY_ID"`
	PublicKeyFile  string `env:"PUBLIC_KEY_FILE"`
}

// set reports whether there are any WeChat settings; without them the sandbox takes
// WeChat's place.
func (p PaySettings) set() bool { return p != PaySettings{} }

// MPSettings are of the official account (公众号).
type MPSettings struct {
	BaseURL string `env:"BASE_URL"`
	AppID   string `env:"APPID"`
	Secret  string `env:"SECRET"`
	Token   string `env:"TOKEN"`
	AESKey  string `env:"AES_KEY"`
	Events  string `env:"EVENTS" envDefault:"safe"` // the mode in which it posts them

	Templates string `env:"TEMPLATES"` // of its messages: JSON, see notice.ParseTemplates
}

// set reports whether there are any; without them the sandbox's account is used where the
// sandbox takes payments too, and else there is none.
func (m MPSettings) set() bool {
	m.Events = ""
	return m != MPSettings{}
}

// plain reports whether events are taken that are not encrypted.
func (m MPSettings) plain() bool { return m.Events == "plain" }

// check refuses an account that could not work.
func (m MPSettings) check(payAppID string, refuse func(name, why string)) {
	if m.Events != "" && m.Events != "safe" && m.Events != "plain" {
		refuse("WECHAT_MP_EVENTS", `is neither "safe" nor "plain"`)
	}
	if !m.set() {
		return
	}
	for _, f := range []struct{ name, value string }{{"APPID", m.AppID}, {"SECRET", m.Secret}, {"TOKEN", m.Token}} {
		if f.value == "" {
			refuse("WECHAT_MP_"+f.name, "is needed with the other WECHAT_MP_ settings")
		}
	}
	if _, err := notice.ParseTemplates(m.Templates); err != nil {
		refuse("WECHAT_MP_TEMPLATES", err.Error())
	}
	if len(m.AESKey) != 43 && !(m.plain() && m.AESKey == "") {
		refuse("WECHAT_MP_AES_KEY", "is not the 43 characters of an EncodingAESKey")
	}
	if m.AppID != "" && payAppID != "" && m.AppID != payAppID {
		refuse("WECHAT_MP_APPID", "is not WECHAT_PAY_APPID: an openid of one account pays under no other")
	}
}

func (s Settings) production() bool { return s.Env == "production" }

// mediaFolder is where files are without a MEDIA_URL.
func (s Settings) mediaFolder() string { return filepath.Join(s.DataDir, "media") }

// sandboxed reports whether the sandbox runs in this process: outside production always,
// for its clock, unless it is switched off.
func (s Settings) sandboxed() bool { return !s.production() && s.SandboxAddr != "off" }

// shopURL is how browsers and WeChat reach a shop that listens at addr.
func (s Settings) shopURL(addr net.Addr) string {
	if s.PublicURL != "" {
		return strings.TrimRight(s.PublicURL, "/")
	}
	return "http://" + reachable(addr)
}

func (s Settings) seeded() bool { return !s.production() && s.SeedDemo != "off" }

// unreadyTime is how long a closing shop still serves, for a load balancer to see that it
// goes.
func (s Settings) unreadyTime() time.Duration {
	if s.production() {
		return 3 * time.Second
	}
	return 0
}

// ReadSettings reads the environment and refuses what cannot work, naming the setting.
func ReadSettings() (Settings, error) {
	s, err := env.ParseAs[Settings]()
	if err != nil {
		return s, err
	}
	return s, s.Check()
}

func (s Settings) Check() error {
	var bad []error
	refuse := func(name, why string) { bad = append(bad, fmt.Errorf("%s: %s", name, why)) }
	if s.Env != "development" && s.Env != "production" {
		refuse("MSTM_ENV", `is neither "development" nor "production"`)
	}
	if s.SeedDemo != "on" && s.SeedDemo != "off" {
		refuse("SEED_DEMO", `is neither "on" nor "off"`)
	}
	if u, err := url.Parse(s.PublicURL); s.PublicURL != "" && (err != nil || u.Host == "" || strings.Trim(u.Path, "/") != "") {
		refuse("PUBLIC_URL", "is not scheme://host[:port]")
	}
	if !s.Pay.set() && s.SandboxAddr == "off" {
		refuse("SANDBOX_ADDR", "is off and there are no WECHAT_PAY_ settings: paying would be impossible")
	}
	if s.Pay.set() {
		s.Pay.check(refuse)
	}
	s.MP.check(s.Pay.AppID, refuse)
	s.SMS.check(s.production(), refuse)
	if r := s.OrderReminder; r != 0 && (r < time.Minute || r >= shop.PayWithin) {
		refuse("ORDER_REMINDER", fmt.Sprintf("is neither 0 (off) nor from 1m to less than %s, for which an order is open", shop.PayWithin))
	}
	if !s.TrialNeeds.Valid() {
		refuse("TRIAL_NEEDS", `is none of "none", "wechat" and "phone"`)
	}
	if s.RegisterProofAfter < 0 {
		refuse("REGISTER_PROOF_AFTER", "is less than 0, which is off")
	}
	if s.RefundStepUpAbove < 0 {
		refuse("REFUND_STEP_UP_ABOVE", "is less than 0")
	}
	s.Broadcast.check(refuse)
	s.Media.check(refuse)
	s.Playback.check(refuse)
	if s.production() {
		s.checkProduction(refuse)
	}
	return errors.Join(bad...)
}

// check refuses WeChat settings that are only half there.
func (p PaySettings) check(refuse func(name, why string)) {
	for name, value := range map[string]string{
		"MCHID": p.MchID, "APPID": p.AppID, "SERIAL": p.Serial, "PRIVATE_KEY_FILE": p.PrivateKeyFile,
	} {
		if value == "" {
			refuse("WECHAT_PAY_"+name, "is missing beside the other WECHAT_PAY_ settings")
		}
	}
	if len(p.APIv3Key) != 32 {
		refuse("WECHAT_PAY_APIV3_KEY", "must have 32 characters")
	}
	if (p.PublicKeyID == "") != (p.PublicKeyFile == "") {
		refuse("WECHAT_PAY_PUBLIC_KEY_ID", "and WECHAT_PAY_PUBLIC_KEY_FILE go together")
	}
}

// checkProduction refuses what is only good for development.
func (s Settings) checkProduction(refuse func(name, why string)) {
	if s.MongoURI == "" {
		refuse("MONGODB_URI", "is needed in production; the embedded store is for development")
	}
	if s.RedisURL == "" {
		refuse("REDIS_URL", "is needed in production; the embedded one is for development")
	}
	if !s.Pay.set() {
		refuse("WECHAT_PAY_MCHID", "is needed in production; the sandbox is for development")
	}
	if s.Pay.BaseURL != "" && !strings.HasPrefix(s.Pay.BaseURL, "https://") {
		refuse("WECHAT_PAY_BASE_URL", "must be https in production")
	}
	if s.MP.BaseURL != "" && !strings.HasPrefix(s.MP.BaseURL, "https://") {
		refuse("WECHAT_MP_BASE_URL", "must be https in production")
	}
	if !strings.HasPrefix(s.PublicURL, "https://") {
		refuse("PUBLIC_URL", "must be https in production")
	}
	for _, o := range s.AllowedOrigins {
		if o == "*" {
			refuse("ALLOWED_ORIGINS", "must not be * in production")
		} else if u, err := url.Parse(o); err != nil || u.Scheme != "https" || u.Host == "" || o != "https://"+u.Host {
			refuse("ALLOWED_ORIGINS", fmt.Sprintf("%q must be https://host[:port] in production", o))
		}
	}
	s.TrustedProxies.checkProduction(refuse)
}

// Package wechat speaks WeChat's protocols for the shop: WeChat Pay API v3 (type Pay), over
// the official SDK, and the official account (type Account). It knows amounts, numbers and
// signatures, and nothing of orders or learners: what a payment or a scan means is decided by
// its caller. Every refusal is one of the kinds in errors.go, so that callers never look at an
// HTTP status or at an SDK type.
//
// The same code talks to WeChat and to the sandbox beside it; only the BaseURL differs.
// Protocol facts come from WeChat Pay's documentation (pay.weixin.qq.com/doc/v3/merchant) and
// from the source of wechatpay-go v0.2.21.
package wechat

import (
	"cmp"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/sony/gobreaker/v2"
	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/validators"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
)

// PayConfig is what a merchant's console shows, and where to reach WeChat.
type PayConfig struct {
	// BaseURL replaces scheme and host of https://api.mch.weixin.qq.com; empty means WeChat itself.
	BaseURL string

	MchID, AppID string
	Serial       string // of the merchant's API certificate, upper-case hex
	PrivateKey   *rsa.PrivateKey
	APIv3Key     string // 32 bytes

	// PublicKeyID and PublicKey choose the public-key mode. Without them platform certificates are
	// downloaded now and every 11 hours. With them, callbacks that still carry a certificate's
	// serial (WeChat moves a merchant over in steps) are verified by certificates fetched on demand.
	PublicKeyID string
	PublicKey   *rsa.PublicKey

	// NotifyURL and RefundNotifyURL receive the callbacks: https, without a query string.
	NotifyURL, RefundNotifyURL string

	Timeout time.Duration // of one call, 5 s when zero; a bill may take twelve times as long

	// A breaker per kind of call opens after BreakerAfter calls in a row that got no usable answer
	// (5 when zero) and lets one call try again after BreakerPause (5 s when zero).
	BreakerAfter uint32
	BreakerPause time.Duration

	// FailingRefunds is how many refund calls a second may fail before more are held back: 3 when zero.
	FailingRefunds int

	Log      *slog.Logger
	Answered Answered // optional: counts
}

// Pay is a client of WeChat Pay for one merchant. It is safe for concurrent use.
type Pay struct {
	cfg       PayConfig
	http      *http.Client
	client    *core.Client // verifies every answer
	unsigned  *core.Client // for bill files, which WeChat does not sign
	keys      *keyring
	validator *validators.WechatPayNotifyValidator
	breakers  map[api]*gobreaker.CircuitBreaker[struct{}]
	refunds   pace
	log       *slog.Logger

	stop context.CancelFunc
	done sync.WaitGroup
}

// NewPay checks cfg and, in certificate mode, downloads the platform certificates. Settings that
// cannot work are an error; a WeChat that does not answer is not, because a shop must be able to
// start without it: the download is then repeated in the background.
func NewPay(ctx context.Context, cfg PayConfig) (*Pay, error) {
	base, bad := checkConfig(&cfg)
	if len(bad) > 0 {
		return nil, misfits(bad)
	}
	var err error
	p := &Pay{cfg: cfg, http: newHTTPClient(base, cfg.Answered), refunds: pace{limit: cfg.FailingRefunds}, log: cfg.Log}
	p.keys = newKeyring(cfg.PublicKeyID, cfg.PublicKey, p.fetchCertificates, p.log)
	p.client, err = core.NewClient(ctx,
		option.WithMerchantCredential(cfg.MchID, cfg.Serial, cfg.PrivateKey),
		option.WithVerifier(p.keys), option.WithHTTPClient(p.http))
	if err != nil {
		return nil, fmt.Errorf("wechat pay client: %w", err)
	}
	p.unsigned = core.NewClientWithValidator(p.client, &validators.NullValidator{})
	p.validator = validators.NewWechatPayNotifyValidator(p.keys)
	p.breakers = newBreakers(cfg, p.log)
	if err := p.keys.start(ctx); err != nil {
		return nil, err
	}
	ctx, p.stop = context.WithCancel(context.WithoutCancel(ctx))
	p.done.Go(func() { p.keys.keepFresh(ctx) })
	return p, nil
}

// Close stops the renewal of certificates and drops idle connections.
func (p *Pay) Close() {
	p.stop()
	p.done.Wait()
	p.http.CloseIdleConnections()
}

// misfit is a field of PayConfig that cannot work.
type misfit struct{ field, why string }

// checkConfig fills the defaults in and finds what would otherwise fail at the first payment.
func checkConfig(cfg *PayConfig) (base *url.URL, bad []misfit) {
	refuse := func(field, why string, args ...any) { bad = append(bad, misfit{field, fmt.Sprintf(why, args...)}) }
	for _, f := range []misfit{{"MchID", cfg.MchID}, {"AppID", cfg.AppID}, {"Serial", cfg.Serial}, {"NotifyURL", cfg.NotifyURL}, {"RefundNotifyURL", cfg.RefundNotifyURL}} {
		if f.why == "" {
			refuse(f.field, "is missing")
		}
	}
	if cfg.PrivateKey == nil {
		refuse("PrivateKey", "is missing")
	}
	// A key pasted with its newline, or a v2 key, only shows when the first callback fails to decrypt.
	if len(cfg.APIv3Key) != 32 {
		refuse("APIv3Key", "has %d bytes, not 32", len(cfg.APIv3Key))
	}
	if (cfg.PublicKeyID == "") != (cfg.PublicKey == nil) {
		refuse("PublicKeyID", "and PublicKey belong together")
	}
	base, err := baseURL(cfg.BaseURL)
	if err != nil {
		refuse("BaseURL", "%q is no http(s) address", cfg.BaseURL)
	}
	cfg.Timeout = cmp.Or(cfg.Timeout, 5*time.Second)
	cfg.BreakerAfter = cmp.Or(cfg.BreakerAfter, 5)
	cfg.BreakerPause = cmp.Or(cfg.BreakerPause, 5*time.Second)
	cfg.FailingRefunds = cmp.Or(cfg.FailingRefunds, failingRefunds)
	cfg.Log = cmp.Or(cfg.Log, slog.Default())
	return base, bad
}

// misfits puts them all into one error.
func misfits(bad []misfit) error {
	var errs []error
	for _, m := range bad {
		errs = append(errs, errors.New(m.field+" "+m.why))
	}
	return fmt.Errorf("wechat pay settings: %w", errors.Join(errs...))
}

// baseURL is nil when WeChat itself is meant.
func baseURL(s string) (*url.URL, error) {
	if s == "" {
		return nil, nil
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || (u.Scheme != "http" && u.Scheme != "https") {
		return nil, fmt.Errorf("%q is no http(s) address", s)
	}
	return u, nil
}

// call runs one request to WeChat: within the time-out, behind the breaker of its kind, with its
// error mapped to one of this package's kinds.
func (p *Pay) call(ctx context.Context, name api, do func(context.Context) error) error {
	timeout := p.cfg.Timeout
	if name == apiBill {
		timeout *= 12
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := p.breakers[name].Execute(func() (struct{}, error) {
		return struct{}{}, classify(name, safely(func() error { return do(ctx) }))
	})
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = fmt.Errorf("%w: too many failures in a row, not asked", ErrBusy)
	}
	if err != nil {
		return fmt.Errorf("wechat %s: %w", name, err)
	}
	return nil
}

// safely turns a panic of the SDK (it dereferences what an unexpected answer leaves nil) into an error.
func safely(do func() error) (err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("%w: the SDK gave up on the answer", ErrOutcomeUnknown)
		}
	}()
	return do()
}

// newBreakers makes one breaker per kind of call, so that trouble with refunds does not stop selling.
func newBreakers(cfg PayConfig, log *slog.Logger) map[api]*gobreaker.CircuitBreaker[struct{}] {
	m := map[api]*gobreaker.CircuitBreaker[struct{}]{}
	for _, name := range []api{apiNative, apiJSAPI, apiH5, apiQuery, apiClose, apiRefund, apiRefundQuery, apiBill} {
		m[name] = gobreaker.NewCircuitBreaker[struct{}](gobreaker.Settings{
			Name:         string(name),
			Timeout:      cfg.BreakerPause,
			ReadyToTrip:  func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= cfg.BreakerAfter },
			IsSuccessful: func(err error) bool { return !gotNoAnswer(err) },
			OnStateChange: func(name string, from, to gobreaker.State) {
				log.Warn("wechat breaker", "api", name, "from", from.String(), "to", to.String())
			},
		})
	}
	return m
}

package wechat

import (
	"context"
	"crypto/rsa"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"regexp"
	"sync"
	"sync/atomic"
	"time"

	"github.com/wechatpay-apiv3/wechatpay-go/core"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth"
	"github.com/wechatpay-apiv3/wechatpay-go/core/auth/verifiers"
	"github.com/wechatpay-apiv3/wechatpay-go/core/downloader"
	"github.com/wechatpay-apiv3/wechatpay-go/core/option"
	"github.com/wechatpay-apiv3/wechatpay-go/utils"
)

const (
	freshFor    = 11 * time.Hour // WeChat asks for less than 12 h
	retryAfter  = 15 * time.Second
	onDemandGap = time.Minute // strangers can invent serials; they must not make us download
)

// keyring holds the keys WeChat signs with: a public key, platform certificates, or both while a
// merchant changes over. It is the SDK's verifier and its source of certificates.
//
// The SDK's own certificate manager is not used: it swallows errors, waits a full interval before
// its first renewal, cannot be asked for a serial it does not know, and the race detector objects
// to it. Here every renewal is a first download: the list is trusted because it decrypts with the
// APIv3 key, so a process that slept through a whole rotation still heals.
type keyring struct {
	auth.Verifier
	publicKeyOnly bool // certificates are fetched only when one is asked for
	fetch         func(context.Context) (*downloader.CertificateDownloader, error)
	log           *slog.Logger

	certs atomic.Pointer[downloader.CertificateDownloader] // nil until the first download

	mu    sync.Mutex // one download at a time
	asked time.Time  // when the last one on demand began; guarded by mu
}

func newKeyring(id string, key *rsa.PublicKey, fetch func(context.Context) (*downloader.CertificateDownloader, error), log *slog.Logger) *keyring {
	k := &keyring{publicKeyOnly: key != nil, fetch: fetch, log: log}
	if key != nil {
		k.Verifier = verifiers.NewSHA256WithRSACombinedVerifier(k, id, *key)
	} else {
		k.Verifier = verifiers.NewSHA256WithRSAVerifier(k)
	}
	return k
}

// fetchCertificates downloads and decrypts the platform certificates.
func (p *Pay) fetchCertificates(ctx context.Context) (*downloader.CertificateDownloader, error) {
	ctx, cancel := context.WithTimeout(ctx, p.cfg.Timeout)
	defer cancel()
	client, err := core.NewClient(ctx, option.WithoutValidator(), option.WithHTTPClient(p.http),
		option.WithMerchantCredential(p.cfg.MchID, p.cfg.Serial, p.cfg.PrivateKey))
	if err != nil {
		return nil, err
	}
	var d *downloader.CertificateDownloader
	err = safely(func() (err error) {
		d, err = downloader.NewCertificateDownloaderWithClient(ctx, client, p.cfg.APIv3Key)
		return err
	})
	return d, classify(apiCertificates, err)
}

// start loads the certificates where nothing else can verify an answer. Only a WeChat that cannot
// be reached is forgiven.
func (k *keyring) start(ctx context.Context) error {
	if k.publicKeyOnly {
		return nil
	}
	err := k.renew(ctx)
	if err == nil || gotNoAnswer(err) {
		return nil
	}
	if errors.Is(err, errNoCertificates) {
		return fmt.Errorf("%w: set PublicKeyID and PublicKey", err)
	}
	return fmt.Errorf("platform certificates: %w", err)
}

// keepFresh renews the certificates until ctx ends.
func (k *keyring) keepFresh(ctx context.Context) {
	for {
		wait := freshFor
		if k.certs.Load() == nil && !k.publicKeyOnly {
			wait = retryAfter
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
		if k.certs.Load() != nil || !k.publicKeyOnly {
			_ = k.renew(ctx) // logged there; the old ones stay
		}
	}
}

func (k *keyring) renew(ctx context.Context) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.renewLocked(ctx)
}

func (k *keyring) renewLocked(ctx context.Context) error {
	d, err := k.fetch(ctx)
	if err != nil {
		k.log.Warn("wechat platform certificates not renewed", "err", err)
		return err
	}
	k.certs.Store(d)
	return nil
}

// Get finds a certificate; one not seen before is asked for at WeChat, which is how a rotation is
// noticed between two renewals.
func (k *keyring) Get(ctx context.Context, serial string) (*x509.Certificate, bool) {
	if cert, ok := k.known(ctx, serial); ok {
		return cert, true
	}
	if !looksLikeSerial(serial) || !k.mu.TryLock() {
		return nil, false
	}
	defer k.mu.Unlock()
	if time.Since(k.asked) < onDemandGap {
		return k.known(ctx, serial)
	}
	k.asked = time.Now()
	_ = k.renewLocked(context.WithoutCancel(ctx)) // for other callers too: the caller that asked may hang up
	return k.known(ctx, serial)
}

func (k *keyring) known(ctx context.Context, serial string) (*x509.Certificate, bool) {
	if d := k.certs.Load(); d != nil {
		return d.Get(ctx, serial)
	}
	return nil, false
}

// GetAll is every certificate at hand.
func (k *keyring) GetAll(ctx context.Context) map[string]*x509.Certificate {
	if d := k.certs.Load(); d != nil {
		return d.GetAll(ctx)
	}
	return nil
}

// GetNewestSerial is the serial WeChat is asked to sign with; empty when there is none.
func (k *keyring) GetNewestSerial(ctx context.Context) string {
	if d := k.certs.Load(); d != nil {
		return d.GetNewestSerial(ctx)
	}
	return ""
}

var serialForm = regexp.MustCompile(`^[0-9A-F]{16,40}$`)

// looksLikeSerial keeps nonsense from causing a download.
func looksLikeSerial(s string) bool { return serialForm.MatchString(s) }

// LoadPrivateKey reads the merchant's API key, a PKCS#8 PEM file (apiclient_key.pem).
func LoadPrivateKey(path string) (*rsa.PrivateKey, error) {
	return loadKey(path, utils.LoadPrivateKey)
}

// LoadPublicKey reads WeChat Pay's public key, a PKIX PEM file (pub_key.pem).
func LoadPublicKey(path string) (*rsa.PublicKey, error) {
	return loadKey(path, utils.LoadPublicKey)
}

// loadKey drops the SDK's own errors, which can quote the file.
func loadKey[K any](path string, parse func(string) (*K, error)) (*K, error) {
	raw, err := os.ReadFile(path)
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	key, err := parse(string(raw))
	if err != nil {
		return nil, fmt.Errorf("key file %s: not the PEM that WeChat Pay's console gives out", path)
	}
	return key, nil
}

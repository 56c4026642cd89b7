package wechat_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"
	"time"

	"mstm/wechat"
)

// letter is a genuine callback, to be spoilt.
type letter struct {
	header http.Header
	body   []byte
}

func (w *world) letter() letter {
	w.t.Helper()
	w.paid("T00001")
	w.mu.Lock()
	defer w.mu.Unlock()
	return letter{w.headers[0].Clone(), w.bodies[0]}
}

func (l letter) request() *http.Request {
	r := httptest.NewRequest(http.MethodPost, "/api/wechat/pay-notify", bytes.NewReader(l.body))
	r.Header = l.header.Clone()
	return r
}

func TestACallbackThatWasTouchedIsRefused(t *testing.T) {
	for _, mode := range bothModes {
		w := newWorld(t, mode)
		genuine := w.letter()
		if _, tx, err := w.pay.ParsePayment(genuine.request()); err != nil || tx.OutTradeNo != "T00001" {
			t.Fatalf("%s: the genuine one: %v", mode, err)
		}
		set := func(name, value string) func(*letter) { return func(l *letter) { l.header.Set(name, value) } }
		now := time.Now().Unix()
		serial, signature, nonce, stamp := genuine.header.Get("Wechatpay-Serial"), genuine.header.Get("Wechatpay-Signature"), genuine.header.Get("Wechatpay-Nonce"), genuine.header.Get("Wechatpay-Timestamp")
		for name, spoil := range map[string]func(*letter){
			"no serial":                      func(l *letter) { l.header.Del("Wechatpay-Serial") },
			"no signature":                   func(l *letter) { l.header.Del("Wechatpay-Signature") },
			"no timestamp":                   func(l *letter) { l.header.Del("Wechatpay-Timestamp") },
			"no nonce":                       func(l *letter) { l.header.Del("Wechatpay-Nonce") },
			"another serial":                 set("Wechatpay-Serial", serial[:len(serial)-1]+"X"),
			"another nonce":                  set("Wechatpay-Nonce", nonce+"0"),
			"a signature of nothing":         set("Wechatpay-Signature", "AAAA"),
			"a signature that is no base64":  set("Wechatpay-Signature", "!"+signature[1:]),
			"a line break in the signature":  set("Wechatpay-Signature", signature[:8]+"\n"+signature[8:]),
			"two signatures":                 func(l *letter) { l.header.Add("Wechatpay-Signature", signature) },
			"another timestamp":              set("Wechatpay-Timestamp", strconv.FormatInt(now-1, 10)+"1"),
			"the timestamp, padded":          set("Wechatpay-Timestamp", "0"+stamp),
			"a timestamp six minutes old":    set("Wechatpay-Timestamp", strconv.FormatInt(now-360, 10)),
			"a timestamp six minutes ahead":  set("Wechatpay-Timestamp", strconv.FormatInt(now+360, 10)),
			"another signature type":         set("Wechatpay-Signature-Type", "WECHATPAY2-SM2-WITH-SM3"),
			"an empty body":                  func(l *letter) { l.body = nil },
			"a space behind the body":        func(l *letter) { l.body = append(bytes.Clone(l.body), ' ') },
			"JSON that means the same":       func(l *letter) { l.body = bytes.Replace(l.body, []byte(`,"`), []byte(`, "`), 1) },
			"a body cut short":               func(l *letter) { l.body = l.body[:len(l.body)-1] },
			"timestamp and nonce in one row": func(l *letter) { l.header.Set("Wechatpay-Nonce", nonce[:4]+"\n"+nonce[4:]) },
		} {
			l := letter{genuine.header.Clone(), genuine.body}
			spoil(&l)
			if _, tx, err := w.pay.ParsePayment(l.request()); !errors.Is(err, wechat.ErrBadSignature) || tx != (wechat.Transaction{}) {
				t.Errorf("%s, %s: %+v, %v", mode, name, tx, err)
			}
		}
	}
}

func TestNoBitOfACallbackCanBeFlipped(t *testing.T) {
	w := newWorld(t, publicKey)
	genuine := w.letter()
	for i := range len(genuine.body) {
		l := letter{genuine.header, bytes.Clone(genuine.body)}
		l.body[i] ^= 1 << (i % 8)
		if _, _, err := w.pay.ParsePayment(l.request()); !errors.Is(err, wechat.ErrBadSignature) && !errors.Is(err, wechat.ErrNotV3) {
			t.Fatalf("byte %d of the body: %v", i, err)
		}
	}
	for _, name := range []string{"Wechatpay-Signature", "Wechatpay-Nonce", "Wechatpay-Timestamp", "Wechatpay-Serial"} {
		value := genuine.header.Get(name)
		for i := range len(value) * 8 {
			l := letter{genuine.header.Clone(), genuine.body}
			b := []byte(value)
			b[i/8] ^= 1 << (i % 8)
			l.header.Set(name, string(b))
			if _, _, err := w.pay.ParsePayment(l.request()); !errors.Is(err, wechat.ErrBadSignature) {
				t.Fatalf("bit %d of %s: %v", i, name, err)
			}
		}
	}
}

func TestACallbackFromAnotherWeChatIsRefused(t *testing.T) {
	w := newWorld(t, publicKey)
	cfg := w.cfg
	cfg.PublicKey = &cfg.PrivateKey.PublicKey // some other key under the right id
	other, err := wechat.NewPay(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := other.ParsePayment(w.letter().request()); !errors.Is(err, wechat.ErrBadSignature) {
		t.Errorf("%v", err)
	}
}

func TestWhatIsSignedAndYetWrong(t *testing.T) {
	w := newWorld(t, publicKey)
	genuine := w.letter()
	if _, _, err := w.pay.ParseRefund(genuine.request()); !errors.Is(err, wechat.ErrBadCallback) {
		t.Errorf("a payment sent as a refund: %v", err)
	}
	cfg := w.cfg
	cfg.APIv3Key = strings.Repeat("k", 32)
	other, err := wechat.NewPay(context.Background(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	defer other.Close()
	if _, _, err := other.ParsePayment(genuine.request()); !errors.Is(err, wechat.ErrBadCallback) {
		t.Errorf("another APIv3 key: %v", err)
	}
	big := letter{genuine.header, bytes.Repeat([]byte("x"), 65<<10)}
	if _, _, err := w.pay.ParsePayment(big.request()); !errors.Is(err, wechat.ErrBadCallback) {
		t.Errorf("65 KiB: %v", err)
	}
}

func TestNoErrorAndNoLogLineCarriesACallbackOrAKey(t *testing.T) {
	var log bytes.Buffer
	w := newWorld(t, certificates, func(cfg *wechat.PayConfig) { cfg.Log = slog.New(slog.NewTextHandler(&log, nil)) })
	l := w.letter()
	l.header.Set("Wechatpay-Nonce", "another")
	l.header.Set("X-Secret", "s3cr3t-cookie")
	_, _, callbackErr := w.pay.ParsePayment(l.request())
	w.faults(`{"api":[{"api":"*","status":500}]}`)
	_, apiErr := w.pay.Query(context.Background(), "T00001")
	text := callbackErr.Error() + apiErr.Error() + log.String()
	for _, secret := range []string{"s3cr3t-cookie", w.cfg.APIv3Key, l.header.Get("Wechatpay-Signature"), "ciphertext", "Request-Id:", "Authorization"} {
		if strings.Contains(text, secret) {
			t.Errorf("%q is in %s", secret, text)
		}
	}
}

func TestARotatedCertificateIsFoundWithoutARestart(t *testing.T) {
	w := newWorld(t, certificates)
	w.paid("T00001")
	var issued struct {
		Serial string `json:"serial_no"`
	}
	w.must("POST", "/sandbox/certificates", map[string]string{}, &issued)
	w.paid("T00002")
	w.mu.Lock()
	before, after := w.headers[0].Get("Wechatpay-Serial"), w.headers[1].Get("Wechatpay-Serial")
	w.mu.Unlock()
	if before == after || after != issued.Serial {
		t.Fatalf("signed with %s, then %s; issued %s", before, after, issued.Serial)
	}
	for _, h := range w.callbacks() {
		if h.err != nil {
			t.Errorf("old and new certificates must both do: %v", h.err)
		}
	}
}

// A stranger's download is everybody's for the next minute: that the stranger hangs up must not end it.
func TestAStrangerThatHangsUpKeepsNoCertificateFromUs(t *testing.T) {
	w := newWorld(t, certificates)
	genuine := w.letter()
	w.must("POST", "/sandbox/certificates", map[string]string{}, nil)
	genuine.header.Set("Wechatpay-Serial", "0123456789ABCDEF0123456789ABCDEF01234567")
	ctx, hangUp := context.WithCancel(t.Context())
	hangUp()
	if _, _, err := w.pay.ParsePayment(genuine.request().WithContext(ctx)); !errors.Is(err, wechat.ErrBadSignature) {
		t.Fatal(err)
	}
	w.paid("T00002")
	if all := w.callbacks(); all[len(all)-1].err != nil {
		t.Errorf("signed with the new certificate: %v", all[len(all)-1].err)
	}
}

func TestInventedSerialsCauseOneDownloadAtMost(t *testing.T) {
	w := newWorld(t, publicKey)
	genuine := w.letter()
	w.faults(`{"api":[{"api":"certificates","status":500,"times":50}]}`)
	for range 40 {
		l := letter{genuine.header.Clone(), genuine.body}
		l.header.Set("Wechatpay-Serial", "0123456789ABCDEF0123456789ABCDEF01234567")
		if _, _, err := w.pay.ParsePayment(l.request()); !errors.Is(err, wechat.ErrBadSignature) {
			t.Fatal(err)
		}
	}
	var left struct {
		API []struct{ Times int }
	}
	w.must("GET", "/sandbox/faults", nil, &left)
	if len(left.API) != 1 || left.API[0].Times != 49 {
		t.Errorf("faults left %+v: 40 strangers must cause one download", left.API)
	}
}

func TestSettingsThatCannotWorkAreNamedAtTheStart(t *testing.T) {
	w := newWorld(t, certificates)
	for name, spoil := range map[string]func(*wechat.PayConfig){
		"no merchant":               func(c *wechat.PayConfig) { c.MchID = "" },
		"no private key":            func(c *wechat.PayConfig) { c.PrivateKey = nil },
		"an APIv3 key with newline": func(c *wechat.PayConfig) { c.APIv3Key += "\n" },
		"another APIv3 key":         func(c *wechat.PayConfig) { c.APIv3Key = strings.Repeat("k", 32) },
		"a key id without its key":  func(c *wechat.PayConfig) { c.PublicKeyID = "PUB_KEY_ID_1" },
		"another serial":            func(c *wechat.PayConfig) { c.Serial = "00" },
		"no address":                func(c *wechat.PayConfig) { c.BaseURL = "wechat" },
	} {
		cfg := w.cfg
		spoil(&cfg)
		if pay, err := wechat.NewPay(context.Background(), cfg); err == nil {
			pay.Close()
			t.Errorf("%s: accepted", name)
		}
	}
	w.faults(`{"api":[{"api":"certificates","status":404}]}`)
	if _, err := wechat.NewPay(context.Background(), w.cfg); err == nil || !strings.Contains(err.Error(), "PublicKeyID") {
		t.Errorf("a merchant without certificates: %v", err)
	}
}

func TestCertificatesOfAnUnlikelyShapeAreAnErrorAndNoPanic(t *testing.T) {
	w := newWorld(t, publicKey)
	for _, answer := range []string{`{"data":[{}]}`, `{"data":[{"serial_no":"1","encrypt_certificate":{"nonce":"x","associated_data":"","ciphertext":"AAAA"}}]}`, `{"data":[]}`, `null`, `<html>`} {
		server := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(answer)) }))
		cfg := w.cfg
		cfg.BaseURL, cfg.PublicKeyID, cfg.PublicKey = server.URL, "", nil
		if pay, err := wechat.NewPay(context.Background(), cfg); err == nil {
			pay.Close()
			t.Errorf("%s: accepted", answer)
		}
		server.Close()
	}
}

// BenchmarkABadCallback is what a flood of them costs.
func BenchmarkABadCallback(b *testing.B) {
	w := newWorld(b, publicKey)
	l := w.letter()
	l.header.Set("Wechatpay-Nonce", "another")
	for b.Loop() {
		if _, _, err := w.pay.ParsePayment(l.request()); err == nil {
			b.Fatal("accepted")
		}
	}
}

// TestKeysThatRotateMidRunBothVerifyAndAThirdIsRefused mixes callbacks signed with the old
// certificate, a new one and the public key, as during a change-over; a key that WeChat does not
// have signs a third kind.
func TestKeysThatRotateMidRunBothVerifyAndAThirdIsRefused(t *testing.T) {
	for _, mode := range bothModes {
		w := newWorld(t, mode)
		w.paid("T00001")
		w.must("POST", "/sandbox/certificates", map[string]string{}, nil)
		forge := func(fault map[string]any) heard {
			before := len(w.callbacks())
			w.must("POST", "/sandbox/forge", map[string]any{"out_trade_no": "T00001", "fault": fault}, nil)
			return w.await(before + 1)[before]
		}
		serials := map[string]bool{}
		for i := range 12 {
			signer := []string{"certificate", "public_key"}[i%2]
			if mode == certificates {
				signer = "certificate"
			}
			if i%3 == 2 {
				if h := forge(map[string]any{"signer": signer, "unknown_serial": true}); !errors.Is(h.err, wechat.ErrBadSignature) {
					t.Errorf("%s: an unknown key: %+v", mode, h)
				}
				continue
			}
			if h := forge(map[string]any{"signer": signer}); h.err != nil || h.tx.OutTradeNo != "T00001" {
				t.Errorf("%s: signed with the %s: %+v", mode, signer, h)
			}
		}
		w.mu.Lock()
		for i, h := range w.headers {
			if w.heard[i].err == nil {
				serials[h.Get("Wechatpay-Serial")] = true
			}
		}
		w.mu.Unlock()
		if len(serials) != 2 {
			t.Errorf("%s: verified by %v, not by two keys", mode, serials)
		}
	}
}

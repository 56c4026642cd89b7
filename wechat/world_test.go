package wechat_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mstm/shop"
	"mstm/wechat"
	"mstm/wechat/sandbox"
)

// keyDir holds keys generated once for all tests of this package: making them is the slow part.
var keyDir string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "wechat-keys")
	if err != nil {
		panic(err)
	}
	keyDir = dir
	box, err := sandbox.New(sandbox.Config{Dir: dir, PublicURL: "http://127.0.0.1:1"})
	if err != nil {
		panic(err)
	}
	_ = box.Close()
	_ = os.Remove(dir + "/state.db")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// The two ways a merchant verifies WeChat.
const (
	publicKey    = "public key"
	certificates = "platform certificates"
)

var bothModes = []string{publicKey, certificates}

// world is a sandbox, a client of it, and a shop's callback address.
type world struct {
	t    testing.TB
	box  *sandbox.Sandbox
	url  string
	shop *httptest.Server
	pay  *wechat.Pay
	cfg  wechat.PayConfig

	offset atomic.Int64 // of the business clock
	status atomic.Int64 // what the shop answers; 0: what it thinks right

	mu      sync.Mutex
	heard   []heard
	bodies  [][]byte
	headers []http.Header
}

// heard is one callback as the shop understood it.
type heard struct {
	id  string
	tx  wechat.Transaction
	rf  wechat.Refund
	err error
}

func (w *world) now() time.Time { return time.Now().Add(time.Duration(w.offset.Load())) }

// newWorld starts everything; options change the client's settings.
func newWorld(t testing.TB, mode string, options ...func(*wechat.PayConfig)) *world {
	t.Helper()
	w := &world{t: t}
	w.shop = httptest.NewServer(http.HandlerFunc(w.callback))
	t.Cleanup(w.shop.Close)
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(keyDir)); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewUnstartedServer(nil) // the sandbox must know its address before it can serve
	t.Cleanup(server.Close)
	w.url = "http://" + server.Listener.Addr().String()
	quiet := slog.New(slog.DiscardHandler)
	box, err := sandbox.New(sandbox.Config{Dir: dir, PublicURL: w.url, ShopURL: w.shop.URL, Now: w.now, Log: quiet,
		SetClock: func(_ context.Context, now time.Time) error { w.offset.Store(int64(time.Until(now))); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	w.box, server.Config.Handler = box, box.Handler()
	server.Start()
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = box.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-done; _ = box.Close() })

	w.cfg = clientConfig(box.Settings(), mode, w.shop.URL)
	w.cfg.Log = quiet
	for _, o := range options {
		o(&w.cfg)
	}
	if w.pay, err = wechat.NewPay(context.Background(), w.cfg); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.pay.Close)
	return w
}

func clientConfig(s sandbox.Settings, mode, shopURL string) wechat.PayConfig {
	cfg := wechat.PayConfig{BaseURL: s.BaseURL, MchID: s.MchID, AppID: s.AppID, Serial: s.Serial, PrivateKey: s.PrivateKey, APIv3Key: s.APIv3Key,
		NotifyURL: shopURL + "/pay-notify", RefundNotifyURL: shopURL + "/refund-notify", BreakerAfter: 1000, FailingRefunds: 1000}
	if mode == publicKey {
		cfg.PublicKeyID, cfg.PublicKey = s.PublicKeyID, s.PublicKey
	}
	return cfg
}

// callback is the shop's end: it parses, remembers, and answers as a shop should.
func (w *world) callback(rw http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	var h heard
	if r.URL.Path == "/refund-notify" {
		h.id, h.rf, h.err = w.pay.ParseRefund(r)
	} else {
		h.id, h.tx, h.err = w.pay.ParsePayment(r)
	}
	w.mu.Lock()
	w.heard, w.bodies, w.headers = append(w.heard, h), append(w.bodies, body), append(w.headers, r.Header.Clone())
	w.mu.Unlock()
	switch status := int(w.status.Load()); {
	case status != 0:
		rw.WriteHeader(status)
	case h.err != nil:
		rw.WriteHeader(http.StatusUnauthorized)
	}
}

func (w *world) callbacks() []heard {
	w.mu.Lock()
	defer w.mu.Unlock()
	return append([]heard(nil), w.heard...)
}

// await polls until the shop has heard n callbacks.
func (w *world) await(n int) []heard {
	w.t.Helper()
	w.eventually(fmt.Sprintf("%d callbacks", n), func() bool { return len(w.callbacks()) >= n })
	return w.callbacks()
}

func (w *world) eventually(what string, ok func() bool) {
	w.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatalf("never came: %s", what)
		}
	}
}

// control calls the sandbox's control API and decodes the answer into out.
func (w *world) control(method, path string, in, out any) int {
	w.t.Helper()
	raw, err := json.Marshal(in)
	if err != nil {
		w.t.Fatal(err)
	}
	return w.controlRaw(method, path, string(raw), out)
}

// controlRaw is control with a body that need not be JSON.
func (w *world) controlRaw(method, path, body string, out any) int {
	w.t.Helper()
	req, err := http.NewRequest(method, w.url+path, strings.NewReader(body))
	if err != nil {
		w.t.Fatal(err)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	if out != nil {
		if err := json.NewDecoder(res.Body).Decode(out); err != nil {
			w.t.Fatalf("%s %s: %v", method, path, err)
		}
	}
	return res.StatusCode
}

// must is control where anything but 200 fails the test.
func (w *world) must(method, path string, in, out any) {
	w.t.Helper()
	if status := w.control(method, path, in, out); status != http.StatusOK {
		w.t.Fatalf("%s %s %v: status %d", method, path, in, status)
	}
}

// faults puts the set in force.
func (w *world) faults(set string) {
	w.t.Helper()
	w.must("PUT", "/sandbox/faults", json.RawMessage(set), nil)
}

// pass moves the business clock on.
func (w *world) pass(d time.Duration) {
	w.t.Helper()
	w.must("PUT", "/sandbox/clock", map[string]any{"now": w.now().Add(d)}, nil)
}

// prepay places a native trade of 199 yuan.
func (w *world) prepay(no string) wechat.Prepaid {
	w.t.Helper()
	out, err := w.pay.Prepay(context.Background(), order(no))
	if err != nil {
		w.t.Fatal(err)
	}
	return out
}

func order(no string) wechat.Prepay {
	return wechat.Prepay{Channel: shop.ChannelNative, OutTradeNo: no, Description: "从零学会摄影", Total: 19900,
		ExpiresAt: time.Date(2035, 1, 1, 0, 0, 0, 0, time.UTC)}
}

// paid places and pays a trade and waits for the shop to hear of it.
func (w *world) paid(no string) wechat.Transaction {
	w.t.Helper()
	before := len(w.callbacks())
	w.must("POST", "/sandbox/pay", map[string]string{"code_url": w.prepay(no).CodeURL}, nil)
	return w.await(before + 1)[before].tx
}

package sandbox

import (
	"bytes"
	"context"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// keyDir holds keys generated once for all tests of this package: making them is the slow part.
var keyDir string

func TestMain(m *testing.M) {
	if dir := os.Getenv("SANDBOX_TEST_CHILD"); dir != "" {
		runChild(dir, os.Getenv("SANDBOX_TEST_URL"))
		return
	}
	dir, err := os.MkdirTemp("", "sandbox-keys")
	if err != nil {
		panic(err)
	}
	keyDir = dir
	box, err := New(Config{Dir: dir, PublicURL: "http://127.0.0.1:1"})
	if err != nil {
		panic(err)
	}
	_ = box.Close()
	_ = os.Remove(dir + "/state.db")
	code := m.Run()
	_ = os.RemoveAll(dir)
	os.Exit(code)
}

// box is a sandbox with a movable clock and a shop with answers that the test sets.
type box struct {
	*Sandbox
	t      *testing.T
	url    string
	shop   *httptest.Server
	clock  atomic.Int64 // unix nanoseconds of business time; it stands still
	status atomic.Int64 // the shop's answer

	mu    sync.Mutex
	heard []time.Time // business time of each callback
}

// noon is when the tests begin, Beijing.
var noon = time.Date(2025, 3, 1, 12, 0, 0, 0, beijing)

func newBox(t *testing.T) *box {
	t.Helper()
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(keyDir)); err != nil {
		t.Fatal(err)
	}
	b := &box{t: t}
	b.clock.Store(noon.UnixNano())
	b.status.Store(http.StatusOK)
	b.shop = httptest.NewServer(http.HandlerFunc(b.callback))
	t.Cleanup(b.shop.Close)
	server := httptest.NewUnstartedServer(nil) // the sandbox must know its address before it can serve
	t.Cleanup(server.Close)
	b.url = "http://" + server.Listener.Addr().String()
	var err error
	b.Sandbox, err = New(Config{Dir: dir, PublicURL: b.url, ShopURL: "http://127.0.0.1:8080", Now: b.business, Log: slog.New(slog.DiscardHandler),
		SetClock: func(_ context.Context, now time.Time) error { b.clock.Store(now.UnixNano()); return nil }})
	if err != nil {
		t.Fatal(err)
	}
	server.Config.Handler = b.Handler()
	server.Start()
	t.Cleanup(func() { _ = b.Close() })
	return b
}

// run starts the callback engine.
func (b *box) run() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); _ = b.Run(ctx) }()
	b.t.Cleanup(func() { cancel(); <-done })
}

func (b *box) business() time.Time { return time.Unix(0, b.clock.Load()) }

func (b *box) pass(d time.Duration) {
	b.clock.Add(int64(d))
	b.nudge()
}

func (b *box) callback(w http.ResponseWriter, _ *http.Request) {
	b.mu.Lock()
	b.heard = append(b.heard, b.business())
	b.mu.Unlock()
	w.WriteHeader(int(b.status.Load()))
}

func (b *box) calls() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.heard)
}

func (b *box) eventually(what string, ok func() bool) {
	b.t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			b.t.Fatalf("never came: %s", what)
		}
	}
}

// answer is a response read to its end.
type answered struct {
	status int
	header http.Header
	body   []byte
	Code   string
	Detail struct{ Field string }
}

func (b *box) do(req *http.Request) answered {
	b.t.Helper()
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	out := answered{status: res.StatusCode, header: res.Header}
	out.body, _ = io.ReadAll(res.Body)
	_ = json.Unmarshal(out.body, &out)
	return out
}

// signed makes a request as a merchant does; edit may spoil the parts of the Authorization.
func (b *box) signed(method, path, body string, edit ...func(map[string]string)) *http.Request {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	k := b.keys
	pairs := map[string]string{"mchid": k.id.MchID, "nonce_str": "n0nce", "timestamp": strconv.FormatInt(time.Now().Unix(), 10), "serial_no": k.id.Serial, "scheme": scheme + " "}
	for _, f := range edit {
		f(pairs)
	}
	if pairs["signature"] == "" {
		pairs["signature"] = sign(k.merchant, method, path, pairs["timestamp"], pairs["nonce_str"], body)
	}
	req.Header.Set("Authorization", fmt.Sprintf(`%sserial_no="%s",signature="%s", mchid="%s",timestamp="%s",nonce_str="%s"`, pairs["scheme"],
		pairs["serial_no"], pairs["signature"], pairs["mchid"], pairs["timestamp"], pairs["nonce_str"]))
	req.Header.Set("Wechatpay-Serial", k.id.PublicKeyID)
	return req
}

func sign(key *rsa.PrivateKey, lines ...string) string {
	sum := sha256.Sum256([]byte(strings.Join(lines, "\n") + "\n"))
	raw, _ := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
	return base64.StdEncoding.EncodeToString(raw)
}

func (b *box) api(method, path, body string) answered {
	b.t.Helper()
	return b.do(b.signed(method, path, body))
}

// control calls the control API.
func (b *box) control(method, path, body string) answered {
	b.t.Helper()
	req, err := http.NewRequest(method, b.url+path, strings.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	return b.do(req)
}

// order is a prepay body; changes replace fields.
func (b *box) order(no string, changes ...map[string]any) string {
	body := map[string]any{"appid": b.keys.id.AppID, "mchid": b.keys.id.MchID, "description": "从零学会摄影", "out_trade_no": no,
		"notify_url": b.shop.URL + "/notify", "amount": map[string]any{"total": 19900, "currency": "CNY"},
		"payer": map[string]any{"openid": "oReader1"}, "scene_info": map[string]any{"payer_client_ip": "1.2.3.4", "h5_info": map[string]any{"type": "Wap"}}}
	for _, c := range changes {
		for k, v := range c {
			if body[k] = v; v == "" {
				delete(body, k)
			}
		}
	}
	raw, err := json.Marshal(body)
	if err != nil {
		b.t.Fatal(err)
	}
	return string(raw)
}

// prepay places a trade and returns its code.
func (b *box) prepay(kind, no string, changes ...map[string]any) string {
	b.t.Helper()
	got := b.api("POST", "/v3/pay/transactions/"+kind, b.order(no, changes...))
	if got.status != http.StatusOK {
		b.t.Fatalf("prepay %s: %d %s", no, got.status, got.body)
	}
	var out map[string]string
	if err := json.Unmarshal(got.body, &out); err != nil {
		b.t.Fatal(err)
	}
	for _, code := range out {
		return code
	}
	return ""
}

func (b *box) payCode(code string) answered {
	b.t.Helper()
	raw, _ := json.Marshal(map[string]string{"code_url": code})
	return b.control("POST", "/sandbox/pay", string(raw))
}

// verify checks an answer's signature against a key of the sandbox.
func verify(key *rsa.PublicKey, h http.Header, body []byte) error {
	sum := sha256.Sum256(bytes.Join([][]byte{[]byte(h.Get("Wechatpay-Timestamp")), []byte(h.Get("Wechatpay-Nonce")), body, nil}, []byte("\n")))
	raw, err := base64.StdEncoding.DecodeString(h.Get("Wechatpay-Signature"))
	if err != nil {
		return err
	}
	return rsa.VerifyPKCS1v15(key, crypto.SHA256, sum[:], raw)
}

package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/app"
	"mstm/handlers/contracttest"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// testShop is a whole shop running in this process: API, pages, sockets, sandbox.
type testShop struct {
	t       testing.TB
	url     string
	sandbox string // "" where it has none of its own
	dataDir string
	mongo   string // the URI of its database, "" where it is embedded
	log     *logBook
	stop    func() // as SIGTERM does; may be called twice
}

// shopOption changes how a shop is started.
type shopOption func(*app.Settings)

// withStores puts a shop on these databases; "" is the embedded one.
func withStores(mongo, redis string) shopOption {
	return func(s *app.Settings) { s.MongoURI, s.RedisURL = mongo, redis }
}

// withDataDir opens a data folder that another shop may have left.
func withDataDir(dir string) shopOption {
	return func(s *app.Settings) { s.DataDir = dir }
}

// withSandboxOf makes a shop pay in another shop's sandbox and have none of its own.
func withSandboxOf(other *testShop) shopOption {
	return func(s *app.Settings) {
		s.Pay, s.MP = readSandboxEnv(other.t, other.dataDir)
	}
}

// startShop starts a shop as `go run .` would, on free ports and in an empty folder, and
// stops it when the test ends. Its database is the folder's own (storetest.Own).
func startShop(t testing.TB, options ...shopOption) *testShop {
	t.Helper()
	cfg := app.Settings{
		Env: "development", Addr: "127.0.0.1:0", SandboxAddr: "127.0.0.1:0", DataDir: t.TempDir(), SeedDemo: "on",
		OrderReminder: 10 * time.Minute,
	}
	for _, o := range options {
		o(&cfg)
	}
	return startApp(t, &app.App{Settings: cfg})
}

// startApp starts an app that has its settings, as startShop does.
func startApp(t testing.TB, a *app.App) *testShop {
	t.Helper()
	s := &testShop{t: t, log: &logBook{}}
	cfg := &a.Settings
	if cfg.MongoURI == "" {
		cfg.MongoURI = storetest.Own(t, cfg.DataDir)
	}
	a.Log = slog.New(slog.NewJSONHandler(s.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, cancel := context.WithCancel(context.Background())
	if err := a.Open(ctx); err != nil {
		cancel()
		t.Fatalf("the shop did not start: %v\n%s", err, s.log)
	}
	s.url, s.sandbox, s.dataDir, s.mongo = a.URL, a.SandboxURL, cfg.DataDir, cfg.MongoURI
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(a.Serve(ctx), a.Close()) }()
	var once sync.Once
	s.stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the shop ended with: %v", err)
			}
		})
	}
	t.Cleanup(s.stop)
	return s
}

// readSandboxEnv reads the settings that a sandbox leaves for other shops.
func readSandboxEnv(t testing.TB, dataDir string) (app.PaySettings, app.MPSettings) {
	t.Helper()
	b, err := os.ReadFile(dataDir + "/sandbox/sandbox.env")
	if err != nil {
		t.Fatal(err)
	}
	env := map[string]string{}
	for line := range strings.Lines(string(b)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok {
			env[name] = strings.Trim(value, `"'`)
		}
	}
	return app.PaySettings{
			BaseURL: env["WECHAT_PAY_BASE_URL"], MchID: env["WECHAT_PAY_MCHID"], AppID: env["WECHAT_PAY_APPID"],
			Serial: env["WECHAT_PAY_SERIAL"], PrivateKeyFile: env["WECHAT_PAY_PRIVATE_KEY_FILE"], APIv3Key: env["WECHAT_PAY_APIV3_KEY"],
			PublicKeyID: env["WECHAT_PAY_PUBLIC_KEY_ID"], PublicKeyFile: env["WECHAT_PAY_PUBLIC_KEY_FILE"],
		}, app.MPSettings{
			BaseURL: env["WECHAT_MP_BASE_URL"], AppID: env["WECHAT_MP_APPID"], Secret: env["WECHAT_MP_SECRET"],
			Token: env["WECHAT_MP_TOKEN"], AESKey: env["WECHAT_MP_AES_KEY"], Templates: env["WECHAT_MP_TEMPLATES"],
		}
}

// program is the command line of a shop with these settings; out takes what a command prints.
func program(cfg app.Settings, out io.Writer) app.Program {
	return app.Program{Log: slog.New(slog.DiscardHandler), Out: out, Settings: func() (app.Settings, error) { return cfg, nil }}
}

// logBook keeps what a shop logged.
type logBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes what a shop logs.
func (l *logBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all that was logged since the last reset.
func (l *logBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// reset forgets what was logged.
func (l *logBook) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// person is an account, or a visitor without one, that talks to a shop over HTTP.
type person struct {
	t      testing.TB
	url    string
	name   string
	token  string
	header http.Header

	patient bool // tries again for a minute where the shop is busy
}

// answer is what a person was answered.
type answer struct {
	t      testing.TB
	what   string
	status int
	header http.Header
	body   []byte
}

// testPassword is every learner's.
const testPassword = "correct horse battery"

// visitor has no account.
func (s *testShop) visitor() *person { return &person{t: s.t, url: s.url, header: http.Header{}} }

// newLearner registers an account and logs in.
func (s *testShop) newLearner() *person {
	s.t.Helper()
	p := s.visitor()
	p.name = "u" + strings.ToLower(rand.Text()[:12])
	p.post("/api/register", obj{"username": p.name, "password": testPassword}).want(201)
	return p.login(p.name, testPassword, "web")
}

// staff logs in one of the demo accounts: editor, marketer, finance, admin, learner.
func (s *testShop) staff(role string) *person {
	s.t.Helper()
	p := s.visitor()
	p.name = role
	return p.login(role, role+"-demo-password", "web")
}

// login takes the token of a new session on a client: web, phone or wechat.
func (p *person) login(name, password, client string) *person {
	p.t.Helper()
	var out struct {
		Token string `json:"token"`
	}
	p.post("/api/login", obj{"username": name, "password": password, "client": client}).want(200).into(&out)
	p.token = out.Token
	return p
}

// again logs in once more: tokens end after 30 days of the shop's clock.
func (p *person) again() { p.t.Helper(); p.login(p.name, testPassword, "web") }

// staffAgain is again for a demo account: sessions of staff end after 12 hours without use.
func (p *person) staffAgain() { p.t.Helper(); p.login(p.name, p.name+"-demo-password", "web") }

// at is the same person, with the same token, at another instance.
func (p *person) at(s *testShop) *person {
	c := *p
	c.url = s.url
	return &c
}

// obj is a JSON object to be sent.
type obj = map[string]any

// get sends a GET.
func (p *person) get(path string) answer { p.t.Helper(); return p.do("GET", path, nil) }

// post sends a POST with a body of JSON.
func (p *person) post(path string, body any) answer { p.t.Helper(); return p.do("POST", path, body) }

// put sends a PUT with a body of JSON.
func (p *person) put(path string, body any) answer { p.t.Helper(); return p.do("PUT", path, body) }

// patch sends a PATCH with a body of JSON.
func (p *person) patch(path string, body any) answer { p.t.Helper(); return p.do("PATCH", path, body) }

// del sends a DELETE.
func (p *person) del(path string) answer { p.t.Helper(); return p.do("DELETE", path, nil) }

// do sends a request; body is JSON to be, or raw bytes.
func (p *person) do(method, path string, body any) answer {
	p.t.Helper()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(100 * time.Millisecond) {
		a, err := p.try(method, path, body)
		if err != nil {
			p.t.Fatal(err)
		}
		if a.status != 503 || !p.patient || time.Now().After(deadline) {
			return a
		}
	}
}

// try is do for goroutines, where a test must not be ended.
func (p *person) try(method, path string, body any) (answer, error) {
	raw, ok := body.([]byte)
	if !ok && body != nil {
		var err error
		if raw, err = json.Marshal(body); err != nil {
			return answer{}, err
		}
	}
	req, err := http.NewRequest(method, p.url+path, bytes.NewReader(raw))
	if err != nil {
		return answer{}, err
	}
	for k, v := range p.header {
		req.Header[k] = v
	}
	if raw != nil && req.Header.Get("Content-Type") == "" {
		req.Header.Set("Content-Type", "application/json")
	}
	if p.token != "" {
		req.Header.Set("Authorization", "Bearer "+p.token)
	}
	res, err := client.Do(req)
	if err != nil {
		return answer{}, err
	}
	defer res.Body.Close()
	out, err := io.ReadAll(res.Body)
	if err == nil {
		asTheContractHasIt(p.t, contracttest.Exchange{Request: req, Sent: raw, Status: res.StatusCode, Header: res.Header, Body: out})
	}
	return answer{p.t, method + " " + path, res.StatusCode, res.Header, out}, err
}

// client sends all requests of tests; an answer that takes a minute is none.
var client = &http.Client{Timeout: time.Minute}

// with is the same person sending one more header.
func (p *person) with(name, value string) *person {
	c := *p
	c.header = p.header.Clone()
	c.header.Set(name, value)
	return &c
}

// anew is the same person sending a request that is no repeat: with an Idempotency-Key of its own.
func (p *person) anew() *person { return p.with("Idempotency-Key", rand.Text()) }

// want ends the test on another status.
func (a answer) want(status int) answer {
	a.t.Helper()
	if a.status != status {
		a.t.Fatalf("%s answered %d instead of %d: %s", a.what, a.status, status, a.body)
	}
	return a
}

// wantCode wants a refusal with a stable code.
func (a answer) wantCode(status int, code string) answer {
	a.t.Helper()
	a.want(status)
	if got := a.code(); got != code {
		a.t.Fatalf("%s answered code %q instead of %q: %s", a.what, got, code, a.body)
	}
	return a
}

// code is the error's stable code, "" where the answer is no problem document.
func (a answer) code() string {
	var p struct {
		Code string `json:"code"`
	}
	_ = json.Unmarshal(a.body, &p)
	return p.Code
}

// into decodes the body into v.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.body, v); err != nil {
		a.t.Fatalf("%s answered %s: %v", a.what, a.body, err)
	}
}

// Shapes of answers, as a page reads them.
type (
	// orderJSON is an order; amounts are fen.
	orderJSON struct {
		ID       string `json:"id"`
		State    string `json:"state"`
		Total    int64  `json:"total_fen"`
		Paid     int64  `json:"paid_fen"`
		Refunded int64  `json:"refunded_fen"`
		Lines    []struct {
			CourseID     string   `json:"course_id"`
			PolicyID     string   `json:"policy_id"`
			Kind         string   `json:"kind"`
			Stage        int      `json:"stage"`
			Price        int64    `json:"price_fen"`
			List         int64    `json:"list_price_fen"`
			Credit       int64    `json:"credit_fen"`
			CreditOrders []string `json:"credit_orders"`
			Result       string   `json:"result"`
		} `json:"lines"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	// paymentJSON is how an order is to be paid.
	paymentJSON struct {
		Channel    string `json:"channel"`
		OutTradeNo string `json:"out_trade_no"`
		CodeURL    string `json:"code_url"`
	}
	// placedJSON is the answer to a new order. Payment is nil where nothing is to be paid.
	placedJSON struct {
		Order   orderJSON    `json:"order"`
		Payment *paymentJSON `json:"payment"`
		Reused  bool         `json:"reused"`
		Lowered bool         `json:"lowered"`
	}
	// enrolmentJSON is a learner's access to one course.
	enrolmentJSON struct {
		CourseID string     `json:"course_id"`
		State    string     `json:"state"`
		Until    *time.Time `json:"until"`
		Stage    int        `json:"stage"`
		Grants   []struct {
			OrderID  string     `json:"order_id"`
			PolicyID string     `json:"policy_id"`
			Kind     string     `json:"kind"`
			Stage    int        `json:"stage"`
			From     time.Time  `json:"from"`
			Until    *time.Time `json:"until"`
			State    string     `json:"state"`
		} `json:"grants"`
	}
)

// wish is one line that a person wants to buy.
type wish struct {
	CourseID string `json:"course_id"`
	PolicyID string `json:"policy_id"`
}

// place orders under a fresh key.
func (p *person) place(total int64, lines ...wish) answer {
	p.t.Helper()
	return p.with("Idempotency-Key", rand.Text()).post("/api/orders", obj{"lines": lines, "total_fen": total, "channel": "native"})
}

// order reads one of the person's orders.
func (p *person) order(id string) (o orderJSON) {
	p.t.Helper()
	p.get("/api/orders/" + id).want(200).into(&o)
	return o
}

// enrolment is the person's enrolment in a course; ok is false where there is none.
func (p *person) enrolment(course string) (e enrolmentJSON, ok bool) {
	p.t.Helper()
	var list struct {
		Items []enrolmentJSON `json:"items"`
	}
	p.get("/api/enrolments").want(200).into(&list)
	for _, e := range list.Items {
		if e.CourseID == course {
			return e, true
		}
	}
	return enrolmentJSON{}, false
}

// phone is the sandbox as a phone and a set of switches.
func (s *testShop) phone() *person { return &person{t: s.t, url: s.sandbox, header: http.Header{}} }

// scan pays a code as a phone would.
func (s *testShop) scan(p *paymentJSON) {
	s.t.Helper()
	if p == nil {
		s.t.Fatal("there is no payment to scan")
	}
	s.phone().post("/sandbox/pay", obj{"code_url": p.CodeURL}).want(200)
}

// buy places an order, pays it and waits until it is fulfilled.
func (s *testShop) buy(p *person, total int64, lines ...wish) orderJSON {
	s.t.Helper()
	var placed placedJSON
	p.place(total, lines...).want(201).into(&placed)
	if total > 0 {
		s.scan(placed.Payment)
	}
	return p.await(placed.Order.ID, "fulfilled")
}

// await waits until an order has reached a state.
func (p *person) await(id, state string) (o orderJSON) {
	p.t.Helper()
	eventually(p.t, 20*time.Second, func() error {
		if o = p.order(id); o.State != state {
			return fmt.Errorf("order %s is %s, not %s", id, o.State, state)
		}
		return nil
	})
	return o
}

// setClock moves the shop's clock.
func (s *testShop) setClock(at string) {
	s.t.Helper()
	s.phone().put("/sandbox/clock", obj{"now": at}).want(200)
}

// faults makes the sandbox misbehave; obj{} makes it behave again.
func (s *testShop) faults(f obj) {
	s.t.Helper()
	s.phone().put("/sandbox/faults", f).want(200)
}

// socket opens a live page of the person.
func (p *person) socket() *hubtest.Client {
	p.t.Helper()
	return hubtest.Dial(p.t, p.url+"/ws", p.token)
}

// eventually repeats check until it finds nothing wrong, or time is up.
func eventually(t testing.TB, within time.Duration, check func() error) {
	t.Helper()
	deadline := time.Now().Add(within)
	for {
		err := check()
		if err == nil {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %v", within, err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

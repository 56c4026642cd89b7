package shoptest

import (
	"bytes"
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/account"
	"mstm/app"
	"mstm/store/storetest"
)

// Shop is a whole shop running in this process: API, pages, sockets, sandbox.
type Shop struct {
	T       testing.TB
	Url     string
	Sandbox string // "" where it has none of its own
	DataDir string
	Mongo   string // the URI of its database, "" where it is embedded
	Log     *LogBook
	Stop    func() // as SIGTERM does; may be called twice
}

// Option changes how a shop is started.
type Option func(*app.Settings)

// WithStores puts a shop on these databases; "" is the embedded one.
func WithStores(mongo, redis string) Option {
	return func(s *app.Settings) { s.MongoURI, s.RedisURL = mongo, redis }
}

// WithDataDir opens a data folder that another shop may have left.
func WithDataDir(dir string) Option {
	return func(s *app.Settings) { s.DataDir = dir }
}

// WithSandboxOf makes a shop pay in another shop's sandbox and have none of its own.
func WithSandboxOf(other *Shop) Option {
	return func(s *app.Settings) {
		s.Pay, s.MP = ReadSandboxEnv(other.T, other.DataDir)
	}
}

// WithRegisterProof asks for a proof of work after five registrations of an address, which the test
// says as a proxy does.
func WithRegisterProof(s *app.Settings) {
	s.RegisterProofAfter = 5
	s.TrustedProxies = app.Networks{netip.MustParsePrefix("127.0.0.0/8")}
}

// cheap hashes passwords at little cost: at the shop's own it would be a tenth of what the tests do.
var cheap = account.PasswordOptions{
	Params: &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32},
}

// Settings are those of a shop that `go run .` starts, on free ports and in an empty folder.
func Settings(t testing.TB, options ...Option) app.Settings {
	t.Helper()
	cfg := app.Settings{
		Env: "development", Addr: "127.0.0.1:0", SandboxAddr: "127.0.0.1:0", DataDir: t.TempDir(), SeedDemo: "on",
		OrderReminder: 10 * time.Minute, SMS: app.SMSSettings{Countries: []string{"86"}},
	}
	for _, o := range options {
		o(&cfg)
	}
	return cfg
}

// Start starts a shop with these Settings, which hashes passwords at little cost, and stops it when
// the test ends. Its database is the folder's own (storetest.Own).
func Start(t testing.TB, options ...Option) *Shop {
	t.Helper()
	return StartApp(t, &app.App{Settings: Settings(t, options...), Hashing: cheap})
}

// StartApp starts an app that has its settings, as startShop does.
func StartApp(t testing.TB, a *app.App) *Shop {
	t.Helper()
	s := &Shop{T: t, Log: &LogBook{}}
	cfg := &a.Settings
	if cfg.MongoURI == "" {
		cfg.MongoURI = storetest.Own(t, cfg.DataDir)
	}
	a.Log = slog.New(slog.NewJSONHandler(s.Log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	ctx, cancel := context.WithCancel(context.Background())
	if err := a.Open(ctx); err != nil {
		cancel()
		t.Fatalf("the shop did not start: %v\n%s", err, s.Log)
	}
	s.Url, s.Sandbox, s.DataDir, s.Mongo = a.URL, a.SandboxURL, cfg.DataDir, cfg.MongoURI
	ended := make(chan error, 1)
	go func() { ended <- errors.Join(a.Serve(ctx), a.Close()) }()
	var once sync.Once
	s.Stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				t.Errorf("the shop ended with: %v", err)
			}
		})
	}
	t.Cleanup(s.Stop)
	return s
}

// ReadSandboxEnv reads the settings that a sandbox leaves for other shops.
func ReadSandboxEnv(t testing.TB, dataDir string) (app.PaySettings, app.MPSettings) {
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

// Program is the command line of a shop with these settings; out takes what a command prints.
func Program(cfg app.Settings, out io.Writer) app.Program {
	return app.Program{Log: slog.New(slog.DiscardHandler), Out: out, Settings: func() (app.Settings, error) { return cfg, nil }}
}

// LogBook keeps what a shop logged.
type LogBook struct {
	mu sync.Mutex
	b  bytes.Buffer
}

// Write takes what a shop logs.
func (l *LogBook) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

// String is all that was logged since the last reset.
func (l *LogBook) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

// Reset forgets what was logged.
func (l *LogBook) Reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.b.Reset()
}

// Warnings are the lines of a log that need a look.
func Warnings(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// Visitor has no account.
func (s *Shop) Visitor() *Person { return &Person{T: s.T, Url: s.Url, Header: http.Header{}} }

// NewLearner registers an account and logs in.
func (s *Shop) NewLearner() *Person {
	s.T.Helper()
	p := s.Visitor()
	p.Name = "u" + strings.ToLower(rand.Text()[:12])
	p.Post("/api/register", Obj{"username": p.Name, "password": Password}).Want(201)
	return p.Login(p.Name, Password, "web")
}

// Staff logs in one of the demo accounts: editor, marketer, finance, admin, learner.
func (s *Shop) Staff(role string) *Person {
	s.T.Helper()
	p := s.Visitor()
	p.Name = role
	return p.Login(role, role+"-demo-password", "web")
}

// Phone is the sandbox as a phone and a set of switches.
func (s *Shop) Phone() *Person { return &Person{T: s.T, Url: s.Sandbox, Header: http.Header{}} }

// Database is the embedded database of a shop in this process, to look into and to spoil.
func (s *Shop) Database() *mongo.Database {
	return OpenDatabase(s.T, cmp.Or(s.Mongo, embeddedURI(s.DataDir)))
}

// SetClock moves the shop's clock.
func (s *Shop) SetClock(at string) {
	s.T.Helper()
	s.Phone().Put("/sandbox/clock", Obj{"now": at}).Want(200)
}

// Faults makes the sandbox misbehave; obj{} makes it behave again.
func (s *Shop) Faults(f Obj) {
	s.T.Helper()
	s.Phone().Put("/sandbox/faults", f).Want(200)
}

// At is the shop for one case: it fails in the case's name, nothing goes wrong on purpose
// yet, and it is the case's time, `2025-03-01 10:00` in Beijing.
func (s *Shop) At(t *testing.T, when string) *Shop {
	t.Helper()
	c := *s
	c.T = t
	c.Faults(Obj{})
	c.Move(when)
	before := len(s.Log.String())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("warnings of the shop:\n%s", Warnings(s.Log.String()[before:]))
		}
	})
	return &c
}

// Move moves the clock and logs the people in again: their tokens may be from after it, or
// have ended before it.
func (s *Shop) Move(when string, people ...*Person) {
	s.T.Helper()
	s.SetClock(BeijingTime(s.T, when).Format(time.RFC3339Nano))
	for _, p := range people {
		p.Login(p.Name, Password, "web")
	}
}

// Pass lets time pass by a little.
func (s *Shop) Pass(d time.Duration) {
	s.T.Helper()
	s.SetClock(s.Now().Add(d).Format(time.RFC3339Nano))
}

// Now is the shop's time.
func (s *Shop) Now() time.Time {
	s.T.Helper()
	var face struct {
		Now time.Time `json:"now"`
	}
	s.Phone().Get("/sandbox/clock").Want(200).Into(&face)
	return face.Now
}

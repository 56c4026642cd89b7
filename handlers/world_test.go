package handlers

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	"go.mongodb.org/mongo-driver/v2/event"

	"mstm/account"
	"mstm/cart"
	"mstm/catalogue"
	"mstm/checkout"
	"mstm/cover"
	"mstm/handlers/contracttest"
	"mstm/hub"
	"mstm/learning"
	"mstm/media"
	"mstm/notice"
	"mstm/people"
	"mstm/shop"
	"mstm/shop/webhooks"
	"mstm/sms"
	"mstm/store"
	"mstm/store/storetest"
	"mstm/storefront"
	"mstm/webhook"
)

// world is the whole API on real stores and a real hub, reached over HTTP.
type world struct {
	t     testing.TB
	store *store.DB
	deps  Deps
	api   http.Handler
	url   string
	log   *logBook
	reads *commandCount
}

const aPassword = "correct horse battery"

// cheap hashes passwords at little cost.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

// newWorld opens an empty shop with two categories; options change what it is made of.
// Its passwords are hashed at little cost.
func newWorld(t testing.TB, options ...func(*Deps)) *world {
	t.Helper()
	return newWorldWith(t, accountOptions{hashing: account.PasswordOptions{Params: cheap}}, options...)
}

// accountOptions are those of a world's accounts.
type accountOptions struct {
	hashing    account.PasswordOptions
	proofAfter int        // registrations of one address; 0: no proof of work is asked for
	texts      sms.Sender // nil: the shop sends none
}

// newWorldWith is newWorld with other accounts.
func newWorldWith(t testing.TB, accounts accountOptions, options ...func(*Deps)) *world {
	t.Helper()
	w := &world{t: t, log: &logBook{}, reads: &commandCount{}}
	w.store = storetest.Open(t, func(c *store.Config) { c.Monitor = w.reads.monitor() })
	logger := slog.New(slog.NewJSONHandler(w.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	live := hub.New(hub.Config{
		Redis: w.store.Redis(), Authenticate: w.identify, Log: logger, Explain: shop.ExplainFrame, Replaced: hub.Event(shop.SessionReplaced()),
	})
	w.runHub(live)
	w.deps = Deps{Store: w.store, Hub: live, Now: time.Now, Log: logger}
	for _, o := range options {
		o(&w.deps)
	}
	w.deps.Carts = cart.New(cart.Config{Store: cart.CollectionsOf(w.store), Hub: w.deps.Hub, Now: w.deps.Now, Log: logger})
	w.deps.Inbox = notice.New(notice.Config{Store: notice.InboxCollectionsOf(w.store), Hub: live, Now: w.deps.Now, Log: logger})
	w.deps.Checkout = checkout.New(checkout.Config{Store: checkout.CollectionsOf(w.store), Hub: live, Teller: w.deps.Inbox, Carts: w.deps.Carts, Now: w.deps.Now, Log: logger})
	w.deps.Wordings = &notice.Wordings{Templates: w.store.NoticeTemplates, Now: w.deps.Now}
	w.deps.Papers = storefront.NewPapers(w.store.Papers, w.deps.Now)
	w.deps.Publisher = &notice.Publisher{Hub: w.deps.Hub, Catalogue: w.store.Catalogue}
	w.deps.Broadcaster = notice.NewBroadcaster(notice.BroadcasterConfig{Store: notice.BroadcasterCollectionsOf(w.store), Hub: live, Now: w.deps.Now, Log: logger})
	w.deps.People = people.New(people.Config{Store: people.CollectionsOf(w.store), Hub: live, Now: w.deps.Now, Log: logger})
	w.openAccounts(&w.deps, accounts)
	w.deps.Followers = &notice.Followers{Rows: w.store.Followers, Scans: w.deps.WeChat, Log: logger}
	w.deps.Media = newLibrary(t, w)
	w.deps.Catalogue = catalogue.New(catalogue.Config{
		Store: catalogue.CollectionsOf(w.store), Hub: live, Orders: w.deps.Checkout.Closing, Library: w.deps.Media, Cover: cover.Path, Now: w.deps.Now, Log: logger,
	})
	w.deps.Learning = learning.New(learning.Config{
		Store: learning.CollectionsOf(w.store), Hub: live, Congrats: w.deps.Inbox, Files: true, Hold: w.deps.Media.Hold, Now: w.deps.Now, Log: logger,
	})
	w.deps.Front = storefront.NewFront(storefront.FrontConfig{
		Rows: w.store.Front, Catalogue: w.store.Catalogue, Media: w.store.Media, Hold: w.deps.Media.Hold, Publish: live.Publish, Now: w.deps.Now, Log: logger,
	})
	h, err := New(w.deps)
	if err != nil {
		t.Fatalf("New: %v", err)
	}
	w.api = h
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	w.url = server.URL
	for _, c := range []shop.Category{{ID: "code", Name: "编程", Order: 1}, {ID: "music", Name: "音乐", Order: 2}} {
		if _, err := w.store.Categories.Insert(t.Context(), c); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

// openAccounts adds the accounts to d.
func (w *world) openAccounts(d *Deps, o accountOptions) {
	w.t.Helper()
	p, err := account.NewPasswords(o.hashing)
	if err != nil {
		w.t.Fatal(err)
	}
	cfg := account.ConfigOf(w.store)
	cfg.Orders, cfg.Hub, cfg.Now, cfg.Log, cfg.Passwords, cfg.RegisterProofAfter = d.Checkout.Closing, d.Hub, d.Now, d.Log, p, o.proofAfter
	if d.Accounts, err = account.New(cfg); err != nil {
		w.t.Fatal(err)
	}
	d.WeChat = account.NewWeChat(d.Accounts, account.WeChatConfig{WeChats: w.store.WeChats, Scenes: w.store.Scenes, Official: d.Account})
	d.Phones = account.NewPhones(d.Accounts, account.PhoneConfig{Phones: w.store.Phones, Sender: o.texts, Countries: []string{"86"}})
	d.Webhooks = webhook.New(webhook.Config{
		Endpoints: w.store.Webhooks, Deliveries: w.store.WebhookDeliveries, Wakeups: w.store.Wakeups, Audit: w.store.Audit,
		Addresses: webhooks.Addresses{Loopback: true}, Now: d.Now, Wake: func() {}, Log: d.Log,
	}).Endpoints
	d.APIKeys = account.APIKeys{Keys: w.store.APIKeys, Users: w.store.Users, Now: d.Now}
	d.Roles = account.Roles{Users: w.store.Users, Roles: w.store.Roles, Hub: d.Hub, Log: d.Log}
}

// newLibrary keeps the world's files in a folder.
func newLibrary(t testing.TB, w *world) *media.Library {
	t.Helper()
	storage, err := media.OpenStorage(t.Context(), "", t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	l, err := media.New(media.Config{Records: w.store.Media, Storage: storage, NewID: store.NewID, Now: w.deps.Now, Log: w.deps.Log})
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// soon is a deadline for what happens in milliseconds, on the busiest of machines too.
const soon = 30 * time.Second

func (w *world) runHub(live *hub.Hub) {
	ctx, stop := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- live.Run(ctx) }()
	w.t.Cleanup(func() {
		closing, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		live.Close(closing)
		stop()
		<-done
	})
}

// hubIsUp waits until the hub has read where the events are.
func (w *world) hubIsUp() {
	w.t.Helper()
	for deadline := time.Now().Add(soon); w.deps.Hub.Healthy() != nil; time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			w.t.Fatal(w.deps.Hub.Healthy())
		}
	}
}

func (w *world) identify(ctx context.Context, token string) (hub.Identity, error) {
	row, err := w.store.Tokens.Authenticate(ctx, token, time.Now())
	return hub.Identity{User: row.UserID, Client: row.Key(), Session: row.Session(), ExpiresAt: row.ExpiresAt}, err
}

// answer is what came back.
type answer struct {
	t      testing.TB
	Status int
	Header http.Header
	Body   []byte
}

// do sends a request as a page would: v is marshalled, a string or []byte goes as it is.
func (w *world) do(method, path, token string, v any, headers ...string) answer {
	w.t.Helper()
	var body io.Reader
	switch v := v.(type) {
	case nil:
	case string:
		body = strings.NewReader(v)
	case []byte:
		body = bytes.NewReader(v)
	default:
		raw, err := json.Marshal(v)
		if err != nil {
			w.t.Fatal(err)
		}
		body = bytes.NewReader(raw)
	}
	r, err := http.NewRequest(method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if v != nil {
		r.Header.Set("Content-Type", "application/json")
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	return w.send(r)
}

func (w *world) send(r *http.Request) answer {
	w.t.Helper()
	res, err := http.DefaultTransport.RoundTrip(r)
	if err != nil {
		w.t.Fatal(err)
	}
	defer res.Body.Close()
	raw, err := io.ReadAll(res.Body)
	if err != nil {
		w.t.Fatal(err)
	}
	w.asTheContractHasIt(r, res, raw)
	return answer{w.t, res.StatusCode, res.Header, raw}
}

// asTheContractHasIt fails the test where the OpenAPI document says otherwise.
func (w *world) asTheContractHasIt(r *http.Request, res *http.Response, body []byte) {
	w.t.Helper()
	c, err := checkedContract()
	if err != nil {
		w.t.Fatal(err)
	}
	var sent []byte
	if r.GetBody != nil {
		again, err := r.GetBody()
		if err != nil {
			w.t.Fatal(err)
		}
		sent, _ = io.ReadAll(again) // from memory
	}
	x := contracttest.Exchange{Request: r, Sent: sent, Status: res.StatusCode, Header: res.Header, Body: body}
	if err := c.Check(x); err != nil {
		w.t.Errorf("against the contract: %v", err)
	}
}

// is checks the status, and the code of a refusal.
func (a answer) is(status int, code ...string) answer {
	a.t.Helper()
	if a.Status != status || len(code) > 0 && a.code() != code[0] {
		a.t.Fatalf("answer %d %s, want %d %v", a.Status, a.Body, status, code)
	}
	return a
}

func (a answer) code() string {
	var p struct{ Code string }
	_ = json.Unmarshal(a.Body, &p)
	return p.Code
}

// into reads the JSON of the answer.
func (a answer) into(v any) {
	a.t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		a.t.Fatalf("answer %s: %v", a.Body, err)
	}
}

// as reads the answer as a T.
func as[T any](a answer) (v T) {
	a.t.Helper()
	a.into(&v)
	return v
}

// learner registers an account and returns its token and id.
func (w *world) learner(name string) (token, id string) {
	w.t.Helper()
	got := as[session](w.do("POST", "/api/register", "", map[string]string{"username": name, "password": aPassword}).is(201))
	return got.Token, got.User.ID
}

// staff is an account with roles.
func (w *world) staff(name string, roles ...shop.Role) string {
	w.t.Helper()
	_, id := w.learner(name)
	if _, _, err := w.store.Roles.Change(w.t.Context(), id, store.ByOperator, func(*shop.User) ([]shop.Role, error) { return roles, nil }); err != nil {
		w.t.Fatal(err)
	}
	return w.login(name, "web")
}

func (w *world) login(name, client string) string {
	w.t.Helper()
	return as[session](w.do("POST", "/api/login", "", credentials{name, aPassword, client}).is(200)).Token
}

// ladderCourse is on sale with "first month free, 200, 300, or 999 for ever"; two lessons,
// the first a preview.
func ladderCourse(id string) *shop.Course {
	month := &shop.Period{Unit: shop.Month, Count: 1}
	return &shop.Course{
		ID: id, State: shop.CourseOnSale, Title: "课程 " + id, Subtitle: "从零开始", CategoryID: "code", Cover: cover.Path(id),
		Teacher: shop.Teacher{Name: "林老师", Title: "讲师", Intro: "教了十年"}, CreatedAt: time.Now().UTC(),
		Chapters: []shop.Chapter{{Title: "第一章", Lessons: []shop.Lesson{
			{ID: "l1", Title: "试看", Kind: "video", Duration: 60, Preview: true, URL: "/media/l1.mp4"},
			{ID: "l2", Title: "正课", Kind: "video", Duration: 600, URL: "/media/l2.mp4"},
		}}},
		Versions: []shop.PolicyVersion{{Version: 1, Policies: []shop.PricePolicy{
			{ID: id + "s1", Kind: shop.KindStage, Name: "首月免费", Stage: 1, Period: month, Price: 0, Default: true},
			{ID: id + "s2", Kind: shop.KindStage, Name: "第 2 个月", Stage: 2, Period: month, Price: 20000},
			{ID: id + "s3", Kind: shop.KindStage, Name: "第 3 个月", Stage: 3, Period: month, Price: 30000},
			{ID: id + "full", Kind: shop.KindLifetime, Name: "全款", Price: 99900},
		}}},
	}
}

func (w *world) sells(courses ...*shop.Course) {
	w.t.Helper()
	for _, c := range courses {
		if _, err := w.store.Courses.Insert(w.t.Context(), c); err != nil {
			w.t.Fatal(err)
		}
	}
}

// grants opens a course to a learner as a paid order would.
func (w *world) grants(userID string, c *shop.Course, policyID string, now time.Time) {
	w.t.Helper()
	p, ok := c.Current().Policy(policyID)
	if !ok {
		w.t.Fatalf("no policy %s", policyID)
	}
	line := shop.OrderLine{
		CourseID: c.ID, PolicyID: p.ID, Kind: p.Kind, Stage: p.Stage, Period: p.Period, Version: c.Current().Version, List: p.Price, Price: p.Price,
	}
	_, err := w.store.Enrolments.Change(w.t.Context(), userID, c.ID, func(e *shop.Enrolment) error {
		_, err := e.Add(store.NewID(), line, c.Current().Version, p.Price, p.Price == 0, now)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
}

// logBook keeps the log.
type logBook struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *logBook) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *logBook) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}

// lines are the log's lines with this message.
func (b *logBook) lines(t testing.TB, msg string) (found []map[string]any) {
	t.Helper()
	for line := range strings.Lines(b.String()) {
		var l map[string]any
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatalf("log line %q: %v", line, err)
		}
		if l["msg"] == msg {
			found = append(found, l)
		}
	}
	return found
}

// commandCount counts MongoDB commands on the shop's collections.
type commandCount struct {
	mu   sync.Mutex
	seen []string
	once func() // called, once, in the middle of the next one
}

func (c *commandCount) monitor() *event.CommandMonitor {
	return &event.CommandMonitor{Started: func(_ context.Context, e *event.CommandStartedEvent) {
		if e.CommandName == "ping" || e.CommandName == "hello" || e.CommandName == "endSessions" {
			return
		}
		c.mu.Lock()
		defer c.mu.Unlock()
		c.seen = append(c.seen, e.CommandName+" "+e.Command.Lookup(e.CommandName).String())
		if meanwhile := c.once; meanwhile != nil {
			c.once = nil
			meanwhile()
		}
	}}
}

// during runs do in the middle of the next command.
func (c *commandCount) meanwhile(do func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.once = do
}

// during are the commands that do caused.
func (c *commandCount) during(do func()) []string {
	c.mu.Lock()
	from := len(c.seen)
	c.mu.Unlock()
	do()
	c.mu.Lock()
	defer c.mu.Unlock()
	return append([]string(nil), c.seen[from:]...)
}

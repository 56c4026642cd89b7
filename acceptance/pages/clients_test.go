package pages

import (
	"bufio"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// foreign is a client of the hub by other authors, and what happened to it.
type foreign struct {
	name    string
	visitor bool // it cannot send a token

	mu   sync.Mutex
	news []clientNews
}

// clientNews is one thing that happened to a client: ready, number or closed.
type clientNews struct {
	What     string  `json:"what"`
	User     *string `json:"user"`
	Protocol string  `json:"protocol"`
	Resumed  bool    `json:"resumed"`
	N        int     `json:"n"`
	Code     int     `json:"code"`
	Word     string  `json:"word"`
	RetryMS  int     `json:"retry_ms"`
}

func (f *foreign) note(line []byte) {
	var n clientNews
	if err := json.Unmarshal(line, &n); err != nil {
		n = clientNews{What: "unreadable: " + string(line)}
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.news = append(f.news, n)
}

// heard is the latest number.
func (f *foreign) heard() (latest int) {
	for _, n := range f.all() {
		latest = max(latest, n.N)
	}
	return latest
}

func (f *foreign) all() []clientNews {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]clientNews(nil), f.news...)
}

// session is what every client is given to do.
type session struct {
	t     *testing.T
	ctx   context.Context
	stop  context.CancelFunc // ends the clients
	shop  string
	token string
	last  int
}

func (s session) socket() string { return "ws" + strings.TrimPrefix(s.shop, "http") + "/ws" }

// start runs a program that reports a session line by line.
func (s session) start(f *foreign, name string, args ...string) {
	s.t.Helper()
	cmd := exec.CommandContext(s.ctx, name, args...)
	cmd.Stderr = os.Stderr
	out, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			f.note(lines.Bytes())
		}
		_ = cmd.Wait() // its output shows what it did
	}()
	s.t.Cleanup(func() { s.stop(); <-done })
}

const clientsFolder = "hub/testdata/clients"

// npmWS is npm's ws, or why it is left out.
func (s session) npmWS(f *foreign) (missing string) {
	if _, err := exec.LookPath("node"); err != nil {
		return "node is not installed"
	}
	if _, err := os.Stat(filepath.Join("web", "node_modules", "ws")); err != nil {
		return "npm's ws is not installed: run `npm ci` in web/ first"
	}
	web, err := filepath.Abs("web")
	if err != nil {
		s.t.Fatal(err)
	}
	s.start(f, "node", filepath.Join(clientsFolder, "ws.mjs"), web, s.socket(), s.token, fmt.Sprint(s.last))
	return ""
}

// python is Python's websockets, which a system's own Python may have where another has not.
func (s session) python(f *foreign) (missing string) {
	for _, python := range []string{"python3", "/usr/bin/python3"} {
		if exec.Command(python, "-c", "import websockets").Run() == nil {
			s.start(f, python, filepath.Join(clientsFolder, "session.py"), s.socket(), s.token, fmt.Sprint(s.last))
			return ""
		}
	}
	return "Python's websockets is not installed (Debian: python3-websockets)"
}

// chromium opens a page from pages with two sessions.
func (s session) chromium(pages string) {
	s.t.Helper()
	profile, err := os.MkdirTemp("", "mstm-chromium-")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { _ = os.RemoveAll(profile) }) // its helpers may still be writing
	query := url.Values{
		"url": {s.socket()}, "events": {s.shop + "/api/events"}, "token": {s.token}, "last": {fmt.Sprint(s.last)},
	}
	cmd := exec.CommandContext(s.ctx, chromiumPath(), "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run",
		"--disable-background-networking", "--disable-component-update", "--disable-sync",
		"--user-data-dir="+profile, pages+"/page.html?"+query.Encode())
	cmd.WaitDelay = 5 * time.Second
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { s.stop(); _ = cmd.Wait() }) // it ends by being killed
}

func chromiumPath() string { return cmp.Or(os.Getenv("CHROMIUM"), "/usr/bin/chromium") }

// servePages serves the page with its sessions and takes what they tell.
func servePages(t *testing.T, clients map[string]*foreign) string {
	t.Helper()
	files := http.FileServer(http.Dir(clientsFolder))
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		client := clients[strings.Trim(r.URL.Path, "/")]
		if r.Method != http.MethodPost || client == nil {
			files.ServeHTTP(w, r)
			return
		}
		var news json.RawMessage
		if err := json.NewDecoder(r.Body).Decode(&news); err != nil {
			t.Error(err)
		}
		client.note(news)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// TestClientsOfOthersHoldASessionThroughARestart has clients that we did not write follow a
// stream of numbers from a shop that is stopped and started again while another instance goes on
// publishing. Every client is asked to come back, does so, and misses nothing.
func TestClientsOfOthersHoldASessionThroughARestart(t *testing.T) {
	t.Parallel()
	redis := storetest.Redis(t)
	other := shoptest.Start(t, shoptest.WithStores("", redis))
	marketer := other.Staff("marketer")
	ws, python := &foreign{name: "npm's ws"}, &foreign{name: "Python's websockets"}
	socket, source := &foreign{name: "Chromium's WebSocket"}, &foreign{name: "Chromium's EventSource", visitor: true}
	pages := servePages(t, map[string]*foreign{"WebSocket": socket, "EventSource": source})

	dir, err := os.MkdirTemp("", "mstm-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	shop := shoptest.NewProcess(t, dir, append(shoptest.SandboxEnv(t, other), "REDIS_URL="+redis, "ALLOWED_ORIGINS="+pages)...)
	shop.Start()
	learner := shop.Register()

	const before, meanwhile, last = 20, 30, 50
	ctx, stop := context.WithCancel(context.Background())
	s := session{t: t, ctx: ctx, stop: stop, shop: shop.Url, token: learner.Token, last: last}
	missing := map[*foreign]string{ws: s.npmWS(ws), python: s.python(python)}
	if _, err := os.Stat(chromiumPath()); err == nil {
		s.chromium(pages)
	} else {
		missing[socket] = "there is no Chromium at " + chromiumPath()
		missing[source] = missing[socket]
	}
	var clients []*foreign
	for _, f := range []*foreign{ws, python, socket, source} {
		if missing[f] == "" {
			clients = append(clients, f)
		}
	}
	everyone := func(what string, ok func(*foreign) bool) {
		t.Helper()
		shoptest.Eventually(t, time.Minute, func() error {
			for _, f := range clients {
				if !ok(f) {
					return fmt.Errorf("%s: not %s; %+v", f.name, what, f.all())
				}
			}
			return nil
		})
	}
	publish := func(from, to int) {
		for n := from; n <= to; n++ {
			marketer.Post("/api/hub/publish", obj{"topic": "activity", "type": "number", "data": obj{"n": n}}).Want(200)
		}
	}
	everyone("greeted", func(f *foreign) bool { return len(f.all()) > 0 })
	publish(1, before)
	everyone("at the restart", func(f *foreign) bool { return f.heard() == before })
	shop.Signal(syscall.SIGTERM)
	shop.AwaitEnd()
	publish(before+1, meanwhile)
	shop.Start()
	publish(meanwhile+1, last)
	everyone("at the end", func(f *foreign) bool { return f.heard() == last })
	for _, f := range []*foreign{ws, python, socket, source} {
		t.Run(f.name, func(t *testing.T) {
			if missing[f] != "" {
				t.Skip(missing[f])
			}
			f.wantSession(t, last)
		})
	}
}

// wantSession wants all that a session through one restart has: a ready, a close code that asks it
// to come back, perhaps one of a hub that has just started, a ready that resumes, and every number once, in order.
func (f *foreign) wantSession(t *testing.T, last int) {
	t.Helper()
	var numbers, greetings, endings int
	for _, n := range f.all() {
		switch n.What {
		case "number":
			if numbers++; n.N != numbers {
				t.Fatalf("number %d came where %d was due", n.N, numbers)
			}
		case "ready":
			greetings++
			if n.Resumed != (greetings > 1) || (n.User == nil) != f.visitor || !f.visitor && n.Protocol != "mstm.v1" {
				t.Errorf("greeting %d: %+v", greetings, n)
			}
		case "closed":
			if n.Code == 4103 && n.Word == "TRY_LATER" && n.RetryMS > 0 && greetings == endings {
				continue // a hub that has just started does not know yet where its log stands
			}
			endings++
			if n.Code != 4101 || n.Word != "SERVER_RESTART" || n.RetryMS <= 0 {
				t.Errorf("closed with %+v", n)
			}
		default:
			t.Errorf("it reports %+v", n)
		}
	}
	if numbers != last || greetings != 2 || endings != 1 {
		t.Errorf("%d numbers of %d, %d greetings, %d endings", numbers, last, greetings, endings)
	}
}

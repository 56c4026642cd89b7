package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"net"
	"net/url"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/app"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// fuseEnv makes this test binary be the shop: a test that kills a whole process starts its
// own binary again. The value is the path of the process's fuse.
const fuseEnv = "MSTM_TEST_FUSE"

// programEnv makes this test binary be the program, command line and exit codes included.
const programEnv = "MSTM_TEST_PROGRAM"

// testMain is the TestMain of every package of whole-program tests. It makes the test binary also the
// program under test, and begins relative paths at the repository's root.
func testMain(m *testing.M) {
	if err := goToRoot(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	hubtest.CheckFrame = checkFrame
	path := os.Getenv(fuseEnv)
	switch {
	case path != "":
		if err := beShop(path); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	case os.Getenv(programEnv) != "":
		app.Main()
	default:
		// Tests that may run side by side mostly wait, for processes and for what is due.
		flag.Parse()
		_ = flag.Set("test.parallel", cmp.Or(os.Getenv("CRASH_WORKERS"), "8")) // the flag is there
		code := m.Run()
		sayWhatWasAnswered()
		os.Exit(code)
	}
}

// goToRoot makes the folder of go.mod the working directory of a test.
func goToRoot() error {
	if os.Getenv(fuseEnv)+os.Getenv(programEnv) != "" {
		return nil
	}
	for {
		if _, err := os.Stat("go.mod"); err == nil {
			return nil
		}
		dir, err := os.Getwd()
		if err != nil || dir == filepath.Dir(dir) {
			return fmt.Errorf("no go.mod above the tests: %w", err)
		}
		if err := os.Chdir(".."); err != nil {
			return err
		}
	}
}

func beShop(fusePath string) error {
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	cfg, err := app.ReadSettings()
	if err != nil {
		return err
	}
	log, flush := app.StartLog(os.Stderr)
	defer flush()
	return (&app.App{Settings: cfg, Log: log, Writes: (&fuse{path: fusePath}).monitor()}).Run(ctx)
}

// process is a shop in a process of its own, on fixed ports and with its own data folder,
// to be killed and started again.
type process struct {
	t       testing.TB
	url     string
	sandbox string // of its own, for its clock; it pays where its environment says
	dir     string
	mongo   string // the URI of its database, "" where it is embedded
	env     []string
	log     *logBook
	stderr  *os.File // where the log goes instead, if not nil

	db    *mongo.Database // once somebody looked into it
	cmd   *exec.Cmd
	ended chan struct{} // closed when the process is gone
	err   error         // how it ended, once ended is closed
}

// newProcess prepares a process without starting it. env are settings, NAME=value.
func newProcess(t testing.TB, dir string, env ...string) *process {
	t.Helper()
	shop, sandbox := freeAddr(t), freeAddr(t)
	p := &process{t: t, url: "http://" + shop, sandbox: "http://" + sandbox, dir: dir, log: &logBook{}}
	if i := slices.IndexFunc(env, func(e string) bool { return strings.HasPrefix(e, "MONGODB_URI=") }); i >= 0 {
		p.mongo = strings.TrimPrefix(env[i], "MONGODB_URI=")
	} else {
		p.mongo = storetest.Own(t, dir)
	}
	p.env = append([]string{
		"MONGODB_URI=" + p.mongo,
		fuseEnv + "=" + p.fuse(), "ADDR=" + shop, "SANDBOX_ADDR=" + sandbox, "DATA_DIR=" + dir,
		"HOME=" + dir, "PATH=" + os.Getenv("PATH"), "TMPDIR=" + os.TempDir(),
	}, env...)
	t.Cleanup(p.kill)
	return p
}

// freeAddr is where a process can listen, also when it starts again: not at a port that the
// system lends, meanwhile, to whoever calls out (from 32768 on Linux).
func freeAddr(t testing.TB) string {
	t.Helper()
	var ln net.Listener
	var err error
	for range 100 {
		ln, err = net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", 20000+rand.IntN(12000)))
		if err == nil {
			defer ln.Close()
			return ln.Addr().String()
		}
	}
	t.Fatal(err)
	return ""
}

// sandboxEnv are the settings with which a process pays in a shop's sandbox.
func sandboxEnv(t testing.TB, s *testShop) (env []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.dataDir, "sandbox", "sandbox.env"))
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(text)) {
		if name, value, ok := strings.Cut(strings.TrimSpace(line), "="); ok && !strings.HasPrefix(name, "#") {
			env = append(env, name+"="+strings.Trim(value, `"'`))
		}
	}
	return env
}

// mstm is the program with a command line, to be run as a process of its own.
func mstm(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	return cmd
}

// launch starts the process and does not wait for it to be ready.
func (p *process) launch() {
	p.t.Helper()
	client.CloseIdleConnections() // those to the process before are dead
	p.db = nil
	p.cmd, p.ended = mstm(p.t), make(chan struct{})
	p.cmd.Env, p.cmd.Stdout, p.cmd.Stderr = p.env, p.log, p.log
	if p.stderr != nil {
		p.cmd.Stderr = p.stderr
	}
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		p.err = cmd.Wait()
		close(ended)
	}(p.cmd, p.ended)
}

// start starts the process and waits until it is ready.
func (p *process) start() {
	p.t.Helper()
	p.launch()
	eventually(p.t, time.Minute, func() error {
		if p.gone() {
			p.t.Fatalf("the shop did not start: %v\n%s", p.err, p.log)
		}
		a, err := p.as("").try("GET", "/readyz", nil)
		if err == nil && a.status != 200 {
			err = fmt.Errorf("not ready: %s", a.body)
		}
		return err
	})
}

// as is the person with this token at the process's shop.
func (p *process) as(token string) *person {
	return &person{t: p.t, url: p.url, token: token, header: map[string][]string{}}
}

// gone reports whether the process has ended.
func (p *process) gone() bool {
	select {
	case <-p.ended:
		return true
	default:
		return false
	}
}

// awaitEnd waits until the process has ended, by itself or killed.
func (p *process) awaitEnd() {
	p.t.Helper()
	select {
	case <-p.ended:
	case <-time.After(time.Minute):
		p.t.Fatalf("the shop does not end\n%s", warnings(p.log.String()))
	}
}

// signal sends the process a signal.
func (p *process) signal(s os.Signal) {
	p.t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		p.t.Fatal(err)
	}
}

// kill ends the process as kill -9 does, if it runs.
func (p *process) kill() {
	if p.cmd == nil || p.gone() {
		return
	}
	_ = p.cmd.Process.Kill() // it may have ended by itself just now
	<-p.ended
}

// skip moves the process's clock on.
func (p *process) skip(d time.Duration) {
	p.t.Helper()
	phone := &person{t: p.t, url: p.sandbox, header: map[string][]string{}}
	var clock struct {
		Now time.Time `json:"now"`
	}
	phone.get("/sandbox/clock").want(200).into(&clock)
	phone.put("/sandbox/clock", obj{"now": clock.Now.Add(d)}).want(200)
}

// database is the process's, to look into.
func (p *process) database() *mongo.Database {
	if p.db == nil {
		p.db = openDatabase(p.t, cmp.Or(p.mongo, embeddedURI(p.dir)))
	}
	return p.db
}

// embeddedURI leads to the embedded MongoDB of a data folder.
func embeddedURI(dir string) string {
	return "mongodb://" + url.QueryEscape(filepath.Join(dir, "mongo", "mongo.sock")) + "/mstm"
}

// openDatabase connects to the database that a URI names, to look into it.
func openDatabase(t testing.TB, uri string) *mongo.Database {
	t.Helper()
	// Whose server was killed is to hear of it soon.
	c, err := mongo.Connect(options.Client().ApplyURI(uri).SetServerSelectionTimeout(2 * time.Second))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Disconnect(context.Background()) })
	name, _, _ := strings.Cut(uri[strings.LastIndex(uri, "/")+1:], "?")
	return c.Database(name)
}

// rows are the documents of a collection that match; nil matches all.
func rows(db *mongo.Database, collection string, filter bson.M) (all []bson.M, err error) {
	return all, find(db, collection, filter, &all)
}

// find reads the documents of a collection that match into all, a pointer to a slice; nil matches all.
func find(db *mongo.Database, collection string, filter bson.M, all any) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	if filter == nil {
		filter = bson.M{}
	}
	cur, err := db.Collection(collection).Find(ctx, filter, options.Find().SetSort(bson.M{"_id": 1}))
	if err != nil {
		return err
	}
	return cur.All(ctx, all)
}

// asking is what the sweeper writes by itself while an order waits to be paid.
var asking = regexp.MustCompile(`,?"(v|asks|asked_at)":(\d+|\{[^}]*\})`)

// dump is all that a database holds, a line for each document, but for what the sweeper
// notes to itself and the collections named in but.
func dump(t testing.TB, db *mongo.Database, but ...string) string {
	t.Helper()
	names, err := db.ListCollectionNames(context.Background(), bson.M{})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(names)
	lines := []string{}
	for _, name := range names {
		if name == "due" || slices.Contains(but, name) {
			continue
		}
		var all []bson.Raw
		if err := find(db, name, nil, &all); err != nil {
			t.Fatal(err)
		}
		for _, row := range all {
			line, err := bson.MarshalExtJSON(row, false, false)
			if err != nil {
				t.Fatal(err)
			}
			lines = append(lines, name+" "+asking.ReplaceAllString(string(line), ""))
		}
	}
	return strings.Join(lines, "\n")
}

package shoptest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/store/storetest"
)

// Process is a shop in a process of its own, on fixed ports and with its own data folder,
// to be killed and started again.
type Process struct {
	T       testing.TB
	Url     string
	Sandbox string // of its own, for its clock; it pays where its environment says
	Dir     string
	Binary  string // the file that is run, if not the test's own
	mongo   string // the URI of its database, "" where it is embedded
	env     []string
	Log     *LogBook
	Stderr  *os.File // where the log goes instead, if not nil

	Db    *mongo.Database // set by the first look into it
	Cmd   *exec.Cmd
	Ended chan struct{} // closed when the process is gone
	Err   error         // how it ended, once ended is closed
}

// NewProcess prepares a process without starting it. env are settings, NAME=value.
func NewProcess(t testing.TB, dir string, env ...string) *Process {
	t.Helper()
	shop, sandbox := FreeAddr(t), FreeAddr(t)
	p := &Process{T: t, Url: "http://" + shop, Sandbox: "http://" + sandbox, Dir: dir, Log: &LogBook{}}
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
	t.Cleanup(p.Kill)
	return p
}

// FreeAddr is where a process can listen, also when it starts again: not at a port that the
// system lends to outgoing connections until then (from 32768 on Linux).
func FreeAddr(t testing.TB) string {
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

// SandboxEnv are the settings with which a process pays in a shop's sandbox.
func SandboxEnv(t testing.TB, s *Shop) (env []string) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(s.DataDir, "sandbox", "sandbox.env"))
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

// Command is the program with a command line, to be run as a process of its own.
func Command(t testing.TB, args ...string) *exec.Cmd {
	t.Helper()
	binary, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(binary, args...)
	cmd.Env = append(os.Environ(), programEnv+"=1")
	return cmd
}

// Register is a new learner at the process's shop.
func (p *Process) Register() *Person {
	p.T.Helper()
	shop := &Shop{T: p.T, Url: p.Url}
	return shop.NewLearner()
}

// Clock is the switch of the shop's clock.
func (p *Process) Clock() *Person {
	return &Person{T: p.T, Url: p.Sandbox, Header: http.Header{}}
}

// Launch starts the process and does not wait for it to be ready.
func (p *Process) Launch() {
	p.T.Helper()
	Client.CloseIdleConnections() // those to the process before are dead
	p.Db = nil
	p.Cmd, p.Ended = Command(p.T), make(chan struct{})
	if p.Binary != "" {
		p.Cmd = exec.Command(p.Binary)
	}
	p.Cmd.Env, p.Cmd.Stdout, p.Cmd.Stderr = p.env, p.Log, p.Log
	if p.Stderr != nil {
		p.Cmd.Stderr = p.Stderr
	}
	if err := p.Cmd.Start(); err != nil {
		p.T.Fatal(err)
	}
	go func(cmd *exec.Cmd, ended chan struct{}) {
		p.Err = cmd.Wait()
		close(ended)
	}(p.Cmd, p.Ended)
}

// Start starts the process and waits until it is ready.
func (p *Process) Start() {
	p.T.Helper()
	p.Launch()
	Eventually(p.T, time.Minute, func() error {
		if p.Gone() {
			p.T.Fatalf("the shop did not start: %v\n%s", p.Err, p.Log)
		}
		a, err := p.As("").Try("GET", "/readyz", nil)
		if err == nil && a.Status != 200 {
			err = fmt.Errorf("not ready: %s", a.Body)
		}
		return err
	})
}

// As is the person with this token at the process's shop.
func (p *Process) As(token string) *Person {
	return &Person{T: p.T, Url: p.Url, Token: token, Header: map[string][]string{}}
}

// Gone reports whether the process has ended.
func (p *Process) Gone() bool {
	select {
	case <-p.Ended:
		return true
	default:
		return false
	}
}

// AwaitEnd waits until the process has ended, by itself or killed.
func (p *Process) AwaitEnd() {
	p.T.Helper()
	select {
	case <-p.Ended:
	case <-time.After(time.Minute):
		p.T.Fatalf("the shop does not end\n%s", Warnings(p.Log.String()))
	}
}

// Signal sends the process a signal.
func (p *Process) Signal(s os.Signal) {
	p.T.Helper()
	if err := p.Cmd.Process.Signal(s); err != nil {
		p.T.Fatal(err)
	}
}

// Kill ends the process as kill -9 does, if it runs.
func (p *Process) Kill() {
	if p.Cmd == nil || p.Gone() {
		return
	}
	_ = p.Cmd.Process.Kill() // it may have ended by itself just now
	<-p.Ended
}

// Skip moves the process's clock on.
func (p *Process) Skip(d time.Duration) {
	p.T.Helper()
	phone := &Person{T: p.T, Url: p.Sandbox, Header: map[string][]string{}}
	var clock struct {
		Now time.Time `json:"now"`
	}
	phone.Get("/sandbox/clock").Want(200).Into(&clock)
	phone.Put("/sandbox/clock", Obj{"now": clock.Now.Add(d)}).Want(200)
}

// Database is the process's, to look into.
func (p *Process) Database() *mongo.Database {
	if p.Db == nil {
		p.Db = OpenDatabase(p.T, cmp.Or(p.mongo, embeddedURI(p.Dir)))
	}
	return p.Db
}

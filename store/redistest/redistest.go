// Package redistest starts real redis-servers on loopback for one test: a single one, a
// master watched by sentinels, a cluster. It knows nothing of the store, so that the store's
// own tests and the hub's can use it.
package redistest

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"
)

// patience is for what takes a second or two on a machine that has nothing else to do.
const patience = 30 * time.Second

// Server is a redis-server process. Its Client goes to it alone, whatever the others do.
type Server struct {
	Addr   string // host:port
	Client *redis.Client

	t     testing.TB
	cmd   *exec.Cmd
	flags []string // of Start
}

// URL is how the server is named to a shop.
func (s *Server) URL() string { return "redis://" + s.Addr }

// Again starts a killed server at the same address, empty.
func (s *Server) Again() {
	s.t.Helper()
	_, port, _ := net.SplitHostPort(s.Addr)
	again := launch(s.t, port, append([]string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no"}, s.flags...)...)
	s.cmd = again.cmd
}

// Signal sends the server a signal, such as SIGSTOP and SIGCONT.
func (s *Server) Signal(what os.Signal) {
	s.t.Helper()
	if err := s.cmd.Process.Signal(what); err != nil {
		s.t.Fatal(err)
	}
}

// Single starts a redis-server and returns its URL. Where the program is not installed, the
// test is skipped; so in everything here.
func Single(t testing.TB, flags ...string) string {
	t.Helper()
	return "redis://" + start(t, flags...).Addr
}

// Start is Single for a test that kills, freezes or fills the server.
func Start(t testing.TB, flags ...string) *Server {
	t.Helper()
	s := start(t, flags...)
	s.flags = flags
	return s
}

// start starts a redis-server on a free port and waits until it answers.
func start(t testing.TB, flags ...string) *Server {
	t.Helper()
	return launch(t, freePort(t), append([]string{"--bind", "127.0.0.1", "--save", "", "--appendonly", "no",
		"--repl-diskless-sync-delay", "0"}, flags...)...)
}

func launch(t testing.TB, port string, args ...string) *Server {
	t.Helper()
	program, err := exec.LookPath("redis-server")
	if err != nil {
		t.Skip("redis-server is not installed: this test needs a real one")
	}
	dir, err := os.MkdirTemp("", "redistest-") // t.TempDir would be named after the test, which may be too long
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{t: t, Addr: "127.0.0.1:" + port}
	s.cmd = exec.Command(program, append(args, "--port", port, "--dir", dir, "--logfile", "redis.log")...)
	if err := s.cmd.Start(); err != nil {
		t.Fatalf("start redis-server: %v", err)
	}
	s.Client = redis.NewClient(&redis.Options{Addr: s.Addr, Protocol: 2, MaxRetries: -1, ReadTimeout: 5 * time.Second})
	t.Cleanup(func() {
		s.Kill()
		_ = s.Client.Close()
		if t.Failed() {
			tail, _ := os.ReadFile(dir + "/redis.log")
			t.Logf("%s said: %s", s.Addr, tail[max(0, len(tail)-600):])
		}
		_ = os.RemoveAll(dir)
	})
	await(t, "redis-server answers", func() bool { return s.Client.Ping(context.Background()).Err() == nil })
	return s
}

// Kill is kill -9.
func (s *Server) Kill() {
	_ = s.cmd.Process.Kill()
	_ = s.cmd.Wait()
}

// do sends a command that has to succeed.
func (s *Server) do(args ...any) string {
	s.t.Helper()
	reply, err := s.Client.Do(context.Background(), args...).Result()
	if err != nil {
		s.t.Fatalf("%s: %v: %v", s.Addr, args, err)
	}
	return fmt.Sprint(reply)
}

// caughtUp waits until a replica has all that its master has now.
func (s *Server) caughtUp(t testing.TB, master *Server) {
	t.Helper()
	offset := func(of *Server) int {
		_, rest, _ := strings.Cut(of.info("replication"), "\nmaster_repl_offset:") // a replica's is how far it has come
		number, _, _ := strings.Cut(rest, "\r")
		n, _ := strconv.Atoi(number)
		return n
	}
	want := offset(master)
	await(t, "the replica has everything", func() bool { return want > 0 && offset(s) >= want })
}

// info is "" while the server does not answer: a change of masters cuts connections.
func (s *Server) info(section string) string {
	return s.Client.Info(context.Background(), section).Val()
}

func (s *Server) port() string {
	_, port, _ := net.SplitHostPort(s.Addr)
	return port
}

// freePort is a port that was free a moment ago.
func freePort(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	_, port, _ := net.SplitHostPort(ln.Addr().String())
	return port
}

func await(t testing.TB, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

func addrs(servers []*Server) string {
	var list []string
	for _, s := range servers {
		list = append(list, s.Addr)
	}
	return strings.Join(list, ",")
}

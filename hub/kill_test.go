package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub"
)

// instanceOf names the Redis of a process that is to be an instance instead of running tests;
// quickInstance shortens its intervals.
const (
	instanceOf    = "HUBTEST_INSTANCE_OF"
	quickInstance = "HUBTEST_QUICK_INSTANCE"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(instanceOf); addr != "" {
		beInstance(addr)
	}
	os.Exit(m.Run())
}

// beInstance serves until it is killed, and says where.
func beInstance(addr string) {
	h := hub.New(hub.Config{
		Redis: redis.NewClient(&redis.Options{Addr: addr}), Authenticate: (&accounts{}).authenticate,
	})
	if os.Getenv(quickInstance) != "" {
		h.Quicken()
	}
	go h.Run(context.Background())
	for h.Healthy() != nil {
		time.Sleep(time.Millisecond)
	}
	mux := http.NewServeMux()
	mux.Handle("/", h)
	mux.HandleFunc("/vitals", func(w http.ResponseWriter, r *http.Request) {
		looks, _ := strconv.Atoi(r.URL.Query().Get("looks"))
		json.NewEncoder(w).Encode(takeVitals(looks))
	})
	mux.HandleFunc("/stats", func(w http.ResponseWriter, _ *http.Request) {
		json.NewEncoder(w).Encode(h.Stats())
	})
	fmt.Println(httptest.NewServer(mux).URL)
	select {}
}

// vitals is what an instance is made of at a moment when nothing is left to collect.
type vitals struct {
	Goroutines int
	Heap       uint64 // bytes in use by what lives
	Stacks     uint64 // bytes
}

// takeVitals looks once or more and takes the least: what the hub does each second is garbage in one
// look or the other.
func takeVitals(looks int) (least vitals) {
	for look := range looks {
		if look > 0 {
			time.Sleep(100 * time.Millisecond)
			runtime.GC() // what lies in a pool outlives one collection
		}
		debug.FreeOSMemory() // collects as well
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		if look == 0 || m.HeapAlloc+m.StackInuse < least.Heap+least.Stacks {
			least = vitals{Goroutines: runtime.NumGoroutine(), Heap: m.HeapAlloc, Stacks: m.StackInuse}
		}
	}
	return least
}

// process is an instance in a process of its own.
type process struct {
	t   testing.TB
	url string
	cmd *exec.Cmd
}

func startProcess(t testing.TB, addr string, env ...string) *process {
	t.Helper()
	p := &process{t: t, cmd: exec.Command(os.Args[0])}
	p.cmd.Env = append(append(os.Environ(), instanceOf+"="+addr), env...)
	out, err := p.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatalf("the instance says nothing: %v", err)
	}
	p.url = strings.TrimSpace(line)
	return p
}

// kill is kill -9.
func (p *process) kill() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

// vitals asks the process for its own.
func (p *process) vitals() vitals { return p.vitalsOf(1) }

// vitalsOf is vitals by the least of some looks.
func (p *process) vitalsOf(looks int) (v vitals) {
	p.t.Helper()
	p.ask(fmt.Sprint("/vitals?looks=", looks), &v)
	return v
}

// stats are the hub's of the process.
func (p *process) stats() (st hub.Stats) {
	p.t.Helper()
	p.ask("/stats", &st)
	return st
}

func (p *process) ask(path string, to any) {
	p.t.Helper()
	res, err := http.Get(p.url + path)
	if err != nil {
		p.t.Fatal(err)
	}
	defer res.Body.Close()
	if err := json.NewDecoder(res.Body).Decode(to); err != nil {
		p.t.Fatal(err)
	}
}

package hub_test

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"mstm/hub"
	"mstm/hub/hubtest"
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
	fmt.Println(httptest.NewServer(h).URL)
	select {}
}

// process is an instance in a process of its own.
type process struct {
	url string
	cmd *exec.Cmd
}

func startProcess(t *testing.T, addr string, env ...string) *process {
	t.Helper()
	p := &process{cmd: exec.Command(os.Args[0])}
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

// page is a client that comes back, to any instance, with what it has seen.
type page struct {
	token, topic string
	since        string
	next         int
	deaths       int
}

// stayUntil keeps a socket open until the page has seen number last, and reports what is wrong.
func (p *page) stayUntil(last int, urls []string) error {
	deadline := time.Now().Add(30 * time.Second)
	for try := 0; p.next <= last; try++ {
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: only at %d of %d after %d deaths", p.token, p.next-1, last, p.deaths)
		}
		ws, _, err := hubtest.Try(urls[try%len(urls)], hubtest.Options{})
		if err != nil {
			continue // dead: the next one
		}
		since, _ := json.Marshal(map[string]string{p.topic: p.since})
		ws.WriteMessage(1, fmt.Appendf(nil, `{"op":"hello","token":%q,"since":%s}`, p.token, since))
		ws.SetReadDeadline(deadline)
		for p.next <= last && err == nil {
			var body []byte
			if _, body, err = ws.ReadMessage(); err == nil {
				if wrong := p.take(body); wrong != nil {
					return wrong
				}
			}
		}
		ws.Close()
		if err != nil {
			p.deaths++
		}
	}
	return nil
}

// take checks that a frame is what was due.
func (p *page) take(body []byte) error {
	var f hubtest.Frame
	if err := json.Unmarshal(body, &f); err != nil {
		return err
	}
	switch {
	case f.Op == "ready" && !f.Topics[p.topic].Resumed:
		return fmt.Errorf("%s: not resumed from %s", p.token, p.since)
	case f.Op != "event" || f.Topic != p.topic:
		return nil
	}
	var n int
	json.Unmarshal(f.Data, &n)
	if n != p.next {
		return fmt.Errorf("%s: number %d came where %d was due", p.token, n, p.next)
	}
	p.next, p.since = n+1, f.Pos
	return nil
}

func TestAnInstanceKilledMidStreamCostsNobodyAnEvent(t *testing.T) {
	r := startRedis(t)
	here := start(t, r.addr)
	doomed, other := startProcess(t, r.addr), startProcess(t, r.addr)
	const users, pagesEach, events = 5, 4, 150
	var pages []*page
	for u := range users {
		user := fmt.Sprint("user", u)
		first := here.publish(t, hub.UserTopic(user), "number", 0)
		for i := range pagesEach {
			pages = append(pages, &page{token: fmt.Sprintf("%s/web/s%d", user, i), topic: "user", since: first, next: 1})
		}
	}
	var wg sync.WaitGroup
	var deaths atomic.Int64
	urls := []string{doomed.url, other.url, here.url}
	for _, p := range pages {
		wg.Go(func() {
			if err := p.stayUntil(events, urls); err != nil {
				t.Error(err)
			}
			deaths.Add(int64(p.deaths))
		})
	}
	for i := 1; i <= events; i++ {
		if i == events/2 {
			doomed.kill()
		}
		for u := range users {
			here.publishNumbers(t, hub.UserTopic(fmt.Sprint("user", u)), i, i)
		}
		time.Sleep(2 * time.Millisecond) // a stream, not a lump
	}
	wg.Wait()
	if deaths.Load() == 0 {
		t.Error("no page was on the killed instance: the test shows nothing")
	}
}

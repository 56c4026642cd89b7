//go:build unix

package hub_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/hub"
	"mstm/hub/hubtest"
)

// drillRuns is how often the drills are run in full; 0: once, with few pages, as part of the
// tests. `make drill` sets it.
func drillRuns() int {
	n, _ := strconv.Atoi(os.Getenv("HUB_DRILL"))
	return n
}

// drill is a stream of numbers to many pages on three instances, in the middle of which
// something breaks.
type drill struct {
	pages, users int
	rate, events int // events a second, and in all; some of them go to all pages
	frozen       time.Duration

	redis     *realRedis
	instances []*process
	publisher *instance      // has no sockets
	totals    map[string]int // how many events each topic will have
	ledger    ledger
	arriving  chan struct{} // slots for handshakes: what this process itself starves says nothing of the hub
}

func newDrill(t *testing.T) *drill {
	d := &drill{pages: 30, users: 5, rate: 150, events: 180, frozen: time.Second}
	if drillRuns() > 0 {
		d.pages, d.users, d.rate, d.events, d.frozen = 3000, 300, 300, 3000, 10*time.Second
	}
	d.totals, d.arriving = map[string]int{}, make(chan struct{}, 64)
	for i := range d.events {
		d.totals[d.topicOf(i)]++
	}
	d.redis = startRedis(t)
	for range 3 {
		d.instances = append(d.instances, startProcess(t, d.redis.addr))
	}
	d.publisher = prepare(t, d.redis.addr)
	return d
}

// topicOf is the topic of the i-th event.
func (d *drill) topicOf(i int) string {
	if i%59 == 0 {
		return hub.Activity
	}
	return hub.UserTopic(fmt.Sprint("user", i%d.users))
}

// ledger is the state that the events tell of, as a page reads it over REST: the latest number
// of each topic. It is written before the event is published.
type ledger struct {
	mu     sync.Mutex
	latest map[string]int
}

func (l *ledger) next(topic string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.latest == nil {
		l.latest = map[string]int{}
	}
	l.latest[topic]++
	return l.latest[topic]
}

func (l *ledger) read(topic string) int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.latest[topic]
}

// page is a client that comes back, to any instance, with what it has seen.
type page struct {
	drill  *drill
	user   string
	token  string
	tracks map[string]*track // by topic as clients know it
	deaths []string          // why sockets ended that had been greeted

	greeted func() // called at the first ready
}

// track is what a page has seen of one topic, in which 1, 2, 3 … are published.
type track struct {
	topic string // as the ledger knows it
	since string
	seen  int
	reads int // of the state, because events were lost and ready said so
}

func (d *drill) newPage(i int, greeted func()) *page {
	user := fmt.Sprint("user", i%d.users)
	return &page{
		drill: d, user: user, token: fmt.Sprintf("%s/web/s%d", user, i), greeted: sync.OnceFunc(greeted),
		tracks: map[string]*track{"user": {topic: hub.UserTopic(user)}, hub.Activity: {topic: hub.Activity}},
	}
}

// drillPatience is how long things may take beyond the time that events are published for.
const drillPatience = 2 * time.Minute

// stay keeps a socket open, on any instance from the first-th on, until the page has seen all
// there is, and reports what was wrong.
func (p *page) stay(first int, deadline time.Time) error {
	for try := first; !p.whole(); try++ {
		err := p.visit(p.drill.instances[try%len(p.drill.instances)].url, deadline)
		if wrong := (*wrongFrame)(nil); errors.As(err, &wrong) {
			return err
		}
		if err == nil {
			continue
		}
		if time.Now().After(deadline) {
			return fmt.Errorf("%s: not whole after %d deaths, at last %w: %s", p.token, len(p.deaths), err, p.state())
		}
		time.Sleep(rand.N(200 * time.Millisecond))
	}
	return nil
}

func (p *page) state() string {
	var b strings.Builder
	for shown, t := range p.tracks {
		fmt.Fprintf(&b, "%s %d of %d since %q; ", shown, t.seen, p.drill.totals[t.topic], t.since)
	}
	return b.String()
}

// whole reports whether the page has seen everything.
func (p *page) whole() bool {
	for _, t := range p.tracks {
		if t.seen < p.drill.totals[t.topic] {
			return false
		}
	}
	return true
}

// visit is one socket of the page. It returns nil when the page is whole, else why it ended.
func (p *page) visit(url string, deadline time.Time) error {
	ws, err := p.arrive(url, deadline)
	if err != nil {
		return err
	}
	defer ws.Close()
	for !p.whole() {
		_, body, err := ws.ReadMessage()
		if err != nil {
			p.deaths = append(p.deaths, reasonOf(err))
			return err
		}
		if err := p.take(body); err != nil {
			return err
		}
	}
	return nil
}

// arrive opens a socket with what the page has seen, and takes its ready.
func (p *page) arrive(url string, deadline time.Time) (*websocket.Conn, error) {
	p.drill.arriving <- struct{}{}
	defer func() { <-p.drill.arriving }()
	ws, _, err := hubtest.Try(url, hubtest.Options{})
	if err != nil {
		return nil, err
	}
	since := map[string]string{}
	for shown, t := range p.tracks {
		if t.since != "" {
			since[shown] = t.since
		}
	}
	hello, _ := json.Marshal(map[string]any{"op": "hello", "token": p.token, "since": since})
	ws.SetReadDeadline(deadline)
	var body []byte
	if err = ws.WriteMessage(websocket.TextMessage, hello); err == nil {
		_, body, err = ws.ReadMessage()
	}
	if err == nil {
		err = p.take(body)
	}
	if err != nil {
		ws.Close()
		return nil, err
	}
	return ws, nil
}

// reasonOf is why a socket ended, without what differs from one to the next.
func reasonOf(err error) string {
	var closed *websocket.CloseError
	var reason struct{ Code string }
	if errors.As(err, &closed) && json.Unmarshal([]byte(closed.Text), &reason) == nil {
		return fmt.Sprint(closed.Code, " ", reason.Code)
	}
	if inner := errors.Unwrap(err); inner != nil {
		return reasonOf(inner)
	}
	return err.Error()
}

// wrongFrame is a promise of the hub that it did not keep.
type wrongFrame struct{ what string }

func (w *wrongFrame) Error() string { return w.what }

func (p *page) wrong(format string, v ...any) error {
	return &wrongFrame{p.token + ": " + fmt.Sprintf(format, v...)}
}

// take checks that a frame is what was due.
func (p *page) take(body []byte) error {
	var f hubtest.Frame
	if err := json.Unmarshal(body, &f); err != nil {
		return p.wrong("unreadable %s: %v", body, err)
	}
	switch f.Op {
	case "ready":
		for shown, st := range f.Topics {
			p.tracks[shown].ready(&p.drill.ledger, st)
		}
		p.greeted()
		return nil
	case "event":
		return p.takeNumber(p.tracks[f.Topic], f)
	default:
		return p.wrong("unexpected %s", body)
	}
}

// ready reads the state where ready says that the page has missed something.
func (t *track) ready(l *ledger, st hubtest.Standing) {
	if !st.Resumed && t.since != "" {
		t.seen = max(t.seen, l.read(t.topic))
		t.reads++
	}
	if !st.Resumed {
		t.since = st.Pos
	}
}

// takeNumber wants the number after the last one. Older ones may come only where the page has
// read the state, which is ahead of the events.
func (p *page) takeNumber(t *track, f hubtest.Frame) error {
	n, err := strconv.Atoi(string(f.Data))
	switch {
	case err != nil:
		return p.wrong("no number: %s", f.Data)
	case n > t.seen+1:
		return p.wrong("%s: number %d came where %d was due", f.Topic, n, t.seen+1)
	case n <= t.seen && t.reads == 0:
		return p.wrong("%s: number %d came a second time, or late", f.Topic, n)
	}
	t.seen, t.since = max(t.seen, n), f.Pos
	return nil
}

// publish publishes all events at the drill's rate, and calls breaks in the middle. What
// Redis does not take is published again, under the same key, until it does.
func (d *drill) publish(t *testing.T, breaks func()) {
	tick := time.NewTicker(time.Second / time.Duration(d.rate))
	defer tick.Stop()
	var broken sync.WaitGroup
	defer broken.Wait()
	for i := range d.events {
		if i == d.events/2 {
			broken.Go(breaks)
		}
		topic := d.topicOf(i)
		n := d.ledger.next(topic)
		e := hub.Event{Topic: topic, Type: "number", Data: n, Once: fmt.Sprint(topic, " ", n)}
		for deadline := time.Now().Add(drillPatience); ; time.Sleep(20 * time.Millisecond) {
			_, err := d.publisher.Publish(context.Background(), e)
			if err == nil {
				break
			}
			if time.Now().After(deadline) {
				t.Errorf("%s %d could not be published: %v", topic, n, err)
				return
			}
		}
		<-tick.C
	}
}

// result is what became of the pages.
type result struct {
	deaths, reads int
	reasons       map[string]int // of the deaths
	unread        int            // topics of pages that did not read the state
	healed        time.Duration  // from the last event published to the last page whole
}

// run lets the pages come, publishes, breaks, and waits until every page is whole.
func (d *drill) run(t *testing.T, breaks func()) (r result) {
	deadline := time.Now().Add(time.Duration(d.events)*time.Second/time.Duration(d.rate) + d.frozen + drillPatience)
	var greeted, stays sync.WaitGroup
	greeted.Add(d.pages)
	pages := make([]*page, d.pages)
	failed := make([]error, d.pages)
	for i := range pages {
		pages[i] = d.newPage(i, greeted.Done)
		stays.Go(func() {
			if failed[i] = pages[i].stay(i, deadline); failed[i] != nil {
				pages[i].greeted() // no page is to wait for it
			}
		})
	}
	greeted.Wait()
	d.publish(t, breaks)
	published := time.Now()
	stays.Wait()
	r.healed = time.Since(published)
	r.reasons = map[string]int{}
	for _, p := range pages {
		r.deaths += len(p.deaths)
		for _, reason := range p.deaths {
			r.reasons[reason]++
		}
		for _, t := range p.tracks {
			r.reads += t.reads
			if t.reads == 0 {
				r.unread++
			}
		}
	}
	for i, shown := 0, 0; i < len(failed) && shown < 10; i++ {
		if failed[i] != nil {
			t.Error(failed[i])
			shown++
		}
	}
	return r
}

// TestDrillFaultsMidStream breaks one thing in the middle of a stream. Every page ends with each
// number once and in order; only where Redis comes back empty the pages have to read the
// state, and end with it.
func TestDrillFaultsMidStream(t *testing.T) {
	for _, tt := range []struct {
		name   string
		breaks func(t *testing.T, d *drill)
		check  func(t *testing.T, d *drill, r result)
	}{
		{"an instance is killed", killInstance, onlyItsPagesMoved},
		{"Redis kills the subscriptions", killSubscriptions, nobodyNoticed},
		{"Redis is frozen", freezeRedis, nobodyNoticed},
		{"Redis comes back empty", emptyRedis, everybodyReadTheState},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if drillRuns() == 0 {
				t.Parallel()
			}
			for run := range max(1, drillRuns()) {
				t.Run(fmt.Sprint(run+1), func(t *testing.T) {
					d := newDrill(t)
					r := d.run(t, func() { tt.breaks(t, d) })
					tt.check(t, d, r)
					t.Logf("%d pages, %d events: %d sockets died %v, %d topics read again, whole %s after the last event",
						d.pages, d.events, r.deaths, r.reasons, r.reads, r.healed.Round(time.Millisecond))
				})
			}
		})
	}
}

func killInstance(_ *testing.T, d *drill) { d.instances[0].kill() }

func onlyItsPagesMoved(t *testing.T, d *drill, r result) {
	if r.reads != 0 {
		t.Errorf("%d topics could not be resumed", r.reads)
	}
	if r.deaths < d.pages/len(d.instances)/2 { // its share, but for pages that had to try elsewhere
		t.Errorf("%d deaths among %d pages: the drill shows nothing", r.deaths, d.pages)
	}
}

func killSubscriptions(t *testing.T, d *drill) {
	total := 0
	for range 5 {
		killed, err := d.redis.Do(context.Background(), "CLIENT", "KILL", "TYPE", "pubsub").Int()
		if err != nil {
			t.Error(err)
		}
		total += killed
		time.Sleep(100 * time.Millisecond)
	}
	// On a busy machine a subscription may take longer than the pause to be there again.
	if total < len(d.instances) {
		t.Errorf("killed %d subscriptions of %d instances", total, len(d.instances))
	}
}

// nobodyNoticed: no socket died and every topic went on.
func nobodyNoticed(t *testing.T, _ *drill, r result) {
	if r.deaths != 0 || r.reads != 0 {
		t.Errorf("%d sockets died, %d topics could not be resumed", r.deaths, r.reads)
	}
}

func freezeRedis(t *testing.T, d *drill) {
	if err := d.redis.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
		t.Error(err)
	}
	time.Sleep(d.frozen)
	d.redis.cmd.Process.Signal(syscall.SIGCONT)
}

func emptyRedis(t *testing.T, d *drill) {
	d.redis.kill()
	time.Sleep(d.frozen / 4)
	d.redis.start()
}

func everybodyReadTheState(t *testing.T, d *drill, r result) {
	if r.deaths != 0 {
		t.Errorf("%d sockets died", r.deaths)
	}
	if r.unread != 0 {
		t.Errorf("%d of %d topics of pages got no resumed false", r.unread, 2*d.pages)
	}
}

package broadcasts

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// page is an open page, a visitor's where there is no token. It comes back where it was, to the other shop if need be, as
// often as it is cut off.
type page struct {
	site  *broadcastSite
	token string
	turn  int  // the shop that it tries next
	deaf  bool // it reads and does not look at what it reads

	mu     sync.Mutex
	ws     *websocket.Conn
	since  map[string]string
	ready  int // greetings
	gaps   int // of them without what was missed
	told   map[string][]time.Time
	orders map[string]time.Time // the first word of a payment
}

// pages are open pages of one site.
type pages struct {
	all   []*page
	ended atomic.Bool
	work  sync.WaitGroup
}

// openPages opens a page for each token, half of them at each shop, until the test ends.
func (s *broadcastSite) openPages(t testing.TB, tokens []string, deaf bool) *pages {
	t.Helper()
	ps := &pages{}
	for i, token := range tokens {
		ps.all = append(ps.all, &page{
			site: s, token: token, turn: i, deaf: deaf, since: map[string]string{}, told: map[string][]time.Time{}, orders: map[string]time.Time{},
		})
	}
	s.each(len(ps.all), func(i int) error {
		p := ps.all[i]
		for deadline := time.Now().Add(2 * time.Minute); ; {
			err := p.open()
			if err == nil {
				ps.work.Go(func() { p.live(&ps.ended) })
				return nil
			}
			if time.Now().After(deadline) {
				return err
			}
			time.Sleep(hubtest.Pause(err))
		}
	})
	t.Cleanup(ps.close)
	return ps
}

func (ps *pages) close() {
	ps.ended.Store(true)
	for _, p := range ps.all {
		p.mu.Lock()
		p.ws.Close()
		p.mu.Unlock()
	}
	ps.work.Wait()
}

// open opens the page at the next shop, for the same shop again where that one says later.
func (p *page) open() error {
	ws, _, err := hubtest.Try(p.site.shops[p.turn%2].Url+"/ws", hubtest.Options{})
	if err != nil {
		p.turn++
		return err
	}
	hello := obj{"op": "hello"}
	if p.token != "" {
		hello["token"] = p.token
	}
	if len(p.since) > 0 {
		hello["since"] = p.since
	}
	if err = ws.WriteJSON(hello); err == nil {
		ws.SetReadDeadline(time.Now().Add(time.Minute))
		var f hubtest.Frame
		if err = ws.ReadJSON(&f); err == nil && f.Op != "ready" {
			err = fmt.Errorf("%s %s came before ready", f.Op, f.Code)
		}
		if err == nil {
			ws.SetReadDeadline(time.Time{})
			p.greeted(ws, f)
			return nil
		}
	}
	ws.Close()
	return err
}

func (p *page) greeted(ws *websocket.Conn, f hubtest.Frame) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.ws = ws
	p.ready++
	for topic, s := range f.Topics {
		if p.since[topic] != "" && !s.Resumed {
			p.gaps++
		}
		if p.since[topic] == "" || !s.Resumed {
			p.since[topic] = s.Pos
		}
	}
}

// live reads, and comes back, until the test ends.
func (p *page) live(ended *atomic.Bool) {
	for {
		err := p.read()
		for err != nil && !ended.Load() {
			time.Sleep(hubtest.Pause(err))
			err = p.open()
		}
		if ended.Load() {
			p.ws.Close() // it may have come back just now
			return
		}
	}
}

func (p *page) read() error {
	p.mu.Lock()
	ws := p.ws
	p.mu.Unlock()
	for {
		_, r, err := ws.NextReader()
		if err != nil {
			return err
		}
		if p.deaf {
			_, err = io.Copy(io.Discard, r)
		} else {
			var body []byte
			if body, err = io.ReadAll(r); err == nil {
				p.hear(body, time.Now())
			}
		}
		if err != nil {
			return err
		}
	}
}

func (p *page) hear(body []byte, now time.Time) {
	var f hubtest.Frame
	if json.Unmarshal(body, &f) != nil || f.Op != "event" {
		return
	}
	var about struct{ ID, State string }
	if f.Type == "notice.posted" || f.Type == "order.changed" {
		_ = json.Unmarshal(f.Data, &about) // what has no id is about nothing
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.since[f.Topic] = f.Pos
	switch f.Type {
	case "notice.posted":
		id := strings.TrimPrefix(about.ID, "activity:")
		p.told[id] = append(p.told[id], now)
	case "order.changed":
		if _, known := p.orders[about.ID]; !known && (about.State == "paid" || about.State == "fulfilled") {
			p.orders[about.ID] = now
		}
	}
}

// tellings are the times at which a broadcast came to the page.
func (p *page) tellings(id string) []time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.told[id])
}

// arrivals waits until a broadcast has come to every page, and returns how long after a moment
// each first had it, the quickest first.
func (ps *pages) arrivals(t testing.TB, id string, after time.Time) (took times) {
	t.Helper()
	shoptest.Eventually(t, time.Minute, func() error {
		took = took[:0]
		for _, p := range ps.all {
			if at := p.tellings(id); len(at) > 0 {
				took = append(took, at[0].Sub(after))
			}
		}
		if len(took) < len(ps.all) {
			return fmt.Errorf("%d of %d pages have it", len(took), len(ps.all))
		}
		return nil
	})
	slices.Sort(took)
	return took
}

// wantOnce wants each of these broadcasts to have come to every page once, and no page to have
// missed what it could have been given.
func (ps *pages) wantOnce(t testing.TB, ids ...string) {
	t.Helper()
	for _, id := range ids { // a page may be still on its way back
		ps.arrivals(t, id, time.Time{})
	}
	cut := 0
	for i, p := range ps.all {
		for _, id := range ids {
			if n := len(p.tellings(id)); n != 1 {
				t.Errorf("page %d received %[3]s %[2]d times", i, n, id)
			}
		}
		p.mu.Lock()
		if cut += p.ready - 1; p.gaps > 0 {
			t.Errorf("page %d came back to %d gaps", i, p.gaps)
		}
		p.mu.Unlock()
	}
	t.Logf("%d pages, which came back %d times, received each of %d broadcasts once", len(ps.all), cut, len(ids))
}

// times are in order.
type times []time.Duration

func (t times) String() string {
	at := func(percent int) time.Duration {
		return t[min(len(t)*percent/100, len(t)-1)].Round(100 * time.Microsecond)
	}
	return fmt.Sprintf("p50 %s, p99 %s, max %s of %d", at(50), at(99), t[len(t)-1].Round(100*time.Microsecond), len(t))
}

func (t times) p99() time.Duration { return t[min(len(t)*99/100, len(t)-1)] }

// paid is when the page first heard that an order is paid.
func (p *page) paid(order string) time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.orders[order]
}

package broadcasts

import (
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/shop"
)

// bigBroadcasts reports whether broadcasts are tested at the size that they are made for.
func bigBroadcasts() bool { return os.Getenv("BROADCAST_BIG") != "" }

// manyPeople are the learners of a site, some with a page open, some with a WeChat.
type manyPeople struct {
	*broadcastSite
	ids, tokens []string
	muted       func(i int) bool
	optedOut    int64
	pages       *pages
	listening   int64             // people with a page that want activities
	willing     []string          // WeChats that agree to a message each time
	expected    map[string]bool   // those of them that are to get it
	sent        []string          // broadcasts
	dead        *shoptest.Process // killed, and not started again yet
}

// TestBroadcastsToManyOutliveTheirSenders sends to all users by every channel, from two processes:
// first undisturbed, then with kill -9 of the sender right after the open pages were shown it,
// then amid its WeChat messages. Each time every page, every inbox and exactly the WeChats that
// may get it get it once, and the counts say so. BROADCAST_BIG=1 has 20,000 learners with 3,000
// pages and 2,500 WeChats, and wants it on the pages within a second (p99).
func TestBroadcastsToManyOutliveTheirSenders(t *testing.T) {
	m := gather(t)
	t.Run("undisturbed", func(t *testing.T) {
		if !bigBroadcasts() {
			t.Skip("to few people it is sent in other tests")
		}
		b, accepted := m.broadcast(t, nil)
		took := m.pages.arrivals(t, b.ID, accepted)
		t.Logf("from its acceptance to the pages: %s", took)
		if took.p99() > time.Second {
			t.Errorf("p99 is %s", took.p99())
		}
	})
	t.Run("killed when it has shown it", func(t *testing.T) {
		// After it was taken and posted, when it is to be noted that it was shown.
		b, accepted := m.broadcast(t, &shoptest.Point{When: "before", Write: "update broadcasts", N: 3})
		t.Logf("from its acceptance to the pages: %s", m.pages.arrivals(t, b.ID, accepted))
	})
	t.Run("killed amid its messages", func(t *testing.T) {
		amid := &shoptest.Point{When: "after", Write: "update deliveries", N: 3}
		if bigBroadcasts() {
			amid = &shoptest.Point{When: "before", Write: "update broadcasts", N: 8} // the fifth batch of the audience
		}
		m.weChat.Faults(obj{"api": []obj{{"api": "subscribe_send", "delay_ms": 300}}})
		m.broadcast(t, amid)
	})
	m.pages.wantOnce(t, m.sent...)
	m.wantInboxes(t)
}

// gather opens a site with many people.
func gather(t *testing.T) *manyPeople {
	learners, online, stride := 60, 12, 2
	if bigBroadcasts() {
		learners, online, stride = 20_000, 3_000, 8
	}
	m := &manyPeople{broadcastSite: openBroadcastSite(t), expected: map[string]bool{}}
	// Of those with a WeChat every twentieth wants no activities, the next has left the account,
	// the next never asked for a message.
	role := func(i int) int {
		if i%stride == 0 {
			return i / stride % 20
		}
		return -1
	}
	m.muted = func(i int) bool { return role(i) == 0 || i%97 == 5 }
	began := time.Now()
	m.ids, m.tokens = m.people("many", learners, m.muted)
	var bound, left []string
	for i, id := range m.ids {
		if m.muted(i) {
			m.optedOut++
		}
		if role(i) < 0 {
			continue
		}
		bound = append(bound, id)
		switch openid := "o" + id; role(i) {
		case 2:
		case 1:
			left = append(left, openid)
			fallthrough
		case 0:
			m.willing = append(m.willing, openid)
		default:
			m.willing = append(m.willing, openid)
			if !m.muted(i) {
				m.expected[openid] = true
			}
		}
	}
	bindAll(t, m.db, bound)
	m.act("follow", left)
	m.act("unfollow", left)
	m.pages = m.openPages(t, m.tokens[:online], false)
	for i := range online {
		if !m.muted(i) {
			m.listening++
		}
	}
	shoptest.Eventually(t, time.Minute, func() error { // the shops tell one another
		a := m.marketers[0].Post("/api/hub/broadcasts?dry_run=1", shoptest.Activity("在线", obj{"kind": "online"}))
		var dry struct{ Audience int }
		if a.Into(&dry); dry.Audience != online {
			return fmt.Errorf("%d are online: %s", dry.Audience, a.Body)
		}
		return nil
	})
	t.Logf("%d learners with %d pages and %d WeChats are there after %s", learners, online, len(bound), time.Since(began).Round(time.Millisecond))
	return m
}

// broadcast sends to all users, kills the sender at a point if there is one, and wants the counts
// and the messages of those that live on to be right. It answers when the broadcast was accepted.
func (m *manyPeople) broadcast(t *testing.T, kill *shoptest.Point) (b shoptest.Broadcast, accepted time.Time) {
	t.Helper()
	round := len(m.sent)
	if m.dead != nil {
		m.dead.Start()
		m.dead = nil
	}
	m.act("subscribe", m.willing)
	if kill != nil {
		for _, p := range m.shops {
			p.Arm(*kill)
		}
	}
	body := shoptest.Activity(fmt.Sprint("大促 ", round), obj{"kind": "all"})
	body["channels"] = []string{"live", "inbox", "wechat"}
	asked := time.Now()
	b = m.accept(body, round%2)
	accepted = time.Now()
	m.sent = append(m.sent, b.ID)
	living := 0
	if kill != nil {
		living = m.mourn(t)
		m.hurry(t, living, b.ID)
	}
	b, messages := m.finished(living, b.ID)
	t.Logf("accepted within %s, sent within %s; %+v; WeChat (waiting, sent, failed, skipped) %v",
		accepted.Sub(asked).Round(time.Millisecond), time.Since(asked).Round(time.Millisecond), b.Counts, messages)
	people := int64(len(m.ids)) + 6 // those of the sample
	if c := b.Counts; c.Audience != people || c.OptedOut != m.optedOut || c.Told != people-m.optedOut || c.Inbox != c.Told || c.Live > m.listening ||
		kill == nil && c.Live != m.listening {
		t.Errorf("counts %+v of %d people, %d want none, %d listening", c, people, m.optedOut, m.listening)
	}
	sent := int64(len(m.expected))
	if messages != [4]int64{0, sent, 0, b.Counts.Told - sent} {
		t.Errorf("messages %v, %d were to be sent", messages, sent)
	}
	m.wantMessages(t, body["title"].(string))
	return b, accepted
}

// mourn waits until one shop has killed itself, makes sure that the other does not, and returns
// the index of the living one.
func (m *manyPeople) mourn(t *testing.T) (living int) {
	t.Helper()
	select {
	case <-m.shops[0].Ended:
		living, m.dead = 1, m.shops[0]
	case <-m.shops[1].Ended:
		living, m.dead = 0, m.shops[1]
	case <-time.After(2 * time.Minute):
		t.Fatal("no sender was killed")
	}
	m.shops[living].Burnt()
	at, err := shoptest.Rows(m.db, "deliveries", bson.M{"state": shop.DeliveryWaiting, "broadcast": m.sent[len(m.sent)-1], "attempts": bson.M{"$gt": 0}})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("shop %d died %s, with %d messages under way at the two", 1-living, m.dead.Burnt(), len(at))
	m.weChat.Faults(obj{})
	return living
}

// hurry lets the times run out, by the shop's clock, for which others leave alone what the dead
// one was at. With many people they run out by themselves.
func (m *manyPeople) hurry(t *testing.T, living int, id string) {
	t.Helper()
	if bigBroadcasts() {
		return
	}
	m.shops[living].Skip(shop.BroadcastLease + time.Second)
	shoptest.Eventually(t, time.Minute, func() error {
		handed, err := shoptest.Rows(m.db, "broadcasts", bson.M{"_id": id, "handed": true})
		if err != nil || len(handed) == 0 {
			return fmt.Errorf("not all have it: %w", err)
		}
		left, err := shoptest.Rows(m.db, "deliveries", bson.M{"state": shop.DeliveryWaiting, "attempts": 0})
		if err != nil || len(left) > 0 {
			return fmt.Errorf("%d messages wait: %w", len(left), err)
		}
		return nil
	})
	m.shops[living].Skip(31 * time.Second)
}

// wantMessages wants each user with consent to have a message with this title, once.
func (m *manyPeople) wantMessages(t *testing.T, title string) {
	t.Helper()
	got := map[string]int{}
	for _, c := range m.weChat.Cards("") {
		for _, r := range c.Rows {
			if r.Value == title {
				got[c.Openid]++
			}
		}
	}
	for openid, times := range got {
		if times != 1 || !m.expected[openid] {
			t.Errorf("%s got it %d times; it was to get it: %t", openid, times, m.expected[openid])
		}
	}
	if len(got) != len(m.expected) {
		t.Errorf("%d of %d got it", len(got), len(m.expected))
	}
}

// wantInboxes wants all that was sent in every inbox, once, and none where none is wanted.
func (m *manyPeople) wantInboxes(t *testing.T) {
	t.Helper()
	began := time.Now()
	living := slices.DeleteFunc(slices.Clone(m.shops[:]), func(p *shoptest.Process) bool { return p == m.dead })
	m.each(len(m.ids), func(i int) error {
		a, err := living[i%len(living)].As(m.tokens[i]).Try("GET", "/api/notices?limit=100", nil)
		if err != nil || a.Status != 200 {
			return fmt.Errorf("%d %s: %w", a.Status, a.Body, err)
		}
		var box struct {
			Items  []struct{ ID string }
			Unread int
		}
		if err := json.Unmarshal(a.Body, &box); err != nil {
			return err
		}
		have := map[string]int{}
		for _, n := range box.Items {
			have[n.ID]++
		}
		want := len(m.sent)
		if m.muted(i) {
			want = 0
		}
		if len(box.Items) != want || box.Unread != want {
			return fmt.Errorf("%d notices, %d unread", len(box.Items), box.Unread)
		}
		for _, id := range m.sent {
			if want > 0 && have["activity:"+id] != 1 {
				return fmt.Errorf("%d times %s", have["activity:"+id], id)
			}
		}
		return nil
	})
	t.Logf("%d inboxes, %d want none, were read in %s: each has all %d once", len(m.ids), m.optedOut, time.Since(began).Round(time.Millisecond), len(m.sent))
}

package main

import (
	"crypto/rand"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/app"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// broadcastJSON is a broadcast as the console reads it.
type broadcastJSON struct {
	ID     string `json:"id"`
	State  string `json:"state"`
	Counts struct {
		Audience int64 `json:"audience"`
		Told     int64 `json:"told"`
		OptedOut int64 `json:"opted_out"`
		Live     int64 `json:"live"`
		Inbox    int64 `json:"inbox"`
	} `json:"counts"`
	Funnel struct {
		Read    int64 `json:"read"`
		Clicked int64 `json:"clicked"`
		Bought  int64 `json:"bought"`
	} `json:"funnel"`
	History []struct {
		Move string `json:"move"`
		By   string `json:"by"`
	} `json:"history"`
}

// activity is a broadcast to an audience, as a request.
func activity(title string, audience obj) obj {
	return obj{"title": title, "body": "全场课程限时优惠。\n周日结束。", "link": "/courses/go1", "audience": audience}
}

// broadcast sends a broadcast under a fresh key.
func (p *person) broadcast(body obj) (b broadcastJSON) {
	p.t.Helper()
	p.with("Idempotency-Key", rand.Text()).post("/api/hub/broadcasts", body).want(201).into(&b)
	return b
}

// awaitBroadcast waits until a broadcast has reached a state.
func (p *person) awaitBroadcast(id, state string) (b broadcastJSON) {
	p.t.Helper()
	eventually(p.t, 40*time.Second, func() error {
		var list struct {
			Items []broadcastJSON `json:"items"`
		}
		p.get("/api/hub/broadcasts?limit=100").want(200).into(&list) // without funnels, which are counted each time
		for _, b := range list.Items {
			if b.ID == id && b.State == state {
				return nil
			}
		}
		time.Sleep(50 * time.Millisecond)
		return fmt.Errorf("broadcast %s is not %s: %+v", id, state, list.Items)
	})
	p.get("/api/hub/broadcasts/" + id).want(200).into(&b)
	return b
}

// inbox is the person's inbox, at most 100 notices, and how many are unread.
func (p *person) inbox() (items []noticeJSON, unread int) {
	p.t.Helper()
	var box struct {
		Items  []noticeJSON `json:"items"`
		Unread int          `json:"unread"`
	}
	p.get("/api/notices?limit=100").want(200).into(&box)
	return box.Items, box.Unread
}

// told waits for the live word of a broadcast on a page.
func told(c *hubtest.Client, id string) hubtest.Frame {
	return c.WaitFor("notice.posted of "+id, 20*time.Second, func(f hubtest.Frame) bool {
		return f.Type == "notice.posted" && strings.Contains(string(f.Data), `"activity:`+id+`"`)
	})
}

// tellings are how often a page was told of a broadcast.
func tellings(c *hubtest.Client, id string) (n int) {
	for _, f := range c.All() {
		if f.Type == "notice.posted" && strings.Contains(string(f.Data), `"activity:`+id+`"`) {
			n++
		}
	}
	return n
}

// TestABroadcastToEverybody tells everybody on two instances: open pages at once, those of
// visitors too, and who was away by the inbox. It is read, on one device and on all.
func TestABroadcastToEverybody(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	a := startShop(t, withStores(mongo, redis))
	b := startShop(t, withStores(mongo, redis), withSandboxOf(a), func(s *app.Settings) { s.SandboxAddr = "off" })
	marketer := a.staff("marketer")
	early, away := a.newLearner(), a.newLearner()
	phone, laptop := early.socket(), early.at(b).socket()
	visitor := b.visitor().socket()
	console := marketer.at(b).socket()
	console.Follow("desk", "")

	sent := marketer.broadcast(activity("双十一活动", obj{"kind": "all"}))
	for name, page := range map[string]*hubtest.Client{"phone": phone, "laptop": laptop, "visitor": visitor} {
		var n noticeJSON
		told(page, sent.ID).Into(t, &n)
		if n.Title != "双十一活动" || n.Link != "/courses/go1" || n.Kind != "activity" || n.Read {
			t.Errorf("%s was told %+v", name, n)
		}
	}
	done := marketer.awaitBroadcast(sent.ID, "sent")
	if c := done.Counts; c.Audience != 7 || c.Told != 7 || c.Inbox != 7 || c.OptedOut != 0 { // five of the sample
		t.Errorf("counts %+v", c)
	}
	console.WaitFor("the end on the console", 20*time.Second, func(f hubtest.Frame) bool {
		return f.Type == "broadcast.progress" && strings.Contains(string(f.Data), `"state":"sent"`)
	})

	for _, p := range []*person{early, away.at(b)} {
		if items, unread := p.inbox(); len(items) != 1 || unread != 1 || items[0].ID != "activity:"+sent.ID || items[0].Read || items[0].Body == "" {
			t.Fatalf("inbox %+v, %d unread", items, unread)
		}
	}
	if items, unread := a.newLearner().inbox(); len(items) != 0 || unread != 0 {
		t.Errorf("somebody who came later has %+v", items)
	}
	early.at(b).post("/api/notices/activity:"+sent.ID+"/read", obj{"clicked": true}).want(204)
	phone.WaitFor("the reading on the other device", 20*time.Second, func(f hubtest.Frame) bool {
		return f.Type == "notice.read" && strings.Contains(string(f.Data), `"activity:`+sent.ID+`"`)
	})
	if items, unread := early.inbox(); unread != 0 || !items[0].Read {
		t.Errorf("after reading: %+v, %d unread", items, unread)
	}
	second := marketer.broadcast(activity("再来一次", obj{"kind": "all"}))
	told(laptop, second.ID)
	if items, unread := early.inbox(); unread != 1 || len(items) != 2 || items[0].ID != "activity:"+second.ID || items[0].Read || !items[1].Read {
		t.Errorf("with a second one: %+v, %d unread", items, unread)
	}
	early.post("/api/notices/all/read", nil).want(204)
	if items, unread := early.at(b).inbox(); unread != 0 || !items[0].Read || !items[1].Read {
		t.Errorf("after reading all: %+v, %d unread", items, unread)
	}
	away.post("/api/notices/activity:nothing/read", nil).wantCode(404, "NOTICE_NOT_FOUND")
	if got := marketer.awaitBroadcast(sent.ID, "sent"); got.Funnel.Read != 1 || got.Funnel.Clicked != 1 || got.Funnel.Bought != 0 {
		t.Errorf("funnel %+v", got.Funnel)
	}
	for _, page := range []*hubtest.Client{phone, laptop, visitor} {
		if n := tellings(page, sent.ID); n != 1 {
			t.Errorf("a page was told %d times", n)
		}
	}
	moves := []string{}
	for _, m := range done.History {
		moves = append(moves, m.Move+" "+m.By)
	}
	if want := []string{"accept demomarketer", "finish shop"}; !slices.Equal(moves, want) {
		t.Errorf("history %v, want %v", moves, want)
	}
}

package broadcasts

import (
	"crypto/rand"
	"slices"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/app"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// broadcast sends a broadcast under a fresh key.
func broadcast(p *shoptest.Person, body obj) (b shoptest.Broadcast) {
	p.T.Helper()
	p.With("Idempotency-Key", rand.Text()).Post("/api/hub/broadcasts", body).Want(201).Into(&b)
	return b
}

// inbox is the person's inbox, at most 100 notices, and how many are unread.
func inbox(p *shoptest.Person) (items []shoptest.Notice, unread int) {
	p.T.Helper()
	var box struct {
		Items  []shoptest.Notice `json:"items"`
		Unread int               `json:"unread"`
	}
	p.Get("/api/notices?limit=100").Want(200).Into(&box)
	return box.Items, box.Unread
}

// TestABroadcastToEverybody sends to all users on two instances: open pages at once, visitors'
// too, and absent learners by the inbox. It is read on one device and then on all.
func TestABroadcastToEverybody(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	a := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	b := shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithSandboxOf(a), func(s *app.Settings) { s.SandboxAddr = "off" })
	marketer := a.Staff("marketer")
	early, away := a.NewLearner(), a.NewLearner()
	phone, laptop := early.Socket(), early.At(b).Socket()
	visitor := b.Visitor().Socket()
	console := marketer.At(b).Socket()
	console.Follow("desk", "")

	sent := broadcast(marketer, shoptest.Activity("双十一活动", obj{"kind": "all"}))
	for name, page := range map[string]*hubtest.Client{"phone": phone, "laptop": laptop, "visitor": visitor} {
		var n shoptest.Notice
		shoptest.Told(page, sent.ID).Into(t, &n)
		if n.Title != "双十一活动" || n.Link != "/courses/go1" || n.Kind != "activity" || n.Read {
			t.Errorf("%s received %+v", name, n)
		}
	}
	done := marketer.AwaitBroadcast(sent.ID, "sent")
	if c := done.Counts; c.Audience != 8 || c.Told != 8 || c.Inbox != 8 || c.OptedOut != 0 { // six of the sample
		t.Errorf("counts %+v", c)
	}
	console.WaitFor("the end on the console", time.Minute, func(f hubtest.Frame) bool {
		return f.Type == "broadcast.progress" && strings.Contains(string(f.Data), `"state":"sent"`)
	})

	for _, p := range []*shoptest.Person{early, away.At(b)} {
		if items, unread := inbox(p); len(items) != 1 || unread != 1 || items[0].ID != "activity:"+sent.ID || items[0].Read || items[0].Body == "" {
			t.Fatalf("inbox %+v, %d unread", items, unread)
		}
	}
	if items, unread := inbox(a.NewLearner()); len(items) != 0 || unread != 0 {
		t.Errorf("a later account has %+v", items)
	}
	early.At(b).Post("/api/notices/activity:"+sent.ID+"/read", obj{"clicked": true}).Want(204)
	phone.WaitFor("the reading on the other device", time.Minute, func(f hubtest.Frame) bool {
		return f.Type == "notice.read" && strings.Contains(string(f.Data), `"activity:`+sent.ID+`"`)
	})
	if items, unread := inbox(early); unread != 0 || !items[0].Read {
		t.Errorf("after reading: %+v, %d unread", items, unread)
	}
	second := broadcast(marketer, shoptest.Activity("再来一次", obj{"kind": "all"}))
	shoptest.Told(laptop, second.ID)
	if items, unread := inbox(early); unread != 1 || len(items) != 2 || items[0].ID != "activity:"+second.ID || items[0].Read || !items[1].Read {
		t.Errorf("with a second one: %+v, %d unread", items, unread)
	}
	early.Post("/api/notices/all/read", nil).Want(204)
	if items, unread := inbox(early.At(b)); unread != 0 || !items[0].Read || !items[1].Read {
		t.Errorf("after reading all: %+v, %d unread", items, unread)
	}
	away.Post("/api/notices/activity:nothing/read", nil).WantCode(404, "NOTICE_NOT_FOUND")
	if got := marketer.AwaitBroadcast(sent.ID, "sent"); got.Funnel.Read != 1 || got.Funnel.Clicked != 1 || got.Funnel.Bought != 0 {
		t.Errorf("funnel %+v", got.Funnel)
	}
	for _, page := range []*hubtest.Client{phone, laptop, visitor} {
		if n := shoptest.Tellings(page, sent.ID); n != 1 {
			t.Errorf("a page received it %d times", n)
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

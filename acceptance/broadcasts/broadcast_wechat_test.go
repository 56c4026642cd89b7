package broadcasts

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/shop"
	"mstm/store"
)

// questionsOf lets a WeChat agree to one message of an activity.
func questionsOf(s *shoptest.Shop, openid string) {
	s.T.Helper()
	s.Phone().Post("/sandbox/subscribe", obj{"openid": openid}).Want(200)
}

// messageCounts are a broadcast's WeChat messages: waiting, sent, failed, skipped.
func messageCounts(p *shoptest.Person, id string) (told int64, counts [4]int64) {
	p.T.Helper()
	var b struct {
		Counts struct {
			Told    int64 `json:"told"`
			Waiting int64 `json:"wechat_waiting"`
			Sent    int64 `json:"wechat_sent"`
			Failed  int64 `json:"wechat_failed"`
			Skipped int64 `json:"wechat_skipped"`
		} `json:"counts"`
		Reasons []shop.MessageReason `json:"reasons"`
	}
	p.Get("/api/hub/broadcasts/" + id).Want(200).Into(&b)
	with := map[shop.DeliveryState]int64{}
	for _, r := range b.Reasons {
		with[r.State] += r.People
	}
	if with[shop.DeliverySkipped] != b.Counts.Skipped || with[shop.DeliveryFailed] != b.Counts.Failed {
		p.T.Errorf("%+v do not explain the counts %+v", b.Reasons, b.Counts)
	}
	return b.Counts.Told, [4]int64{b.Counts.Waiting, b.Counts.Sent, b.Counts.Failed, b.Counts.Skipped}
}

func askedByWeChat(t *testing.T, s *shoptest.Shop) {
	marketer := s.Staff("marketer")
	var ids []string
	follower := func(asks bool) string {
		p, openid := s.Follower()
		if asks {
			questionsOf(s, openid)
		}
		ids = append(ids, p.ID())
		return openid
	}
	asked, too, never := follower(true), follower(true), follower(false)
	deaf, muted := s.Follower()
	questionsOf(s, muted)
	deaf.Patch("/api/me", obj{"notifications": obj{"activities": false}}).Want(200)
	gone := follower(true)
	s.Phone().Post("/sandbox/unfollow", obj{"openid": gone}).Want(200)
	ids = append(ids, deaf.ID(), s.NewLearner().ID()) // the last has no WeChat at all

	send := func(title string, audience obj, sent int64) {
		t.Helper()
		body := shoptest.Activity(title, audience)
		body["channels"] = []string{"wechat", "inbox", "live"}
		b := broadcast(marketer, body)
		marketer.AwaitBroadcast(b.ID, "sent")
		if told, n := messageCounts(marketer, b.ID); n != [4]int64{0, sent, 0, told - sent} {
			t.Errorf("%s: of %d reached by WeChat %v (waiting, sent, failed, skipped)", title, told, n)
		}
	}
	send("几位", obj{"kind": "users", "user_ids": ids}, 2)
	card := s.AwaitCards(asked, "activity")
	if card.URL != "" && card.URL != s.Url+"/courses/go1" {
		t.Errorf("the card leads to %s", card.URL)
	}
	s.Pass(2 * time.Second) // two decisions within one second are one
	questionsOf(s, too)     // once more; the other's one is used up
	send("大家", obj{"kind": "all"}, 1)
	s.AwaitCards(asked, "activity")
	s.AwaitCards(too, "activity", "activity")
	for name, openid := range map[string]string{"never asked": never, "wants none": muted, "has left": gone} {
		if n := len(s.Cards(openid)); n != 0 {
			t.Errorf("%s got %d messages", name, n)
		}
	}
}

func cancelledBeforeWeChat(t *testing.T, s *shoptest.Shop) {
	marketer, db := s.Staff("marketer"), s.Database()
	learner, openid := s.Follower()
	questionsOf(s, openid)
	gone := func(names ...string) {
		s.Phone().Put("/sandbox/templates", obj{"gone": append([]string{}, names...)}).Want(200)
	}
	gone("activity")
	defer gone()
	body := shoptest.Activity("等着", obj{"kind": "users", "user_ids": []string{learner.ID()}})
	body["channels"] = []string{"inbox", "wechat"}
	b := broadcast(marketer, body)
	shoptest.Eventually(t, time.Minute, func() error {
		if d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.KindActivity, shop.DeliveryWaiting); d.Attempts == 0 {
			return fmt.Errorf("WeChat was not asked yet")
		}
		return nil
	})
	if _, n := messageCounts(marketer, b.ID); n != [4]int64{1, 0, 0, 0} {
		t.Errorf("while it waits: %v", n)
	}
	marketer.Post("/api/hub/broadcasts/"+b.ID+"/cancel", nil).Want(200)
	gone()
	s.Pass(2 * time.Hour)
	if d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.KindActivity, shop.DeliverySkipped); d.Code != shop.SkipCancelled {
		t.Errorf("%+v", d)
	}
	if told, n := messageCounts(marketer, b.ID); told != 1 || n != [4]int64{0, 0, 0, 1} {
		t.Errorf("afterwards, of %d: %v", told, n)
	}
	s.AwaitCards(openid)
}

func pausedAmidWeChat(t *testing.T, s *shoptest.Shop) {
	const n = 24
	marketer, db := s.Staff("marketer"), s.Database()
	buyer, buyers := s.Follower()
	var placed shoptest.Placed
	buyer.Place(99900, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}).Want(201).Into(&placed)
	ids := crowd(t, db, "paused", n)
	mine := map[string]bool{}
	for _, openid := range bindAll(t, db, ids) {
		questionsOf(s, openid)
		mine[openid] = true
	}
	// Six are under way at a time, so that all of them take six seconds.
	s.Faults(obj{"api": []obj{{"api": "subscribe_send", "delay_ms": 1500}}})
	defer s.Faults(obj{})
	arrived := func() int { t.Helper(); return cardsOf(s, mine) }
	console := marketer.Socket()
	console.Follow("desk", "")
	body := shoptest.Activity("暂停", obj{"kind": "users", "user_ids": ids})
	body["channels"] = []string{"wechat"}
	b := broadcast(marketer, body)
	shoptest.Eventually(t, time.Minute, func() error {
		if arrived() == 0 {
			return fmt.Errorf("no message has arrived")
		}
		return nil
	})
	console.WaitFor("messages that arrived, on the console", time.Minute, func(f hubtest.Frame) bool {
		word := string(f.Data)
		return f.Type == "broadcast.progress" && strings.Contains(word, `"state":"sending"`) && !strings.Contains(word, `"wechat_sent":0`)
	})
	s.Scan(placed.Payment)
	s.AwaitCards(buyers, shop.NoticeOrderFulfilled)
	if came := arrived(); came == n {
		t.Error("the message about the payment came after all of the activity")
	} else {
		t.Logf("the message about a payment came when %d of %d of the activity had", came, n)
	}
	marketer.Post("/api/hub/broadcasts/"+b.ID+"/pause", nil).Want(200)
	time.Sleep(2 * time.Second) // by when it has stopped
	stopped := arrived()
	s.Pass(20 * time.Second)
	time.Sleep(time.Second) // for what must not come
	if now := arrived(); now != stopped || now == n {
		t.Errorf("%d messages had arrived two seconds after the pause, then %d of %d", stopped, now, n)
	}
	if told, c := messageCounts(marketer, b.ID); told != n || c != [4]int64{int64(n - stopped), int64(stopped), 0, 0} {
		t.Errorf("while it is paused, of %d reached: %v", told, c)
	}
	t.Logf("%d of %d messages were sent when it was paused, and none after two seconds", stopped, n)
	s.Faults(obj{})
	marketer.Post("/api/hub/broadcasts/"+b.ID+"/start", nil).Want(200)
	s.Pass(11 * time.Second) // for which a message of a paused one is left alone
	marketer.AwaitBroadcast(b.ID, "sent")
	if now := arrived(); now != n {
		t.Errorf("%d of %d messages arrived in the end", now, n)
	}
	if told, c := messageCounts(marketer, b.ID); told != n || c != [4]int64{0, n, 0, 0} {
		t.Errorf("in the end, of %d reached: %v", told, c)
	}
}

// cardsOf counts the messages that these WeChats have, which are to have one each at most.
func cardsOf(s *shoptest.Shop, openids map[string]bool) (n int) {
	s.T.Helper()
	seen := map[string]bool{}
	for _, c := range s.Cards("") {
		if !openids[c.Openid] {
			continue
		}
		if n++; seen[c.Openid] {
			s.T.Errorf("%s got it twice", c.Openid)
		}
		seen[c.Openid] = true
	}
	return n
}

// bindAll binds a WeChat to each of these learners behind the shop's back, as of an hour ago.
func bindAll(t testing.TB, db *mongo.Database, ids []string) (openids []string) {
	t.Helper()
	bindings, weChats := []any{}, []any{}
	for _, id := range ids {
		openid := "o" + id
		openids = append(openids, openid)
		bindings = append(bindings, store.Binding{UserID: id, Openid: openid, BoundAt: time.Now().Add(-time.Hour).UTC(), Keys: []string{}, V: 1})
		weChats = append(weChats, bson.M{"_id": openid, "user_id": id})
	}
	insertAll(t, db, "bindings", bindings)
	insertAll(t, db, "wechats", weChats)
	return openids
}

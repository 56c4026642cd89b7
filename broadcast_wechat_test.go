package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/hub/hubtest"
	"mstm/shop"
	"mstm/store"
)

// asks lets a WeChat agree to one message of an activity.
func (s *testShop) asks(openid string) {
	s.t.Helper()
	s.phone().post("/sandbox/subscribe", obj{"openid": openid}).want(200)
}

// messageCounts are a broadcast's WeChat messages: waiting, sent, failed, skipped.
func (p *person) messageCounts(id string) (told int64, counts [4]int64) {
	p.t.Helper()
	var b struct {
		Counts struct {
			Told    int64 `json:"told"`
			Waiting int64 `json:"wechat_waiting"`
			Sent    int64 `json:"wechat_sent"`
			Failed  int64 `json:"wechat_failed"`
			Skipped int64 `json:"wechat_skipped"`
		} `json:"counts"`
	}
	p.get("/api/hub/broadcasts/" + id).want(200).into(&b)
	return b.Counts.Told, [4]int64{b.Counts.Waiting, b.Counts.Sent, b.Counts.Failed, b.Counts.Skipped}
}

func askedByWeChat(t *testing.T, s *testShop) {
	marketer := s.staff("marketer")
	var ids []string
	follower := func(asks bool) string {
		p, openid := s.follower()
		if asks {
			s.asks(openid)
		}
		ids = append(ids, p.id())
		return openid
	}
	asked, too, never := follower(true), follower(true), follower(false)
	deaf, muted := s.follower()
	s.asks(muted)
	deaf.patch("/api/me", obj{"notifications": obj{"activities": false}}).want(200)
	gone := follower(true)
	s.phone().post("/sandbox/unfollow", obj{"openid": gone}).want(200)
	ids = append(ids, deaf.id(), s.newLearner().id()) // who has no WeChat at all

	send := func(title string, audience obj, sent int64) {
		t.Helper()
		body := activity(title, audience)
		body["channels"] = []string{"wechat", "inbox", "live"}
		b := marketer.broadcast(body)
		marketer.awaitBroadcast(b.ID, "sent")
		if told, n := marketer.messageCounts(b.ID); n != [4]int64{0, sent, 0, told - sent} {
			t.Errorf("%s: of %d told by WeChat %v (waiting, sent, failed, skipped)", title, told, n)
		}
	}
	send("几位", obj{"kind": "users", "user_ids": ids}, 2)
	card := s.awaitCards(asked, "activity")
	if card.URL != "" && card.URL != s.url+"/courses/go1" {
		t.Errorf("the card leads to %s", card.URL)
	}
	s.pass(2 * time.Second) // two decisions within one second are one
	s.asks(too)             // once more; the other's one is used up
	send("大家", obj{"kind": "all"}, 1)
	s.awaitCards(asked, "activity")
	s.awaitCards(too, "activity", "activity")
	for name, openid := range map[string]string{"who never asked": never, "who wants none": muted, "who has left": gone} {
		if n := len(s.cards(openid)); n != 0 {
			t.Errorf("%s got %d messages", name, n)
		}
	}
}

func cancelledBeforeWeChat(t *testing.T, s *testShop) {
	marketer, db := s.staff("marketer"), s.database()
	learner, openid := s.follower()
	s.asks(openid)
	gone := func(names ...string) {
		s.phone().put("/sandbox/templates", obj{"gone": append([]string{}, names...)}).want(200)
	}
	gone("activity")
	defer gone()
	body := activity("等着", obj{"kind": "users", "user_ids": []string{learner.id()}})
	body["channels"] = []string{"inbox", "wechat"}
	b := marketer.broadcast(body)
	eventually(t, 20*time.Second, func() error {
		if d := awaitDelivery(t, db, learner.id(), shop.KindActivity, shop.DeliveryWaiting); d.Attempts == 0 {
			return fmt.Errorf("WeChat was not asked yet")
		}
		return nil
	})
	if _, n := marketer.messageCounts(b.ID); n != [4]int64{1, 0, 0, 0} {
		t.Errorf("while it waits: %v", n)
	}
	marketer.post("/api/hub/broadcasts/"+b.ID+"/cancel", nil).want(200)
	gone()
	s.pass(2 * time.Hour)
	if d := awaitDelivery(t, db, learner.id(), shop.KindActivity, shop.DeliverySkipped); d.Code != shop.SkipCancelled {
		t.Errorf("%+v", d)
	}
	if told, n := marketer.messageCounts(b.ID); told != 1 || n != [4]int64{0, 0, 0, 1} {
		t.Errorf("afterwards, of %d: %v", told, n)
	}
	s.awaitCards(openid)
}

func pausedAmidWeChat(t *testing.T, s *testShop) {
	const n = 24
	marketer, db := s.staff("marketer"), s.database()
	buyer, buyers := s.follower()
	var placed placedJSON
	buyer.place(99900, wish{"go1", "go1full"}).want(201).into(&placed)
	ids := crowd(t, db, "paused", n)
	mine := map[string]bool{}
	for _, openid := range bindAll(t, db, ids) {
		s.asks(openid)
		mine[openid] = true
	}
	// Six are under way at a time, so that all of them take six seconds.
	s.faults(obj{"api": []obj{{"api": "subscribe_send", "delay_ms": 1500}}})
	defer s.faults(obj{})
	arrived := func() int { t.Helper(); return s.cardsOf(mine) }
	console := marketer.socket()
	console.Follow("desk", "")
	body := activity("暂停", obj{"kind": "users", "user_ids": ids})
	body["channels"] = []string{"wechat"}
	b := marketer.broadcast(body)
	eventually(t, 20*time.Second, func() error {
		if arrived() == 0 {
			return fmt.Errorf("no message has arrived")
		}
		return nil
	})
	console.WaitFor("messages that arrived, on the console", 20*time.Second, func(f hubtest.Frame) bool {
		word := string(f.Data)
		return f.Type == "broadcast.progress" && strings.Contains(word, `"state":"sending"`) && !strings.Contains(word, `"wechat_sent":0`)
	})
	s.scan(placed.Payment)
	s.awaitCards(buyers, shop.NoticeOrderFulfilled)
	if came := arrived(); came == n {
		t.Error("the message about the payment came after all of the activity")
	} else {
		t.Logf("the message about a payment came when %d of %d of the activity had", came, n)
	}
	marketer.post("/api/hub/broadcasts/"+b.ID+"/pause", nil).want(200)
	time.Sleep(2 * time.Second) // by when it has stopped
	stopped := arrived()
	s.pass(20 * time.Second)
	time.Sleep(time.Second) // for what must not come
	if now := arrived(); now != stopped || now == n {
		t.Errorf("%d messages had arrived two seconds after the pause, then %d of %d", stopped, now, n)
	}
	if told, c := marketer.messageCounts(b.ID); told != n || c != [4]int64{int64(n - stopped), int64(stopped), 0, 0} {
		t.Errorf("while it is paused, of %d told: %v", told, c)
	}
	t.Logf("%d of %d messages were sent when it was paused, and none after two seconds", stopped, n)
	s.faults(obj{})
	marketer.post("/api/hub/broadcasts/"+b.ID+"/start", nil).want(200)
	s.pass(11 * time.Second) // for which a message of a paused one is left alone
	marketer.awaitBroadcast(b.ID, "sent")
	if now := arrived(); now != n {
		t.Errorf("%d of %d messages arrived in the end", now, n)
	}
	if told, c := marketer.messageCounts(b.ID); told != n || c != [4]int64{0, n, 0, 0} {
		t.Errorf("in the end, of %d told: %v", told, c)
	}
}

// cardsOf counts the messages that these WeChats have, which are to have one each at most.
func (s *testShop) cardsOf(openids map[string]bool) (n int) {
	s.t.Helper()
	seen := map[string]bool{}
	for _, c := range s.cards("") {
		if !openids[c.Openid] {
			continue
		}
		if n++; seen[c.Openid] {
			s.t.Errorf("%s got it twice", c.Openid)
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

package main

import (
	"fmt"
	"testing"
	"time"

	"mstm/shop"
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
	send("大家", obj{"kind": "all"}, 0) // each asked for one
	s.awaitCards(asked, "activity")
	s.awaitCards(too, "activity")
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

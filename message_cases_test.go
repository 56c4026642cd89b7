package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo"

	"mstm/shop"
)

// TestMessageCases are the WeChat messages that follow from what happens in the shop, and what
// becomes of them when WeChat does not take them.
func TestMessageCases(t *testing.T) {
	s := startShop(t)
	c := s.at(t, "2025-03-01 10:00").sell(usual()) // to make one takes longer than most cases
	cases := []struct {
		name, when string
		run        func(*testing.T, *testShop, *sold)
	}{
		{"a paid order and its refund are told by WeChat, and WeChat tells that it arrived", "2025-03-01 10:00", orderTold},
		{"who has no WeChat, does not follow or does not want it gets none", "2025-03-01 10:00", notTold},
		{"who follows again gets them again", "2025-03-01 10:00", followsAgain},
		{"an access that ends is told with the next price", "2025-03-01 10:00", endTold},
		{"an answer that is lost is asked for again, and nobody is told twice", "2025-03-01 10:00", answerLost},
		{"an access token that WeChat takes no more, or does not give, holds up no payment", "2025-03-01 10:00", tokenTrouble},
		{"what WeChat says of a message about a payment is final", "2025-03-01 10:00", finalAnswers},
		{"who blocks the account while WeChat has the message is on record", "2025-03-01 10:00", blockedMeanwhile},
		{"a template that is gone stops its kind, calls people and goes on when it is back", "2025-03-02 10:00", templateGone},
		{"a quota that is used up stops the day", "2025-03-03 10:00", quotaUsedUp},
		{"an order is not held up by a WeChat that hangs", "2025-03-04 10:00", wechatHangs},
		{"that an order is about to close is not told once it is paid", "2025-03-05 10:00", paidBeforeTold},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s.at(t, tt.when), c) })
	}
}

// messageJSON is a message on a phone.
type messageJSON struct {
	Openid      string `json:"openid"`
	Template    string `json:"template"`
	URL         string `json:"url"`
	ClientMsgID string `json:"client_msg_id"`
	Rows        []struct {
		Label string `json:"label"`
		Value string `json:"value"`
	} `json:"rows"`
}

// reads is the card on one line, as a person reads it.
func (c messageJSON) reads() string {
	var b strings.Builder
	b.WriteString(c.Template)
	for _, r := range c.Rows {
		b.WriteString(" | " + r.Label + " " + r.Value)
	}
	return b.String()
}

// cards are the messages on somebody's phone, newest first; "" is everybody's.
func (s *testShop) cards(openid string) []messageJSON {
	s.t.Helper()
	var out struct {
		Items []messageJSON `json:"items"`
	}
	s.phone().get("/sandbox/messages?openid=" + openid).want(200).into(&out)
	return out.Items
}

// awaitCards waits until a phone has exactly these messages, oldest first.
func (s *testShop) awaitCards(openid string, kinds ...string) (last messageJSON) {
	s.t.Helper()
	eventually(s.t, 20*time.Second, func() error {
		got := []string{}
		cards := s.cards(openid)
		for i := range cards {
			got = append(got, cards[len(cards)-1-i].Template)
		}
		if strings.Join(got, " ") != strings.Join(kinds, " ") {
			return fmt.Errorf("the phone has %v, not %v", got, kinds)
		}
		if len(cards) > 0 {
			last = cards[0]
		}
		return nil
	})
	return last
}

// follower is a learner whose WeChat follows the account.
func (s *testShop) follower() (p *person, openid string) {
	s.t.Helper()
	p, openid = s.newLearner(), someWeChat()
	s.bind(p, openid, "")
	return p, openid
}

// id is the person's id.
func (p *person) id() string {
	p.t.Helper()
	var me struct {
		ID string `json:"id"`
	}
	p.get("/api/me").want(200).into(&me)
	return me.ID
}

// awaitDelivery waits until the person's only delivery of a kind is in a state, and answers its code.
func awaitDelivery(t *testing.T, db *mongo.Database, user, kind string, state shop.DeliveryState) (d shop.Delivery) {
	t.Helper()
	eventually(t, 20*time.Second, func() error {
		var all []shop.Delivery
		if err := find(db, "deliveries", bson.M{"user_id": user, "kind": kind}, &all); err != nil {
			return err
		}
		if len(all) != 1 || all[0].State != state {
			return fmt.Errorf("deliveries of kind %s: %+v", kind, all)
		}
		d = all[0]
		return nil
	})
	return d
}

func orderTold(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	learner, openid := s.follower()
	o := s.buy(learner, 99900, c.full)
	card := s.awaitCards(openid, "order_fulfilled")
	want := "order_fulfilled | 课程名称 阶梯课程 | 订单编号 " + o.ID + " | 支付金额 999.00元 | 开通时间 2025-03-01 10:0"
	if got := card.reads(); !strings.HasPrefix(got, want) || card.URL != s.url+"/orders/"+o.ID {
		t.Errorf("the card reads %q and leads to %s", got, card.URL)
	}
	awaitDelivery(t, db, learner.id(), shop.NoticeOrderFulfilled, shop.DeliveryDelivered)

	learner.post("/api/orders/"+o.ID+"/refund", obj{"reason": "不学了"}).want(200)
	s.pass(4 * time.Second) // WeChat takes three for a refund
	learner.await(o.ID, "refunded")
	card = s.awaitCards(openid, "order_fulfilled", "order_refunded")
	if got := card.reads(); !strings.Contains(got, "退款金额 999.00元") {
		t.Errorf("the card reads %q", got)
	}
}

func notTold(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	nobody := s.newLearner()
	s.buy(nobody, 99900, c.full)
	if all, err := rows(db, "deliveries", bson.M{"user_id": nobody.id()}); err != nil || len(all) != 0 {
		t.Errorf("without a WeChat: %v, %v", all, err)
	}

	gone, openid := s.follower()
	s.phone().post("/sandbox/unfollow", obj{"openid": openid}).want(200)
	s.buy(gone, 99900, c.full)
	d := awaitDelivery(t, db, gone.id(), shop.NoticeOrderFulfilled, shop.DeliverySkipped)
	if d.Code != shop.SkipNotFollowing || d.Attempts != 0 {
		t.Errorf("who does not follow: %+v", d)
	}

	unheard, openid := s.follower() // the event of going is lost: WeChat itself says it
	s.phone().post("/sandbox/unfollow", obj{"openid": openid, "fault": obj{"lose": true}}).want(200)
	s.buy(unheard, 99900, c.full)
	d = awaitDelivery(t, db, unheard.id(), shop.NoticeOrderFulfilled, shop.DeliverySkipped)
	if d.Code != shop.SkipNotFollowing || d.Attempts != 1 {
		t.Errorf("who went unheard: %+v", d)
	}

	quiet, openid := s.follower()
	quiet.patch("/api/me", obj{"notifications": obj{"orders": false}}).want(200)
	s.buy(quiet, 99900, c.full)
	if d := awaitDelivery(t, db, quiet.id(), shop.NoticeOrderFulfilled, shop.DeliverySkipped); d.Code != shop.SkipOptedOut {
		t.Errorf("who does not want it: %+v", d)
	}
	s.awaitCards(openid)
}

func followsAgain(t *testing.T, s *testShop, c *sold) {
	learner, openid := s.follower()
	s.phone().post("/sandbox/unfollow", obj{"openid": openid, "fault": obj{"repeat": 3, "parallel": true}}).want(200)
	s.pass(2 * time.Second)
	s.phone().post("/sandbox/follow", obj{"openid": openid}).want(200)
	s.buy(learner, 99900, c.full)
	s.awaitCards(openid, "order_fulfilled")
}

func endTold(t *testing.T, s *testShop, c *sold) {
	learner, openid := s.follower()
	s.buy(learner, 0, c.s1)
	s.awaitCards(openid, "order_fulfilled")
	s.turnTo("2025-03-26", learner)
	card := s.awaitCards(openid, "order_fulfilled", "access_ends")
	if got := card.reads(); got != "access_ends | 课程名称 阶梯课程 | 到期日期 2025-04-01 | 续费方式 第二个月 200.00元" || card.URL != s.url+"/courses/"+c.id {
		t.Errorf("the card reads %q", got)
	}
	s.turnTo("2025-04-02", learner)
	s.awaitCards(openid, "order_fulfilled", "access_ends", "access_ended")
}

func answerLost(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	learner, openid := s.follower()
	s.faults(obj{"api": []obj{{"api": "template_send", "drop": true, "times": 2}}})
	s.buy(learner, 99900, c.full)
	for range 3 { // the pauses between the tries are of the shop's clock
		time.Sleep(300 * time.Millisecond)
		s.pass(15 * time.Second)
	}
	d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderFulfilled, shop.DeliverySent)
	if d.Attempts < 2 {
		t.Errorf("it was not asked again: %+v", d)
	}
	s.awaitCards(openid, "order_fulfilled")
}

// tokenTrouble is F-34's token: one is asked for, once, for a payment that was told at once elsewhere.
func tokenTrouble(t *testing.T, s *testShop, c *sold) {
	learner, openid := s.follower()
	before := s.tokens()
	s.faults(obj{"api": []obj{{"api": "template_send", "errcode": 42001, "times": 1}}})
	s.buy(learner, 99900, c.full)
	s.awaitCards(openid, "order_fulfilled")
	if after := s.tokens(); after.Refreshes-before.Refreshes > 1 {
		t.Errorf("%d tokens for one that ended", after.Refreshes-before.Refreshes)
	}

	unlucky, openid := s.follower()
	s.phone().post("/sandbox/access-token/expire", obj{}).want(200)
	s.faults(obj{"api": []obj{{"api": "stable_token", "status": 500}}})
	o := s.buy(unlucky, 99900, c.full)
	unlucky.wantOpenedOnce(o.ID, c.id)
	d := awaitDelivery(t, s.database(), unlucky.id(), shop.NoticeOrderFulfilled, shop.DeliveryWaiting)
	if d.MsgID != 0 {
		t.Errorf("it was sent without a token: %+v", d)
	}
	s.faults(obj{})
	s.pass(time.Minute) // also after what WeChat allows of forced tokens
	s.awaitCards(openid, "order_fulfilled")
}

// finalAnswers are F-34's errcodes: each is asked about once.
func finalAnswers(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	for _, tt := range []struct {
		errcode int
		state   shop.DeliveryState
		code    string
	}{
		{40241, shop.DeliverySent, ""}, // WeChat has it
		{43004, shop.DeliverySkipped, shop.SkipNotFollowing},
		{40003, shop.DeliveryFailed, "40003"},
		{47003, shop.DeliveryFailed, "47003"},
	} {
		learner, openid := s.follower()
		s.faults(obj{"api": []obj{{"api": "template_send", "errcode": tt.errcode, "times": 1}}})
		o := s.buy(learner, 99900, c.full)
		d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderFulfilled, tt.state)
		if d.Code != tt.code || d.Attempts != 1 {
			t.Errorf("%d: %+v", tt.errcode, d)
		}
		s.awaitCards(openid)
		if n := learner.noticesAbout(o.ID); n != 1 {
			t.Errorf("%d: %d notices in the inbox", tt.errcode, n)
		}
	}
}

func blockedMeanwhile(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	learner, openid := s.follower()
	s.faults(obj{"callback": []obj{{"event": "message", "outcome": "failed:user block", "repeat": 3, "parallel": true, "times": 1}}})
	s.buy(learner, 99900, c.full)
	if d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderFulfilled, shop.DeliveryFailed); d.Code != "USER_BLOCK" || d.MsgID == 0 {
		t.Errorf("%+v", d)
	}
	s.awaitCards(openid, "order_fulfilled")
}

func templateGone(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	learner, openid := s.follower()
	s.phone().put("/sandbox/templates", obj{"gone": []string{"order_fulfilled"}}).want(200)
	o := s.buy(learner, 99900, c.full)
	eventually(t, 20*time.Second, func() error {
		if !strings.Contains(s.log.String(), `"msg":"WeChat messages stop","what":"order_fulfilled"`) {
			return fmt.Errorf("nobody is called")
		}
		return nil
	})
	// Another kind goes on.
	learner.post("/api/orders/"+o.ID+"/refund", obj{"reason": "不学了"}).want(200)
	s.pass(4 * time.Second) // WeChat takes three for a refund
	learner.await(o.ID, "refunded")
	s.awaitCards(openid, "order_refunded")
	if d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderFulfilled, shop.DeliveryWaiting); d.AskedAt != nil {
		t.Errorf("a refused message counts as possibly sent: %+v", d)
	}
	s.phone().put("/sandbox/templates", obj{"gone": []string{}}).want(200)
	s.pass(time.Hour + time.Minute)
	s.awaitCards(openid, "order_refunded", "order_fulfilled")
}

func quotaUsedUp(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	learner, openid := s.follower()
	s.phone().put("/sandbox/message-quota", obj{"template": 0}).want(200)
	s.buy(learner, 99900, c.full)
	eventually(t, 20*time.Second, func() error {
		d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderFulfilled, shop.DeliveryWaiting)
		if want := beijingTime(t, "2025-03-04"); !d.NextAt.Equal(want) {
			return fmt.Errorf("the next try is at %s, not at %s", d.NextAt, want)
		}
		return nil
	})
	s.phone().put("/sandbox/message-quota", obj{"template": 100000}).want(200)
	s.awaitCards(openid)
	s.move("2025-03-04 00:00:01", learner)
	s.awaitCards(openid, "order_fulfilled")
}

func wechatHangs(t *testing.T, s *testShop, c *sold) {
	learner, openid := s.follower()
	s.faults(obj{"api": []obj{{"api": "template_send", "delay_ms": 8000, "times": 1}}})
	began := time.Now()
	s.buy(learner, 99900, c.full)
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("the order took %s", took)
	}
	s.awaitCards(openid, "order_fulfilled") // it was done before the answer was held back
}

// paidBeforeTold has WeChat give no token when the reminder is due, and until after the payment.
func paidBeforeTold(t *testing.T, s *testShop, c *sold) {
	db := s.database()
	learner, openid := s.follower()
	got := learner.placed(99900, c.full)
	s.phone().post("/sandbox/access-token/expire", obj{}).want(200)
	s.faults(obj{"api": []obj{{"api": "stable_token", "status": 500}}})
	s.pass(20*time.Minute + 5*time.Second)
	eventually(t, 20*time.Second, func() error {
		if d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderClosing, shop.DeliveryWaiting); d.Attempts == 0 {
			return fmt.Errorf("it was not tried: %+v", d)
		}
		return nil
	})
	s.scan(got.Payment)
	learner.await(got.Order.ID, "fulfilled")
	s.faults(obj{})
	s.pass(time.Minute) // what WeChat wants between two forced tokens
	if d := awaitDelivery(t, db, learner.id(), shop.NoticeOrderClosing, shop.DeliverySkipped); d.Code != shop.SkipOver {
		t.Errorf("%+v", d)
	}
	s.awaitCards(openid, "order_fulfilled")
}

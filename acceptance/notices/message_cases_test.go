package notices

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/shop"
)

// TestMessageCases are the WeChat messages that follow from what happens in the shop, and what
// becomes of them when WeChat does not take them.
func TestMessageCases(t *testing.T) {
	s := shoptest.Start(t)
	c := s.At(t, "2025-03-01 10:00").Sell(shoptest.Usual()) // to make one takes longer than most cases
	cases := []struct {
		name, when string
		run        func(*testing.T, *shoptest.Shop, *shoptest.Course)
	}{
		{"a paid order and its refund go out by WeChat, and WeChat confirms the arrival", "2025-03-01 10:00", orderTold},
		{"a learner without WeChat, without following or without the wish gets none", "2025-03-01 10:00", notTold},
		{"a new follow brings them back", "2025-03-01 10:00", followsAgain},
		{"the end of access is announced with the next price", "2025-03-01 10:00", endTold},
		{"a lost answer is asked for again, and no message comes twice", "2025-03-01 10:00", answerLost},
		{"an access token that WeChat takes no more, or does not give, holds up no payment", "2025-03-01 10:00", tokenTrouble},
		{"what WeChat says of a message about a payment is final", "2025-03-01 10:00", finalAnswers},
		{"a block of the account while WeChat has the message is on record", "2025-03-01 10:00", blockedMeanwhile},
		{"a template that is gone stops its kind, calls people and goes on when it is back", "2025-03-02 10:00", templateGone},
		{"a quota that is used up stops the day", "2025-03-03 10:00", quotaUsedUp},
		{"an order is not held up by a WeChat that hangs", "2025-03-04 10:00", wechatHangs},
		{"the reminder that an order is about to close does not go out after it is paid", "2025-03-05 10:00", paidBeforeTold},
	}
	for _, tt := range cases {
		t.Run(tt.name, func(t *testing.T) { tt.run(t, s.At(t, tt.when), c) })
	}
}

// reads is the card on one line, as a person reads it.
func reads(c shoptest.Message) string {
	var b strings.Builder
	b.WriteString(c.Template)
	for _, r := range c.Rows {
		b.WriteString(" | " + r.Label + " " + r.Value)
	}
	return b.String()
}

func orderTold(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	learner, openid := s.Follower()
	o := s.Buy(learner, 99900, c.Full)
	card := s.AwaitCards(openid, "order_fulfilled")
	want := "order_fulfilled | 课程名称 阶梯课程 | 订单编号 " + o.ID + " | 支付金额 999.00元 | 开通时间 2025-03-01 10:0"
	if got := reads(card); !strings.HasPrefix(got, want) || card.URL != s.Url+"/orders/"+o.ID {
		t.Errorf("the card reads %q and leads to %s", got, card.URL)
	}
	shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderFulfilled, shop.DeliveryDelivered)

	learner.Post("/api/orders/"+o.ID+"/refund", obj{"reason": "不学了"}).Want(200)
	s.Pass(4 * time.Second) // WeChat takes three for a refund
	learner.Await(o.ID, "refunded")
	card = s.AwaitCards(openid, "order_fulfilled", "order_refunded")
	if got := reads(card); !strings.Contains(got, "退款金额 999.00元") {
		t.Errorf("the card reads %q", got)
	}
}

func notTold(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	nobody := s.NewLearner()
	s.Buy(nobody, 99900, c.Full)
	if all, err := shoptest.Rows(db, "deliveries", bson.M{"user_id": nobody.ID()}); err != nil || len(all) != 0 {
		t.Errorf("without a WeChat: %v, %v", all, err)
	}

	gone, openid := s.Follower()
	s.Phone().Post("/sandbox/unfollow", obj{"openid": openid}).Want(200)
	s.Buy(gone, 99900, c.Full)
	d := shoptest.AwaitDelivery(t, db, gone.ID(), shop.NoticeOrderFulfilled, shop.DeliverySkipped)
	if d.Code != shop.SkipNotFollowing || d.Attempts != 0 {
		t.Errorf("a WeChat that does not follow: %+v", d)
	}

	unheard, openid := s.Follower() // the event of going is lost: WeChat itself says it
	s.Phone().Post("/sandbox/unfollow", obj{"openid": openid, "fault": obj{"lose": true}}).Want(200)
	s.Buy(unheard, 99900, c.Full)
	d = shoptest.AwaitDelivery(t, db, unheard.ID(), shop.NoticeOrderFulfilled, shop.DeliverySkipped)
	if d.Code != shop.SkipNotFollowing || d.Attempts != 1 {
		t.Errorf("a follower that left in silence: %+v", d)
	}

	quiet, openid := s.Follower()
	quiet.Patch("/api/me", obj{"notifications": obj{"orders": false}}).Want(200)
	s.Buy(quiet, 99900, c.Full)
	if d := shoptest.AwaitDelivery(t, db, quiet.ID(), shop.NoticeOrderFulfilled, shop.DeliverySkipped); d.Code != shop.SkipOptedOut {
		t.Errorf("a learner that does not want it: %+v", d)
	}
	s.AwaitCards(openid)
}

func followsAgain(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	learner, openid := s.Follower()
	s.Phone().Post("/sandbox/unfollow", obj{"openid": openid, "fault": obj{"repeat": 3, "parallel": true}}).Want(200)
	s.Pass(2 * time.Second)
	s.Phone().Post("/sandbox/follow", obj{"openid": openid}).Want(200)
	s.Buy(learner, 99900, c.Full)
	s.AwaitCards(openid, "order_fulfilled")
}

func endTold(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	learner, openid := s.Follower()
	s.Buy(learner, 0, c.S1)
	s.AwaitCards(openid, "order_fulfilled")
	turnTo(s, "2025-03-26", learner)
	card := s.AwaitCards(openid, "order_fulfilled", "access_ends")
	if got := reads(card); got != "access_ends | 课程名称 阶梯课程 | 到期日期 2025-04-01 | 续费方式 第二个月 200.00元" || card.URL != s.Url+"/courses/"+c.Id {
		t.Errorf("the card reads %q", got)
	}
	turnTo(s, "2025-04-02", learner)
	s.AwaitCards(openid, "order_fulfilled", "access_ends", "access_ended")
}

func answerLost(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	learner, openid := s.Follower()
	s.Faults(obj{"api": []obj{{"api": "template_send", "drop": true, "times": 2}}})
	s.Buy(learner, 99900, c.Full)
	for range 3 { // the pauses between the tries are of the shop's clock
		time.Sleep(300 * time.Millisecond)
		s.Pass(15 * time.Second)
	}
	d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderFulfilled, shop.DeliverySent)
	if d.Attempts < 2 {
		t.Errorf("it was not asked again: %+v", d)
	}
	s.AwaitCards(openid, "order_fulfilled")
}

// tokenTrouble is F-34's token: a new token is asked for, once, while another instance sends the
// message of a payment at once.
func tokenTrouble(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	learner, openid := s.Follower()
	before := tokens(s)
	s.Faults(obj{"api": []obj{{"api": "template_send", "errcode": 42001, "times": 1}}})
	s.Buy(learner, 99900, c.Full)
	s.AwaitCards(openid, "order_fulfilled")
	if after := tokens(s); after.Refreshes-before.Refreshes > 1 {
		t.Errorf("%d tokens for one that ended", after.Refreshes-before.Refreshes)
	}

	unlucky, openid := s.Follower()
	s.Phone().Post("/sandbox/access-token/expire", obj{}).Want(200)
	s.Faults(obj{"api": []obj{{"api": "stable_token", "status": 500}}})
	o := s.Buy(unlucky, 99900, c.Full)
	unlucky.WantOpenedOnce(o.ID, c.Id)
	d := shoptest.AwaitDelivery(t, s.Database(), unlucky.ID(), shop.NoticeOrderFulfilled, shop.DeliveryWaiting)
	if d.MsgID != 0 {
		t.Errorf("it was sent without a token: %+v", d)
	}
	s.Faults(obj{})
	s.Pass(time.Minute) // also after what WeChat allows of forced tokens
	s.AwaitCards(openid, "order_fulfilled")
}

// finalAnswers are F-34's errcodes: each is asked about once.
func finalAnswers(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
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
		learner, openid := s.Follower()
		s.Faults(obj{"api": []obj{{"api": "template_send", "errcode": tt.errcode, "times": 1}}})
		o := s.Buy(learner, 99900, c.Full)
		d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderFulfilled, tt.state)
		if d.Code != tt.code || d.Attempts != 1 {
			t.Errorf("%d: %+v", tt.errcode, d)
		}
		s.AwaitCards(openid)
		if n := learner.NoticesAbout(o.ID); n != 1 {
			t.Errorf("%d: %d notices in the inbox", tt.errcode, n)
		}
	}
}

func blockedMeanwhile(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	learner, openid := s.Follower()
	s.Faults(obj{"callback": []obj{{"event": "message", "outcome": "failed:user block", "repeat": 3, "parallel": true, "times": 1}}})
	s.Buy(learner, 99900, c.Full)
	if d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderFulfilled, shop.DeliveryFailed); d.Code != "USER_BLOCK" || d.MsgID == 0 {
		t.Errorf("%+v", d)
	}
	s.AwaitCards(openid, "order_fulfilled")
}

func templateGone(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	learner, openid := s.Follower()
	s.Phone().Put("/sandbox/templates", obj{"gone": []string{"order_fulfilled"}}).Want(200)
	o := s.Buy(learner, 99900, c.Full)
	shoptest.Eventually(t, time.Minute, func() error {
		if !strings.Contains(s.Log.String(), `"msg":"WeChat messages stop","what":"order_fulfilled"`) {
			return fmt.Errorf("no alarm is raised")
		}
		return nil
	})
	// Another kind goes on.
	learner.Post("/api/orders/"+o.ID+"/refund", obj{"reason": "不学了"}).Want(200)
	s.Pass(4 * time.Second) // WeChat takes three for a refund
	learner.Await(o.ID, "refunded")
	s.AwaitCards(openid, "order_refunded")
	if d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderFulfilled, shop.DeliveryWaiting); d.AskedAt != nil {
		t.Errorf("a refused message counts as possibly sent: %+v", d)
	}
	s.Phone().Put("/sandbox/templates", obj{"gone": []string{}}).Want(200)
	s.Pass(time.Hour + time.Minute)
	s.AwaitCards(openid, "order_refunded", "order_fulfilled")
}

func quotaUsedUp(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	learner, openid := s.Follower()
	s.Phone().Put("/sandbox/message-quota", obj{"template": 0}).Want(200)
	s.Buy(learner, 99900, c.Full)
	shoptest.Eventually(t, time.Minute, func() error {
		d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderFulfilled, shop.DeliveryWaiting)
		if want := shoptest.BeijingTime(t, "2025-03-04"); !d.NextAt.Equal(want) {
			return fmt.Errorf("the next try is at %s, not at %s", d.NextAt, want)
		}
		return nil
	})
	s.Phone().Put("/sandbox/message-quota", obj{"template": 100000}).Want(200)
	s.AwaitCards(openid)
	s.Move("2025-03-04 00:00:01", learner)
	s.AwaitCards(openid, "order_fulfilled")
}

func wechatHangs(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	learner, openid := s.Follower()
	s.Faults(obj{"api": []obj{{"api": "template_send", "delay_ms": 8000, "times": 1}}})
	began := time.Now()
	s.Buy(learner, 99900, c.Full)
	if took := time.Since(began); took > 6*time.Second {
		t.Errorf("the order took %s", took)
	}
	s.AwaitCards(openid, "order_fulfilled") // it was done before the answer was held back
}

// paidBeforeTold has WeChat give no token when the reminder is due, and until after the payment.
func paidBeforeTold(t *testing.T, s *shoptest.Shop, c *shoptest.Course) {
	db := s.Database()
	learner, openid := s.Follower()
	got := learner.Placed(99900, c.Full)
	s.Phone().Post("/sandbox/access-token/expire", obj{}).Want(200)
	s.Faults(obj{"api": []obj{{"api": "stable_token", "status": 500}}})
	s.Pass(20*time.Minute + 5*time.Second)
	shoptest.Eventually(t, time.Minute, func() error {
		if d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderClosing, shop.DeliveryWaiting); d.Attempts == 0 {
			return fmt.Errorf("it was not tried: %+v", d)
		}
		return nil
	})
	s.Scan(got.Payment)
	learner.Await(got.Order.ID, "fulfilled")
	s.Faults(obj{})
	s.Pass(time.Minute) // what WeChat wants between two forced tokens
	if d := shoptest.AwaitDelivery(t, db, learner.ID(), shop.NoticeOrderClosing, shop.DeliverySkipped); d.Code != shop.SkipOver {
		t.Errorf("%+v", d)
	}
	s.AwaitCards(openid, "order_fulfilled")
}

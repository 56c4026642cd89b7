package main

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/shop"
)

// TestAnOrderThatClosesSoonIsToldOnce has many orders come to the minute in which their buyers
// are reminded, ten minutes before they close: those still unpaid are, once each.
func TestAnOrderThatClosesSoonIsToldOnce(t *testing.T) {
	s := startShop(t).at(t, "2025-03-01 10:00")
	c := s.sell(usual())
	unpaid, openid := s.follower()
	english := s.newLearner()
	quiet, quietID := s.follower()
	quiet.patch("/api/me", obj{"notifications": obj{"reminders": false}}).want(200)
	english.patch("/api/me", obj{"locale": "en"}).want(200)
	payer, canceller, unheard := s.newLearner(), s.newLearner(), s.newLearner()
	orders := map[*person]placedJSON{}
	for _, p := range []*person{unpaid, english, quiet, payer, canceller, unheard} {
		orders[p] = p.placed(99900, c.full)
	}
	page := unpaid.socket()
	s.scan(orders[payer].Payment)
	payer.await(orders[payer].Order.ID, "fulfilled")
	canceller.post("/api/orders/"+orders[canceller].Order.ID+"/cancel", nil).want(200)
	s.pass(19 * time.Minute)
	s.faults(obj{"callback": []obj{{"event": "payment", "lose": true}}})
	s.scan(orders[unheard].Payment) // WeChat has the money, and the shop has not heard of it

	s.pass(65 * time.Second)
	eventually(t, 20*time.Second, func() error {
		for name, p := range map[string]*person{"unpaid": unpaid, "english": english, "quiet": quiet} {
			if p.notices(shop.NoticeOrderClosing) != 1 {
				return fmt.Errorf("%s was not told", name)
			}
		}
		return nil
	})
	id := orders[unpaid].Order.ID
	told := func(p *person) (n noticeJSON) {
		var box struct {
			Items []noticeJSON `json:"items"`
		}
		p.get("/api/notices").want(200).into(&box)
		return box.Items[0]
	}
	if n := told(unpaid); n.Title != "订单即将关闭" || n.Link != "/orders/"+id ||
		!strings.HasPrefix(n.Body, "《阶梯课程》的订单还没有付款，应付 999.00 元，2025-03-01 10:3") {
		t.Errorf("told %+v", n)
	}
	if n := told(english); n.Title != "Your order is about to close" || !strings.HasPrefix(n.Body, "Your order for “阶梯课程” is not paid yet: ¥999.00.") {
		t.Errorf("told %+v", n)
	}
	card := s.awaitCards(openid, "order_closing")
	if got := card.reads(); !strings.HasPrefix(got, "order_closing | 课程名称 阶梯课程 | 待付金额 999.00元 | 支付截止时间 2025-03-01 10:3") || card.URL != s.url+"/orders/"+id {
		t.Errorf("the card reads %q and leads to %s", got, card.URL)
	}
	db := s.database()
	if d := awaitDelivery(t, db, quiet.id(), shop.NoticeOrderClosing, shop.DeliverySkipped); d.Code != shop.SkipOptedOut {
		t.Errorf("who does not want reminders: %+v", d)
	}

	s.faults(obj{})
	s.pass(11 * time.Minute)
	unpaid.await(id, "closed")
	again := canceller.placed(99900, c.full).Order.ID
	s.pass(31 * time.Minute) // a shop that was away all the while
	canceller.await(again, "closed")
	unheard.await(orders[unheard].Order.ID, "fulfilled")
	for name, p := range map[string]*person{"who paid": payer, "who cancelled": canceller, "whose payment was not heard of": unheard} {
		if n := p.notices(shop.NoticeOrderClosing); n != 0 {
			t.Errorf("%s was told %d times", name, n)
		}
	}
	unpaid.wantNotices(shop.NoticeOrderClosing, 1)
	s.awaitCards(openid, "order_closing")
	s.awaitCards(quietID)
	heard := 0
	for _, f := range events(t, page) {
		if f.Type == "notice.posted" {
			heard++
		}
	}
	if heard != 1 {
		t.Errorf("the page heard of it %d times: %v", heard, eventTypes(t, page))
	}
}

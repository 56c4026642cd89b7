package notices

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/shop"
)

// TestAnOrderThatClosesSoonIsAnnouncedOnce has many orders come to the minute in which their buyers
// are reminded, ten minutes before they close: those still unpaid are, once each.
func TestAnOrderThatClosesSoonIsAnnouncedOnce(t *testing.T) {
	s := shoptest.Start(t).At(t, "2025-03-01 10:00")
	c := s.Sell(shoptest.Usual())
	unpaid, openid := s.Follower()
	english := s.NewLearner()
	quiet, quietID := s.Follower()
	quiet.Patch("/api/me", obj{"notifications": obj{"reminders": false}}).Want(200)
	english.Patch("/api/me", obj{"locale": "en"}).Want(200)
	payer, canceller, unheard := s.NewLearner(), s.NewLearner(), s.NewLearner()
	orders := map[*shoptest.Person]shoptest.Placed{}
	for _, p := range []*shoptest.Person{unpaid, english, quiet, payer, canceller, unheard} {
		orders[p] = p.Placed(99900, c.Full)
	}
	page := unpaid.Socket()
	s.Scan(orders[payer].Payment)
	payer.Await(orders[payer].Order.ID, "fulfilled")
	canceller.Post("/api/orders/"+orders[canceller].Order.ID+"/cancel", nil).Want(200)
	s.Pass(19 * time.Minute)
	s.Faults(obj{"callback": []obj{{"event": "payment", "lose": true}}})
	s.Scan(orders[unheard].Payment) // WeChat has the money, and the shop has not heard of it

	s.Pass(65 * time.Second)
	shoptest.Eventually(t, time.Minute, func() error {
		for name, p := range map[string]*shoptest.Person{"unpaid": unpaid, "english": english, "quiet": quiet} {
			if p.Notices(shop.NoticeOrderClosing) != 1 {
				return fmt.Errorf("%s got no reminder", name)
			}
		}
		return nil
	})
	id := orders[unpaid].Order.ID
	told := func(p *shoptest.Person) (n shoptest.Notice) {
		var box struct {
			Items []shoptest.Notice `json:"items"`
		}
		p.Get("/api/notices").Want(200).Into(&box)
		return box.Items[0]
	}
	if n := told(unpaid); n.Title != "订单即将关闭" || n.Link != "/orders/"+id ||
		!strings.HasPrefix(n.Body, "《阶梯课程》的订单还没有付款，应付 999.00 元，2025-03-01 10:3") {
		t.Errorf("got %+v", n)
	}
	if n := told(english); n.Title != "Your order is about to close" || !strings.HasPrefix(n.Body, "Your order for “阶梯课程” is not paid yet: ¥999.00.") {
		t.Errorf("got %+v", n)
	}
	card := s.AwaitCards(openid, "order_closing")
	if got := reads(card); !strings.HasPrefix(got, "order_closing | 课程名称 阶梯课程 | 待付金额 999.00元 | 支付截止时间 2025-03-01 10:3") || card.URL != s.Url+"/orders/"+id {
		t.Errorf("the card reads %q and leads to %s", got, card.URL)
	}
	db := s.Database()
	if d := shoptest.AwaitDelivery(t, db, quiet.ID(), shop.NoticeOrderClosing, shop.DeliverySkipped); d.Code != shop.SkipOptedOut {
		t.Errorf("a learner without reminders: %+v", d)
	}

	s.Faults(obj{})
	s.Pass(11 * time.Minute)
	unpaid.Await(id, "closed")
	again := canceller.Placed(99900, c.Full).Order.ID
	s.Pass(31 * time.Minute) // a shop that was away all the while
	canceller.Await(again, "closed")
	unheard.Await(orders[unheard].Order.ID, "fulfilled")
	for name, p := range map[string]*shoptest.Person{"the payer": payer, "the canceller": canceller, "the payer with a lost callback": unheard} {
		if n := p.Notices(shop.NoticeOrderClosing); n != 0 {
			t.Errorf("%s got %d reminders", name, n)
		}
	}
	unpaid.WantNotices(shop.NoticeOrderClosing, 1)
	s.AwaitCards(openid, "order_closing")
	s.AwaitCards(quietID)
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

package finance

import (
	"crypto/rand"
	"strings"
	"testing"

	"mstm/acceptance/shoptest"
)

// TestReferral_OfALink_StaysWithTheOrder: from the request to the console's list and story and to finance's export, and its
// owner is shown nothing of it.
func TestReferral_OfALink_StaysWithTheOrder(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	a, b := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual())
	place := func(tag string, wish shoptest.Wish, key string) shoptest.Answer {
		return learner.With("Idempotency-Key", key).Post("/api/orders", obj{"lines": []shoptest.Wish{wish}, "total_fen": 99900, "channel": "native", "referral": tag})
	}
	for _, tag := range []string{"a b", "=1+1", strings.Repeat("a", 33), "春天"} {
		place(tag, a.Full, rand.Text()).WantCode(400, "INVALID_FIELD")
	}
	key := rand.Text()
	var placed, again shoptest.Placed
	answer := place("spring_2031", a.Full, key).Want(201)
	answer.Into(&placed)
	if strings.Contains(string(answer.Body), "spring_2031") {
		t.Errorf("its owner is shown the tag: %s", answer.Body)
	}
	place("another", a.Full, key).Want(201).Into(&again) // a repeat that came by another link
	if again.Order.ID != placed.Order.ID {
		t.Errorf("a repeat made %s beside %s", again.Order.ID, placed.Order.ID)
	}
	s.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")
	plain := s.Buy(learner, 99900, b.Full)

	finance := s.Staff("finance")
	type row struct {
		ID       string `json:"id"`
		Referral string `json:"referral"`
	}
	list := func(query string) (rows []row) {
		var page struct {
			Items []row `json:"items"`
		}
		finance.Get("/api/admin/orders?" + query).Want(200).Into(&page)
		return page.Items
	}
	if got := list("referral=spring_2031"); len(got) != 1 || got[0] != (row{placed.Order.ID, "spring_2031"}) {
		t.Errorf("the list of the tag: %+v", got)
	}
	if got := list("referral=another"); len(got) != 0 {
		t.Errorf("the list of the repeat's tag: %+v", got)
	}
	if got := list("q=" + plain.ID + "&referral=spring_2031"); len(got) != 0 {
		t.Errorf("an order without the tag: %+v", got)
	}
	var story row
	finance.Get("/api/admin/orders/" + placed.Order.ID).Want(200).Into(&story)
	if story.Referral != "spring_2031" {
		t.Errorf("the story: %+v", story)
	}
	for _, line := range finances(finance, "2031-03-05", "2031-03-05") {
		if want := map[string]string{placed.Order.ID: "spring_2031"}[line["order"]]; line["referral"] != want {
			t.Errorf("the export has %q for %v", line["referral"], line)
		}
	}
}

// TestReferral_OfAPerson_SaysNothingOfThem and is theirs alone.
func TestReferral_OfAPerson_SaysNothingOfThem(t *testing.T) {
	s := shoptest.Start(t)
	tags := map[string]bool{}
	for range 3 {
		p := s.NewLearner()
		var me, again struct {
			Referral string `json:"referral"`
		}
		p.Get("/api/me").Want(200).Into(&me)
		p.Get("/api/me").Want(200).Into(&again)
		if me != again || !strings.HasPrefix(me.Referral, "p-") || tags[me.Referral] || strings.Contains(me.Referral, p.ID()) || strings.Contains(me.Referral, p.Name) {
			t.Errorf("%+v, %+v", me, again)
		}
		tags[me.Referral] = true
	}
}

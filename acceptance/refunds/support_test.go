package refunds

import (
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// TestRefundBySupport_GivesWhatTheRuleGivesAndNothingElse buys a full price of 999 yuan, which the rule gives back whole within
// seven days, and one more that is older than that.
func TestRefundBySupport_GivesWhatTheRuleGivesAndNothingElse(t *testing.T) {
	s := shoptest.Start(t).At(t, "2025-03-01 10:00")
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	old := s.Buy(learner, 99900, d.Full)
	s.Pass(8 * 24 * time.Hour)
	o := s.Buy(learner, 99900, c.Full)
	support := s.Staff("support")
	path := "/api/admin/orders/" + o.ID + "/refunds"

	for _, body := range []obj{
		{"amount_fen": 1000}, {"amount_fen": 99901}, {"lines": []obj{{"course_id": c.Id}}}, {"later": true},
	} {
		body["reason"] = "客服"
		s.FinanceRefunds(support, o.ID, body).WantCode(403, "REFUND_BEYOND_RULE")
		support.Post(path+"?dry_run=1", body).WantCode(403, "REFUND_BEYOND_RULE")
	}
	s.FinanceRefunds(support, old.ID, obj{"reason": "客服"}).WantCode(409, "NOT_REFUNDABLE")
	if a := support.Post(path+"?dry_run=1", obj{"reason": "客服"}).Want(200); !strings.Contains(string(a.Body), `"amount_fen":99900`) {
		t.Errorf("the preview: %s", a.Body)
	}
	s.FinanceRefunds(support, o.ID, obj{"reason": "客服", "amount_fen": 99900}).Want(201)
	learner.Await(o.ID, "refunded")
	support.Get("/api/admin/orders/" + o.ID).Want(200)
	shoptest.WantSame(t, "the invariants", s.Staff("finance").Invariants())
}

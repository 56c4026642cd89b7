package main

import (
	"fmt"
	"testing"
	"time"
)

// ladderCourse makes a course like Course C of the specification: full price 999 yuan,
// stages 0, 200 and 300 yuan of one month each. Its policy ids are given back by name.
func (s *testShop) ladderCourse(creditMode string) (course string, policy map[string]string) {
	s.t.Helper()
	admin := s.staff("admin")
	var made struct {
		ID string `json:"id"`
	}
	month := obj{"unit": "month", "count": 1}
	lessons := []obj{}
	for range 10 {
		lessons = append(lessons, obj{"title": "一课", "kind": "video", "duration_s": 60, "preview": len(lessons) == 0})
	}
	admin.post("/api/admin/courses", obj{
		"title": "退款课程", "subtitle": "试一试", "category_id": "code", "description": "说明",
		"teacher":  obj{"name": "老师", "title": "讲师", "intro": "简介"},
		"chapters": []obj{{"title": "一章", "lessons": lessons}},
		"policies": []obj{
			{"kind": "stage", "stage": 1, "name": "首月免费", "period": month, "price_fen": 0, "default": true},
			{"kind": "stage", "stage": 2, "name": "第二个月", "period": month, "price_fen": 20000},
			{"kind": "stage", "stage": 3, "name": "第三个月", "period": month, "price_fen": 30000},
			{"kind": "lifetime", "name": "全款", "price_fen": 99900},
		},
		"ladder": obj{"credit_mode": creditMode, "lapse_after_days": 0},
	}).want(201).into(&made)
	admin.post("/api/admin/courses/"+made.ID+"/publish", obj{}).want(200)
	var detail struct {
		Offers []struct {
			PolicyID string `json:"policy_id"`
			Kind     string `json:"kind"`
			Stage    int    `json:"stage"`
		} `json:"offers"`
	}
	s.visitor().get("/api/courses/" + made.ID).want(200).into(&detail)
	policy = map[string]string{}
	for _, o := range detail.Offers {
		name := "full"
		if o.Kind == "stage" {
			name = "s" + string(rune('0'+o.Stage))
		}
		policy[name] = o.PolicyID
	}
	return made.ID, policy
}

// stage buys one policy of a ladder course and waits until it is open.
func (s *testShop) stage(p *person, course, policy string, price int64) orderJSON {
	s.t.Helper()
	return s.buy(p, price, wish{course, policy})
}

// refunded waits until a refund has come back, letting the shop's clock flow past WeChat's
// pauses.
func (s *testShop) refunded(p *person, order, state string) orderJSON {
	s.t.Helper()
	return p.await(order, state)
}

func TestRefunds(t *testing.T) {
	s := startShop(t)
	s.setClock("2025-03-01T10:00:00+08:00")
	course, policy := s.ladderCourse("none")

	t.Run("P27 a stage refunded on day 3 can be bought again once", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		s.stage(p, course, policy["s1"], 0)
		paid := s.stage(p, course, policy["s2"], 20000)
		s.setClock("2025-03-04T10:00:00+08:00")
		var quote struct {
			Amount int64 `json:"amount_fen"`
		}
		p.get("/api/orders/" + paid.ID + "/refund").want(200).into(&quote)
		if quote.Amount != 20000 {
			t.Fatalf("the page would show %d fen", quote.Amount)
		}
		p.post("/api/orders/"+paid.ID+"/refund", obj{"reason": "不合适", "amount_fen": 19999}).wantCode(409, "REFUND_AMOUNT_CHANGED")
		p.post("/api/orders/"+paid.ID+"/refund", obj{"reason": "不合适", "amount_fen": 20000}).want(200)
		o := s.refunded(p, paid.ID, "refunded")
		if o.Refunded != 20000 {
			t.Errorf("%d fen went back", o.Refunded)
		}
		eventually(t, 10*time.Second, func() error { return grantState(p, course, paid.ID, "revoked") })
		s.stage(p, course, policy["s2"], 20000)
		p.place(20000, wish{course, policy["s2"]}).wantCode(409, "STAGE_ALREADY_USED")
	})

	t.Run("P28 a stage refunded on day 20 gives the unused whole days back", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		s.stage(p, course, policy["s1"], 0)
		s.setClock("2025-04-05T10:00:00+08:00") // after S1: S2 runs through 2025-05-05
		p.again()
		paid := s.stage(p, course, policy["s2"], 20000)
		s.setClock("2025-04-25T10:00:00+08:00")
		var quote struct {
			Amount int64 `json:"amount_fen"`
			Lines  []struct {
				Rule   string `json:"rule"`
				Unused int64  `json:"unused_days"`
				Total  int64  `json:"total_days"`
			} `json:"lines"`
		}
		p.get("/api/orders/" + paid.ID + "/refund").want(200).into(&quote)
		l := quote.Lines[0]
		if l.Rule != "pro_rata" || quote.Amount != 20000*l.Unused/l.Total || l.Unused != 10 {
			t.Fatalf("quote %+v", quote)
		}
		p.post("/api/orders/"+paid.ID+"/refund", obj{"reason": "没时间"}).want(200)
		o := s.refunded(p, paid.ID, "partially_refunded")
		if o.Refunded != quote.Amount {
			t.Errorf("%d fen went back instead of %d", o.Refunded, quote.Amount)
		}
	})

	t.Run("P29 a later stage comes first, finance may do both at once", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		s.stage(p, course, policy["s1"], 0)
		s.setClock("2025-04-05T10:00:00+08:00")
		p.again()
		finance := s.staff("finance")
		two := s.stage(p, course, policy["s2"], 20000)
		three := s.stage(p, course, policy["s3"], 30000)
		p.post("/api/orders/"+two.ID+"/refund", obj{"reason": "不合适"}).wantCode(409, "REFUND_LATER_STAGE_FIRST")
		finance.anew().post("/api/admin/orders/"+two.ID+"/refunds", obj{"reason": "客服"}).wantCode(409, "REFUND_LATER_STAGE_FIRST")
		finance.anew().post("/api/admin/orders/"+two.ID+"/refunds", obj{"reason": "客服", "later": true}).want(201)
		s.refunded(p, three.ID, "refunded")
		s.refunded(p, two.ID, "refunded")
	})

	t.Run("P30 a free stage refunded ends access, calls nobody and stays used", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		free := s.stage(p, course, policy["s1"], 0)
		p.post("/api/orders/"+free.ID+"/refund", obj{"reason": "不学了"}).want(200)
		s.refunded(p, free.ID, "refunded")
		eventually(t, 10*time.Second, func() error { return grantState(p, course, free.ID, "revoked") })
		p.place(0, wish{course, policy["s1"]}).wantCode(409, "TRIAL_USED")
	})

	t.Run("the full price pays a stage back that has not begun", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		s.stage(p, course, policy["s1"], 0)
		two := s.stage(p, course, policy["s2"], 20000)
		full := s.stage(p, course, policy["full"], 99900)
		if full.Total != 99900 {
			t.Errorf("paid %d", full.Total)
		}
		o := s.refunded(p, two.ID, "refunded")
		if o.Refunded != 20000 {
			t.Errorf("%d fen went back", o.Refunded)
		}
	})

	t.Run("C24 C25 a refund whose answer is lost is asked for again and paid once", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		full := s.stage(p, course, policy["full"], 99900)
		s.faults(obj{"api": []obj{{"api": "refund", "drop": true, "times": 1}}})
		defer s.faults(obj{})
		p.post("/api/orders/"+full.ID+"/refund", obj{"reason": "不合适"}).want(200)
		o := s.refunded(p, full.ID, "refunded") // the callback overtakes the answer that never came
		if o.Refunded != 99900 || len(s.refundsAtWeChat(full.ID)) != 1 {
			t.Errorf("%d fen in %d refunds", o.Refunded, len(s.refundsAtWeChat(full.ID)))
		}
	})

	t.Run("C42 a line that can no longer be granted is paid back, the others are opened", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		s.stage(p, course, policy["s1"], 0)
		two := s.stage(p, course, policy["s2"], 20000)
		s.setClock("2025-03-05T10:00:00+08:00")
		var placed placedJSON
		// S3 waits for its money while S2, which it stands on, is refunded.
		s.setClock("2025-04-03T10:00:00+08:00")
		p.again()
		p.place(30000+99900+1999, wish{course, policy["s3"]}, wish{"go1", "go1full"}, wish{"stat1", "stat1full"}).want(201).into(&placed)
		s.staff("finance").anew().post("/api/admin/orders/"+two.ID+"/refunds", obj{"reason": "客服"}).want(201)
		s.refunded(p, two.ID, "refunded")
		s.scan(placed.Payment)
		o := s.refunded(p, placed.Order.ID, "partially_refunded")
		if o.Refunded != 30000 || o.Lines[0].Result != "refused" || o.Lines[1].Result != "granted" || o.Lines[2].Result != "granted" {
			t.Errorf("%+v", o)
		}
		if _, ok := p.enrolment("go1"); !ok {
			t.Error("the other course is not open")
		}
	})

	t.Run("C27 nothing goes back after 365 days", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		full := s.stage(p, course, policy["full"], 99900)
		s.setClock("2026-03-02T10:00:00+08:00")
		s.staff("finance").anew().post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "客服"}).wantCode(409, "REFUND_WINDOW_CLOSED")
	})

	t.Run("finance gives a part back and the learner keeps the course", func(t *testing.T) {
		s.setClock("2025-03-01T10:00:00+08:00")
		p := s.newLearner()
		full := s.stage(p, course, policy["full"], 99900)
		finance := s.staff("finance")
		finance.anew().post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "补偿", "amount_fen": 99901}).wantCode(409, "REFUND_TOO_MUCH")
		finance.anew().post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "补偿", "amount_fen": 5000}).want(201)
		if o := s.refunded(p, full.ID, "partially_refunded"); o.Refunded != 5000 {
			t.Errorf("%d fen went back", o.Refunded)
		}
		if err := grantState(p, course, full.ID, "active"); err != nil {
			t.Error(err)
		}
		finance.anew().post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "补偿", "amount_fen": 5000}).wantCode(409, "REFUND_TOO_SOON")
		s.visitor().post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "x"}).wantCode(401, "UNAUTHENTICATED")
		p.post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "x"}).wantCode(403, "FORBIDDEN")
		var story struct {
			History []struct {
				Move string `json:"move"`
			} `json:"history"`
		}
		finance.get("/api/admin/orders/" + full.ID).want(200).into(&story)
		moves := ""
		for _, h := range story.History {
			moves += h.Move + " "
		}
		if moves != "M1 M4 M5 M11 M12 " {
			t.Errorf("the story is %s", moves)
		}
	})
}

// refundsAtWeChat are the refunds of an order that the sandbox knows.
func (s *testShop) refundsAtWeChat(order string) (numbers []string) {
	s.t.Helper()
	var list struct {
		Items []struct {
			OutRefundNo string `json:"out_refund_no"`
			OutTradeNo  string `json:"out_trade_no"`
		} `json:"items"`
	}
	s.phone().get("/sandbox/refunds").want(200).into(&list)
	for _, r := range list.Items {
		if len(r.OutTradeNo) > len(order) && r.OutTradeNo[:len(order)] == order {
			numbers = append(numbers, r.OutRefundNo)
		}
	}
	return numbers
}

// grantState wants one order's grant of a course to be in a state.
func grantState(p *person, course, order, state string) error {
	e, _ := p.enrolment(course)
	for _, g := range e.Grants {
		if g.OrderID == order && g.State == state {
			return nil
		}
	}
	return fmt.Errorf("order %s has no grant that is %s: %+v", order, state, e.Grants)
}

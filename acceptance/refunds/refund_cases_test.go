package refunds

import (
	"testing"
	"time"

	"mstm/acceptance/shoptest"
)

// ladderCourse makes a course like Course C of the specification: full price 999 yuan,
// stages 0, 200 and 300 yuan of one month each. Its policy ids are given back by name.
func ladderCourse(s *shoptest.Shop, creditMode string) (course string, policy map[string]string) {
	s.T.Helper()
	admin := s.Staff("admin")
	var made struct {
		ID string `json:"id"`
	}
	month := obj{"unit": "month", "count": 1}
	lessons := []obj{}
	for range 10 {
		lessons = append(lessons, obj{"title": "一课", "kind": "video", "duration_s": 60, "preview": len(lessons) == 0})
	}
	admin.Post("/api/admin/courses", obj{
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
	}).Want(201).Into(&made)
	admin.Post("/api/admin/courses/"+made.ID+"/publish", obj{}).Want(200)
	var detail struct {
		Offers []struct {
			PolicyID string `json:"policy_id"`
			Kind     string `json:"kind"`
			Stage    int    `json:"stage"`
		} `json:"offers"`
	}
	s.Visitor().Get("/api/courses/" + made.ID).Want(200).Into(&detail)
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
func stage(s *shoptest.Shop, p *shoptest.Person, course, policy string, price int64) shoptest.Order {
	s.T.Helper()
	return s.Buy(p, price, shoptest.Wish{CourseID: course, PolicyID: policy})
}

// refunded waits until a refund has come back, letting the shop's clock flow past WeChat's
// pauses.
func refunded(s *shoptest.Shop, p *shoptest.Person, order, state string) shoptest.Order {
	s.T.Helper()
	return p.Await(order, state)
}

func TestRefunds(t *testing.T) {
	s := shoptest.Start(t)
	s.SetClock("2025-03-01T10:00:00+08:00")
	course, policy := ladderCourse(s, "none")

	t.Run("P27 a stage refunded on day 3 can be bought again once", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		stage(s, p, course, policy["s1"], 0)
		paid := stage(s, p, course, policy["s2"], 20000)
		s.SetClock("2025-03-04T10:00:00+08:00")
		var quote struct {
			Amount int64 `json:"amount_fen"`
		}
		p.Get("/api/orders/" + paid.ID + "/refund").Want(200).Into(&quote)
		if quote.Amount != 20000 {
			t.Fatalf("the page would show %d fen", quote.Amount)
		}
		p.Post("/api/orders/"+paid.ID+"/refund", obj{"reason": "不合适", "amount_fen": 19999}).WantCode(409, "REFUND_AMOUNT_CHANGED")
		p.Post("/api/orders/"+paid.ID+"/refund", obj{"reason": "不合适", "amount_fen": 20000}).Want(200)
		o := refunded(s, p, paid.ID, "refunded")
		if o.Refunded != 20000 {
			t.Errorf("%d fen went back", o.Refunded)
		}
		shoptest.Eventually(t, time.Minute, func() error { return shoptest.GrantState(p, course, paid.ID, "revoked") })
		stage(s, p, course, policy["s2"], 20000)
		p.Place(20000, shoptest.Wish{CourseID: course, PolicyID: policy["s2"]}).WantCode(409, "STAGE_ALREADY_USED")
	})

	t.Run("P28 a stage refunded on day 20 gives the unused whole days back", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		stage(s, p, course, policy["s1"], 0)
		s.SetClock("2025-04-05T10:00:00+08:00") // after S1: S2 runs through 2025-05-05
		p.Again()
		paid := stage(s, p, course, policy["s2"], 20000)
		s.SetClock("2025-04-25T10:00:00+08:00")
		var quote struct {
			Amount int64 `json:"amount_fen"`
			Lines  []struct {
				Rule   string `json:"rule"`
				Unused int64  `json:"unused_days"`
				Total  int64  `json:"total_days"`
			} `json:"lines"`
		}
		p.Get("/api/orders/" + paid.ID + "/refund").Want(200).Into(&quote)
		l := quote.Lines[0]
		if l.Rule != "pro_rata" || quote.Amount != 20000*l.Unused/l.Total || l.Unused != 10 {
			t.Fatalf("quote %+v", quote)
		}
		p.Post("/api/orders/"+paid.ID+"/refund", obj{"reason": "没时间"}).Want(200)
		o := refunded(s, p, paid.ID, "partially_refunded")
		if o.Refunded != quote.Amount {
			t.Errorf("%d fen went back instead of %d", o.Refunded, quote.Amount)
		}
	})

	t.Run("P29 a later stage comes first, finance may do both at once", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		stage(s, p, course, policy["s1"], 0)
		s.SetClock("2025-04-05T10:00:00+08:00")
		p.Again()
		finance := s.Staff("finance")
		two := stage(s, p, course, policy["s2"], 20000)
		three := stage(s, p, course, policy["s3"], 30000)
		p.Post("/api/orders/"+two.ID+"/refund", obj{"reason": "不合适"}).WantCode(409, "REFUND_LATER_STAGE_FIRST")
		finance.Anew().Post("/api/admin/orders/"+two.ID+"/refunds", obj{"reason": "客服"}).WantCode(409, "REFUND_LATER_STAGE_FIRST")
		finance.Anew().Post("/api/admin/orders/"+two.ID+"/refunds", obj{"reason": "客服", "later": true}).Want(201)
		refunded(s, p, three.ID, "refunded")
		refunded(s, p, two.ID, "refunded")
	})

	t.Run("P30 a free stage refunded ends access, calls no one at WeChat and stays used", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		free := stage(s, p, course, policy["s1"], 0)
		p.Post("/api/orders/"+free.ID+"/refund", obj{"reason": "不学了"}).Want(200)
		refunded(s, p, free.ID, "refunded")
		shoptest.Eventually(t, time.Minute, func() error { return shoptest.GrantState(p, course, free.ID, "revoked") })
		p.Place(0, shoptest.Wish{CourseID: course, PolicyID: policy["s1"]}).WantCode(409, "TRIAL_USED")
	})

	t.Run("the full price pays a stage back that has not begun", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		stage(s, p, course, policy["s1"], 0)
		two := stage(s, p, course, policy["s2"], 20000)
		full := stage(s, p, course, policy["full"], 99900)
		if full.Total != 99900 {
			t.Errorf("paid %d", full.Total)
		}
		o := refunded(s, p, two.ID, "refunded")
		if o.Refunded != 20000 {
			t.Errorf("%d fen went back", o.Refunded)
		}
	})

	t.Run("C24 C25 a refund whose answer is lost is asked for again and paid once", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		full := stage(s, p, course, policy["full"], 99900)
		s.Faults(obj{"api": []obj{{"api": "refund", "drop": true, "times": 1}}})
		defer s.Faults(obj{})
		p.Post("/api/orders/"+full.ID+"/refund", obj{"reason": "不合适"}).Want(200)
		o := refunded(s, p, full.ID, "refunded") // the callback overtakes the answer that never came
		if o.Refunded != 99900 || len(s.RefundsAtWeChat(full.ID)) != 1 {
			t.Errorf("%d fen in %d refunds", o.Refunded, len(s.RefundsAtWeChat(full.ID)))
		}
	})

	t.Run("C42 a line that can no longer be granted is paid back, the others are opened", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		stage(s, p, course, policy["s1"], 0)
		two := stage(s, p, course, policy["s2"], 20000)
		s.SetClock("2025-03-05T10:00:00+08:00")
		var placed shoptest.Placed
		// S3 waits for its money while S2, which it stands on, is refunded.
		s.SetClock("2025-04-03T10:00:00+08:00")
		p.Again()
		p.Place(30000+99900+1999, shoptest.Wish{CourseID: course, PolicyID: policy["s3"]}, shoptest.Wish{CourseID: "go1", PolicyID: "go1full"}, shoptest.Wish{CourseID: "stat1", PolicyID: "stat1full"}).Want(201).Into(&placed)
		s.Staff("finance").Anew().Post("/api/admin/orders/"+two.ID+"/refunds", obj{"reason": "客服"}).Want(201)
		refunded(s, p, two.ID, "refunded")
		s.Scan(placed.Payment)
		o := refunded(s, p, placed.Order.ID, "partially_refunded")
		if o.Refunded != 30000 || o.Lines[0].Result != "refused" || o.Lines[1].Result != "granted" || o.Lines[2].Result != "granted" {
			t.Errorf("%+v", o)
		}
		if _, ok := p.Enrolment("go1"); !ok {
			t.Error("the other course is not open")
		}
	})

	t.Run("C27 nothing goes back after 365 days", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		full := stage(s, p, course, policy["full"], 99900)
		s.SetClock("2026-03-02T10:00:00+08:00")
		s.Staff("finance").Anew().Post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "客服"}).WantCode(409, "REFUND_WINDOW_CLOSED")
	})

	t.Run("finance gives a part back and the learner keeps the course", func(t *testing.T) {
		s.SetClock("2025-03-01T10:00:00+08:00")
		p := s.NewLearner()
		full := stage(s, p, course, policy["full"], 99900)
		finance := s.Staff("finance")
		finance.Anew().Post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "补偿", "amount_fen": 99901}).WantCode(409, "REFUND_TOO_MUCH")
		finance.Anew().Post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "补偿", "amount_fen": 5000}).Want(201)
		if o := refunded(s, p, full.ID, "partially_refunded"); o.Refunded != 5000 {
			t.Errorf("%d fen went back", o.Refunded)
		}
		if err := shoptest.GrantState(p, course, full.ID, "active"); err != nil {
			t.Error(err)
		}
		finance.Anew().Post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "补偿", "amount_fen": 5000}).WantCode(409, "REFUND_TOO_SOON")
		s.Visitor().Post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "x"}).WantCode(401, "UNAUTHENTICATED")
		p.Post("/api/admin/orders/"+full.ID+"/refunds", obj{"reason": "x"}).WantCode(403, "FORBIDDEN")
		var story struct {
			History []struct {
				Move string `json:"move"`
			} `json:"history"`
		}
		finance.Get("/api/admin/orders/" + full.ID).Want(200).Into(&story)
		moves := ""
		for _, h := range story.History {
			moves += h.Move + " "
		}
		if moves != "M1 M4 M5 M11 M12 " {
			t.Errorf("the story is %s", moves)
		}
	})
}

package finance

import (
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// statsReport are the figures as the console reads them.
type statsReport struct {
	Days []struct {
		Day                    string
		Orders, Bought, People *int64
		Online                 *int64
		In                     *int64          `json:"in_fen"`
		Out                    *int64          `json:"out_fen"`
		WeekBefore             json.RawMessage `json:"week_before"`
	}
	Now struct {
		Exceptions *int64
	}
	Funnel []struct {
		CourseID string `json:"course_id"`
		Weeks    []struct {
			Stages       []int64
			Full, Direct int64
		}
	}
	Revenue []struct {
		CourseID string `json:"course_id"`
		In       int64  `json:"in_fen"`
		Out      int64  `json:"out_fen"`
	}
}

// TestStats_BoughtAndGivenBack_AreTheFinanceExportsToTheFen: each role is shown its own figures, and an open console that there
// are new ones.
func TestStats_BoughtAndGivenBack_AreTheFinanceExportsToTheFen(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 14:00")
	c := s.Sell(shoptest.Usual())
	page := s.Staff("marketer").Socket()
	page.Follow("desk", "")
	s.Buy(learner, 0, c.S1)
	s.Buy(learner, 20000, c.S2)
	full := s.Buy(s.NewLearner(), 99900, c.Full)
	oddlyPaid(s, s.NewLearner(), 99900, c.Full)
	page.WaitFor("new figures", 30*time.Second, func(f hubtest.Frame) bool { return f.Topic == "desk" && f.Type == "stats.changed" })
	s.Move("2031-03-06 14:00", learner)
	finance := s.Staff("finance")
	s.FinanceRefunds(finance, full.ID, obj{"amount_fen": 33300}).Want(201)

	var in, out string
	shoptest.Eventually(t, 30*time.Second, func() error {
		var r statsReport
		finance.Get("/api/admin/stats?days=3").Want(200).Into(&r)
		var inSum, outSum int64
		for i, day := range []string{"2031-03-05", "2031-03-06"} {
			d := r.Days[i+1]
			if d.Day != day || d.People != nil || d.Online != nil {
				t.Fatalf("finance is shown %+v for %s", d, day)
			}
			inSum, outSum = inSum+*d.In, outSum+*d.Out
		}
		lines := finances(finance, "2031-03-04", "2031-03-06")
		total := lines[len(lines)-1]
		in, out = total["cash_in"], total["cash_out"]
		if yuanOf(inSum) != in || yuanOf(-outSum) != out || in != "2198.00" || out != "-333.00" {
			return fmt.Errorf("in %d out %d fen, the export %s and %s", inSum, outSum, in, out)
		}
		if *r.Days[1].Orders != 4 || *r.Days[1].Bought != 3 || *r.Now.Exceptions != 1 {
			return fmt.Errorf("%+v", r.Days[1])
		}
		if fmt.Sprint(r.Revenue) != fmt.Sprintf("[{%s 119900 33300} { 99900 0}]", c.Id) { // the money that does not fit is no course's yet
			return fmt.Errorf("revenue %+v", r.Revenue)
		}
		if len(r.Funnel) != 1 || fmt.Sprint(r.Funnel[0].Weeks) != "[{[1 1] 0 1}]" {
			return fmt.Errorf("funnel %+v", r.Funnel)
		}
		return nil
	})
	var r statsReport
	s.Staff("marketer").Get("/api/admin/stats?days=2").Want(200).Into(&r)
	if d := r.Days[0]; d.In != nil || r.Revenue != nil || r.Now.Exceptions != nil || d.Orders == nil || d.People == nil || *d.People < 3 {
		t.Errorf("marketing is shown %+v", r)
	}
	learner.Get("/api/admin/stats").Want(403)
	finance.Get("/api/admin/stats?days=0").WantCode(400, "INVALID_QUERY")
}

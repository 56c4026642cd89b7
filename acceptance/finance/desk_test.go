package finance

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// deskOrder is an order as the console reads it.
type deskOrder struct {
	shoptest.Order
	UserID    string `json:"user_id"`
	Username  string `json:"username"`
	Exception string `json:"exception"`
	Payment   any    `json:"payment"`
	Standings []struct {
		CourseID string `json:"course_id"`
		Held     int64  `json:"held_fen"`
		Access   string `json:"access"`
		Grant    *struct {
			State string `json:"state"`
		} `json:"grant"`
		Later []string `json:"later"`
	} `json:"standings"`
	Messages []struct {
		Kind   string `json:"kind"`
		WeChat *struct {
			State string `json:"state"`
			Code  string `json:"code"`
		} `json:"wechat"`
	} `json:"messages"`
	Violations []struct {
		Invariant string `json:"invariant"`
		Object    string `json:"object"`
	} `json:"violations"`
}

func tale(p *shoptest.Person, order string) (o deskOrder) {
	p.T.Helper()
	p.Get("/api/admin/orders/" + order).Want(200).Into(&o)
	return o
}

// stateOnDesk reports whether an event shows an order in a state on the console's topic.
func stateOnDesk(t *testing.T, f hubtest.Frame, order, state string) bool {
	if f.Topic != "desk" || f.Type != "order.changed" {
		return false
	}
	var o deskOrder
	f.Into(t, &o)
	return o.ID == order && o.State == state
}

func TestAnOpenConsole_ShowsEachStateOfAnOrder_ToFinanceAlone(t *testing.T) {
	s := shoptest.Start(t)
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	desk, editors := s.Staff("finance").Socket(), s.Staff("editor").Socket()
	desk.Follow("desk", "")
	editors.Follow("desk", "")
	placed := learner.Placed(99900, c.Full)
	s.Scan(placed.Payment)
	learner.Await(placed.Order.ID, "fulfilled")
	for _, state := range []string{"pending", "fulfilled"} {
		f := desk.WaitFor("the order "+state, 30*time.Second, func(f hubtest.Frame) bool { return stateOnDesk(t, f, placed.Order.ID, state) })
		var o deskOrder
		f.Into(t, &o)
		if o.UserID != learner.ID() || o.Payment != nil || len(o.Lines) != 1 {
			t.Errorf("the console was shown %s", f.Data)
		}
	}
	s.Staff("editor").Get("/api/admin/orders").WantCode(403, "FORBIDDEN")
	for _, f := range editors.All() {
		if f.Type == "order.changed" {
			t.Errorf("an editor was shown %s", f.Data)
		}
	}
}

func TestTheListOfOrders_NarrowsByCourseAndDay(t *testing.T) {
	s, learner := onDay(shoptest.Start(t), "2031-03-05 23:50")
	a, b := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual())
	first := s.Buy(learner, 0, a.S1)
	s.Move("2031-03-06 00:10", learner)
	second := s.Buy(learner, 99900, b.Full)
	finance := s.Staff("finance")
	for _, row := range []struct{ name, query, want string }{
		{"a course", "course=" + a.Id, first.ID},
		{"another course", "course=" + b.Id, second.ID},
		{"no course", "course=nothing", ""},
		{"a day in Shanghai", "from=2031-03-05&to=2031-03-05", first.ID},
		{"from a day on", "from=2031-03-06", second.ID},
		{"until a day", "to=2031-03-05", first.ID},
		{"both days", "from=2031-03-05&to=2031-03-06", second.ID + " " + first.ID},
		{"a name and a course", "q=" + learner.Name + "&course=" + a.Id, first.ID},
		{"a number on another day", "q=" + second.ID + "01&to=2031-03-05", ""},
		{"a number on its day", "q=" + second.ID + "01&from=2031-03-06", second.ID},
	} {
		t.Run(row.name, func(t *testing.T) {
			var list struct{ Items []deskOrder }
			finance.Get("/api/admin/orders?" + row.query).Want(200).Into(&list)
			var ids []string
			for _, o := range list.Items {
				if ids = append(ids, o.ID); o.Username != learner.Name {
					t.Errorf("order %s is of %q", o.ID, o.Username)
				}
			}
			if got := strings.Join(ids, " "); got != row.want {
				t.Errorf("%s: %q, want %q", row.query, got, row.want)
			}
		})
	}
	finance.Get("/api/admin/orders?from=yesterday").WantCode(400, "INVALID_QUERY")
	finance.Get("/api/admin/orders?to=2031-02-30").WantCode(400, "INVALID_QUERY")
}

func TestAnOrdersStory_SaysWhatIsHeldToldAndBroken(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	second := s.Buy(learner, 20000, c.S2)
	s.Move("2031-04-10 10:00", learner)
	third := s.Buy(learner, 30000, c.S3)
	s.AtRest(second.ID)
	finance := s.Staff("finance")
	o := tale(finance, second.ID)
	if len(o.Standings) != 1 {
		t.Fatalf("the lines hold %+v", o.Standings)
	}
	l := o.Standings[0]
	if l.CourseID != c.Id || l.Held != 20000 || l.Access != "active" || l.Grant == nil || l.Grant.State != "active" || strings.Join(l.Later, " ") != third.ID {
		t.Errorf("the line holds %+v", l)
	}
	if len(o.Messages) != 1 || o.Messages[0].Kind != "order_fulfilled" {
		t.Errorf("it was told %+v", o.Messages)
	}
	if len(o.Violations) != 0 {
		t.Errorf("a whole order breaks %+v", o.Violations)
	}
	undo := shoptest.Remove(t, s.Database(), "notices", learner.ID()+":order_fulfilled:"+second.ID)
	if v := tale(finance, second.ID).Violations; len(v) != 1 || v[0].Invariant != "I7" || v[0].Object != "order:"+second.ID {
		t.Errorf("without its notice it breaks %+v", v)
	}
	undo()
}

func TestARefundIsShownBeforeItIsBegun_AndComesToThat(t *testing.T) {
	s := shoptest.Start(t).At(t, "2031-03-05 10:00")
	c, other, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	s.Buy(learner, 0, c.S1)
	two := s.Buy(learner, 20000+99900, c.S2, other.Full)
	s.Move("2031-04-10 10:00", learner)
	third := s.Buy(learner, 30000, c.S3)
	finance := s.Staff("finance")
	path := "/api/admin/orders/" + two.ID + "/refunds"
	line := func(course string, amount int64) obj { return obj{"course_id": course, "amount_fen": amount} }

	finance.Post(path+"?dry_run=1", obj{"lines": []obj{line(c.Id, 20000)}}).WantCode(409, "REFUND_LATER_STAGE_FIRST")
	finance.Post(path+"?dry_run=1", obj{"lines": []obj{line(other.Id, 99901)}}).WantCode(409, "REFUND_TOO_MUCH")
	type preview struct {
		Amount int64 `json:"amount_fen"`
		Access []struct {
			CourseID string `json:"course_id"`
			Access   string `json:"access"`
		} `json:"access"`
		Later []struct {
			OrderID string `json:"order_id"`
			Amount  int64  `json:"amount_fen"`
		} `json:"later"`
	}
	look := func(body obj) string {
		var p preview
		finance.Post(path+"?dry_run=1", body).Want(200).Into(&p)
		return fmt.Sprint(p.Amount, p.Access, p.Later)
	}
	shoptest.WantSame(t, "what refunds would come to", []string{
		look(obj{"lines": []obj{line(other.Id, 1)}}),
		look(obj{"lines": []obj{{"course_id": other.Id}}}),
		look(obj{"lines": []obj{line(c.Id, 20000)}, "later": true}),
	},
		"1 [{"+other.Id+" active}] []",
		"99900 [{"+other.Id+" revoked}] []",
		"20000 [{"+c.Id+" expired}] [{"+third.ID+" 30000}]",
	)
	if o := tale(finance, two.ID); o.State != "fulfilled" || o.Standings[0].Held+o.Standings[1].Held != 119900 {
		t.Fatalf("looking has changed the order: %+v", o)
	}
	s.FinanceRefunds(finance, two.ID, obj{"lines": []obj{line(c.Id, 20000)}, "later": true}).Want(201)
	s.Pass(time.Minute)
	s.AwaitLater(learner, two.ID, "partially_refunded")
	s.AwaitLater(learner, third.ID, "refunded")
	shoptest.WantSame(t, "what went back", append(s.Refunds(two.ID), s.Refunds(third.ID)...), "20000 SUCCESS", "30000 SUCCESS")
	for _, l := range tale(finance, two.ID).Standings {
		if want := map[string]string{c.Id: "expired", other.Id: "active"}[l.CourseID]; l.Access != want {
			t.Errorf("course %s is %s, want %s", l.CourseID, l.Access, want)
		}
	}
}

package shoptest

import (
	"crypto/rand"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/hub/hubtest"
)

// Shapes of answers, as a page reads them.
type (
	// Order is an order; amounts are fen.
	Order struct {
		ID       string `json:"id"`
		State    string `json:"state"`
		Total    int64  `json:"total_fen"`
		Paid     int64  `json:"paid_fen"`
		Refunded int64  `json:"refunded_fen"`
		Lines    []struct {
			CourseID     string   `json:"course_id"`
			PolicyID     string   `json:"policy_id"`
			Kind         string   `json:"kind"`
			Stage        int      `json:"stage"`
			Price        int64    `json:"price_fen"`
			List         int64    `json:"list_price_fen"`
			Credit       int64    `json:"credit_fen"`
			CreditOrders []string `json:"credit_orders"`
			Result       string   `json:"result"`
		} `json:"lines"`
		ExpiresAt time.Time `json:"expires_at"`
	}
	// Payment is how an order is to be paid.
	Payment struct {
		Channel    string `json:"channel"`
		OutTradeNo string `json:"out_trade_no"`
		CodeURL    string `json:"code_url"`
	}
	// Placed is the answer to a new order. Payment is nil where nothing is to be paid.
	Placed struct {
		Order   Order    `json:"order"`
		Payment *Payment `json:"payment"`
		Reused  bool     `json:"reused"`
		Lowered bool     `json:"lowered"`
	}
	// Enrolment is a learner's access to one course.
	Enrolment struct {
		CourseID string     `json:"course_id"`
		State    string     `json:"state"`
		Until    *time.Time `json:"until"`
		Stage    int        `json:"stage"`
		Grants   []struct {
			OrderID  string     `json:"order_id"`
			PolicyID string     `json:"policy_id"`
			Kind     string     `json:"kind"`
			Stage    int        `json:"stage"`
			From     time.Time  `json:"from"`
			Until    *time.Time `json:"until"`
			State    string     `json:"state"`
		} `json:"grants"`
	}
)

// Wish is one line that a person wants to buy.
type Wish struct {
	CourseID string `json:"course_id"`
	PolicyID string `json:"policy_id"`
}

// Place orders under a fresh key.
func (p *Person) Place(total int64, lines ...Wish) Answer {
	p.T.Helper()
	return p.With("Idempotency-Key", rand.Text()).Post("/api/orders", Obj{"lines": lines, "total_fen": total, "channel": "native"})
}

// Placed is a new order, and how to pay it.
func (p *Person) Placed(total int64, lines ...Wish) (out Placed) {
	p.T.Helper()
	p.Place(total, lines...).Want(201).Into(&out)
	return out
}

// Order reads one of the person's orders.
func (p *Person) Order(id string) (o Order) {
	p.T.Helper()
	p.Get("/api/orders/" + id).Want(200).Into(&o)
	return o
}

// Orders are all of the person's orders, newest first.
func (p *Person) Orders() (all []Order) {
	p.T.Helper()
	var list struct {
		Items []Order `json:"items"`
	}
	p.Get("/api/orders?limit=100").Want(200).Into(&list)
	return list.Items
}

// Quote asks what lines cost now, as `total problem problem`.
func (p *Person) Quote(lines ...Wish) string {
	p.T.Helper()
	var q struct {
		Total    int64 `json:"total_fen"`
		Problems []struct {
			Code string `json:"code"`
		} `json:"problems"`
	}
	p.Post("/api/quotes", Obj{"lines": lines}).Want(200).Into(&q)
	words := []string{fmt.Sprint(q.Total)}
	for _, problem := range q.Problems {
		words = append(words, problem.Code)
	}
	return strings.Join(words, " ")
}

// CloseReason says why an order was closed.
func (p *Person) CloseReason(id string) string {
	p.T.Helper()
	var o struct {
		Reason string `json:"close_reason"`
	}
	p.Get("/api/orders/" + id).Want(200).Into(&o)
	return o.Reason
}

// Await waits until an order has reached a state.
func (p *Person) Await(id, state string) (o Order) {
	p.T.Helper()
	Eventually(p.T, 20*time.Second, func() error {
		if o = p.Order(id); o.State != state {
			return fmt.Errorf("order %s is %s, not %s", id, o.State, state)
		}
		return nil
	})
	return o
}

// AwaitLater waits until an order has reached a state, letting a minute of the shop's clock
// pass where that does not happen: WeChat is asked once a minute.
func (s *Shop) AwaitLater(p *Person, id, state string) {
	s.T.Helper()
	for range 5 {
		for deadline := time.Now().Add(4 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if p.Order(id).State == state {
				return
			}
		}
		s.Pass(61 * time.Second)
	}
	p.Await(id, state)
}

// Scan pays a code as a phone would.
func (s *Shop) Scan(p *Payment) {
	s.T.Helper()
	if p == nil {
		s.T.Fatal("there is no payment to scan")
	}
	s.Phone().Post("/sandbox/pay", Obj{"code_url": p.CodeURL}).Want(200)
}

// Buy places an order, pays it and waits until it is fulfilled.
func (s *Shop) Buy(p *Person, total int64, lines ...Wish) Order {
	s.T.Helper()
	var placed Placed
	p.Place(total, lines...).Want(201).Into(&placed)
	if total > 0 {
		s.Scan(placed.Payment)
	}
	return p.Await(placed.Order.ID, "fulfilled")
}

// AtRest waits until the shop has nothing more to write about an order: what it read before
// would go over what is spoilt.
func (s *Shop) AtRest(order string) {
	s.T.Helper()
	db := s.Database()
	Eventually(s.T, 20*time.Second, func() error {
		due, err := Rows(db, "wakeups", bson.M{"_id": "order:" + order})
		if err == nil && len(due) > 0 {
			err = fmt.Errorf("order %s is due still: %v", order, due)
		}
		return err
	})
}

// OrderFor is the body of an order.
func OrderFor(total int64, lines ...Wish) Obj {
	return Obj{"lines": lines, "total_fen": total, "channel": "native"}
}

// CourseOrder is the body of an order for one course.
func CourseOrder(course, policy string, total int64) Obj {
	return Obj{"lines": []Wish{{course, policy}}, "total_fen": total, "channel": "native"}
}

// Enrolment is the person's enrolment in a course; ok is false where there is none.
func (p *Person) Enrolment(course string) (e Enrolment, ok bool) {
	p.T.Helper()
	var list struct {
		Items []Enrolment `json:"items"`
	}
	p.Get("/api/enrolments").Want(200).Into(&list)
	for _, e := range list.Items {
		if e.CourseID == course {
			return e, true
		}
	}
	return Enrolment{}, false
}

// WantThrough wants access up to and including a day in Beijing, "" for ever.
func (p *Person) WantThrough(course, day string) {
	p.T.Helper()
	e, ok := p.Enrolment(course)
	switch {
	case !ok:
		p.T.Fatalf("there is no enrolment in %s", course)
	case day == "" && e.Until == nil:
	case day == "" || e.Until == nil || !e.Until.Equal(BeijingTime(p.T, day).AddDate(0, 0, 1)):
		p.T.Fatalf("access until %v, not through %q", e.Until, day)
	}
}

// WantGrants wants so many grants in the course.
func (p *Person) WantGrants(course string, n int) {
	p.T.Helper()
	if e, _ := p.Enrolment(course); len(e.Grants) != n {
		p.T.Fatalf("%d grants, not %d: %+v", len(e.Grants), n, e.Grants)
	}
}

// Lifetimes lists a policy for ever of every course that has one, with their prices.
func (p *Person) Lifetimes(prices map[string]int64) (all []Wish) {
	p.T.Helper()
	full, _ := p.Goods()
	for _, o := range full {
		all = append(all, o.Wish)
		prices[o.PolicyID] = o.Price
	}
	return all
}

// Goods are what the sample sells for ever and for a while, one of each course at most.
func (p *Person) Goods() (full, periods []Offered) {
	p.T.Helper()
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	p.Get("/api/courses?limit=100").Want(200).Into(&list)
	for _, c := range list.Items {
		var detail struct {
			Offers []struct {
				PolicyID string `json:"policy_id"`
				Kind     string `json:"kind"`
				Price    int64  `json:"price_fen"`
			} `json:"offers"`
		}
		p.Get("/api/courses/" + c.ID).Want(200).Into(&detail)
		seen := map[string]bool{}
		for _, o := range detail.Offers {
			switch {
			case o.Price == 0 || seen[o.Kind]:
			case o.Kind == "lifetime":
				full = append(full, Offered{Wish{c.ID, o.PolicyID}, o.Price})
			case o.Kind == "period":
				periods = append(periods, Offered{Wish{c.ID, o.PolicyID}, o.Price})
			}
			seen[o.Kind] = seen[o.Kind] || o.Price > 0
		}
	}
	return full, periods
}

// Offered is something to buy and what it costs.
type Offered struct {
	Wish
	Price int64
}

// GrantState wants one order's grant of a course to be in a state.
func GrantState(p *Person, course, order, state string) error {
	e, _ := p.Enrolment(course)
	for _, g := range e.Grants {
		if g.OrderID == order && g.State == state {
			return nil
		}
	}
	return fmt.Errorf("order %s has no grant that is %s: %+v", order, state, e.Grants)
}

// WantOnce wants one purchase's story on a page, each chapter of it once, and one grant and
// one notice behind it.
func WantOnce(t *testing.T, learner *Person, page *hubtest.Client, course string) {
	t.Helper()
	page.Wait("notice.posted", 20*time.Second)
	seen := map[string]int{}
	for _, f := range page.All() {
		name := f.Type
		if name == "order.changed" {
			var o Order
			f.Into(t, &o)
			name += " " + o.State
		}
		seen[name]++
	}
	for _, name := range []string{"order.changed paid", "order.changed fulfilled", "enrolment.changed", "notice.posted"} {
		if seen[name] != 1 {
			t.Errorf("the page heard %s %d times: %v", name, seen[name], seen)
		}
	}
	learner.WantGrants(course, 1)
	learner.WantNotices("order_fulfilled", 1)
}

// WantAll wants n answers, each with this status.
func WantAll(t *testing.T, what string, statuses []int, n, status int) {
	t.Helper()
	if len(statuses) != n {
		t.Fatalf("%s: %d answers, not %d", what, len(statuses), n)
	}
	for _, got := range statuses {
		if got != status {
			t.Fatalf("%s: answered %v, not %d", what, statuses, status)
		}
	}
}

// WantThisOrRefused wants an answer that names the one order, or a conflict.
func WantThisOrRefused(t *testing.T, a Answer, id string) {
	t.Helper()
	var got Placed
	switch a.Status {
	case 200, 201:
		if a.Into(&got); got.Order.ID != id {
			t.Errorf("answered order %s beside %s", got.Order.ID, id)
		}
	case 409:
	default:
		t.Errorf("answered %d: %s", a.Status, a.Body)
	}
}

// ParallelOrders places one order for the same course many times at once.
func ParallelOrders(t *testing.T, s *Shop) {
	c, learner := s.Sell(Usual()), s.NewLearner()
	answers := make([]Answer, 20)
	var wg sync.WaitGroup
	for i := range answers {
		wg.Go(func() {
			var err error
			if answers[i], err = learner.With("Idempotency-Key", fmt.Sprint("key-", i)).Try("POST", "/api/orders", OrderFor(99900, c.Full)); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	all := learner.Orders()
	if len(all) != 1 {
		t.Fatalf("%d orders, not 1", len(all))
	}
	made := 0
	for _, a := range answers {
		WantThisOrRefused(t, a, all[0].ID)
		if a.Status == 201 {
			made++
		}
	}
	if made != 1 {
		t.Errorf("%d answers say that they made the order", made)
	}
	WantSame(t, "trades", s.Trades(all[0].ID), "01 NOTPAY")
	s.Phone().Post("/sandbox/pay", Obj{"out_trade_no": all[0].ID + "01"}).Want(200)
	learner.Await(all[0].ID, "fulfilled")
	learner.WantGrants(c.Id, 1)
}

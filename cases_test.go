package main

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
)

// What the acceptance cases share: one shop for many cases, each at a time of its own with a
// fresh learner and a fresh course, the real sandbox, and no mocks.

// beijing is the shop's time zone.
var beijing = time.FixedZone("UTC+8", 8*60*60)

// at is the shop for one case: it fails in the case's name, nothing goes wrong on purpose
// yet, and it is the case's time, `2025-03-01 10:00` in Beijing.
func (s *testShop) at(t *testing.T, when string) *testShop {
	t.Helper()
	c := *s
	c.t = t
	c.faults(obj{})
	c.move(when)
	before := len(s.log.String())
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("warnings of the shop meanwhile:\n%s", warnings(s.log.String()[before:]))
		}
	})
	return &c
}

// warnings are the lines of a log that somebody should look at.
func warnings(log string) string {
	var b strings.Builder
	for line := range strings.Lines(log) {
		if strings.Contains(line, `"level":"WARN"`) || strings.Contains(line, `"level":"ERROR"`) {
			b.WriteString(line)
		}
	}
	return b.String()
}

// move moves the clock and logs the people in again: their tokens may be from after it, or
// have ended before it.
func (s *testShop) move(when string, people ...*person) {
	s.t.Helper()
	s.setClock(beijingTime(s.t, when).Format(time.RFC3339Nano))
	for _, p := range people {
		p.login(p.name, testPassword, "web")
	}
}

// pass lets time pass by a little.
func (s *testShop) pass(d time.Duration) {
	s.t.Helper()
	s.setClock(s.now().Add(d).Format(time.RFC3339Nano))
}

// awaitLater waits until an order has reached a state, letting a minute of the shop's clock
// pass where that does not happen: WeChat is asked once a minute.
func (s *testShop) awaitLater(p *person, id, state string) {
	s.t.Helper()
	for range 5 {
		for deadline := time.Now().Add(4 * time.Second); time.Now().Before(deadline); time.Sleep(50 * time.Millisecond) {
			if p.order(id).State == state {
				return
			}
		}
		s.pass(61 * time.Second)
	}
	p.await(id, state)
}

// now is the shop's time.
func (s *testShop) now() time.Time {
	s.t.Helper()
	var face struct {
		Now time.Time `json:"now"`
	}
	s.phone().get("/sandbox/clock").want(200).into(&face)
	return face.Now
}

// beijingTime reads `2025-03-01`, `2025-03-01 10:00` or `2025-03-01 10:00:00.5` as Beijing's time.
func beijingTime(t testing.TB, when string) time.Time {
	t.Helper()
	for _, layout := range []string{"2006-01-02 15:04:05.999", "2006-01-02 15:04", time.DateOnly} {
		if at, err := time.ParseInLocation(layout, when, beijing); err == nil {
			return at
		}
	}
	t.Fatalf("no time: %q", when)
	return time.Time{}
}

// terms are what a course costs, in fen.
type terms struct {
	s1, s2, s3, full int64
	credit           string
	lapseAfterDays   int
}

// usual are the terms of course C in the specification.
func usual() terms { return terms{0, 20000, 30000, 99900, "none", 0} }

// sold is a course on sale, as the cases know it: the stages S1, S2 and S3 of a month each,
// and the full price.
type sold struct {
	shop             *testShop
	id               string
	s1, s2, s3, full wish
	preview, lesson5 string
}

// sell puts a fresh course on sale.
func (s *testShop) sell(p terms) *sold {
	s.t.Helper()
	var out struct {
		ID       string `json:"id"`
		Policies []struct {
			ID string `json:"id"`
		} `json:"policies"`
		Chapters []struct {
			Lessons []struct {
				ID string `json:"id"`
			} `json:"lessons"`
		} `json:"chapters"`
	}
	c := &sold{shop: s}
	editor := s.staff("editor")
	editor.post("/api/admin/courses", outlineOf("阶梯课程", s.category(), c.pricing(p))).want(201).into(&out)
	c.id = out.ID
	for i, w := range []*wish{&c.s1, &c.s2, &c.s3, &c.full} {
		*w = wish{c.id, out.Policies[i].ID}
	}
	c.preview, c.lesson5 = out.Chapters[0].Lessons[0].ID, out.Chapters[0].Lessons[4].ID
	editor.post("/api/admin/courses/"+c.id+"/publish", nil).want(200)
	return c
}

// outlineOf is a course of one chapter with five lessons, the first of them a preview.
func outlineOf(title, category string, pricing obj) obj {
	var lessons []obj
	for i := range 5 {
		lessons = append(lessons, obj{"title": fmt.Sprintf("第 %d 节", i+1), "kind": "video", "duration_s": 600, "preview": i == 0, "url": "https://media.example.com/lesson.mp4"})
	}
	course := obj{
		"title": title, "subtitle": "按月学习", "category_id": category, "description": "从零开始",
		"teacher":  obj{"name": "林老师", "title": "讲师", "intro": "十年经验"},
		"chapters": []obj{{"title": "第一章", "lessons": lessons}},
	}
	for name, value := range pricing {
		course[name] = value
	}
	return course
}

// shelves are the category that each shop's courses are put into: to list them costs a shop that
// has just got a course its whole catalogue.
var shelves sync.Map

// category is some shelf of the catalogue.
func (s *testShop) category() string {
	s.t.Helper()
	if id, ok := shelves.Load(s.url); ok {
		return id.(string)
	}
	var list struct {
		Items []struct {
			ID string `json:"id"`
		} `json:"items"`
	}
	s.visitor().get("/api/categories").want(200).into(&list)
	shelves.Store(s.url, list.Items[0].ID)
	return list.Items[0].ID
}

// pricing is the body that publishes the terms, by the ids that the policies have already.
func (c *sold) pricing(p terms) obj {
	month := obj{"unit": "month", "count": 1}
	policies := []obj{
		{"kind": "stage", "stage": 1, "name": "第一个月", "period": month, "price_fen": p.s1},
		{"kind": "stage", "stage": 2, "name": "第二个月", "period": month, "price_fen": p.s2},
		{"kind": "stage", "stage": 3, "name": "第三个月", "period": month, "price_fen": p.s3},
		{"kind": "lifetime", "name": "全款", "price_fen": p.full, "default": true},
	}
	for i, w := range []wish{c.s1, c.s2, c.s3, c.full} {
		if w.PolicyID != "" {
			policies[i]["id"] = w.PolicyID
		}
	}
	return obj{"policies": policies, "ladder": obj{"credit_mode": p.credit, "lapse_after_days": p.lapseAfterDays}}
}

// reprice publishes other terms as the next version.
func (c *sold) reprice(p terms) {
	c.shop.t.Helper()
	c.shop.staff("editor").put("/api/admin/courses/"+c.id+"/policies", c.pricing(p)).want(200)
}

// retireLadder publishes a version that has the full price only.
func (c *sold) retireLadder(full int64) {
	c.shop.t.Helper()
	only := []obj{{"id": c.full.PolicyID, "kind": "lifetime", "name": "全款", "price_fen": full}}
	c.shop.staff("editor").put("/api/admin/courses/"+c.id+"/policies", obj{"policies": only}).want(200)
}

// takeDown takes the course off sale.
func (c *sold) takeDown() {
	c.shop.t.Helper()
	c.shop.staff("editor").post("/api/admin/courses/"+c.id+"/unpublish", nil).want(200)
}

// lesson is the address of one of the course's lessons.
func (c *sold) lesson(id string) string { return "/api/courses/" + c.id + "/lessons/" + id }

// offerJSON is one row of the select.
type offerJSON struct {
	PolicyID  string `json:"policy_id"`
	Kind      string `json:"kind"`
	Stage     int    `json:"stage"`
	Price     int64  `json:"price_fen"`
	List      int64  `json:"list_price_fen"`
	Credit    int64  `json:"credit_fen"`
	Available bool   `json:"available"`
	Reason    string `json:"reason"`
}

// String is `S2 20000` or `full 99900`, with the reason where it cannot be bought.
func (o offerJSON) String() string {
	name := map[string]string{"lifetime": "full", "stage": fmt.Sprintf("S%d", o.Stage)}[o.Kind]
	if !o.Available {
		return name + " " + o.Reason
	}
	return fmt.Sprintf("%s %d", name, o.Price)
}

// offers are what the course's page shows the person.
func (p *person) offers(course string) []string {
	p.t.Helper()
	return p.get("/api/courses/" + course).want(200).offers()
}

// offers are those that an answer carries, a page or a refusal.
func (a answer) offers() (all []string) {
	a.t.Helper()
	var in struct {
		Offers []offerJSON `json:"offers"`
	}
	a.into(&in)
	for _, o := range in.Offers {
		all = append(all, o.String())
	}
	return all
}

// wantSame wants got to be want, in order.
func wantSame(t testing.TB, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Fatalf("%s: %q, not %q", what, got, want)
	}
}

// wantThrough wants access up to and including a day in Beijing, "" for ever.
func (p *person) wantThrough(course, day string) {
	p.t.Helper()
	e, ok := p.enrolment(course)
	switch {
	case !ok:
		p.t.Fatalf("there is no enrolment in %s", course)
	case day == "" && e.Until == nil:
	case day == "" || e.Until == nil || !e.Until.Equal(beijingTime(p.t, day).AddDate(0, 0, 1)):
		p.t.Fatalf("access until %v, not through %q", e.Until, day)
	}
}

// wantGrants wants so many grants in the course.
func (p *person) wantGrants(course string, n int) {
	p.t.Helper()
	if e, _ := p.enrolment(course); len(e.Grants) != n {
		p.t.Fatalf("%d grants, not %d: %+v", len(e.Grants), n, e.Grants)
	}
}

// wantNotices wants so many notices of a kind in the inbox.
func (p *person) wantNotices(kind string, n int) {
	p.t.Helper()
	if got := p.notices(kind); got != n {
		p.t.Fatalf("%d notices of kind %s, not %d", got, kind, n)
	}
}

// notices counts the notices of a kind in the inbox.
func (p *person) notices(kind string) (n int) {
	p.t.Helper()
	var box struct {
		Items []struct {
			Kind string `json:"kind"`
		} `json:"items"`
	}
	p.get("/api/notices?limit=100").want(200).into(&box)
	for _, i := range box.Items {
		if i.Kind == kind {
			n++
		}
	}
	return n
}

// orders are all of the person's orders, newest first.
func (p *person) orders() (all []orderJSON) {
	p.t.Helper()
	var list struct {
		Items []orderJSON `json:"items"`
	}
	p.get("/api/orders?limit=100").want(200).into(&list)
	return list.Items
}

// placed is a new order, and how to pay it.
func (p *person) placed(total int64, lines ...wish) (out placedJSON) {
	p.t.Helper()
	p.place(total, lines...).want(201).into(&out)
	return out
}

// tradeJSON is a trade as the sandbox shows it.
type tradeJSON struct {
	OutTradeNo    string `json:"out_trade_no"`
	Channel       string `json:"channel"`
	State         string `json:"state"`
	Total         int64  `json:"total_fen"`
	TransactionID string `json:"transaction_id"`
	Callbacks     []struct {
		State      string         `json:"state"`
		Deliveries []deliveryJSON `json:"deliveries"`
	} `json:"callbacks"`
}

// deliveryJSON is one try to deliver a callback.
type deliveryJSON struct {
	Status int    `json:"status"`
	Error  string `json:"error"`
	Body   string `json:"body"`
}

// trades are WeChat's trades of an order, as `01 CLOSED`, oldest first.
func (s *testShop) trades(order string) (all []string) {
	s.t.Helper()
	var list struct {
		Items []tradeJSON `json:"items"`
	}
	s.phone().get("/sandbox/trades").want(200).into(&list)
	for _, tr := range list.Items {
		if no, ok := strings.CutPrefix(tr.OutTradeNo, order); ok {
			all = append(all, no+" "+tr.State)
		}
	}
	slices.Sort(all)
	return all
}

// trade is one trade with its callbacks.
func (s *testShop) trade(outTradeNo string) (tr tradeJSON) {
	s.t.Helper()
	s.phone().get("/sandbox/trades/" + outTradeNo).want(200).into(&tr)
	return tr
}

// refunds are WeChat's refunds of an order, as `20000 SUCCESS`.
func (s *testShop) refunds(order string) (all []string) {
	s.t.Helper()
	var list struct {
		Items []struct {
			OutTradeNo string `json:"out_trade_no"`
			Status     string `json:"status"`
			Refund     int64  `json:"refund_fen"`
		} `json:"items"`
	}
	s.phone().get("/sandbox/refunds").want(200).into(&list)
	for _, r := range list.Items {
		if strings.HasPrefix(r.OutTradeNo, order) {
			all = append(all, fmt.Sprintf("%d %s", r.Refund, r.Status))
		}
	}
	return all
}

// quote asks what lines cost now, as `total problem problem`.
func (p *person) quote(lines ...wish) string {
	p.t.Helper()
	var q struct {
		Total    int64 `json:"total_fen"`
		Problems []struct {
			Code string `json:"code"`
		} `json:"problems"`
	}
	p.post("/api/quotes", obj{"lines": lines}).want(200).into(&q)
	words := []string{fmt.Sprint(q.Total)}
	for _, problem := range q.Problems {
		words = append(words, problem.Code)
	}
	return strings.Join(words, " ")
}

// cartJSON is a cart as a page reads it.
type cartJSON struct {
	Version int64          `json:"version"`
	Lines   []cartLineJSON `json:"lines"`
	Total   int64          `json:"total_fen"`
}

// cartLineJSON is one course of a cart.
type cartLineJSON struct {
	CourseID string `json:"course_id"`
	Title    string `json:"title"`
	PolicyID string `json:"policy_id"`
	Price    int64  `json:"price_fen"`
	Policies []struct {
		ID    string `json:"id"`
		Price int64  `json:"price_fen"`
	} `json:"policies"`
	Problem *struct {
		Code       string `json:"code"`
		Suggestion string `json:"suggestion"`
	} `json:"problem"`
}

// cart is the person's cart.
func (p *person) cart() (c cartJSON) {
	p.t.Helper()
	p.get("/api/cart").want(200).into(&c)
	return c
}

// closeReason says why an order was closed.
func (p *person) closeReason(id string) string {
	p.t.Helper()
	var o struct {
		Reason string `json:"close_reason"`
	}
	p.get("/api/orders/" + id).want(200).into(&o)
	return o.Reason
}

// sameOrError is wantSame for eventually.
func sameOrError(got []string, want ...string) error {
	if !slices.Equal(got, want) {
		return fmt.Errorf("%q, not %q", got, want)
	}
	return nil
}

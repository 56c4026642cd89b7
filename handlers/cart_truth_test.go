package handlers

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"mstm/hub/hubtest"
	"mstm/shop"
)

// cartPage is an open page that hears of its learner's cart, and what it may ask.
type cartPage struct {
	*world
	socket *hubtest.Client
	token  string
}

// content is a cart's JSON as it is, without the reader's sentences.
func content(t *testing.T, raw []byte) map[string]any {
	t.Helper()
	var cart map[string]any
	if err := json.Unmarshal(raw, &cart); err != nil {
		t.Fatal(err)
	}
	for _, l := range cart["lines"].([]any) {
		if p, ok := l.(map[string]any)["problem"].(map[string]any); ok {
			delete(p, "detail")
		}
	}
	return cart
}

// hears reads events up to the one with this version, and checks that it is what is answered, in
// either language.
func (p *cartPage) hears(t *testing.T, what string) shop.Cart {
	t.Helper()
	zh := p.do("GET", "/api/cart", p.token, nil).is(200)
	en := p.do("GET", "/api/cart", p.token, nil, "Accept-Language", "en").is(200)
	now := as[shop.Cart](zh)
	newest := func(f hubtest.Frame) bool {
		var heard shop.Cart
		return f.Type == "cart.changed" && json.Unmarshal(f.Data, &heard) == nil && heard.Version >= now.Version
	}
	f := p.socket.WaitFor(what, soon, newest)
	if strings.Contains(string(f.Data), `"detail"`) {
		t.Errorf("%s: a sentence in %s", what, f.Data)
	}
	for _, answered := range [][]byte{zh.Body, en.Body} {
		if diff := cmp.Diff(content(t, answered), content(t, f.Data)); diff != "" {
			t.Errorf("%s: published is not what is answered: %s", what, diff)
		}
	}
	return now
}

func problems(c shop.Cart) map[string]string {
	all := map[string]string{}
	for _, l := range c.Lines {
		if l.Problem != nil {
			all[l.CourseID] = l.Problem.Code
		}
	}
	return all
}

func TestTheCartThatIsPublishedIsTheOneThatIsAnswered(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"), ladderCourse("go2"), ladderCourse("go3"), ladderCourse("go4"))
	token, id := w.learner("linwei")
	page := &cartPage{w, hubtest.Dial(t, w.url+"/ws", token), token}
	edit := func(id string, change func(*shop.Course)) {
		t.Helper()
		if _, err := w.store.Courses.Change(t.Context(), id, func(c *shop.Course) error { change(c); return nil }); err != nil {
			t.Fatal(err)
		}
	}
	reprice := func(id string, full shop.Fen) {
		edit(id, func(c *shop.Course) {
			v := c.Current()
			v.Version, v.Policies = v.Version+1, append([]shop.PricePolicy(nil), v.Policies...)
			v.Policies[3].Price = full
			c.Versions = append(c.Versions, v)
		})
	}
	for _, c := range []string{"go1", "go2", "go3"} {
		w.do("PUT", "/api/cart/"+c, token, `{"policy_id":"`+c+`full"}`, "Accept-Language", "en").is(200)
	}
	page.hears(t, "filled")

	edit("go2", func(c *shop.Course) { c.State = shop.CourseOffSale })
	bought := []shop.CartBought{{CourseID: "go1", PolicyID: "go1full", Lifetime: true}}
	if err := w.deps.Carts.RemoveBought(t.Context(), id, "o1", bought); err != nil {
		t.Fatal(err)
	}
	cart := page.hears(t, "after a purchase, with a course off sale")
	if diff := cmp.Diff(map[string]string{"go2": "COURSE_OFF_SALE"}, problems(cart)); diff != "" || cart.Total != 99900 {
		t.Errorf("after a purchase: %s, total %d", diff, cart.Total)
	}
	reprice("go3", 109900)
	before := cart.Version
	cart = page.hears(t, "a price has changed")
	if diff := cmp.Diff(map[string]string{"go2": "COURSE_OFF_SALE", "go3": "PRICE_CHANGED"}, problems(cart)); diff != "" || cart.Total != 109900 || cart.Version <= before {
		t.Errorf("after a new price: %s, total %d, version %d after %d", diff, cart.Total, cart.Version, before)
	}
	edit("go2", func(c *shop.Course) { c.State = shop.CourseOnSale })
	reprice("go3", 99900)
	w.do("POST", "/api/cart/merge", token, `{"lines":[{"course_id":"go4","policy_id":"go4full"}]}`).is(200)
	cart = page.hears(t, "merged, with the old prices back")
	if len(problems(cart)) != 0 || len(cart.Lines) != 3 || cart.Total != 3*99900 {
		t.Errorf("after a merge: %v, total %d", problems(cart), cart.Total)
	}
	edit("go4", func(c *shop.Course) { c.Title = "新的名字" })
	if cart = page.hears(t, "a new title"); cart.Lines[0].Title != "新的名字" {
		t.Errorf("after a new title: %+v", cart.Lines[0])
	}
	before = cart.Version
	edit("go4", func(c *shop.Course) { c.Description = "nothing that a cart shows" })
	if now := as[shop.Cart](w.do("GET", "/api/cart", token, nil).is(200)); now.Version != before {
		t.Errorf("version %d after %d, and nothing is different", now.Version, before)
	}
	if commands := w.reads.during(func() { w.do("GET", "/api/cart", token, nil).is(200) }); len(commands) != 0 {
		t.Errorf("MongoDB was asked again: %v", commands)
	}
}

// TestAConflictCarriesTheCartAsItIsSold: a refusal's cart is priced like an answer's.
func TestAConflictCarriesTheCartAsItIsSold(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"), ladderCourse("go2"))
	token, _ := w.learner("linwei")
	first := as[shop.Cart](w.do("PUT", "/api/cart/go1", token, `{"policy_id":"go1full"}`).is(200))
	w.do("PUT", "/api/cart/go2", token, `{"policy_id":"go2full"}`).is(200)
	_, err := w.store.Courses.Change(t.Context(), "go2", func(c *shop.Course) error { c.State = shop.CourseOffSale; return nil })
	if err != nil {
		t.Fatal(err)
	}
	var refusal struct{ Cart shop.Cart }
	body := w.do("PUT", "/api/cart/go1", token, map[string]any{"policy_id": "go1s1", "version": first.Version}, "Accept-Language", "en").is(409, "CART_CONFLICT")
	body.into(&refusal)
	now := as[shop.Cart](w.do("GET", "/api/cart", token, nil, "Accept-Language", "en").is(200))
	if diff := cmp.Diff(now, refusal.Cart); diff != "" || problems(now)["go2"] != "COURSE_OFF_SALE" {
		t.Errorf("the conflict's cart: %s", diff)
	}
}

// TestAMergeIntoAFullCartAnswersWhatWasLeftOut: the newest lines that fit are in it.
func TestAMergeIntoAFullCartAnswersWhatWasLeftOut(t *testing.T) {
	w := newWorld(t)
	var courses []*shop.Course
	for _, id := range strings.Fields(strings.Repeat("c ", shop.MaxLines+1)) {
		courses = append(courses, ladderCourse(id+string(rune('a'+len(courses)/26))+string(rune('a'+len(courses)%26))))
	}
	w.sells(courses...)
	token, _ := w.learner("linwei")
	for _, c := range courses[:shop.MaxLines-1] {
		w.do("PUT", "/api/cart/"+c.ID, token, `{}`).is(200)
	}
	newer, older := courses[shop.MaxLines-1].ID, courses[shop.MaxLines].ID
	lines := []map[string]any{
		{"course_id": older, "policy_id": older + "full", "added_at": "2020-01-01T00:00:00Z"},
		{"course_id": newer, "added_at": "2020-01-02T00:00:00Z"},
		{"course_id": "gone", "policy_id": "x"},
	}
	var refusal struct {
		Cart    shop.Cart
		LeftOut []map[string]string `json:"left_out"`
	}
	w.do("POST", "/api/cart/merge", token, map[string]any{"lines": lines}).is(409, "CART_FULL").into(&refusal)
	want := []map[string]string{
		{"course_id": "gone", "policy_id": "x", "code": "COURSE_NOT_FOUND"},
		{"course_id": older, "policy_id": older + "full", "code": "CART_FULL"},
	}
	if diff := cmp.Diff(want, refusal.LeftOut); diff != "" {
		t.Errorf("left out: %s", diff)
	}
	if len(refusal.Cart.Lines) != shop.MaxLines || !refusal.Cart.Has(newer) || refusal.Cart.Has(older) {
		t.Errorf("%d lines", len(refusal.Cart.Lines))
	}
	again := w.do("POST", "/api/cart/merge", token, map[string]any{"lines": lines[2:]}).is(200)
	if !strings.Contains(string(again.Body), `"left_out":[{"course_id":"gone","policy_id":"x","code":"COURSE_NOT_FOUND"}]`) {
		t.Errorf("a course that is not there is dropped without a word: %s", again.Body)
	}
}

package handlers

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"mstm/hub/hubtest"
	"mstm/shop"
)

func TestACartIsFilledRechosenAndEmptiedBeforeAllPages(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"), ladderCourse("go2"))
	token, _ := w.learner("linwei")
	page := hubtest.Dial(t, w.url+"/ws", token)
	seen := func(want shop.Cart) {
		t.Helper()
		var got shop.Cart
		f := page.Next(soon)
		f.Into(t, &got)
		if f.Type != "cart.changed" || f.Topic != "user" || got.Version != want.Version || len(got.Lines) != len(want.Lines) || got.Total != want.Total {
			t.Errorf("the other page got %s %s, want %+v", f.Type, f.Data, want)
		}
	}
	if got := w.do("GET", "/api/cart", token, nil).is(200); !strings.HasSuffix(string(got.Body), `,"lines":[],"total_fen":0}`) {
		t.Errorf("empty: %s", got.Body)
	}
	cart := as[shop.Cart](w.do("PUT", "/api/cart/go1", token, `{}`).is(200))
	if l := cart.Lines[0]; l.PolicyID != "go1s1" || l.Price != 0 || len(l.Policies) != 2 || l.Title != "课程 go1" || l.Cover == "" {
		t.Errorf("a new line: %+v", l)
	}
	seen(cart)
	second := as[shop.Cart](w.do("PUT", "/api/cart/go2", token, `{"policy_id":"go2full"}`).is(200))
	if second.Total != 99900 || second.Version <= cart.Version {
		t.Errorf("two lines: %+v", second)
	}
	seen(second)
	w.do("PUT", "/api/cart/go1", token, fmt.Sprintf(`{"policy_id":"go1full","version":%d}`, cart.Version)).is(409, "CART_CONFLICT")
	third := as[shop.Cart](w.do("PUT", "/api/cart/go1", token, fmt.Sprintf(`{"policy_id":"go1full","version":%d}`, second.Version)).is(200))
	if third.Total != 199800 {
		t.Errorf("chosen again: %+v", third)
	}
	seen(third)
	fourth := as[shop.Cart](w.do("DELETE", "/api/cart/go1", token, nil).is(200))
	seen(fourth)
	fifth := as[shop.Cart](w.do("DELETE", "/api/cart", token, nil).is(200))
	if len(fourth.Lines) != 1 || len(fifth.Lines) != 0 || fifth.Version <= fourth.Version {
		t.Errorf("removed: %+v, emptied: %+v", fourth, fifth)
	}
	seen(fifth)
}

func TestWhatCannotBeBoughtDoesNotEnterTheCart(t *testing.T) {
	w := newWorld(t)
	c, other, off, draft := ladderCourse("go1"), ladderCourse("go2"), ladderCourse("off"), ladderCourse("draft")
	off.State, draft.State = shop.CourseOffSale, shop.CourseDraft
	w.sells(c, other, off, draft)
	token, id := w.learner("linwei")
	owner, ownerID := w.learner("owner")
	w.grants(ownerID, c, "go1full", time.Now())
	w.grants(id, other, "go2s1", time.Now())
	rows := []struct {
		name, token, course, body string
		want                      int
		code                      string
	}{
		{"a policy of another course", token, "go1", `{"policy_id":"go2s1"}`, 404, "POLICY_NOT_FOUND"},
		{"a stage not reached", token, "go1", `{"policy_id":"go1s2"}`, 409, "STAGE_NOT_ELIGIBLE"},
		{"a trial used", token, "go2", `{"policy_id":"go2s1"}`, 409, "TRIAL_USED"},
		{"a course owned for ever", owner, "go1", `{}`, 409, "ALREADY_OWNED"},
		{"a course off sale", token, "off", `{}`, 409, "COURSE_OFF_SALE"},
		{"a draft", token, "draft", `{}`, 404, "COURSE_NOT_FOUND"},
		{"a course that is not there", token, "go9", `{}`, 404, "COURSE_NOT_FOUND"},
		{"an id that could forge a key", token, "go1%7Bx%7D", `{}`, 404, "COURSE_NOT_FOUND"},
		{"a price of one's own", token, "go1", `{"price_fen":1}`, 400, "UNKNOWN_FIELD"},
		{"a version below zero", token, "go1", `{"version":-1}`, 400, "INVALID_FIELD"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) {
			w.do("PUT", "/api/cart/"+row.course, row.token, row.body).is(row.want, row.code)
		})
	}
	for _, tok := range []string{token, owner} {
		if got := as[shop.Cart](w.do("GET", "/api/cart", tok, nil)); len(got.Lines) != 0 {
			t.Errorf("in the cart: %+v", got.Lines)
		}
	}
	l := as[shop.Cart](w.do("PUT", "/api/cart/go2", token, `{}`).is(200)).Lines[0]
	if l.PolicyID != "go2s2" || l.Price != 20000 {
		t.Errorf("after the trial the default is %+v", l)
	}
}

func TestACartIsReadWithoutMongoDBUntilACourseChanges(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"), ladderCourse("go2"))
	token, _ := w.learner("linwei")
	w.do("PUT", "/api/cart/go1", token, `{"policy_id":"go1full"}`).is(200)
	w.do("PUT", "/api/cart/go2", token, `{"policy_id":"go2full"}`).is(200)
	w.do("GET", "/api/cart", token, nil).is(200)
	if commands := w.reads.during(func() { w.do("GET", "/api/cart", token, nil).is(200) }); len(commands) != 0 {
		t.Errorf("MongoDB was asked %v", commands)
	}
	change := func(id string, do func(*shop.Course)) {
		t.Helper()
		_, err := w.store.Courses.Change(t.Context(), id, func(c *shop.Course) error { do(c); return nil })
		if err != nil {
			t.Fatal(err)
		}
	}
	change("go1", func(c *shop.Course) {
		v := c.Current()
		v.Version, v.Policies = 2, append([]shop.PricePolicy(nil), v.Policies...)
		v.Policies[3].Price = 109900
		c.Versions = append(c.Versions, v)
	})
	cart := as[shop.Cart](w.do("GET", "/api/cart", token, nil).is(200))
	byID := func(cart shop.Cart, id string) shop.CartLine {
		for _, l := range cart.Lines {
			if l.CourseID == id {
				return l
			}
		}
		t.Fatalf("no line %s", id)
		return shop.CartLine{}
	}
	l := byID(cart, "go1")
	if l.Problem == nil || l.Problem.Code != "PRICE_CHANGED" || l.Problem.Suggestion != "go1full" || l.Price != 109900 || cart.Total != 99900+109900 {
		t.Errorf("after a higher price: %+v, total %d", l, cart.Total)
	}
	l = byID(as[shop.Cart](w.do("PUT", "/api/cart/go1", token, `{"policy_id":"go1full"}`).is(200)), "go1")
	if l.Problem != nil || l.Price != 109900 {
		t.Errorf("after choosing again: %+v", l)
	}
	change("go1", func(c *shop.Course) {
		v := c.Current()
		v.Version, v.Policies = 3, v.Policies[:3]
		c.Versions = append(c.Versions, v)
	})
	change("go2", func(c *shop.Course) { c.State = shop.CourseOffSale })
	cart = as[shop.Cart](w.do("GET", "/api/cart", token, nil, "Accept-Language", "en").is(200))
	if p := byID(cart, "go1").Problem; p == nil || p.Code != "POLICY_RETIRED" || p.Suggestion != "go1s1" || p.Detail != shop.ErrPolicyRetired.En {
		t.Errorf("a retired policy: %+v", p)
	}
	if p := byID(cart, "go2").Problem; p == nil || p.Code != "COURSE_OFF_SALE" || cart.Total != 0 {
		t.Errorf("off sale: %+v, total %d", p, cart.Total)
	}
}

func TestAVisitorsCartJoinsTheLearners(t *testing.T) {
	w := newWorld(t)
	owned, off := ladderCourse("go1"), ladderCourse("go2")
	w.sells(owned, off, ladderCourse("go3"), ladderCourse("go4"))
	token, id := w.learner("linwei")
	w.grants(id, owned, "go1full", time.Now())
	w.do("PUT", "/api/cart/go3", token, `{"policy_id":"go3full"}`).is(200)
	_, err := w.store.Courses.Change(t.Context(), "go2", func(c *shop.Course) error { c.State = shop.CourseOffSale; return nil })
	if err != nil {
		t.Fatal(err)
	}
	page := hubtest.Dial(t, w.url+"/ws", token)
	yesterday := time.Now().Add(-24 * time.Hour).UTC().Format(time.RFC3339)
	cart := as[shop.Cart](w.do("POST", "/api/cart/merge", token, `{"lines":[
		{"course_id":"go1","policy_id":"go1full","added_at":"`+yesterday+`"},
		{"course_id":"go2","policy_id":"go2full","added_at":"`+yesterday+`"},
		{"course_id":"go3","policy_id":"go3s1","added_at":"`+yesterday+`"},
		{"course_id":"go4","policy_id":"go3full","added_at":"2099-01-01T00:00:00Z"},
		{"course_id":"gone","policy_id":"x"}]}`).is(200))
	problems, chosen := map[string]string{}, map[string]string{}
	for _, l := range cart.Lines {
		chosen[l.CourseID] = l.PolicyID
		if l.Problem != nil {
			problems[l.CourseID] = l.Problem.Code
		}
		if l.AddedAt.After(time.Now().Add(time.Minute)) {
			t.Errorf("added in the future: %+v", l)
		}
	}
	if len(cart.Lines) != 4 || problems["go1"] != "ALREADY_OWNED" || problems["go2"] != "COURSE_OFF_SALE" || len(problems) != 2 {
		t.Errorf("merged: %v with problems %v", chosen, problems)
	}
	if chosen["go3"] != "go3full" || chosen["go4"] != "go4s1" || cart.Total != 99900 {
		t.Errorf("chosen: %v, total %d", chosen, cart.Total)
	}
	var heard shop.Cart
	page.Wait("cart.changed", soon).Into(t, &heard)
	if heard.Version != cart.Version || len(heard.Lines) != 4 {
		t.Errorf("heard %+v", heard)
	}
	w.do("POST", "/api/cart/merge", token, `{"lines":[{"course_id":"a{b}","policy_id":"x"}]}`).is(400, "INVALID_FIELD")
	for _, policy := range []string{`a\u202eb`, "<b>", "A", strings.Repeat("x", 33)} { // the course may have left: nothing else would refuse it
		a := w.do("POST", "/api/cart/merge", token, `{"lines":[{"course_id":"off","policy_id":"`+policy+`"}]}`).is(400, "INVALID_FIELD")
		if got := as[struct{ Param string }](a).Param; got != "lines[0].policy_id" {
			t.Errorf("%q is refused at %q", policy, got)
		}
	}
}

func TestACartIsItsOwnersAlone(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"))
	mine, _ := w.learner("linwei")
	yours, _ := w.learner("linwei1")
	w.do("PUT", "/api/cart/go1", mine, `{}`).is(200)
	if got := as[shop.Cart](w.do("GET", "/api/cart", yours, nil).is(200)); len(got.Lines) != 0 {
		t.Errorf("seen: %+v", got)
	}
	w.do("DELETE", "/api/cart", yours, nil).is(200)
	if got := as[shop.Cart](w.do("GET", "/api/cart", mine, nil).is(200)); len(got.Lines) != 1 {
		t.Errorf("left: %+v", got)
	}
}

func TestAQuoteSaysWhatItCostsAndWhatCannotBe(t *testing.T) {
	w := newWorld(t)
	w.sells(ladderCourse("go1"), ladderCourse("go2"))
	token, _ := w.learner("linwei")
	got := as[quoteView](w.do("POST", "/api/quotes", token, `{"lines":[{"course_id":"go1","policy_id":"go1full"},{"course_id":"go2","policy_id":"go2s3"}]}`).is(200))
	if got.Total != 99900 || len(got.Problems) != 1 || got.Problems[0].Code != "STAGE_NOT_ELIGIBLE" || got.Problems[0].Detail != shop.ErrStageNotEligible.Zh {
		t.Errorf("quote: %+v", got)
	}
	w.do("POST", "/api/quotes", token, `{"lines":[]}`).is(422, "NO_LINES")
	w.do("POST", "/api/quotes", token, `{"lines":[{"course_id":"go1","policy_id":"x","price_fen":1}]}`).is(400, "UNKNOWN_FIELD")
}

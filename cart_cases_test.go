package main

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

// TestCart is the cart as two devices of one learner see it.
func TestCart(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"a cart is filled, chosen again and emptied on two devices that agree", cartOnTwoDevices},
		{"a choice made on an old cart is refused with the cart that won", oldCart},
		{"a cart holds fifty courses, and a full one can still be chosen in", fullCart},
		{"only the bought lines leave the cart", boughtLines},
		{"after a purchase an open page hears the cart that is answered", boughtBesideOffSale},
		{"C48 a visitor's cart joins the learner's, the newer choice winning", mergedCart},
		{"C48 what is owned or off sale joins flagged", mergedProblems},
		{"a cart is one learner's own", ownCart},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// choices are a cart's lines as `title price`, by the courses' names in the test.
func choices(c cartJSON, names map[string]string) (all []string) {
	for _, l := range c.Lines {
		word := names[l.CourseID] + " " + names[l.PolicyID]
		if l.Problem != nil {
			word += " " + l.Problem.Code
		}
		all = append(all, word)
	}
	return all
}

// named gives a course and its policies names for choices.
func (c *sold) named(names map[string]string, name string) {
	names[c.id], names[c.s1.PolicyID], names[c.s2.PolicyID], names[c.full.PolicyID] = name, "S1", "S2", "full"
}

// heard waits until a page has heard of a version of the cart, and answers the cart it heard.
func heard(t *testing.T, page *hubtest.Client, version int64) (c cartJSON) {
	t.Helper()
	page.WaitFor("the cart", 5*time.Second, func(f hubtest.Frame) bool {
		if f.Type != "cart.changed" {
			return false
		}
		c = cartJSON{}
		f.Into(t, &c)
		return c.Version == version
	})
	return c
}

func cartOnTwoDevices(t *testing.T, s *testShop) {
	c, d, names := s.sell(usual()), s.sell(usual()), map[string]string{}
	c.named(names, "C")
	d.named(names, "D")
	web := s.newLearner()
	phone := s.visitor().login(web.name, testPassword, "phone")
	pages := []*hubtest.Client{web.socket(), phone.socket()}

	last := web.cart().Version
	step := func(what string, a answer, want ...string) {
		t.Helper()
		var cart cartJSON
		a.want(200).into(&cart)
		if cart.Version <= last {
			t.Errorf("%s: version %d after %d", what, cart.Version, last)
		}
		last = cart.Version
		wantSame(t, what, choices(cart, names), want...)
		for _, page := range pages {
			wantSame(t, what+", on a page", choices(heard(t, page, cart.Version), names), want...)
		}
		wantSame(t, what+", read on the phone", choices(phone.cart(), names), want...)
	}
	step("added with the default policy", web.put("/api/cart/"+c.id, obj{}), "C full")
	step("another added on the phone", phone.put("/api/cart/"+d.id, obj{"policy_id": d.s1.PolicyID}), "D S1", "C full")
	step("chosen again", web.put("/api/cart/"+c.id, obj{"policy_id": c.s1.PolicyID}), "D S1", "C S1")
	if total := web.cart().Total; total != 0 {
		t.Errorf("two free months cost %d", total)
	}
	step("removed on the phone", phone.del("/api/cart/"+d.id), "C S1")
	step("emptied", web.del("/api/cart"))
	web.put("/api/cart/"+c.id, obj{"policy_id": d.s1.PolicyID}).wantCode(404, "POLICY_NOT_FOUND")
	web.put("/api/cart/"+c.id, obj{"policy_id": c.s2.PolicyID}).wantCode(409, "STAGE_NOT_ELIGIBLE")
	web.put("/api/cart/nosuch", obj{}).wantCode(404, "COURSE_NOT_FOUND")
}

func oldCart(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	var first cartJSON
	learner.put("/api/cart/"+c.id, obj{}).want(200).into(&first)
	learner.put("/api/cart/"+c.id, obj{"policy_id": c.s1.PolicyID, "version": first.Version}).want(200)
	refusal := learner.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID, "version": first.Version}).wantCode(409, "CART_CONFLICT")
	var won struct {
		Cart cartJSON `json:"cart"`
	}
	if refusal.into(&won); won.Cart.Version <= first.Version || won.Cart.Lines[0].PolicyID != c.s1.PolicyID {
		t.Fatalf("the refusal carries %s", refusal.body)
	}
}

func fullCart(t *testing.T, s *testShop) {
	learner := s.newLearner()
	all, _ := s.visitor().list("limit=100")
	for len(all) < 51 {
		all = append(all, cardJSON{ID: s.sell(usual()).id})
	}
	for _, c := range all[:50] {
		learner.put("/api/cart/"+c.ID, obj{}).want(200)
	}
	learner.put("/api/cart/"+all[50].ID, obj{}).wantCode(409, "CART_FULL")
	learner.put("/api/cart/"+all[0].ID, obj{}).want(200)
	if n := len(learner.cart().Lines); n != 50 {
		t.Fatalf("%d lines, not 50", n)
	}
	learner.del("/api/cart/" + all[0].ID).want(200)
	learner.put("/api/cart/"+all[50].ID, obj{}).want(200)
}

func boughtLines(t *testing.T, s *testShop) {
	c, d, learner, names := s.sell(usual()), s.sell(usual()), s.newLearner(), map[string]string{}
	c.named(names, "C")
	d.named(names, "D")
	for _, w := range []wish{c.s1, d.full} {
		learner.put("/api/cart/"+w.CourseID, obj{"policy_id": w.PolicyID}).want(200)
	}
	got := learner.placed(0, c.s1)
	learner.await(got.Order.ID, "fulfilled")
	eventually(t, 10*time.Second, func() error {
		return sameOrError(choices(learner.cart(), names), "D full")
	})
}

func boughtBesideOffSale(t *testing.T, s *testShop) {
	c, d, learner := s.sell(usual()), s.sell(usual()), s.newLearner()
	page := learner.socket()
	for _, w := range []wish{c.s1, d.full} {
		learner.put("/api/cart/"+w.CourseID, obj{"policy_id": w.PolicyID}).want(200)
	}
	d.takeDown()
	got := learner.placed(0, c.s1)
	learner.await(got.Order.ID, "fulfilled")
	f := page.WaitFor("the cart without the bought line", 10*time.Second, func(f hubtest.Frame) bool {
		var heard cartJSON
		return f.Type == "cart.changed" && json.Unmarshal(f.Data, &heard) == nil && len(heard.Lines) == 1 && heard.Lines[0].Problem != nil
	})
	answered := learner.get("/api/cart").want(200)
	said := regexp.MustCompile(`,"detail":"[^"]+"`)
	if want := said.ReplaceAllString(string(answered.body), ""); want != string(f.Data) || want == string(answered.body) {
		t.Fatalf("published %s, answered %s", f.Data, answered.body)
	}
}

func mergedCart(t *testing.T, s *testShop) {
	c, d, e, names := s.sell(usual()), s.sell(usual()), s.sell(usual()), map[string]string{}
	c.named(names, "C")
	d.named(names, "D")
	e.named(names, "E")
	web := s.newLearner()
	phone := s.visitor().login(web.name, testPassword, "phone")
	web.put("/api/cart/"+c.id, obj{"policy_id": c.full.PolicyID}).want(200)
	s.move("2025-03-01 11:00")
	web.put("/api/cart/"+d.id, obj{"policy_id": d.full.PolicyID}).want(200)
	s.move("2025-03-01 12:00")
	pages := []*hubtest.Client{web.socket(), phone.socket()}

	guest := []obj{
		{"course_id": c.id, "policy_id": c.s1.PolicyID, "added_at": beijingTime(t, "2025-03-01 10:30")}, // newer than the learner's
		{"course_id": d.id, "policy_id": d.s1.PolicyID, "added_at": beijingTime(t, "2025-03-01 10:30")}, // older
		{"course_id": e.id, "policy_id": e.s1.PolicyID, "added_at": beijingTime(t, "2025-03-01 11:30")}, // the guest's alone
	}
	var cart cartJSON
	web.post("/api/cart/merge", obj{"lines": guest}).want(200).into(&cart)
	chosen := map[string]string{}
	for _, l := range cart.Lines {
		chosen[names[l.CourseID]] = names[l.PolicyID]
	}
	if len(cart.Lines) != 3 || chosen["C"] != "S1" || chosen["D"] != "full" || chosen["E"] != "S1" || cart.Total != 99900 {
		t.Fatalf("merged into %v, total %d", chosen, cart.Total)
	}
	for _, page := range pages {
		wantSame(t, "on a page", choices(heard(t, page, cart.Version), names), choices(cart, names)...)
	}
}

func mergedProblems(t *testing.T, s *testShop) {
	owned, gone, learner, names := s.sell(usual()), s.sell(usual()), s.newLearner(), map[string]string{}
	owned.named(names, "owned")
	gone.named(names, "gone")
	s.buy(learner, 99900, owned.full)
	gone.takeDown()
	guest := []obj{{"course_id": owned.id, "policy_id": owned.full.PolicyID}, {"course_id": gone.id, "policy_id": gone.full.PolicyID}}
	learner.post("/api/cart/merge", obj{"lines": guest}).want(200)
	cart := learner.cart()
	problems := map[string]string{}
	for _, l := range cart.Lines {
		if l.Problem != nil {
			problems[names[l.CourseID]] = l.Problem.Code
		}
	}
	if problems["owned"] != "ALREADY_OWNED" || problems["gone"] != "COURSE_OFF_SALE" || cart.Total != 0 {
		t.Fatalf("the cart flags %v and costs %d", problems, cart.Total)
	}
}

func ownCart(t *testing.T, s *testShop) {
	c, learner, other := s.sell(usual()), s.newLearner(), s.newLearner()
	learner.put("/api/cart/"+c.id, obj{}).want(200)
	if lines := other.cart().Lines; len(lines) != 0 {
		t.Fatalf("somebody else sees %+v", lines)
	}
	s.visitor().get("/api/cart").wantCode(401, "UNAUTHENTICATED")
}

package catalogue

import (
	"encoding/json"
	"regexp"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// TestCart is the cart as two devices of one learner see it.
func TestCart(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
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
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

// choices are a cart's lines as `title price`, by the courses' names in the test.
func choices(c shoptest.Cart, names map[string]string) (all []string) {
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
func named(c *shoptest.Course, names map[string]string, name string) {
	names[c.Id], names[c.S1.PolicyID], names[c.S2.PolicyID], names[c.Full.PolicyID] = name, "S1", "S2", "full"
}

// heard waits until a page has heard of a version of the cart, and answers the cart it heard.
func heard(t *testing.T, page *hubtest.Client, version int64) (c shoptest.Cart) {
	t.Helper()
	page.WaitFor("the cart", time.Minute, func(f hubtest.Frame) bool {
		if f.Type != "cart.changed" {
			return false
		}
		c = shoptest.Cart{}
		f.Into(t, &c)
		return c.Version == version
	})
	return c
}

func cartOnTwoDevices(t *testing.T, s *shoptest.Shop) {
	c, d, names := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), map[string]string{}
	named(c, names, "C")
	named(d, names, "D")
	web := s.NewLearner()
	phone := s.Visitor().Login(web.Name, shoptest.Password, "phone")
	pages := []*hubtest.Client{web.Socket(), phone.Socket()}

	last := web.Cart().Version
	step := func(what string, a shoptest.Answer, want ...string) {
		t.Helper()
		var cart shoptest.Cart
		a.Want(200).Into(&cart)
		if cart.Version <= last {
			t.Errorf("%s: version %d after %d", what, cart.Version, last)
		}
		last = cart.Version
		shoptest.WantSame(t, what, choices(cart, names), want...)
		for _, page := range pages {
			shoptest.WantSame(t, what+", on a page", choices(heard(t, page, cart.Version), names), want...)
		}
		shoptest.WantSame(t, what+", read on the phone", choices(phone.Cart(), names), want...)
	}
	step("added with the default policy", web.Put("/api/cart/"+c.Id, obj{}), "C full")
	step("another added on the phone", phone.Put("/api/cart/"+d.Id, obj{"policy_id": d.S1.PolicyID}), "D S1", "C full")
	step("chosen again", web.Put("/api/cart/"+c.Id, obj{"policy_id": c.S1.PolicyID}), "D S1", "C S1")
	if total := web.Cart().Total; total != 0 {
		t.Errorf("two free months cost %d", total)
	}
	step("removed on the phone", phone.Del("/api/cart/"+d.Id), "C S1")
	step("emptied", web.Del("/api/cart"))
	web.Put("/api/cart/"+c.Id, obj{"policy_id": d.S1.PolicyID}).WantCode(404, "POLICY_NOT_FOUND")
	web.Put("/api/cart/"+c.Id, obj{"policy_id": c.S2.PolicyID}).WantCode(409, "STAGE_NOT_ELIGIBLE")
	web.Put("/api/cart/nosuch", obj{}).WantCode(404, "COURSE_NOT_FOUND")
}

func oldCart(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	var first shoptest.Cart
	learner.Put("/api/cart/"+c.Id, obj{}).Want(200).Into(&first)
	learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.S1.PolicyID, "version": first.Version}).Want(200)
	refusal := learner.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID, "version": first.Version}).WantCode(409, "CART_CONFLICT")
	var won struct {
		Cart shoptest.Cart `json:"cart"`
	}
	if refusal.Into(&won); won.Cart.Version <= first.Version || won.Cart.Lines[0].PolicyID != c.S1.PolicyID {
		t.Fatalf("the refusal carries %s", refusal.Body)
	}
}

func fullCart(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	all, _ := list(s.Visitor(), "limit=100")
	for len(all) < 51 {
		all = append(all, cardJSON{ID: s.Sell(shoptest.Usual()).Id})
	}
	for _, c := range all[:50] {
		learner.Put("/api/cart/"+c.ID, obj{}).Want(200)
	}
	learner.Put("/api/cart/"+all[50].ID, obj{}).WantCode(409, "CART_FULL")
	learner.Put("/api/cart/"+all[0].ID, obj{}).Want(200)
	if n := len(learner.Cart().Lines); n != 50 {
		t.Fatalf("%d lines, not 50", n)
	}
	learner.Del("/api/cart/" + all[0].ID).Want(200)
	learner.Put("/api/cart/"+all[50].ID, obj{}).Want(200)
}

func boughtLines(t *testing.T, s *shoptest.Shop) {
	c, d, learner, names := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner(), map[string]string{}
	named(c, names, "C")
	named(d, names, "D")
	for _, w := range []shoptest.Wish{c.S1, d.Full} {
		learner.Put("/api/cart/"+w.CourseID, obj{"policy_id": w.PolicyID}).Want(200)
	}
	got := learner.Placed(0, c.S1)
	learner.Await(got.Order.ID, "fulfilled")
	shoptest.Eventually(t, time.Minute, func() error {
		return shoptest.SameOrError(choices(learner.Cart(), names), "D full")
	})
}

func boughtBesideOffSale(t *testing.T, s *shoptest.Shop) {
	c, d, learner := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner()
	page := learner.Socket()
	for _, w := range []shoptest.Wish{c.S1, d.Full} {
		learner.Put("/api/cart/"+w.CourseID, obj{"policy_id": w.PolicyID}).Want(200)
	}
	d.TakeDown()
	got := learner.Placed(0, c.S1)
	learner.Await(got.Order.ID, "fulfilled")
	f := page.WaitFor("the cart without the bought line", time.Minute, func(f hubtest.Frame) bool {
		var heard shoptest.Cart
		return f.Type == "cart.changed" && json.Unmarshal(f.Data, &heard) == nil && len(heard.Lines) == 1 && heard.Lines[0].Problem != nil
	})
	answered := learner.Get("/api/cart").Want(200)
	said := regexp.MustCompile(`,"detail":"[^"]+"`)
	if want := said.ReplaceAllString(string(answered.Body), ""); want != string(f.Data) || want == string(answered.Body) {
		t.Fatalf("published %s, answered %s", f.Data, answered.Body)
	}
}

func mergedCart(t *testing.T, s *shoptest.Shop) {
	c, d, e, names := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), map[string]string{}
	named(c, names, "C")
	named(d, names, "D")
	named(e, names, "E")
	web := s.NewLearner()
	phone := s.Visitor().Login(web.Name, shoptest.Password, "phone")
	web.Put("/api/cart/"+c.Id, obj{"policy_id": c.Full.PolicyID}).Want(200)
	s.Move("2025-03-01 11:00")
	web.Put("/api/cart/"+d.Id, obj{"policy_id": d.Full.PolicyID}).Want(200)
	s.Move("2025-03-01 12:00")
	pages := []*hubtest.Client{web.Socket(), phone.Socket()}

	guest := []obj{
		{"course_id": c.Id, "policy_id": c.S1.PolicyID, "added_at": shoptest.BeijingTime(t, "2025-03-01 10:30")}, // newer than the learner's
		{"course_id": d.Id, "policy_id": d.S1.PolicyID, "added_at": shoptest.BeijingTime(t, "2025-03-01 10:30")}, // older
		{"course_id": e.Id, "policy_id": e.S1.PolicyID, "added_at": shoptest.BeijingTime(t, "2025-03-01 11:30")}, // the guest's alone
	}
	var cart shoptest.Cart
	web.Post("/api/cart/merge", obj{"lines": guest}).Want(200).Into(&cart)
	chosen := map[string]string{}
	for _, l := range cart.Lines {
		chosen[names[l.CourseID]] = names[l.PolicyID]
	}
	if len(cart.Lines) != 3 || chosen["C"] != "S1" || chosen["D"] != "full" || chosen["E"] != "S1" || cart.Total != 99900 {
		t.Fatalf("merged into %v, total %d", chosen, cart.Total)
	}
	for _, page := range pages {
		shoptest.WantSame(t, "on a page", choices(heard(t, page, cart.Version), names), choices(cart, names)...)
	}
}

func mergedProblems(t *testing.T, s *shoptest.Shop) {
	owned, gone, learner, names := s.Sell(shoptest.Usual()), s.Sell(shoptest.Usual()), s.NewLearner(), map[string]string{}
	named(owned, names, "owned")
	named(gone, names, "gone")
	s.Buy(learner, 99900, owned.Full)
	gone.TakeDown()
	guest := []obj{{"course_id": owned.Id, "policy_id": owned.Full.PolicyID}, {"course_id": gone.Id, "policy_id": gone.Full.PolicyID}}
	learner.Post("/api/cart/merge", obj{"lines": guest}).Want(200)
	cart := learner.Cart()
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

func ownCart(t *testing.T, s *shoptest.Shop) {
	c, learner, other := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	learner.Put("/api/cart/"+c.Id, obj{}).Want(200)
	if lines := other.Cart().Lines; len(lines) != 0 {
		t.Fatalf("another learner sees %+v", lines)
	}
	s.Visitor().Get("/api/cart").WantCode(401, "UNAUTHENTICATED")
}

package handlers

import (
	"context"
	"slices"
	"testing"

	"mstm/shop"
	"mstm/shop/papers"
	"mstm/storefront"
)

// publish has the shop publish a next edition of its agreement or privacy policy.
func (w *world) publish(admin string, kind papers.Kind, text string) []papers.Edition {
	w.t.Helper()
	now := as[editedPapers](w.do("GET", "/api/admin/papers", admin, nil).is(200))
	w.do("PUT", "/api/admin/papers", admin, map[string]any{"v": now.V, string(kind): text}).is(200)
	return as[storefront.View](w.do("GET", "/api/papers", "", nil).is(200)).Consent
}

// wantedOf is what the shop still wants of a learner.
func (w *world) wantedOf(token string) []papers.Edition {
	w.t.Helper()
	return as[agreementView](w.do("GET", "/api/me/consents", token, nil).is(200)).Wanted
}

// refusedPapers is what a refusal says is to be agreed to.
func refusedPapers(a answer) []papers.Edition {
	a.t.Helper()
	return as[struct {
		Papers []papers.Edition `json:"papers"`
	}](a.is(403, "CONSENT_REQUIRED")).Papers
}

func TestConsent_ShopWithoutPapersOfItsOwn_WantsNone(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("lin")
	if got := as[storefront.View](w.do("GET", "/api/papers", "", nil).is(200)).Consent; len(got) > 0 {
		t.Errorf("the pages ask for %v", got)
	}
	if got := w.wantedOf(token); len(got) > 0 {
		t.Errorf("the learner is asked for %v", got)
	}
}

func TestConsent_Registering_NeedsTheEditionsOfNow(t *testing.T) {
	w := newWorld(t)
	admin := w.staff("boss", shop.RoleAdmin)
	first := w.publish(admin, papers.Terms, "# 协议\n\n第二版")
	if want := []papers.Edition{{Paper: papers.Terms, Version: 2}, {Paper: papers.Privacy, Version: 1}}; !slices.Equal(first, want) {
		t.Fatalf("wanted %v, not %v", first, want)
	}
	body := map[string]any{"username": "lin", "password": aPassword}
	if got := refusedPapers(w.do("POST", "/api/register", "", body)); !slices.Equal(got, first) {
		t.Errorf("a registration without consent is asked for %v", got)
	}
	second := w.publish(admin, papers.Terms, "# 协议\n\n第三版")
	body["consents"] = first
	if got := refusedPapers(w.do("POST", "/api/register", "", body)); !slices.Equal(got, second[:1]) {
		t.Errorf("with the edition before: asked for %v", got)
	}
	body["consents"] = []papers.Edition{{Paper: "rules", Version: 1}}
	w.do("POST", "/api/register", "", body).is(400, "INVALID_FIELD")
	body["consents"] = second
	begun := as[session](w.do("POST", "/api/register", "", body).is(201))
	kept := as[agreementView](w.do("GET", "/api/me/consents", begun.Token, nil).is(200))
	if len(kept.Wanted) > 0 || len(kept.Given) != 2 || !slices.ContainsFunc(kept.Given, func(g givenView) bool { return g.Edition == second[0] && !g.At.IsZero() }) {
		t.Errorf("kept %+v", kept)
	}
}

func TestConsent_NewPhoneNumber_NeedsItAndKeepsTheCode(t *testing.T) {
	w, b := phoneWorld(t)
	wanted := w.publish(w.staff("boss", shop.RoleAdmin), papers.Privacy, "# 隐私\n\n第二版")
	body := map[string]any{"phone": aNumber, "code": w.code(b, "login", "", "203.0.113.5"), "consents": []papers.Edition{}}
	if got := refusedPapers(w.do("POST", "/api/login/phone", "", body, "X-Forwarded-For", "203.0.113.5")); !slices.Equal(got, wanted) {
		t.Errorf("asked for %v", got)
	}
	body["consents"] = wanted
	begun := as[session](w.do("POST", "/api/login/phone", "", body, "X-Forwarded-For", "203.0.113.5").is(200))
	if got := w.wantedOf(begun.Token); len(got) > 0 {
		t.Errorf("still wanted: %v", got)
	}
	// The account is there: it logs in without another consent.
	w.do("POST", "/api/login/phone", "", map[string]any{"phone": aNumber, "code": w.code(b, "login", "", "203.0.113.5")}, "X-Forwarded-For", "203.0.113.5").is(200)
}

func TestConsent_NewEdition_IsAskedOnceAndRefusesOrdersAlone(t *testing.T) {
	w := newWorld(t)
	token, id := w.learner("lin")
	admin := w.staff("boss", shop.RoleAdmin)
	order := map[string]any{"lines": []map[string]string{{"course_id": "go1", "policy_id": "go1full"}}, "total_fen": 100, "channel": "native"}
	wanted := w.publish(admin, papers.Terms, "# 协议\n\n第二版")
	if got := w.wantedOf(token); !slices.Equal(got, wanted) {
		t.Fatalf("an account of before is asked for %v", got)
	}
	for _, path := range []string{"/api/me", "/api/cart", "/api/orders", "/api/enrolments", "/api/notices"} {
		w.do("GET", path, token, nil).is(200)
	}
	if got := refusedPapers(w.do("POST", "/api/orders", token, order, "Idempotency-Key", "consent-order-0001")); !slices.Equal(got, wanted) {
		t.Errorf("an order is refused for %v", got)
	}
	refusedPapers(w.do("POST", "/api/me/consents", token, map[string]any{"consents": wanted[:1]}))
	w.do("POST", "/api/me/consents", token, map[string]any{"consents": wanted}).is(200)
	first := as[agreementView](w.do("GET", "/api/me/consents", token, nil).is(200)).Given
	again := as[agreementView](w.do("POST", "/api/me/consents", token, map[string]any{"consents": wanted}).is(200))
	if len(again.Wanted) > 0 || len(again.Given) != 2 || !again.Given[0].At.Equal(first[0].At) {
		t.Errorf("agreed twice: %+v after %+v", again, first)
	}
	w.do("POST", "/api/orders", token, order, "Idempotency-Key", "consent-order-0001").is(404, "COURSE_NOT_FOUND")
	next := w.publish(admin, papers.Privacy, "# 隐私\n\n第二版")
	if got := w.wantedOf(token); !slices.Equal(got, next[1:]) {
		t.Errorf("after a new edition of one paper: %v", got)
	}
	w.do("DELETE", "/api/me", token, map[string]string{"password": aPassword}).is(204)
	if left, err := w.store.Agreements.Of(context.WithoutCancel(t.Context()), id); err != nil || len(left) > 0 {
		t.Errorf("a deleted account has left %v, %v", left, err)
	}
}

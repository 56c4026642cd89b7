package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

// TestBindingCases are the cases of free stages that follow a person's WeChat (P15, P16), of
// paying inside WeChat (C44), and of binding a WeChat by a code.
func TestBindingCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"P15 the free month is not given again to a second account of the same WeChat", secondAccount},
		{"P15 nor under another openid of the same unionid", sameUnionid},
		{"P15 nor where it was used before the WeChat was bound", usedBeforeBinding},
		{"P16 nor to a new account after the first was deleted", deletedAccount},
		{"C44 paying inside WeChat needs an openid, and the answer says where to get one", openidRequired},
		{"C44 who pays in another WeChat than the last time can say so, and pays there", otherWeChat},
		{"C44 who logs in by WeChat pays in that one", loggedInPays},
		{"C44 an authorisation that is forged or of a snapshot gives none", badAuthorisation},
		{"C44 an authorisation that comes several times counts once, and leads back each time", authorisedAgain},
		{"a scan binds the WeChat, and the open page knows", scanAnnounced},
		{"a code is good for the first WeChat that scans it, and once", scanTwice},
		{"a code dies, and a scan that comes late does nothing", lateScan},
		{"an event that WeChat did not send is refused", forgedEvent},
		{"an event that comes several times at once counts once", repeatedEvent},
		{"WeChat's hiccups do not lose a scan", hiccups},
		{"an account with a WeChat gets no other until it is unbound", unbound},
		{"a deleted account is gone at once and what it bought stays", deleted},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// codeJSON is a code that binds.
type codeJSON struct {
	Ticket    string    `json:"ticket"`
	URL       string    `json:"url"`
	ImageURL  string    `json:"image_url"`
	ExpiresAt time.Time `json:"expires_at"`
}

// code asks for one.
func (p *person) code() (c codeJSON) {
	p.t.Helper()
	p.post("/api/wechat/bindings", nil).want(201).into(&c)
	return c
}

// scanJSON is what became of a scan: the event, and what the shop answered.
type scanJSON struct {
	Event      string         `json:"event"`
	Key        string         `json:"event_key"`
	Deliveries []deliveryJSON `json:"deliveries"`
}

// statuses are what the tries to deliver were answered.
func (d scanJSON) statuses() (all []int) {
	for _, one := range d.Deliveries {
		all = append(all, one.Status)
	}
	return all
}

// scanCode is a phone that scans; extra goes into the body.
func (s *testShop) scanCode(c codeJSON, openid string, extra obj) (out scanJSON) {
	s.t.Helper()
	body := obj{"ticket": c.Ticket, "openid": openid}
	for k, v := range extra {
		body[k] = v
	}
	s.phone().post("/sandbox/scan", body).want(200).into(&out)
	return out
}

// push is an event that WeChat sends, whatever it says.
func (s *testShop) push(openid, event, key string, fault obj) (out scanJSON) {
	s.t.Helper()
	s.phone().post("/sandbox/push", obj{"openid": openid, "event": event, "event_key": key, "fault": fault}).want(200).into(&out)
	return out
}

// bind binds a WeChat to the person's account.
func (s *testShop) bind(p *person, openid, unionid string) {
	s.t.Helper()
	s.scanCode(p.code(), openid, obj{"unionid": unionid})
	p.wantBound(true)
}

// wantBound wants the account to be bound to a WeChat, or not to be.
func (p *person) wantBound(want bool) {
	p.t.Helper()
	var me struct {
		Bound bool `json:"wechat_bound"`
	}
	if p.get("/api/me").want(200).into(&me); me.Bound != want {
		p.t.Fatalf("wechat_bound is %t", me.Bound)
	}
}

// someWeChat is an openid, or unionid, that nobody else has.
func someWeChat() string { return "o" + rand.Text() }

// wantTrialUsed wants S2 to be the person's first stage, all the way to the grant.
func (s *testShop) wantTrialUsed(c *sold, p *person) {
	s.t.Helper()
	wantSame(s.t, "offers", p.offers(c.id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	refusal := p.place(0, c.s1).wantCode(409, "TRIAL_USED")
	wantSame(s.t, "what can be bought instead", refusal.offers(), "S2 20000", "full 99900")
	if n := len(p.orders()); n != 0 {
		s.t.Fatalf("%d orders were placed", n)
	}
	s.buy(p, 20000, c.s2)
	p.wantThrough(c.id, "2025-04-01")
}

func secondAccount(t *testing.T, s *testShop) {
	c, first, second := s.sell(usual()), s.newLearner(), s.newLearner()
	openid := someWeChat()
	s.bind(first, openid, "")
	s.buy(first, 0, c.s1)
	page := first.socket()
	page.Ready()
	s.bind(second, openid, "")
	first.wantBound(false) // a WeChat is bound to one account at a time
	wantBoundEvent(t, page, false)
	s.wantTrialUsed(c, second)
}

func sameUnionid(t *testing.T, s *testShop) {
	c, first, second := s.sell(usual()), s.newLearner(), s.newLearner()
	unionid := someWeChat()
	s.bind(first, someWeChat(), unionid)
	s.buy(first, 0, c.s1)
	s.bind(second, someWeChat(), unionid)
	first.wantBound(true)
	s.wantTrialUsed(c, second)
}

func usedBeforeBinding(t *testing.T, s *testShop) {
	c, first, second := s.sell(usual()), s.newLearner(), s.newLearner()
	openid := someWeChat()
	s.buy(first, 0, c.s1)
	s.bind(first, openid, "")
	wantSame(t, "offers before binding", second.offers(c.id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	s.bind(second, openid, "")
	s.wantTrialUsed(c, second)
}

func deletedAccount(t *testing.T, s *testShop) {
	c, first := s.sell(usual()), s.newLearner()
	openid := someWeChat()
	s.bind(first, openid, "")
	s.buy(first, 0, c.s1)
	first.do("DELETE", "/api/me", obj{"password": testPassword}).want(204)
	second := s.visitor() // the name is free again
	second.post("/api/register", obj{"username": first.name, "password": testPassword}).want(201)
	second.login(first.name, testPassword, "web")
	wantSame(t, "offers of the new account", second.offers(c.id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	s.bind(second, openid, "")
	s.wantTrialUsed(c, second)
}

// placeInWeChat orders from a page inside WeChat.
func (p *person) placeInWeChat(total int64, lines ...wish) answer {
	p.t.Helper()
	return p.with("Idempotency-Key", rand.Text()).post("/api/orders", obj{"lines": lines, "total_fen": total, "channel": "jsapi"})
}

// oauthURL is where a refusal sends to.
func (a answer) oauthURL() string {
	a.t.Helper()
	var refusal struct {
		URL string `json:"oauth_url"`
	}
	a.wantCode(428, "OPENID_REQUIRED").into(&refusal)
	page, fragment, _ := strings.Cut(refusal.URL, "#")
	if fragment != "wechat_redirect" {
		a.t.Fatalf("the page inside WeChat is %q", refusal.URL)
	}
	return page
}

// visit follows an address once and returns where it leads.
func visit(t *testing.T, address string) (status int, next *url.URL) {
	t.Helper()
	c := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	res, err := c.Get(address)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	next, _ = res.Location()
	return res.StatusCode, next
}

func openidRequired(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	refusal := learner.placeInWeChat(99900, c.full)
	if n := len(learner.orders()); n != 0 {
		t.Fatalf("%d orders were placed", n)
	}
	openid := someWeChat()
	_, back := visit(t, refusal.oauthURL()+"&openid="+openid)
	status, page := visit(t, back.String())
	want := "/checkout?" + url.Values{"course": {c.full.CourseID}, "policy": {c.full.PolicyID}}.Encode()
	if status != 303 || page == nil || page.RequestURI() != want {
		t.Fatalf("WeChat's page came back to %d %v", status, page)
	}
	var placed struct {
		Order   orderJSON `json:"order"`
		Payment struct {
			JSAPI map[string]string `json:"jsapi"`
		} `json:"payment"`
	}
	learner.placeInWeChat(99900, c.full).want(201).into(&placed)
	var receipt struct {
		Openid string `json:"openid"`
	}
	s.phone().post("/sandbox/pay", obj{"jsapi": placed.Payment.JSAPI, "openid": openid}).want(200).into(&receipt)
	learner.await(placed.Order.ID, "fulfilled")
	if receipt.Openid != openid {
		t.Errorf("paid by %s", receipt.Openid)
	}
	learner.wantBound(false) // who authorised need not be the learner
}

// payInWeChat asks for the way to pay an order inside WeChat, and pays there as openid.
func (s *testShop) payInWeChat(p *person, order, openid string) {
	s.t.Helper()
	var now struct {
		Payment struct {
			JSAPI map[string]string `json:"jsapi"`
		} `json:"payment"`
	}
	p.post("/api/orders/"+order+"/pay", obj{"channel": "jsapi"}).want(200).into(&now)
	s.phone().post("/sandbox/pay", obj{"jsapi": now.Payment.JSAPI, "openid": openid}).want(200)
	p.await(order, "fulfilled")
}

func otherWeChat(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	s.bind(learner, someWeChat(), "") // a parent's, say
	var placed placedJSON
	learner.placeInWeChat(99900, c.full).want(201).into(&placed)
	order, mine := placed.Order.ID, someWeChat()
	refusal := learner.post("/api/orders/"+order+"/pay", obj{"channel": "jsapi", "authorise": true})
	_, back := visit(t, refusal.oauthURL()+"&openid="+mine)
	if status, page := visit(t, back.String()); status != 303 || page == nil || page.RequestURI() != "/orders/"+order {
		t.Fatalf("WeChat's page came back to %d %v", status, page)
	}
	s.payInWeChat(learner, order, mine)
	wantSame(t, "trades", s.trades(order), "01 CLOSED", "02 SUCCESS")
}

func loggedInPays(t *testing.T, s *testShop) {
	c, learner, b := s.sell(usual()), s.newLearner(), s.inWeChat(someWeChat())
	_, back := visit(t, learner.placeInWeChat(99900, c.full).oauthURL()+"&openid="+someWeChat())
	visit(t, back.String()) // in the WeChat of before
	var placed placedJSON
	learner.placeInWeChat(99900, c.full).want(201).into(&placed)
	s.bind(learner, b.openid, "")
	now, _ := b.as(b.end(obj{"confirm": b.login().confirm().Confirm, "password": testPassword}))
	s.payInWeChat(now, placed.Order.ID, b.openid)
	now, _ = b.as(b.login())
	var second placedJSON
	now.placeInWeChat(99900, s.sell(usual()).full).want(201).into(&second)
	s.payInWeChat(now, second.Order.ID, b.openid)
}

func badAuthorisation(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	page := learner.placeInWeChat(99900, c.full).oauthURL()
	_, snapshot := visit(t, page+"&snapshot=1")
	forged := *snapshot
	forged.RawQuery = url.Values{"code": {"invented"}, "state": {snapshot.Query().Get("state")}}.Encode()
	stranger := *snapshot
	stranger.RawQuery = url.Values{"code": {snapshot.Query().Get("code")}, "state": {"invented"}}.Encode()
	for name, address := range map[string]url.URL{"of a snapshot page": *snapshot, "with a forged code": forged, "with a forged state": stranger} {
		if status, _ := visit(t, address.String()); status != 409 {
			t.Errorf("an authorisation %s was answered %d", name, status)
		}
	}
	learner.placeInWeChat(99900, c.full).wantCode(428, "OPENID_REQUIRED")
}

func authorisedAgain(t *testing.T, s *testShop) {
	c, learner, openid := s.sell(usual()), s.newLearner(), someWeChat()
	_, back := visit(t, learner.placeInWeChat(99900, c.full).oauthURL()+"&openid="+openid)
	forged := *back
	forged.RawQuery = url.Values{"code": {"invented"}, "state": {back.Query().Get("state")}}.Encode()
	look := func(address *url.URL) {
		if status, page := visit(t, address.String()); status != 303 || page == nil || page.Path != "/checkout" {
			t.Errorf("a visit of %s was answered %d %v", address, status, page)
		}
	}
	var twice sync.WaitGroup
	twice.Go(func() { look(back) })
	twice.Go(func() { look(back) })
	twice.Wait()
	look(back)
	look(&forged)
	var placed placedJSON
	learner.placeInWeChat(99900, c.full).want(201).into(&placed)
	s.payInWeChat(learner, placed.Order.ID, openid)
}

// wantBoundEvent waits for wechat.bound.
func wantBoundEvent(t *testing.T, page *hubtest.Client, want bool) {
	t.Helper()
	var told struct {
		Bound bool `json:"bound"`
	}
	page.Wait("wechat.bound", 5*time.Second).Into(t, &told)
	if told.Bound != want {
		t.Fatalf("the page was told %+v", told)
	}
}

func scanAnnounced(t *testing.T, s *testShop) {
	learner := s.newLearner()
	learner.wantBound(false)
	page := learner.socket()
	page.Ready()
	code := learner.code()
	if again := learner.code(); again != code {
		t.Errorf("asked again at once, the code is another one: %+v, %+v", code, again)
	}
	if status, _ := visit(t, code.ImageURL); status != 200 {
		t.Errorf("the picture of the code: %d", status)
	}
	if left := code.ExpiresAt.Sub(s.now()); left < 4*time.Minute || left > 5*time.Minute {
		t.Errorf("the code is good for %s", left)
	}
	openid, unionid := someWeChat(), someWeChat()
	got := s.scanCode(code, openid, obj{"unionid": unionid})
	if got.Event != "subscribe" || !strings.HasPrefix(got.Key, "qrscene_") || len(got.Deliveries) != 1 {
		t.Errorf("who did not follow yet: %+v", got)
	}
	wantBoundEvent(t, page, true)
	learner.wantBound(true)
	if log := s.log.String(); strings.Contains(log, openid) || strings.Contains(log, unionid) || strings.Contains(log, code.Ticket) {
		t.Error("the log names the WeChat, or the code")
	}
}

func scanTwice(t *testing.T, s *testShop) {
	first, other := s.newLearner(), s.newLearner()
	openid, stranger := someWeChat(), someWeChat()
	s.phone().post("/sandbox/follow", obj{"openid": openid}).want(200)
	code := first.code()
	if got := s.scanCode(code, openid, nil); got.Event != "SCAN" {
		t.Errorf("a follower's scan is the event %s", got.Event)
	}
	first.wantBound(true)
	s.bind(other, openid, "") // moves on
	// The code of before would bring it back, or let a stranger in, if it were still good.
	s.scanCode(code, openid, nil)
	s.scanCode(code, stranger, nil)
	first.wantBound(false)
	other.wantBound(true)
}

func lateScan(t *testing.T, s *testShop) {
	learner := s.newLearner()
	code := learner.code()
	got := s.scanCode(code, someWeChat(), obj{"fault": obj{"lose": true}})
	s.pass(6 * time.Minute)
	s.phone().post("/sandbox/scan", obj{"ticket": code.Ticket}).wantCode(409, "QR_EXPIRED") // WeChat itself
	late := s.push(someWeChat(), "subscribe", got.Key, nil)
	wantSame(t, "what WeChat was answered", []string{late.Deliveries[0].Body}, "success")
	learner.wantBound(false)
	if fresh := learner.code(); fresh.Ticket == code.Ticket {
		t.Error("a dead code is shown again")
	}
}

func forgedEvent(t *testing.T, s *testShop) {
	learner := s.newLearner()
	code := learner.code()
	key := s.scanCode(code, someWeChat(), obj{"fault": obj{"lose": true}}).Key
	for name, fault := range map[string]obj{
		"signed by somebody else": {"bad_signature": true}, "changed on the way": {"altered_body": true}, "recorded six minutes ago": {"stale": true},
	} {
		got := s.push(someWeChat(), "subscribe", key, fault)
		for _, status := range got.statuses() {
			if status != 401 {
				t.Errorf("an event %s was answered %v", name, got.statuses())
			}
		}
		if len(got.Deliveries) != 3 {
			t.Errorf("an event %s was tried %d times", name, len(got.Deliveries))
		}
	}
	plain := "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>subscribe</Event><EventKey>" + key + "</EventKey></xml>"
	if a := s.visitor().with("Content-Type", "text/xml").post("/api/wechat/events", []byte(plain)); a.status != 401 {
		t.Errorf("an event that nobody signed was answered %d", a.status)
	}
	s.visitor().get("/api/wechat/events?signature=x&timestamp=1&nonce=1&echostr=hello").want(401)
	learner.wantBound(false)
	s.push(someWeChat(), "subscribe", key, nil) // and a true one is still believed
	learner.wantBound(true)
	if strings.Contains(s.log.String(), strings.TrimPrefix(key, "qrscene_")) {
		t.Error("the scene is in the log")
	}
}

func repeatedEvent(t *testing.T, s *testShop) {
	learner := s.newLearner()
	page := learner.socket()
	page.Ready()
	s.scanCode(learner.code(), someWeChat(), obj{"fault": obj{"repeat": 8, "parallel": true}})
	learner.wantBound(true)
	learner.patch("/api/me", obj{"name": "小明"}).want(200)
	if n := countEvents(page, "wechat.bound"); n != 1 {
		t.Errorf("announced %d times", n)
	}
}

// countEvents is how many of a type have come.
func countEvents(page *hubtest.Client, typ string) (n int) {
	page.Wait(typ, 5*time.Second)
	for _, f := range page.All() {
		if f.Type == typ {
			n++
		}
	}
	return n
}

func hiccups(t *testing.T, s *testShop) {
	learner := s.newLearner()
	s.faults(obj{"api": []obj{{"api": "qrcode", "status": 502, "html": true, "times": 1}}})
	learner.post("/api/wechat/bindings", nil).wantCode(503, "WECHAT_UNAVAILABLE")
	code := learner.code()
	s.phone().post("/sandbox/access-token/expire", obj{}).want(200)
	s.faults(obj{"api": []obj{{"api": "user_info", "status": 500, "times": 1}}})
	got := s.scanCode(code, someWeChat(), nil)
	if len(got.Deliveries) != 2 || got.statuses()[0] != 503 || got.statuses()[1] != 200 {
		t.Errorf("answered %v", got.statuses())
	}
	learner.wantBound(true)
}

func unbound(t *testing.T, s *testShop) {
	learner, stranger := s.newLearner(), someWeChat()
	code := learner.code()
	s.bind(learner, someWeChat(), "")
	learner.post("/api/wechat/bindings", nil).wantCode(409, "WECHAT_ALREADY_BOUND")
	s.scanCode(code, stranger, nil)
	learner.do("DELETE", "/api/wechat/bindings", obj{"password": "not " + testPassword}).wantCode(403, "WRONG_CREDENTIALS")
	learner.wantBound(true)
	learner.do("DELETE", "/api/wechat/bindings", obj{"password": testPassword}).want(204)
	learner.wantBound(false)
	s.bind(learner, stranger, "")
}

func deleted(t *testing.T, s *testShop) {
	c, learner := s.sell(usual()), s.newLearner()
	bought := s.buy(learner, 0, c.s1)
	open := learner.placed(20000, c.s2)
	page := learner.socket()
	page.Ready()
	learner.do("DELETE", "/api/me", obj{"password": "not " + testPassword}).wantCode(403, "WRONG_CREDENTIALS")
	learner.do("DELETE", "/api/me", obj{"password": testPassword}).want(204)
	if end := page.Ended(5 * time.Second); end.Code != 4004 {
		t.Errorf("the page ended with %+v", end)
	}
	learner.get("/api/me").wantCode(401, "UNAUTHENTICATED")
	s.visitor().post("/api/login", obj{"username": learner.name, "password": testPassword}).wantCode(401, "WRONG_CREDENTIALS")
	finance := s.staff("finance")
	finance.get("/api/admin/orders/" + bought.ID).want(200)
	var left struct {
		Order orderJSON `json:"order"`
		State string    `json:"state"`
	}
	finance.get("/api/admin/orders/" + open.Order.ID).want(200).into(&left)
	if state := left.Order.State + left.State; state != "closing" && state != "closed" {
		t.Errorf("the open order is %q", state)
	}
	s.staff("editor").do("DELETE", "/api/me", obj{"password": "editor-demo-password"}).wantCode(409, "STAFF_ACCOUNT")
}

package accounts

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// TestBindingCases are the cases of free stages that follow a person's WeChat (P15, P16), of
// paying inside WeChat (C44), and of binding a WeChat by a code.
func TestBindingCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"P15 the free month is not given again to a second account of the same WeChat", secondAccount},
		{"P15 nor under another openid of the same unionid", sameUnionid},
		{"P15 nor where it was used before the WeChat was bound", usedBeforeBinding},
		{"P16 nor to a new account after the first was deleted", deletedAccount},
		{"C44 paying inside WeChat needs an openid, and the answer says where to get one", openidRequired},
		{"C44 a payer in another WeChat than the last time can say so, and pays there", otherWeChat},
		{"C44 a login by WeChat pays in that WeChat", loggedInPays},
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
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

// push is an event that WeChat sends, whatever it says.
func push(s *shoptest.Shop, openid, event, key string, fault obj) (out shoptest.Scan) {
	s.T.Helper()
	s.Phone().Post("/sandbox/push", obj{"openid": openid, "event": event, "event_key": key, "fault": fault}).Want(200).Into(&out)
	return out
}

// wantTrialUsed wants S2 to be the person's first stage, all the way to the grant.
func wantTrialUsed(s *shoptest.Shop, c *shoptest.Course, p *shoptest.Person) {
	s.T.Helper()
	shoptest.WantSame(s.T, "offers", p.Offers(c.Id), "S1 TRIAL_USED", "S2 20000", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	refusal := p.Place(0, c.S1).WantCode(409, "TRIAL_USED")
	shoptest.WantSame(s.T, "what can be bought instead", refusal.Offers(), "S2 20000", "full 99900")
	if n := len(p.Orders()); n != 0 {
		s.T.Fatalf("%d orders were placed", n)
	}
	s.Buy(p, 20000, c.S2)
	p.WantThrough(c.Id, "2025-04-01")
}

func secondAccount(t *testing.T, s *shoptest.Shop) {
	c, first, second := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	openid := shoptest.SomeWeChat()
	s.Bind(first, openid, "")
	s.Buy(first, 0, c.S1)
	page := first.Socket()
	page.Ready()
	s.Bind(second, openid, "")
	first.WantBound(false) // a WeChat is bound to one account at a time
	wantBoundEvent(t, page, false)
	wantTrialUsed(s, c, second)
}

func sameUnionid(t *testing.T, s *shoptest.Shop) {
	c, first, second := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	unionid := shoptest.SomeWeChat()
	s.Bind(first, shoptest.SomeWeChat(), unionid)
	s.Buy(first, 0, c.S1)
	s.Bind(second, shoptest.SomeWeChat(), unionid)
	first.WantBound(true)
	wantTrialUsed(s, c, second)
}

func usedBeforeBinding(t *testing.T, s *shoptest.Shop) {
	c, first, second := s.Sell(shoptest.Usual()), s.NewLearner(), s.NewLearner()
	openid := shoptest.SomeWeChat()
	s.Buy(first, 0, c.S1)
	s.Bind(first, openid, "")
	shoptest.WantSame(t, "offers before binding", second.Offers(c.Id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	s.Bind(second, openid, "")
	wantTrialUsed(s, c, second)
}

func deletedAccount(t *testing.T, s *shoptest.Shop) {
	c, first := s.Sell(shoptest.Usual()), s.NewLearner()
	openid := shoptest.SomeWeChat()
	s.Bind(first, openid, "")
	s.Buy(first, 0, c.S1)
	first.Do("DELETE", "/api/me", obj{"password": shoptest.Password}).Want(204)
	second := s.Visitor() // the name is free again
	second.Post("/api/register", obj{"username": first.Name, "password": shoptest.Password}).Want(201)
	second.Login(first.Name, shoptest.Password, "web")
	shoptest.WantSame(t, "offers of the new account", second.Offers(c.Id), "S1 0", "S2 STAGE_NOT_ELIGIBLE", "S3 STAGE_NOT_ELIGIBLE", "full 99900")
	s.Bind(second, openid, "")
	wantTrialUsed(s, c, second)
}

// placeInWeChat orders from a page inside WeChat.
func placeInWeChat(p *shoptest.Person, total int64, lines ...shoptest.Wish) shoptest.Answer {
	p.T.Helper()
	return p.With("Idempotency-Key", rand.Text()).Post("/api/orders", obj{"lines": lines, "total_fen": total, "channel": "jsapi"})
}

// oauthURL is where a refusal sends to.
func oauthURL(a shoptest.Answer) string {
	a.T.Helper()
	var refusal struct {
		URL string `json:"oauth_url"`
	}
	a.WantCode(428, "OPENID_REQUIRED").Into(&refusal)
	page, fragment, _ := strings.Cut(refusal.URL, "#")
	if fragment != "wechat_redirect" {
		a.T.Fatalf("the page inside WeChat is %q", refusal.URL)
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

func openidRequired(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	refusal := placeInWeChat(learner, 99900, c.Full)
	if n := len(learner.Orders()); n != 0 {
		t.Fatalf("%d orders were placed", n)
	}
	openid := shoptest.SomeWeChat()
	_, back := visit(t, oauthURL(refusal)+"&openid="+openid)
	status, page := visit(t, back.String())
	want := "/checkout?" + url.Values{"course": {c.Full.CourseID}, "policy": {c.Full.PolicyID}}.Encode()
	if status != 303 || page == nil || page.RequestURI() != want {
		t.Fatalf("WeChat's page came back to %d %v", status, page)
	}
	var placed struct {
		Order   shoptest.Order `json:"order"`
		Payment struct {
			JSAPI map[string]string `json:"jsapi"`
		} `json:"payment"`
	}
	placeInWeChat(learner, 99900, c.Full).Want(201).Into(&placed)
	var receipt struct {
		Openid string `json:"openid"`
	}
	s.Phone().Post("/sandbox/pay", obj{"jsapi": placed.Payment.JSAPI, "openid": openid}).Want(200).Into(&receipt)
	learner.Await(placed.Order.ID, "fulfilled")
	if receipt.Openid != openid {
		t.Errorf("paid by %s", receipt.Openid)
	}
	learner.WantBound(false) // the WeChat that authorised need not be the learner's
}

// payInWeChat asks for the way to pay an order inside WeChat, and pays there as openid.
func payInWeChat(s *shoptest.Shop, p *shoptest.Person, order, openid string) {
	s.T.Helper()
	var now struct {
		Payment struct {
			JSAPI map[string]string `json:"jsapi"`
		} `json:"payment"`
	}
	p.Post("/api/orders/"+order+"/pay", obj{"channel": "jsapi"}).Want(200).Into(&now)
	s.Phone().Post("/sandbox/pay", obj{"jsapi": now.Payment.JSAPI, "openid": openid}).Want(200)
	p.Await(order, "fulfilled")
}

func otherWeChat(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	s.Bind(learner, shoptest.SomeWeChat(), "") // a parent's, say
	var placed shoptest.Placed
	placeInWeChat(learner, 99900, c.Full).Want(201).Into(&placed)
	order, mine := placed.Order.ID, shoptest.SomeWeChat()
	refusal := learner.Post("/api/orders/"+order+"/pay", obj{"channel": "jsapi", "authorise": true})
	_, back := visit(t, oauthURL(refusal)+"&openid="+mine)
	if status, page := visit(t, back.String()); status != 303 || page == nil || page.RequestURI() != "/orders/"+order {
		t.Fatalf("WeChat's page came back to %d %v", status, page)
	}
	payInWeChat(s, learner, order, mine)
	shoptest.WantSame(t, "trades", s.Trades(order), "01 CLOSED", "02 SUCCESS")
}

func loggedInPays(t *testing.T, s *shoptest.Shop) {
	c, learner, b := s.Sell(shoptest.Usual()), s.NewLearner(), inWeChat(s, shoptest.SomeWeChat())
	_, back := visit(t, oauthURL(placeInWeChat(learner, 99900, c.Full))+"&openid="+shoptest.SomeWeChat())
	visit(t, back.String()) // in the WeChat of before
	var placed shoptest.Placed
	placeInWeChat(learner, 99900, c.Full).Want(201).Into(&placed)
	s.Bind(learner, b.openid, "")
	now, _ := b.as(b.end(obj{"confirm": confirm(b.login()).Confirm, "password": shoptest.Password}))
	payInWeChat(s, now, placed.Order.ID, b.openid)
	now, _ = b.as(b.login())
	var second shoptest.Placed
	placeInWeChat(now, 99900, s.Sell(shoptest.Usual()).Full).Want(201).Into(&second)
	payInWeChat(s, now, second.Order.ID, b.openid)
}

func badAuthorisation(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	page := oauthURL(placeInWeChat(learner, 99900, c.Full))
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
	placeInWeChat(learner, 99900, c.Full).WantCode(428, "OPENID_REQUIRED")
}

func authorisedAgain(t *testing.T, s *shoptest.Shop) {
	c, learner, openid := s.Sell(shoptest.Usual()), s.NewLearner(), shoptest.SomeWeChat()
	_, back := visit(t, oauthURL(placeInWeChat(learner, 99900, c.Full))+"&openid="+openid)
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
	var placed shoptest.Placed
	placeInWeChat(learner, 99900, c.Full).Want(201).Into(&placed)
	payInWeChat(s, learner, placed.Order.ID, openid)
}

// wantBoundEvent waits for wechat.bound.
func wantBoundEvent(t *testing.T, page *hubtest.Client, want bool) {
	t.Helper()
	var told struct {
		Bound bool `json:"bound"`
	}
	page.Wait("wechat.bound", time.Minute).Into(t, &told)
	if told.Bound != want {
		t.Fatalf("the page received %+v", told)
	}
}

func scanAnnounced(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	learner.WantBound(false)
	page := learner.Socket()
	page.Ready()
	code := learner.Code()
	if again := learner.Code(); again != code {
		t.Errorf("asked again at once, the code is another one: %+v, %+v", code, again)
	}
	if status, _ := visit(t, code.ImageURL); status != 200 {
		t.Errorf("the picture of the code: %d", status)
	}
	if left := code.ExpiresAt.Sub(s.Now()); left < 4*time.Minute || left > 5*time.Minute {
		t.Errorf("the code is good for %s", left)
	}
	openid, unionid := shoptest.SomeWeChat(), shoptest.SomeWeChat()
	got := s.ScanCode(code, openid, obj{"unionid": unionid})
	if got.Event != "subscribe" || !strings.HasPrefix(got.Key, "qrscene_") || len(got.Deliveries) != 1 {
		t.Errorf("a new follower: %+v", got)
	}
	wantBoundEvent(t, page, true)
	learner.WantBound(true)
	if log := s.Log.String(); strings.Contains(log, openid) || strings.Contains(log, unionid) || strings.Contains(log, code.Ticket) {
		t.Error("the log names the WeChat, or the code")
	}
}

func scanTwice(t *testing.T, s *shoptest.Shop) {
	first, other := s.NewLearner(), s.NewLearner()
	openid, stranger := shoptest.SomeWeChat(), shoptest.SomeWeChat()
	s.Phone().Post("/sandbox/follow", obj{"openid": openid}).Want(200)
	code := first.Code()
	if got := s.ScanCode(code, openid, nil); got.Event != "SCAN" {
		t.Errorf("a follower's scan is the event %s", got.Event)
	}
	first.WantBound(true)
	s.Bind(other, openid, "") // moves on
	// The code of before would bring it back, or let a stranger in, if it were still good.
	s.ScanCode(code, openid, nil)
	s.ScanCode(code, stranger, nil)
	first.WantBound(false)
	other.WantBound(true)
}

func lateScan(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	code := learner.Code()
	got := s.ScanCode(code, shoptest.SomeWeChat(), obj{"fault": obj{"lose": true}})
	s.Pass(6 * time.Minute)
	s.Phone().Post("/sandbox/scan", obj{"ticket": code.Ticket}).WantCode(409, "QR_EXPIRED") // WeChat itself
	late := push(s, shoptest.SomeWeChat(), "subscribe", got.Key, nil)
	shoptest.WantSame(t, "what WeChat was answered", []string{late.Deliveries[0].Body}, "success")
	learner.WantBound(false)
	if fresh := learner.Code(); fresh.Ticket == code.Ticket {
		t.Error("a dead code is shown again")
	}
}

func forgedEvent(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	code := learner.Code()
	key := s.ScanCode(code, shoptest.SomeWeChat(), obj{"fault": obj{"lose": true}}).Key
	for name, fault := range map[string]obj{
		"signed by another key": {"bad_signature": true}, "changed on the way": {"altered_body": true}, "recorded six minutes ago": {"stale": true},
	} {
		got := push(s, shoptest.SomeWeChat(), "subscribe", key, fault)
		for _, status := range got.Statuses() {
			if status != 401 {
				t.Errorf("an event %s was answered %v", name, got.Statuses())
			}
		}
		if len(got.Deliveries) != 3 {
			t.Errorf("an event %s was tried %d times", name, len(got.Deliveries))
		}
	}
	plain := "<xml><FromUserName>o1</FromUserName><CreateTime>1</CreateTime><MsgType>event</MsgType><Event>subscribe</Event><EventKey>" + key + "</EventKey></xml>"
	if a := s.Visitor().With("Content-Type", "text/xml").Post("/api/wechat/events", []byte(plain)); a.Status != 401 {
		t.Errorf("an unsigned event was answered %d", a.Status)
	}
	s.Visitor().Get("/api/wechat/events?signature=x&timestamp=1&nonce=1&echostr=hello").Want(401)
	learner.WantBound(false)
	push(s, shoptest.SomeWeChat(), "subscribe", key, nil) // and a true one is still believed
	learner.WantBound(true)
	if strings.Contains(s.Log.String(), strings.TrimPrefix(key, "qrscene_")) {
		t.Error("the scene is in the log")
	}
}

func repeatedEvent(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	page := learner.Socket()
	page.Ready()
	s.ScanCode(learner.Code(), shoptest.SomeWeChat(), obj{"fault": obj{"repeat": 8, "parallel": true}})
	learner.WantBound(true)
	learner.Patch("/api/me", obj{"name": "小明"}).Want(200)
	if n := countEvents(page, "wechat.bound"); n != 1 {
		t.Errorf("announced %d times", n)
	}
}

// countEvents is how many of a type have come.
func countEvents(page *hubtest.Client, typ string) (n int) {
	page.Wait(typ, time.Minute)
	for _, f := range page.All() {
		if f.Type == typ {
			n++
		}
	}
	return n
}

func hiccups(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	s.Faults(obj{"api": []obj{{"api": "qrcode", "status": 502, "html": true, "times": 1}}})
	learner.Post("/api/wechat/bindings", nil).WantCode(503, "WECHAT_UNAVAILABLE")
	code := learner.Code()
	s.Phone().Post("/sandbox/access-token/expire", obj{}).Want(200)
	s.Faults(obj{"api": []obj{{"api": "user_info", "status": 500, "times": 1}}})
	got := s.ScanCode(code, shoptest.SomeWeChat(), nil)
	if len(got.Deliveries) != 2 || got.Statuses()[0] != 503 || got.Statuses()[1] != 200 {
		t.Errorf("answered %v", got.Statuses())
	}
	learner.WantBound(true)
}

func unbound(t *testing.T, s *shoptest.Shop) {
	learner, stranger := s.NewLearner(), shoptest.SomeWeChat()
	code := learner.Code()
	s.Bind(learner, shoptest.SomeWeChat(), "")
	learner.Post("/api/wechat/bindings", nil).WantCode(409, "WECHAT_ALREADY_BOUND")
	s.ScanCode(code, stranger, nil)
	learner.Do("DELETE", "/api/wechat/bindings", obj{"password": "not " + shoptest.Password}).WantCode(403, "WRONG_CREDENTIALS")
	learner.WantBound(true)
	learner.Do("DELETE", "/api/wechat/bindings", obj{"password": shoptest.Password}).Want(204)
	learner.WantBound(false)
	s.Bind(learner, stranger, "")
}

func deleted(t *testing.T, s *shoptest.Shop) {
	c, learner := s.Sell(shoptest.Usual()), s.NewLearner()
	bought := s.Buy(learner, 0, c.S1)
	open := learner.Placed(20000, c.S2)
	page := learner.Socket()
	page.Ready()
	learner.Do("DELETE", "/api/me", obj{"password": "not " + shoptest.Password}).WantCode(403, "WRONG_CREDENTIALS")
	learner.Do("DELETE", "/api/me", obj{"password": shoptest.Password}).Want(204)
	if end := page.Ended(time.Minute); end.Code != 4004 {
		t.Errorf("the page ended with %+v", end)
	}
	learner.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
	s.Visitor().Post("/api/login", obj{"username": learner.Name, "password": shoptest.Password}).WantCode(401, "WRONG_CREDENTIALS")
	finance := s.Staff("finance")
	finance.Get("/api/admin/orders/" + bought.ID).Want(200)
	var left struct {
		Order shoptest.Order `json:"order"`
		State string         `json:"state"`
	}
	finance.Get("/api/admin/orders/" + open.Order.ID).Want(200).Into(&left)
	if state := left.Order.State + left.State; state != "closing" && state != "closed" {
		t.Errorf("the open order is %q", state)
	}
	s.Staff("editor").Do("DELETE", "/api/me", obj{"password": "editor-demo-password"}).WantCode(409, "STAFF_ACCOUNT")
}

package main

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/hub/hubtest"
	"mstm/store"
)

// TestWeChatLoginCases are the cases of logging in inside WeChat.
func TestWeChatLoginCases(t *testing.T) {
	shop := startShop(t)
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"a WeChat without an account gets one, and comes back to it", weChatRegisters},
		{"twenty logins of one new WeChat at once make one account", weChatRegistersOnce},
		{"a login that another browser began is refused, and a code is good once", weChatLoginForged},
		{"somebody else who scans the code does not get into the account", strangerScans},
		{"the owner gives the password once, and then never again", ownerConfirms},
		{"a WeChat that was unbound gets into the account no more", unboundLogsIn},
		{"an account without a password keeps its WeChat until it has one", weChatOnlyAccount},
		{"a registration that was cut short is finished by the next login", registrationCutShort},
		{"an unbinding that was cut short lets nobody in", unbindingCutShort},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.at(t, "2025-03-01 10:00")) })
	}
}

// weChatBrowser is a browser inside somebody's WeChat.
type weChatBrowser struct {
	*testShop
	openid string
	http   *http.Client
}

func (s *testShop) inWeChat(openid string) *weChatBrowser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	return &weChatBrowser{s, openid, &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *weChatBrowser) follow(address string) *url.URL {
	b.t.Helper()
	res, err := b.http.Get(address)
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	next, err := res.Location()
	if err != nil {
		b.t.Fatalf("%s leads nowhere: %d", address, res.StatusCode)
	}
	return next
}

// authorise goes from the shop to WeChat and back and tells what the page is given.
func (b *weChatBrowser) authorise(extra string) (code, state string) {
	b.t.Helper()
	weChat := b.follow(b.url + "/api/wechat/login?next=/orders")
	weChat.Fragment = ""
	back := b.follow(weChat.String() + "&openid=" + b.openid + extra)
	q := back.Query()
	if !strings.HasPrefix(back.String(), b.url+"/login/wechat?") || q.Get("next") != "/orders" || q.Get("code") == "" {
		b.t.Fatalf("WeChat came back to %s", back)
	}
	return q.Get("code"), q.Get("state")
}

// end is what the page does.
func (b *weChatBrowser) end(body obj) answer {
	b.t.Helper()
	p := b.visitor()
	u, _ := url.Parse(b.url)
	for _, c := range b.http.Jar.Cookies(u) {
		p = p.with("Cookie", c.String())
	}
	return p.post("/api/wechat/login", body)
}

func (b *weChatBrowser) login() answer {
	b.t.Helper()
	code, state := b.authorise("")
	return b.end(obj{"code": code, "state": state})
}

// sessionJSON is the answer to a login.
type sessionJSON struct {
	Token string `json:"token"`
	User  struct {
		ID, Username, Name string
	} `json:"user"`
}

// as is the person that an answer logged in.
func (b *weChatBrowser) as(a answer) (*person, sessionJSON) {
	b.t.Helper()
	var in sessionJSON
	a.want(200).into(&in)
	p := b.visitor()
	p.token, p.name = in.Token, in.User.Username
	return p, in
}

// confirmJSON is the answer WECHAT_CONFIRM.
type confirmJSON struct {
	Confirm, Account string
}

func (a answer) confirm() (c confirmJSON) {
	a.t.Helper()
	a.wantCode(403, "WECHAT_CONFIRM").into(&c)
	return c
}

func weChatRegisters(t *testing.T, s *testShop) {
	b := s.inWeChat(someWeChat())
	first, who := b.as(b.login())
	first.wantBound(true)
	if who.User.Username != "" || !strings.HasPrefix(who.User.Name, "微信用户") {
		t.Errorf("registered as %+v", who.User)
	}
	c := s.sell(usual())
	s.buy(first, 0, c.s1)
	again, same := s.inWeChat(b.openid).as(s.inWeChat(b.openid).login())
	if same.User.ID != who.User.ID {
		t.Errorf("came back as %s, not as %s", same.User.ID, who.User.ID)
	}
	again.wantGrants(c.id, 1)
	first.get("/api/me").wantCode(401, "UNAUTHENTICATED") // the same client logged in again
	_, other := s.inWeChat("x").as(s.inWeChat(someWeChat()).login())
	if other.User.ID == who.User.ID {
		t.Error("another WeChat came to the same account")
	}
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "orders"} {
		s.visitor().get("/api/wechat/login?next="+url.QueryEscape(next)).wantCode(400, "INVALID_FIELD")
	}
}

func weChatRegistersOnce(t *testing.T, s *testShop) {
	openid := someWeChat()
	const n = 20
	browsers := make([]*weChatBrowser, n)
	bodies := make([]obj, n)
	for i := range browsers {
		browsers[i] = s.inWeChat(openid)
		code, state := browsers[i].authorise("")
		bodies[i] = obj{"code": code, "state": state, "client": store.Clients()[i%len(store.Clients())]}
	}
	var all sync.WaitGroup
	ids := make([]string, n)
	for i, b := range browsers {
		all.Go(func() {
			a := b.end(bodies[i])
			if a.status == 503 {
				return // it was told to try again
			}
			_, in := b.as(a)
			ids[i] = in.User.ID
		})
	}
	all.Wait()
	_, who := browsers[0].as(s.inWeChat(openid).login())
	for _, id := range ids {
		if id != "" && id != who.User.ID {
			t.Errorf("accounts %s and %s", id, who.User.ID)
		}
	}
}

func weChatLoginForged(t *testing.T, s *testShop) {
	attacker, victim := s.inWeChat(someWeChat()), s.inWeChat(someWeChat())
	code, state := attacker.authorise("")
	victim.end(obj{"code": code, "state": state}).wantCode(409, "WECHAT_LINK_INVALID") // has begun nothing
	_, own := victim.authorise("")
	victim.end(obj{"code": code, "state": state}).wantCode(409, "WECHAT_LINK_INVALID") // has begun something else
	victim.end(obj{"code": code, "state": ""}).wantCode(409, "WECHAT_LINK_INVALID")
	_, in := attacker.as(attacker.end(obj{"code": code, "state": state})) // nothing was used up by that
	attacker.end(obj{"code": code, "state": state}).wantCode(409, "WECHAT_LINK_INVALID")
	victim.end(obj{"code": "invented", "state": own}).wantCode(409, "WECHAT_LINK_INVALID")
	code, state = attacker.authorise("&snapshot=1")
	attacker.end(obj{"code": code, "state": state}).wantCode(409, "WECHAT_LINK_INVALID")
	victim.end(obj{"confirm": "abc" + in.User.ID, "password": testPassword}).wantCode(409, "WECHAT_LINK_INVALID")
}

func strangerScans(t *testing.T, s *testShop) {
	learner, stranger := s.newLearner(), s.inWeChat(someWeChat())
	page := learner.socket()
	page.Ready()
	s.scanCode(learner.code(), stranger.openid, nil) // over the learner's shoulder
	wantBoundEvent(t, page, true)
	refused := stranger.login()
	asked := refused.confirm()
	if strings.Contains(string(refused.body), learner.name) || asked.Account != learner.name[:1]+"***" {
		t.Errorf("the stranger is told %s", refused.body)
	}
	stranger.end(obj{"confirm": asked.Confirm, "password": "a guess at it"}).wantCode(403, "WRONG_CREDENTIALS")
	stranger.end(obj{"confirm": asked.Confirm}).wantCode(403, "WRONG_CREDENTIALS")
	_, own := stranger.as(stranger.end(obj{"confirm": asked.Confirm, "fresh": true}))
	if own.User.ID == learner.me().ID {
		t.Fatal("the stranger is in")
	}
	learner.wantBound(false)
	page.WaitFor("the page is told", 20*time.Second, func(f hubtest.Frame) bool {
		return f.Type == "wechat.bound" && strings.Contains(string(f.Data), "false")
	})
	_, again := stranger.as(stranger.login())
	if again.User.ID != own.User.ID {
		t.Errorf("the stranger has accounts %s and %s", own.User.ID, again.User.ID)
	}
}

func ownerConfirms(t *testing.T, s *testShop) {
	learner, b := s.newLearner(), s.inWeChat(someWeChat())
	s.bind(learner, b.openid, "")
	asked := b.login().confirm()
	_, in := b.as(b.end(obj{"confirm": asked.Confirm, "password": testPassword}))
	if in.User.ID != learner.me().ID {
		t.Fatalf("logged in as %s", in.User.ID)
	}
	b.end(obj{"confirm": asked.Confirm, "password": testPassword}).wantCode(409, "WECHAT_LINK_INVALID")
	_, in = b.as(b.login())
	if in.User.ID != learner.me().ID {
		t.Fatalf("logged in as %s", in.User.ID)
	}
}

func unboundLogsIn(t *testing.T, s *testShop) {
	learner, b := s.newLearner(), s.inWeChat(someWeChat())
	s.bind(learner, b.openid, "")
	asked := b.login().confirm()
	b.end(obj{"confirm": asked.Confirm, "password": testPassword}).want(200)
	open := b.inWeChat(b.openid)
	learner.do("DELETE", "/api/wechat/bindings", obj{"password": testPassword}).want(204)
	_, in := open.as(open.login())
	if in.User.ID == learner.me().ID {
		t.Fatal("it still gets in")
	}
	s.scanCode(learner.code(), b.openid, nil) // and by now it has an account of its own
	learner.wantBound(false)
}

func weChatOnlyAccount(t *testing.T, s *testShop) {
	b := s.inWeChat(someWeChat())
	own, who := b.as(b.login())
	own.do("DELETE", "/api/wechat/bindings", obj{"password": ""}).wantCode(409, "WECHAT_ONLY_LOGIN")

	learner := s.newLearner() // who would like to have that WeChat
	page := learner.socket()
	page.Ready()
	s.scanCode(learner.code(), b.openid, nil)
	page.WaitFor("the page is told why not", 20*time.Second, func(f hubtest.Frame) bool {
		return f.Type == "wechat.bound" && strings.Contains(string(f.Data), "WECHAT_HAS_ACCOUNT")
	})
	own.wantBound(true)
	learner.wantBound(false)

	credentials := obj{"username": "wx." + strings.ToLower(someWeChat()[:12]), "password": testPassword}
	own.put("/api/me/password", obj{"username": learner.name, "password": testPassword}).wantCode(409, "USERNAME_TAKEN")
	s.pass(11 * time.Minute)
	own.put("/api/me/password", credentials).wantCode(403, "LOGIN_TOO_OLD")
	own.do("DELETE", "/api/me", obj{"password": ""}).wantCode(403, "LOGIN_TOO_OLD")
	own, _ = b.as(b.login())
	own.put("/api/me/password", credentials).want(200)
	own.login(credentials["username"].(string), testPassword, "web")
	if own.me().ID != who.User.ID {
		t.Fatalf("the password opens %s", own.me().ID)
	}
	own.put("/api/me/password", obj{"username": "another.name", "password": testPassword}).wantCode(403, "WRONG_CREDENTIALS")
	own.do("DELETE", "/api/wechat/bindings", obj{"password": testPassword}).want(204)
	s.bind(learner, b.openid, "")
	own.wantBound(false)

	gone, _ := s.inWeChat("x").as(s.inWeChat(someWeChat()).login())
	gone.do("DELETE", "/api/me", obj{"password": ""}).want(204) // a fresh login stands in for the password
	gone.get("/api/me").wantCode(401, "UNAUTHENTICATED")
}

func registrationCutShort(t *testing.T, s *testShop) {
	db := s.database()
	for name, missing := range map[string][]string{"before the account": {"bindings", "users"}, "before the binding": {"bindings"}} {
		b := s.inWeChat(someWeChat())
		_, who := b.as(b.login())
		for _, collection := range missing {
			if _, err := db.Collection(collection).DeleteOne(t.Context(), bson.M{"_id": who.User.ID}); err != nil {
				t.Fatal(err)
			}
		}
		after, in := b.as(b.login())
		after.wantBound(true)
		if held, err := rows(db, "wechats", bson.M{"_id": b.openid}); err != nil || len(held) != 1 || held[0]["user_id"] != in.User.ID {
			t.Errorf("%s: the WeChat is held by %v, %v, not by %s", name, held, err, in.User.ID)
		}
		if name == "before the binding" && in.User.ID != who.User.ID {
			t.Errorf("%s: another account was made", name)
		}
		if _, again := b.as(b.login()); again.User.ID != in.User.ID {
			t.Errorf("%s: then again another account", name)
		}
	}
}

// unbindingCutShort leaves the claim of a WeChat that its account does not have any more.
func unbindingCutShort(t *testing.T, s *testShop) {
	learner, b := s.newLearner(), s.inWeChat(someWeChat())
	s.bind(learner, b.openid, "")
	b.end(obj{"confirm": b.login().confirm().Confirm, "password": testPassword}).want(200)
	db := s.database()
	if _, err := db.Collection("bindings").UpdateOne(t.Context(), bson.M{"_id": learner.me().ID}, bson.M{"$set": bson.M{"openid": "", "login": false}}); err != nil {
		t.Fatal(err)
	}
	other, in := b.as(b.login())
	if in.User.ID == learner.me().ID {
		t.Fatal("it still gets in")
	}
	other.wantBound(true)
	learner.wantBound(false)
}

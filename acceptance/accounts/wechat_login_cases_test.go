package accounts

import (
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/store"
)

// TestWeChatLoginCases are the cases of logging in inside WeChat.
func TestWeChatLoginCases(t *testing.T) {
	shop := shoptest.Start(t)
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"a WeChat without an account gets one, and comes back to it", weChatRegisters},
		{"twenty logins of one new WeChat at once make one account", weChatRegistersOnce},
		{"a login that another browser began is refused, and a code is good once", weChatLoginForged},
		{"a stranger that scans the code does not get into the account", strangerScans},
		{"the owner gives the password once, and then never again", ownerConfirms},
		{"a WeChat that was unbound gets into the account no more", unboundLogsIn},
		{"an account without a password keeps its WeChat until it has one", weChatOnlyAccount},
		{"a registration that was cut short is finished by the next login", registrationCutShort},
		{"an unbinding that was cut short opens no login", unbindingCutShort},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) { c.run(t, shop.At(t, "2025-03-01 10:00")) })
	}
}

// weChatBrowser is a browser inside a user's WeChat.
type weChatBrowser struct {
	*shoptest.Shop
	openid string
	http   *http.Client
}

func inWeChat(s *shoptest.Shop, openid string) *weChatBrowser {
	s.T.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.T.Fatal(err)
	}
	return &weChatBrowser{s, openid, &http.Client{Jar: jar, Timeout: time.Minute,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}}
}

func (b *weChatBrowser) follow(address string) *url.URL {
	b.T.Helper()
	res, err := b.http.Get(address)
	if err != nil {
		b.T.Fatal(err)
	}
	defer res.Body.Close()
	next, err := res.Location()
	if err != nil {
		b.T.Fatalf("%s leads nowhere: %d", address, res.StatusCode)
	}
	return next
}

// authorise goes from the shop to WeChat and back and returns what the page is given.
func (b *weChatBrowser) authorise(extra string) (code, state string) {
	b.T.Helper()
	weChat := b.follow(b.Url + "/api/wechat/login?next=/orders")
	weChat.Fragment = ""
	back := b.follow(weChat.String() + "&openid=" + b.openid + extra)
	q := back.Query()
	if !strings.HasPrefix(back.String(), b.Url+"/login/wechat?") || q.Get("next") != "/orders" || q.Get("code") == "" {
		b.T.Fatalf("WeChat came back to %s", back)
	}
	return q.Get("code"), q.Get("state")
}

// end is what the page does.
func (b *weChatBrowser) end(body obj) shoptest.Answer {
	b.T.Helper()
	p := b.Visitor()
	u, _ := url.Parse(b.Url)
	for _, c := range b.http.Jar.Cookies(u) {
		p = p.With("Cookie", c.String())
	}
	return p.Post("/api/wechat/login", body)
}

func (b *weChatBrowser) login() shoptest.Answer {
	b.T.Helper()
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
func (b *weChatBrowser) as(a shoptest.Answer) (*shoptest.Person, sessionJSON) {
	b.T.Helper()
	var in sessionJSON
	a.Want(200).Into(&in)
	p := b.Visitor()
	p.Token, p.Name = in.Token, in.User.Username
	return p, in
}

// confirmJSON is the answer WECHAT_CONFIRM.
type confirmJSON struct {
	Confirm, Account string
}

func confirm(a shoptest.Answer) (c confirmJSON) {
	a.T.Helper()
	a.WantCode(403, "WECHAT_CONFIRM").Into(&c)
	return c
}

func weChatRegisters(t *testing.T, s *shoptest.Shop) {
	b := inWeChat(s, shoptest.SomeWeChat())
	first, who := b.as(b.login())
	first.WantBound(true)
	if who.User.Username != "" || !strings.HasPrefix(who.User.Name, "微信用户") {
		t.Errorf("registered as %+v", who.User)
	}
	c := s.Sell(shoptest.Usual())
	s.Buy(first, 0, c.S1)
	again, same := inWeChat(s, b.openid).as(inWeChat(s, b.openid).login())
	if same.User.ID != who.User.ID {
		t.Errorf("came back as %s, not as %s", same.User.ID, who.User.ID)
	}
	again.WantGrants(c.Id, 1)
	first.Get("/api/me").WantCode(401, "UNAUTHENTICATED") // the same client logged in again
	_, other := inWeChat(s, "x").as(inWeChat(s, shoptest.SomeWeChat()).login())
	if other.User.ID == who.User.ID {
		t.Error("another WeChat came to the same account")
	}
	for _, next := range []string{"https://evil.example", "//evil.example", `/\evil.example`, "orders"} {
		s.Visitor().Get("/api/wechat/login?next="+url.QueryEscape(next)).WantCode(400, "INVALID_FIELD")
	}
}

func weChatRegistersOnce(t *testing.T, s *shoptest.Shop) {
	openid := shoptest.SomeWeChat()
	const n = 20
	browsers := make([]*weChatBrowser, n)
	bodies := make([]obj, n)
	for i := range browsers {
		browsers[i] = inWeChat(s, openid)
		code, state := browsers[i].authorise("")
		bodies[i] = obj{"code": code, "state": state, "client": store.Clients()[i%len(store.Clients())]}
	}
	var all sync.WaitGroup
	ids := make([]string, n)
	for i, b := range browsers {
		all.Go(func() {
			a := b.end(bodies[i])
			if a.Status == 503 {
				return // it was asked to try again
			}
			_, in := b.as(a)
			ids[i] = in.User.ID
		})
	}
	all.Wait()
	_, who := browsers[0].as(inWeChat(s, openid).login())
	for _, id := range ids {
		if id != "" && id != who.User.ID {
			t.Errorf("accounts %s and %s", id, who.User.ID)
		}
	}
}

func weChatLoginForged(t *testing.T, s *shoptest.Shop) {
	attacker, victim := inWeChat(s, shoptest.SomeWeChat()), inWeChat(s, shoptest.SomeWeChat())
	code, state := attacker.authorise("")
	victim.end(obj{"code": code, "state": state}).WantCode(409, "WECHAT_LINK_INVALID") // has begun nothing
	_, own := victim.authorise("")
	victim.end(obj{"code": code, "state": state}).WantCode(409, "WECHAT_LINK_INVALID") // has begun something else
	victim.end(obj{"code": code, "state": ""}).WantCode(409, "WECHAT_LINK_INVALID")
	_, in := attacker.as(attacker.end(obj{"code": code, "state": state})) // nothing was used up by that
	attacker.end(obj{"code": code, "state": state}).WantCode(409, "WECHAT_LINK_INVALID")
	victim.end(obj{"code": "invented", "state": own}).WantCode(409, "WECHAT_LINK_INVALID")
	code, state = attacker.authorise("&snapshot=1")
	attacker.end(obj{"code": code, "state": state}).WantCode(409, "WECHAT_LINK_INVALID")
	victim.end(obj{"confirm": "abc" + in.User.ID, "password": shoptest.Password}).WantCode(409, "WECHAT_LINK_INVALID")
}

func strangerScans(t *testing.T, s *shoptest.Shop) {
	learner, stranger := s.NewLearner(), inWeChat(s, shoptest.SomeWeChat())
	page := learner.Socket()
	page.Ready()
	s.ScanCode(learner.Code(), stranger.openid, nil) // over the learner's shoulder
	wantBoundEvent(t, page, true)
	refused := stranger.login()
	asked := confirm(refused)
	if strings.Contains(string(refused.Body), learner.Name) || asked.Account != learner.Name[:1]+"***" {
		t.Errorf("the stranger gets %s", refused.Body)
	}
	stranger.end(obj{"confirm": asked.Confirm, "password": "a guess at it"}).WantCode(403, "WRONG_CREDENTIALS")
	stranger.end(obj{"confirm": asked.Confirm}).WantCode(403, "WRONG_CREDENTIALS")
	_, own := stranger.as(stranger.end(obj{"confirm": asked.Confirm, "fresh": true}))
	if own.User.ID == me(learner).ID {
		t.Fatal("the stranger is in")
	}
	learner.WantBound(false)
	page.WaitFor("the page gets the event", time.Minute, func(f hubtest.Frame) bool {
		return f.Type == "wechat.bound" && strings.Contains(string(f.Data), "false")
	})
	_, again := stranger.as(stranger.login())
	if again.User.ID != own.User.ID {
		t.Errorf("the stranger has accounts %s and %s", own.User.ID, again.User.ID)
	}
}

func ownerConfirms(t *testing.T, s *shoptest.Shop) {
	learner, b := s.NewLearner(), inWeChat(s, shoptest.SomeWeChat())
	s.Bind(learner, b.openid, "")
	asked := confirm(b.login())
	_, in := b.as(b.end(obj{"confirm": asked.Confirm, "password": shoptest.Password}))
	if in.User.ID != me(learner).ID {
		t.Fatalf("logged in as %s", in.User.ID)
	}
	b.end(obj{"confirm": asked.Confirm, "password": shoptest.Password}).WantCode(409, "WECHAT_LINK_INVALID")
	_, in = b.as(b.login())
	if in.User.ID != me(learner).ID {
		t.Fatalf("logged in as %s", in.User.ID)
	}
}

func unboundLogsIn(t *testing.T, s *shoptest.Shop) {
	learner, b := s.NewLearner(), inWeChat(s, shoptest.SomeWeChat())
	s.Bind(learner, b.openid, "")
	asked := confirm(b.login())
	b.end(obj{"confirm": asked.Confirm, "password": shoptest.Password}).Want(200)
	open := inWeChat(b.Shop, b.openid)
	learner.Do("DELETE", "/api/wechat/bindings", obj{"password": shoptest.Password}).Want(204)
	_, in := open.as(open.login())
	if in.User.ID == me(learner).ID {
		t.Fatal("it still gets in")
	}
	s.ScanCode(learner.Code(), b.openid, nil) // and by now it has an account of its own
	learner.WantBound(false)
}

func weChatOnlyAccount(t *testing.T, s *shoptest.Shop) {
	b := inWeChat(s, shoptest.SomeWeChat())
	own, who := b.as(b.login())
	own.Do("DELETE", "/api/wechat/bindings", obj{"password": ""}).WantCode(409, "WECHAT_ONLY_LOGIN")

	learner := s.NewLearner() // another learner wants that WeChat
	page := learner.Socket()
	page.Ready()
	s.ScanCode(learner.Code(), b.openid, nil)
	page.WaitFor("the page gets the reason", time.Minute, func(f hubtest.Frame) bool {
		return f.Type == "wechat.bound" && strings.Contains(string(f.Data), "WECHAT_HAS_ACCOUNT")
	})
	own.WantBound(true)
	learner.WantBound(false)

	credentials := obj{"username": "wx." + strings.ToLower(shoptest.SomeWeChat()[:12]), "password": shoptest.Password}
	own.Put("/api/me/password", obj{"username": learner.Name, "password": shoptest.Password}).WantCode(409, "USERNAME_TAKEN")
	s.Pass(11 * time.Minute)
	own.Put("/api/me/password", credentials).WantCode(403, "LOGIN_TOO_OLD")
	own.Do("DELETE", "/api/me", obj{"password": ""}).WantCode(403, "LOGIN_TOO_OLD")
	own, _ = b.as(b.login())
	own.Put("/api/me/password", credentials).Want(200)
	own.Login(credentials["username"].(string), shoptest.Password, "web")
	if me(own).ID != who.User.ID {
		t.Fatalf("the password opens %s", me(own).ID)
	}
	own.Put("/api/me/password", obj{"username": "another.name", "password": shoptest.Password}).WantCode(403, "WRONG_CREDENTIALS")
	own.Do("DELETE", "/api/wechat/bindings", obj{"password": shoptest.Password}).Want(204)
	s.Bind(learner, b.openid, "")
	own.WantBound(false)

	gone, _ := inWeChat(s, "x").as(inWeChat(s, shoptest.SomeWeChat()).login())
	gone.Do("DELETE", "/api/me", obj{"password": ""}).Want(204) // a fresh login stands in for the password
	gone.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
}

func registrationCutShort(t *testing.T, s *shoptest.Shop) {
	db := s.Database()
	for name, missing := range map[string][]string{"before the account": {"bindings", "users"}, "before the binding": {"bindings"}} {
		b := inWeChat(s, shoptest.SomeWeChat())
		_, who := b.as(b.login())
		for _, collection := range missing {
			if _, err := db.Collection(collection).DeleteOne(t.Context(), bson.M{"_id": who.User.ID}); err != nil {
				t.Fatal(err)
			}
		}
		after, in := b.as(b.login())
		after.WantBound(true)
		if held, err := shoptest.Rows(db, "wechats", bson.M{"_id": b.openid}); err != nil || len(held) != 1 || held[0]["user_id"] != in.User.ID {
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
func unbindingCutShort(t *testing.T, s *shoptest.Shop) {
	learner, b := s.NewLearner(), inWeChat(s, shoptest.SomeWeChat())
	s.Bind(learner, b.openid, "")
	b.end(obj{"confirm": confirm(b.login()).Confirm, "password": shoptest.Password}).Want(200)
	db := s.Database()
	if _, err := db.Collection("bindings").UpdateOne(t.Context(), bson.M{"_id": me(learner).ID}, bson.M{"$set": bson.M{"openid": "", "login": false}}); err != nil {
		t.Fatal(err)
	}
	other, in := b.as(b.login())
	if in.User.ID == me(learner).ID {
		t.Fatal("it still gets in")
	}
	other.WantBound(true)
	learner.WantBound(false)
}

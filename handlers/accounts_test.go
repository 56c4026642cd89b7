package handlers

import (
	"context"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"

	"mstm/account"
	"mstm/handlers/desk"
	"mstm/handlers/rest"
	"mstm/hub/hubtest"
	"mstm/shop"
)

func TestAnAccountFromRegisteringToLoggingOut(t *testing.T) {
	w := newWorld(t)
	made := w.do("POST", "/api/register", "", map[string]string{"username": " Lin.Wei ", "password": aPassword, "name": "林薇"}).is(201)
	got := as[session](made)
	if got.User.Username != "lin.wei" || got.User.Name != "林薇" || got.User.ID == "" || len(got.User.Roles) != 1 || got.User.Roles[0] != shop.RoleLearner {
		t.Errorf("registered: %s", made.Body)
	}
	if until := time.Until(got.ExpiresAt); until < 29*24*time.Hour || until > account.TokenTTL {
		t.Errorf("expires in %v", until)
	}
	w.do("POST", "/api/register", "", map[string]string{"username": "LIN.WEI", "password": aPassword}).is(409, "USERNAME_TAKEN")
	if me := as[account.View](w.do("GET", "/api/me", got.Token, nil).is(200)); me.ID != got.User.ID || me.Name != "林薇" {
		t.Errorf("me: %+v", me)
	}
	if me := as[account.View](w.do("PATCH", "/api/me", got.Token, map[string]string{"name": "小林"}).is(200)); me.Name != "小林" {
		t.Errorf("renamed: %+v", me)
	}
	for _, name := range []string{"", strings.Repeat("林", 41), "a\u202eb", "a\nb"} {
		w.do("PATCH", "/api/me", got.Token, map[string]string{"name": name}).is(400, "INVALID_FIELD")
	}
	w.do("POST", "/api/logout", got.Token, nil).is(204)
	w.do("GET", "/api/me", got.Token, nil).is(401, "UNAUTHENTICATED")
	if strings.Contains(w.log.String(), got.Token[:20]) || strings.Contains(w.log.String(), aPassword) {
		t.Error("the log has a secret in it")
	}
}

func TestARegistrationThatCannotBe(t *testing.T) {
	w := newWorld(t)
	rows := []struct {
		name string
		body any
		want int
		code string
	}{
		{"an operator for a username", `{"username":{"$ne":null},"password":"` + aPassword + `"}`, 400, "INVALID_FIELD"},
		{"a role in the body", `{"username":"lin","password":"` + aPassword + `","roles":["admin"]}`, 400, "UNKNOWN_FIELD"},
		{"a username of two letters", credentials{"ab", aPassword, ""}, 400, "INVALID_FIELD"},
		{"a username of 33 letters", credentials{strings.Repeat("a", 33), aPassword, ""}, 400, "INVALID_FIELD"},
		{"a username with a colon", credentials{"lin:wei", aPassword, ""}, 400, "INVALID_FIELD"},
		{"a client that could forge a key", credentials{"linwei", aPassword, "web:1"}, 400, "INVALID_FIELD"},
		{"a password of 7 bytes", credentials{"linwei", "Zk4#p9!", ""}, 422, "PASSWORD_TOO_SHORT"},
		{"a password of 257 bytes", credentials{"linwei", strings.Repeat("Zk4#p9!x", 33)[:257], ""}, 422, "PASSWORD_TOO_LONG"},
		{"a password that everybody tries", credentials{"linwei", "password123", ""}, 422, "PASSWORD_TOO_COMMON"},
		{"the username as password", credentials{"linweiwei", "linweiwei1", ""}, 422, "PASSWORD_TOO_COMMON"},
	}
	for _, row := range rows {
		t.Run(row.name, func(t *testing.T) { w.do("POST", "/api/register", "", row.body).is(row.want, row.code) })
	}
	users, _, err := w.store.Users.Page(t.Context(), "", 10, "")
	if err != nil || len(users) != 0 {
		t.Errorf("users afterwards: %v, %v", users, err)
	}
	w.do("POST", "/api/register", "", credentials{"shortest", "Zk4#p9!x", ""}).is(201)
	w.do("POST", "/api/register", "", credentials{"longest", strings.Repeat("Zk4#p9!x", 32), ""}).is(201)
}

func TestALoginEndsTheOldTokenOfItsClientAndNoOther(t *testing.T) {
	w := newWorld(t)
	web, _ := w.learner("linwei")
	phone := w.login("linwei", "phone")
	page := hubtest.Dial(t, w.url+"/ws", web)
	other := hubtest.Dial(t, w.url+"/ws", phone)
	again := w.login("linwei", "web")
	w.do("GET", "/api/me", web, nil).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/me", phone, nil).is(200)
	w.do("GET", "/api/me", again, nil).is(200)
	page.Wait("session.replaced", soon)
	if end := page.Ended(soon); end.Code != 4002 {
		t.Errorf("the old page was closed with %+v", end)
	}
	w.do("PUT", "/api/cart/nothing", again, "{}").is(404, "COURSE_NOT_FOUND")
	w.do("DELETE", "/api/cart", again, nil).is(200)
	other.Wait("cart.changed", soon) // still open
}

func TestLogoutEndsTheClientsSockets(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("linwei")
	page := hubtest.Dial(t, w.url+"/ws", token)
	w.do("POST", "/api/logout", token, nil).is(204)
	if end := page.Ended(20 * time.Second); end.Code != 4004 { // as soon as it comes
		t.Errorf("closed with %+v", end)
	}
}

func TestAnUnknownUserAndAWrongPasswordAreAnsweredAlike(t *testing.T) {
	w := newWorld(t)
	w.learner("linwei")
	body := func(name, password string) string {
		p := as[map[string]any](w.do("POST", "/api/login", "", credentials{name, password, ""}).is(401, "WRONG_CREDENTIALS"))
		delete(p, "request_id")
		return p["code"].(string) + p["detail"].(string) + p["title"].(string)
	}
	if a, b := body("linwei", "wrong password"), body("nobody", "wrong password"); a != b {
		t.Errorf("%s and %s", a, b)
	}
	for _, name := range []string{`{"$ne":null}`, `{"$gt":""}`, `["linwei"]`, `null`, `"a\u0000b"`, `1`} {
		got := w.do("POST", "/api/login", "", `{"username":`+name+`,"password":"`+aPassword+`"}`)
		if name == "null" || name[0] == '"' {
			got.is(401, "WRONG_CREDENTIALS")
		} else {
			got.is(400, "INVALID_FIELD")
		}
	}
}

func TestAFullQueueOfLoginsIsRefusedWithAMoment(t *testing.T) {
	w := newWorldWith(t, accountOptions{hashing: account.PasswordOptions{Params: cheap, Queue: 200 * time.Millisecond}})
	w.learner("linwei")
	for range runtime.GOMAXPROCS(0) {
		if _, err := w.deps.Accounts.Passwords.Turn(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	got := w.do("POST", "/api/login", "", credentials{"linwei", aPassword, ""}).is(503, "UNAVAILABLE")
	if got.Header.Get("Retry-After") == "" {
		t.Error("no Retry-After")
	}
	w.do("GET", "/api/categories", "", nil).is(200)
}

func TestAWeakHashIsUpgradedByTheLogin(t *testing.T) {
	w := newWorldWith(t, accountOptions{})
	old, err := argon2id.CreateHash(aPassword, &argon2id.Params{Memory: 4 << 10, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32})
	if err != nil {
		t.Fatal(err)
	}
	u := &shop.User{Username: "linwei", PasswordHash: old, Roles: []shop.Role{shop.RoleLearner}}
	if err := w.store.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	w.login("linwei", "web")
	now, err := w.store.Users.Get(t.Context(), u.ID)
	if err != nil || !strings.HasPrefix(now.PasswordHash, "$argon2id$v=19$m=19456,t=2,p=1$") {
		t.Fatalf("hash %.40s, %v", now.PasswordHash, err)
	}
	w.login("linwei", "web")
}

func TestANewPasswordEndsEveryOtherLogin(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("linwei")
	phone := w.login("linwei", "phone")
	page := hubtest.Dial(t, w.url+"/ws", phone)
	change := func(current, next string) answer {
		return w.do("PUT", "/api/me/password", token, map[string]string{"current_password": current, "password": next})
	}
	change("wrong password", "another fine one").is(403, "WRONG_CREDENTIALS")
	change(aPassword, "short").is(422, "PASSWORD_TOO_SHORT")
	change(aPassword, "12345678").is(422, "PASSWORD_TOO_COMMON")
	w.do("GET", "/api/me", phone, nil).is(200)
	fresh := as[session](change(aPassword, "another fine one").is(200)).Token
	w.do("GET", "/api/me", phone, nil).is(401)
	w.do("GET", "/api/me", token, nil).is(401)
	w.do("GET", "/api/me", fresh, nil).is(200)
	if end := page.Ended(soon); end.Code != 4001 {
		t.Errorf("the phone was closed with %+v", end)
	}
	if now, err := w.store.Tokens.Authenticate(t.Context(), fresh, time.Now()); err != nil || !strings.Contains(w.ordersToEnd(), now.Session()) {
		t.Errorf("%v; a page that has its new token early is not spared: %s", err, w.ordersToEnd())
	}
	w.do("POST", "/api/login", "", credentials{"linwei", aPassword, ""}).is(401)
	w.do("POST", "/api/login", "", credentials{"linwei", "another fine one", ""}).is(200)
}

// TestANewPasswordSparesThePageThatSetItAndNoThiefOfItsOldToken: the page brings the token that the answer has.
func TestANewPasswordSparesThePageThatSetItAndNoThiefOfItsOldToken(t *testing.T) {
	w := newWorld(t)
	w.hubIsUp()
	token, id := w.learner("linwei")
	page, thief := hubtest.Dial(t, w.url+"/ws", token), hubtest.Dial(t, w.url+"/ws", token)
	body := map[string]string{"current_password": aPassword, "password": "another fine one"}
	fresh := as[session](w.do("PUT", "/api/me/password", token, body).is(200)).Token
	changed := time.Now()
	w.do("GET", "/api/me", token, nil).is(401)
	page.Send(map[string]string{"op": "token", "token": fresh})
	w.do("DELETE", "/api/cart", fresh, nil).is(200)
	page.Wait("cart.changed", soon)
	if thief.Ended(20 * time.Second); time.Since(changed) > 2*time.Second { // one, on a machine that is not busy
		t.Errorf("the thief was out after %s", time.Since(changed))
	}
	for _, f := range thief.All() {
		if f.Type == "cart.changed" {
			t.Errorf("the thief heard of %s's cart", id)
		}
	}
	again := hubtest.Connect(t, w.url+"/ws", hubtest.Options{})
	again.Hello(token, nil)
	if end := again.Ended(soon); end.Code != 4001 {
		t.Errorf("the thief came back and was closed with %+v", end)
	}
	w.do("DELETE", "/api/cart", fresh, nil).is(200)
	page.Events(2, soon)
}

// ordersToEnd is what the learners' logs have of them.
func (w *world) ordersToEnd() (orders string) {
	for _, key := range w.store.Redis().Keys(w.t.Context(), "mstm:hub:{user*}:log").Val() {
		for _, m := range w.store.Redis().XRange(w.t.Context(), key, "-", "+").Val() {
			if body, _ := m.Values["b"].(string); strings.HasPrefix(body, "!") {
				orders += body
			}
		}
	}
	return orders
}

func TestStaffNeedLongerPasswords(t *testing.T) {
	w := newWorld(t)
	token := w.staff("ada", shop.RoleLearner, shop.RoleFinance)
	body := map[string]string{"current_password": aPassword, "password": "Zk4#p9!xQ7$m2w"}
	w.do("PUT", "/api/me/password", token, body).is(422, "PASSWORD_TOO_SHORT")
	body["password"] += "L"
	w.do("PUT", "/api/me/password", token, body).is(200)
}

func TestThirtyTwoFirstLoginsLeaveOneLiveToken(t *testing.T) {
	w := newWorldWith(t, accountOptions{hashing: account.PasswordOptions{Params: cheap, Queue: 10 * time.Second}}) // the race is about the token, not about the turn to hash
	w.learner("linwei")
	tokens := make([]string, 32)
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			got := w.do("POST", "/api/login", "", credentials{"linwei", aPassword, "phone"})
			for range 20 { // a busy machine says so, and the page tries again
				if got.Status != 503 {
					break
				}
				got = w.do("POST", "/api/login", "", credentials{"linwei", aPassword, "phone"})
			}
			if got.Status != 200 {
				t.Errorf("login %d: %d %s", i, got.Status, got.Body)
				return
			}
			tokens[i] = as[session](got).Token
		})
	}
	all.Wait()
	live := 0
	for _, token := range tokens {
		if w.do("GET", "/api/me", token, nil).Status == 200 {
			live++
		}
	}
	if live != 1 {
		t.Errorf("%d live tokens", live)
	}
}

func TestATokenTakenApartIsRefused(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("linwei")
	for _, wrong := range []string{token[1:], token + "x", strings.ToUpper(token), strings.Repeat("a", 300)} {
		w.do("GET", "/api/me", wrong, nil).is(401, "UNAUTHENTICATED")
	}
	for _, header := range []string{"Basic " + token, token, "Bearer", "Bearer  "} {
		w.do("GET", "/api/me", "", nil, "Authorization", header).is(401, "UNAUTHENTICATED")
	}
	r, _ := http.NewRequestWithContext(context.Background(), "GET", w.url+"/api/me", nil)
	r.Header["Authorization"] = []string{"Bearer " + token, "Bearer " + token}
	w.send(r).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/me", "", nil, "Authorization", "bearer "+token).is(200)
}

func TestATokenFromBeforeARoleWasTakenAwayOpensNothing(t *testing.T) {
	w := newWorld(t)
	editor, admin := w.staff("edith", "learner", "editor"), w.staff("ada", "learner", "admin")
	users := as[rest.Page[desk.User]](w.do("GET", "/api/admin/users?q=edit", admin, nil).is(200)).Items
	if len(users) != 1 || users[0].Username != "edith" {
		t.Fatalf("found %+v", users)
	}
	w.do("GET", "/api/admin/courses", editor, nil).is(200)
	roles := "/api/admin/users/" + users[0].ID + "/roles"
	w.do("PUT", roles, admin, `{"roles":["king"]}`).is(400, "INVALID_FIELD")
	w.do("PUT", roles, editor, `{"roles":["admin"]}`).is(403)
	w.do("PUT", "/api/admin/users/nobody/roles", admin, `{"roles":[]}`).is(404, "USER_NOT_FOUND")
	if got := as[account.View](w.do("PUT", roles, admin, `{"roles":[]}`).is(200)); len(got.Roles) != 1 {
		t.Errorf("roles: %v", got.Roles)
	}
	w.do("GET", "/api/admin/courses", editor, nil).is(403)
	w.do("GET", "/api/me", editor, nil).is(200)
	me := as[account.View](w.do("GET", "/api/me", admin, nil))
	w.do("PUT", "/api/admin/users/"+me.ID+"/roles", admin, `{"roles":["learner"]}`).is(403)
}

func TestNotificationChoices(t *testing.T) {
	w := newWorld(t)
	made := as[session](w.do("POST", "/api/register", "", credentials{"linwei", aPassword, ""}, "Accept-Language", "en-GB").is(201))
	me := func(patch string) meView { return as[meView](w.do("PATCH", "/api/me", made.Token, patch).is(200)) }
	all := shop.Notifications{Orders: true, Reminders: true, Activities: true}
	if got := as[meView](w.do("GET", "/api/me", made.Token, nil).is(200)); got.Notifications != all || got.Locale != "en" {
		t.Errorf("at first: %+v", got)
	}
	if got := me(`{"notifications":{"activities":false}}`); got.Notifications != (shop.Notifications{Orders: true, Reminders: true}) {
		t.Errorf("without activities: %+v", got)
	}
	if got := me(`{"notifications":{"reminders":false},"locale":"zh-CN"}`); got.Notifications != (shop.Notifications{Orders: true}) || got.Locale != "zh-CN" {
		t.Errorf("without reminders too: %+v", got)
	}
	if got := me(`{"notifications":{"reminders":true,"activities":true}}`); got.Notifications != all || got.Name != "linwei" {
		t.Errorf("all again: %+v", got)
	}
	w.do("PATCH", "/api/me", made.Token, `{"notifications":{"spam":true}}`).is(400, "UNKNOWN_FIELD")
	w.do("PATCH", "/api/me", made.Token, `{"notifications":{"orders":"no"}}`).is(400, "INVALID_FIELD")
	w.do("PATCH", "/api/me", made.Token, `{"notifications":{"orders":null}}`).is(400, "INVALID_FIELD")
	w.do("PATCH", "/api/me", made.Token, `{"locale":"fr"}`).is(400, "INVALID_FIELD")
	w.do("PATCH", "/api/me", made.Token, `{}`).is(400, "INVALID_FIELD")
}

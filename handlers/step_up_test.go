package handlers

import (
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"mstm/account"
	"mstm/shop"
)

// movable is a clock for the shop that a test moves.
type movable struct{ ahead atomic.Int64 }

func (c *movable) now() time.Time       { return time.Now().Add(time.Duration(c.ahead.Load())) }
func (c *movable) move(d time.Duration) { c.ahead.Add(int64(d)) }
func (c *movable) of(d *Deps)           { d.Now = c.now }

// askProof are the calls that ask for the password again, with what they answer to a session that may.
func askProof(id string) []struct {
	method, path string
	body         any
	status       int
} {
	texts := map[string]any{
		"zh-CN": map[string]string{"title": "题", "body": "文"}, "en": map[string]string{"title": "t", "body": "b"},
	}
	return []struct {
		method, path string
		body         any
		status       int
	}{
		{"PUT", "/api/admin/users/" + id + "/roles", map[string]any{"roles": []string{"learner"}}, 200},
		{"POST", "/api/admin/api-keys", map[string]any{"name": "k", "scopes": []string{shop.ScopePublish}}, 201},
		{"DELETE", "/api/admin/api-keys/nosuchkey", nil, 404},
		{"POST", "/api/admin/webhooks", map[string]any{"name": "w", "url": "https://erp.example.com/", "types": []string{"order.paid"}}, 201},
		{"PUT", "/api/admin/webhooks/nosuchhook", map[string]any{"name": "w", "url": "https://erp.example.com/", "types": []string{"order.paid"}}, 404},
		{"POST", "/api/admin/webhooks/nosuchhook/rotate", map[string]any{}, 404},
		{"DELETE", "/api/admin/webhooks/nosuchhook", nil, 404},
		{"PUT", "/api/admin/notice-templates/order_refunded", map[string]any{"v": 0, "texts": texts}, 200},
		{"POST", "/api/admin/notice-templates/order_refunded/reset", map[string]any{"v": 1}, 200},
		{"PUT", "/api/admin/papers", map[string]any{"v": 0, "name": "店"}, 200},
		{"POST", "/api/hub/broadcasts/nosuch/confirm", map[string]any{"audience": 3}, 404},
	}
}

func TestStepUp_TenMinutesAfterTheLogin_IsAskedForAndCounts(t *testing.T) {
	c := &movable{}
	w := newWorld(t, c.of)
	_, id := w.learner("someone")
	admin, other := w.staff("boss", shop.RoleAdmin), ""
	for _, x := range askProof(id) {
		w.do(x.method, x.path, admin, x.body).is(x.status)
	}
	other = w.login("boss", "phone")
	c.move(10 * time.Minute)
	for _, x := range askProof(id) {
		w.do(x.method, x.path, admin, x.body).is(403, "STEP_UP_REQUIRED")
	}
	w.do("GET", "/api/admin/users", admin, nil).is(200)
	w.do("POST", "/api/me/step-up", admin, map[string]string{"password": "not it"}).is(403, "WRONG_CREDENTIALS")
	w.do("PUT", askProof(id)[0].path, admin, askProof(id)[0].body).is(403, "STEP_UP_REQUIRED")
	got := as[struct{ Until time.Time }](w.do("POST", "/api/me/step-up", admin, map[string]string{"password": aPassword}).is(200))
	if left := got.Until.Sub(c.now()); left < 9*time.Minute || left > 10*time.Minute {
		t.Errorf("it counts for %v", left)
	}
	w.do("PUT", askProof(id)[0].path, admin, askProof(id)[0].body).is(200)
	w.do("PUT", askProof(id)[0].path, other, askProof(id)[0].body).is(403, "STEP_UP_REQUIRED") // another session of the same person
	c.move(10 * time.Minute)
	w.do("PUT", askProof(id)[0].path, admin, askProof(id)[0].body).is(403, "STEP_UP_REQUIRED")
	again := w.login("boss", "web")
	w.do("PUT", askProof(id)[0].path, again, askProof(id)[0].body).is(200)
}

// TestStepUp_Guesses_CountWithThoseAtTheLogin has a thief of a token guess where the login would not let it.
func TestStepUp_Guesses_CountWithThoseAtTheLogin(t *testing.T) {
	w := newWorld(t)
	token, _ := w.learner("lin")
	statuses := map[int]int{}
	for range account.TriesQuick.Burst / 2 {
		statuses[w.do("POST", "/api/me/step-up", token, map[string]string{"password": "a wrong password"}).Status]++
		statuses[w.do("POST", "/api/login", "", credentials{"lin", "a wrong password", "web"}).Status]++
	}
	if statuses[http.StatusForbidden] != account.TriesQuick.Burst/2 || statuses[http.StatusUnauthorized] != account.TriesQuick.Burst/2 {
		t.Fatalf("guesses are answered %v", statuses)
	}
	w.do("POST", "/api/me/step-up", token, map[string]string{"password": aPassword}).is(429, "TOO_MANY_REQUESTS")
}

func TestStaffPassword_TooShortForANewRole_IsAskedForUntilItIsChanged(t *testing.T) {
	w := newWorld(t)
	const short, long = "Zk4#p9!x", "Zk4#p9!x-and-more"
	got := as[session](w.do("POST", "/api/register", "", map[string]string{"username": "lin", "password": short}).is(201))
	admin := w.staff("boss", shop.RoleAdmin)
	w.do("PUT", "/api/admin/users/"+got.User.ID+"/roles", admin, map[string]any{"roles": []string{"finance"}}).is(200)
	login := func(password string) string {
		return as[session](w.do("POST", "/api/login", "", credentials{"lin", password, ""}).is(200)).Token
	}
	for range 2 { // the session that was there, and a new one
		w.do("GET", "/api/admin/orders", got.Token, nil).is(403, "STAFF_PASSWORD_REQUIRED")
		w.do("GET", "/api/me", got.Token, nil).is(200)
		got.Token = login(short)
	}
	changed := as[session](w.do("PUT", "/api/me/password", got.Token, map[string]string{"current_password": short, "password": long}).is(200))
	w.do("GET", "/api/admin/orders", changed.Token, nil).is(200)
	w.do("GET", "/api/admin/orders", login(long), nil).is(200)
}

func TestStaffPassword_NotKnownYet_IsLearnedAtTheLogin(t *testing.T) {
	w := newWorld(t)
	hash, err := account.HashPassword(aPassword, account.PasswordOptions{Params: cheap})
	if err != nil {
		t.Fatal(err)
	}
	u := &shop.User{Username: "lin", PasswordHash: hash, Roles: []shop.Role{shop.RoleFinance}, CreatedAt: w.deps.Now()}
	if err := w.store.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	w.do("GET", "/api/admin/orders", w.login("lin", "web"), nil).is(200)
	if u, err = w.store.Users.Get(t.Context(), u.ID); err != nil || !u.HasStaffPassword() {
		t.Errorf("the account is %+v, %v", u, err)
	}
}

func TestStaffSession_TwelveHoursWithoutUse_Ends(t *testing.T) {
	c := &movable{}
	w := newWorld(t, c.of)
	learner, _ := w.learner("lin")
	busy, idle := w.staff("amy", shop.RoleFinance), w.staff("bob", shop.RoleFinance)
	for range 5 {
		c.move(3 * time.Hour)
		w.do("GET", "/api/admin/orders", busy, nil).is(200)
	}
	w.do("GET", "/api/admin/orders", idle, nil).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/me", idle, nil).is(401, "UNAUTHENTICATED")
	w.do("GET", "/api/me", learner, nil).is(200)
	w.do("GET", "/api/admin/orders", w.login("bob", "web"), nil).is(200)
}

// TestStaffSession_InUse_IsWrittenDownRarely counts the writes of a busy session.
func TestStaffSession_InUse_IsWrittenDownRarely(t *testing.T) {
	c := &movable{}
	w := newWorld(t, c.of)
	token := w.staff("amy", shop.RoleFinance)
	c.move(time.Hour)
	writes := 0
	for _, command := range w.reads.during(func() {
		for range 10 {
			w.do("GET", "/api/admin/orders", token, nil).is(200)
			c.move(20 * time.Second)
		}
	}) {
		if command == `update "user_tokens"` {
			writes++
		}
	}
	if writes != 1 {
		t.Errorf("%d writes for ten requests within four minutes", writes)
	}
}

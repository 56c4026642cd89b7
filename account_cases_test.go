package main

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mstm/hub/hubtest"
)

// TestAccounts is registering, logging in on several clients, and changing the password, with
// pages open meanwhile.
func TestAccounts(t *testing.T) {
	shop := startShop(t)
	t.Run("an account from registering to logging out", func(t *testing.T) { accountLife(t, shop.at(t, "2025-03-01 10:00")) })
	t.Run("a login replaces the same client's token and page, and no other's", func(t *testing.T) {
		replacedLogin(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("a new password throws everybody else out", func(t *testing.T) { newPassword(t, shop.at(t, "2025-03-01 10:00")) })
	t.Run("a login lasts thirty days", func(t *testing.T) { loginEnds(t, shop.at(t, "2025-03-01 10:00")) })
	t.Run("odd bodies are refused and change nothing", func(t *testing.T) { oddBodies(t, shop.at(t, "2025-03-01 10:00")) })
}

// meJSON is an account as its owner sees it.
type meJSON struct {
	ID       string   `json:"id"`
	Username string   `json:"username"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
}

func (p *person) me() (m meJSON) {
	p.t.Helper()
	p.get("/api/me").want(200).into(&m)
	return m
}

func accountLife(t *testing.T, s *testShop) {
	learner := s.newLearner()
	if m := learner.me(); m.Username != learner.name || m.Name != learner.name || len(m.Roles) != 1 || m.Roles[0] != "learner" {
		t.Fatalf("the new account is %+v", m)
	}
	learner.patch("/api/me", obj{"name": "小明"}).want(200)
	if m := learner.me(); m.Name != "小明" {
		t.Fatalf("the name is %q", m.Name)
	}
	again := s.visitor()
	again.post("/api/register", obj{"username": learner.name, "password": testPassword}).wantCode(409, "USERNAME_TAKEN")
	again.post("/api/register", obj{"username": strings.ToUpper(learner.name), "password": testPassword}).wantCode(409, "USERNAME_TAKEN")
	again.post("/api/login", obj{"username": learner.name, "password": "not " + testPassword}).wantCode(401, "WRONG_CREDENTIALS")
	again.post("/api/login", obj{"username": "nobody-" + learner.name[:8], "password": testPassword}).wantCode(401, "WRONG_CREDENTIALS")
	learner.post("/api/logout", nil).want(204)
	learner.get("/api/me").wantCode(401, "UNAUTHENTICATED")
}

func replacedLogin(t *testing.T, s *testShop) {
	web := s.newLearner()
	phone := s.visitor().login(web.name, testPassword, "phone")
	webPage, phonePage := web.socket(), phone.socket()
	newer := s.visitor().login(web.name, testPassword, "web")

	webPage.Wait("session.replaced", 5*time.Second)
	if end := webPage.Ended(5 * time.Second); end.Code != 4002 {
		t.Fatalf("the replaced page was closed with %+v", end)
	}
	web.get("/api/me").wantCode(401, "UNAUTHENTICATED")
	newer.get("/api/me").want(200)
	phone.get("/api/me").want(200)
	// What is sent now reaches the phone: its page was left alone.
	newer.put("/api/cart/go1", obj{}).want(200)
	phonePage.Wait("cart.changed", 5*time.Second)
}

func newPassword(t *testing.T, s *testShop) {
	web := s.newLearner()
	phone := s.visitor().login(web.name, testPassword, "phone")
	phonePage := phone.socket()
	const next = "another long password"
	web.put("/api/me/password", obj{"current_password": "wrong " + next, "password": next}).wantCode(403, "WRONG_CREDENTIALS")
	old := *web
	var session struct {
		Token string `json:"token"`
	}
	web.put("/api/me/password", obj{"current_password": testPassword, "password": next}).want(200).into(&session)
	web.token = session.Token
	web.get("/api/me").want(200)
	old.get("/api/me").wantCode(401, "UNAUTHENTICATED")
	phone.get("/api/me").wantCode(401, "UNAUTHENTICATED")
	if end := phonePage.Ended(5 * time.Second); end.Code != 4001 {
		t.Fatalf("the other page was closed with %+v", end)
	}
	s.visitor().post("/api/login", obj{"username": web.name, "password": testPassword}).wantCode(401, "WRONG_CREDENTIALS")
	s.visitor().login(web.name, next, "phone")
}

func loginEnds(t *testing.T, s *testShop) {
	learner := s.newLearner()
	s.move("2025-03-31 09:00")
	learner.get("/api/me").want(200)
	s.move("2025-03-31 11:00")
	learner.get("/api/me").wantCode(401, "UNAUTHENTICATED")
}

func oddBodies(t *testing.T, s *testShop) {
	learner, visitor := s.newLearner(), s.visitor()
	visitor.post("/api/login", []byte(`{"username":{"$ne":null},"password":"x"}`)).wantCode(400, "INVALID_FIELD")
	visitor.post("/api/login", []byte(`{"username":"a","password":"b","admin":true}`)).wantCode(400, "UNKNOWN_FIELD")
	visitor.post("/api/login", []byte(`{"username":"a"} {}`)).wantCode(400, "INVALID_JSON")
	visitor.post("/api/login", []byte(`{"username":"`+strings.Repeat("a", 64<<10)+`"}`)).wantCode(413, "BODY_TOO_LARGE")
	visitor.with("Content-Type", "text/plain").post("/api/login", []byte(`{}`)).wantCode(415, "UNSUPPORTED_MEDIA_TYPE")
	learner.patch("/api/me", obj{"name": "x", "roles": []string{"admin"}}).wantCode(400, "UNKNOWN_FIELD")
	if m := learner.me(); m.Name != learner.name || len(m.Roles) != 1 {
		t.Fatalf("the account became %+v", m)
	}
}

// TestHubPublish is who may speak to open pages, and about what.
func TestHubPublish(t *testing.T) {
	shop := startShop(t)
	t.Run("an API key and a marketer reach every page, a visitor's too", func(t *testing.T) {
		publishedToAll(t, shop.at(t, "2025-03-01 10:00"))
	})
	t.Run("nobody speaks in the shop's name or to one learner", func(t *testing.T) { publishRefused(t, shop.at(t, "2025-03-01 10:00")) })
	t.Run("a deleted key is dead at once", func(t *testing.T) { deletedKey(t, shop.at(t, "2025-03-01 10:00")) })
}

// newKey makes an API key and somebody who uses it.
func (s *testShop) newKey(scopes ...string) (user *person, id string) {
	s.t.Helper()
	var key struct{ ID, Key string }
	s.staff("admin").post("/api/admin/api-keys", obj{"name": "campaign", "scopes": scopes}).want(201).into(&key)
	user = s.visitor()
	user.token = key.Key
	return user, key.ID
}

func publishedToAll(t *testing.T, s *testShop) {
	key, _ := s.newKey("hub:publish")
	marketer := s.staff("marketer")
	pages := []*hubtest.Client{s.visitor().socket(), s.newLearner().socket()}
	for _, page := range pages {
		page.Follow("course:go1", "")
	}
	key.post("/api/hub/publish", obj{"topic": "activity", "type": "activity.begins", "data": obj{"title": "开学季"}}).want(200)
	marketer.post("/api/hub/publish", obj{"topic": "course:go1", "type": "teacher.live", "data": obj{"room": 7}}).want(200)
	for _, page := range pages {
		wantSame(t, "heard", []string{nextInWords(page), nextInWords(page)}, `activity activity.begins {"title":"开学季"}`, `course:go1 teacher.live {"room":7}`)
	}
}

func nextInWords(page *hubtest.Client) string {
	f := page.Next(5 * time.Second)
	return f.Topic + " " + f.Type + " " + string(f.Data)
}

func publishRefused(t *testing.T, s *testShop) {
	key, _ := s.newKey("hub:publish")
	broadcaster, _ := s.newKey("hub:broadcast")
	learner := s.newLearner()
	page := learner.socket()
	say := func(topic, what string) obj { return obj{"topic": topic, "type": what, "data": json.RawMessage(`{}`)} }
	fine := say("activity", "activity.begins")
	s.visitor().post("/api/hub/publish", fine).wantCode(401, "UNAUTHENTICATED")
	for _, who := range []*person{learner, s.staff("editor"), broadcaster} {
		who.post("/api/hub/publish", fine).wantCode(403, "FORBIDDEN")
	}
	for _, topic := range []string{"user", "user:" + learner.me().ID, "desk", "course:nosuch", ""} {
		key.post("/api/hub/publish", say(topic, "activity.begins")).wantCode(422, "TOPIC_UNKNOWN")
	}
	for _, what := range []string{"cart.changed", "order.changed", "session.replaced", "Not A Word", ""} {
		key.post("/api/hub/publish", say("activity", what)).wantCode(400, "INVALID_FIELD")
	}
	// A key opens the hub and nothing else.
	key.get("/api/me").wantCode(403, "FORBIDDEN")
	key.get("/api/admin/users").wantCode(403, "FORBIDDEN")
	key.post("/api/hub/publish", say("activity", "the.end")).want(200)
	if f := page.Next(5 * time.Second); f.Type != "the.end" {
		t.Fatalf("a refused event reached the page: %+v", f)
	}
}

func deletedKey(t *testing.T, s *testShop) {
	key, id := s.newKey("hub:publish")
	fine := obj{"topic": "activity", "type": "activity.begins"}
	key.post("/api/hub/publish", fine).want(200)
	s.staff("admin").del("/api/admin/api-keys/" + id).want(204)
	key.post("/api/hub/publish", fine).wantCode(401, "UNAUTHENTICATED")
}

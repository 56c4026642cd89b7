package accounts

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
)

// TestAccounts registers, logs in on several clients, and changes the password, with pages open
// all the time.
func TestAccounts(t *testing.T) {
	shop := shoptest.Start(t)
	t.Run("an account from registering to logging out", func(t *testing.T) { accountLife(t, shop.At(t, "2025-03-01 10:00")) })
	t.Run("a login replaces the same client's token and page, and no other's", func(t *testing.T) {
		replacedLogin(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("a new password throws everybody else out", func(t *testing.T) { newPassword(t, shop.At(t, "2025-03-01 10:00")) })
	t.Run("a login lasts thirty days", func(t *testing.T) { loginEnds(t, shop.At(t, "2025-03-01 10:00")) })
	t.Run("odd bodies are refused and change nothing", func(t *testing.T) { oddBodies(t, shop.At(t, "2025-03-01 10:00")) })
}

// meJSON is an account as its owner sees it.
type meJSON struct {
	ID       string   `json:"id"`
	Username string   `json:"username"`
	Name     string   `json:"name"`
	Roles    []string `json:"roles"`
}

func me(p *shoptest.Person) (m meJSON) {
	p.T.Helper()
	p.Get("/api/me").Want(200).Into(&m)
	return m
}

func accountLife(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	if m := me(learner); m.Username != learner.Name || m.Name != learner.Name || len(m.Roles) != 1 || m.Roles[0] != "learner" {
		t.Fatalf("the new account is %+v", m)
	}
	learner.Patch("/api/me", obj{"name": "小明"}).Want(200)
	if m := me(learner); m.Name != "小明" {
		t.Fatalf("the name is %q", m.Name)
	}
	again := s.Visitor()
	again.Post("/api/register", obj{"username": learner.Name, "password": shoptest.Password}).WantCode(409, "USERNAME_TAKEN")
	again.Post("/api/register", obj{"username": strings.ToUpper(learner.Name), "password": shoptest.Password}).WantCode(409, "USERNAME_TAKEN")
	again.Post("/api/login", obj{"username": learner.Name, "password": "not " + shoptest.Password}).WantCode(401, "WRONG_CREDENTIALS")
	again.Post("/api/login", obj{"username": "nobody-" + learner.Name[:8], "password": shoptest.Password}).WantCode(401, "WRONG_CREDENTIALS")
	learner.Post("/api/logout", nil).Want(204)
	learner.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
}

func replacedLogin(t *testing.T, s *shoptest.Shop) {
	web := s.NewLearner()
	phone := s.Visitor().Login(web.Name, shoptest.Password, "phone")
	webPage, phonePage := web.Socket(), phone.Socket()
	newer := s.Visitor().Login(web.Name, shoptest.Password, "web")

	webPage.Wait("session.replaced", time.Minute)
	if end := webPage.Ended(time.Minute); end.Code != 4002 {
		t.Fatalf("the replaced page was closed with %+v", end)
	}
	web.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
	newer.Get("/api/me").Want(200)
	phone.Get("/api/me").Want(200)
	// What is sent now reaches the phone: its page was left alone.
	newer.Put("/api/cart/go1", obj{}).Want(200)
	phonePage.Wait("cart.changed", time.Minute)
}

func newPassword(t *testing.T, s *shoptest.Shop) {
	web := s.NewLearner()
	phone := s.Visitor().Login(web.Name, shoptest.Password, "phone")
	phonePage := phone.Socket()
	const next = "another long password"
	web.Put("/api/me/password", obj{"current_password": "wrong " + next, "password": next}).WantCode(403, "WRONG_CREDENTIALS")
	old := *web
	var session struct {
		Token string `json:"token"`
	}
	web.Put("/api/me/password", obj{"current_password": shoptest.Password, "password": next}).Want(200).Into(&session)
	web.Token = session.Token
	web.Get("/api/me").Want(200)
	old.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
	phone.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
	if end := phonePage.Ended(time.Minute); end.Code != 4001 {
		t.Fatalf("the other page was closed with %+v", end)
	}
	s.Visitor().Post("/api/login", obj{"username": web.Name, "password": shoptest.Password}).WantCode(401, "WRONG_CREDENTIALS")
	s.Visitor().Login(web.Name, next, "phone")
}

func loginEnds(t *testing.T, s *shoptest.Shop) {
	learner := s.NewLearner()
	s.Move("2025-03-31 09:00")
	learner.Get("/api/me").Want(200)
	s.Move("2025-03-31 11:00")
	learner.Get("/api/me").WantCode(401, "UNAUTHENTICATED")
}

func oddBodies(t *testing.T, s *shoptest.Shop) {
	learner, visitor := s.NewLearner(), s.Visitor()
	visitor.Post("/api/login", []byte(`{"username":{"$ne":null},"password":"x"}`)).WantCode(400, "INVALID_FIELD")
	visitor.Post("/api/login", []byte(`{"username":"a","password":"b","admin":true}`)).WantCode(400, "UNKNOWN_FIELD")
	visitor.Post("/api/login", []byte(`{"username":"a"} {}`)).WantCode(400, "INVALID_JSON")
	visitor.Post("/api/login", []byte(`{"username":"`+strings.Repeat("a", 64<<10)+`"}`)).WantCode(413, "BODY_TOO_LARGE")
	visitor.With("Content-Type", "text/plain").Post("/api/login", []byte(`{}`)).WantCode(415, "UNSUPPORTED_MEDIA_TYPE")
	learner.Patch("/api/me", obj{"name": "x", "roles": []string{"admin"}}).WantCode(400, "UNKNOWN_FIELD")
	if m := me(learner); m.Name != learner.Name || len(m.Roles) != 1 {
		t.Fatalf("the account became %+v", m)
	}
}

// TestHubPublish checks which keys may publish to open pages, and on which topics.
func TestHubPublish(t *testing.T) {
	shop := shoptest.Start(t)
	t.Run("an API key and a marketer reach every page, a visitor's too", func(t *testing.T) {
		publishedToAll(t, shop.At(t, "2025-03-01 10:00"))
	})
	t.Run("no key speaks in the shop's name or to one learner", func(t *testing.T) { publishRefused(t, shop.At(t, "2025-03-01 10:00")) })
	t.Run("a deleted key is dead at once", func(t *testing.T) { deletedKey(t, shop.At(t, "2025-03-01 10:00")) })
}

// newKey makes an API key and a client that uses it.
func newKey(s *shoptest.Shop, scopes ...string) (user *shoptest.Person, id string) {
	s.T.Helper()
	var key struct{ ID, Key string }
	s.Staff("admin").Post("/api/admin/api-keys", obj{"name": "campaign", "scopes": scopes}).Want(201).Into(&key)
	user = s.Visitor()
	user.Token = key.Key
	return user, key.ID
}

func publishedToAll(t *testing.T, s *shoptest.Shop) {
	key, _ := newKey(s, "hub:publish")
	marketer := s.Staff("marketer")
	pages := []*hubtest.Client{s.Visitor().Socket(), s.NewLearner().Socket()}
	for _, page := range pages {
		page.Follow("course:go1", "")
	}
	key.Post("/api/hub/publish", obj{"topic": "activity", "type": "activity.begins", "data": obj{"title": "开学季"}}).Want(200)
	marketer.Post("/api/hub/publish", obj{"topic": "course:go1", "type": "teacher.live", "data": obj{"room": 7}}).Want(200)
	for _, page := range pages {
		shoptest.WantSame(t, "heard", []string{nextInWords(page), nextInWords(page)}, `activity activity.begins {"title":"开学季"}`, `course:go1 teacher.live {"room":7}`)
	}
}

func nextInWords(page *hubtest.Client) string {
	f := page.Next(time.Minute)
	return f.Topic + " " + f.Type + " " + string(f.Data)
}

func publishRefused(t *testing.T, s *shoptest.Shop) {
	key, _ := newKey(s, "hub:publish")
	broadcaster, _ := newKey(s, "hub:broadcast")
	learner := s.NewLearner()
	page := learner.Socket()
	say := func(topic, what string) obj {
		return obj{"topic": topic, "type": what, "data": json.RawMessage(`{}`)}
	}
	fine := say("activity", "activity.begins")
	s.Visitor().Post("/api/hub/publish", fine).WantCode(401, "UNAUTHENTICATED")
	for _, who := range []*shoptest.Person{learner, s.Staff("editor"), broadcaster} {
		who.Post("/api/hub/publish", fine).WantCode(403, "FORBIDDEN")
	}
	for _, topic := range []string{"user", "user:" + me(learner).ID, "desk", "course:nosuch", ""} {
		key.Post("/api/hub/publish", say(topic, "activity.begins")).WantCode(422, "TOPIC_UNKNOWN")
	}
	for _, what := range []string{"cart.changed", "order.changed", "session.replaced", "Not A Word", ""} {
		key.Post("/api/hub/publish", say("activity", what)).WantCode(400, "INVALID_FIELD")
	}
	// A key opens the hub and nothing else.
	key.Get("/api/me").WantCode(403, "FORBIDDEN")
	key.Get("/api/admin/users").WantCode(403, "FORBIDDEN")
	key.Post("/api/hub/publish", say("activity", "the.end")).Want(200)
	if f := page.Next(time.Minute); f.Type != "the.end" {
		t.Fatalf("a refused event reached the page: %+v", f)
	}
}

func deletedKey(t *testing.T, s *shoptest.Shop) {
	key, id := newKey(s, "hub:publish")
	fine := obj{"topic": "activity", "type": "activity.begins"}
	key.Post("/api/hub/publish", fine).Want(200)
	s.Staff("admin").Del("/api/admin/api-keys/" + id).Want(204)
	key.Post("/api/hub/publish", fine).WantCode(401, "UNAUTHENTICATED")
}

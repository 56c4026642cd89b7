package main

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// twoInstances are two shops on one MongoDB and one Redis.
type twoInstances struct {
	first, second *testShop
	mongo         string
}

func startTwo(t *testing.T) *twoInstances {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := startShop(t, withStores(mongo, redis))
	return &twoInstances{first, startShop(t, withStores(mongo, redis), withSandboxOf(first)), mongo}
}

func (s *twoInstances) each() []*testShop { return []*testShop{s.first, s.second} }

// wantDead wants a person's token to be refused at both instances.
func (s *twoInstances) wantDead(t *testing.T, p *person) {
	t.Helper()
	for _, shop := range s.each() {
		eventually(t, 10*time.Second, func() error {
			if a := p.at(shop).get("/api/me"); a.status != 401 {
				return fmt.Errorf("the dead token is answered %d", a.status)
			}
			return nil
		})
	}
}

// wantAlive wants a person's token to be good at both instances.
func (s *twoInstances) wantAlive(t *testing.T, p *person) {
	t.Helper()
	for _, shop := range s.each() {
		p.at(shop).get("/api/me").want(200)
	}
}

// pages opens a page of the person at each instance.
func (s *twoInstances) pages(p *person) (pages []*hubtest.Client) {
	for _, shop := range s.each() {
		pages = append(pages, p.at(shop).socket())
	}
	return pages
}

// TestManyFirstLoginsAtOnceLeaveOneToken logs one user in 32 times at once on a client that
// has never been used, at two instances.
func TestManyFirstLoginsAtOnceLeaveOneToken(t *testing.T) {
	s := startTwo(t)
	learner := s.first.newLearner()
	tokens := make([]string, 32)
	answers := make([]answer, len(tokens))
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			answers[i] = s.each()[i%2].visitor().insistOnLogin(learner.name, "phone")
		})
	}
	all.Wait()
	for i, a := range answers {
		var out struct{ Token string }
		a.want(200).into(&out)
		tokens[i] = out.Token
	}
	found, err := rows(openDatabase(t, s.mongo), "user_tokens", bson.M{"client": "phone"})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d rows for one client: %v", len(found), err)
	}
	for _, shop := range s.each() {
		eventually(t, 10*time.Second, func() error {
			live := 0
			for _, token := range tokens {
				who := *shop.visitor()
				who.token = token
				if who.get("/api/me").status == 200 {
					live++
				}
			}
			if live != 1 {
				return fmt.Errorf("%d of the tokens are live", live)
			}
			return nil
		})
	}
	s.wantAlive(t, learner) // of another client
}

// insistOnLogin logs in, and again after a moment where the shop says that it is busy.
func (p *person) insistOnLogin(name, client string) (a answer) {
	for range 20 {
		var err error
		a, err = p.try("POST", "/api/login", obj{"username": name, "password": testPassword, "client": client})
		if err != nil {
			p.t.Error(err)
		}
		if a.status != 503 || a.header.Get("Retry-After") == "" {
			return a
		}
	}
	return a
}

// TestATokenThatIsOverIsDeadEverywhere ends tokens in every way, at one instance, and looks
// at both: the token is refused, open pages are told why and closed.
func TestATokenThatIsOverIsDeadEverywhere(t *testing.T) {
	s := startTwo(t)
	for _, tt := range []struct {
		name string
		end  func(p *person)
		code int
		word string
	}{
		{"by logging in again on the same client", func(p *person) {
			again := *p
			again.login(p.name, testPassword, "web")
		}, 4002, "SESSION_REPLACED"},
		{"by logging out", func(p *person) { p.post("/api/logout", nil).want(204) }, 4004, "LOGGED_OUT"},
		{"by a new password, set from another client", func(p *person) {
			phone := *p
			phone.login(p.name, testPassword, "phone")
			phone.put("/api/me/password", obj{"current_password": testPassword, "password": newTestPassword}).want(200)
		}, 4001, "TOKEN_REFUSED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := s.first.newLearner()
			other := *p
			other.login(p.name, testPassword, "desktop")
			s.wantAlive(t, p) // also fills the caches
			s.wantAlive(t, &other)
			pages, otherPage := s.pages(p), other.at(s.second).socket()

			tt.end(p)
			s.wantDead(t, p)
			for _, page := range pages {
				if end := page.Ended(10 * time.Second); end.Code != tt.code || end.Word != tt.word || end.RetryMS != 0 {
					t.Errorf("the page was closed with %+v, not %d %s", end, tt.code, tt.word)
				}
				if tt.code == 4002 {
					page.Wait("session.replaced", time.Second) // it came before the end
				}
			}
			if tt.code == 4001 {
				s.wantDead(t, &other) // whoever knew the old password is out
				return
			}
			s.wantAlive(t, &other)
			if !otherPage.Open() {
				t.Error("the page of another client was closed as well")
			}
		})
	}
}

const newTestPassword = "another horse, another battery"

// TestNoSecretIsLoggedOrKept logs in, fails to log in, and talks with tokens in every place,
// then looks for them in both logs and in the database.
func TestNoSecretIsLoggedOrKept(t *testing.T) {
	s := startTwo(t)
	p := s.first.newLearner()
	wrong := "canary password that is wrong"
	secrets := []string{testPassword, newTestPassword, wrong, p.token}
	p.at(s.second).post("/api/login", obj{"username": p.name, "password": wrong}).wantCode(401, "WRONG_CREDENTIALS")
	s.second.visitor().post("/api/login", obj{"username": p.name, "password": wrong, "token": p.token}).want(400)
	if res, err := client.Get(s.first.url + "/api/me?token=" + p.token); err != nil { // no place of the contract's
		t.Fatal(err)
	} else if res.Body.Close(); res.StatusCode != 401 {
		t.Errorf("a token in the address was answered %d", res.StatusCode)
	}
	p.get("/api/courses/" + p.token)
	p.get("/api/nowhere/" + p.token).want(404)
	page := hubtest.Connect(t, s.second.url+"/ws?token="+p.token, hubtest.Options{})
	page.Hello(p.token, nil)
	page.Ready()
	page.Send(`{"op":"token","token":"` + p.token + `x"}`)
	var out struct{ Token string }
	p.put("/api/me/password", obj{"current_password": testPassword, "password": newTestPassword}).want(200).into(&out)
	secrets = append(secrets, out.Token, strings.Split(out.Token, ".")[0], strings.Split(p.token, ".")[0])
	page.Ended(20 * time.Second)

	for place, text := range map[string]string{
		"the first log": s.first.log.String(), "the second log": s.second.log.String(),
		"the database": dump(t, openDatabase(t, s.mongo)),
	} {
		for _, secret := range secrets {
			if strings.Contains(text, secret) {
				t.Errorf("%s holds %.12q…", place, secret)
			}
		}
		if !strings.Contains(text, "login refused") && place == "the second log" {
			t.Errorf("%s does not tell of the refused login", place)
		}
	}
}

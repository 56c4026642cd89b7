package accounts

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
	"mstm/hub/hubtest"
	"mstm/store/storetest"
)

// twoInstances are two shops on one MongoDB and one Redis.
type twoInstances struct {
	first, second *shoptest.Shop
	mongo         string
}

func startTwo(t *testing.T) *twoInstances {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := shoptest.Start(t, shoptest.WithStores(mongo, redis))
	return &twoInstances{first, shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithSandboxOf(first)), mongo}
}

func (s *twoInstances) each() []*shoptest.Shop { return []*shoptest.Shop{s.first, s.second} }

// wantDead wants a person's token to be refused at both instances.
func (s *twoInstances) wantDead(t *testing.T, p *shoptest.Person) {
	t.Helper()
	for _, shop := range s.each() {
		shoptest.Eventually(t, 10*time.Second, func() error {
			if a := p.At(shop).Get("/api/me"); a.Status != 401 {
				return fmt.Errorf("the dead token is answered %d", a.Status)
			}
			return nil
		})
	}
}

// wantAlive wants a person's token to be good at both instances.
func (s *twoInstances) wantAlive(t *testing.T, p *shoptest.Person) {
	t.Helper()
	for _, shop := range s.each() {
		p.At(shop).Get("/api/me").Want(200)
	}
}

// pages opens a page of the person at each instance.
func (s *twoInstances) pages(p *shoptest.Person) (pages []*hubtest.Client) {
	for _, shop := range s.each() {
		pages = append(pages, p.At(shop).Socket())
	}
	return pages
}

// TestManyFirstLoginsAtOnceLeaveOneToken logs one user in 32 times at once on a client that
// has never been used, at two instances.
func TestManyFirstLoginsAtOnceLeaveOneToken(t *testing.T) {
	s := startTwo(t)
	learner := s.first.NewLearner()
	tokens := make([]string, 32)
	answers := make([]shoptest.Answer, len(tokens))
	var all sync.WaitGroup
	for i := range tokens {
		all.Go(func() {
			answers[i] = insistOnLogin(s.each()[i%2].Visitor(), learner.Name, "phone")
		})
	}
	all.Wait()
	for i, a := range answers {
		var out struct{ Token string }
		a.Want(200).Into(&out)
		tokens[i] = out.Token
	}
	found, err := shoptest.Rows(shoptest.OpenDatabase(t, s.mongo), "user_tokens", bson.M{"client": "phone"})
	if err != nil || len(found) != 1 {
		t.Fatalf("%d rows for one client: %v", len(found), err)
	}
	for _, shop := range s.each() {
		shoptest.Eventually(t, 10*time.Second, func() error {
			live := 0
			for _, token := range tokens {
				who := *shop.Visitor()
				who.Token = token
				if who.Get("/api/me").Status == 200 {
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

// insistOnLogin logs in on a client, or on the device of an id, and again after a moment where the shop says that it is
// busy.
func insistOnLogin(p *shoptest.Person, name, client string, device ...string) (a shoptest.Answer) {
	body := obj{"username": name, "password": shoptest.Password, "client": client}
	for _, id := range device {
		body["device"] = id
	}
	for range 20 {
		var err error
		a, err = p.Try("POST", "/api/login", body)
		if err != nil {
			p.T.Error(err)
		}
		if a.Status != 503 || a.Header.Get("Retry-After") == "" {
			return a
		}
	}
	return a
}

// TestATokenThatIsOverIsDeadEverywhere ends tokens in every way, at one instance, and looks
// at both: the token is refused, and open pages get the reason and are closed.
func TestATokenThatIsOverIsDeadEverywhere(t *testing.T) {
	s := startTwo(t)
	for _, tt := range []struct {
		name string
		end  func(p *shoptest.Person)
		code int
		word string
	}{
		{"by logging in again on the same client", func(p *shoptest.Person) {
			again := *p
			again.Login(p.Name, shoptest.Password, "web")
		}, 4002, "SESSION_REPLACED"},
		{"by logging out", func(p *shoptest.Person) { p.Post("/api/logout", nil).Want(204) }, 4004, "LOGGED_OUT"},
		{"by a new password, set from another client", func(p *shoptest.Person) {
			phone := *p
			phone.Login(p.Name, shoptest.Password, "phone")
			phone.Put("/api/me/password", obj{"current_password": shoptest.Password, "password": newTestPassword}).Want(200)
		}, 4001, "TOKEN_REFUSED"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := s.first.NewLearner()
			other := *p
			other.Login(p.Name, shoptest.Password, "desktop")
			s.wantAlive(t, p) // also fills the caches
			s.wantAlive(t, &other)
			pages, otherPage := s.pages(p), other.At(s.second).Socket()

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
				s.wantDead(t, &other) // the old password opens nothing any more
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
	p := s.first.NewLearner()
	wrong := "canary password that is wrong"
	secrets := []string{shoptest.Password, newTestPassword, wrong, p.Token}
	p.At(s.second).Post("/api/login", obj{"username": p.Name, "password": wrong}).WantCode(401, "WRONG_CREDENTIALS")
	s.second.Visitor().Post("/api/login", obj{"username": p.Name, "password": wrong, "token": p.Token}).Want(400)
	if res, err := shoptest.Client.Get(s.first.Url + "/api/me?token=" + p.Token); err != nil { // no place of the contract's
		t.Fatal(err)
	} else if res.Body.Close(); res.StatusCode != 401 {
		t.Errorf("a token in the address was answered %d", res.StatusCode)
	}
	p.Get("/api/courses/" + p.Token)
	p.Get("/api/nowhere/" + p.Token).Want(404)
	page := hubtest.Connect(t, s.second.Url+"/ws?token="+p.Token, hubtest.Options{})
	page.Hello(p.Token, nil)
	page.Ready()
	page.Send(`{"op":"token","token":"` + p.Token + `x"}`)
	var out struct{ Token string }
	p.Put("/api/me/password", obj{"current_password": shoptest.Password, "password": newTestPassword}).Want(200).Into(&out)
	secrets = append(secrets, out.Token, strings.Split(out.Token, ".")[0], strings.Split(p.Token, ".")[0])
	page.Ended(20 * time.Second)

	for place, text := range map[string]string{
		"the first log": s.first.Log.String(), "the second log": s.second.Log.String(),
		"the database": shoptest.Dump(t, shoptest.OpenDatabase(t, s.mongo)),
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

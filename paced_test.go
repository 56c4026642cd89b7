package main

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/store"
	"mstm/store/storetest"
)

// TestRacesOnAPacedStore plays what many do at once while every command between the shop and
// its store is held up at random, by one seed after the other: STORE_SEEDS of them (3), from
// STORE_SEED (1) on. What fails names its seed.
func TestRacesOnAPacedStore(t *testing.T) {
	first, n := max(storetest.Seed(t), 1), uint64(3)
	if text := os.Getenv("STORE_SEEDS"); text != "" {
		var err error
		if n, err = strconv.ParseUint(text, 10, 64); err != nil {
			t.Fatalf("STORE_SEEDS is no number: %v", err)
		}
	}
	pace := storetest.NewPace(0)
	shop := startShop(t, withStores(storetest.Paced(t, pace), ""))
	cases := []struct {
		name string
		run  func(*testing.T, *testShop)
	}{
		{"twenty logins of one new WeChat make one account", weChatRegistersOnce},
		{"a WeChat is bound while it logs in for the first time", boundWhileRegistering},
		{"ten registrations of one name make one account", nameRegisteredOnce},
		{"twenty orders for one course are one order and one trade", parallelOrders},
	}
	for seed := first; seed < first+n; seed++ {
		for _, c := range cases {
			t.Run(fmt.Sprintf("seed %d/%s", seed, c.name), func(t *testing.T) {
				s := shop.at(t, "2025-03-01 10:00")
				pace.Reseed(seed)
				defer pace.Reseed(0)
				c.run(t, s)
				s.wantAllEnterable()
			})
		}
	}
}

// wantAllEnterable wants every account without a password to hold a WeChat, by which alone it
// can be entered.
func (s *testShop) wantAllEnterable() {
	s.t.Helper()
	db := s.database()
	users, err := rows(db, "users", bson.M{"passwordless": true})
	if err != nil {
		s.t.Fatal(err)
	}
	held, err := rows(db, "wechats", nil)
	if err != nil {
		s.t.Fatal(err)
	}
	holds := map[any]bool{}
	for _, w := range held {
		holds[w["user_id"]] = true
	}
	for _, u := range users {
		if !holds[u["_id"]] {
			s.t.Errorf("account %v can never be entered again", u["_id"])
			_, _ = db.Collection("users").DeleteOne(s.t.Context(), bson.M{"_id": u["_id"]}) // said once
		}
	}
}

// boundWhileRegistering has a learner's code scanned by a WeChat that logs in at the same time:
// it becomes the learner's, or gets an account of its own, and all are told the same.
func boundWhileRegistering(t *testing.T, s *testShop) {
	learner, openid := s.newLearner(), someWeChat()
	code := learner.code()
	const n = 6
	browsers, bodies := make([]*weChatBrowser, n), make([]obj, n)
	for i := range browsers {
		browsers[i] = s.inWeChat(openid)
		word, state := browsers[i].authorise("")
		bodies[i] = obj{"code": word, "state": state, "client": store.Clients()[i]}
	}
	var all sync.WaitGroup
	answers := make([]answer, n)
	for i, b := range browsers {
		all.Go(func() { answers[i] = b.end(bodies[i]) })
	}
	all.Go(func() { s.scanCode(code, openid, nil) })
	all.Wait()
	held, err := rows(s.database(), "wechats", bson.M{"_id": openid})
	if err != nil || len(held) != 1 {
		t.Fatalf("the WeChat is held by %v, %v", held, err)
	}
	learners := held[0]["user_id"] == learner.id()
	learner.wantBound(learners)
	for _, a := range answers {
		var in sessionJSON
		switch {
		case a.status == http.StatusServiceUnavailable: // told to try again
		case learners:
			a.confirm()
		default:
			if a.want(http.StatusOK).into(&in); in.User.ID != held[0]["user_id"] {
				t.Errorf("logged in as %s, not %v", in.User.ID, held[0]["user_id"])
			}
		}
	}
}

// nameRegisteredOnce registers one name many times at once, each with a password of its own.
func nameRegisteredOnce(t *testing.T, s *testShop) {
	name := "one." + someWeChat()[:10]
	var all sync.WaitGroup
	const n = 10
	answers, passwords := make([]answer, n), make([]string, n)
	for i := range n {
		passwords[i] = fmt.Sprint(testPassword, " ", i)
		all.Go(func() {
			answers[i] = s.visitor().post("/api/register", obj{"username": name, "password": passwords[i]})
		})
	}
	all.Wait()
	made := 0
	for i, a := range answers {
		if a.status == http.StatusCreated {
			made++
			s.visitor().login(name, passwords[i], "web")
		} else if a.status != http.StatusServiceUnavailable {
			a.wantCode(http.StatusConflict, "USERNAME_TAKEN")
		}
	}
	if made != 1 {
		t.Errorf("%d registrations of one name succeeded", made)
	}
}

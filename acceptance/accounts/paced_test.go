package accounts

import (
	"fmt"
	"net/http"
	"os"
	"strconv"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/acceptance/shoptest"
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
	shop := shoptest.Start(t, shoptest.WithStores(storetest.Paced(t, pace), ""))
	cases := []struct {
		name string
		run  func(*testing.T, *shoptest.Shop)
	}{
		{"twenty logins of one new WeChat make one account", weChatRegistersOnce},
		{"a WeChat is bound while it logs in for the first time", boundWhileRegistering},
		{"ten registrations of one name make one account", nameRegisteredOnce},
		{"twenty orders for one course are one order and one trade", shoptest.ParallelOrders},
	}
	for seed := first; seed < first+n; seed++ {
		for _, c := range cases {
			t.Run(fmt.Sprintf("seed %d/%s", seed, c.name), func(t *testing.T) {
				s := shop.At(t, "2025-03-01 10:00")
				pace.Reseed(seed)
				defer pace.Reseed(0)
				c.run(t, s)
				wantAllEnterable(s)
			})
		}
	}
}

// wantAllEnterable wants every account without a password to hold a WeChat, by which alone it
// can be entered.
func wantAllEnterable(s *shoptest.Shop) {
	s.T.Helper()
	db := s.Database()
	users, err := shoptest.Rows(db, "users", bson.M{"passwordless": true})
	if err != nil {
		s.T.Fatal(err)
	}
	held, err := shoptest.Rows(db, "wechats", nil)
	if err != nil {
		s.T.Fatal(err)
	}
	holds := map[any]bool{}
	for _, w := range held {
		holds[w["user_id"]] = true
	}
	for _, u := range users {
		if !holds[u["_id"]] {
			s.T.Errorf("account %v can never be entered again", u["_id"])
			_, _ = db.Collection("users").DeleteOne(s.T.Context(), bson.M{"_id": u["_id"]}) // said once
		}
	}
}

// boundWhileRegistering has a learner's code scanned by a WeChat that logs in at the same time: it
// becomes the learner's, or gets an account of its own, and all answers agree.
func boundWhileRegistering(t *testing.T, s *shoptest.Shop) {
	learner, openid := s.NewLearner(), shoptest.SomeWeChat()
	code := learner.Code()
	const n = 6
	browsers, bodies := make([]*weChatBrowser, n), make([]obj, n)
	for i := range browsers {
		browsers[i] = inWeChat(s, openid)
		word, state := browsers[i].authorise("")
		bodies[i] = obj{"code": word, "state": state, "client": store.Clients()[i]}
	}
	var all sync.WaitGroup
	answers := make([]shoptest.Answer, n)
	for i, b := range browsers {
		all.Go(func() { answers[i] = b.end(bodies[i]) })
	}
	all.Go(func() { s.ScanCode(code, openid, nil) })
	all.Wait()
	held, err := shoptest.Rows(s.Database(), "wechats", bson.M{"_id": openid})
	if err != nil || len(held) != 1 {
		t.Fatalf("the WeChat is held by %v, %v", held, err)
	}
	learners := held[0]["user_id"] == learner.ID()
	learner.WantBound(learners)
	for _, a := range answers {
		var in sessionJSON
		switch {
		case a.Status == http.StatusServiceUnavailable: // asked to try again
		case learners:
			confirm(a)
		default:
			if a.Want(http.StatusOK).Into(&in); in.User.ID != held[0]["user_id"] {
				t.Errorf("logged in as %s, not %v", in.User.ID, held[0]["user_id"])
			}
		}
	}
}

// nameRegisteredOnce registers one name many times at once, each with a password of its own.
func nameRegisteredOnce(t *testing.T, s *shoptest.Shop) {
	name := "one." + shoptest.SomeWeChat()[:10]
	var all sync.WaitGroup
	const n = 10
	answers, passwords := make([]shoptest.Answer, n), make([]string, n)
	for i := range n {
		passwords[i] = fmt.Sprint(shoptest.Password, " ", i)
		all.Go(func() {
			answers[i] = s.Visitor().Post("/api/register", obj{"username": name, "password": passwords[i]})
		})
	}
	all.Wait()
	made := 0
	for i, a := range answers {
		if a.Status == http.StatusCreated {
			made++
			s.Visitor().Login(name, passwords[i], "web")
		} else if a.Status != http.StatusServiceUnavailable {
			a.WantCode(http.StatusConflict, "USERNAME_TAKEN")
		}
	}
	if made != 1 {
		t.Errorf("%d registrations of one name succeeded", made)
	}
}

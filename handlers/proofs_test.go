package handlers

import (
	"fmt"
	"maps"
	"net/http/httptest"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/account"
	"mstm/shop"
	"mstm/store"
)

var proofOptions = accountOptions{hashing: account.PasswordOptions{Params: cheap}, proofAfter: 5}

// proofWorld asks for a proof of work after five registrations, and believes what a proxy says of addresses.
func proofWorld(t *testing.T, options ...func(*Deps)) *world {
	return newWorldWith(t, proofOptions, append(options, behindAProxy)...)
}

// register registers from an address with a proof, nil for none.
func (w *world) register(name, addr string, proof map[string]any) answer {
	w.t.Helper()
	body := map[string]any{"username": name, "password": aPassword}
	if proof != nil {
		body["proof"] = proof
	}
	return w.do("POST", "/api/register", "", body, "X-Forwarded-For", addr)
}

// useUp registers from an address until the next one needs a proof of work.
func (w *world) useUp(addr string) {
	w.t.Helper()
	for n := range 5 {
		w.register(fmt.Sprintf("early%d", n), addr, nil).is(201)
	}
}

// solved does the work that a refusal asks for.
func (a answer) solved() map[string]any {
	a.t.Helper()
	a.is(403, "PROOF_REQUIRED")
	c := as[struct{ Challenge account.Challenge }](a).Challenge
	found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.SHA256, int(c.MaxNumber), 0, nil)
	if err != nil || found == nil {
		a.t.Fatalf("no solution of %+v: %v", c, err)
	}
	return map[string]any{"algorithm": c.Algorithm, "challenge": c.Challenge, "salt": c.Salt, "signature": c.Signature, "number": found.Number}
}

func TestRegister_AddressThatRegisteredOften_NeedsAProofUpToTheLimit(t *testing.T) {
	w := proofWorld(t)
	const network = "2001:db8::%x"
	for n := range 9 {
		name, want := fmt.Sprintf("joiner%d", n), 201
		if n%2 == 1 {
			name, want = "joiner0", 409 // a taken name costs the same
		}
		addr := fmt.Sprintf(network, n+1)
		if n < 5 {
			w.register(name, addr, nil).is(want)
			continue
		}
		w.register(name, addr, w.register(name, addr, nil).solved()).is(want)
	}
	proof := w.register("joiner41", "2001:db8::ffff", nil).solved()
	for w.store.Limits.Take(t.Context(), account.Registering, account.Neighbourhood("2001:db8::ffff")) == 0 { // as many more have registered
	}
	w.register("joiner41", "2001:db8::ffff", proof).is(429, "TOO_MANY_REQUESTS")
	w.register("elsewhere", "2001:db8:0:1::1", nil).is(201)
}

func TestRegister_ProofThatIsNoneAnyMore_IsRefusedWithTheNextChallenge(t *testing.T) {
	var later atomic.Int64 // ns
	w := proofWorld(t, func(d *Deps) { d.Now = func() time.Time { return time.Now().Add(time.Duration(later.Load())) } })
	const addr = "203.0.113.7"
	w.useUp(addr)
	fresh := func() map[string]any { return w.register("lin", addr, nil).solved() }
	with := func(p map[string]any, name string, value any) map[string]any {
		p = maps.Clone(p)
		p[name] = value
		return p
	}
	good := fresh()
	for what, proof := range map[string]map[string]any{
		"a wrong number":      with(good, "number", good["number"].(int)+1),
		"another signature":   with(good, "signature", fresh()["signature"]),
		"a longer life":       with(good, "salt", "00?expires=99999999999&purpose=register&"),
		"another algorithm":   with(good, "algorithm", "SHA-1"),
		"an unknown one":      with(good, "algorithm", "none"),
		"nothing":             {"algorithm": "", "challenge": "", "number": 0, "salt": "", "signature": ""},
		"for another purpose": w.solvedFor(t, "login"),
		"of another shop":     foreign(t),
	} {
		if a := w.register("lin", addr, proof); a.Status != 403 || a.code() != "PROOF_REQUIRED" {
			t.Errorf("%s: answer %d %s", what, a.Status, a.Body)
		}
	}
	w.register("lin", addr, good).is(201) // none of these used it up
	again := w.register("wei", addr, good).solved()

	late := fresh()
	later.Store(int64(account.ProofTTL))
	w.register("wei", addr, late).is(403, "PROOF_REQUIRED")
	later.Store(0)
	w.register("wei", addr, again).is(201)
}

// solvedFor is a good proof for another purpose, made with the shop's own key.
func (w *world) solvedFor(t *testing.T, purpose string) map[string]any {
	w.t.Helper()
	key, err := w.store.Settings.Secret(t.Context(), "proof")
	if err != nil {
		t.Fatal(err)
	}
	return solution(t, key, purpose)
}

func foreign(t *testing.T) map[string]any {
	return solution(t, "another key", account.ProofOfRegistering)
}

func solution(t *testing.T, key, purpose string) map[string]any {
	t.Helper()
	number, expires := int64(7), time.Now().Add(time.Minute)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Number: &number, HMACKey: key, Expires: &expires, Params: map[string][]string{"purpose": {purpose}},
	})
	if err != nil {
		t.Fatal(err)
	}
	return map[string]any{"algorithm": c.Algorithm, "challenge": c.Challenge, "salt": c.Salt, "signature": c.Signature, "number": number}
}

// TestRegister_OneProofManyTimesAtOnce_MakesOneAccount sends the proof to two instances.
func TestRegister_OneProofManyTimesAtOnce_MakesOneAccount(t *testing.T) {
	w := proofWorld(t)
	deps := w.deps
	w.openAccounts(&deps, proofOptions)
	second, err := New(deps)
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(second)
	t.Cleanup(server.Close)
	other := *w
	other.url = server.URL
	const addr = "203.0.113.7"
	w.useUp(addr)
	proof := other.register("lin", addr, nil).solved()
	var made, refused atomic.Int32
	var all sync.WaitGroup
	for i, at := range []*world{w, &other, w, &other, w, &other} {
		all.Go(func() {
			switch a := at.register(fmt.Sprint("lin", i), addr, proof); a.Status {
			case 201:
				made.Add(1)
			case 403:
				refused.Add(1)
			}
		})
	}
	all.Wait()
	if made.Load() != 1 || refused.Load() != 5 {
		t.Errorf("%d accounts made, %d refused", made.Load(), refused.Load())
	}
}

func TestFirstPassword_ManyUsernamesTried_IsRefused(t *testing.T) {
	w := newWorld(t)
	w.learner("taken")
	u := &shop.User{Name: "微信用户", Roles: []shop.Role{shop.RoleLearner}, CreatedAt: time.Now().UTC()}
	if _, err := w.store.WeChats.Register(t.Context(), u, "openid1", "", nil, time.Now()); err != nil {
		t.Fatal(err)
	}
	token, _, err := w.store.Tokens.Put(t.Context(), u, store.OnClient("web"), time.Now(), account.TokenTTL)
	if err != nil {
		t.Fatal(err)
	}
	choose := func(name string) answer {
		return w.do("PUT", "/api/me/password", token, map[string]string{"username": name, "password": aPassword})
	}
	for range account.Naming.Burst {
		choose("taken").is(409, "USERNAME_TAKEN")
	}
	choose("taken").is(429, "TOO_MANY_REQUESTS")
	choose("free").is(429, "TOO_MANY_REQUESTS")
}

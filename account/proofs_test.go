package account

import (
	"log/slog"
	"testing"
	"time"

	"github.com/alexedwards/argon2id"
	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/hub"
	"mstm/shop"
	"mstm/store/storetest"
)

// cheap hashes passwords at little cost.
var cheap = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}

func TestRegister_CrowdAtThisMachineToo_NeedsHarderWork(t *testing.T) {
	db := storetest.Open(t)
	h, err := NewPasswords(PasswordOptions{Params: cheap, Queue: 50 * time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	cfg := ConfigOf(db)
	cfg.Passwords, cfg.RegisterProofAfter, cfg.Now, cfg.Log = h, 5, time.Now, slog.New(slog.DiscardHandler)
	cfg.Hub = hub.New(hub.Config{Redis: db.Redis(), Log: cfg.Log})
	a, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	register := func(name string, proof *altcha.Payload) error {
		_, err := a.Register(t.Context(), Visitor{Addr: "127.0.0.1"}, Registration{Credentials: Credentials{Username: name, Password: aPassword}, Proof: proof})
		return err
	}
	for range proofCrowd {
		h.joined.Add(1)
	}
	c := challengeIn(t, register("lin", nil))
	if c.MaxNumber != proofWorkCrowded {
		t.Errorf("the work in a crowd is %d", c.MaxNumber)
	}
	if err := register("lin", solved(t, c)); err != nil {
		t.Errorf("with the proof: %v", err)
	}
	h.joined.Store(0)
	if err := register("wei", nil); err != nil {
		t.Errorf("after the crowd: %v", err)
	}
}

// challengeIn is the challenge of a refusal.
func challengeIn(t *testing.T, err error) Challenge {
	t.Helper()
	e := shop.ErrorOf(shop.CodeOf(err))
	if e == nil || e.Code != "PROOF_REQUIRED" {
		t.Fatalf("%v, want PROOF_REQUIRED", err)
	}
	return err.(*shop.Error).Extra["challenge"].(Challenge)
}

// solved does the work of a challenge.
func solved(t *testing.T, c Challenge) *altcha.Payload {
	t.Helper()
	found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.SHA256, int(c.MaxNumber), 0, nil)
	if err != nil || found == nil {
		t.Fatalf("no solution of %+v: %v", c, err)
	}
	return &altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Salt: c.Salt, Signature: c.Signature, Number: int64(found.Number)}
}

package accounts

import (
	"testing"

	"github.com/altcha-org/altcha-lib-go"

	"mstm/acceptance/shoptest"
	"mstm/store/storetest"
)

// TestRegisterProof_OneAddressAtTwoInstances_IsCountedAndGoodOnceForBoth also restarts one of them
// between the challenge and the proof.
func TestRegisterProof_OneAddressAtTwoInstances_IsCountedAndGoodOnceForBoth(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithRegisterProof)
	start := func() *shoptest.Shop {
		return shoptest.Start(t, shoptest.WithStores(mongo, redis), shoptest.WithSandboxOf(first), shoptest.WithRegisterProof)
	}
	second := start()
	register := func(s *shoptest.Shop, name string, proof any) shoptest.Answer {
		p := s.Visitor()
		p.Header.Set("X-Forwarded-For", "203.0.113.7")
		body := obj{"username": name, "password": shoptest.Password}
		if proof != nil {
			body["proof"] = proof
		}
		return p.Post("/api/register", body)
	}
	for i, name := range []string{"one1", "one2", "one3", "one4", "one5"} {
		register([]*shoptest.Shop{first, second}[i%2], name, nil).Want(201)
	}
	var asked struct{ Challenge altcha.Challenge }
	register(second, "one6", nil).WantCode(403, "PROOF_REQUIRED").Into(&asked)
	c := asked.Challenge
	found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.SHA256, 1_000_000, 0, nil)
	if err != nil || found == nil {
		t.Fatalf("no solution of %+v: %v", c, err)
	}
	proof := altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(found.Number), Salt: c.Salt, Signature: c.Signature}
	second.Stop()
	again := start()
	register(first, "one6", proof).Want(201)
	register(first, "one7", proof).WantCode(403, "PROOF_REQUIRED")
	register(again, "one7", proof).WantCode(403, "PROOF_REQUIRED")
	register(again, "one1", nil).WantCode(403, "PROOF_REQUIRED") // a taken name is tried no cheaper
}

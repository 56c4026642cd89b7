package main

import (
	"net/netip"
	"testing"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/app"
	"mstm/store/storetest"
)

// withRegisterProof asks for a proof of work after five registrations of an address, which the test
// says as a proxy does.
func withRegisterProof(s *app.Settings) {
	s.RegisterProofAfter = 5
	s.TrustedProxies = app.Networks{netip.MustParsePrefix("127.0.0.0/8")}
}

// TestRegisterProof_OneAddressAtTwoInstances_IsCountedAndGoodOnceForBoth also restarts one of them
// between the challenge and the proof.
func TestRegisterProof_OneAddressAtTwoInstances_IsCountedAndGoodOnceForBoth(t *testing.T) {
	mongo, redis := storetest.Mongo(t), storetest.Redis(t)
	first := startShop(t, withStores(mongo, redis), withRegisterProof)
	start := func() *testShop {
		return startShop(t, withStores(mongo, redis), withSandboxOf(first), withRegisterProof)
	}
	second := start()
	register := func(s *testShop, name string, proof any) answer {
		p := s.visitor()
		p.header.Set("X-Forwarded-For", "203.0.113.7")
		body := obj{"username": name, "password": testPassword}
		if proof != nil {
			body["proof"] = proof
		}
		return p.post("/api/register", body)
	}
	for i, name := range []string{"one1", "one2", "one3", "one4", "one5"} {
		register([]*testShop{first, second}[i%2], name, nil).want(201)
	}
	var asked struct{ Challenge altcha.Challenge }
	register(second, "one6", nil).wantCode(403, "PROOF_REQUIRED").into(&asked)
	c := asked.Challenge
	found, err := altcha.SolveChallenge(c.Challenge, c.Salt, altcha.SHA256, 1_000_000, 0, nil)
	if err != nil || found == nil {
		t.Fatalf("no solution of %+v: %v", c, err)
	}
	proof := altcha.Payload{Algorithm: c.Algorithm, Challenge: c.Challenge, Number: int64(found.Number), Salt: c.Salt, Signature: c.Signature}
	second.stop()
	again := start()
	register(first, "one6", proof).want(201)
	register(first, "one7", proof).wantCode(403, "PROOF_REQUIRED")
	register(again, "one7", proof).wantCode(403, "PROOF_REQUIRED")
	register(again, "one1", nil).wantCode(403, "PROOF_REQUIRED") // a taken name is tried no cheaper
}

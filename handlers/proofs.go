package handlers

import (
	"context"
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/shop"
	"mstm/store"
)

// proofOfRegistering is the purpose of a proof of work, in its challenge: a proof for one thing is none
// for another.
const proofOfRegistering = "register"

// proofTTL is how long a challenge may be solved.
const proofTTL = 5 * time.Minute

// The numbers among which a proof is searched. Half of them are tried on average: a phone tries the
// smaller sum in about a second.
const (
	proofWork        = 100_000
	proofWorkCrowded = 300_000
)

// freeRegistering is how often an address registers before it works for it.
func (s *Server) freeRegistering() store.Limit {
	n := s.RegisterProofAfter
	return store.Limit{Name: "register-free", Burst: n, Every: 10 * time.Minute / time.Duration(n)}
}

// challenge is what a proof of work is asked for with.
type challenge struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int64  `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// checkProof asks for a proof of work where the address has registered often, or very many register at
// once, and refuses a wrong proof with the next challenge. The proof is used up by spendProof.
func (s *Server) checkProof(r *http.Request, purpose string, proof *altcha.Payload) error {
	if s.RegisterProofAfter == 0 {
		return nil
	}
	crowded := s.hashing.crowded()
	if proof != nil {
		_, good, err := s.readProof(r.Context(), purpose, proof)
		if err != nil || good {
			return err
		}
		return s.askProof(r, purpose, crowded)
	}
	addr := neighbourhood(s.address(r))
	often := addr != "" && s.Store.Limits.Take(r.Context(), s.freeRegistering(), addr) > 0
	switch {
	case crowded:
		if err := s.hashing.standBack(r.Context()); err != nil {
			return err
		}
	case !often:
		return nil
	}
	return s.askProof(r, purpose, crowded)
}

// spendProof uses up a proof that checkProof let pass, nil for none.
func (s *Server) spendProof(r *http.Request, purpose string, proof *altcha.Payload) error {
	if proof == nil || s.RegisterProofAfter == 0 {
		return nil
	}
	expires, good, err := s.readProof(r.Context(), purpose, proof)
	if good && err == nil {
		good, err = s.Store.Proofs.Spend(r.Context(), proof.Signature, expires)
	}
	if err != nil || good {
		return err
	}
	return s.askProof(r, purpose, s.hashing.crowded())
}

// readProof reports whether a proof solves a challenge of this shop's for the purpose, and when the
// challenge ends.
func (s *Server) readProof(ctx context.Context, purpose string, proof *altcha.Payload) (expires time.Time, good bool, err error) {
	key, err := s.Store.Settings.Secret(ctx, "proof")
	if err != nil {
		return time.Time{}, false, err
	}
	if proof.Algorithm != string(altcha.SHA256) {
		return time.Time{}, false, nil
	}
	// The library would compare with the machine's clock, which is not always the shop's.
	good, err = altcha.VerifySolutionSafe(*proof, key, false)
	if err != nil || !good {
		return time.Time{}, false, err
	}
	said := altcha.ExtractParams(*proof)
	seconds, err := strconv.ParseInt(said.Get("expires"), 10, 64)
	if err != nil {
		return time.Time{}, false, nil
	}
	expires = time.Unix(seconds, 0)
	return expires, said.Get("purpose") == purpose && s.Now().Before(expires), nil
}

// askProof is the refusal with the next challenge.
func (s *Server) askProof(r *http.Request, purpose string, crowded bool) error {
	key, err := s.Store.Settings.Secret(r.Context(), "proof")
	if err != nil {
		return err
	}
	work := int64(proofWork)
	if crowded {
		work = proofWorkCrowded
	}
	expires := s.Now().Add(proofTTL)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256, MaxNumber: work, HMACKey: key, Expires: &expires, Params: url.Values{"purpose": {purpose}},
	})
	if err != nil {
		return err
	}
	s.event(r, "proof of work asked for", slog.String("addr", s.address(r)), slog.Bool("crowded", crowded))
	return shop.ErrProofRequired.With("challenge", challenge(c))
}

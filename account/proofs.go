package account

import (
	"context"
	"log/slog"
	"net/url"
	"strconv"
	"time"

	altcha "github.com/altcha-org/altcha-lib-go"

	"mstm/shop"
	"mstm/store"
	"mstm/store/redisstore"
)

// ProofOfRegistering is the purpose of a proof of work, in its challenge: a proof for one thing is none
// for another.
const ProofOfRegistering = "register"

// ProofTTL is how long a challenge may be solved.
const ProofTTL = 5 * time.Minute

// The numbers among which a proof is searched. Half of them are tried on average: a phone tries the
// smaller sum in about a second.
const (
	proofWork        = 100_000
	proofWorkCrowded = 300_000
)

// proofs asks for proofs of work and checks them.
type proofs struct {
	after     int // registrations of an address within ten minutes are free; 0: all
	limits    *redisstore.Limits
	settings  *store.Settings // hold the key of the challenges
	spent     *store.Proofs
	passwords *Passwords
	now       func() time.Time
	log       *slog.Logger
}

// free is how often an address does something before it works for it.
func (p *proofs) free(purpose string) redisstore.Limit {
	n := p.after
	return redisstore.Limit{Name: purpose + "-free", Burst: n, Every: 10 * time.Minute / time.Duration(n)}
}

// Challenge is what a proof of work is asked for with.
type Challenge struct {
	Algorithm string `json:"algorithm"`
	Challenge string `json:"challenge"`
	MaxNumber int64  `json:"maxnumber"`
	Salt      string `json:"salt"`
	Signature string `json:"signature"`
}

// check asks for a proof of work where the address has done it often, or very many register at
// once, and refuses a wrong proof with the next challenge. The proof is used up by spend.
func (p *proofs) check(ctx context.Context, v Visitor, purpose string, proof *altcha.Payload) error {
	if p.after == 0 {
		return nil
	}
	crowded := p.passwords.crowded()
	if proof != nil {
		_, good, err := p.read(ctx, purpose, proof)
		if err != nil || good {
			return err
		}
		return p.ask(ctx, v, purpose, crowded)
	}
	addr := Neighbourhood(v.Addr)
	often := addr != "" && p.limits.Take(ctx, p.free(purpose), addr) > 0
	switch {
	case crowded:
		if err := p.passwords.standBack(ctx); err != nil {
			return err
		}
	case !often:
		return nil
	}
	return p.ask(ctx, v, purpose, crowded)
}

// spend uses up a proof that check let pass, nil for none.
func (p *proofs) spend(ctx context.Context, v Visitor, purpose string, proof *altcha.Payload) error {
	if proof == nil || p.after == 0 {
		return nil
	}
	expires, good, err := p.read(ctx, purpose, proof)
	if good && err == nil {
		good, err = p.spent.Spend(ctx, proof.Signature, expires)
	}
	if err != nil || good {
		return err
	}
	return p.ask(ctx, v, purpose, p.passwords.crowded())
}

// read reports whether a proof solves a challenge of this shop's for the purpose, and when the
// challenge ends.
func (p *proofs) read(ctx context.Context, purpose string, proof *altcha.Payload) (expires time.Time, good bool, err error) {
	key, err := p.settings.Secret(ctx, "proof")
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
	return expires, said.Get("purpose") == purpose && p.now().Before(expires), nil
}

// ask is the refusal with the next challenge.
func (p *proofs) ask(ctx context.Context, v Visitor, purpose string, crowded bool) error {
	key, err := p.settings.Secret(ctx, "proof")
	if err != nil {
		return err
	}
	work := int64(proofWork)
	if crowded {
		work = proofWorkCrowded
	}
	expires := p.now().Add(ProofTTL)
	c, err := altcha.CreateChallenge(altcha.ChallengeOptions{
		Algorithm: altcha.SHA256, MaxNumber: work, HMACKey: key, Expires: &expires, Params: url.Values{"purpose": {purpose}},
	})
	if err != nil {
		return err
	}
	v.log(ctx, p.log, "proof of work asked for", slog.String("addr", v.Addr), slog.Bool("crowded", crowded))
	return shop.ErrProofRequired.With("challenge", Challenge(c))
}

package store

import (
	"context"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"
)

// spentProof is a proof of work that was used. Inserting it decides, so a proof is good once at
// all instances together. The row is kept until the proof is too old anyway.
type spentProof struct {
	ID        string    `bson:"_id"`
	ExpiresAt time.Time `bson:"expires_at"`
}

// proofsRemoved is how many rows that are over one use of a proof removes: more than it adds.
const proofsRemoved = 3

// Proofs are the proofs of work that were used.
type Proofs struct {
	*base
	docs Collection[spentProof]
}

func newProofs(b *base) *Proofs {
	return &Proofs{base: b, docs: newCollection[spentProof](b, "proofs")}
}

// Spend uses a proof of work up and reports whether this call did it; false means that it
// was used before. The proof must be refused by its age from expires on.
func (s *Proofs) Spend(ctx context.Context, id string, expires time.Time) (bool, error) {
	fresh, err := s.docs.Insert(ctx, &spentProof{id, expires.UTC()})
	if err != nil {
		return false, err
	}
	if err := s.removeOld(ctx); err != nil {
		s.log.WarnContext(ctx, "old proofs of work are not removed", "err", err)
	}
	return fresh, nil
}

// removeOld leaves a row a minute longer than its proof is good: the instances' clocks differ.
func (s *Proofs) removeOld(ctx context.Context) error {
	old, err := s.docs.All(ctx, bson.M{"expires_at": bson.M{"$lt": s.now().Add(-time.Minute).UTC()}},
		options.Find().SetLimit(proofsRemoved))
	for _, p := range old {
		if err == nil {
			_, err = s.docs.Delete(ctx, bson.M{"_id": p.ID})
		}
	}
	return err
}

package store

import (
	"context"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// spentProof is a proof of work that was used. Inserting it decides, so a proof is good once at
// all instances together. The row is kept until the proof is too old anyway.
type spentProof struct {
	ID        string    `bson:"_id"`
	ExpiresAt time.Time `bson:"expires_at"`
}

// proofsRemoved is how many rows that are over one use of a proof removes: more than it adds.
const proofsRemoved = 3

// Spend uses a proof of work up and reports whether this call did it; false means that it
// was used before. The proof must be refused by its age from expires on.
func (s *Proofs) Spend(ctx context.Context, id string, expires time.Time) (bool, error) {
	fresh, err := s.insertOnce(ctx, s.coll("proofs"), spentProof{id, expires.UTC()})
	if err != nil {
		return false, fmt.Errorf("spend a proof: %w", err)
	}
	if err := s.removeOld(ctx); err != nil {
		s.log.WarnContext(ctx, "old proofs of work are not removed", "err", err)
	}
	return fresh, nil
}

// removeOld leaves a row a minute longer than its proof is good: the instances' clocks differ.
func (s *Proofs) removeOld(ctx context.Context) error {
	old, err := findAll[spentProof](ctx, s.coll("proofs"), bson.M{"expires_at": bson.M{"$lt": s.now().Add(-time.Minute).UTC()}},
		options.Find().SetLimit(proofsRemoved))
	for _, p := range old {
		if err == nil {
			_, err = s.deleteIf(ctx, s.coll("proofs"), bson.M{"_id": p.ID})
		}
	}
	return err
}

// Secret is a random key by name, the same for all instances and after restarts: one setting, inserted
// once by the first instance that asks. Deleting the setting ends the key at the instances' next start.
func (s *Settings) Secret(ctx context.Context, name string) (string, error) {
	if known, ok := s.secrets.Load(name); ok {
		return known.(string), nil
	}
	key, value := "secret."+name, ""
	for range maxConflicts {
		found, err := s.Get(ctx, key, &value)
		if err != nil {
			return "", err
		}
		if found {
			s.secrets.Store(name, value)
			return value, nil
		}
		if _, err := s.insertOnce(ctx, s.coll("settings"), bson.M{"_id": key, "value": newID() + newID()}); err != nil {
			return "", fmt.Errorf("make secret %s: %w", name, err)
		}
	}
	return "", fmt.Errorf("make secret %s: %w", name, shop.ErrUnavailable)
}

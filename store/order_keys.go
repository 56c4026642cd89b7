package store

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// OrderKey is what a learner's Idempotency-Key stands for: the body it came with, the
// order it may place, and the answer once there is one. It lives as long as the order.
type OrderKey struct {
	ID        string    `bson:"_id"` // user:SHA-256 of the key
	BodyHash  string    `bson:"body_hash"`
	OrderID   string    `bson:"order_id"`
	Status    int       `bson:"status,omitempty"` // of the answer, 0 while there is none
	Reply     []byte    `bson:"reply,omitempty"`
	Idle      bool      `bson:"idle"` // its last use ended without an answer: the next need not wait for one
	CreatedAt time.Time `bson:"created_at"`
}

func orderKeyID(userID, key string) string {
	sum := sha256.Sum256([]byte(key))
	return userID + ":" + hex.EncodeToString(sum[:])
}

// ClaimOrderKey makes the key the learner's for this body. fresh is false where it was
// taken before; what stands there is returned then, for the caller to compare.
func (s *Store) ClaimOrderKey(ctx context.Context, userID, key, bodyHash string, now time.Time) (k *OrderKey, fresh bool, err error) {
	k = &OrderKey{ID: orderKeyID(userID, key), BodyHash: bodyHash, OrderID: NewID(), CreatedAt: now.UTC()}
	fresh, err = s.insertOnce(ctx, s.coll("order_keys"), k)
	if err != nil {
		return nil, false, fmt.Errorf("claim order key: %w", err)
	}
	if fresh {
		return k, true, nil
	}
	k, err = findByID[OrderKey](ctx, s.coll("order_keys"), k.ID, shop.ErrOrderNotFound)
	if err != nil {
		return nil, false, fmt.Errorf("order key: %w", err)
	}
	return k, false, nil
}

// OrderKey reads a key again; shop.ErrOrderNotFound where it was given up meanwhile.
func (s *Store) OrderKey(ctx context.Context, id string) (*OrderKey, error) {
	return findByID[OrderKey](ctx, s.coll("order_keys"), id, shop.ErrOrderNotFound)
}

// RenewOrderKey gives the key another order id, because the one it had was abandoned.
func (s *Store) RenewOrderKey(ctx context.Context, k *OrderKey) error {
	_, err := s.updateIf(ctx, s.coll("order_keys"), bson.M{"_id": k.ID, "order_id": k.OrderID}, bson.M{"$set": bson.M{"order_id": NewID()}})
	if err != nil {
		return fmt.Errorf("renew order key: %w", err)
	}
	fresh, err := s.OrderKey(ctx, k.ID)
	if err != nil {
		return err
	}
	*k = *fresh
	return nil
}

// AnswerOrderKey keeps the answer to a key's first use and returns the one that stands:
// the first to be kept wins, so that every repeat reads the same bytes.
func (s *Store) AnswerOrderKey(ctx context.Context, id string, status int, reply []byte) (*OrderKey, error) {
	_, err := s.updateIf(ctx, s.coll("order_keys"), bson.M{"_id": id, "status": nil}, bson.M{"$set": bson.M{"status": status, "reply": reply}})
	if err != nil {
		return nil, fmt.Errorf("answer order key: %w", err)
	}
	return s.OrderKey(ctx, id)
}

// PauseOrderKey notes that a use of the key ended without an answer, although its order
// stands.
func (s *Store) PauseOrderKey(ctx context.Context, k *OrderKey) error {
	_, err := s.updateIf(ctx, s.coll("order_keys"), bson.M{"_id": k.ID, "idle": false}, bson.M{"$set": bson.M{"idle": true}})
	if err != nil {
		return fmt.Errorf("pause order key: %w", err)
	}
	return nil
}

// ResumeOrderKey takes a paused key up again and reports whether this call did it.
func (s *Store) ResumeOrderKey(ctx context.Context, k *OrderKey) (bool, error) {
	won, err := s.updateIf(ctx, s.coll("order_keys"), bson.M{"_id": k.ID, "idle": true}, bson.M{"$set": bson.M{"idle": false}})
	if err != nil {
		return false, fmt.Errorf("resume order key: %w", err)
	}
	return won, nil
}

// ForgetOrderKey gives up a key under which nothing was placed, so that the buyer may use
// it again for the body that was agreed on after the refusal.
func (s *Store) ForgetOrderKey(ctx context.Context, k *OrderKey) error {
	_, err := s.deleteIf(ctx, s.coll("order_keys"), bson.M{"_id": k.ID, "order_id": k.OrderID, "status": nil})
	if err != nil {
		return fmt.Errorf("forget order key: %w", err)
	}
	return nil
}

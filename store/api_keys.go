package store

import (
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// APIKey lets a program use a part of the API. Only the hash of its secret is kept.
type APIKey struct {
	ID        string    `bson:"_id" json:"id"`
	Name      string    `bson:"name" json:"name"`
	Scopes    []string  `bson:"scopes" json:"scopes"`
	Hash      []byte    `bson:"hash" json:"-"` // SHA-256 of the secret
	CreatedBy string    `bson:"created_by" json:"created_by"`
	CreatedAt time.Time `bson:"created_at" json:"created_at"`
	// LastUsed is when a call with it was last written down, at most once a minute.
	LastUsed *time.Time `bson:"last_used" json:"last_used,omitempty"`
}

// Has reports whether the key may do what needs scope.
func (k APIKey) Has(scope string) bool { return slices.Contains(k.Scopes, scope) }

// apiKeyPrefix tells an API key from a login's token; whoever finds a lost one can tell
// what it is.
const apiKeyPrefix = "mstmkey."

// IsAPIKey reports whether a bearer token means to be an API key.
func IsAPIKey(token string) bool { return strings.HasPrefix(token, apiKeyPrefix) }

// InsertAPIKey makes a key and returns its text, which is kept nowhere.
func (s *Store) InsertAPIKey(ctx context.Context, name string, scopes []string, by string, now time.Time) (string, APIKey, error) {
	secret, hash := newSecret()
	k := APIKey{ID: newID(), Name: name, Scopes: scopes, Hash: hash, CreatedBy: by, CreatedAt: now.UTC()}
	if _, err := s.insertOnce(ctx, s.coll("api_keys"), k); err != nil {
		return "", APIKey{}, fmt.Errorf("insert API key: %w", err)
	}
	return apiKeyPrefix + k.ID + "." + secret, k, nil
}

// AuthenticateKey tells which key it is; shop.ErrUnauthenticated where it is none. The
// row is read each time, so that a revoked key is dead at once.
func (s *Store) AuthenticateKey(ctx context.Context, key string) (APIKey, error) {
	rest, ok := strings.CutPrefix(key, apiKeyPrefix)
	id, secret, _ := strings.Cut(rest, ".")
	hash, valid := hashSecret(secret)
	if !ok || !valid || !shop.ValidID(id) {
		return APIKey{}, shop.ErrUnauthenticated
	}
	k, err := findByID[APIKey](ctx, s.coll("api_keys"), id, shop.ErrUnauthenticated)
	if errors.Is(err, shop.ErrUnauthenticated) {
		return APIKey{}, err
	}
	if err != nil {
		return APIKey{}, fmt.Errorf("authenticate key: %w", err)
	}
	if subtle.ConstantTimeCompare(k.Hash, hash) != 1 {
		return APIKey{}, shop.ErrUnauthenticated
	}
	return *k, nil
}

// NoteKeyUse writes down that a key was used now, unless that was done within the minute.
func (s *Store) NoteKeyUse(ctx context.Context, k APIKey, now time.Time) error {
	if k.LastUsed != nil && now.Sub(*k.LastUsed).Abs() < time.Minute {
		return nil
	}
	_, err := s.updateIf(ctx, s.coll("api_keys"), bson.M{"_id": k.ID}, bson.M{"$set": bson.M{"last_used": now.UTC()}})
	if err != nil {
		return fmt.Errorf("note the use of a key: %w", err)
	}
	return nil
}

// APIKeys lists the keys, newest first.
func (s *Store) APIKeys(ctx context.Context) ([]APIKey, error) {
	return findAll[APIKey](ctx, s.coll("api_keys"), bson.M{}, options.Find().SetSort(bson.D{{Key: "created_at", Value: -1}}))
}

// DeleteAPIKey revokes a key; shop.ErrAPIKeyNotFound where there is none.
func (s *Store) DeleteAPIKey(ctx context.Context, id string) error {
	done, err := s.deleteByID(ctx, s.coll("api_keys"), id)
	if err != nil {
		return fmt.Errorf("delete API key: %w", err)
	}
	if !done {
		return shop.ErrAPIKeyNotFound
	}
	return nil
}

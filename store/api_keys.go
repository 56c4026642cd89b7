package store

import (
	"context"
	"crypto/subtle"
	"errors"
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
	// ExpiresAt is the first instant too late. A key from before keys ended has none; it gets one when it
	// is next seen.
	ExpiresAt time.Time `bson:"expires_at,omitempty" json:"expires_at"`
	// MakerSince is the maker's AdminSince: an account that becomes an administrator again does not
	// revive the key.
	MakerSince int64 `bson:"maker_since,omitempty" json:"-"`
	// LastUsed is when a call with it was last written down, at most once a minute.
	LastUsed *time.Time `bson:"last_used" json:"last_used,omitempty"`
}

// Has reports whether the key may do what needs scope.
func (k APIKey) Has(scope string) bool { return slices.Contains(k.Scopes, scope) }

// apiKeyPrefix marks an API key: it is no login's token, and a lost one is recognised in a log or
// a repository.
const apiKeyPrefix = "mstmkey."

// IsAPIKey reports whether a bearer token means to be an API key.
func IsAPIKey(token string) bool { return strings.HasPrefix(token, apiKeyPrefix) }

// KeyTTL is how long a key is good where its maker does not say, and one from before keys ended.
const KeyTTL = 90 * 24 * time.Hour

// APIKeys are the keys with which programs use the API.
type APIKeys struct {
	*base
	docs  Collection[APIKey]
	audit *Audit
	users *Users
}

func newAPIKeys(b *base) *APIKeys {
	docs := newCollection[APIKey](b, "api_keys")
	docs.missing = shop.ErrAPIKeyNotFound
	return &APIKeys{base: b, docs: docs}
}

// Insert makes a key that is good until expires, and returns its text, which is kept nowhere. by
// is its maker; shop.ErrForbidden where that is no administrator any more. The audit has it first.
func (s *APIKeys) Insert(ctx context.Context, name string, scopes []string, by string, expires, now time.Time) (string, APIKey, error) {
	maker, err := s.users.Get(ctx, by)
	if errors.Is(err, shop.ErrUserNotFound) || err == nil && !maker.IsAdmin() {
		err = shop.ErrForbidden
	}
	if err != nil {
		return "", APIKey{}, err
	}
	secret, hash := newSecret()
	k := APIKey{
		ID: newID(), Name: name, Scopes: scopes, Hash: hash, CreatedBy: by, CreatedAt: now.UTC(),
		ExpiresAt: expires.UTC().Truncate(time.Millisecond), MakerSince: maker.AdminSince,
	}
	if err := s.record(ctx, k.ID, "api_key_created", by, now, map[string]string{
		"name": name, "scopes": strings.Join(scopes, ","), "expires_at": k.ExpiresAt.Format(time.RFC3339),
	}); err != nil {
		return "", APIKey{}, err
	}
	if _, err := s.docs.Insert(ctx, &k); err != nil {
		return "", APIKey{}, err
	}
	return apiKeyPrefix + k.ID + "." + secret, k, nil
}

func (s *APIKeys) record(ctx context.Context, id, act, by string, now time.Time, data map[string]string) error {
	return s.audit.add(ctx, AuditRow{ID: "key:" + id + ":" + act, Object: "key:" + id, Act: act, By: by, At: now.UTC(), Data: data})
}

// Authenticate finds an API key; shop.ErrUnauthenticated where there is none, it has expired, or its
// maker is no administrator any more. The rows are read each time, so that a key is dead at once.
func (s *APIKeys) Authenticate(ctx context.Context, key string, now time.Time) (APIKey, error) {
	rest, ok := strings.CutPrefix(key, apiKeyPrefix)
	id, secret, _ := strings.Cut(rest, ".")
	hash, valid := hashSecret(secret)
	if !ok || !valid || !shop.ValidID(id) {
		return APIKey{}, shop.ErrUnauthenticated
	}
	k, err := s.good(ctx, id, now)
	if err != nil {
		return APIKey{}, err
	}
	if subtle.ConstantTimeCompare(k.Hash, hash) != 1 {
		return APIKey{}, shop.ErrUnauthenticated
	}
	return *k, nil
}

// good is the key of an id as long as it may be used; else shop.ErrUnauthenticated.
func (s *APIKeys) good(ctx context.Context, id string, now time.Time) (*APIKey, error) {
	k, err := s.docs.Get(ctx, id)
	if errors.Is(err, shop.ErrAPIKeyNotFound) {
		return nil, shop.ErrUnauthenticated
	}
	if err != nil {
		return nil, err
	}
	if err := s.endOld(ctx, k, now); err != nil {
		return nil, err
	}
	maker, err := s.users.Get(ctx, k.CreatedBy)
	if err != nil && !errors.Is(err, shop.ErrUserNotFound) {
		return nil, err
	}
	if err != nil || k.Ended(maker, now) != "" {
		return nil, shop.ErrUnauthenticated
	}
	return k, nil
}

// Ended says why a key is dead: "expired", "maker", or "" where it is good. maker is nil where there is none.
func (k APIKey) Ended(maker *shop.User, now time.Time) string {
	switch {
	case maker == nil || !maker.IsAdmin() || maker.AdminSince != k.MakerSince:
		return "maker"
	case !now.Before(k.ExpiresAt):
		return "expired"
	}
	return ""
}

// endOld gives a key from before keys ended its end, counted from now.
func (s *APIKeys) endOld(ctx context.Context, k *APIKey, now time.Time) error {
	if !k.ExpiresAt.IsZero() {
		return nil
	}
	k.ExpiresAt = now.UTC().Add(KeyTTL).Truncate(time.Millisecond)
	_, err := s.docs.Update(ctx, bson.M{"_id": k.ID, "expires_at": nil}, bson.M{"$set": bson.M{"expires_at": k.ExpiresAt}})
	return failed("end an old key", err)
}

// MayBroadcast reports whether a user, or a key as key:ID, may still send broadcasts.
func (s *APIKeys) MayBroadcast(ctx context.Context, by string, now time.Time) (bool, error) {
	if id, isKey := strings.CutPrefix(by, "key:"); isKey {
		_, err := s.good(ctx, id, now)
		if errors.Is(err, shop.ErrUnauthenticated) {
			return false, nil
		}
		return err == nil, err
	}
	u, err := s.users.Get(ctx, by)
	if errors.Is(err, shop.ErrUserNotFound) {
		return false, nil
	}
	return err == nil && u.DeletedAt == nil && shop.MayActAs(u.Roles, shop.RoleMarketer), err
}

// NoteUse writes down that a key was used now, unless that was done within the minute.
func (s *APIKeys) NoteUse(ctx context.Context, k APIKey, now time.Time) error {
	if k.LastUsed != nil && now.Sub(*k.LastUsed).Abs() < time.Minute {
		return nil
	}
	_, err := s.docs.Update(ctx, bson.M{"_id": k.ID}, bson.M{"$set": bson.M{"last_used": now.UTC()}})
	return err
}

// All lists the keys, newest first.
func (s *APIKeys) All(ctx context.Context, now time.Time) ([]APIKey, error) {
	keys, err := s.docs.All(ctx, bson.M{}, options.Find().SetSort(bson.D{{Key: "created_at", Value: -1}}))
	for i := range keys {
		err = errors.Join(err, s.endOld(ctx, &keys[i], now))
	}
	return keys, err
}

// Delete revokes a key; shop.ErrAPIKeyNotFound where there is none. The audit has it first.
func (s *APIKeys) Delete(ctx context.Context, id, by string, now time.Time) error {
	if _, err := s.docs.Get(ctx, id); err != nil {
		return err
	}
	if err := s.record(ctx, id, "api_key_revoked", by, now, nil); err != nil {
		return err
	}
	done, err := s.docs.DeleteByID(ctx, id)
	if err == nil && !done {
		err = shop.ErrAPIKeyNotFound
	}
	return err
}

package account

import (
	"context"
	"errors"
	"time"

	"mstm/shop"
	"mstm/store"
)

// APIKeys are the accounts of programs: administrators make and revoke them.
type APIKeys struct {
	Keys  *store.APIKeys
	Users *store.Users
	Now   func() time.Time
}

// maxKeyTTL is how long a key may be good at most.
const maxKeyTTL = 366 * 24 * time.Hour

// APIKey is a key without its secret.
type APIKey struct {
	store.APIKey
	Maker string // the username of CreatedBy; "" where there is no such account any more
	Ended string // why it is dead, see store.APIKey.Ended
}

// NewAPIKey is what an administrator says of a new key. Without an end it is good for store.KeyTTL.
type NewAPIKey struct {
	Name      string
	Scopes    []string
	ExpiresAt *time.Time
}

// Create makes a key in the name of the administrator by. Its text is returned here and nowhere else: only its hash is
// kept.
func (a APIKeys) Create(ctx context.Context, by string, in NewAPIKey) (text string, _ APIKey, err error) {
	if in.Name, err = shop.CleanLine("name", in.Name, 1, shop.MaxName); err != nil {
		return "", APIKey{}, err
	}
	if in.Scopes, err = shop.CheckScopes(in.Scopes); err != nil {
		return "", APIKey{}, err
	}
	now := a.Now()
	ends := now.Add(store.KeyTTL)
	if in.ExpiresAt != nil {
		ends = *in.ExpiresAt
	}
	if !ends.After(now) || ends.After(now.Add(maxKeyTTL)) {
		return "", APIKey{}, shop.ErrInvalidField.At("expires_at").Because("失效时间须在将来，且不超过一年", "The end must lie ahead, by at most a year.")
	}
	text, key, err := a.Keys.Insert(ctx, in.Name, in.Scopes, by, ends, now)
	if err != nil {
		return "", APIKey{}, err
	}
	maker, err := a.Users.Get(ctx, key.CreatedBy)
	if err != nil {
		return "", APIKey{}, err
	}
	return text, a.with(key, maker), nil
}

// with adds to a key what its maker says of it; nil is an account that is not there any more.
func (a APIKeys) with(k store.APIKey, maker *shop.User) APIKey {
	all := APIKey{APIKey: k, Ended: k.Ended(maker, a.Now())}
	if maker != nil {
		all.Maker = maker.Username
	}
	return all
}

// All are the keys, newest first, the ended ones included.
func (a APIKeys) All(ctx context.Context) (all []APIKey, err error) {
	keys, err := a.Keys.All(ctx, a.Now())
	if err != nil {
		return nil, err
	}
	makers := map[string]*shop.User{}
	for _, k := range keys {
		maker, read := makers[k.CreatedBy]
		if !read {
			maker, err = a.Users.Get(ctx, k.CreatedBy)
			if err != nil && !errors.Is(err, shop.ErrUserNotFound) {
				return nil, err
			}
			makers[k.CreatedBy] = maker
		}
		all = append(all, a.with(k, maker))
	}
	return all, nil
}

// Delete revokes a key, in the name of the administrator by: it is dead at once.
func (a APIKeys) Delete(ctx context.Context, id, by string) error {
	return a.Keys.Delete(ctx, id, by, a.Now())
}

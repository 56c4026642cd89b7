package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// setting is one small thing that the shop remembers about itself.
type setting struct {
	ID    string        `bson:"_id"`
	Value bson.RawValue `bson:"value"`
}

var errNoSetting = errors.New("no such setting")

// Settings are small things that the shop remembers about itself.
type Settings struct {
	*base

	secrets sync.Map // of Secret, by name
}

// Get reads what was put under key into v, a pointer; found is false, and v as it
// was, where nothing was.
func (s *Settings) Get(ctx context.Context, key string, v any) (found bool, err error) {
	row, err := findByID[setting](ctx, s.coll("settings"), key, errNoSetting)
	if errors.Is(err, errNoSetting) {
		return false, nil
	}
	if err == nil {
		err = row.Value.Unmarshal(v)
	}
	if err != nil {
		return false, fmt.Errorf("setting %s: %w", key, err)
	}
	return true, nil
}

// Put keeps v, anything that BSON can hold, under key.
func (s *Settings) Put(ctx context.Context, key string, v any) error {
	row := bson.M{"_id": key, "value": v}
	for range maxConflicts {
		ok, err := s.replaceIf(ctx, s.coll("settings"), bson.M{"_id": key}, row)
		if !ok && err == nil {
			ok, err = s.insertOnce(ctx, s.coll("settings"), row)
		}
		if err != nil {
			return fmt.Errorf("put setting %s: %w", key, err)
		}
		if ok {
			return nil
		}
	}
	return fmt.Errorf("put setting %s: %w: too many writers", key, shop.ErrUnavailable)
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

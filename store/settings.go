package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"go.mongodb.org/mongo-driver/v2/bson"
)

// setting is one small thing that the shop remembers about itself.
type setting struct {
	ID    string        `bson:"_id"`
	Value bson.RawValue `bson:"value"`
}

// writtenSetting is a setting as it is written: any value that BSON can hold.
type writtenSetting struct {
	ID    string `bson:"_id"`
	Value any    `bson:"value"`
}

// Settings are small things that the shop remembers about itself.
type Settings struct {
	*base
	docs    Collection[setting]
	written Collection[writtenSetting]

	secrets sync.Map // of Secret, by name
}

func newSettings(b *base) *Settings {
	s := &Settings{base: b, docs: newCollection[setting](b, "settings")}
	s.written = newCollection[writtenSetting](b, "settings")
	return s
}

// Get reads what was put under key into v, a pointer; where nothing was, v stays as it was and
// the error is ErrNotFound.
func (s *Settings) Get(ctx context.Context, key string, v any) error {
	row, err := s.docs.Get(ctx, key)
	if err != nil {
		return err
	}
	if err := row.Value.Unmarshal(v); err != nil {
		return fmt.Errorf("setting %s: %w", key, err)
	}
	return nil
}

// Put keeps v, anything that BSON can hold, under key.
func (s *Settings) Put(ctx context.Context, key string, v any) error {
	return s.written.Put(ctx, key, &writtenSetting{key, v})
}

// Secret is a random key by name, the same for all instances and after restarts: one setting, inserted
// once by the first instance that asks. Deleting the setting ends the key at the instances' next start.
func (s *Settings) Secret(ctx context.Context, name string) (value string, err error) {
	if known, ok := s.secrets.Load(name); ok {
		return known.(string), nil
	}
	key := "secret." + name
	err = untilDone("make secret "+name, func() (bool, error) {
		err := s.Get(ctx, key, &value)
		if errors.Is(err, ErrNotFound) {
			_, err = s.written.Insert(ctx, &writtenSetting{key, newID() + newID()})
			return false, err // what stands there is read next
		}
		return true, err
	})
	if err == nil {
		s.secrets.Store(name, value)
	}
	return value, err
}

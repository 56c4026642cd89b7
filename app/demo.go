package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"

	"mstm/account"
	"mstm/shop"
	"mstm/store"
	"mstm/store/sample"
)

// demoKey marks a store that the sample was put into once; what is deleted later stays
// deleted.
const demoKey = "demo"

type demoSetting struct {
	SeededAt time.Time `bson:"seeded_at"`
}

// seedDemo puts the sample catalogue and an account for each role into a fresh store.
// Every id is fixed, so two instances that start at once put in the same.
func seedDemo(ctx context.Context, db *store.DB, hashing account.PasswordOptions, now time.Time) error {
	var done demoSetting
	if err := db.Settings.Get(ctx, demoKey, &done); !errors.Is(err, store.ErrNotFound) {
		return err
	}
	for _, c := range sample.Categories() {
		if _, err := db.Categories.Insert(ctx, c); err != nil {
			return fmt.Errorf("sample category %s: %w", c.ID, err)
		}
	}
	for _, c := range sample.Courses(now) {
		if _, err := db.Courses.Insert(ctx, &c); err != nil {
			return fmt.Errorf("sample course %s: %w", c.ID, err)
		}
	}
	for _, a := range sample.Accounts() {
		if err := seedAccount(ctx, db, a, hashing, now); err != nil {
			return fmt.Errorf("sample account %s: %w", a.Username, err)
		}
	}
	return db.Settings.Put(ctx, demoKey, demoSetting{now})
}

func seedAccount(ctx context.Context, db *store.DB, a sample.Account, hashing account.PasswordOptions, now time.Time) error {
	hash, err := account.HashPassword(a.Password, hashing)
	if err != nil {
		return err
	}
	err = db.Users.Insert(ctx, &shop.User{
		ID: "demo" + a.Username, Username: a.Username, Name: a.Name, PasswordHash: hash,
		Roles: []shop.Role{shop.Role(a.Role)}, CreatedAt: now,
	})
	if errors.Is(err, shop.ErrUsernameTaken) {
		return nil
	}
	return err
}

// refuseDemoAccounts fails where an account still has the published demo password.
func refuseDemoAccounts(ctx context.Context, db *store.DB) error {
	for _, a := range sample.Accounts() {
		u, err := db.Users.ByUsername(ctx, a.Username)
		if errors.Is(err, shop.ErrUserNotFound) {
			continue
		}
		if err != nil {
			return err
		}
		same, err := argon2id.ComparePasswordAndHash(a.Password, u.PasswordHash)
		if err == nil && same {
			return fmt.Errorf("MONGODB_URI: the demo account %q is in this database with its public password; production does not start with it", a.Username)
		}
	}
	return nil
}

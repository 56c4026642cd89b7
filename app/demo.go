package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/alexedwards/argon2id"

	"mstm/account"
	"mstm/lessontext"
	"mstm/media"
	"mstm/shop"
	frontpage "mstm/shop/front"
	"mstm/shop/papers"
	"mstm/store"
	"mstm/store/sample"
)

// demoKey marks a store that the sample was put into once; what is deleted later stays
// deleted.
const demoKey = "demo"

type demoSetting struct {
	SeededAt time.Time `bson:"seeded_at"`
}

// seedDemo puts the sample catalogue and an account for each role into a fresh store, and reports whether it did:
// then endSeeding is still to come. Every id is fixed, so two instances that start at once put in the same.
func seedDemo(ctx context.Context, db *store.DB, hashing account.PasswordOptions, now time.Time) (fresh bool, err error) {
	var done demoSetting
	if err := db.Settings.Get(ctx, demoKey, &done); !errors.Is(err, store.ErrNotFound) {
		return false, err
	}
	for _, c := range sample.Categories() {
		if _, err := db.Categories.Insert(ctx, c); err != nil {
			return false, fmt.Errorf("sample category %s: %w", c.ID, err)
		}
	}
	for _, c := range sample.Courses(now) {
		if _, err := db.Courses.Insert(ctx, &c); err != nil {
			return false, fmt.Errorf("sample course %s: %w", c.ID, err)
		}
	}
	for _, a := range sample.Accounts() {
		if err := seedAccount(ctx, db, a, hashing, now); err != nil {
			return false, fmt.Errorf("sample account %s: %w", a.Username, err)
		}
	}
	if err := db.Papers.Put(ctx, papers.Default(), papers.Sample(now)); err != nil && !errors.Is(err, shop.ErrEditConflict) {
		return false, fmt.Errorf("sample papers: %w", err)
	}
	return true, nil
}

// endSeeding puts in the sample's files and the texts that show them, and notes that the sample is there. Where
// the shop keeps no files, files is nil, and the texts stay without pictures.
func endSeeding(ctx context.Context, db *store.DB, files *media.Library, now time.Time) error {
	for _, f := range sample.Files() {
		if files == nil {
			break
		}
		added := media.Added{ID: f.ID, Name: f.Name, By: "demoeditor", Body: f.Body, Poster: f.Poster, DurationMS: f.DurationMS}
		if err := files.Add(ctx, added); err != nil {
			return fmt.Errorf("sample file %s: %w", f.Name, err)
		}
	}
	for _, t := range sample.Texts() {
		if err := seedText(ctx, db, t); err != nil {
			return fmt.Errorf("sample text %s of %s: %w", t.LessonID, t.CourseID, err)
		}
	}
	if err := seedFront(ctx, db, files != nil, now); err != nil {
		return fmt.Errorf("sample front page: %w", err)
	}
	return db.Settings.Put(ctx, demoKey, demoSetting{now})
}

// seedFront arranges the front page, once its picture is there. A shop without files has no banner.
func seedFront(ctx context.Context, db *store.DB, hasFiles bool, now time.Time) error {
	page := sample.Front(now)
	if !hasFiles {
		page.Banners = nil
	}
	if err := db.Front.Put(ctx, &frontpage.Front{}, page); !errors.Is(err, shop.ErrEditConflict) {
		return err
	}
	return nil // it is there already
}

func seedText(ctx context.Context, db *store.DB, t sample.Text) error {
	made, err := lessontext.Render(t.Text)
	if err != nil {
		return err
	}
	row := store.LessonText{CourseID: t.CourseID, LessonID: t.LessonID, Text: t.Text, Media: made.Pictures(), By: "demoeditor"}
	if _, err := db.LessonTexts.Put(ctx, row, new(int64)); !errors.Is(err, shop.ErrEditConflict) {
		return err
	}
	return nil // it is there already
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

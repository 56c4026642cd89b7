package store

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"mstm/shop"
)

func TestAUsernameIsTakenOnce(t *testing.T) {
	s := open(t, t.TempDir())
	var won atomic.Int32
	var wg sync.WaitGroup
	for range 16 {
		wg.Go(func() {
			err := s.Users.Insert(context.Background(), &shop.User{Username: "Ada", CreatedAt: logIn})
			switch {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, shop.ErrUsernameTaken):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if won.Load() != 1 {
		t.Errorf("%d accounts of one name", won.Load())
	}
	if u, err := s.Users.ByUsername(t.Context(), "ADA"); err != nil || u.Username != "ada" {
		t.Errorf("%+v, %v", u, err)
	}
}

func TestARegistrationThatDiedHalfWayDoesNotBlockTheName(t *testing.T) {
	s := open(t, t.TempDir())
	if err := s.Users.claimUsername(t.Context(), &shop.User{ID: "dead", Username: "ada"}); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Users.ByUsername(t.Context(), "ada"); !errors.Is(err, shop.ErrUserNotFound) {
		t.Errorf("half an account logs in: %v", err)
	}
	u := &shop.User{Username: "ada", CreatedAt: logIn}
	if err := s.Users.Insert(t.Context(), u); err != nil || u.ID != "dead" {
		t.Errorf("%q, %v", u.ID, err)
	}
	if err := s.Users.Insert(t.Context(), &shop.User{Username: "ada", CreatedAt: logIn}); !errors.Is(err, shop.ErrUsernameTaken) {
		t.Errorf("and then again: %v", err)
	}
}

func TestUsersWithoutAUsernameAreMany(t *testing.T) {
	s := open(t, t.TempDir())
	for range 2 {
		if err := s.Users.Insert(t.Context(), &shop.User{Name: "微信用户", CreatedAt: logIn}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.Users.ByUsername(t.Context(), ""); !errors.Is(err, shop.ErrUserNotFound) {
		t.Errorf("the empty username: %v", err)
	}
}

func TestAnAccountIsChanged(t *testing.T) {
	s := open(t, t.TempDir())
	u := &shop.User{Username: "ada", Name: "Ada", PasswordHash: "old", CreatedAt: logIn}
	if err := s.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if err := s.Users.ChangeProfile(t.Context(), u.ID, ProfileChange{Name: new("Ada L.")}); err != nil {
		t.Fatal(err)
	}
	if ok, err := s.Users.ReplacePassword(t.Context(), u.ID, "other", "new", true); ok || err != nil {
		t.Errorf("replaced a hash that was not there: %v, %v", ok, err)
	}
	if ok, err := s.Users.ReplacePassword(t.Context(), u.ID, "old", "new", true); !ok || err != nil {
		t.Errorf("did not replace: %v, %v", ok, err)
	}
	if got, err := s.Users.Get(t.Context(), u.ID); err != nil || got.Name != "Ada L." || got.PasswordHash != "new" || got.Username != "ada" {
		t.Errorf("%+v, %v", got, err)
	}
	if err := s.Users.ChangeProfile(t.Context(), "nobody", ProfileChange{Name: new("x")}); !errors.Is(err, shop.ErrUserNotFound) {
		t.Errorf("a missing user: %v", err)
	}
}

func TestUsersAreFoundByAPartOfTheirName(t *testing.T) {
	s := open(t, t.TempDir())
	for _, name := range []string{"ada", "grace", "ada.b"} {
		if err := s.Users.Insert(t.Context(), &shop.User{Username: name, CreatedAt: logIn}); err != nil {
			t.Fatal(err)
		}
	}
	for q, want := range map[string]int{"": 3, "ADA": 2, "a.b": 1, ".*": 0} {
		n, cursor := 0, ""
		for range 4 { // pages of one
			users, next, err := s.Users.Page(t.Context(), q, 1, cursor)
			if err != nil {
				t.Fatal(err)
			}
			n += len(users)
			if cursor = next; next == "" {
				break
			}
		}
		if n != want {
			t.Errorf("%q finds %d, want %d", q, n, want)
		}
	}
}

package account

import (
	"errors"
	"slices"
	"testing"
	"time"

	"mstm/shop"
	"mstm/store"
	"mstm/store/storetest"
)

// newAPIKeys are keys on real stores with two administrators, boss and other.
func newAPIKeys(t *testing.T) (APIKeys, *store.DB) {
	t.Helper()
	db := storetest.Open(t)
	for _, name := range []string{"boss", "other"} {
		u := &shop.User{ID: name, Username: name, Roles: []shop.Role{shop.RoleAdmin}, CreatedAt: time.Now()}
		if err := db.Users.Insert(t.Context(), u); err != nil {
			t.Fatal(err)
		}
	}
	return APIKeys{Keys: db.APIKeys, Users: db.Users, Now: time.Now}, db
}

func TestAPIKey_FieldsOutsideTheRules_AreRefused(t *testing.T) {
	keys, _ := newAPIKeys(t)
	now, both := time.Now(), []string{shop.ScopePublish, shop.ScopeBroadcast}
	at := func(d time.Duration) *time.Time { end := now.Add(d); return &end }
	for param, in := range map[string]NewAPIKey{
		"name":      {Scopes: both},
		"scopes":    {Name: "crm", Scopes: []string{}},
		"scopes[1]": {Name: "crm", Scopes: []string{shop.ScopePublish, "everything"}},
	} {
		var e *shop.Error
		if _, _, err := keys.Create(t.Context(), "boss", in); !errors.As(err, &e) || e.Param != param {
			t.Errorf("%s: %v", param, err)
		}
	}
	for _, end := range []*time.Time{at(-time.Second), at(367 * 24 * time.Hour)} {
		var e *shop.Error
		if _, _, err := keys.Create(t.Context(), "boss", NewAPIKey{Name: "crm", Scopes: both, ExpiresAt: end}); !errors.As(err, &e) || e.Param != "expires_at" {
			t.Errorf("ends %v: %v", end, err)
		}
	}
	if all, err := keys.All(t.Context()); err != nil || len(all) != 0 {
		t.Errorf("%v, %v", all, err)
	}
}

func TestAPIKey_MakerIsNoAdministratorAnyMore_EndsWithItsMakersName(t *testing.T) {
	keys, db := newAPIKeys(t)
	text, made, err := keys.Create(t.Context(), "boss", NewAPIKey{Name: " crm ", Scopes: []string{shop.ScopePublish, shop.ScopeBroadcast}})
	if err != nil || text == "" || made.Name != "crm" || made.Maker != "boss" || made.Ended != "" ||
		!slices.Equal(made.Scopes, []string{shop.ScopeBroadcast, shop.ScopePublish}) || time.Until(made.ExpiresAt) > store.KeyTTL {
		t.Fatalf("%q %+v %v", text, made, err)
	}
	if _, err := db.APIKeys.Authenticate(t.Context(), text, time.Now()); err != nil {
		t.Fatalf("the new key: %v", err)
	}
	_, _, err = db.Roles.Change(t.Context(), "boss", store.ByOperator, func(*shop.User) ([]shop.Role, error) { return []shop.Role{shop.RoleLearner}, nil })
	if err != nil {
		t.Fatal(err)
	}
	if all, err := keys.All(t.Context()); err != nil || len(all) != 1 || all[0].Ended != "maker" || all[0].Maker != "boss" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := keys.Delete(t.Context(), made.ID, "boss"); err != nil {
		t.Fatal(err)
	}
	if err := keys.Delete(t.Context(), made.ID, "boss"); !errors.Is(err, shop.ErrAPIKeyNotFound) {
		t.Errorf("deleted twice: %v", err)
	}
}

package store

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

func TestAPIKeys(t *testing.T) {
	s := open(t, t.TempDir())
	insertAdmins(t, s, "ann")
	text, k, err := s.APIKeys.Insert(t.Context(), "活动系统", []string{"hub:publish"}, "ann", logIn.Add(time.Hour), logIn)
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.APIKeys.Authenticate(t.Context(), text, logIn)
	if err != nil || got.ID != k.ID || !got.Has("hub:publish") || got.Has("hub:broadcast") || !IsAPIKey(text) {
		t.Errorf("%+v, %v", got, err)
	}
	last := text[len(text)-2:]
	for name, bad := range map[string]string{
		"another secret": text[:len(text)-2] + strings.Map(func(r rune) rune { return 'A' + (r-'A'+4)%20 }, last),
		"no secret":      apiKeyPrefix + k.ID,
		"no prefix":      strings.TrimPrefix(text, apiKeyPrefix),
	} {
		if _, err := s.APIKeys.Authenticate(t.Context(), bad, logIn); !errors.Is(err, shop.ErrUnauthenticated) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if list, err := s.APIKeys.All(t.Context(), logIn); err != nil || len(list) != 1 {
		t.Errorf("listed %d, %v", len(list), err)
	}
	if _, err := s.APIKeys.Authenticate(t.Context(), text, logIn.Add(time.Hour)); !errors.Is(err, shop.ErrUnauthenticated) {
		t.Errorf("expired: %v", err)
	}
	if err := s.APIKeys.Delete(t.Context(), k.ID, "ann", logIn); err != nil {
		t.Fatal(err)
	}
	if _, err := s.APIKeys.Authenticate(t.Context(), text, logIn); !errors.Is(err, shop.ErrUnauthenticated) {
		t.Errorf("revoked: %v", err)
	}
	if err := s.APIKeys.Delete(t.Context(), k.ID, "ann", logIn); !errors.Is(err, shop.ErrAPIKeyNotFound) {
		t.Errorf("revoked twice: %v", err)
	}
	var acts []string
	err = s.Audit.Each(t.Context(), "key:"+k.ID, func(r *AuditRow) error { acts = append(acts, r.Act+" "+r.By); return nil })
	if slices.Sort(acts); err != nil || !slices.Equal(acts, []string{"api_key_created ann", "api_key_revoked ann"}) {
		t.Errorf("the audit has %q, %v", acts, err)
	}
}

// TestAPIKey_MakerLosesTheRole_IsDeadForGood also gives the role back.
func TestAPIKey_MakerLosesTheRole_IsDeadForGood(t *testing.T) {
	s := open(t, t.TempDir())
	insertAdmins(t, s, "ann", "bob")
	text, _, err := s.APIKeys.Insert(t.Context(), "k", []string{"hub:publish"}, "ann", logIn.Add(time.Hour), logIn)
	if err != nil {
		t.Fatal(err)
	}
	for _, roles := range [][]shop.Role{{shop.RoleAdmin, shop.RoleFinance}, {shop.RoleMarketer}, {shop.RoleAdmin}} {
		if _, _, err := s.Roles.Change(t.Context(), "ann", "bob", rolesAre(roles...)); err != nil {
			t.Fatal(err)
		}
		_, err := s.APIKeys.Authenticate(t.Context(), text, logIn)
		if still := slices.Contains(roles, shop.RoleFinance); still != (err == nil) {
			t.Errorf("with the maker's roles %v: %v", roles, err)
		}
	}
	if _, _, err := s.APIKeys.Insert(t.Context(), "k", nil, "nobody", logIn.Add(time.Hour), logIn); !errors.Is(err, shop.ErrForbidden) {
		t.Errorf("by no administrator: %v", err)
	}
}

// TestAPIKey_FromBeforeKeysEnded_EndsNinetyDaysAfterItIsSeen removes the end that a key has today.
func TestAPIKey_FromBeforeKeysEnded_EndsNinetyDaysAfterItIsSeen(t *testing.T) {
	s := open(t, t.TempDir())
	insertAdmins(t, s, "ann")
	text, k, err := s.APIKeys.Insert(t.Context(), "k", []string{"hub:publish"}, "ann", logIn.Add(time.Hour), logIn)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.updateIf(t.Context(), s.coll("api_keys"), bson.M{"_id": k.ID}, bson.M{"$unset": bson.M{"expires_at": ""}}); err != nil {
		t.Fatal(err)
	}
	seen := logIn.AddDate(3, 0, 0)
	if _, err := s.APIKeys.Authenticate(t.Context(), text, seen); err != nil {
		t.Errorf("when it is first seen: %v", err)
	}
	if _, err := s.APIKeys.Authenticate(t.Context(), text, seen.Add(KeyTTL-time.Second)); err != nil {
		t.Errorf("within its time: %v", err)
	}
	if _, err := s.APIKeys.Authenticate(t.Context(), text, seen.Add(KeyTTL)); !errors.Is(err, shop.ErrUnauthenticated) {
		t.Errorf("after it: %v", err)
	}
}

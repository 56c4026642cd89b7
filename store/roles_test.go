package store

import (
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

func rolesAre(roles ...shop.Role) func(*shop.User) ([]shop.Role, error) {
	return func(*shop.User) ([]shop.Role, error) { return roles, nil }
}

// insertAdmins puts administrators into the database as a version before the role log did.
func insertAdmins(t *testing.T, s *DB, ids ...string) {
	t.Helper()
	for _, id := range ids {
		if err := s.Users.Insert(t.Context(), &shop.User{ID: id, Username: id, Roles: []shop.Role{shop.RoleAdmin}, CreatedAt: logIn}); err != nil {
			t.Fatal(err)
		}
	}
}

func adminIDs(t *testing.T, s *DB) []string {
	t.Helper()
	all, err := s.Roles.admins(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return slices.Sorted(slices.Values(userIDs(all)))
}

// TestRoles_AdminsThatDemoteEachOtherAtOnce_LeaveOne has each of three take the role from the next, twenty times.
func TestRoles_AdminsThatDemoteEachOtherAtOnce_LeaveOne(t *testing.T) {
	s := open(t, t.TempDir())
	ids := []string{"ann", "bob", "cid"}
	insertAdmins(t, s, ids...)
	for round := range 20 {
		var all sync.WaitGroup
		for i, by := range ids {
			all.Go(func() {
				_, _, err := s.Roles.Change(t.Context(), ids[(i+1)%3], by, rolesAre(shop.RoleLearner))
				if err != nil && !errors.Is(err, shop.ErrForbidden) && !errors.Is(err, shop.ErrLastAdmin) {
					t.Error(err)
				}
			})
		}
		all.Wait()
		left := adminIDs(t, s)
		if len(left) == 0 {
			t.Fatalf("round %d leaves no administrator", round)
		}
		for _, id := range ids {
			if _, _, err := s.Roles.Change(t.Context(), id, ByOperator, rolesAre(shop.RoleAdmin)); err != nil {
				t.Fatal(err)
			}
		}
	}
}

func TestRoles_LastAdmin_StaysOne(t *testing.T) {
	s := open(t, t.TempDir())
	insertAdmins(t, s, "ann")
	if _, _, err := s.Roles.Change(t.Context(), "ann", ByOperator, rolesAre(shop.RoleEditor)); !errors.Is(err, shop.ErrLastAdmin) {
		t.Errorf("the last one is demoted: %v", err)
	}
	insertAdmins(t, s, "bob") // by hand: no change of roles made this one
	if _, _, err := s.Roles.Change(t.Context(), "ann", "bob", rolesAre(shop.RoleEditor)); err != nil {
		t.Errorf("one of two: %v", err)
	}
	if _, _, err := s.Roles.Change(t.Context(), "bob", "ann", rolesAre(shop.RoleEditor)); !errors.Is(err, shop.ErrForbidden) {
		t.Errorf("by a former administrator: %v", err)
	}
	if left := adminIDs(t, s); !slices.Equal(left, []string{"bob"}) {
		t.Errorf("left are %v", left)
	}
}

// TestRoles_ProcessThatDiesInBetween_IsFinishedByTheNextChange decides a change and does not write it anywhere else.
func TestRoles_ProcessThatDiesInBetween_IsFinishedByTheNextChange(t *testing.T) {
	for _, gone := range []bool{false, true} {
		s := open(t, t.TempDir())
		insertAdmins(t, s, "ann")
		if err := s.Users.Insert(t.Context(), &shop.User{ID: "bob", Username: "bob", PasswordHash: "h", Roles: []shop.Role{shop.RoleLearner}, CreatedAt: logIn}); err != nil {
			t.Fatal(err)
		}
		l, err := s.Roles.finished(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		l.V++
		l.Admins = append(l.Admins, "bob")
		l.Last = roleChange{UserID: "bob", Roles: []shop.Role{shop.RoleAdmin}, By: "ann", At: logIn}
		if ok, err := s.replaceIf(t.Context(), s.coll("role_log"), bson.M{"_id": roleLogID}, l); !ok || err != nil {
			t.Fatal(ok, err)
		}
		if gone {
			bob, err := s.Users.Get(t.Context(), "bob")
			if err != nil {
				t.Fatal(err)
			}
			if ok, err := s.Users.Delete(t.Context(), bob, logIn); !ok || err != nil {
				t.Fatal(ok, err)
			}
		}
		_, _, err = s.Roles.Change(t.Context(), "ann", "ann", rolesAre(shop.RoleLearner))
		if gone {
			if !errors.Is(err, shop.ErrLastAdmin) {
				t.Errorf("the other administrator was deleted before becoming one: %v", err)
			}
			continue
		}
		if left := adminIDs(t, s); err != nil || !slices.Equal(left, []string{"bob"}) {
			t.Errorf("%v, administrators %v", err, left)
		}
		row, err := findByID[AuditRow](t.Context(), s.coll("audit"), fmt.Sprint("roles:", l.V), shop.ErrUserNotFound)
		if err != nil || row.By != "ann" || row.Object != "user:bob" {
			t.Errorf("the audit has %+v, %v", row, err)
		}
	}
}

func TestDeleteUser_RolesChangedMeanwhile_IsNotDone(t *testing.T) {
	s := open(t, t.TempDir())
	insertAdmins(t, s, "ann")
	u := &shop.User{ID: "bob", Username: "bob", PasswordHash: "h", Roles: []shop.Role{shop.RoleLearner}, CreatedAt: logIn}
	if err := s.Users.Insert(t.Context(), u); err != nil {
		t.Fatal(err)
	}
	if _, _, err := s.Roles.Change(t.Context(), "bob", "ann", rolesAre(shop.RoleAdmin)); err != nil {
		t.Fatal(err)
	}
	if gone, err := s.Users.Delete(t.Context(), u, logIn); gone || err != nil {
		t.Errorf("an administrator was deleted as a learner: %v, %v", gone, err)
	}
}

package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.mongodb.org/mongo-driver/v2/bson"

	"mstm/shop"
)

// roleLog is the one document that every change of roles goes through, so that the changes come one
// after another and the shop cannot lose its last administrator to two at once. V is the number of the
// newest change and Last that change; it is finished, by whichever process, before the next is decided.
type roleLog struct {
	ID     string     `bson:"_id"`
	V      int64      `bson:"v"`
	Admins []string   `bson:"admins"` // users with the admin's role as of V
	Last   roleChange `bson:"last"`
}

// roleChange is a user's roles from now on.
type roleChange struct {
	UserID string      `bson:"user_id"`
	Roles  []shop.Role `bson:"roles"`
	By     string      `bson:"by"`
	At     time.Time   `bson:"at"`
	Done   bool        `bson:"done"` // the user, the tokens and the audit have it
}

const roleLogID = "roles"

// ByOperator stands for the person at the command line, without a role.
const ByOperator = "operator"

// Roles changes what people may do, one change after another.
type Roles struct {
	*base
	docs   Collection[roleLog]
	audit  *Audit
	tokens *Tokens
	users  *Users
}

func newRoles(b *base) *Roles {
	return &Roles{base: b, docs: newCollection[roleLog](b, "role_log")}
}

// Change gives a user the roles that decide returns for the account as it is, at once on every instance:
// the tokens carry the roles, so they are changed too. by is the acting administrator, or ByOperator. It
// returns the account with the new roles, and the roles that it had before.
//
// Errors: shop.ErrUserNotFound, also for a deleted account; shop.ErrForbidden where by is no
// administrator any more; shop.ErrLastAdmin; what decide returns.
func (s *Roles) Change(ctx context.Context, id, by string, decide func(*shop.User) ([]shop.Role, error)) (u *shop.User, before []shop.Role, err error) {
	err = untilDone("change roles", func() (bool, error) {
		l, err := s.finished(ctx)
		if err == nil && by != ByOperator {
			err = s.mustBeAdmin(ctx, by)
		}
		if err != nil {
			return false, err
		}
		if u, err = s.living(ctx, id); err != nil {
			return false, err
		}
		roles, err := decide(u)
		if err != nil {
			return false, err
		}
		admins, err := s.adminsAfter(ctx, l, u, roles)
		if err != nil {
			return false, err
		}
		next := &roleLog{ID: roleLogID, V: l.V + 1, Admins: admins, Last: roleChange{UserID: id, Roles: roles, By: by, At: s.now().UTC()}}
		if won, err := s.docs.Replace(ctx, bson.M{"_id": roleLogID, "v": l.V}, next); !won || err != nil {
			return false, err
		}
		before, u.Roles = u.Roles, roles
		return true, s.finish(ctx, next)
	})
	if err != nil {
		return nil, nil, err
	}
	return u, before, nil
}

// living is an account that is there; shop.ErrUserNotFound also for a deleted one.
func (s *Roles) living(ctx context.Context, id string) (*shop.User, error) {
	u, err := s.users.Get(ctx, id)
	if err == nil && u.DeletedAt != nil {
		err = shop.ErrUserNotFound
	}
	return u, err
}

// mustBeAdmin refuses a user without the admin's role.
func (s *Roles) mustBeAdmin(ctx context.Context, id string) error {
	u, err := s.users.Get(ctx, id)
	if errors.Is(err, shop.ErrUserNotFound) || err == nil && !u.IsAdmin() {
		return shop.ErrForbidden
	}
	return err
}

// adminsAfter are the administrators after u has the roles; shop.ErrLastAdmin where none is left.
func (s *Roles) adminsAfter(ctx context.Context, l *roleLog, u *shop.User, roles []shop.Role) ([]string, error) {
	others := slices.DeleteFunc(slices.Clone(l.Admins), func(id string) bool { return id == u.ID })
	if slices.Contains(roles, shop.RoleAdmin) {
		return append(others, u.ID), nil
	}
	if !u.IsAdmin() {
		return others, nil
	}
	listed, err := s.users.docs.ByIDs(ctx, others)
	if err != nil {
		return nil, err
	}
	// The list may lack an administrator that was put into the database by hand.
	if listed = onlyAdmins(listed, u.ID); len(listed) == 0 {
		if listed, err = s.admins(ctx); err != nil {
			return nil, err
		}
	}
	if listed = onlyAdmins(listed, u.ID); len(listed) == 0 {
		return nil, shop.ErrLastAdmin
	}
	return userIDs(listed), nil
}

func onlyAdmins(users []shop.User, except string) []shop.User {
	return slices.DeleteFunc(users, func(u shop.User) bool { return u.ID == except || !u.IsAdmin() })
}

func userIDs(users []shop.User) []string {
	ids := make([]string, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	return ids
}

// admins reads all users to find the administrators.
func (s *Roles) admins(ctx context.Context) ([]shop.User, error) {
	return s.users.docs.All(ctx, bson.M{"roles": shop.RoleAdmin, "deleted_at": nil})
}

// finished is the log with its last change finished; it is made where there is none.
func (s *Roles) finished(ctx context.Context) (l *roleLog, err error) {
	err = untilDone("finish a change of roles", func() (bool, error) {
		l, err = s.docs.Get(ctx, roleLogID)
		switch {
		case errors.Is(err, ErrNotFound):
			return false, s.begin(ctx)
		case err != nil || l.Last.Done:
			return true, err
		}
		return false, s.finish(ctx, l)
	})
	return l, err
}

// begin makes the log.
func (s *Roles) begin(ctx context.Context) error {
	admins, err := s.admins(ctx)
	if err == nil {
		_, err = s.docs.Insert(ctx, &roleLog{ID: roleLogID, Admins: userIDs(admins), Last: roleChange{Done: true}})
	}
	return err
}

// finish does what the log's last change decided, any number of times: the user, the tokens, the
// audit. A user that has been deleted is no administrator.
func (s *Roles) finish(ctx context.Context, l *roleLog) error {
	done := bson.M{"last.done": true}
	u, err := s.give(ctx, l)
	switch {
	case errors.Is(err, shop.ErrUserNotFound):
		done["admins"] = slices.DeleteFunc(slices.Clone(l.Admins), func(id string) bool { return id == l.Last.UserID })
	case err != nil:
		return err
	default:
		if err := s.tokens.setRoles(ctx, u); err != nil {
			return err
		}
		if err := s.audit.add(ctx, AuditRow{
			ID: fmt.Sprint("roles:", l.V), Object: "user:" + u.ID, Act: "roles_set", By: l.Last.By, At: l.Last.At,
			Data: map[string]string{"roles": shop.JoinRoles(l.Last.Roles, ",")},
		}); err != nil {
			return err
		}
	}
	_, err = s.docs.Update(ctx, bson.M{"_id": roleLogID, "v": l.V}, bson.M{"$set": done})
	return failed("finish a change of roles", err)
}

// give writes the last change to the user, unless that or a later one is there already.
func (s *Roles) give(ctx context.Context, l *roleLog) (u *shop.User, err error) {
	err = untilDone("give roles", func() (bool, error) {
		u, err = s.living(ctx, l.Last.UserID)
		if err != nil || u.RolesV >= l.V {
			return true, err
		}
		seen := rolesUnchanged(u)
		if slices.Contains(l.Last.Roles, shop.RoleAdmin) && !u.IsAdmin() {
			u.AdminSince = l.V
		}
		u.Roles, u.RolesV = l.Last.Roles, l.V
		return s.users.docs.Update(ctx, seen,
			bson.M{"$set": bson.M{"roles": u.Roles, "roles_v": u.RolesV, "admin_since": u.AdminSince}})
	})
	return u, err
}

// rolesUnchanged is the account as long as it is there and its roles are those that u has.
func rolesUnchanged(u *shop.User) bson.M {
	m := bson.M{"_id": u.ID, "roles_v": nil, "deleted_at": nil}
	if u.RolesV != 0 {
		m["roles_v"] = u.RolesV
	}
	return m
}

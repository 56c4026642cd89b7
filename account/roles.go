package account

import (
	"context"
	"fmt"
	"log/slog"
	"slices"

	"mstm/hub"
	"mstm/shop"
	"mstm/store"
)

// Roles are what accounts may do besides learning.
type Roles struct {
	Users *store.Users
	Roles *store.Roles
	Hub   *hub.Hub // nil for Grant, which takes no role away
	Log   *slog.Logger
}

// Set gives an account these roles and no others; by is the user that does it. It acts at once: the account's tokens
// carry the new roles, and one that loses a role loses its open sockets. The admin's own role stays: the shop could be
// left without an admin.
func (r Roles) Set(ctx context.Context, v Visitor, userID, by string, roles []shop.Role) (*shop.User, error) {
	roles, err := checkRoles(roles)
	if err != nil {
		return nil, err
	}
	if userID == by && !slices.Contains(roles, shop.RoleAdmin) {
		return nil, shop.ErrForbidden
	}
	u, before, err := r.Roles.Change(ctx, userID, by, func(*shop.User) ([]shop.Role, error) { return roles, nil })
	if err != nil {
		return nil, err
	}
	if losesAny(before, roles) { // before anything can fail: tried again, there is no difference to be seen
		pages{r.Hub, r.Log}.end(ctx, userID, "", "", hub.Refused) // what a socket may follow was decided when it opened
	}
	v.log(ctx, r.Log, "roles set", slog.String("who", userID), slog.String("roles", shop.JoinRoles(roles, ",")))
	return u, nil
}

// Grant gives the account with a username roles beside those that it has, in the name of the operator at the command
// line. A username that no account has is shop.ErrUserNotFound.
func (r Roles) Grant(ctx context.Context, username string, more []shop.Role) (*shop.User, error) {
	u, err := r.Users.ByUsername(ctx, shop.NormalUsername(username))
	if err != nil {
		return nil, err
	}
	u, _, err = r.Roles.Change(ctx, u.ID, store.ByOperator, func(u *shop.User) ([]shop.Role, error) {
		has := func(r shop.Role) bool { return slices.Contains(u.Roles, r) || slices.Contains(more, r) }
		return slices.DeleteFunc(shop.Roles(), func(r shop.Role) bool { return !has(r) }), nil
	})
	return u, err
}

// checkRoles puts the roles in one order, each once. Everybody is a learner.
func checkRoles(roles []shop.Role) ([]shop.Role, error) {
	set := []shop.Role{shop.RoleLearner}
	for i, r := range roles {
		if !r.Valid() {
			return nil, shop.ErrInvalidField.At(fmt.Sprintf("roles[%d]", i))
		}
		set = append(set, r)
	}
	slices.Sort(set)
	return slices.Compact(set), nil
}

// losesAny reports whether an account with the roles before has fewer rights with after.
func losesAny(before, after []shop.Role) bool {
	return slices.ContainsFunc(before, func(r shop.Role) bool { return !slices.Contains(after, r) })
}

package handlers

import (
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"mstm/hub"
	"mstm/shop"
)

// adminUser is an account as the console sees it.
type adminUser struct {
	userView
	CreatedAt time.Time `json:"created_at"`
}

// maxSearch is the length of a search text in characters.
const maxSearch = 64

// listUsers answers GET /api/admin/users?q=&limit=&cursor=; q is a part of the username or name.
func (s *Server) listUsers(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := listQuery(r)
	if err != nil {
		return err
	}
	if utf8.RuneCountInString(q.Get("q")) > maxSearch {
		return shop.ErrInvalidQuery.At("q")
	}
	users, next, err := s.Store.Users.Page(r.Context(), strings.TrimSpace(q.Get("q")), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := page[adminUser]{Items: []adminUser{}, NextCursor: next}
	for i := range users {
		list.Items = append(list.Items, adminUser{viewUser(&users[i]), utc(users[i].CreatedAt)})
	}
	return encode(w, http.StatusOK, list)
}

// setRoles answers PUT /api/admin/users/:user/roles `{roles}`. It acts at once: the user's
// tokens carry the new roles, and who lost one loses the open sockets. Nobody takes the
// admin's role from themselves: the shop could be left without one.
func (s *Server) setRoles(w http.ResponseWriter, r *http.Request) error {
	id, err := pathID(r, "user", shop.ErrUserNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Roles []shop.Role `json:"roles"`
	}
	if err := decode(w, r, &in); err != nil {
		return err
	}
	roles, err := checkRoles(in.Roles)
	if err != nil {
		return err
	}
	if id == learnerID(r.Context()) && !slices.Contains(roles, shop.RoleAdmin) {
		return shop.ErrForbidden
	}
	u, before, err := s.Store.Roles.Change(r.Context(), id, learnerID(r.Context()), func(*shop.User) ([]shop.Role, error) { return roles, nil })
	if err != nil {
		return err
	}
	if losesAny(before, roles) { // before anything can fail: tried again, there is no difference to be seen
		s.endSockets(r, id, "", "", hub.Refused) // what a socket may follow was decided when it opened
	}
	s.event(r, "roles set", slog.String("who", id), slog.String("roles", shop.JoinRoles(roles, ",")))
	return encode(w, http.StatusOK, viewUser(u))
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

// losesAny reports whether somebody with the roles before has fewer rights with after.
func losesAny(before, after []shop.Role) bool {
	return slices.ContainsFunc(before, func(r shop.Role) bool { return !slices.Contains(after, r) })
}

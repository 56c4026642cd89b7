package handlers

import (
	"net/http"
	"strings"
	"time"
	"unicode/utf8"

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
	users, next, err := s.Accounts.Page(r.Context(), strings.TrimSpace(q.Get("q")), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := page[adminUser]{Items: []adminUser{}, NextCursor: next}
	for i := range users {
		list.Items = append(list.Items, adminUser{viewUser(&users[i]), utc(users[i].CreatedAt)})
	}
	return encode(w, http.StatusOK, list)
}

// setRoles answers PUT /api/admin/users/:user/roles `{roles}`.
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
	u, err := s.Roles.Set(r.Context(), s.visitor(r), id, learnerID(r.Context()), in.Roles)
	if err != nil {
		return err
	}
	return encode(w, http.StatusOK, viewUser(u))
}

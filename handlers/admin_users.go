package handlers

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// adminUsers are all accounts, for admins.
type adminUsers struct {
	accounts *account.Accounts
	roles    account.Roles
}

// adminUser is an account as the console sees it.
type adminUser struct {
	userView
	CreatedAt time.Time `json:"created_at"`
}

// list answers GET /api/admin/users?q=&limit=&cursor=; q is a part of the username or name.
func (h *adminUsers) list(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	users, next, err := h.accounts.Page(r.Context(), q.Get("q"), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[adminUser]{Items: []adminUser{}, NextCursor: next}
	for i := range users {
		list.Items = append(list.Items, adminUser{viewUser(&users[i]), rest.UTC(users[i].CreatedAt)})
	}
	return rest.Encode(w, http.StatusOK, list)
}

// setRoles answers PUT /api/admin/users/:user/roles `{roles}`.
func (h *adminUsers) setRoles(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "user", shop.ErrUserNotFound)
	if err != nil {
		return err
	}
	var in struct {
		Roles []shop.Role `json:"roles"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	u, err := h.roles.Set(r.Context(), visitor(r), id, rest.LearnerID(r.Context()), in.Roles)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewUser(u))
}

package desk

import (
	"net/http"
	"time"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Users are all accounts, for admins.
type Users struct {
	Accounts *account.Accounts
	Roles    account.Roles
}

// User is an account as the console sees it.
type User struct {
	account.View
	CreatedAt time.Time `json:"created_at"`
}

// List answers GET /api/admin/users?q=&limit=&cursor=; q is a part of the username or name.
func (h *Users) List(w http.ResponseWriter, r *http.Request) error {
	q, rows, err := rest.ListQuery(r)
	if err != nil {
		return err
	}
	users, next, err := h.Accounts.Page(r.Context(), q.Get("q"), rows, q.Get("cursor"))
	if err != nil {
		return err
	}
	list := rest.Page[User]{Items: []User{}, NextCursor: next}
	for i := range users {
		list.Items = append(list.Items, User{account.ViewOf(&users[i]), rest.UTC(users[i].CreatedAt)})
	}
	return rest.Encode(w, http.StatusOK, list)
}

// SetRoles answers PUT /api/admin/users/:user/roles `{roles}`.
func (h *Users) SetRoles(w http.ResponseWriter, r *http.Request) error {
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
	u, err := h.Roles.Set(r.Context(), rest.Visitor(r), id, rest.LearnerID(r.Context()), in.Roles)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, account.ViewOf(u))
}

package desk

import (
	"net/http"

	"mstm/account"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Users are the roles of all accounts, for admins.
type Users struct {
	Roles account.Roles
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

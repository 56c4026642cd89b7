package desk

import (
	"net/http"

	"mstm/figures"
	"mstm/handlers/rest"
)

// Waiting is what waits for a person, for each role its own.
type Waiting struct {
	Waiting *figures.Waiting
}

// Show answers GET /api/admin/waiting.
func (h *Waiting) Show(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Waiting.Report(r.Context(), rest.CallerOf(r.Context()).Roles)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, all)
}

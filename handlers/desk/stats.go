package desk

import (
	"net/http"
	"strconv"

	"mstm/figures"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Stats are the shop's figures, for each role those that it may see.
type Stats struct {
	Figures *figures.Figures
}

// usualDays are what the report covers where nothing is asked for.
const usualDays = 90

// Show answers GET /api/admin/stats?days= with the figures of the last days, each beside the same day a week before; what
// the caller's roles may not see is left out.
func (h *Stats) Show(w http.ResponseWriter, r *http.Request) error {
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	days := usualDays
	if q.Has("days") {
		if days, err = strconv.Atoi(q.Get("days")); err != nil || days < 1 {
			return shop.ErrInvalidQuery.At("days")
		}
	}
	report, err := h.Figures.Report(r.Context(), rest.CallerOf(r.Context()).Roles, days)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, report)
}

package desk

import (
	"context"
	"net/http"
	"time"

	"mstm/checkout"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Invariants are checked over all data.
type Invariants struct {
	Checkout *checkout.Checkout
}

// checkPatience is more than the deadline of a request: everything is read. A shop with more
// orders than can be read in it is checked by the program's check command.
const checkPatience = 45 * time.Second

// Check answers GET /api/admin/invariants with what breaks the invariants I1 … I8.
func (h *Invariants) Check(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), checkPatience)
	defer cancel()
	done, err := h.Checkout.Invariants.CheckAndNote(ctx)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, struct {
		Whole      bool             `json:"whole"`
		Violations []shop.Violation `json:"violations"`
		Orders     int64            `json:"orders"`
		CheckedAt  time.Time        `json:"checked_at"`
	}{len(done.Violations) == 0, done.Violations, done.Orders, rest.UTC(done.At)})
}

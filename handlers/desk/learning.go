package desk

import (
	"net/http"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// Learning is how many learners begin, finish and stop.
type Learning struct{ Learning *learning.Learning }

// Show answers GET /api/admin/courses/:course/learning.
func (h *Learning) Show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	n, err := h.Learning.Counts.Of(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, n)
}

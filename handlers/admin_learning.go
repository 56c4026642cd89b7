package handlers

import (
	"net/http"

	"mstm/handlers/rest"
	"mstm/learning"
	"mstm/shop"
)

// adminLearning is how many learners begin, finish and stop.
type adminLearning struct{ learning *learning.Learning }

// show answers GET /api/admin/courses/:course/learning.
func (h *adminLearning) show(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "course", shop.ErrCourseNotFound)
	if err != nil {
		return err
	}
	n, err := h.learning.Counts.Of(r.Context(), id)
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, n)
}

package handlers

import (
	"net/http"
	"strings"

	"mstm/cover"
	"mstm/handlers/rest"
	"mstm/shop"
)

// covers are the drawn pictures of courses.
type covers struct{ covers cover.Covers }

// coverCSP lets the picture style itself and nothing else, also when it is opened alone.
const coverCSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// show answers GET /covers/:file: the picture drawn for the course that the file is
// named after. It follows from the course's title alone, so a day in a cache is no harm.
func (h *covers) show(w http.ResponseWriter, r *http.Request) error {
	id, ok := strings.CutSuffix(rest.Param(r, "file"), ".svg")
	if !ok || !shop.ValidID(id) {
		return shop.ErrRouteNotFound
	}
	picture, err := h.covers.Of(r.Context(), id)
	if err != nil {
		return err
	}
	header := w.Header()
	header.Set("Content-Type", "image/svg+xml")
	header.Set("Content-Security-Policy", coverCSP)
	header.Set("Cache-Control", "public, max-age=86400")
	rest.Write(w, http.StatusOK, picture)
	return nil
}

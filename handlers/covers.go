package handlers

import (
	"net/http"
	"strings"

	"mstm/cover"
	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/store"
)

// covers are the drawn pictures of courses.
type covers struct {
	covers  cover.Covers
	answers rest.ResponseCache[store.Catalogue]
}

// coverCSP lets the picture style itself and nothing else, also when it is opened alone.
const coverCSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// show answers GET /covers/:file: the picture drawn for the course that the file is
// named after. It follows from the course's title alone, so a day in a cache is no harm.
func (h *covers) show(w http.ResponseWriter, r *http.Request) error {
	id, ok := strings.CutSuffix(rest.Param(r, "file"), ".svg")
	if !ok || !shop.ValidID(id) {
		return shop.ErrRouteNotFound
	}
	all, err := h.covers.Catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	w.Header().Set("Content-Security-Policy", coverCSP)
	return h.answers.AnswerReady(w, r, all, id, func(*store.Catalogue) (*rest.ReadyMade, error) {
		picture, err := h.covers.Of(r.Context(), id)
		if err != nil {
			return nil, err
		}
		return rest.ReadyBytes([]string{"image/svg+xml"}, picture).KeptFor("public, max-age=86400"), nil
	})
}

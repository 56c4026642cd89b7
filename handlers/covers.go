package handlers

import (
	"net/http"
	"strings"

	"mstm/cover"
	"mstm/shop"
)

// coverCSP lets the picture style itself and nothing else, also when it is opened alone.
const coverCSP = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'none'"

// showCover answers GET /covers/:file: the picture drawn for the course that the file is
// named after. It follows from the course's title alone, so a day in a cache is no harm.
func (s *Server) showCover(w http.ResponseWriter, r *http.Request) error {
	id, ok := strings.CutSuffix(exchangeOf(r.Context()).params.ByName("file"), ".svg")
	if !ok || !shop.ValidID(id) {
		return shop.ErrRouteNotFound
	}
	all, err := s.Store.Catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	c, ok := all.Course(id)
	if !ok || c.State == shop.CourseDraft { // a picture is asked for without a token
		return shop.ErrCourseNotFound
	}
	category, _ := all.Category(c.CategoryID)
	h := w.Header()
	h.Set("Content-Type", "image/svg+xml")
	h.Set("Content-Security-Policy", coverCSP)
	h.Set("Cache-Control", "public, max-age=86400")
	write(w, http.StatusOK, cover.SVG(c.Title, category.Name, c.ID))
	return nil
}

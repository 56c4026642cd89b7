package handlers

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"mstm/handlers/rest"
	"mstm/shop"
	"mstm/shop/papers"
	"mstm/store"
	"mstm/storefront"
)

// shopPapers are what the shop says of itself, which visitors may read.
type shopPapers struct {
	papers  *storefront.Papers
	answers rest.ResponseCache[papers.Papers]
}

// show answers GET /api/papers.
func (h *shopPapers) show(w http.ResponseWriter, r *http.Request) error {
	now, err := h.papers.Current(r.Context())
	if err != nil {
		return err
	}
	return h.answers.Answer(w, r, now, "", func(p *papers.Papers) (any, error) {
		return storefront.ViewOf(p), nil
	})
}

// showText answers GET /api/papers/:paper?version=: a text as HTML, in the version of now or an earlier one.
func (h *shopPapers) showText(w http.ResponseWriter, r *http.Request) error {
	k := papers.Kind(rest.Param(r, "paper"))
	if !slices.Contains(papers.Kinds(), k) {
		return shop.ErrPaperNotFound
	}
	version, err := wantedVersion(r.URL.Query())
	if err != nil {
		return err
	}
	t, html, err := h.papers.Text(r.Context(), k, version)
	if errors.Is(err, store.ErrNotFound) {
		return shop.ErrPaperNotFound
	}
	if err != nil {
		return err
	}
	w.Header().Set("Cache-Control", "no-cache")
	return rest.Encode(w, http.StatusOK, struct {
		Paper papers.Kind `json:"paper"`
		storefront.VersionView
		HTML string `json:"html"`
	}{k, storefront.ViewVersion(k, t), html})
}

// wantedVersion is the version that a query names; 0: the one of now.
func wantedVersion(q url.Values) (int, error) {
	if !q.Has("version") {
		return 0, nil
	}
	n, err := strconv.Atoi(q.Get("version"))
	if err != nil || n < 1 {
		return 0, shop.ErrInvalidQuery.At("version")
	}
	return n, nil
}

package desk

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/shop/papers"
	"mstm/storefront"
)

// maxPapersBody is how long a body with three texts may be, whose characters may be escaped.
const maxPapersBody = 1 << 20

// Papers are what the shop says of itself, for admins.
type Papers struct{ Papers *storefront.Papers }

// papersView are the papers as they are edited.
type papersView struct {
	V int64 `json:"v"` // what an edit has to name
	papers.Edit
	Versions map[papers.Kind]int `json:"versions"`
	Missing  []string            `json:"missing"` // fields that a shop open to the public lacks
	EditedBy string              `json:"edited_by,omitempty"`
	EditedAt *time.Time          `json:"edited_at,omitempty"`
}

func viewPapers(p *papers.Papers) papersView {
	v := papersView{V: p.V, Edit: p.Edit(), Versions: map[papers.Kind]int{}, Missing: append([]string{}, p.Missing()...), EditedBy: p.By}
	for _, k := range papers.Kinds() {
		v.Versions[k] = p.Text(k).Version
	}
	if !p.At.IsZero() {
		at := rest.UTC(p.At)
		v.EditedAt = &at
	}
	return v
}

// Show answers GET /api/admin/papers.
func (h *Papers) Show(w http.ResponseWriter, r *http.Request) error {
	p, err := h.Papers.Read(r.Context())
	if err != nil {
		return err
	}
	return rest.Encode(w, http.StatusOK, viewPapers(p))
}

// Put answers PUT /api/admin/papers. What the body leaves out stays; v is the edition that was read. The storefront of
// every instance shows the new one within seconds.
func (h *Papers) Put(w http.ResponseWriter, r *http.Request) error {
	p, err := h.Papers.Edit(r.Context(), rest.LearnerID(r.Context()), func(e *papers.Edit) (*int64, error) {
		in := struct {
			V *int64 `json:"v"`
			papers.Edit
		}{Edit: *e}
		err := rest.DecodeUpTo(w, r, maxPapersBody, &in)
		*e = in.Edit
		return in.V, err
	})
	if err != nil {
		return err
	}
	rest.LogEvent(r, "papers edited", slog.Int64("v", p.V))
	return rest.Encode(w, http.StatusOK, viewPapers(p))
}

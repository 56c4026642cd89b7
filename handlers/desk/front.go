package desk

import (
	"log/slog"
	"net/http"
	"time"

	"mstm/handlers/rest"
	"mstm/shop/front"
	"mstm/store"
	"mstm/storefront"
)

// Front is the front page in the editors' hands.
type Front struct {
	Front     *storefront.Front
	Catalogue *store.CatalogueCache
	Now       func() time.Time
}

// frontView is the page as it is edited.
type frontView struct {
	V        int64                  `json:"v"` // what an edit has to name
	Banners  []bannerView           `json:"banners"`
	Rows     []front.Row            `json:"rows"`
	Courses  map[string]frontCourse `json:"courses"` // those that rows and links name
	EditedBy string                 `json:"edited_by,omitempty"`
	EditedAt *time.Time             `json:"edited_at,omitempty"`
}

// bannerView is a banner with whether visitors are shown it now.
type bannerView struct {
	front.Banner
	Shown bool `json:"shown"`
}

// frontCourse is a course that the page names. One that is not on sale is left out for visitors.
type frontCourse struct {
	Title  string `json:"title"`
	Cover  string `json:"cover"`
	OnSale bool   `json:"on_sale"`
}

func (h *Front) answer(w http.ResponseWriter, r *http.Request, page *front.Front) error {
	all, err := h.Catalogue.Get(r.Context())
	if err != nil {
		return err
	}
	v := frontView{V: page.V, Banners: []bannerView{}, Rows: append([]front.Row{}, page.Rows...), Courses: map[string]frontCourse{}, EditedBy: page.By}
	name := func(id string) {
		if c, ok := all.Course(id); ok {
			v.Courses[id] = frontCourse{c.Title, c.Cover, all.OnSaleNow(id)}
		}
	}
	now := h.Now()
	for i := range page.Banners {
		one := front.Front{Banners: page.Banners[i : i+1]}
		shown, _ := one.ShownAt(now, all)
		v.Banners = append(v.Banners, bannerView{page.Banners[i], len(shown) > 0})
		if page.Banners[i].Link.Kind == front.ToCourse {
			name(page.Banners[i].Link.To)
		}
	}
	for _, row := range page.Rows {
		for _, id := range row.Courses {
			name(id)
		}
	}
	if page.V > 0 {
		at := rest.UTC(page.At)
		v.EditedAt = &at
	}
	return rest.Encode(w, http.StatusOK, v)
}

// Show answers GET /api/admin/front.
func (h *Front) Show(w http.ResponseWriter, r *http.Request) error {
	page, err := h.Front.Read(r.Context())
	if err != nil {
		return err
	}
	return h.answer(w, r, page)
}

// Put answers PUT /api/admin/front `{v,banners?,rows?}`. What the body leaves out stays; v is the edition that was read.
func (h *Front) Put(w http.ResponseWriter, r *http.Request) error {
	page, err := h.Front.Edit(r.Context(), rest.LearnerID(r.Context()), func(e *front.Edit) (*int64, error) {
		in := struct {
			V       *int64          `json:"v"`
			Banners *[]front.Banner `json:"banners"`
			Rows    *[]front.Row    `json:"rows"`
		}{}
		err := rest.Decode(w, r, &in)
		if in.Banners != nil {
			e.Banners = *in.Banners
		}
		if in.Rows != nil {
			e.Rows = *in.Rows
		}
		return in.V, err
	})
	if err != nil {
		return err
	}
	rest.LogEvent(r, "front page edited", slog.Int64("v", page.V))
	return h.answer(w, r, page)
}

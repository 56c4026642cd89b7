package handlers

import (
	"fmt"
	"io"
	"net/http"
	"time"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/media"
	"mstm/shop"
	"mstm/storefront"
)

// frontPage is what visitors see first: banners and rows of recommended courses.
type frontPage struct {
	front   *storefront.Front
	library *media.Library // nil: the shop keeps no files
	answers rest.ResponseCache[storefront.ShownFront]
}

// FrontView is what of the front page is shown now.
type FrontView struct {
	Version int64        `json:"version"`
	Banners []BannerView `json:"banners"`
	Rows    []RowView    `json:"rows"`
}

// BannerView is a banner as pages show it. Link is an address, "" for none.
type BannerView struct {
	Picture string `json:"picture"`
	Title   string `json:"title"`
	Alt     string `json:"alt"`
	Link    string `json:"link"`
}

// RowView is a row of recommended courses.
type RowView struct {
	Title   string           `json:"title"`
	Courses []catalogue.Card `json:"courses"`
}

// ViewFront shows the front page of a moment.
func ViewFront(s *storefront.ShownFront) FrontView {
	v := FrontView{Version: s.V, Banners: []BannerView{}, Rows: []RowView{}}
	for _, b := range s.Banners {
		v.Banners = append(v.Banners, BannerView{Picture: "/api/front/pictures/" + b.Picture, Title: b.Title, Alt: b.Alt, Link: b.Link.Href()})
	}
	for _, r := range s.Rows {
		row := RowView{Title: r.Title, Courses: []catalogue.Card{}}
		for _, id := range r.Courses {
			if c, ok := s.Catalogue.Course(id); ok {
				row.Courses = append(row.Courses, catalogue.CardOf(c))
			}
		}
		v.Rows = append(v.Rows, row)
	}
	return v
}

// show answers GET /api/front.
func (h *frontPage) show(w http.ResponseWriter, r *http.Request) error {
	now, err := h.front.Shown(r.Context())
	if err != nil {
		return err
	}
	return h.answers.Answer(w, r, now, "", func(s *storefront.ShownFront) (any, error) { return ViewFront(s), nil })
}

// picture answers GET /api/front/pictures/:media: the picture of a banner, which is no secret. A file never changes under
// its id.
func (h *frontPage) picture(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "media", shop.ErrMediaNotFound)
	if err != nil {
		return err
	}
	if h.library == nil {
		return shop.ErrMediaNotFound
	}
	m, err := h.front.Picture(r.Context(), id)
	if err != nil {
		return err
	}
	body, err := h.library.Storage.Open(r.Context(), m.Key)
	if err != nil {
		return err
	}
	defer body.Close()
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(pictureTime))
	header := w.Header()
	header.Set("Content-Type", m.Type)
	header.Set("Cache-Control", "public, max-age=604800, immutable")
	header.Set("Etag", fmt.Sprintf("%q", m.SHA256[:min(16, len(m.SHA256))]))
	http.ServeContent(w, r, "", time.Time{}, body.(io.ReadSeeker))
	return nil
}

// pictureTime is how long sending one picture may take.
const pictureTime = 2 * time.Minute

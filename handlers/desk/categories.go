package desk

import (
	"log/slog"
	"net/http"
	"strconv"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/shop"
)

// Categories are the categories in the editors' hands.
type Categories struct{ Catalogue *catalogue.Catalogue }

// Category is a category as the console sees it.
type Category struct {
	ID      string `json:"id"`
	Name    string `json:"name"`
	Hidden  bool   `json:"hidden"`
	Courses int    `json:"courses"`
	OnSale  int    `json:"on_sale"`
	V       int64  `json:"v"`
}

func viewCategory(x *catalogue.Shelf) Category {
	return Category{ID: x.ID, Name: x.Name, Hidden: x.Hidden, Courses: x.Courses, OnSale: x.OnSale, V: x.V}
}

// List answers GET /api/admin/categories: all in their order.
func (h *Categories) List(w http.ResponseWriter, r *http.Request) error {
	all, err := h.Catalogue.Shelves.List(r.Context())
	if err != nil {
		return err
	}
	list := rest.Page[Category]{Items: []Category{}}
	for i := range all {
		list.Items = append(list.Items, viewCategory(&all[i]))
	}
	return rest.Encode(w, http.StatusOK, list)
}

// Create answers POST /api/admin/categories `{name,hidden?}`: the last in the order.
func (h *Categories) Create(w http.ResponseWriter, r *http.Request) error {
	var in struct {
		Name   string `json:"name"`
		Hidden bool   `json:"hidden"`
	}
	if err := rest.Decode(w, r, &in); err != nil {
		return err
	}
	x, err := h.Catalogue.Shelves.Create(r.Context(), rest.LearnerID(r.Context()), catalogue.ShelfEdit{Name: in.Name, Hidden: in.Hidden})
	if err != nil {
		return err
	}
	rest.LogEvent(r, "category created", slog.String("category", x.ID))
	return rest.Encode(w, http.StatusCreated, viewCategory(x))
}

// Update answers PUT /api/admin/categories/:category `{name?,hidden?,position?,v?}`. What the body leaves out stays.
func (h *Categories) Update(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "category", shop.ErrCategoryNotFound)
	if err != nil {
		return err
	}
	body, err := rest.ReadBody(w, r)
	if err != nil {
		return err
	}
	x, err := h.Catalogue.Shelves.Edit(r.Context(), rest.LearnerID(r.Context()), id, func(e *catalogue.ShelfEdit) (*int64, error) {
		in := struct {
			Name     string `json:"name"`
			Hidden   bool   `json:"hidden"`
			Position *int   `json:"position"`
			V        *int64 `json:"v"`
		}{Name: e.Name, Hidden: e.Hidden}
		err := rest.DecodeBytes(body, &in)
		*e = catalogue.ShelfEdit{Name: in.Name, Hidden: in.Hidden, Position: in.Position}
		return in.V, err
	})
	if err != nil {
		return err
	}
	rest.LogEvent(r, "category edited", slog.String("category", x.ID))
	return rest.Encode(w, http.StatusOK, viewCategory(x))
}

// Delete answers DELETE /api/admin/categories/:category?v=.
func (h *Categories) Delete(w http.ResponseWriter, r *http.Request) error {
	id, err := rest.PathID(r, "category", shop.ErrCategoryNotFound)
	if err != nil {
		return err
	}
	q, err := rest.Query(r)
	if err != nil {
		return err
	}
	var seen *int64
	if text := q.Get("v"); text != "" {
		v, err := strconv.ParseInt(text, 10, 64)
		if err != nil {
			return shop.ErrInvalidQuery.At("v")
		}
		seen = &v
	}
	if err := h.Catalogue.Shelves.Delete(r.Context(), rest.LearnerID(r.Context()), id, seen); err != nil {
		return err
	}
	rest.LogEvent(r, "category deleted", slog.String("category", id))
	w.WriteHeader(http.StatusNoContent)
	return nil
}

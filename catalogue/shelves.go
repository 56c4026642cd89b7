package catalogue

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"

	"mstm/shop"
	"mstm/store"
)

// Shelves are the categories in the editors' hands. Each change is one conditional write of the category's document; open
// pages read the categories again.
type Shelves struct{ cfg Config }

// Shelf is a category with how many courses stand on it, in any state and on sale.
type Shelf struct {
	shop.Category
	Courses int
	OnSale  int
}

// ShelfEdit is what an editor says of a category. Position is its place among all, from 0; nil: where it is.
type ShelfEdit struct {
	Name     string
	Hidden   bool
	Position *int
}

const (
	maxCategoryName = 20
	orderGap        = 1024 // between two neighbours, so that a moved category is one write
)

// List are all shelves in their order.
func (s *Shelves) List(ctx context.Context) ([]Shelf, error) {
	all, err := s.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, err
	}
	list := []Shelf{}
	for _, c := range all.Categories() {
		list = append(list, s.shelf(all, c))
	}
	return list, nil
}

func (s *Shelves) shelf(all *store.Catalogue, c shop.Category) Shelf {
	x := Shelf{Category: c, OnSale: all.OnSale(c.ID)}
	for _, course := range all.Courses() {
		if course.CategoryID == c.ID {
			x.Courses++
		}
	}
	return x
}

// Create adds a category behind the others.
func (s *Shelves) Create(ctx context.Context, by string, e ShelfEdit) (*Shelf, error) {
	c := shop.Category{ID: store.NewID(), Hidden: e.Hidden}
	var err error
	if c.Name, err = shop.CleanLine("name", e.Name, 1, maxCategoryName); err != nil {
		return nil, err
	}
	others, err := s.cfg.Store.Categories.All(ctx)
	if err != nil {
		return nil, err
	}
	if n := len(others); n > 0 {
		c.Order = others[n-1].Order + orderGap
	}
	if _, err := s.cfg.Store.Categories.Insert(ctx, c); err != nil {
		return nil, err
	}
	return s.done(ctx, by, "category_created", nil, &c)
}

// Edit changes a category. edit gets it as it is, without a position, and returns the version that the editor has read,
// nil for any: where it is not the category's, Edit is shop.ErrEditConflict. edit may run more than once.
func (s *Shelves) Edit(ctx context.Context, by, id string, edit func(*ShelfEdit) (seen *int64, err error)) (*Shelf, error) {
	var before shop.Category
	c, err := s.cfg.Store.Categories.Change(ctx, id, func(c *shop.Category) error {
		before = *c
		e := ShelfEdit{Name: c.Name, Hidden: c.Hidden}
		seen, err := edit(&e)
		if err == nil {
			err = s.mayEdit(ctx, c, seen)
		}
		if err != nil {
			return err
		}
		if c.Name, err = shop.CleanLine("name", e.Name, 1, maxCategoryName); err != nil {
			return err
		}
		c.Hidden = e.Hidden
		if e.Position != nil {
			if c.Order, err = s.orderAt(ctx, id, *e.Position); err != nil {
				return err
			}
		}
		if before.Name == c.Name && before.Hidden == c.Hidden && before.Order == c.Order {
			return store.Unchanged()
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	if c.V == before.V {
		return s.now(ctx, c)
	}
	return s.done(ctx, by, "category_edited", &before, c)
}

// mayEdit opens a closed category on which a course stands after all.
func (s *Shelves) mayEdit(ctx context.Context, c *shop.Category, seen *int64) error {
	if c.Closed {
		n, err := s.cfg.Store.Courses.CountIn(ctx, c.ID)
		if err != nil {
			return err
		}
		if n == 0 {
			return shop.ErrCategoryNotFound
		}
		c.Closed = false
	}
	if seen != nil && *seen != c.V {
		return shop.ErrEditConflict
	}
	return nil
}

// orderAt is a number between the neighbours that a category has at a position. Where there is none left, the neighbours
// are numbered again first.
func (s *Shelves) orderAt(ctx context.Context, id string, position int) (int, error) {
	others, err := s.cfg.Store.Categories.All(ctx)
	if err != nil {
		return 0, err
	}
	others = slices.DeleteFunc(others, func(c shop.Category) bool { return c.ID == id || c.Closed })
	if position < 0 || position > len(others) {
		return 0, shop.ErrInvalidField.At("position")
	}
	for tries := 0; ; tries++ {
		order, ok := between(others, position)
		if ok || tries > 0 {
			return order, nil
		}
		for i := range others {
			others[i].Order = (i + 1) * orderGap
			order := others[i].Order
			_, err := s.cfg.Store.Categories.Change(ctx, others[i].ID, func(c *shop.Category) error { c.Order = order; return nil })
			if err != nil {
				return 0, err
			}
		}
	}
}

// between is a number for a place among categories; ok is false where its neighbours leave none.
func between(others []shop.Category, position int) (order int, ok bool) {
	switch {
	case len(others) == 0:
		return 0, true
	case position == 0:
		return others[0].Order - orderGap, true
	case position == len(others):
		return others[position-1].Order + orderGap, true
	}
	low, high := others[position-1].Order, others[position].Order
	return low + (high-low)/2, high-low > 1
}

// Delete deletes a category; shop.ErrCategoryInUse where courses of any state stand in it. The category is closed before
// the courses are counted, so that a course that is put there at that moment either is counted or brings the category back:
// no course is left without one.
func (s *Shelves) Delete(ctx context.Context, by, id string, seen *int64) error {
	c, err := s.cfg.Store.Categories.Change(ctx, id, func(c *shop.Category) error {
		if err := s.mayEdit(ctx, c, seen); err != nil {
			return err
		}
		c.Closed = true
		return nil
	})
	if err != nil {
		return err
	}
	n, err := s.cfg.Store.Courses.CountIn(ctx, id)
	if err == nil && n == 0 {
		_, err = s.done(ctx, by, "category_deleted", c, nil)
		return err
	}
	_, opened := s.cfg.Store.Categories.Change(context.WithoutCancel(ctx), id, func(c *shop.Category) error { c.Closed = false; return nil })
	if err = errors.Join(err, opened); err != nil {
		return err
	}
	return shop.ErrCategoryInUse
}

// done writes a change into the audit, once however often it is written, and has open pages read the categories.
func (s *Shelves) done(ctx context.Context, by, act string, before, after *shop.Category) (*Shelf, error) {
	c := after
	if c == nil {
		c = before
	}
	row := store.AuditRow{
		ID: fmt.Sprintf("category:%s:%d", c.ID, c.V), Object: "category:" + c.ID, Act: act, By: by, At: s.cfg.Now().UTC(),
		Before: auditOf(before), After: auditOf(after),
	}
	if err := s.cfg.Store.Audit.Add(ctx, row); err != nil {
		return nil, err
	}
	s.cfg.publish(ctx, shop.CatalogueChanged())
	return s.now(ctx, c)
}

func (s *Shelves) now(ctx context.Context, c *shop.Category) (*Shelf, error) {
	all, err := s.cfg.Store.Catalogue.Get(ctx)
	if err != nil {
		return nil, err
	}
	x := s.shelf(all, *c)
	return &x, nil
}

func auditOf(c *shop.Category) map[string]string {
	if c == nil {
		return nil
	}
	return map[string]string{"name": c.Name, "hidden": strconv.FormatBool(c.Hidden), "order": strconv.Itoa(c.Order)}
}

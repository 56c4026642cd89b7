package store

import (
	"context"

	"go.mongodb.org/mongo-driver/v2/bson"
	"go.mongodb.org/mongo-driver/v2/mongo/options"

	"mstm/shop"
)

// Categories are the shelves of the catalogue.
type Categories struct {
	*base
	docs Collection[shop.Category]
}

func newCategories(b *base) *Categories {
	return &Categories{base: b, docs: newCollection[shop.Category](b, "categories")}
}

// Insert adds a shelf and reports whether its id was free.
func (s *Categories) Insert(ctx context.Context, c shop.Category) (bool, error) {
	fresh, err := s.docs.Insert(ctx, &c)
	if err != nil {
		return false, err
	}
	s.changed(ctx, changeCourses, "")
	return fresh, nil
}

// Replace replaces a shelf; shop.ErrCategoryNotFound where there is none.
func (s *Categories) Replace(ctx context.Context, c shop.Category) error {
	ok, err := s.docs.Replace(ctx, bson.M{"_id": c.ID}, &c)
	if err != nil {
		return err
	}
	if !ok {
		return shop.ErrCategoryNotFound
	}
	s.changed(ctx, changeCourses, "")
	return nil
}

// Delete removes a shelf; shop.ErrCategoryNotFound where there is none. That no
// course stands on it is for the caller to see to.
func (s *Categories) Delete(ctx context.Context, id string) error {
	done, err := s.docs.DeleteByID(ctx, id)
	if err != nil {
		return err
	}
	if !done {
		return shop.ErrCategoryNotFound
	}
	s.changed(ctx, changeCourses, "")
	return nil
}

// All lists the shelves in their order, fresh from the database.
func (s *Categories) All(ctx context.Context) ([]shop.Category, error) {
	return s.docs.All(ctx, bson.M{},
		options.Find().SetSort(bson.D{{Key: "order", Value: 1}, {Key: "_id", Value: 1}}))
}

package catalogue

import (
	"context"

	"mstm/search"
	"mstm/store"
)

// Finder finds courses by words. Its index follows the catalogue in memory: of a changed course it reads that one.
type Finder struct {
	cfg   Config
	index search.Index
}

// Warm builds the index before the first search needs it: ten thousand courses take some seconds. Where the catalogue cannot
// be read, the first search builds it.
func (f *Finder) Warm(ctx context.Context) error {
	if all, err := f.cfg.Store.Catalogue.Get(ctx); err == nil {
		f.at(all)
	}
	return nil
}

func (f *Finder) at(all *store.Catalogue) *search.Index {
	f.index.Sync(all.Number(), all.Courses(), all.ShownCategories())
	return &f.index
}

// Search is search.Index.Search on the catalogue; shop.ErrCategoryNotFound for a category that there is not.
func (f *Finder) Search(all *store.Catalogue, q search.Query) (*search.Result, error) {
	if err := all.CheckCategory(q.Category); err != nil {
		return nil, err
	}
	return f.at(all).Search(q)
}

// Suggest is search.Index.Suggest on the catalogue.
func (f *Finder) Suggest(all *store.Catalogue, text string) ([]search.Suggestion, error) {
	return f.at(all).Suggest(text)
}

// Matching are the ids of the courses on sale that have all words of a text; nil where it is empty: all.
func (f *Finder) Matching(all *store.Catalogue, text string) (map[string]bool, error) {
	return f.at(all).Matching(text)
}

package handlers

import (
	"net/http"

	"mstm/catalogue"
	"mstm/handlers/rest"
	"mstm/search"
	"mstm/store"
)

// finder finds courses for visitors. The same query has the same bytes until the catalogue changes.
type finder struct {
	cache     *store.CatalogueCache
	catalogue *catalogue.Catalogue
	answers   rest.ResponseCache[store.Catalogue]
}

// searchResult is a page of found courses and what stands beside it.
type searchResult struct {
	Items      []foundCourse `json:"items"`
	NextCursor string        `json:"next_cursor,omitempty"`
	Total      int           `json:"total"`
	Corrected  string        `json:"corrected,omitempty"`
	Facets     facetCounts   `json:"facets"`
}

type foundCourse struct {
	catalogue.Card
	Marks *marksView `json:"marks,omitempty"`
}

type marksView struct {
	Title    []search.Range `json:"title,omitempty"`
	Subtitle []search.Range `json:"subtitle,omitempty"`
	Teacher  []search.Range `json:"teacher,omitempty"`
	Category []search.Range `json:"category,omitempty"`
	Lessons  []lessonMarks  `json:"lessons,omitempty"`
}

type lessonMarks struct {
	ID     string         `json:"id"`
	Title  string         `json:"title"`
	Ranges []search.Range `json:"ranges"`
}

type facetCounts struct {
	Category  map[string]int `json:"category"`
	Price     map[string]int `json:"price"`
	FreeMonth int            `json:"free_month"`
	Length    map[string]int `json:"length"`
	Level     map[string]int `json:"level"`
}

type suggestionView struct {
	Kind   string         `json:"kind"`
	ID     string         `json:"id,omitempty"`
	Text   string         `json:"text"`
	Ranges []search.Range `json:"ranges,omitempty"`
}

func viewMarks(m search.Marks) *marksView {
	v := &marksView{Title: m.Title, Subtitle: m.Subtitle, Teacher: m.Teacher, Category: m.Category}
	for _, l := range m.Lessons {
		v.Lessons = append(v.Lessons, lessonMarks(l))
	}
	if v.Title == nil && v.Subtitle == nil && v.Teacher == nil && v.Category == nil && v.Lessons == nil {
		return nil
	}
	return v
}

// search answers GET /api/search?q=&category=&price=&free_month=&length=&level=&sort=&dir=&limit=&cursor=.
func (h *finder) search(w http.ResponseWriter, r *http.Request) error {
	return h.answer(w, r, "search?"+r.URL.RawQuery, func(all *store.Catalogue) (any, error) {
		q, rows, err := rest.ListQuery(r)
		if err != nil {
			return nil, err
		}
		freeMonth, err := rest.Flag(q, "free_month")
		if err != nil {
			return nil, err
		}
		res, err := h.catalogue.Finder.Search(all, search.Query{
			Text: q.Get("q"), Sort: search.Sort(q.Get("sort")), Direction: q.Get("dir"), Limit: rows, Cursor: q.Get("cursor"),
			Filter: search.Filter{Category: q.Get("category"), Price: q.Get("price"), FreeMonth: freeMonth, Length: q.Get("length"), Level: q.Get("level")},
		})
		if err != nil {
			return nil, err
		}
		view := searchResult{Items: []foundCourse{}, NextCursor: res.Next, Total: res.Total, Corrected: res.Corrected, Facets: facetCounts(res.Counts)}
		for _, hit := range res.Hits {
			view.Items = append(view.Items, foundCourse{catalogue.CardOf(hit.Course), viewMarks(hit.Marks)})
		}
		return view, nil
	})
}

// suggest answers GET /api/search/suggest?q=.
func (h *finder) suggest(w http.ResponseWriter, r *http.Request) error {
	return h.answer(w, r, "suggest?"+r.URL.RawQuery, func(all *store.Catalogue) (any, error) {
		q, err := rest.Query(r)
		if err != nil {
			return nil, err
		}
		found, err := h.catalogue.Finder.Suggest(all, q.Get("q"))
		if err != nil {
			return nil, err
		}
		list := rest.Page[suggestionView]{Items: []suggestionView{}}
		for _, s := range found {
			list.Items = append(list.Items, suggestionView(s))
		}
		return list, nil
	})
}

func (h *finder) answer(w http.ResponseWriter, r *http.Request, key string, build func(*store.Catalogue) (any, error)) error {
	all, err := h.cache.Get(r.Context())
	if err != nil {
		return err
	}
	return h.answers.Answer(w, r, all, key, build)
}

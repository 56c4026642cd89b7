package search

import (
	"cmp"
	"encoding/base64"
	"encoding/json"
	"math"
	"slices"
	"strings"
	"unicode/utf8"

	"mstm/shop"
)

// Sort is the order of a listing.
type Sort string

// Listings begin with the best hit, the most bought, the newest, or by price: the default policy's,
// or, where that is nothing, the whole course's.
const (
	SortRelevance Sort = "relevance"
	SortPopular   Sort = "popular"
	SortNew       Sort = "new"
	SortPrice     Sort = "price"
)

// Sorts are all of them.
var Sorts = []Sort{SortRelevance, SortPopular, SortNew, SortPrice}

// Directions of a sort, each of which has one that it is in where none is said: prices rise, all else falls.
const (
	Ascending  = "asc"
	Descending = "desc"
)

// maxText is how many characters a query may have.
const maxText = 64

// Query is what is looked for. The zero value is the first page of all courses on sale, most bought first.
type Query struct {
	Text      string
	Sort      Sort   // "": relevance where there are words, else popular
	Direction string // "": that of the sort
	Filter
	Limit  int // rows; 0 is 20
	Cursor string
}

// Result is a page of courses and what stands beside it.
type Result struct {
	Hits      []Hit
	Next      string // cursor of the next page, "" on the last
	Total     int    // courses on all pages
	Counts    Counts
	Corrected string // the query as it was understood, where a word was misspelt
}

// Hit is a course that was found, and where.
type Hit struct {
	Course *shop.Course
	Marks  Marks
}

// row is a document in the order of a listing: higher keys first, then the lower id.
type row struct {
	Key int64  `json:"k"`
	ID  string `json:"i"`
	n   uint32
}

func (r row) compare(o row) int { return cmp.Or(cmp.Compare(o.Key, r.Key), cmp.Compare(r.ID, o.ID)) }

// cursor is a place in a listing, and the order that the place belongs to.
type cursor struct {
	Sort      Sort   `json:"s"`
	Direction string `json:"d"`
	row
}

// check puts in what is not said, and refuses what cannot be: shop.ErrInvalidQuery at the parameter.
func (q *Query) check() error {
	var err error
	if q.Text, err = checkText(q.Text); err != nil {
		return err
	}
	wrong := ""
	switch {
	case q.Sort != "" && !slices.Contains(Sorts, q.Sort):
		wrong = "sort"
	case q.Direction != "" && q.Direction != Ascending && q.Direction != Descending:
		wrong = "dir"
	case q.Price != "" && !slices.Contains(Prices, q.Price):
		wrong = "price"
	case q.Length != "" && !slices.Contains(Lengths, q.Length):
		wrong = "length"
	case q.Level != "" && !slices.Contains(Levels, shop.Level(q.Level)):
		wrong = "level"
	}
	if wrong != "" {
		return shop.ErrInvalidQuery.At(wrong)
	}
	if q.Sort == "" || q.Sort == SortRelevance && q.Text == "" {
		q.Sort = SortPopular
		if q.Text != "" {
			q.Sort = SortRelevance
		}
	}
	if q.Direction == "" {
		q.Direction = Descending
		if q.Sort == SortPrice {
			q.Direction = Ascending
		}
	}
	if q.Limit <= 0 {
		q.Limit = 20
	}
	return nil
}

// checkText is the text without blanks around it; shop.ErrInvalidQuery where it cannot be one.
func checkText(text string) (string, error) {
	text = strings.TrimSpace(text)
	if !utf8.ValidString(text) || utf8.RuneCountInString(text) > maxText {
		return "", shop.ErrInvalidQuery.At("q")
	}
	return text, nil
}

// Search finds the courses on sale that have all words of the query. Its error is shop.ErrInvalidQuery or
// shop.ErrInvalidCursor.
func (x *Index) Search(q Query) (*Result, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	words := wordsOf(q.Text)
	scores := x.match(words, q.Text != "", fieldCount)
	res := &Result{Counts: newCounts(), Hits: []Hit{}, Corrected: corrected(words)}
	page, err := q.page()
	if err != nil {
		return nil, err
	}
	for n, score := range scores {
		if score == 0 {
			continue
		}
		d := x.docs[n]
		misses := q.misses(d)
		res.Counts.add(d, misses)
		if misses == 0 {
			res.Total++
			page.add(row{q.key(d, score), d.course.ID, uint32(n)})
		}
	}
	rows := page.rows
	if len(rows) > q.Limit {
		rows = rows[:q.Limit]
		text, _ := json.Marshal(cursor{q.Sort, q.Direction, rows[q.Limit-1]}) // strings and a number: cannot fail
		res.Next = base64.RawURLEncoding.EncodeToString(text)
	}
	for _, r := range rows {
		d := x.docs[r.n]
		res.Hits = append(res.Hits, Hit{d.course, d.marks(words)})
	}
	return res, nil
}

// Matching are the ids of the courses that have all words of a text; nil where it is empty: all of them.
func (x *Index) Matching(text string) (map[string]bool, error) {
	text, err := checkText(text)
	if err != nil || text == "" {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	ids := map[string]bool{}
	for n, score := range x.match(wordsOf(text), true, fieldCount) {
		if score > 0 {
			ids[x.docs[n].course.ID] = true
		}
	}
	return ids, nil
}

// match scores the documents on sale, 0 for those that a word is missing in. Text without a word finds nothing.
func (x *Index) match(words []*word, isText bool, most field) []float64 {
	scores := make([]float64, len(x.docs))
	if isText && len(words) == 0 {
		return scores
	}
	for it := x.live.Iterator(); it.HasNext(); {
		scores[it.Next()] = 1
	}
	needed := needed(words)
	for i, w := range words {
		o := x.find(w, most)
		for n := range scores {
			switch {
			case o.scores[n] > 0 && scores[n] > 0:
				scores[n] += o.scores[n]
			case needed[i]:
				scores[n] = 0
			}
		}
	}
	for n, score := range scores {
		if score > 0 && len(words) > 0 {
			scores[n] += x.docs[n].bonus(words)
		}
	}
	return scores
}

// needed says which words must be found: all but filler, unless there is nothing else.
func needed(words []*word) []bool {
	all := make([]bool, len(words))
	isNeeded := func(w *word) bool { return !slices.Contains(filler, w.text) }
	none := !slices.ContainsFunc(words, isNeeded)
	for i, w := range words {
		all[i] = none || isNeeded(w)
	}
	return all
}

// bonus orders what the words find equally well: the title that begins with a word or is little more than the words, then
// the course with more learners.
func (d *document) bonus(words []*word) (score float64) {
	title := d.texts[inTitle]
	letters := 0
	for _, w := range words {
		if strings.HasPrefix(title, w.text) {
			score += 6
		}
		if strings.Contains(title, w.text) {
			letters += len(w.text)
		}
	}
	score += 10 * float64(letters) / float64(max(1, len(title)))
	return score + math.Log2(float64(d.course.Learners+1))/4
}

// corrected is the query as it was understood; "" where each word was found as it is.
func corrected(words []*word) string {
	var all []string
	changed := false
	for _, w := range words {
		if len(w.meant) > 0 {
			all, changed = append(all, w.meant[0]), true
			continue
		}
		all = append(all, w.text)
	}
	if !changed {
		return ""
	}
	return strings.Join(all, " ")
}

// key is what a document is sorted by, higher first.
func (q *Query) key(d *document, score float64) (key int64) {
	switch q.Sort {
	case SortPopular:
		key = d.course.Learners
	case SortNew:
		key = d.course.CreatedAt.UnixMilli()
	case SortPrice:
		key = int64(d.facets.cost)
	default:
		key = int64(score * 1000)
	}
	if q.Direction == Ascending {
		return -key
	}
	return key
}

// page are the first rows of a listing behind a place.
type page struct {
	after *row
	most  int
	rows  []row
}

// page is an empty page of the query: one row more than is shown says that another page follows.
func (q *Query) page() (*page, error) {
	p := &page{most: q.Limit + 1}
	if q.Cursor == "" {
		return p, nil
	}
	var at cursor
	text, err := base64.RawURLEncoding.DecodeString(q.Cursor)
	if err != nil || len(text) > 256 || json.Unmarshal(text, &at) != nil || at.Sort != q.Sort || at.Direction != q.Direction {
		return nil, shop.ErrInvalidCursor
	}
	p.after = &at.row
	return p, nil
}

// add puts a row in its place where it is one of the first.
func (p *page) add(r row) {
	if p.after != nil && r.compare(*p.after) <= 0 {
		return
	}
	if len(p.rows) == p.most && r.compare(p.rows[p.most-1]) > 0 {
		return
	}
	i, _ := slices.BinarySearchFunc(p.rows, r, row.compare)
	p.rows = slices.Insert(p.rows, i, r)
	if len(p.rows) > p.most {
		p.rows = p.rows[:p.most]
	}
}

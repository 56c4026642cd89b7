package search

import (
	"slices"
	"strings"
)

// Kinds of suggestions.
const (
	SuggestCourse   = "course"
	SuggestTeacher  = "teacher"
	SuggestCategory = "category"
)

// Suggestion is something that a person may mean while typing. ID is a course's or a category's.
type Suggestion struct {
	Kind   string
	ID     string
	Text   string
	Ranges []Range
}

const (
	mostCourses = 6
	mostNames   = 2  // of teachers and of categories
	mostLooked  = 50 // rows whose teachers and categories are looked at
)

// Suggest are a few categories, teachers and courses whose names have all words of a text; of an empty text the courses
// that most people learn. Its error is shop.ErrInvalidQuery.
func (x *Index) Suggest(text string) ([]Suggestion, error) {
	text, err := checkText(text)
	if err != nil {
		return nil, err
	}
	x.mu.RLock()
	defer x.mu.RUnlock()
	words := wordsOf(text)
	scores := x.match(words, text != "", inSubtitle)
	first := page{most: mostLooked}
	for n, score := range scores {
		if score > 0 {
			d := x.docs[n]
			key := int64(score * 1000)
			if text == "" {
				key = d.course.Learners
			}
			first.add(row{key, d.course.ID, uint32(n)})
		}
	}
	rows := first.rows
	all := []Suggestion{}
	if text != "" {
		all = append(all, x.names(rows, words)...)
	}
	for i, r := range rows {
		if i == mostCourses {
			break
		}
		c := x.docs[r.n].course
		all = append(all, Suggestion{SuggestCourse, c.ID, c.Title, marksIn(c.Title, inTitle, words)})
	}
	return all, nil
}

// names are the categories and teachers of the rows whose own name has a word.
func (x *Index) names(rows []row, words []*word) (all []Suggestion) {
	seen := map[string]bool{}
	count := map[string]int{}
	add := func(kind, id, name string, in field) {
		if seen[kind+name] || count[kind] == mostNames {
			return
		}
		seen[kind+name] = true
		if ranges := marksIn(name, in, words); ranges != nil {
			count[kind]++
			all = append(all, Suggestion{kind, id, name, ranges})
		}
	}
	for _, r := range rows {
		d := x.docs[r.n]
		add(SuggestCategory, d.course.CategoryID, d.category, inCategory)
		add(SuggestTeacher, "", d.course.Teacher.Name, inTeacher)
	}
	slices.SortStableFunc(all, func(a, b Suggestion) int { return strings.Compare(a.Kind, b.Kind) })
	return all
}

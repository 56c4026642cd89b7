package search

import (
	"cmp"
	"slices"
	"strings"
)

// Range is a stretch of a text that was found, in characters (code points): from the first to before the last.
type Range [2]int

// Marks are where the words of a query stand in a course. Texts without one have none.
type Marks struct {
	Title    []Range
	Subtitle []Range
	Teacher  []Range
	Category []Range
	Lessons  []LessonMarks // a few
}

// LessonMarks are a lesson whose title was found.
type LessonMarks struct {
	ID     string
	Title  string
	Ranges []Range
}

const mostLessonMarks = 3

func (d *document) marks(words []*word) (m Marks) {
	if len(words) == 0 {
		return m
	}
	look := make([]*word, 0, len(words))
	for _, w := range words {
		look = append(look, d.standsAs(w)...)
	}
	m.Title = marksIn(d.course.Title, inTitle, look)
	m.Subtitle = marksIn(d.course.Subtitle, inSubtitle, look)
	m.Teacher = marksIn(d.course.Teacher.Name, inTeacher, look)
	m.Category = marksIn(d.category, inCategory, look)
	for _, ch := range d.course.Chapters {
		for _, l := range ch.Lessons {
			if len(m.Lessons) == mostLessonMarks {
				return m
			}
			if ranges := marksIn(l.Title, inLesson, look); ranges != nil {
				m.Lessons = append(m.Lessons, LessonMarks{l.ID, l.Title, ranges})
			}
		}
	}
	return m
}

// standsAs is a word as the document has it: characters that stand apart are the pieces.
func (d *document) standsAs(w *word) []*word {
	if !w.han || len(w.runes) < 3 || d.worth(w.text, fieldCount) > 0 {
		return []*word{w}
	}
	pieces, _ := d.cut(w.runes, fieldCount)
	var all []*word
	for _, p := range pieces {
		all = append(all, &word{text: p, runes: []rune(p), han: true})
	}
	return all
}

// marksIn are the stretches of a text that words are found at, in order, none in another.
func marksIn(text string, in field, words []*word) []Range {
	f := formOf(text)
	var all []Range
	mark := func(from, to int) { all = append(all, Range{f.at[from], f.at[to-1] + 1}) }
	for _, w := range words {
		if w.han {
			f.markHan(w, mark)
			continue
		}
		f.markLetters(w, in, mark)
	}
	slices.SortFunc(all, func(a, b Range) int { return cmp.Or(cmp.Compare(a[0], b[0]), cmp.Compare(b[1], a[1])) })
	var merged []Range
	for _, r := range all {
		if n := len(merged); n > 0 && r[0] <= merged[n-1][1] {
			merged[n-1][1] = max(merged[n-1][1], r[1])
			continue
		}
		merged = append(merged, r)
	}
	return merged
}

func (f form) markHan(w *word, mark func(from, to int)) {
	for i := 0; i+len(w.runes) <= len(f.runes); i++ {
		if slices.Equal(f.runes[i:i+len(w.runes)], w.runes) {
			mark(i, i+len(w.runes))
		}
	}
}

func (f form) markLetters(w *word, in field, mark func(from, to int)) {
	spelled := false
	for _, p := range f.parts() {
		if p.han {
			continue
		}
		switch text := f.word(p); {
		case strings.HasPrefix(text, w.text):
			mark(p.from, p.from+len(w.runes))
			spelled = true
		case slices.Contains(w.meant, text) || slices.Contains(w.meant, strings.TrimRight(text, "+#")):
			mark(p.from, p.to)
			spelled = true
		}
	}
	if spelled {
		return
	}
	for i, r := range f.runes {
		if r < firstHan {
			continue
		}
		for _, sp := range w.spellings {
			if w.readsAs(sp, in) && soundsAt(f.runes, i, sp) {
				mark(i, i+len(sp.units))
				break
			}
		}
	}
}
